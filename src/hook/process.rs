//! The process itself: descriptors, signals, user, and its last words.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, User, getppid, setgid, setgroups, setuid};

/// The descriptor of the build log.
const LOG_DESCRIPTOR: &str = "4";

/// How long the log's reader may take nothing before its rest is given up.
const LOG_PATIENCE: Duration = Duration::from_secs(60);

/// Exit status after SIGTERM, as a shell would show it.
const TERMINATED: i32 = 143;

/// What the hook was given by the process that started it.
#[derive(Debug)]
pub struct Process {
    /// Where replies go: descriptor 1 as it was.
    pub replies: File,
    /// The build log, if there is one.
    pub log: Option<BuildLog>,
    /// The home directory of the user it runs as, from the passwd entry; the
    /// daemon's HOME may be missing or be another user's.
    pub home: Option<PathBuf>,
    /// Name of the user it runs as.
    pub user: String,
    /// SIGTERM came; looked at once the hook is busy.
    pub terminated: Arc<AtomicBool>,
    idle: Arc<AtomicBool>,
}

impl Process {
    /// Takes over descriptors, signals and user. To be called before anything
    /// is opened, and while there is one thread.
    pub fn take_over(state_dir: &Path, database_dir: &Path) -> io::Result<Self> {
        let log = BuildLog::inherited();
        // A library's text on descriptor 1 could be taken for a reply.
        let replies = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let null = OpenOptions::new().write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdout(&null)?;
        umask(Mode::from_bits_truncate(0o022));
        die_with_parent()?;
        let (terminated, idle) = catch_signals()?;
        become_owner(state_dir, database_dir)?;
        let user = User::from_uid(Uid::effective()).ok().flatten();
        Ok(Self {
            replies,
            log,
            home: user.as_ref().map(|user| user.dir.clone()),
            user: user.map_or_else(|| Uid::effective().to_string(), |user| user.name),
            terminated,
            idle,
        })
    }

    /// From now on SIGTERM is for [`Process::terminated`] to see rather than
    /// the end at once: there is something to take away first.
    pub fn become_busy(&self) {
        self.idle.store(false, Ordering::SeqCst);
    }

    /// Answers the daemon, in one write.
    pub fn reply(&self, line: &str) -> io::Result<()> {
        (&self.replies).write_all(line.as_bytes())
    }
}

/// The write end of the pipe that becomes the build's log.
#[derive(Debug)]
pub struct BuildLog {
    pipe: File,
    at_line_start: bool,
}

impl BuildLog {
    /// Opens the inherited descriptor 4 anew, if it is a pipe that can be
    /// written. Run by hand there is none, or it is somebody's file.
    ///
    /// Opening through /proc gives a descriptor of our own to the same pipe,
    /// without trusting a number; it does not wait for a reader.
    fn inherited() -> Option<Self> {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{LOG_DESCRIPTOR}")).ok()?;
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        let flags = i32::from_str_radix(flags.trim(), 8).ok()?;
        let access = flags & nix::libc::O_ACCMODE;
        let path = format!("/proc/self/fd/{LOG_DESCRIPTOR}");
        let is_pipe = std::fs::metadata(&path).ok()?.file_type().is_fifo();
        if access == nix::libc::O_RDONLY || !is_pipe {
            return None;
        }
        let pipe = OpenOptions::new()
            .write(true)
            .custom_flags(nix::libc::O_NONBLOCK)
            .open(path)
            .ok()?;
        let flags = rustix::fs::fcntl_getfl(&pipe).ok()?;
        rustix::fs::fcntl_setfl(&pipe, flags & !rustix::fs::OFlags::NONBLOCK).ok()?;
        Some(Self {
            pipe,
            at_line_start: true,
        })
    }

    /// Writes a piece of the log.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(last) = bytes.last() {
            self.at_line_start = *last == b'\n';
        }
        self.pipe.write_all(bytes)
    }

    /// Writes a line of our own, on a line of its own.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        let start = if self.at_line_start { "" } else { "\n" };
        self.write(format!("{start}offload: {text}\n").as_bytes())
    }

    /// Another descriptor of the pipe, for [`drain`].
    pub fn pipe(&self) -> io::Result<File> {
        self.pipe.try_clone()
    }
}

