//! A driver that behaves towards a hook as the daemons of 2014 and 2015 did.
//!
//! The specification, state by state, was measured on two daemons compiled
//! from Guix's history: that of 24 January 2014 (here 2014) and that of 24
//! December 2015 (here 2015). Half of this runs inside the head, as its
//! worker process: the program that uses the harness, copied there and called
//! with a first argument of its own (see [`helper`]).

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::derivation::{Built, system};
use crate::exec::Running;
use crate::host::Host;
use crate::sys::{unique, wait_until};

const HELPER: &str = "/usr/local/libexec/lab-helper";
const CALL: &str = "--old-daemon";

/// Which daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// Ends hooks by SIGTERM and waits for ever; lists valid outputs too;
    /// its hooks live on without it.
    Of2014,
    /// Ends hooks by SIGKILL; lists what is missing; its hooks die with it.
    Of2015,
}

/// A daemon of old on a head, which must run as root there.
#[derive(Clone, Debug)]
pub struct OldDaemon {
    /// Which one.
    pub era: Era,
    /// The hook's file name on the head, as `NIX_BUILD_HOOK` says.
    pub hook: String,
    /// Variables of the daemon's environment.
    pub variables: Vec<(String, String)>,
    /// The client's limit for silence in seconds; 0: none.
    pub max_silent: u32,
    /// The client's limit for a build in seconds; 0: none.
    pub timeout: u32,
    /// It would build locally now.
    pub willing: bool,
}

impl OldDaemon {
    /// One without limits that would build locally now.
    pub fn new(era: Era, hook: &str) -> OldDaemon {
        OldDaemon {
            era,
            hook: hook.to_owned(),
            variables: Vec::new(),
            max_silent: 0,
            timeout: 0,
            willing: true,
        }
    }

    /// Asks the hook about a derivation that is in the head's store, and goes
    /// on as the answer demands.
    pub fn offer(&self, head: &Host, built: &Built, features: &str) -> Result<OldBuild> {
        if !head.path(HELPER).exists() {
            head.install(&std::env::current_exe()?, HELPER)?;
        }
        let directory = PathBuf::from("/var/lab-old").join(unique());
        let inputs = head.with_daemon(|d| d.closure(std::slice::from_ref(&built.path)))?;
        let mut outputs: Vec<String> = built.outputs.values().cloned().collect();
        if self.era == Era::Of2015 {
            let valid = head.with_daemon(|d| d.valid(&outputs))?;
            outputs.retain(|o| !valid.contains(o));
        }
        outputs.sort();
        let spaced = |items: &[String]| items.iter().map(|i| format!("{i} ")).collect::<String>();
        head.write(directory.join("inputs"), spaced(&inputs) + "\n")?;
        head.write(directory.join("outputs"), spaced(&outputs) + "\n")?;
        let willing = u8::from(self.willing);
        let request = format!("{willing} {} {} {features}\n", system(), built.path);
        head.write(directory.join("request"), request)?;
        let era = if self.era == Era::Of2014 {
            "2014"
        } else {
            "2015"
        };
        let (silent, timeout) = (self.max_silent.to_string(), self.timeout.to_string());
        let place = directory.display().to_string();
        let line = [
            HELPER,
            CALL,
            era,
            &place,
            &self.hook,
            &system(),
            &silent,
            "1",
            &timeout,
        ];
        let worker = head.exec_with(&self.variables, &line).spawn()?;
        Ok(OldBuild {
            worker,
            directory: head.path(directory),
        })
    }
}

/// A build offered by a daemon of old.
pub struct OldBuild {
    worker: Running,
    directory: PathBuf,
}

impl OldBuild {
    /// Waits for the reply.
    pub fn reply(&self, limit: Duration) -> Result<String> {
        let file = self.directory.join("reply");
        wait_until("the hook replies", limit, || Ok(file.exists()))?;
        Ok(fs::read_to_string(file)?)
    }

    /// What has come on descriptor 4 so far.
    pub fn log(&self) -> String {
        text_of(&self.directory.join("log"))
    }

