//! An authenticated SSH session and its channels, without blocking.
//!
//! The crate ssh2 locks the session for each call, opens forwarding channels
//! with a fixed window and frees them without the lock, so what follows
//! authentication calls libssh2 itself. A [`Link`] and its [`Channel`]s
//! belong to one thread: they are not `Send`. What "again" demands of the
//! caller is written at each function; what memory safety demands is checked
//! here. Statements about libssh2 are those of its copy in libssh2-sys 0.3.4.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint, c_ulong};
use std::ptr;
use std::rc::Rc;
use std::task::Poll;

use libssh2_sys as raw;
use ssh2::Session;

use super::error::printable;

mod link;

pub use link::Link;

/// Most that libssh2 takes in one write (`ssh2_channel_write`).
const MAX_WRITE: usize = 32_700;

/// Number of the stream of a process's standard error (RFC 4254, 5.2).
const STDERR: c_int = 1;

unsafe extern "C" {
    // A function of libssh2.h that libssh2-sys does not declare.
    fn libssh2_channel_has_exit_status(channel: *mut raw::LIBSSH2_CHANNEL) -> c_int;
}

/// A call that libssh2 or the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: c_int,
    /// The library's words.
    pub text: String,
}

impl Refusal {
    /// Tells whether only the channel is concerned, not the connection.
    pub fn is_of_channel(&self) -> bool {
        matches!(
            self.code,
            raw::LIBSSH2_ERROR_CHANNEL_FAILURE
                | raw::LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED
                | raw::LIBSSH2_ERROR_CHANNEL_UNKNOWN
                | raw::LIBSSH2_ERROR_CHANNEL_WINDOW_EXCEEDED
                | raw::LIBSSH2_ERROR_CHANNEL_PACKET_EXCEEDED
                | raw::LIBSSH2_ERROR_CHANNEL_CLOSED
                | raw::LIBSSH2_ERROR_CHANNEL_EOF_SENT
                | raw::LIBSSH2_ERROR_BAD_USE
                | raw::LIBSSH2_ERROR_INVAL
                // A request whose answer was missed (libssh2 issue 671).
                | -1
        )
    }

    /// Tells whether the server's policy forbids the channel, rather than
    /// that its other end could not be reached. libssh2 keeps the reason of
    /// RFC 4254, 5.1, only in its text.
    pub fn is_policy(&self) -> bool {
        self.text.contains("administratively prohibited")
    }
}

/// What libssh2 answers without blocking: done, refused, or "again".
pub type Answer<T> = Poll<Result<T, Refusal>>;

/// How a remote command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its exit status; `None` if it did not exit by itself.
    pub code: Option<i32>,
    /// The signal that ended it, without `SIG`.
    pub signal: Option<String>,
}

/// The session with its handle; kept by the link and every channel, so that
/// no channel outlives it.
struct Owner {
    raw: *mut raw::LIBSSH2_SESSION,
    _session: Session,
}

impl Owner {
    fn refusal(&self, code: c_int) -> Refusal {
        let mut text: *mut c_char = ptr::null_mut();
        let mut length: c_int = 0;
        // SAFETY: the session lives; libssh2 sets pointer and length to its
        // own buffer (`want_buf` 0), valid until the next call.
        let last =
            unsafe { raw::libssh2_session_last_error(self.raw, &raw mut text, &raw mut length, 0) };
        let length = usize::try_from(length).unwrap_or(0);
        let text = if code == raw::LIBSSH2_ERROR_TIMEOUT {
            "no answer within 60 s".to_owned()
        } else if last == code && !text.is_null() && length > 0 {
            // SAFETY: as above; copied at once.
            printable(unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) })
        } else {
            format!("libssh2 error {code}")
        };
        Refusal { code, text }
    }

    fn answer(&self, code: c_int) -> Answer<()> {
        match code {
            raw::LIBSSH2_ERROR_EAGAIN => Poll::Pending,
            code if code < 0 => Poll::Ready(Err(self.refusal(code))),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn count(&self, code: isize) -> Answer<usize> {
        if let Ok(count) = usize::try_from(code) {
            return Poll::Ready(Ok(count));
        }
        let code = c_int::try_from(code).unwrap_or(raw::LIBSSH2_ERROR_BAD_USE);
        self.answer(code).map(|result| result.map(|()| 0))
    }
}

/// One of the two streams that come over a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The data, or a command's standard output.
    Output,
    /// A command's standard error.
    Errors,
}

