//! Threads of this process that enter a host's namespaces.

use std::fs::File;
use std::thread;

use anyhow::{Context, Result, anyhow};
use nix::sched::{CloneFlags, setns, unshare};

use crate::host::Host;

impl Host {
    /// Runs something in a thread that is in the host's network.
    pub fn in_network<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let namespace = network(self.init())?;
        run(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET)
                .context("cannot enter the host's network")?;
            Ok(work())
        })
    }

    /// Runs something in a thread that sees the host's files as its own.
    pub fn in_files<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        in_files(self.init(), work)
    }
}

/// Runs something in a thread that sees a process's files.
pub(crate) fn in_files<T: Send + 'static>(
    pid: i32,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let namespace = open(pid, "mnt")?;
    run(move || {
        // A thread that shares its root directory with others may not.
        unshare(CloneFlags::CLONE_FS)?;
        setns(namespace, CloneFlags::CLONE_NEWNS).context("cannot enter the host's files")?;
        Ok(work())
    })
}

/// A process's network namespace.
pub(crate) fn network(pid: i32) -> Result<File> {
    open(pid, "net")
}

fn open(pid: i32, kind: &str) -> Result<File> {
    File::open(format!("/proc/{pid}/ns/{kind}")).context("the host is gone")
}

fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    thread::spawn(work)
        .join()
        .map_err(|_| anyhow!("a thread in a host panicked"))?
}
