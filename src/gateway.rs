//! SSH to the build machines: asks for a channel, gets a UNIX socket.
//!
//! [`Connection::open`] connects, checks the host key and authenticates in
//! the caller's thread; from then on one thread owns the session with all its
//! channels. To the rest of the program a channel is a UNIX socket: half
//! close works both ways, and a socket that is closed closes its channel at
//! once, so that what runs on the machine for it ends.

use std::fmt;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use nix::sys::eventfd::{EfdFlags, EventFd};

mod buffer;
mod channel;
mod command;
mod dial;
mod error;
mod hostkey;
mod keyfile;
mod known_hosts;
mod lane;
pub mod probe;
mod pump;
mod request;
mod route;
mod session;
pub mod shared;
mod target;
mod wire;

pub use channel::Status;
pub use command::{Exec, Output, Pending};
pub use error::GatewayError;
pub use error::Nature;
pub use hostkey::{Fingerprint, HostKey, HostKeyProblem, KeyType};
pub use keyfile::{KeyProblem, PrivateKey, read as read_private_key};
pub use route::{Ender, Route};
pub use target::{Target, shell_quoted};

use channel::Refusal;
use request::{NotOpened, OpenRequest, Opened, Order, Request};
use session::Credentials;

use crate::machines::record::BuildMachine;

/// Waits before a forwarding that failed is asked for again: in a burst the
/// daemon's queue of connections fills up, and sshd does not wait (measured:
/// the twelfth to twentieth of 60 at once).
const FORWARD_WAITS: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
];

/// How long the command may take that tells why forwarding failed; it is a
/// login shell that starts it.
const EXPLANATION_LIMIT: Duration = Duration::from_secs(10);

/// How long the end of a connection may keep its user waiting.
const JOIN_LIMIT: Duration = Duration::from_millis(200);

/// Time limits of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For connecting to each address of the machine, and for finding them.
    pub connect: Duration,
    /// For greeting and key exchange, and again for authentication.
    pub handshake: Duration,
    /// Between keepalives; at least two seconds.
    pub keepalive: Duration,
    /// How long sent bytes may stay unacknowledged; with `keepalive` it says
    /// when a machine that is gone is noticed.
    pub user_timeout: Duration,
    /// How long a machine that acknowledges, but answers nothing, is waited
    /// for.
    pub silent: Duration,
    /// How often a server that turns the connection away is asked again:
    /// after about one second, two, four.
    pub retries: u32,
}

impl Default for Limits {
    /// Measured: with 15 s and 30 s a machine cut off showed after 41 to 55 s,
    /// since the kernel looks only when it sends again, so keepalives come
    /// each 10 s. 120 s of silence have ended healthy connections elsewhere.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            handshake: Duration::from_secs(15),
            keepalive: Duration::from_secs(10),
            user_timeout: Duration::from_secs(30),
            silent: Duration::from_secs(300),
            retries: 3,
        }
    }
}

/// Who is asked before a machine is greeted, and told what it answers.
pub trait Usher {
    /// Waits until one more connection to the machine may begin. What it gives
    /// is kept until the machine has let us in, or has not.
    fn admit(&mut self) -> Box<dyn Send>;

    /// Somebody has accepted the connection.
    fn accepted(&mut self) {}

    /// The server has said that it speaks SSH, long before it lets in.
    fn greeted(&mut self);
}

/// Nobody else connects.
struct Alone;

impl Usher for Alone {
    fn admit(&mut self) -> Box<dyn Send> {
        Box::new(())
    }

    fn greeted(&mut self) {}
}

/// What the connection's thread and its users share.
#[derive(Debug)]
struct Shared {
    at: String,
    socket: Arc<TcpStream>,
    failure: Mutex<Option<GatewayError>>,
    killed: AtomicBool,
}

impl Shared {
    fn fail(&self, reason: GatewayError) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(reason);
    }

    fn failure(&self) -> Option<GatewayError> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Acquire)
    }
}

/// An authenticated SSH connection to a build machine.
///
/// Dropping it closes every channel and ends within a fraction of a second,
/// whatever the other side does.
pub struct Connection {
    shared: Arc<Shared>,
    /// `None` only while dropping.
    requests: Option<Sender<Order>>,
    wake: Arc<EventFd>,
    /// Disconnected when the thread has ended; locked only so that a
    /// connection can be shared.
    ended: Mutex<Receiver<()>>,
    socket_field: String,
    /// Forwarding has worked, or is refused for good.
    forwarded: AtomicBool,
    refused: AtomicBool,
}

impl Connection {
    /// Connects to a machine and logs in.
    ///
    /// The record and the key files are read first, so that a mistake in them
    /// costs no connection.
    pub fn open(
        machine: &BuildMachine,
        home: Option<&Path>,
        limits: &Limits,
    ) -> Result<Self, GatewayError> {
        Self::open_by(machine, home, limits, &mut Alone)
    }