/// Waits until the daemon has read everything from the log's pipe.
///
/// What is in the pipe when the hook ends is lost but for one read (measured:
/// 60,000 bytes written, then exit: 20 of 20 logs cut).
pub fn drain(pipe: &File) {
    let mut before = u64::MAX;
    let mut since = Instant::now();
    while let Ok(left) = rustix::io::ioctl_fionread(pipe) {
        if left == 0 || is_abandoned(pipe) {
            return;
        }
        if left < before {
            before = left;
            since = Instant::now();
        } else if since.elapsed() > LOG_PATIENCE {
            return;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Tells whether nobody has the reading end any more.
fn is_abandoned(pipe: &File) -> bool {
    let mut polled = [rustix::event::PollFd::new(
        pipe,
        rustix::event::PollFlags::empty(),
    )];
    let now = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    rustix::event::poll(&mut polled, Some(&now)).is_ok()
        && polled[0].revents().contains(rustix::event::PollFlags::ERR)
}

/// Reads a line of at most `limit` bytes; `None` at the end of the input.
/// The newline is not part of it.
pub fn read_line(
    input: &mut dyn io::BufRead,
    limit: usize,
) -> io::Result<Result<Option<Vec<u8>>, TooLong>> {
    let mut line = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = io::BufRead::read_until(&mut input.take(bound), b'\n', &mut line)?;
    if read == 0 {
        return Ok(Ok(None));
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > limit {
        return Ok(Err(TooLong));
    }
    Ok(Ok(Some(line)))
}

/// A line is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Daemons of before June 2015 let a hook live on when its worker is gone.
fn die_with_parent() -> io::Result<()> {
    let parent = getppid();
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    if getppid() != parent {
        return Err(io::Error::other(
            "the process that started the hook is gone",
        ));
    }
    Ok(())
}

/// Unblocks everything and makes SIGTERM and its kind end an idle hook at
/// once; the starter of the daemon may have left them ignored.
fn catch_signals() -> io::Result<(Arc<AtomicBool>, Arc<AtomicBool>)> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let terminated = Arc::new(AtomicBool::new(false));
    let idle = Arc::new(AtomicBool::new(true));
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT] {
        signal_hook::flag::register_conditional_shutdown(signal, TERMINATED, Arc::clone(&idle))?;
        signal_hook::flag::register(signal, Arc::clone(&terminated))?;
    }
    SigSet::all().thread_unblock()?;
    Ok((terminated, idle))
}

/// As root on a machine whose daemon is not root's, becomes the daemon's
/// user: files of root's in the state directory would lock that daemon out.
pub fn become_owner(state_dir: &Path, database_dir: &Path) -> io::Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let owner = std::fs::metadata(database_dir).or_else(|_| std::fs::metadata(state_dir));
    let Ok(owner) = owner else { return Ok(()) };
    if owner.uid() == 0 {
        return Ok(());
    }
    setgroups(&[])?;
    setgid(Gid::from_raw(owner.gid()))?;
    setuid(Uid::from_raw(owner.uid()))?;
    // The kernel forgets it when the user changes.
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn lines_with_a_limit() {
        let mut input = BufReader::new(&b"one\n\nthree"[..]);
        let mut next = |limit| read_line(&mut input, limit).unwrap();
        assert_eq!(next(3), Ok(Some(b"one".to_vec())));
        assert_eq!(next(3), Ok(Some(Vec::new())));
        assert_eq!(next(4), Err(TooLong));
        assert_eq!(next(10), Ok(None));
    }

    #[test]
    fn a_last_line_without_newline_counts() {
        let mut input = BufReader::new(&b"three"[..]);
        assert_eq!(
            read_line(&mut input, 5).unwrap(),
            Ok(Some(b"three".to_vec()))
        );
    }

    #[test]
    fn the_log_is_drained_and_its_lines_stand_alone() {
        let (reader, writer) = io::pipe().unwrap();
        let mut log = BuildLog {
            pipe: File::from(std::os::fd::OwnedFd::from(writer)),
            at_line_start: true,
        };
        log.write(b"half").unwrap();
        log.line("no more").unwrap();
        log.line("again").unwrap();
        let taker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            let mut text = [0; 37];
            (&reader).read_exact(&mut text).unwrap();
            (reader, text)
        });
        drain(&log.pipe);
        assert_eq!(rustix::io::ioctl_fionread(&log.pipe).unwrap(), 0);
        let (reader, text) = taker.join().unwrap();
        assert_eq!(&text, b"half\noffload: no more\noffload: again\n");
        drop(reader);
    }

    #[test]
    fn an_abandoned_log_is_not_waited_for() {
        let (reader, writer) = io::pipe().unwrap();
        let mut log = BuildLog {
            pipe: File::from(std::os::fd::OwnedFd::from(writer)),
            at_line_start: true,
        };
        log.write(b"text").unwrap();
        drop(reader);
        let begun = Instant::now();
        drain(&log.pipe);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
