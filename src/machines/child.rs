//! Evaluation in a child process with limits.
//!
//! A machine file is a program: it may loop, recurse, allocate, print, or make
//! the interpreter panic. The child is made by fork without exec, since the
//! engine's start is most of the time that there is; so the process must have
//! one thread. Nothing of the parent's reaches the child but the file's text:
//! descriptors are closed, 0 is /dev/null, 1 and 2 are a pipe. A keeper stands
//! between the two, so that nothing which the file started outlives it.

// Fork, descriptors, environment: foreign functions that Rust cannot check.
#![allow(unsafe_code)]

mod keeper;
mod memory;
mod output;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::RefUnwindSafe;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::wait::WaitStatus;
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid, pipe2, setpgid};

use super::diagnostic::Diagnostic;
use super::evaluate::{Report, evaluate};
use super::message;
use super::reader::NESTING_MAX;
use crate::clock::Deadline;
use crate::settings::Settings;
use output::Lines;

/// What an evaluation may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wall time.
    pub time: Duration,
    /// Memory in bytes.
    pub memory: u64,
    /// Levels of nesting in the file.
    pub nesting: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            memory: 512 << 20,
            nesting: NESTING_MAX,
        }
    }
}

impl From<&Settings> for Limits {
    /// What the administrator has set.
    fn from(settings: &Settings) -> Self {
        Self {
            time: settings.evaluation,
            memory: u64::from(settings.evaluation_memory) << 20,
            nesting: settings.evaluation_nesting,
        }
    }
}

/// The stack of the evaluation, mapped lazily: reader, expander and Steel's
/// compiler recurse along the nesting of the file. A system that promises no
/// more memory than it has may refuse the larger ones.
const STACKS: [usize; 3] = [256 << 20, 64 << 20, 8 << 20];

/// The child's end of the pipe that carries its message.
const MESSAGE_FD: RawFd = 3;

/// Evaluates a file's text in a child; lines that it prints go to `print`.
pub fn evaluate_in_child(
    name: &str,
    text: &[u8],
    home: Option<&Path>,
    limits: &Limits,
    print: &mut dyn FnMut(&str),
) -> Report {
    let work = || evaluate(name, text, limits.nesting);
    run_in_child(name, home, limits, print, &work)
}

/// Runs any work in a child, as the evaluation of this file.
pub fn run_in_child(
    name: &str,
    home: Option<&Path>,
    limits: &Limits,
    print: &mut dyn FnMut(&str),
    work: Work<'_>,
) -> Report {
    match start(name, home, limits, work) {
        Ok(child) => child.report(name, limits, print),
        Err(error) => Report::failed(Diagnostic::error(
            "child",
            format!("cannot start a process to evaluate {name}: {error}"),
        )),
    }
}

/// What a child does.
pub type Work<'a> = &'a (dyn Fn() -> Report + Sync + RefUnwindSafe);

/// The child as its parent sees it.
struct Child {
    keeper: Pid,
    leash: UnixStream,
    message: File,
    output: File,
}

/// How a child ended, as far as its message is concerned.
enum End {
    Message(Vec<u8>),
    Silent,
    Deadline,
    Oversized,
}

