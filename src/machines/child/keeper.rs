//! Between the evaluation and the program: the keeper takes whatever the file
//! has started along at the end.
//!
//! A process with a session of its own (`setsid … &`) is in no group of ours,
//! and once its parent is gone it would be nobody's. The keeper is the
//! "subreaper" of the evaluation: such a process becomes its child, so all that
//! is left are its children. It is tied to the program by a socket pair, the
//! leash: whether the program lets go or is killed, the keeper sees its end.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use crate::clock::Deadline;

/// How long the keeper kills: what starts processes faster than that, or does
/// not die, is left.
const SWEEP: Duration = Duration::from_millis(200);
/// How long the program waits for the keeper, which the file may have stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// The keeper's work: waits for the end of the leash, ends the evaluation and
/// all that it started, and tells how the evaluation ended.
pub fn keep(mut leash: UnixStream, evaluation: Pid) {
    let mut nothing = [0; 1];
    while matches!(leash.read(&mut nothing), Err(error) if error.raw_os_error() == Some(libc::EINTR))
    {
    }
    killpg(evaluation, Signal::SIGKILL).unwrap_or_default();
    kill(evaluation, Signal::SIGKILL).unwrap_or_default();
    let status = wait(evaluation);
    sweep();
    let told = match status {
        Some(WaitStatus::Exited(_, status)) => [0, u8::try_from(status).unwrap_or(u8::MAX)],
        Some(WaitStatus::Signaled(_, signal, _)) => [1, u8::try_from(signal as i32).unwrap_or(0)],
        _ => return,
    };
    // The program may be gone.
    leash.write_all(&told).unwrap_or_default();
}

/// Kills children until there are none: those of a dead one become ours.
fn sweep() {
    let deadline = Deadline::after(SWEEP);
    let mut pause = Duration::from_micros(100);
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => {}
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => return,
        }
        if deadline.has_passed() {
            return;
        }
        for child in children() {
            kill(child, Signal::SIGKILL).unwrap_or_default();
        }
        std::thread::sleep(pause);
        pause = pause.saturating_mul(2).min(Duration::from_millis(10));
    }
}

/// The children of this process.
fn children() -> Vec<Pid> {
    let me = getpid();
    let pid = |word: &str| word.parse().ok().map(Pid::from_raw);
    if let Ok(children) = fs::read_to_string(format!("/proc/self/task/{me}/children")) {
        return children.split_whitespace().filter_map(pid).collect();
    }
    // A kernel without CONFIG_PROC_CHILDREN. The numbers there may be those of
    // another namespace.
    let numbered = fs::read_link("/proc/self").is_ok_and(|own| own.as_os_str() == &*me.to_string());
    if !numbered {
        return Vec::new();
    }
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let is_mine = |process: &Pid| {
        // The program's name may hold anything, also parentheses.
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let parent = stat.rsplit(") ").next().and_then(|s| s.split(' ').nth(1));
        parent.and_then(pid) == Some(me)
    };
    entries
        .filter_map(|entry| pid(entry.ok()?.file_name().to_str()?))
        .filter(is_mine)
        .collect()
}

/// The program's end of it: lets go, and waits, but not for long, until all
/// has ended; gives how the evaluation did.
pub fn let_go(mut leash: UnixStream, keeper: Pid) -> Option<WaitStatus> {
    leash.shutdown(Shutdown::Write).unwrap_or_default();
    leash.set_read_timeout(Some(PATIENCE)).unwrap_or_default();
    let mut told = [0; 2];
    let told = leash.read_exact(&mut told).ok().map(|()| told);
    kill(keeper, Signal::SIGKILL).unwrap_or_default();
    wait(keeper);
    match told? {
        [0, status] => Some(WaitStatus::Exited(keeper, status.into())),
        [_, signal] => Some(WaitStatus::Signaled(
            keeper,
            Signal::try_from(i32::from(signal)).ok()?,
            false,
        )),
    }
}

fn wait(pid: Pid) -> Option<WaitStatus> {
    loop {
        match waitpid(pid, None) {
            Err(Errno::EINTR) => {}
            status => return status.ok(),
        }
    }
}