/// An open channel.
///
/// Dropping frees it; it should have been closed, or its link severed,
/// before, else libssh2 keeps it until the session ends.
pub struct Channel {
    raw: *mut raw::LIBSSH2_CHANNEL,
    owner: Rc<Owner>,
    /// How many bytes the next write must offer: libssh2 has fixed the length
    /// of a packet and will take that many from whatever it is given.
    promised: usize,
    /// The last read was told "again".
    reading: bool,
}

impl Channel {
    /// Starts a command; to be called again with the same one until it is
    /// ready, and with no other request under way on the session: libssh2
    /// takes the answer to another channel's for an error.
    pub fn poll_exec(&mut self, command: &str) -> Answer<()> {
        const EXEC: &str = "exec";
        let Ok(length) = c_uint::try_from(command.len()) else {
            return Poll::Ready(Err(self.owner.refusal(raw::LIBSSH2_ERROR_BAD_USE)));
        };
        // SAFETY: channel and session live; both texts live and have these
        // lengths; libssh2 copies what it keeps.
        let code = unsafe {
            raw::libssh2_channel_process_startup(
                self.raw,
                EXEC.as_ptr().cast(),
                4,
                command.as_ptr().cast(),
                length,
            )
        };
        self.owner.answer(code)
    }

    /// Sends some of these bytes.
    ///
    /// "Again" with [`Channel::is_pinned`] means that the beginning of `data`
    /// may be half sent: the same bytes must be offered until they are taken.
    pub fn write(&mut self, data: &[u8]) -> Answer<usize> {
        if data.len() < self.promised {
            return Poll::Ready(Err(self.owner.refusal(raw::LIBSSH2_ERROR_BAD_USE)));
        }
        // SAFETY: channel and session live; `data` is as long as is said and
        // not shorter than in the call that this one may repeat, which is all
        // that libssh2 reads.
        let code =
            unsafe { raw::libssh2_channel_write_ex(self.raw, 0, data.as_ptr().cast(), data.len()) };
        self.promised = match c_int::try_from(code) {
            // With an empty window nothing has been begun.
            Ok(raw::LIBSSH2_ERROR_EAGAIN) if self.send_window() > 0 => {
                self.promised.max(data.len().min(MAX_WRITE))
            }
            _ => 0,
        };
        self.owner.count(code)
    }

    /// Tells whether a write is under way whose bytes must be offered again.
    pub fn is_pinned(&self) -> bool {
        self.promised > 0
    }

    /// How many bytes the server would take now.
    fn send_window(&self) -> c_ulong {
        // SAFETY: channel and session live; the second pointer may be null.
        unsafe { raw::libssh2_channel_window_write_ex(self.raw, ptr::null_mut()) }
    }

    /// Receives; 0 bytes are the end of the stream.
    ///
    /// Takes in everything that the socket has for all channels. When it says
    /// "again", a window adjustment may be under way: it must be repeated, on
    /// either stream, with a buffer of the same length.
    pub fn read(&mut self, stream: Stream, buffer: &mut [u8]) -> Answer<usize> {
        let id = match stream {
            Stream::Output => 0,
            Stream::Errors => STDERR,
        };
        // SAFETY: channel and session live; the buffer is as long as is said.
        let code = unsafe {
            raw::libssh2_channel_read_ex(self.raw, id, buffer.as_mut_ptr().cast(), buffer.len())
        };
        let answer = self.owner.count(code);
        self.reading = answer.is_pending();
        match answer {
            // libssh2 also says 0 where a packet of no type came.
            Poll::Ready(Ok(0)) if !self.is_ended_by_peer() => Poll::Pending,
            answer => answer,
        }
    }

    /// Tells whether a read must be repeated.
    pub fn is_reading(&self) -> bool {
        self.reading
    }

