//! The processes of a host, seen from the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

/// A process of a host; process ids are the machine's own.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its parent's id.
    pub parent: i32,
    /// The kernel's short name for it.
    pub name: String,
    /// Its command line; empty for a zombie.
    pub arguments: Vec<String>,
    /// Its program, as seen in its own file system.
    pub program: Option<PathBuf>,
    /// It has ended and nobody has waited for it.
    pub zombie: bool,
}

impl Process {
    /// Reads what the kernel tells of a process; `None` when it is gone.
    pub fn read(pid: i32) -> Option<Process> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        // The name stands in parentheses and may itself hold some.
        let (head, tail) = stat.rsplit_once(") ")?;
        let name = head.split_once('(')?.1.to_owned();
        let mut fields = tail.split(' ');
        let zombie = matches!(fields.next()?, "Z" | "X");
        let parent = fields.next()?.parse().ok()?;
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments = line
            .split(|b| *b == 0)
            .filter(|a| !a.is_empty())
            .map(|a| String::from_utf8_lossy(a).into_owned())
            .collect();
        let program = fs::read_link(format!("/proc/{pid}/exe")).ok();
        Some(Process {
            pid,
            parent,
            name,
            arguments,
            program,
            zombie,
        })
    }

    /// Tells whether its program is that of this name.
    pub fn runs(&self, program: &str) -> bool {
        self.program
            .as_deref()
            .and_then(Path::file_name)
            .is_some_and(|n| n == program)
    }

    /// How long it has had a processor, all its threads together; `None` when
    /// it is gone.
    pub fn time(&self) -> Option<Duration> {
        let stat = fs::read(format!("/proc/{}/stat", self.pid)).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        let fields = stat.rsplit_once(") ")?.1;
        // Fields 14 and 15 of proc(5), in hundredths of a second.
        let ticks = fields.split(' ').skip(11).take(2);
        let ticks: Option<Vec<u64>> = ticks.map(|it| it.parse().ok()).collect();
        Some(Duration::from_millis(ticks?.iter().sum::<u64>() * 10))
    }

    /// Sends it a signal; that it is gone already is no error.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        send(self.pid, signal)
    }
}

/// Sends a process a signal; that it is gone already is no error.
pub fn send(pid: i32, signal: Signal) -> Result<()> {
    if pid <= 1 {
        bail!("refuses to signal process {pid}");
    }
    match signal::kill(Pid::from_raw(pid), signal) {
        Ok(()) | Err(nix::Error::ESRCH) => Ok(()),
        Err(e) => Err(e).with_context(|| format!("cannot signal process {pid}")),
    }
}

/// Lists the processes of the process namespace of this one, and of those
/// within it: a builder has one of its own.
pub fn of_namespace(init: i32) -> Result<Vec<Process>> {
    let wanted = fs::read_link(format!("/proc/{init}/ns/pid"))
        .with_context(|| format!("process {init} is gone"))?;
    let mut found = Vec::new();
    let mut others = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(entry) = entry else { continue };
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|n| n.parse::<i32>().ok())
        else {
            continue;
        };
        // A zombie has no namespaces left to read; nobody counts it.
        match fs::read_link(format!("/proc/{pid}/ns/pid")) {
            Ok(ns) if ns == wanted => found.extend(Process::read(pid)),
            Ok(_) => others.extend(Process::read(pid)),
            Err(_) => {}
        }
    }
    loop {
        let is_within = |p: &Process| found.iter().any(|f: &Process| f.pid == p.parent);
        let (within, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(is_within);
        others = rest;
        if within.is_empty() {
            return Ok(found);
        }
        found.extend(within);
    }
}

/// Lists a process's children.
pub fn children(pid: i32) -> Vec<i32> {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|p| p.parse().ok())
        .collect()
}
