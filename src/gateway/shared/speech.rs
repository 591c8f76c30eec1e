//! What hooks and the process that holds the connections say to each other.
//!
//! One message is one packet of a UNIX socket (SOCK_SEQPACKET): JSON, with
//! descriptors beside it. Both sides run this very program, or they part after
//! the first message.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::error::{GatewayError, Nature};
use super::super::{Limits, Status};
use crate::machines::record::{BuildMachine, Field};

/// The longest message.
const LONGEST: usize = 64 << 10;

/// The most descriptors that come with one: streams of a command and its end.
const MOST_DESCRIPTORS: usize = 3;

/// What a hook says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Which program it is.
    Hello(String),
    /// To connect to a machine; the others are about that one.
    Open(Box<Destination>),
    /// For a channel to its daemon.
    Daemon,
    /// For a command there.
    Exec(String),
    /// Why the connection ended, if it did.
    Why,
    /// For a daemon connection that another hook has left.
    Lease {
        /// If there is none, but will be soon: wait for it.
        wait: bool,
    },
    /// Takes back what was leased or opened: nothing is outstanding on it.
    Return {
        /// The channel's number.
        number: u64,
        /// How many temporary roots hang on it.
        roots: usize,
    },
    /// To make room for another version.
    Retire,
}

/// What is said to a hook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// It is the same program.
    Welcome,
    /// It is another program, or about to leave.
    Other,
    /// The machine has not let us in yet.
    Wait,
    /// The machine's server has greeted.
    Greeted,
    /// The machine is connected to; this is what messages call it.
    Connected(String),
    /// A channel, with its stream.
    Channel(u64),
    /// A command, with its streams, and one that tells how it ends.
    Command,
    /// What was asked for is not there.
    Nothing,
    /// It cannot be had.
    Failed(Told),
}

/// An error, told across processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    text: String,
    hint: Option<String>,
    nature: Nature,
}

impl From<&GatewayError> for Told {
    fn from(error: &GatewayError) -> Self {
        Self {
            text: error.to_string(),
            hint: error.hint(),
            nature: error.nature(),
        }
    }
}

impl From<Told> for GatewayError {
    fn from(told: Told) -> Self {
        Self::Told {
            text: told.text,
            hint: told.hint,
            nature: told.nature,
        }
    }
}

/// How a command ended, told across processes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum End {
    /// By itself or by a signal.
    Status {
        /// Its exit status.
        code: Option<i32>,
        /// The signal, without `SIG`.
        signal: Option<String>,
    },
    /// With its connection.
    Failed(Told),
}

impl From<Result<Status, GatewayError>> for End {
    fn from(end: Result<Status, GatewayError>) -> Self {
        match end {
            Ok(Status { code, signal }) => Self::Status { code, signal },
            Err(error) => Self::Failed(Told::from(&error)),
        }
    }
}

/// All that is needed to connect to a machine, and to know its connection
/// again. No secret is in it: who asks and who connects are the same user, and
/// both can read the key's file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Destination {
    name: String,
    port: u16,
    user: String,
    private_key: Option<PathBuf>,
    host_key: Option<String>,
    compression: Option<String>,
    compression_level: u8,
    daemon_socket: String,
    home: Option<PathBuf>,
    limits: [u64; 6],
}

impl Destination {
    /// Takes from a record what connecting needs.
    pub fn new(machine: &BuildMachine, home: Option<&Path>, limits: &Limits) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            name: machine.name.clone(),
            port: machine.port,
            user: machine.user.clone(),
            private_key: machine.private_key.clone(),
            host_key: machine.host_key.clone(),
            compression: machine
                .is_written(Field::Compression)
                .then(|| machine.compression.clone()),
            compression_level: machine.compression_level,
            daemon_socket: machine.daemon_socket.clone(),
            home: home.map(Path::to_owned),
            limits: [
                millis(limits.connect),
                millis(limits.handshake),
                millis(limits.keepalive),
                millis(limits.user_timeout),
                millis(limits.silent),
                u64::from(limits.retries),
            ],
        }
    }

    /// The record, as far as connecting needs it.
    pub fn machine(&self) -> BuildMachine {
        let mut written = BTreeMap::new();
        if self.compression.is_some() {
            written.insert(Field::Compression, None);
        }
        BuildMachine {
            name: self.name.clone(),
            port: self.port,
            systems: Vec::new(),
            user: self.user.clone(),
            private_key: self.private_key.clone(),
            host_key: self.host_key.clone(),
            compression: self.compression.clone().unwrap_or_default(),
            compression_level: self.compression_level,
            daemon_socket: self.daemon_socket.clone(),
            overload_threshold: None,
            parallel_builds: 1,
            speed: 1.0,
            features: Vec::new(),
            location: None,
            written,
        }
    }

    /// The home directory of the user that connects.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The limits of the connection.
    pub fn limits(&self) -> Limits {
        let [connect, handshake, keepalive, user_timeout, silent, retries] = self.limits;
        Limits {
            connect: Duration::from_millis(connect),
            handshake: Duration::from_millis(handshake),
            keepalive: Duration::from_millis(keepalive),
            user_timeout: Duration::from_millis(user_timeout),
            silent: Duration::from_millis(silent),
            retries: u32::try_from(retries).unwrap_or(u32::MAX),
        }
    }
}