    /// Takes in what the socket has for all channels, without taking anything
    /// out.
    ///
    /// Not by a read while the server may still send on this channel: see
    /// [`Channel::read`] on window adjustments. A channel closed on both
    /// sides must be [`Channel::is_roomy`].
    pub fn drive(&mut self) -> Result<(), Refusal> {
        // SAFETY: channel and session live; nothing waits in this mode.
        let mut code = unsafe { raw::libssh2_channel_wait_eof(self.raw) };
        if code == 0 {
            // These two look for what they wait for first, and read from the
            // socket only if it has not come.
            // SAFETY: as above.
            code = unsafe { raw::libssh2_channel_wait_closed(self.raw) };
        }
        let answer = if code == 0 {
            let mut none = [0u8; 0];
            // SAFETY: as above, and no byte is written to the empty buffer.
            let count =
                unsafe { raw::libssh2_channel_read_ex(self.raw, 0, none.as_mut_ptr().cast(), 0) };
            self.owner.count(count).map(|result| result.map(|_| ()))
        } else {
            self.owner.answer(code)
        };
        match answer {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    /// Tells whether a read of nothing would not adjust the window
    /// (`ssh2_channel_read` does below three quarters): on a channel that is
    /// closed that must not be, since the server may have given its number to
    /// another one.
    pub fn is_roomy(&self) -> bool {
        let mut initial: c_ulong = 0;
        // SAFETY: channel and session live; the pointer is to a local.
        let window = unsafe {
            raw::libssh2_channel_window_read_ex(self.raw, ptr::null_mut(), &raw mut initial)
        };
        !self.reading && window >= initial / 4 * 3
    }

    /// How many bytes of both streams lie ready.
    pub fn unread(&self) -> usize {
        let mut unread: c_ulong = 0;
        // SAFETY: channel and session live; the pointer is to a local.
        unsafe {
            raw::libssh2_channel_window_read_ex(self.raw, &raw mut unread, ptr::null_mut());
        }
        usize::try_from(unread).unwrap_or(usize::MAX)
    }

    /// Tells whether everything has been read and the server sends no more.
    pub fn is_at_end(&self) -> bool {
        // SAFETY: channel and session live.
        unsafe { raw::libssh2_channel_eof(self.raw) != 0 }
    }

    /// Tells whether the server has said that it sends no more; for a stream
    /// of which nothing is left, that is its end.
    fn is_ended_by_peer(&self) -> bool {
        // `libssh2_channel_eof` hides the end while the other stream has
        // bytes left. `libssh2_channel_wait_eof` reads, but looks first.
        // SAFETY: channel and session live; nothing waits in this mode.
        unsafe {
            raw::libssh2_channel_eof(self.raw) != 0 || raw::libssh2_channel_wait_eof(self.raw) == 0
        }
    }

    /// Tells whether the server has closed the channel.
    pub fn is_closed_by_peer(&self) -> bool {
        // SAFETY: channel and session live; nothing waits in this mode.
        self.is_ended_by_peer() && unsafe { raw::libssh2_channel_wait_closed(self.raw) == 0 }
    }

    /// Says that we send no more; the same condition as for
    /// [`Link::keepalive`].
    pub fn send_eof(&mut self) -> Answer<()> {
        // SAFETY: channel and session live.
        let code = unsafe { raw::libssh2_channel_send_eof(self.raw) };
        self.owner.answer(code)
    }

    /// Closes the channel and waits for the server to do the same; to be
    /// called again until it is ready, and only after [`Channel::send_eof`].
    pub fn poll_close(&mut self) -> Answer<()> {
        // SAFETY: channel and session live.
        let code = unsafe { raw::libssh2_channel_close(self.raw) };
        self.owner.answer(code)
    }

    /// How the command ended, if that was said.
    pub fn status(&self) -> Option<Status> {
        // SAFETY: channel and session live.
        let exited = unsafe { libssh2_channel_has_exit_status(self.raw) != 0 };
        if exited {
            // SAFETY: as above.
            let code = unsafe { raw::libssh2_channel_get_exit_status(self.raw) };
            return Some(Status {
                code: Some(code),
                signal: None,
            });
        }
        self.signal().map(|signal| Status {
            code: None,
            signal: Some(signal),
        })
    }

    fn signal(&self) -> Option<String> {
        let mut text: *mut c_char = ptr::null_mut();
        let mut length = 0usize;
        let none = ptr::null_mut();
        // SAFETY: channel and session live; the two pointers are to locals;
        // the others may be null.
        let code = unsafe {
            raw::libssh2_channel_get_exit_signal(
                self.raw,
                &raw mut text,
                &raw mut length,
                none,
                ptr::null_mut(),
                none,
                ptr::null_mut(),
            )
        };
        if code != 0 || text.is_null() {
            return None;
        }
        // SAFETY: libssh2 allocated `length` bytes for us, and frees them by
        // this function; they are copied before.
        unsafe {
            let signal = printable(std::slice::from_raw_parts(text.cast::<u8>(), length));
            raw::libssh2_free(self.owner.raw, text.cast());
            Some(signal)
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // SAFETY: channel and session live, and nobody has the channel any
        // more. If libssh2 says "again" it keeps the channel, and frees it
        // with the session.
        unsafe { raw::libssh2_channel_free(self.raw) };
    }
}
