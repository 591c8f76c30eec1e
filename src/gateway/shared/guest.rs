//! A hook's side: connections that another process holds.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

use super::super::{Exec, GatewayError, Limits, Pending, Usher};
use super::speech::{Answer, Ask, Destination, receive, send};
use super::{COMMAND, Doorstep, is_trusted, program};
use crate::machines::record::BuildMachine;

/// How long the process may take to start, or to say a word at first.
const START: Duration = Duration::from_millis(50);

/// How long it may say nothing while a machine is connected to: it tells each
/// half second that it waits.
const SILENCE: Duration = Duration::from_secs(3);

/// How long a channel may take: the other side of the world, with retries.
const CHANNEL: Duration = Duration::from_secs(60);

/// How long it may take to tell why a connection ended.
const REASON: Duration = Duration::from_secs(1);

/// A machine's connection in another process.
#[derive(Debug)]
pub struct Guest {
    control: Mutex<UnixStream>,
    at: String,
}

/// A daemon connection that can be left for the next hook.
#[derive(Debug)]
pub struct Lease {
    /// Its stream.
    pub stream: UnixStream,
    number: u64,
}

impl Guest {
    /// Connects to a machine through the process at the doorstep, which is
    /// started if it is not there. `None` where that process cannot be had;
    /// the machine is none the worse.
    pub fn open(
        doorstep: &Doorstep,
        machine: &BuildMachine,
        home: Option<&Path>,
        limits: &Limits,
        usher: &mut dyn Usher,
    ) -> Option<Result<Self, GatewayError>> {
        let control = match enter(doorstep) {
            Ok(control) => control,
            Err(error) => {
                log::debug!("connections are not shared: {error}");
                return None;
            }
        };
        let destination = Destination::new(machine, home, limits);
        match connect(&control, destination, usher) {
            Ok(Ok(at)) => Some(Ok(Self {
                control: Mutex::new(control),
                at,
            })),
            Ok(Err(error)) => Some(Err(error)),
            Err(error) => {
                log::debug!("connections are not shared: {error}");
                None
            }
        }
    }

    /// The machine as messages name it.
    pub fn machine(&self) -> &str {
        &self.at
    }

    /// Opens a channel to the machine's daemon.
    pub fn daemon(&self) -> Result<UnixStream, GatewayError> {
        self.open_lease().map(|lease| lease.stream)
    }

    /// A channel to the machine's daemon that can be left for the next hook.
    pub fn open_lease(&self) -> Result<Lease, GatewayError> {
        self.lease(&Ask::Daemon)?
            .ok_or_else(|| self.gone(&"it has no connection"))
    }

    /// A daemon connection that another hook has left, or leaves very soon.
    pub fn take_lease(&self) -> Result<Option<Lease>, GatewayError> {
        self.lease(&Ask::Lease { wait: true })
    }

    /// Tells whether it is for this hook to make a daemon connection that can
    /// be left: there is none, and too few are being made.
    pub fn should_make(&self) -> Result<bool, GatewayError> {
        match self.call(&Ask::Lease { wait: false }, CHANNEL)? {
            (Answer::Channel(number), fds) => {
                if let Some(stream) = fds.into_iter().next() {
                    let stream = UnixStream::from(stream);
                    self.leave(&Lease { stream, number }, 0);
                }
                Ok(false)
            }
            (answer, _) => Ok(answer == Answer::Nothing),
        }
    }

    /// Leaves a daemon connection for the next hook: nothing is outstanding on
    /// it, and its user will send all options anew.
    pub fn leave(&self, lease: &Lease, roots: usize) {
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let ask = Ask::Return {
            number: lease.number,
            roots,
        };
        if let Err(error) = send(&*control, &ask, &[lease.stream.as_fd()]) {
            log::debug!("a daemon connection is not kept: {error}");
        }
    }

    /// Starts a command on the machine.
    pub fn exec(&self, command: &str) -> Result<Exec, GatewayError> {
        let (answer, fds) = self.call(&Ask::Exec(command.to_owned()), CHANNEL)?;
        match (answer, <[OwnedFd; 3]>::try_from(fds)) {
            (Answer::Command, Ok([stream, stderr, end])) => Ok(Exec {
                stream: UnixStream::from(stream),
                stderr: UnixStream::from(stderr),
                status: Pending::elsewhere(UnixStream::from(end), self.at.clone()),
            }),
            (Answer::Failed(told), _) => Err(told.into()),
            (answer, _) => Err(self.gone(&format!("it said {answer:?}"))),
        }
    }

