//! What can be seen of builds from outside.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::guix::Hook;
use crate::host::Host;
use crate::processes::{self, Process};
use crate::sys::wait_until;

/// Where the harness has the hook write its events.
pub const TRACE: &str = "/var/guix/offload-trace";

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