    /// The same, under the eyes of an usher.
    pub fn open_by(
        machine: &BuildMachine,
        home: Option<&Path>,
        limits: &Limits,
        usher: &mut dyn Usher,
    ) -> Result<Self, GatewayError> {
        let name = error::printable(machine.name.as_bytes());
        let at = format!("{name}:{}", machine.port);
        let credentials = Credentials::read(machine, home, &at)?;
        let mut tries = 0;
        loop {
            match Self::try_open(machine, &credentials, limits, usher) {
                Err(error) if error.is_passing() && tries < limits.retries => {
                    // With a random part, so that many that were turned away
                    // together do not come back together.
                    let wait = 1000u64 << tries.min(4);
                    let wait = wait / 2 + fastrand::u64(..=wait);
                    log::info!("{error}; trying again in {wait} ms");
                    thread::sleep(Duration::from_millis(wait));
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    fn try_open(
        machine: &BuildMachine,
        credentials: &Credentials,
        limits: &Limits,
        usher: &mut dyn Usher,
    ) -> Result<Self, GatewayError> {
        let passage = usher.admit();
        let (socket, address) = dial::dial(&machine.name, machine.port, limits)?;
        usher.accepted();
        let name = error::printable(machine.name.as_bytes());
        let at = if address.ip().to_string() == name {
            format!("{name}:{}", machine.port)
        } else {
            format!("{name}:{} ({})", machine.port, address.ip())
        };
        let socket = Arc::new(socket);
        let session =
            session::establish(&socket, credentials, limits, &at, &mut || usher.greeted())?;
        drop(passage);
        let local = |what: &str, error: &dyn std::fmt::Display| GatewayError::Local {
            at: at.clone(),
            detail: format!("{what}: {error}"),
        };
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let wake = EventFd::from_value_and_flags(0, flags)
            .map(Arc::new)
            .map_err(|error| local("eventfd", &error))?;
        let shared = Arc::new(Shared {
            at: at.clone(),
            socket,
            failure: Mutex::new(None),
            killed: AtomicBool::new(false),
        });
        let (requests, receiver) = mpsc::channel();
        let (alive, ended) = mpsc::sync_channel::<()>(0);
        let of_thread = (Arc::clone(&shared), limits.clone(), Arc::clone(&wake));
        thread::Builder::new()
            .name(format!("ssh {name}"))
            .spawn(move || {
                let (shared, limits, wake) = of_thread;
                let guard = Guard {
                    shared: Arc::clone(&shared),
                    _alive: alive,
                };
                pump::run(session, shared, &limits, receiver, wake);
                drop(guard);
            })
            .map_err(|error| local("starting a thread", &error))?;
        Ok(Self {
            shared,
            requests: Some(requests),
            wake,
            ended: Mutex::new(ended),
            socket_field: machine.daemon_socket.clone(),
            forwarded: AtomicBool::new(false),
            refused: AtomicBool::new(false),
        })
    }

    /// The machine as messages name it.
    pub fn machine(&self) -> &str {
        &self.shared.at
    }

    /// Opens a channel to the machine's guix-daemon.
    ///
    /// Where that fails, a command on the machine tells whether the socket is
    /// there: sshd gives the same answer for a socket that it must not
    /// forward to and for one that is missing. A refusal is remembered.
    pub fn daemon(&self) -> Result<UnixStream, GatewayError> {
        self.daemon_channel().map(|opened| opened.stream)
    }

    fn daemon_channel(&self) -> Result<Opened, GatewayError> {
        let target = Target::parse(&self.socket_field).map_err(|detail| {
            GatewayError::DaemonSocketUnusable {
                at: self.shared.at.clone(),
                socket: error::printable(self.socket_field.as_bytes()),
                detail,
            }
        })?;
        if self.refused.load(Ordering::Relaxed) {
            return Err(self.forwarding_refused(&target));
        }
        let mut waits = FORWARD_WAITS.iter();
        loop {
            match self.request(OpenRequest::forward(&target), None)? {
                Ok(opened) => {
                    self.forwarded.store(true, Ordering::Relaxed);
                    return Ok(opened);
                }
                Err(NotOpened::Local(error)) => return Err(self.local(&error)),
                Err(NotOpened::Channel(refusal) | NotOpened::Command(refusal)) => {
                    let wait = waits.next().filter(|_| !refusal.is_policy());
                    let Some(wait) = wait else {
                        return Err(self.explain_refusal(&target, &refusal));
                    };
                    thread::sleep(*wait);
                }
            }
        }
    }

    /// Starts a command on the machine, by its user's login shell.
    pub fn exec(&self, command: &str) -> Result<Exec, GatewayError> {
        self.command_channel(command).map(|(_, exec)| exec)
    }

    fn command_channel(&self, command: &str) -> Result<(u64, Exec), GatewayError> {
        match self.request(OpenRequest::session(), Some(command.to_owned()))? {
            Ok(Opened {
                number,
                stream,
                command: Some((stderr, status)),
            }) => {
                let status = Pending::new(Arc::clone(&self.shared), status);
                let exec = Exec {
                    stream,
                    stderr,
                    status,
                };
                Ok((number, exec))
            }
            Ok(_) => Err(self.local(&io::Error::other("a command without status"))),
            Err(NotOpened::Local(error)) => Err(self.local(&error)),
            Err(NotOpened::Channel(refusal) | NotOpened::Command(refusal)) => {
                Err(GatewayError::ExecRefused {
                    at: self.shared.at.clone(),
                    detail: refusal.text,
                })
            }
        }
    }

    /// Closes a channel, whatever the state of its stream.
    fn close_channel(&self, number: u64) {
        if let Some(requests) = &self.requests
            && requests.send(Order::Close(number)).is_ok()
        {
            pump::ring(&self.wake);
        }
    }

    /// Something that ends the connection from any thread.
    pub fn killer(&self) -> Killer {
        Killer {
            shared: Arc::downgrade(&self.shared),
        }
    }

    /// Why the connection ended, if it did.
    ///
    /// Known before the first of its sockets is closed.
    pub fn failure(&self) -> Option<GatewayError> {
        self.shared.failure()
    }

    /// Hands a request to the thread and waits for what becomes of it.
    fn request(
        &self,
        open: OpenRequest,
        command: Option<String>,
    ) -> Result<Result<Opened, NotOpened>, GatewayError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let request = Request {
            open,
            command,
            reply,
        };
        let sent = self
            .requests
            .as_ref()
            .is_some_and(|requests| requests.send(Order::Open(request)).is_ok());
        if sent {
            pump::ring(&self.wake);
            if let Ok(result) = answer.recv() {
                return Ok(result);
            }
        }
        Err(self.shared.failure().unwrap_or(GatewayError::Closed {
            at: self.shared.at.clone(),
        }))
    }

    fn explain_refusal(&self, target: &Target, refusal: &Refusal) -> GatewayError {
        let absent = || GatewayError::DaemonAbsent {
            at: self.shared.at.clone(),
            socket: target.to_string(),
        };
        if refusal.is_policy() {
            self.refused.store(true, Ordering::Relaxed);
            return self.forwarding_refused(target);
        }
        // It forwards: so nobody is there now.
        if self.forwarded.load(Ordering::Relaxed) {
            return absent();
        }
        let Target::Socket(name) = target else {
            return absent();
        };
        let code = self
            .exec(&target::listening_command(name))
            .and_then(|exec| exec.output(0, EXPLANATION_LIMIT))
            .map(|output| output.status.code);
        match code {
            Ok(Some(0)) => {
                self.refused.store(true, Ordering::Relaxed);
                self.forwarding_refused(target)
            }
            Ok(Some(1 | target::STALE)) => absent(),
            Err(error) if self.failure().is_some() => error,
            Ok(_) | Err(_) => GatewayError::ChannelRefused {
                at: self.shared.at.clone(),
                purpose: target.to_string(),
                detail: refusal.text.clone(),
            },
        }
    }

    fn forwarding_refused(&self, target: &Target) -> GatewayError {
        GatewayError::ForwardingRefused {
            at: self.shared.at.clone(),
            socket: target.to_string(),
        }
    }

    fn local(&self, error: &io::Error) -> GatewayError {
        GatewayError::Local {
            at: self.shared.at.clone(),
            detail: error.to_string(),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.shared.at)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.requests = None;
        pump::ring(&self.wake);
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(JOIN_LIMIT) == Err(RecvTimeoutError::Timeout) {
            // It ends by itself now; nothing of it is needed any more.
            self.killer().kill();
        }
    }
}

/// Lets go when the thread ends, also by a panic: then nobody would close the
/// socket or say why.
struct Guard {
    shared: Arc<Shared>,
    _alive: SyncSender<()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.fail(GatewayError::Local {
            at: self.shared.at.clone(),
            detail: "the thread of the connection ended".to_owned(),
        });
        // It fails when the connection is closed already.
        drop(self.shared.socket.shutdown(Shutdown::Both));
    }
}

/// Ends a connection from another thread.
#[derive(Clone, Debug)]
pub struct Killer {
    shared: Weak<Shared>,
}

impl Killer {
    /// Shuts the connection down, at once and for all its channels.
    pub fn kill(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.killed.store(true, Ordering::Release);
            // It fails when the connection is closed already.
            drop(shared.socket.shutdown(Shutdown::Both));
        }
    }
}

/// Recognises anything as a private key's file: the body of a fuzz target.
pub fn fuzz_key_file(bytes: &[u8]) {
    std::hint::black_box(keyfile::recognise(bytes).is_ok());
}

/// Looks for a host in anything: the body of a fuzz target.
pub fn fuzz_known_hosts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    std::hint::black_box(known_hosts::keys_for(&text, "[host.example.org]:2222"));
}
