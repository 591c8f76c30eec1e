//! Programs run inside a host.

use std::ffi::OsStr;
use std::io::{PipeReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;

use crate::processes;

/// How long a program may take that nobody gave a limit.
const LIMIT: Duration = Duration::from_secs(120);

/// A program to run inside a host, in a clean environment, as root.
pub struct Exec {
    command: Command,
    what: String,
    input: Option<Vec<u8>>,
}

impl Exec {
    /// Prepares a program for the host whose first process this is.
    pub(crate) fn new(
        init: i32,
        variables: &[(String, String)],
        program: &[impl AsRef<OsStr>],
    ) -> Exec {
        let mut command = Command::new("nsenter");
        command
            .args([
                "-t",
                &init.to_string(),
                "--mount",
                "--uts",
                "--net",
                "--pid",
                "--",
            ])
            // Signals at their defaults whatever started us: a client that
            // ignores SIGINT cannot be interrupted.
            .args(["env", "-i", "--default-signal=INT,QUIT,HUP,TERM,PIPE"])
            .arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .args(["LANG=C.UTF-8", "TERM=dumb"])
            .args(variables.iter().map(|(k, v)| format!("{k}={v}")))
            .args(program);
        let words: Vec<_> = program
            .iter()
            .map(|p| p.as_ref().to_string_lossy())
            .collect();
        Exec {
            command,
            what: words.join(" "),
            input: None,
        }
    }

    /// Gives it something to read; else it reads nothing.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Exec {
        self.input = Some(bytes.into());
        self
    }

    /// Starts it; what it writes to both outputs is kept in order.
    pub fn spawn(mut self) -> Result<Running> {
        let (reader, writer) = std::io::pipe()?;
        self.command
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .stdin(if self.input.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            });
        let started = Instant::now();
        let mut child = self.command.spawn().context("cannot run nsenter(1)")?;
        // Our own copies of the writing end must go, else it has no end.
        drop(self.command);
        if let (Some(bytes), Some(mut stdin)) = (self.input, child.stdin.take()) {
            std::thread::spawn(move || stdin.write_all(&bytes));
        }
        let seen = Arc::new(Seen::default());
        let thread = std::thread::spawn({
            let seen = Arc::clone(&seen);
            move || seen.read_all(reader)
        });
        Ok(Running {
            what: self.what,
            child,
            seen,
            thread: Some(thread),
            started,
            ended: None,
        })
    }

    /// Runs it to its end.
    pub fn run(self) -> Result<Finished> {
        self.spawn()?.wait(LIMIT)
    }

    /// Runs it to its end, which must be a good one; gives its output.
    pub fn ok(self) -> Result<String> {
        let finished = self.run()?;
        if !finished.status.success() {
            bail!(
                "`{}' ended with {}: {}",
                finished.what,
                finished.status,
                finished.output
            );
        }
        Ok(finished.output)
    }

    /// Starts it for good, its output going to a file.
    pub(crate) fn background(mut self, log: std::fs::File) -> Result<Child> {
        self.command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot run nsenter(1)")
    }
}

/// What a program has written so far.
#[derive(Default)]
struct Seen {
    state: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Seen {
    fn read_all(&self, mut from: PipeReader) {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n = from.read(&mut buffer).unwrap_or(0);
            let mut state = self.lock();
            state
                .0
                .extend_from_slice(buffer.get(..n).unwrap_or_default());
            state.1 = n == 0;
            self.changed.notify_all();
            if n == 0 {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<u8>, bool)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A program that runs inside a host; dropping it kills it.
pub struct Running {
    what: String,
    child: Child,
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
    started: Instant,
    ended: Option<ExitStatus>,
}

impl Running {
    /// What it has written so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().0).into_owned()
    }

    /// Waits until it has written this text; tells how long it had run then.
    pub fn wait_for(&self, text: &str, limit: Duration) -> Result<Duration> {
        let deadline = Instant::now() + limit;
        let mut state = self.seen.lock();
        loop {
            if state
                .0
                .windows(text.len().max(1))
                .any(|w| w == text.as_bytes())
            {
                return Ok(self.started.elapsed());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.1 || left.is_zero() {
                bail!(
                    "`{}' has not written {text:?} within {limit:?}, but: {}",
                    self.what,
                    String::from_utf8_lossy(&state.0)
                );
            }
            state = self
                .seen
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Its process id on this machine.
    pub fn pid(&self) -> Result<i32> {
        let nsenter = i32::try_from(self.child.id())?;
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            if let Some(pid) = processes::children(nsenter).first() {
                return Ok(*pid);
            }
            if Instant::now() > deadline {
                bail!("`{}' has no process", self.what);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        processes::send(self.pid()?, signal)
    }

    /// Interrupts it as Control-C does.
    pub fn interrupt(&self) -> Result<()> {
        self.signal(Signal::SIGINT)
    }

    /// Tells whether it still runs.
    pub fn runs(&mut self) -> Result<bool> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended.is_none())
    }

    /// Waits for its end, which must come within the limit.
    pub fn wait(mut self, limit: Duration) -> Result<Finished> {
        let deadline = Instant::now() + limit;
        while self.runs()? {
            if Instant::now() > deadline {
                bail!(
                    "`{}' still runs after {limit:?}; it wrote: {}",
                    self.what,
                    self.output()
                );
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let elapsed = self.started.elapsed();
        let status = self.ended.context("no status")?;
        if let Some(thread) = self.thread.take() {
            // A child that kept its output open must not hold us up.
            let until = Instant::now() + Duration::from_secs(2);
            while !thread.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(Finished {
            what: self.what.clone(),
            status,
            output: self.output(),
            elapsed,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_some() {
            return;
        }
        let nsenter = i32::try_from(self.child.id()).unwrap_or(0);
        for pid in processes::children(nsenter) {
            if let Err(e) = processes::send(pid, Signal::SIGKILL) {
                eprintln!("lab: {e}");
            }
        }
        if let Err(e) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("lab: {e}");
        }
    }
}

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its command line.
    pub what: String,
    /// Its status.
    pub status: ExitStatus,
    /// What it wrote to both outputs.
    pub output: String,
    /// From its start to its end.
    pub elapsed: Duration,
}

impl Finished {
    /// Its exit status; `None` when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Insists on a good end.
    pub fn succeeded(self) -> Result<Finished> {
        if !self.status.success() {
            bail!(
                "`{}' ended with {}: {}",
                self.what,
                self.status,
                self.output
            );
        }
        Ok(self)
    }

    /// Insists on a bad end.
    pub fn failed(self) -> Result<Finished> {
        if self.status.success() {
            bail!("`{}' succeeded: {}", self.what, self.output);
        }
        Ok(self)
    }

    /// Insists that this text was written.
    pub fn says(self, text: &str) -> Result<Finished> {
        if !self.output.contains(text) {
            bail!(
                "`{}' did not write {text:?}, but: {}",
                self.what,
                self.output
            );
        }
        Ok(self)
    }
}