fn start(name: &str, home: Option<&Path>, limits: &Limits, work: Work<'_>) -> Result<Child, Errno> {
    // What is buffered would be written twice.
    drop(io::stdout().flush());
    let (message, message_end) = pipe2(OFlag::O_CLOEXEC)?;
    let (output, output_end) = pipe2(OFlag::O_CLOEXEC)?;
    let (leash, leash_end) = UnixStream::pair()
        .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
    let null = nix::fcntl::open(
        "/dev/null",
        OFlag::O_RDWR | OFlag::O_CLOEXEC,
        nix::sys::stat::Mode::empty(),
    )?;
    let evaluate = |keeper| match isolate(keeper, &null, &output_end, &message_end, limits) {
        Ok(()) => child_main(name, home, limits, work),
        Err(_) => 1,
    };
    // The parent's end would keep the leash whole.
    let keep = |evaluation| match only(&null, &null, leash_end.as_fd()) {
        Ok(leash) => keeper::keep(leash.into(), evaluation),
        Err(_) => kill(evaluation, Signal::SIGKILL).unwrap_or_default(),
    };
    let keeper = in_child(|| {
        let me = getpid();
        setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
        prctl::set_child_subreaper(true)?;
        setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
        let evaluation = in_child(|| Ok(evaluate(me)))?;
        // Both do it, so that the group exists whoever is first; the child may
        // have ended already.
        setpgid(evaluation, evaluation).unwrap_or_default();
        keep(evaluation);
        Ok(0)
    })?;
    Ok(Child {
        keeper,
        leash,
        message: File::from(message),
        output: File::from(output),
    })
}

/// Forks; the child does this, and ends with the status.
fn in_child(work: impl FnOnce() -> Result<i32, Errno>) -> Result<Pid, Errno> {
    // SAFETY: the process has one thread (a condition of `machines::load`), so
    // no lock is held by a thread that the child lacks.
    match unsafe { fork() }? {
        ForkResult::Child => {
            // Whatever happens, the child never returns into the parent's code.
            let work = std::panic::AssertUnwindSafe(work);
            let status = std::panic::catch_unwind(|| { work }.0().unwrap_or(1));
            // SAFETY: ends the process without running the parent's exit
            // handlers or flushing its buffers.
            unsafe { libc::_exit(status.unwrap_or(1)) }
        }
        ForkResult::Parent { child } => Ok(child),
    }
}

/// Cuts the child off from all that is the parent's.
fn isolate(
    parent: Pid,
    null: &OwnedFd,
    output: &OwnedFd,
    message: &OwnedFd,
    limits: &Limits,
) -> Result<(), Errno> {
    setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    if getppid() != parent {
        return Err(Errno::ESRCH);
    }
    std::mem::forget(only(null, output, message.as_fd())?);
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    let seconds = limits.time.as_secs().saturating_add(1);
    setrlimit(Resource::RLIMIT_CPU, seconds, seconds.saturating_add(1))?;
    // A second wall behind the counting allocator, for what does not go
    // through it.
    let space = limits.memory.saturating_mul(2).saturating_add(2 << 30);
    setrlimit(Resource::RLIMIT_AS, space, space)
}

/// Keeps these descriptors and no other: the first as 0, the second as 1 and 2,
/// the third, which it gives back, as 3.
fn only(null: &OwnedFd, output: &OwnedFd, third: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    // Out of the way first: a parent without 0, 1 or 2 gets these numbers for
    // its pipes.
    let null = above(null.as_fd())?;
    let output = above(output.as_fd())?;
    let third = above(third)?;
    for (from, to, flags) in [
        (&null, 0, 0),
        (&output, 1, 0),
        (&output, 2, 0),
        (&third, MESSAGE_FD, libc::O_CLOEXEC),
    ] {
        // SAFETY: both are plain numbers; what `to` was is the parent's and
        // not used here any more.
        Errno::result(unsafe { libc::dup3(from.as_raw_fd(), to, flags) })?;
    }
    close_from(MESSAGE_FD.saturating_add(1))?;
    // Closed already.
    std::mem::forget((null, output, third));
    // SAFETY: dup3 has just made this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(MESSAGE_FD) })
}

/// A copy of a descriptor with a number that is none of 0 to 3.
fn above(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let copy = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(10))?;
    // SAFETY: fcntl has just made this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Closes all descriptors from this number on.
