//! The encoding of the daemon's protocol: integers, padded strings, lists.
//!
//! Everything is little endian in units of 8 bytes. What the peer says is
//! bounded before anything is allocated for it.

use std::io::{self, BufRead, Read};

use thiserror::Error;

use crate::store::path::{PathError, StoreDir, StorePath};

/// What a client says first (source: worker-protocol.hh).
pub const CLIENT_MAGIC: u64 = 0x6e69_7863;
/// What the daemon answers.
pub const DAEMON_MAGIC: u64 = 0x6478_696f;

/// Whole requests are written together up to this many bytes.
///
/// The daemon takes what arrives in one piece of 32,768 bytes and treats
/// anything more as a violation (measured); libssh2 cuts a write at 32,700.
pub const BATCH_BYTES: usize = 30_000;

/// Longest log text in one frame. The daemon's own pieces have 4096 bytes.
pub const MAX_LOG_FRAME: u64 = 1 << 30;
/// Longest piece of exported data in one frame; the daemon sends 64 KiB.
pub const MAX_DATA_FRAME: u64 = 1 << 30;
/// Bytes of an error's message that are kept; more is read and dropped.
pub const KEPT_MESSAGE: usize = 1 << 16;
/// Longest message of an error that is read at all.
pub const MAX_MESSAGE: u64 = 1 << 24;
/// Longest single string that is a value: hashes, names, paths.
pub const MAX_STRING: u64 = 4096;
/// Most elements of a list in a reply.
pub const MAX_LIST: u64 = 1 << 20;

/// Why bytes of the daemon are not understood.
#[derive(Debug, Error)]
pub enum WireError {
    /// The stream failed or ended.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A length or count exceeds its bound.
    #[error("{what} of {length} exceeds the limit of {limit}")]
    TooLong {
        /// What was to be read.
        what: &'static str,
        /// The length that was announced.
        length: u64,
        /// What is allowed.
        limit: u64,
    },
    /// Padding that is not zero.
    #[error("the padding behind a string is not zero")]
    Padding,
    /// The greeting is no daemon's.
    #[error("the greeting {0:#x} is not a guix-daemon's")]
    Magic(u64),
    /// A frame of unknown kind.
    #[error("unknown message {0:#x}")]
    Frame(u64),
    /// A frame that cannot stand here.
    #[error("unexpected {found} while waiting for {wanted}")]
    Unexpected {
        /// What came.
        found: &'static str,
        /// What could have come.
        wanted: &'static str,
    },
    /// A value outside its range.
    #[error("{what} cannot be {value}")]
    Value {
        /// The field.
        what: &'static str,
        /// What it was.
        value: u64,
    },
    /// A text that is no store path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A hash that is not 64 hexadecimal digits.
    #[error("malformed hash")]
    Hash,
    /// An item in a reply that was not asked about.
    #[error("the reply names {0}, which was not asked for")]
    NotAsked(StorePath),
}