    /// Tells the worker that its client is gone: it ends the hook.
    pub fn client_goes(&self) -> Result<()> {
        Ok(fs::write(self.directory.join("gone"), "")?)
    }

    /// Kills the worker with no time to do anything.
    pub fn worker_dies(&self) -> Result<()> {
        self.worker.signal(Signal::SIGKILL)
    }

    /// Waits for the worker's end.
    pub fn wait(self, limit: Duration) -> Result<OldEnd> {
        let finished = self.worker.wait(limit)?;
        let read = |name: &str| text_of(&self.directory.join(name));
        let status = read("status");
        Ok(OldEnd {
            reply: read("reply"),
            text: read("text"),
            log: read("log"),
            status: status.parse().ok().map(std::process::ExitStatus::from_raw),
            elapsed: finished.elapsed,
            worker: finished.output,
        })
    }
}

/// How it ended.
#[derive(Debug)]
pub struct OldEnd {
    /// The reply without `# `; empty when there was none.
    pub reply: String,
    /// What the client saw of descriptors 1 and 2, before and after.
    pub text: String,
    /// What came on descriptor 4.
    pub log: String,
    /// The hook's status; `None` when nobody waited for it.
    pub status: Option<std::process::ExitStatus>,
    /// From the question to the worker's end.
    pub elapsed: Duration,
    /// What the worker itself has to say when it fails.
    pub worker: String,
}

fn text_of(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned()
}

/// Acts as the part inside a host when called so; to be the first thing that
/// a program with the harness does.
pub fn helper() -> Option<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).map(String::as_str) != Some(CALL) {
        return None;
    }
    Some(match Worker::new(&arguments).and_then(Worker::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("worker: {e:#}");
            ExitCode::FAILURE
        }
    })
}

/// The daemon's process for one client.
struct Worker {
    era: Era,
    directory: PathBuf,
    hook: Child,
    /// The writing end of the hook's descriptor 0.
    requests: Option<std::process::ChildStdin>,
    /// The reading end of its 1 and 2.
    text: io::PipeReader,
    /// Both ends of its 4: the daemon, too, keeps a writing end.
    log: File,
    _locks: Vec<File>,
}

/// What a wait for a descriptor may end with.
enum Ready {
    Text,
    Log,
    Gone,
}

