//! `guix authenticate`, in its two forms.
//!
//! Today's reads requests from standard input and answers them one by one;
//! that of the first years is started for each with the arguments of
//! `openssl rsautl` (facts/old-daemon.md 6; source: authenticate.scm). The
//! latter ends with `wrong arguments` when called as the former.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use thiserror::Error;

use crate::clock::Deadline;

/// How long an answer may take; the program starts in 0.1 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest answer; a signature has 0.4 to 4 KiB.
const MAX_ANSWER: usize = 64 << 10;

/// How much of what it writes to standard error is quoted.
const MAX_QUOTED: usize = 400;

/// The program, started when it is first needed.
pub struct Program {
    guix: Option<PathBuf>,
    config: PathBuf,
    running: Option<Running>,
    /// It is of the kind that takes arguments.
    takes_arguments: bool,
}

impl Program {
    /// Remembers which program to start, and with which keys.
    pub fn new(guix: Option<&Path>, config: &Path) -> Self {
        Self {
            guix: guix.map(Path::to_owned),
            config: config.to_owned(),
            running: None,
            takes_arguments: false,
        }
    }

    /// The hash that this good signature by an authorised key signs. `stamp`
    /// is what the program has read at its start: when it differs from last
    /// time, another is started.
    pub fn verify(&mut self, signature: &[u8], stamp: &[u8]) -> Result<[u8; 32], ProgramError> {
        let mut request = format!("verify {}:", signature.len()).into_bytes();
        request.extend_from_slice(signature);
        request.push(b'\n');
        let key = self.config.join("signing-key.pub");
        let arguments = [
            "rsautl".as_ref(),
            "-verify".as_ref(),
            "-inkey".as_ref(),
            key.as_os_str(),
            "-pubin".as_ref(),
            "-in".as_ref(),
            "/dev/stdin".as_ref(),
        ];
        let answer = self.ask(&request, stamp, &arguments, signature)?;
        data_encoding::HEXLOWER_PERMISSIVE
            .decode(answer.trim_ascii())
            .ok()
            .and_then(|hash| hash.try_into().ok())
            .ok_or(ProgramError::Answer)
    }

    /// A signature of this hash by the key in `file`.
    pub fn sign(
        &mut self,
        file: &Path,
        hash: &[u8; 32],
        stamp: &[u8],
    ) -> Result<Vec<u8>, ProgramError> {
        let hash = data_encoding::HEXLOWER.encode(hash);
        let name = file.as_os_str().as_encoded_bytes();
        let mut request = format!("sign {}:", name.len()).into_bytes();
        request.extend_from_slice(name);
        request.extend_from_slice(format!(" {}:{hash}\n", hash.len()).as_bytes());
        let arguments = [
            "rsautl".as_ref(),
            "-sign".as_ref(),
            "-inkey".as_ref(),
            file.as_os_str(),
            "-in".as_ref(),
            "/dev/stdin".as_ref(),
        ];
        self.ask(&request, stamp, &arguments, hash.as_bytes())
    }

    fn ask(
        &mut self,
        request: &[u8],
        stamp: &[u8],
        arguments: &[&std::ffi::OsStr],
        input: &[u8],
    ) -> Result<Vec<u8>, ProgramError> {
        if self.takes_arguments {
            return self.ask_once(arguments, input);
        }
        let mut running = match self.running.take().filter(|running| running.stamp == stamp) {
            Some(running) => running,
            None => Running::start(self.command()?, stamp)?,
        };
        match running.ask(request) {
            Ok(answer) => {
                self.running = Some(running);
                Ok(answer)
            }
            Err(error @ ProgramError::Refused(_)) => {
                self.running = Some(running);
                Err(error)
            }
            Err(error @ ProgramError::Ended(_)) if running.answers == 0 => {
                // Perhaps one of the other kind; if not, its own words count.
                let answer = self
                    .ask_once(arguments, input)
                    .map_err(|other| match other {
                        ProgramError::Refused(_) => error,
                        other => other,
                    })?;
                self.takes_arguments = true;
                Ok(answer)
            }
            Err(error) => Err(error),
        }
    }

    /// The form with arguments: a process for each question.
    fn ask_once(
        &self,
        arguments: &[&std::ffi::OsStr],
        input: &[u8],
    ) -> Result<Vec<u8>, ProgramError> {
        let mut stdin = memory_file()?;
        stdin.write_all(input)?;
        stdin.rewind()?;
        let stderr = memory_file()?;
        let mut command = self.command()?;
        command
            .args(arguments)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone()?);
        let mut child = Guard(command.spawn()?);
        let mut stdout = child.0.stdout.take().ok_or(ProgramError::Answer)?;
        let deadline = Deadline::after(PATIENCE);
        let mut answer = Vec::new();
        while read_some(&mut stdout, &mut answer, deadline)? {}
        // Its output is at its end: nothing is left but to exit.
        if child.0.wait()?.success() {
            Ok(answer)
        } else {
            Err(ProgramError::Refused(last_words(&stderr)))
        }
    }

    fn command(&self) -> Result<Command, ProgramError> {
        let guix = self.guix.as_ref().ok_or(ProgramError::Unknown)?;
        let mut command = Command::new(guix);
        command
            .arg("authenticate")
            .env("GUIX_CONFIGURATION_DIRECTORY", &self.config);
        Ok(command)
    }
}