/// Collects a request's bytes.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// An integer.
    pub fn int(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A truth value.
    pub fn bool(&mut self, value: bool) {
        self.int(u64::from(value));
    }

    /// A string of bytes with its padding.
    pub fn string(&mut self, value: &[u8]) {
        self.int(value.len() as u64);
        self.bytes.extend_from_slice(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    /// One path.
    pub fn path(&mut self, path: &StorePath) {
        self.string(path.as_str().as_bytes());
    }

    /// A counted list of paths.
    pub fn paths(&mut self, paths: &[StorePath]) {
        self.int(paths.len() as u64);
        for path in paths {
            self.path(path);
        }
    }

    /// Bytes that are encoded already.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes collected so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Tells whether nothing was collected.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets everything but keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Forgets everything, and memory beyond `kept` bytes.
    pub fn reset(&mut self, kept: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(kept);
    }

    /// Forgets what was added after the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }
}

/// Bytes that a string of `len` takes, its length field included.
pub fn string_size(len: usize) -> usize {
    len.next_multiple_of(8).saturating_add(8)
}

/// Zero bytes behind a string of `len` bytes: 0 to 7.
pub fn padding(len: u64) -> usize {
    // Below 8, so it fits in any usize.
    #[allow(clippy::cast_possible_truncation)]
    let used = (len & 7) as usize;
    8_usize.wrapping_sub(used) & 7
}

/// Reads an integer.
pub fn read_int<R: Read + ?Sized>(reader: &mut R) -> Result<u64, WireError> {
    let mut bytes = [0; 8];
    reader.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads a truth value.
pub fn read_bool<R: Read + ?Sized>(reader: &mut R, what: &'static str) -> Result<bool, WireError> {
    match read_int(reader)? {
        0 => Ok(false),
        1 => Ok(true),
        value => Err(WireError::Value { what, value }),
    }
}

/// Reads the integer 1, the answer of operations without a result.
pub fn read_done<R: Read + ?Sized>(reader: &mut R) -> Result<(), WireError> {
    match read_int(reader)? {
        1 => Ok(()),
        value => Err(WireError::Value {
            what: "an operation's result",
            value,
        }),
    }
}

/// Reads a length and holds it against its limit.
pub fn read_length<R: Read + ?Sized>(
    reader: &mut R,
    what: &'static str,
    limit: u64,
) -> Result<u64, WireError> {
    let length = read_int(reader)?;
    if length > limit {
        return Err(WireError::TooLong {
            what,
            length,
            limit,
        });
    }
    Ok(length)
}

/// Reads a string of at most `limit` bytes.
pub fn read_string<R: Read + ?Sized>(
    reader: &mut R,
    what: &'static str,
    limit: u64,
) -> Result<Vec<u8>, WireError> {
    let length = read_length(reader, what, limit)?;
    let mut bytes = Vec::new();
    // Grows with what really arrives, not with what is announced.
    let read = reader.take(length).read_to_end(&mut bytes)?;
    if read as u64 != length {
        return Err(ended());
    }
    read_padding(reader, length)?;
    Ok(bytes)
}

/// Reads the zeros behind a string of `length` bytes.
pub fn read_padding<R: Read + ?Sized>(reader: &mut R, length: u64) -> Result<(), WireError> {
    let mut bytes = [0; 8];
    let (zeros, _) = bytes.split_at_mut(padding(length));
    reader.read_exact(zeros)?;
    if zeros.iter().any(|&byte| byte != 0) {
        return Err(WireError::Padding);
    }
    Ok(())
}

/// Reads a path of the store.
pub fn read_path<R: Read + ?Sized>(reader: &mut R, dir: &StoreDir) -> Result<StorePath, WireError> {
    let text = read_string(reader, "a path", MAX_STRING)?;
    Ok(StorePath::parse(dir, &text)?)
}

/// Reads a path of the store, or nothing where the string is empty.
pub fn read_optional_path<R: Read + ?Sized>(
    reader: &mut R,
    dir: &StoreDir,
) -> Result<Option<StorePath>, WireError> {
    let text = read_string(reader, "a path", MAX_STRING)?;
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(StorePath::parse(dir, &text)?))
}

/// Reads a list of at most `limit` paths.
pub fn read_paths<R: Read + ?Sized>(
    reader: &mut R,
    dir: &StoreDir,
    limit: u64,
) -> Result<Vec<StorePath>, WireError> {
    let count = read_length(reader, "a list of paths", limit)?;
    let mut paths = Vec::new();
    for _ in 0..count {
        paths.push(read_path(reader, dir)?);
    }
    Ok(paths)
}

/// Reads a SHA-256 in hexadecimal digits.
pub fn read_hash<R: Read + ?Sized>(reader: &mut R) -> Result<[u8; 32], WireError> {
    let text = read_string(reader, "a hash", MAX_STRING)?;
    data_encoding::HEXLOWER
        .decode(&text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(WireError::Hash)
}

/// Hands `length` bytes and their padding on in the pieces in which they
/// arrive; the inner error is the taker's.
pub fn pass_string<R: BufRead + ?Sized, E>(
    reader: &mut R,
    length: u64,
    take: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<Result<(), E>, WireError> {
    let mut left = length;
    while left > 0 {
        let ready = match reader.fill_buf() {
            Ok(ready) => ready,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if ready.is_empty() {
            return Err(ended());
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let piece = ready.get(..most).unwrap_or(ready);
        let taken = piece.len();
        let outcome = take(piece);
        reader.consume(taken);
        if let Err(error) = outcome {
            return Ok(Err(error));
        }
        left = left.saturating_sub(taken as u64);
    }
    read_padding(reader, length)?;
    Ok(Ok(()))
}

/// What the daemon sends while it works, up to the body of each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Log text of this length follows.
    Log(u64),
    /// The daemon wants at most this many bytes.
    Wants(u64),
    /// Data of this length follows.
    Data(u64),
    /// The work is done; results follow.
    Last,
    /// It failed; message and status follow.
    Error,
}

impl Frame {
    const LOG: u64 = 0x6f6c_6d67;
    const WANTS: u64 = 0x6461_7461;
    const DATA: u64 = 0x6461_7416;
    const LAST: u64 = 0x616c_7473;
    const ERROR: u64 = 0x6378_7470;

    /// Reads one message's kind, and the length where it has one.
    pub fn read<R: Read + ?Sized>(reader: &mut R) -> Result<Self, WireError> {
        Ok(match read_int(reader)? {
            Self::LOG => Self::Log(read_length(reader, "log text", MAX_LOG_FRAME)?),
            Self::WANTS => Self::Wants(read_int(reader)?),
            Self::DATA => Self::Data(read_length(reader, "data", MAX_DATA_FRAME)?),
            Self::LAST => Self::Last,
            Self::ERROR => Self::Error,
            other => return Err(WireError::Frame(other)),
        })
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log(_) => "log text",
            Self::Wants(_) => "a request for data",
            Self::Data(_) => "data",
            Self::Last => "the end of the operation",
            Self::Error => "an error",
        }
    }
}

/// What the daemon says of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its message, control characters escaped.
    pub message: String,
    /// Its status; 1 where the stream ended before it.
    pub status: u64,
}

impl Failure {
    /// Reads what follows [`Frame::Error`].
    ///
    /// Early errors may lack the status (source: store.scm, process-stderr).
    pub fn read<R: BufRead + ?Sized>(reader: &mut R) -> Result<Self, WireError> {
        let length = read_length(reader, "an error's message", MAX_MESSAGE)?;
        let mut kept = Vec::new();
        let passed = pass_string(reader, length, &mut |piece| {
            let room = KEPT_MESSAGE.saturating_sub(kept.len());
            kept.extend_from_slice(piece.get(..room).unwrap_or(piece));
            Ok::<(), std::convert::Infallible>(())
        })?;
        match passed {
            Ok(()) => {}
            Err(never) => match never {},
        }
        let status = match read_int(reader) {
            Ok(status) => status,
            Err(WireError::Io(error)) if is_end(&error) => 1,
            Err(error) => return Err(error),
        };
        Ok(Self {
            message: printable(&kept),
            status,
        })
    }
}

/// Makes foreign text harmless for a terminal; line breaks and tabs stay.
pub fn printable(text: &[u8]) -> String {
    let mut out = String::new();
    for char in String::from_utf8_lossy(text).trim_end().chars() {
        if char.is_control() && char != '\n' && char != '\t' {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

/// Tells whether the peer has gone, as against a time limit or the like.
pub fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
    )
}

fn ended() -> WireError {
    WireError::Io(io::ErrorKind::UnexpectedEof.into())
}

/// Decodes anything as frames with their bodies: the body of a fuzz target.
pub fn fuzz_frames(mut data: &[u8]) {
    let reader = &mut data;
    while let Ok(frame) = Frame::read(reader) {
        let more = match frame {
            Frame::Log(length) | Frame::Data(length) => {
                pass_string(reader, length, &mut |_| Ok::<(), ()>(())).is_ok()
            }
            Frame::Error => Failure::read(reader).is_ok(),
            Frame::Wants(_) => true,
            Frame::Last => read_paths(reader, &StoreDir::default(), MAX_LIST).is_ok(),
        };
        if !more {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATH: &str = "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-worked-text";

    fn encoded(fill: impl FnOnce(&mut Encoder)) -> Vec<u8> {
        let mut encoder = Encoder::default();
        fill(&mut encoder);
        encoder.as_bytes().to_vec()
    }

    #[test]
    fn strings_are_padded_with_zeros() {
        assert_eq!(
            encoded(|e| e.string(b"abc")),
            b"\x03\0\0\0\0\0\0\0abc\0\0\0\0\0"
        );
        assert_eq!(encoded(|e| e.string(b"")).len(), 8);
        assert_eq!(encoded(|e| e.string(b"12345678")).len(), 16);
        for len in 0..20 {
            assert_eq!(encoded(|e| e.string(&vec![1; len])).len(), string_size(len));
        }
    }

    #[test]
    fn lengths_are_bounded_before_anything_is_read() {
        let bytes = encoded(|e| e.int(u64::MAX));
        assert!(matches!(
            read_string(&mut bytes.as_slice(), "x", 10),
            Err(WireError::TooLong {
                length: u64::MAX,
                limit: 10,
                ..
            })
        ));
        assert!(matches!(
            read_paths(&mut bytes.as_slice(), &StoreDir::default(), MAX_LIST),
            Err(WireError::TooLong { .. })
        ));
        // An announced length without its bytes costs no memory.
        let bytes = encoded(|e| e.int(1 << 29));
        assert!(matches!(
            read_string(&mut bytes.as_slice(), "x", 1 << 30),
            Err(WireError::Io(_))
        ));
    }

    #[test]
    fn padding_must_be_zero() {
        let mut bytes = encoded(|e| e.string(b"abc"));
        bytes[12] = 1;
        assert!(matches!(
            read_string(&mut bytes.as_slice(), "x", 10),
            Err(WireError::Padding)
        ));
    }

    #[test]
    fn paths_are_parsed() {
        let bytes = encoded(|e| {
            e.int(1);
            e.string(b"/etc/passwd");
        });
        assert!(matches!(
            read_paths(&mut bytes.as_slice(), &StoreDir::default(), 5),
            Err(WireError::Path(_))
        ));
        let path = StorePath::parse(&StoreDir::default(), PATH.as_bytes()).unwrap();
        let bytes = encoded(|e| e.paths(std::slice::from_ref(&path)));
        assert_eq!(
            read_paths(&mut bytes.as_slice(), &StoreDir::default(), 5).unwrap(),
            [path]
        );
        let bytes = encoded(|e| e.string(b""));
        assert_eq!(
            read_optional_path(&mut bytes.as_slice(), &StoreDir::default()).unwrap(),
            None
        );
    }

    #[test]
    fn errors_without_a_status_have_status_1() {
        let bytes = encoded(|e| e.string(b"no\x1b[31m way\n"));
        assert_eq!(
            Failure::read(&mut bytes.as_slice()).unwrap(),
            Failure {
                message: "no\\u{1b}[31m way".to_owned(),
                status: 1
            }
        );
        let bytes = encoded(|e| {
            e.string(b"build failed");
            e.int(100);
        });
        assert_eq!(Failure::read(&mut bytes.as_slice()).unwrap().status, 100);
    }

    #[test]
    fn a_long_message_is_cut() {
        let bytes = encoded(|e| {
            e.string(&vec![b'x'; 200_000]);
            e.int(7);
        });
        let failure = Failure::read(&mut bytes.as_slice()).unwrap();
        assert_eq!(failure.message.len(), KEPT_MESSAGE);
        assert_eq!(failure.status, 7);
    }

    proptest! {
        #[test]
        fn strings_round_trip(value in proptest::collection::vec(any::<u8>(), 0..100)) {
            let bytes = encoded(|e| e.string(&value));
            let mut reader = bytes.as_slice();
            prop_assert_eq!(read_string(&mut reader, "x", 100).unwrap(), value.clone());
            prop_assert!(reader.is_empty());
            let mut passed = Vec::new();
            let mut reader = bytes.as_slice();
            let length = read_int(&mut reader).unwrap();
            pass_string(&mut reader, length, &mut |piece| {
                passed.extend_from_slice(piece);
                Ok::<(), ()>(())
            }).unwrap().unwrap();
            prop_assert_eq!(passed, value);
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn garbage_is_refused_without_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            fuzz_frames(&data);
        }

        #[test]
        fn frames_with_garbage_are_refused_without_panic(
            kinds in proptest::collection::vec(0_usize..5, 0..8),
            data in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut encoder = Encoder::default();
            for kind in kinds {
                encoder.int([Frame::LOG, Frame::WANTS, Frame::DATA, Frame::LAST, Frame::ERROR][kind]);
                encoder.raw(&data);
            }
            fuzz_frames(encoder.as_bytes());
        }
    }
}