impl Worker {
    fn new(arguments: &[String]) -> Result<Worker> {
        let word = |i: usize| arguments.get(i).context("too few arguments");
        let era = if word(2)? == "2014" {
            Era::Of2014
        } else {
            Era::Of2015
        };
        let directory = PathBuf::from(word(3)?);
        let mut locks = Vec::new();
        for output in fs::read_to_string(directory.join("outputs"))?.split_whitespace() {
            locks.push(lock_output(output)?);
        }
        let pipe = directory.join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU)?;
        let log = File::options().read(true).write(true).open(&pipe)?;
        fcntl(&log, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let (text, writer) = io::pipe()?;
        // The shell opens descriptor 4 and becomes the hook, whose number,
        // group and session are then all the same.
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec 4>\"$0\"; umask 022; exec \"$@\""])
            .arg(&pipe)
            .arg("setsid");
        if era == Era::Of2015 {
            command.args(["setpriv", "--pdeathsig", "KILL"]);
        }
        let mut hook = command
            .args(arguments.get(4..).unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .current_dir("/")
            .spawn()?;
        drop(command);
        let requests = hook.stdin.take();
        Ok(Worker {
            era,
            directory,
            hook,
            requests,
            text,
            log,
            _locks: locks,
        })
    }

    fn run(mut self) -> Result<()> {
        let request = fs::read(self.directory.join("request"))?;
        self.send(&request)?;
        let Some(reply) = self.ask()? else {
            return self.end_hook();
        };
        self.put("reply", reply.as_bytes())?;
        if reply != "accept" {
            return self.end_hook();
        }
        let mut lines = fs::read(self.directory.join("inputs"))?;
        lines.extend(fs::read(self.directory.join("outputs"))?);
        self.send(&lines)?;
        self.requests = None;
        self.follow()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self
            .requests
            .as_mut()
            .context("descriptor 0 is closed")?
            .write_all(bytes)?)
    }

    /// Reads byte by byte until a line that is a reply, without any limit.
    fn ask(&mut self) -> Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            if !matches!(self.wait(false)?, Ready::Text) {
                return Ok(None);
            }
            let mut byte = [0];
            if self.text.read(&mut byte)? == 0 {
                self.put("text", b"unexpected EOF reading a line\n")?;
                return Ok(None);
            }
            if byte != *b"\n" {
                line.extend(byte);
            } else if let Some(reply) = line.strip_prefix(b"# ") {
                return Ok(Some(String::from_utf8_lossy(reply).into_owned()));
            } else {
                line.extend(b"\n");
                self.put("text", &line)?;
                line.clear();
            }
        }
    }

    /// Follows an accepted build until the hook's 1 and 2 end.
    fn follow(mut self) -> Result<()> {
        let mut buffer = [0; 4096];
        loop {
            match self.wait(true)? {
                Ready::Gone => return self.end_hook(),
                Ready::Log => {
                    let n = self.log.read(&mut buffer)?;
                    self.put("log", buffer.get(..n).unwrap_or_default())?;
                }
                Ready::Text => {
                    let n = self.text.read(&mut buffer)?;
                    self.put("text", buffer.get(..n).unwrap_or_default())?;
                    if n == 0 {
                        break;
                    }
                }
            }
        }
        // One read more at most: the rest of descriptor 4 is lost.
        let n = self.log.read(&mut buffer).unwrap_or(0);
        self.put("log", buffer.get(..n).unwrap_or_default())?;
        self.reap()
    }

    /// Ends a hook as this daemon does.
    fn end_hook(mut self) -> Result<()> {
        let group = Pid::from_raw(i32::try_from(self.hook.id())?);
        let signal = match self.era {
            Era::Of2014 => Signal::SIGTERM,
            Era::Of2015 => {
                self.requests = None;
                Signal::SIGKILL
            }
        };
        match killpg(group, signal) {
            Ok(()) | Err(nix::Error::ESRCH) => {}
            Err(e) => bail!("cannot end the hook: {e}"),
        }
        self.reap()
    }

    /// Waits for the hook for ever.
    fn reap(mut self) -> Result<()> {
        // Child::wait would close descriptor 0 first, which 2014 does not.
        let requests = self.requests.take();
        let status = self.hook.wait()?;
        drop(requests);
        self.put("status", status.into_raw().to_string().as_bytes())
    }

    fn put(&self, file: &str, bytes: &[u8]) -> Result<()> {
        let path = self.directory.join(file);
        if file == "reply" {
            // Whoever waits for it must find it whole.
            let new = path.with_extension("new");
            fs::write(&new, bytes)?;
            return Ok(fs::rename(new, path)?);
        }
        let mut open = File::options().create(true).append(true).open(path)?;
        Ok(open.write_all(bytes)?)
    }

    /// Waits until there is something to read, or the client has gone.
    fn wait(&self, log_too: bool) -> Result<Ready> {
        let fd = |readable: BorrowedFd<'_>| -> Result<bool> {
            let mut fds = [PollFd::new(readable, PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::ZERO)?;
            Ok(fds.iter().any(|f| f.any().unwrap_or(false)))
        };
        let mut pause = Duration::from_micros(100);
        loop {
            if log_too && fd(self.log.as_fd())? {
                return Ok(Ready::Log);
            }
            if fd(self.text.as_fd())? {
                return Ok(Ready::Text);
            }
            if self.directory.join("gone").exists() {
                return Ok(Ready::Gone);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }
}

/// Locks an output as daemons do: the whole of `OUTPUT.lock`, mode 0600.
fn lock_output(output: &str) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(format!("{output}.lock"))?;
    let start = Instant::now();
    while let Err(e) = fcntl(&file, FcntlArg::F_SETLK(&crate::store::whole_file())) {
        if start.elapsed() > Duration::from_secs(5) {
            bail!("{output} is locked: {e}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(file)
}
