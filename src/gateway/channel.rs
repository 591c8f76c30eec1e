//! An authenticated SSH session and its channels, without blocking.
//!
//! The crate ssh2 locks the session for each call, opens forwarding channels
//! with a fixed window and frees them without the lock, so what follows
//! authentication calls libssh2 itself. A [`Link`] and its [`Channel`]s
//! belong to one thread: they are not `Send`. What "again" demands of the
//! caller is written at each function; what memory safety demands is checked
//! here. Statements about libssh2 are those of its copy in libssh2-sys 0.3.4.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use std::ptr;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use libssh2_sys as raw;
use ssh2::Session;

use super::error::printable;
use super::target::Target;

/// Receive window of a channel: what may lie unread in memory for it. One MiB
/// costs no throughput on a local network (measured).
const WINDOW: c_uint = 1 << 20;

/// The window where there are many channels, so that they stay within 24 MiB
/// together.
const SMALL_WINDOW: c_uint = 256 << 10;

/// From how many channels on.
const MANY: usize = 16;

/// Most that libssh2 takes in one write (`ssh2_channel_write`).
const MAX_WRITE: usize = 32_700;

/// Number of the stream of a process's standard error (RFC 4254, 5.2).
const STDERR: c_int = 1;

/// `LIBSSH2_CALLBACK_SEND`, `LIBSSH2_CALLBACK_RECV` of libssh2.h.
const CALLBACK_SEND: c_int = 5;
const CALLBACK_RECV: c_int = 6;

unsafe extern "C" {
    // Two functions of libssh2.h that libssh2-sys does not declare.
    fn libssh2_channel_has_exit_status(channel: *mut raw::LIBSSH2_CHANNEL) -> c_int;
    fn libssh2_session_callback_set2(
        session: *mut raw::LIBSSH2_SESSION,
        kind: c_int,
        callback: Option<unsafe extern "C" fn()>,
    ) -> Option<unsafe extern "C" fn()>;
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

/// A channel to be opened.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    kind: &'static str,
    message: Vec<u8>,
    window: c_uint,
}

impl OpenRequest {
    /// A channel for a command.
    pub fn session() -> Self {
        Self {
            kind: "session",
            message: Vec::new(),
            window: WINDOW,
        }
    }

    /// A channel to a socket that the server connects to.
    ///
    /// Layouts: OpenSSH's PROTOCOL, 2.4, and RFC 4254, 7.2.
    pub fn forward(target: &Target) -> Self {
        let mut message = Vec::new();
        let mut string = |text: &str| {
            // Targets are shorter than 256 bytes.
            let length = u32::try_from(text.len()).unwrap_or(0);
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(text.as_bytes());
        };
        match target {
            Target::Socket(name) => {
                string(name);
                string("");
                message.extend_from_slice(&0u32.to_be_bytes());
                Self {
                    kind: "direct-streamlocal@openssh.com",
                    message,
                    window: WINDOW,
                }
            }
            Target::Tcp { host, port } => {
                string(host);
                message.extend_from_slice(&u32::from(*port).to_be_bytes());
                let mut originator = Self::originator();
                message.append(&mut originator);
                Self {
                    kind: "direct-tcpip",
                    message,
                    window: WINDOW,
                }
            }
        }
    }

    /// Where a forwarded connection is said to come from; servers only log
    /// it.
    fn originator() -> Vec<u8> {
        let address = b"127.0.0.1";
        let mut message = Vec::from(9u32.to_be_bytes());
        message.extend_from_slice(address);
        message.extend_from_slice(&0u32.to_be_bytes());
        message
    }
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

/// An authenticated session in non-blocking mode.
pub struct Link {
    owner: Rc<Owner>,
    opening: Option<OpenRequest>,
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
    pub fn begin_open(&mut self, mut request: OpenRequest, others: usize) {
        if self.opening.is_none() {
            if others >= MANY {
                request.window = SMALL_WINDOW;
            }
            self.opening = Some(request);
        }
    }

    /// Goes on opening; to be called again until it is ready.
    pub fn poll_open(&mut self) -> Answer<Channel> {
        let Some(request) = &self.opening else {
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
                request.window,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_layouts_of_the_protocol() {
        let socket = OpenRequest::forward(&Target::Socket("/s".to_owned()));
        assert_eq!(socket.kind, "direct-streamlocal@openssh.com");
        assert_eq!(socket.message, b"\0\0\0\x02/s\0\0\0\0\0\0\0\0");
        let tcp = OpenRequest::forward(&Target::Tcp {
            host: "h".to_owned(),
            port: 258,
        });
        assert_eq!(
            tcp.message,
            b"\0\0\0\x01h\0\0\x01\x02\0\0\0\x09127.0.0.1\0\0\0\0"
        );
    }
}
