//! The session's one outgoing packet, and who has it half sent.

use std::net::TcpStream;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::task::Poll;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::channel::{Answer, Link};

/// Something that is repeated until libssh2 is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Opening a channel, or starting a command on it.
    Open,
    /// Taking in what the socket has.
    Drive,
    /// Sending on the channel with this number.
    Write(u64),
    /// Receiving on it, which may send a window adjustment.
    Read(u64),
    /// Closing it.
    Close(u64),
}

/// The session and the operation that has a packet half sent on it.
///
/// libssh2 holds one outgoing packet. While it is half sent, only the
/// operation that began it can go on, everything else that sends is told
/// "again"; and libssh2's own word on what it waits for is unreliable then (a
/// write to a channel with an empty window overwrites it, libssh2 issue
/// 1672). So the *owner* is remembered here: it is tried first at every
/// wake, and the socket is watched for room while there is one.
pub struct Wire {
    /// The session.
    pub link: Link,
    socket: Arc<TcpStream>,
    owner: Option<Operation>,
    /// Somebody waits for [`Wire::takes_small`].
    waiting: bool,
}

impl Wire {
    /// A wire on which nothing has been sent.
    pub fn new(link: Link, socket: Arc<TcpStream>) -> Self {
        Self {
            link,
            socket,
            owner: None,
            waiting: false,
        }
    }

    /// The operation to try first.
    pub fn owner(&self) -> Option<Operation> {
        self.owner
    }

    /// Notes what an operation was answered, and hands the answer on.
    pub fn note<T>(&mut self, operation: Operation, answer: Answer<T>) -> Answer<T> {
        match &answer {
            Poll::Pending if self.owner.is_none() && self.link.wants_to_send() => {
                self.owner = Some(operation);
            }
            Poll::Ready(_) if self.owner == Some(operation) => self.owner = None,
            _ => {}
        }
        answer
    }

    /// Notes that the owner was tried several times and waits for something
    /// else than room.
    pub fn disown(&mut self) {
        self.owner = None;
    }

    /// Tells whether a small packet surely goes out whole now: no packet is
    /// half sent and the socket has room.
    ///
    /// End of file and keepalives need that: libssh2 builds them on its stack
    /// and knows a retry by its address.
    pub fn takes_small(&mut self) -> bool {
        let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
        let takes = self.owner.is_none()
            && matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1))
            && fds.iter().all(|fd| fd.any() == Some(true));
        self.waiting |= !takes;
        takes
    }

    /// The events of the socket to wake up for, beside its input.
    pub fn interest(&mut self) -> PollFlags {
        let waiting = std::mem::take(&mut self.waiting);
        if self.owner.is_some() || waiting {
            PollFlags::POLLOUT
        } else {
            PollFlags::empty()
        }
    }
}