/// A program that answers on its standard output.
///
/// It ends at the end of its standard input, so also when we are killed: the
/// other end of that pipe is ours alone.
struct Running {
    child: Guard,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: File,
    stamp: Vec<u8>,
    answers: u64,
}

impl Running {
    fn start(mut command: Command, stamp: &[u8]) -> Result<Self, ProgramError> {
        let stderr = memory_file()?;
        let mut child = Guard(
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(stderr.try_clone()?)
                .spawn()?,
        );
        match (child.0.stdin.take(), child.0.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Self {
                child,
                stdin,
                stdout,
                stderr,
                stamp: stamp.to_vec(),
                answers: 0,
            }),
            _ => Err(ProgramError::Answer),
        }
    }

    /// Sends one request, and reads `CODE LENGTH:TEXT`.
    fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>, ProgramError> {
        let ended = |this: &Self| ProgramError::Ended(last_words(&this.stderr));
        if let Err(error) = self.stdin.write_all(request) {
            return Err(match error.kind() {
                io::ErrorKind::BrokenPipe => ended(self),
                _ => error.into(),
            });
        }
        let deadline = Deadline::after(PATIENCE);
        let mut answer = Vec::new();
        loop {
            if let Some((code, text)) = parse_answer(&answer)? {
                self.answers = self.answers.saturating_add(1);
                return match code {
                    0 => Ok(text),
                    _ => Err(ProgramError::Refused(printable(&text))),
                };
            }
            if !read_some(&mut self.stdout, &mut answer, deadline)? {
                // It has closed its output; what it says of that is complete
                // when it has ended.
                self.child.end();
                return Err(ended(self));
            }
        }
    }
}

/// Takes `CODE LENGTH:TEXT` apart; `None` as long as it is not complete.
fn parse_answer(answer: &[u8]) -> Result<Option<(u32, Vec<u8>)>, ProgramError> {
    let Some(colon) = answer.iter().position(|byte| *byte == b':') else {
        return if answer.len() > 20 {
            Err(ProgramError::Answer)
        } else {
            Ok(None)
        };
    };
    let (head, rest) = answer.split_at(colon);
    let text = rest.get(1..).unwrap_or_default();
    let (code, length) = std::str::from_utf8(head)
        .ok()
        .and_then(|head| head.split_once(' '))
        .and_then(|(code, length)| Some((code.parse().ok()?, length.parse::<usize>().ok()?)))
        .filter(|(_, length)| *length <= MAX_ANSWER)
        .ok_or(ProgramError::Answer)?;
    match text.len().cmp(&length) {
        std::cmp::Ordering::Less => Ok(None),
        std::cmp::Ordering::Equal => Ok(Some((code, text.to_vec()))),
        std::cmp::Ordering::Greater => Err(ProgramError::Answer),
    }
}

/// Waits for output and appends it; false at its end.
fn read_some(
    stdout: &mut ChildStdout,
    into: &mut Vec<u8>,
    deadline: Deadline,
) -> Result<bool, ProgramError> {
    loop {
        let left = deadline.remaining().unwrap_or(PATIENCE);
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout) {
            Ok(0) => return Err(ProgramError::Silent),
            Ok(_) => break,
            Err(nix::errno::Errno::EINTR) if !deadline.has_passed() => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
    let mut block = [0_u8; 8192];
    let count = stdout.read(&mut block)?;
    if into.len().saturating_add(count) > MAX_ANSWER.saturating_add(32) {
        return Err(ProgramError::Answer);
    }
    into.extend_from_slice(block.get(..count).unwrap_or_default());
    Ok(count > 0)
}

/// A child that is ended and waited for when dropped.
struct Guard(Child);

impl Guard {
    fn end(&mut self) {
        // Both fail only when it has ended and been waited for already.
        let (_killed, _waited) = (self.0.kill(), self.0.wait());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end();
    }
}

/// A file in memory: standard error of a child without anybody reading it.
fn memory_file() -> io::Result<File> {
    Ok(File::from(memfd_create(
        c"guix-authenticate",
        MFdFlags::MFD_CLOEXEC,
    )?))
}

/// The end of what was written to standard error, on one line.
fn last_words(stderr: &File) -> String {
    let length = stderr.metadata().map_or(0, |metadata| metadata.len());
    let mut text = vec![0_u8; MAX_QUOTED];
    let from = length.saturating_sub(MAX_QUOTED as u64);
    let count = stderr.read_at(&mut text, from).unwrap_or(0);
    printable(text.get(..count).unwrap_or_default())
}

fn printable(text: &[u8]) -> String {
    let text = text.get(..text.len().min(MAX_QUOTED)).unwrap_or(text);
    let words: Vec<_> = String::from_utf8_lossy(text)
        .split_whitespace()
        .map(|word| word.escape_debug().to_string())
        .collect();
    words.join(" ")
}

/// Why the program gives no good answer.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// Nobody knows where it is.
    #[error("no guix is known")]
    Unknown,
    /// It cannot be started or spoken to.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It has ended without an answer.
    #[error("it ended without an answer: {0}")]
    Ended(String),
    /// It does not answer.
    #[error("it does not answer")]
    Silent,
    /// Its answer is malformed.
    #[error("it answers something else")]
    Answer,
    /// It refuses.
    #[error("{0}")]
    Refused(String),
}