/// Sends one message.
pub fn send(socket: impl AsFd, message: &impl Serialize, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() > LONGEST {
        return Err(io::Error::other("a message that is too long"));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !beside.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::Error::other("too many descriptors"));
    }
    loop {
        let parts = [IoSlice::new(&bytes)];
        match sendmsg(&socket, &parts, &mut beside, SendFlags::NOSIGNAL) {
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        }
    }
}

/// Receives one message with its descriptors; `None` at the end.
pub fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; LONGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        match recvmsg(&socket, &mut parts, &mut beside, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(received) => break received,
        }
    };
    let mut fds = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(came) = message {
            fds.extend(came);
        }
    }
    if received.bytes == 0 {
        return Ok(None);
    }
    if received
        .flags
        .intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC)
    {
        return Err(io::Error::other("a message that is too long"));
    }
    let message = serde_json::from_slice(bytes.get(..received.bytes).unwrap_or_default())?;
    Ok(Some((message, fds)))
}

/// Reads whatever bytes as messages of either side, for fuzzing: must not
/// panic, and what is understood means the same when it is said again.
pub fn fuzz(bytes: &[u8]) {
    fn same<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
        if let Ok(message) = serde_json::from_slice::<T>(bytes) {
            let again = serde_json::to_vec(&message).ok();
            let again = again.and_then(|bytes| serde_json::from_slice::<T>(&bytes).ok());
            assert_eq!(again, Some(message));
        }
    }
    same::<Ask>(bytes);
    same::<Answer>(bytes);
    drop(serde_json::from_slice::<End>(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    fn pair() -> (OwnedFd, OwnedFd) {
        let flags = SocketFlags::CLOEXEC;
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap()
    }

    fn machine() -> BuildMachine {
        BuildMachine {
            compression: "none".to_owned(),
            written: BTreeMap::from([(Field::Compression, None)]),
            ..crate::schedule::sample::machine("w1")
        }
    }

    #[test]
    fn a_message_comes_with_its_descriptors() {
        let (ours, theirs) = pair();
        let (mut stream, other) = UnixStream::pair().unwrap();
        send(&ours, &Answer::Channel(7), &[other.as_fd()]).unwrap();
        send(&ours, &Ask::Daemon, &[]).unwrap();
        drop((ours, other));
        let (answer, fds) = receive::<Answer>(&theirs).unwrap().unwrap();
        assert_eq!(answer, Answer::Channel(7));
        let mut came = UnixStream::from(fds.into_iter().next().unwrap());
        came.write_all(b"hello").unwrap();
        let mut text = [0; 5];
        stream.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"hello");
        let (ask, fds) = receive::<Ask>(&theirs).unwrap().unwrap();
        assert_eq!((ask, fds.len()), (Ask::Daemon, 0));
        assert!(receive::<Ask>(&theirs).unwrap().is_none());
    }

    #[test]
    fn a_destination_says_all_that_connecting_needs() {
        let (machine, limits) = (machine(), Limits::default());
        let home = Path::new("/home");
        let destination = Destination::new(&machine, Some(home), &limits);
        let text = serde_json::to_string(&destination).unwrap();
        let came: Destination = serde_json::from_str(&text).unwrap();
        assert_eq!(came, destination);
        assert_eq!(came.limits(), limits);
        assert_eq!(came.home(), Some(home));
        let other = came.machine();
        assert_eq!(Destination::new(&other, Some(home), &limits), destination);
        assert_eq!(other.compression, "none");
    }

    #[test]
    fn errors_keep_their_meaning() {
        let error = GatewayError::AuthenticationRefused {
            at: "w1:22".to_owned(),
            user: "u".to_owned(),
            file: "/key".into(),
            public: None,
        };
        let told = GatewayError::from(Told::from(&error));
        assert_eq!(told.to_string(), error.to_string());
        assert_eq!(told.hint(), error.hint());
        assert_eq!(told.nature(), error.nature());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_refused_or_taken(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            let (ours, theirs) = pair();
            rustix::io::write(&ours, &bytes).unwrap();
            drop(receive::<Ask>(&theirs));
            rustix::io::write(&ours, &bytes).unwrap();
            drop(receive::<Answer>(&theirs));
        }
    }
}
