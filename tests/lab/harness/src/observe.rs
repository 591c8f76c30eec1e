//! What can be seen of builds from outside.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use crate::guix::Hook;
use crate::host::Host;
use crate::processes::{self, Process};
use crate::sys::wait_until;

/// Where the harness has the hook write its events.
pub const TRACE: &str = "/var/guix/offload-trace";

/// Where the hook keeps what it knows of machines.
pub const EVIDENCE: &str = "/var/guix/offload/hook/evidence";

/// The moment, as the hook writes it down.
pub fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

impl Host {
    /// The daemon's log of a build; `None` when it never built it.
    pub fn build_log(&self, derivation: &str) -> Result<Option<String>> {
        let name = derivation.rsplit('/').next().unwrap_or(derivation);
        let (head, rest) = name
            .split_at_checked(2)
            .context("no name of a derivation")?;
        for (suffix, program) in [("gz", "zcat"), ("bz2", "bzcat")] {
            let file = format!("/var/log/guix/drvs/{head}/{rest}.{suffix}");
            if self.path(&file).exists() {
                return Ok(Some(self.exec(&["busybox", program, &file]).ok()?));
            }
        }
        Ok(None)
    }

    /// The hook's own events so far, where it was told to write them.
    pub fn trace(&self) -> String {
        self.read_text(TRACE).unwrap_or_default()
    }

    /// Empties the file of events.
    pub fn clear_trace(&self) -> Result<()> {
        self.write(TRACE, "")?;
        self.shell(&format!("chown --reference=/var/guix {TRACE}"))
            .ok()?;
        Ok(())
    }

    /// What it keeps of a machine, called `NAME:PORT`; empty if nothing.
    pub fn evidence(&self, machine: &str) -> String {
        self.read_text(format!("{EVIDENCE}/{machine}"))
            .unwrap_or_default()
    }

    /// The value of one line of what it keeps of a machine.
    pub fn known(&self, machine: &str, line: &str) -> Option<String> {
        let text = self.evidence(machine);
        let mut lines = text.lines();
        let value = lines.find_map(|it| it.strip_prefix(line)?.strip_prefix(' '));
        value.map(str::to_owned)
    }

    /// Replaces what it keeps of a machine, as its daemon's user.
    pub fn keep_evidence(&self, machine: &str, text: &str) -> Result<()> {
        let file = format!("{EVIDENCE}/{machine}");
        self.write(&file, text)?;
        let line = format!(
            "chown --reference=/var/guix /var/guix/offload /var/guix/offload/hook {EVIDENCE} '{file}'
             chmod 700 /var/guix/offload/hook {EVIDENCE}; chmod 600 '{file}'"
        );
        self.shell(&line).ok()?;
        Ok(())
    }

    /// Ends a machine's rest as time would.
    pub fn end_rest(&self, machine: &str) -> Result<()> {
        let text = self.evidence(machine);
        let line = |line: &str| match line.strip_prefix("rest ") {
            Some(rest) => {
                let mut words: Vec<&str> = rest.splitn(3, ' ').collect();
                let past = milliseconds().saturating_sub(1000).to_string();
                if let Some(until) = words.get_mut(1) {
                    *until = &past;
                }
                format!("rest {}\n", words.join(" "))
            }
            None => format!("{line}\n"),
        };
        let changed: String = text.lines().map(line).collect();
        ensure!(changed != text, "{machine} does not rest: {text}");
        self.keep_evidence(machine, &changed)
    }

    /// Waits until the hook has told of an event.
    pub fn wait_for_event(&self, name: &str, limit: Duration) -> Result<Duration> {
        wait_until(&format!("the hook tells of {name:?}"), limit, || {
            Ok(self
                .trace()
                .lines()
                .any(|l| l.split(' ').nth(2) == Some(name)))
        })
    }

    /// Watches how much memory any one process of the hook has resident.
    pub fn watch_memory(&self, hook: &Hook) -> Peak {
        let (init, hook) = (self.init(), hook.clone());
        let (peak, ends) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let thread = std::thread::spawn({
            let (peak, ends) = (Arc::clone(&peak), Arc::clone(&ends));
            move || {
                while !ends.load(Ordering::Relaxed) {
                    for process in processes::of_namespace(init).unwrap_or_default() {
                        if is_of_hook(&process, &hook) {
                            peak.fetch_max(high_water(process.pid), Ordering::Relaxed);
                        }
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        });
        Peak {
            peak,
            ends,
            thread: Some(thread),
        }
    }
}

fn is_of_hook(process: &Process, hook: &Hook) -> bool {
    match hook {
        Hook::Stock => process.arguments.iter().any(|a| a == "offload"),
        Hook::Front(_) | Hook::Extension(_) => process.runs("offload"),
    }
}

/// The most memory that a process has had resident, in KiB.
fn high_water(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// A watch over memory; dropping it ends it.
pub struct Peak {
    peak: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Peak {
    /// The most that was seen, in KiB.
    pub fn kib(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if self.thread.take().is_some_and(|t| t.join().is_err()) {
            eprintln!("lab: the watch over memory panicked");
        }
    }
}
