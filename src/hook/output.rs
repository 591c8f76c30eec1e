//! The build's log on its way to the daemon.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::process::{BuildLog, drain};
use super::watch::Watch;
use crate::daemon::Log;
use crate::events::Journal;

/// How much of the log's end is looked at for the remote daemon's own words.
const TAIL: usize = 8 * 1024;

/// Where the remote builder's output goes. Clones share everything.
#[derive(Clone)]
pub struct Output {
    log: Option<Arc<Mutex<BuildLog>>>,
    pipe: Option<Arc<File>>,
    abandoned: Arc<AtomicBool>,
    journal: Journal,
}

impl Output {
    /// Takes over the log; without one (run by hand) its text goes to
    /// descriptor 2 instead.
    pub fn new(log: Option<BuildLog>, journal: Journal) -> Self {
        let pipe = log.as_ref().and_then(|log| log.pipe().ok()).map(Arc::new);
        Self {
            log: log.map(|log| Arc::new(Mutex::new(log))),
            pipe,
            abandoned: Arc::new(AtomicBool::new(false)),
            journal,
        }
    }

    /// Tells the reason of a failure where every client sees it: descriptor 2
    /// is shown from verbosity 3 on only, the log file has descriptor 4 only
    /// (measured, 1.5.0).
    pub fn tell(&self, text: &str) {
        self.journal.say(text);
        let Some(log) = &self.log else { return };
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        for line in text.lines() {
            if let Err(error) = log.line(&crate::events::printable(line)) {
                log::debug!("the build log cannot be written: {error}");
                return;
            }
        }
    }

    /// Nobody will read the rest of the log: the daemon of 2014 sends SIGTERM
    /// and then waits for the hook's end without reading any more (measured).
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::SeqCst);
    }

    /// Waits until the daemon has read the log.
    pub fn drain(&self) {
        if self.abandoned.load(Ordering::SeqCst) {
            return;
        }
        if let Some(pipe) = &self.pipe {
            drain(pipe);
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if let Some(log) = &self.log {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            return log.write(bytes);
        }
        self.journal.say(&String::from_utf8_lossy(bytes));
        Ok(())
    }
}

/// The log of one try: passes on, and keeps the end.
pub struct BuilderLog<'a> {
    output: &'a Output,
    watch: &'a Watch,
    tail: VecDeque<u8>,
}

impl<'a> BuilderLog<'a> {
    /// Begins.
    pub fn new(output: &'a Output, watch: &'a Watch) -> Self {
        Self {
            output,
            watch,
            tail: VecDeque::new(),
        }
    }

    /// The end of what was said.
    pub fn tail(&self) -> String {
        let bytes: Vec<u8> = self.tail.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Log for BuilderLog<'_> {
    fn text(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.watch.heard();
        let kept = bytes
            .get(bytes.len().saturating_sub(TAIL)..)
            .unwrap_or(bytes);
        self.tail.extend(kept);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.output.write(bytes)
    }
}