fn close_from(first: RawFd) -> Result<(), Errno> {
    // SAFETY: plain numbers; nothing in the child uses these descriptors.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
    if closed == 0 {
        return Ok(());
    }
    // Linux before 5.9.
    let mut open = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd").map_err(|_| Errno::last())? {
        let name = entry.map_err(|_| Errno::last())?.file_name();
        open.extend(name.to_str().and_then(|name| name.parse::<RawFd>().ok()));
    }
    for fd in open.into_iter().filter(|fd| *fd >= first) {
        // SAFETY: as above; one of them is the directory's, closed already.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

/// What a panic said.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Evaluates and sends the report; gives the exit status.
fn child_main(name: &str, home: Option<&Path>, limits: &Limits, work: Work<'_>) -> i32 {
    // SAFETY: this process has one thread.
    unsafe {
        // Else Steel makes a directory in the user's home; below /dev/null
        // none can be made.
        std::env::set_var("STEEL_HOME", "/dev/null/steel");
        match home {
            Some(home) => std::env::set_var("HOME", home),
            None => std::env::remove_var("HOME"),
        }
    }
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut panic) = PANIC.lock() {
            *panic = Some(info.to_string());
        }
    }));
    memory::prepare();
    memory::arm(limits.memory);
    let evaluated = std::thread::scope(|scope| {
        let spawn = |stack| {
            std::thread::Builder::new()
                .stack_size(stack)
                .spawn_scoped(scope, || message::encode(&work()))
        };
        let [large, middle, small] = STACKS;
        spawn(large)
            .or_else(|_| spawn(middle))
            .or_else(|_| spawn(small))
            .map(std::thread::ScopedJoinHandle::join)
    });
    let encoded = match evaluated {
        Ok(Ok(encoded)) if encoded.len() <= message::LENGTH_MAX => encoded,
        Ok(Ok(_)) => failure("too-large", format!("{name} gives too many machines")),
        Ok(Err(_)) => {
            let said = PANIC.lock().ok().and_then(|mut panic| panic.take());
            failure(
                "interpreter",
                format!(
                    "the interpreter failed on {name}: {}",
                    said.unwrap_or_default()
                ),
            )
        }
        Err(error) => failure("child", format!("cannot evaluate {name}: {error}")),
    };
    i32::from(send(&encoded).is_err())
}

fn failure(code: &str, message: String) -> Vec<u8> {
    message::encode(&Report::failed(Diagnostic::error(code, message)))
}

fn send(encoded: &[u8]) -> io::Result<()> {
    // SAFETY: `isolate` has made this descriptor, and nothing else owns it.
    let mut pipe = unsafe { File::from_raw_fd(MESSAGE_FD) };
    let length = u32::try_from(encoded.len()).map_err(io::Error::other)?;
    pipe.write_all(&length.to_le_bytes())?;
    pipe.write_all(encoded)
}

impl Child {
    /// Waits for the report; the child and all that it started end here.
    fn report(mut self, name: &str, limits: &Limits, print: &mut dyn FnMut(&str)) -> Report {
        let mut lines = Lines::new(print);
        let end = self.read(limits, &mut lines);
        // Also what the file has started; the child itself may be gone.
        let status = keeper::let_go(self.leash, self.keeper);
        drain(&mut self.output, &mut lines);
        lines.finish();
        let failed = |code: &str, message: String| Report::failed(Diagnostic::error(code, message));
        match end {
            Ok(End::Message(bytes)) => message::decode(&bytes).unwrap_or_else(|error| {
                failed("child", format!("the evaluation of {name} failed: {error}"))
            }),
            Ok(End::Deadline) => failed("time", too_long(name, limits)),
            Ok(End::Oversized) => failed("too-large", format!("{name} gives too many machines")),
            Ok(End::Silent) => died(name, status, limits),
            Err(errno) => failed(
                "child",
                format!("the evaluation of {name} failed: {}", errno.desc()),
            ),
        }
    }

