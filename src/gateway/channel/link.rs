//! The session that channels belong to, and its end.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use libssh2_sys as raw;
use ssh2::Session;

use super::{Answer, Channel, Owner, Refusal};
use crate::gateway::request::OpenRequest;

/// Receive window of a channel: what may lie unread in memory for it. One MiB
/// costs no throughput on a local network (measured).
const WINDOW: c_uint = 1 << 20;

/// The window where there are many channels, so that they stay within 24 MiB
/// together.
const SMALL_WINDOW: c_uint = 256 << 10;

/// From how many channels on.
const MANY: usize = 16;

/// `LIBSSH2_CALLBACK_SEND`, `LIBSSH2_CALLBACK_RECV` of libssh2.h.
const CALLBACK_SEND: c_int = 5;
const CALLBACK_RECV: c_int = 6;

unsafe extern "C" {
    // A function of libssh2.h that libssh2-sys does not declare.
    fn libssh2_session_callback_set2(
        session: *mut raw::LIBSSH2_SESSION,
        kind: c_int,
        callback: Option<unsafe extern "C" fn()>,
    ) -> Option<unsafe extern "C" fn()>;
}

/// An authenticated session in non-blocking mode.
pub struct Link {
    owner: Rc<Owner>,
    opening: Option<(OpenRequest, c_uint)>,
}

impl Link {
    /// Takes a session over; nobody else may use a clone of it any more.
    pub fn new(session: Session) -> Self {
        session.set_blocking(false);
        // The guard must end here, else the next call would wait for it.
        let raw = {
            let mut guard = session.raw();
            ptr::from_mut(&mut *guard)
        };
        Self {
            owner: Rc::new(Owner {
                raw,
                _session: session,
            }),
            opening: None,
        }
    }

    /// Sets the channel that [`Link::poll_open`] opens; there is one at a
    /// time, since libssh2 keeps its state in the session. `others` is how
    /// many there are already.
    pub fn begin_open(&mut self, request: OpenRequest, others: usize) {
        if self.opening.is_none() {
            let window = if others < MANY { WINDOW } else { SMALL_WINDOW };
            self.opening = Some((request, window));
        }
    }

    /// Goes on opening; to be called again until it is ready.
    pub fn poll_open(&mut self) -> Answer<Channel> {
        let Some((request, window)) = &self.opening else {
            return Poll::Ready(Err(self.owner.refusal(raw::LIBSSH2_ERROR_BAD_USE)));
        };
        let (Ok(kind_length), Ok(message_length)) = (
            c_uint::try_from(request.kind.len()),
            c_uint::try_from(request.message.len()),
        ) else {
            return Poll::Ready(Err(self.owner.refusal(raw::LIBSSH2_ERROR_BAD_USE)));
        };
        // SAFETY: the session lives; both texts live and have these lengths,
        // and are the same at each repeated call, since `opening` changes
        // only when the call has ended.
        let channel = unsafe {
            raw::libssh2_channel_open_ex(
                self.owner.raw,
                request.kind.as_ptr().cast(),
                kind_length,
                *window,
                raw::LIBSSH2_CHANNEL_PACKET_DEFAULT,
                request.message.as_ptr().cast(),
                message_length,
            )
        };
        if channel.is_null() {
            // SAFETY: the session lives.
            let code = unsafe { raw::libssh2_session_last_errno(self.owner.raw) };
            if code == raw::LIBSSH2_ERROR_EAGAIN {
                return Poll::Pending;
            }
            self.opening = None;
            return Poll::Ready(Err(self.owner.refusal(code)));
        }
        self.opening = None;
        Poll::Ready(Ok(Channel {
            raw: channel,
            owner: Rc::clone(&self.owner),
            promised: 0,
            reading: false,
        }))
    }

    /// Tells whether the last call that was told "again" waits for the socket
    /// to take bytes.
    pub fn wants_to_send(&self) -> bool {
        // SAFETY: the session lives.
        let directions = unsafe { raw::libssh2_session_block_directions(self.owner.raw) };
        directions & raw::LIBSSH2_SESSION_BLOCK_OUTBOUND != 0
    }