    /// Why the connection ended, if it did.
    pub fn failure(&self) -> Option<GatewayError> {
        match self.call(&Ask::Why, REASON) {
            Ok((Answer::Failed(told), _)) => Some(told.into()),
            Ok(_) => None,
            Err(error) => Some(error),
        }
    }

    /// A copy of what holds the connection: shut down, it ends all streams.
    pub fn control(&self) -> io::Result<UnixStream> {
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        control.try_clone()
    }

    fn lease(&self, ask: &Ask) -> Result<Option<Lease>, GatewayError> {
        let (answer, fds) = self.call(ask, CHANNEL)?;
        match (answer, fds.into_iter().next()) {
            (Answer::Channel(number), Some(stream)) => Ok(Some(Lease {
                stream: UnixStream::from(stream),
                number,
            })),
            (Answer::Nothing, _) => Ok(None),
            (Answer::Failed(told), _) => Err(told.into()),
            (answer, _) => Err(self.gone(&format!("it said {answer:?}"))),
        }
    }

    fn call(&self, ask: &Ask, limit: Duration) -> Result<(Answer, Vec<OwnedFd>), GatewayError> {
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let called = control
            .set_read_timeout(Some(limit))
            .and_then(|()| send(&*control, ask, &[]))
            .and_then(|()| next(&control));
        called.map_err(|error| {
            // An answer that comes later would be taken for that of the next.
            drop(control.shutdown(Shutdown::Both));
            self.gone(&error)
        })
    }

    fn gone(&self, detail: &dyn std::fmt::Display) -> GatewayError {
        GatewayError::HolderGone {
            at: self.at.clone(),
            detail: detail.to_string(),
        }
    }
}

/// Connects to the process, which is started if nobody is there.
fn enter(doorstep: &Doorstep) -> io::Result<UnixStream> {
    let begun = Instant::now();
    let mut started = false;
    let control = loop {
        match knock(doorstep) {
            Ok(control) => break control,
            Err(error) if begun.elapsed() >= START => return Err(error),
            Err(_) if !started => {
                started = true;
                doorstep.make()?;
                if !is_held(doorstep) {
                    start()?;
                }
            }
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    };
    control.set_read_timeout(Some(START))?;
    send(&control, &Ask::Hello(program()?), &[])?;
    match next(&control)? {
        (Answer::Welcome, _) => Ok(control),
        (Answer::Other, _) => {
            send(&control, &Ask::Retire, &[])?;
            Err(io::Error::other("another version holds them"))
        }
        (answer, _) => Err(io::Error::other(format!("it said {answer:?}"))),
    }
}

fn knock(doorstep: &Doorstep) -> io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(doorstep.socket())?)?;
    let peer = rustix::net::sockopt::socket_peercred(&socket)?;
    if !is_trusted(peer.uid.as_raw()) {
        return Err(io::Error::other("another user has the socket"));
    }
    Ok(UnixStream::from(socket))
}

/// Tells whether a process is there or about to be.
fn is_held(doorstep: &Doorstep) -> bool {
    let Ok(lock) = std::fs::File::open(doorstep.lock()) else {
        return false;
    };
    let shared = rustix::fs::FlockOperation::NonBlockingLockShared;
    rustix::fs::flock(&lock, shared).is_err()
}

/// Starts the process: executed anew, so that it has neither our slot nor the
/// build's log.
fn start() -> io::Result<()> {
    Command::new("/proc/self/exe")
        .arg(COMMAND)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()
        .map(drop)
}

/// Waits for the machine.
fn connect(
    control: &UnixStream,
    destination: Destination,
    usher: &mut dyn Usher,
) -> io::Result<Result<String, GatewayError>> {
    control.set_read_timeout(Some(SILENCE))?;
    send(control, &Ask::Open(Box::new(destination)), &[])?;
    loop {
        match next(control)?.0 {
            Answer::Wait => {}
            Answer::Greeted => usher.greeted(),
            Answer::Connected(at) => return Ok(Ok(at)),
            Answer::Failed(told) => return Ok(Err(told.into())),
            answer => return Err(io::Error::other(format!("it said {answer:?}"))),
        }
    }
}

fn next(control: &UnixStream) -> io::Result<(Answer, Vec<OwnedFd>)> {
    match receive(control) {
        Ok(Some(came)) => Ok(came),
        Ok(None) => Err(io::Error::other("it has gone")),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(io::Error::other("it does not answer"))
        }
        Err(error) => Err(error),
    }
}