    /// Reads message and output until the message is complete, its pipe ends
    /// or the time is up.
    fn read(&mut self, limits: &Limits, lines: &mut Lines<'_>) -> Result<End, Errno> {
        let deadline = Deadline::after(limits.time);
        let mut message = Vec::new();
        let mut output_open = true;
        loop {
            let left = deadline.remaining().unwrap_or(limits.time);
            if left.is_zero() {
                return Ok(End::Deadline);
            }
            let (message_ready, output_ready) = self.ready(left, output_open)?;
            if output_ready {
                output_open = pass_on(&mut self.output, lines)?;
            }
            if message_ready {
                let mut buffer = [0; 16384];
                let count = read(&mut self.message, &mut buffer)?;
                message.extend_from_slice(buffer.get(..count).unwrap_or_default());
                if let Some(end) = complete(&mut message) {
                    return Ok(end);
                }
                if count == 0 {
                    return Ok(End::Silent);
                }
            }
        }
    }

    /// Waits for one of the pipes.
    fn ready(&self, left: Duration, output_open: bool) -> Result<(bool, bool), Errno> {
        let mut pipes = vec![PollFd::new(self.message.as_fd(), PollFlags::POLLIN)];
        if output_open {
            pipes.push(PollFd::new(self.output.as_fd(), PollFlags::POLLIN));
        }
        // A millisecond more, so that it does not wake before the deadline.
        let left = left.saturating_add(Duration::from_millis(1));
        match poll(
            &mut pipes,
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX),
        ) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
        let ready = |index: usize| pipes.get(index).and_then(PollFd::any).unwrap_or_default();
        Ok((ready(0), ready(1)))
    }
}

/// Passes on what is in the output pipe now. Whoever wrote there is dead; if
/// not, it is not waited for.
fn drain(output: &mut File, lines: &mut Lines<'_>) {
    const MOST: usize = 256;
    if fcntl(&*output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).is_ok() {
        (0..MOST).any(|_| !matches!(pass_on(output, lines), Ok(true)));
    }
}

/// The message, once it is complete.
fn complete(message: &mut Vec<u8>) -> Option<End> {
    let (length, rest) = message.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > message::LENGTH_MAX {
        return Some(End::Oversized);
    }
    (rest.len() >= length).then(|| {
        let mut message = message.split_off(4);
        message.truncate(length);
        End::Message(message)
    })
}

/// Reads once and passes it on; false at the end.
fn pass_on(output: &mut File, lines: &mut Lines<'_>) -> Result<bool, Errno> {
    let mut buffer = [0; 16384];
    let count = read(output, &mut buffer)?;
    lines.push(buffer.get(..count).unwrap_or_default());
    Ok(count > 0)
}

fn read(file: &mut File, buffer: &mut [u8]) -> Result<usize, Errno> {
    loop {
        match file.read(buffer) {
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw));
            }
        }
    }
}

fn too_long(name: &str, limits: &Limits) -> String {
    format!(
        "the evaluation of {name} did not finish in {} s",
        limits.time.as_secs_f64()
    )
}

/// What the end of a child without a message means.
fn died(name: &str, status: Option<WaitStatus>, limits: &Limits) -> Report {
    let (code, message) = match status {
        Some(WaitStatus::Exited(_, memory::STATUS)) => (
            "memory",
            format!(
                "the evaluation of {name} needs more than {} MiB",
                limits.memory >> 20
            ),
        ),
        Some(WaitStatus::Signaled(_, Signal::SIGXCPU, _)) => ("time", too_long(name, limits)),
        Some(WaitStatus::Signaled(_, Signal::SIGSEGV | Signal::SIGABRT | Signal::SIGBUS, _)) => (
            "interpreter",
            format!("the interpreter failed on {name}: nested too deep, or out of memory"),
        ),
        Some(WaitStatus::Signaled(_, signal, _)) => (
            "interpreter",
            format!("the evaluation of {name} was ended by {}", signal.as_str()),
        ),
        Some(WaitStatus::Exited(_, status)) => (
            "interpreter",
            format!("the evaluation of {name} ended with status {status}"),
        ),
        _ => (
            "interpreter",
            format!("the evaluation of {name} ended without a result"),
        ),
    };
    Report::failed(Diagnostic::error(code, message))
}