    /// Sets how often [`Link::keepalive`] sends something.
    pub fn set_keepalive(&mut self, interval: Duration) {
        let seconds = c_uint::try_from(interval.as_secs().max(2)).unwrap_or(c_uint::MAX);
        // SAFETY: the session lives.
        unsafe { raw::libssh2_keepalive_config(self.owner.raw, 1, seconds) };
    }

    /// Sends a keepalive if its time has come, and says when the next is due.
    ///
    /// Only to be called while no packet is half sent and the socket takes
    /// bytes: libssh2 builds the packet on its stack and knows a retry by its
    /// address, so a half-sent one might never be finished.
    pub fn keepalive(&mut self) -> Result<Duration, Refusal> {
        let mut seconds: c_int = 0;
        // SAFETY: the session lives; the pointer is to a local.
        let code = unsafe { raw::libssh2_keepalive_send(self.owner.raw, &raw mut seconds) };
        if code < 0 {
            return Err(self.owner.refusal(code));
        }
        Ok(Duration::from_secs(
            u64::try_from(seconds).unwrap_or(0).max(1),
        ))
    }

    /// Tells the server that the connection ends; the same condition as for
    /// [`Link::keepalive`].
    pub fn say_goodbye(&mut self) {
        const SSH_DISCONNECT_BY_APPLICATION: c_int = 11;
        // SAFETY: the session lives; both texts end with NUL. What comes of
        // it no longer matters.
        unsafe {
            raw::libssh2_session_disconnect_ex(
                self.owner.raw,
                SSH_DISCONNECT_BY_APPLICATION,
                c"done".as_ptr(),
                c"".as_ptr(),
            );
        }
    }

    /// Cuts libssh2 off from a socket that is given up: from here on
    /// everything sent counts as sent, and nothing comes.
    ///
    /// With a packet half sent, each further send would be told "again", and
    /// `libssh2_session_free` then frees nothing. So what is half sent is to
    /// be repeated once more, then comes [`Link::deafen`].
    pub fn sever(&mut self) {
        self.set_io(send_nothing, receive_nothing);
    }

    /// Makes every receive of a severed link fail, so that nothing can wait
    /// for the other side any more.
    pub fn deafen(&mut self) {
        self.set_io(send_nothing, fail_to_receive);
    }

    fn set_io(&mut self, send: Io, receive: Io) {
        type Callback = unsafe extern "C" fn();
        // SAFETY: the session lives; libssh2 calls the two with the signature
        // that they have (LIBSSH2_SEND_FUNC, LIBSSH2_RECV_FUNC), the pointer
        // type is only the common one of all its callbacks.
        unsafe {
            let send = std::mem::transmute::<Io, Callback>(send);
            let receive = std::mem::transmute::<Io, Callback>(receive);
            libssh2_session_callback_set2(self.owner.raw, CALLBACK_SEND, Some(send));
            libssh2_session_callback_set2(self.owner.raw, CALLBACK_RECV, Some(receive));
        }
    }
}

/// A function that sends or receives for libssh2: socket, buffer, length,
/// flags, the session's own pointer; it answers a count or a negative errno.
type Io = unsafe extern "C" fn(c_int, *const c_void, usize, c_int, *mut *mut c_void) -> isize;

unsafe extern "C" fn send_nothing(
    _socket: c_int,
    _buffer: *const c_void,
    length: usize,
    _flags: c_int,
    _session: *mut *mut c_void,
) -> isize {
    isize::try_from(length).unwrap_or(-1)
}

unsafe extern "C" fn receive_nothing(
    _socket: c_int,
    _buffer: *const c_void,
    _length: usize,
    _flags: c_int,
    _session: *mut *mut c_void,
) -> isize {
    -(nix::libc::EAGAIN as isize)
}

unsafe extern "C" fn fail_to_receive(
    _socket: c_int,
    _buffer: *const c_void,
    _length: usize,
    _flags: c_int,
    _session: *mut *mut c_void,
) -> isize {
    -(nix::libc::ECONNRESET as isize)
}
