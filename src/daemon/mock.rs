//! Daemons for tests: one that keeps the real one's rules, and one that says
//! what it was told to say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Read, Write};

use super::wire::{
    BATCH_BYTES, CLIENT_MAGIC, DAEMON_MAGIC, Encoder, WireError, read_int, read_path, read_paths,
    read_string,
};
use crate::store::path::{StoreDir, StorePath};

const LOG: u64 = 0x6f6c_6d67;
const WANTS: u64 = 0x6461_7461;
const DATA: u64 = 0x6461_7416;
const LAST: u64 = 0x616c_7473;
const ERROR: u64 = 0x6378_7470;

/// What a [`FakeDaemon`] was asked, as the tests compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Options(Vec<(String, String)>),
    Root(StorePath),
    Query(Vec<StorePath>),
    Text(String, Vec<u8>, Vec<StorePath>),
    /// Name, whether recursive, algorithm, archive.
    Source(String, bool, String, Vec<u8>),
    Build(Vec<StorePath>),
    Export(StorePath, bool),
    Import(Vec<u8>),
}

/// What comes of requests that can fail.
pub(crate) type Outcome = Result<(), (String, u64)>;

type NameText = Box<dyn Fn(&str, &[u8], &[StorePath]) -> Option<StorePath>>;
type NameSource = Box<dyn Fn(&str, bool, &str, &[u8]) -> Option<StorePath>>;
type FindEnd = Box<dyn Fn(&[u8]) -> Option<usize>>;
type TakeBundle = Box<dyn Fn(&[u8]) -> Option<Result<Vec<StorePath>, String>>>;

/// A daemon in memory that panics when the client breaks the rule of
/// pipelining: whole requests, few enough, while nothing is owed.
pub(crate) struct FakeDaemon {
    pub version: u64,
    pub dir: StoreDir,
    pub valid: BTreeSet<StorePath>,
    /// Sent before each build's outcome, a frame each.
    pub log: Vec<Vec<u8>>,
    pub builds: VecDeque<Outcome>,
    pub exports: BTreeMap<StorePath, Vec<u8>>,
    /// Names a text; refuses it without.
    pub text: NameText,
    /// Names a source by its archive; refuses it without.
    pub source: NameSource,
    /// How long the archive is that these bytes begin with, once it is whole.
    pub archive: FindEnd,
    /// Takes a bundle apart once it is whole: the paths, or a refusal.
    pub import: TakeBundle,
    /// Bytes that it asks for at once during an import.
    pub piece: u64,
    /// The connection ends for the client after this many bytes.
    pub cut: Option<usize>,
    pub requests: Vec<Request>,
    /// The sizes of the client's writes.
    pub writes: Vec<usize>,
    inbox: Vec<u8>,
    outbox: VecDeque<u8>,
    read: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Magic,
    Handshake,
    Ready,
    Importing,
}

/// Takes the first bytes of a request, or says that it is not whole.
type Parsed<T> = Result<T, WireError>;

impl FakeDaemon {
    pub(crate) fn new() -> Self {
        Self {
            version: 0x164,
            dir: StoreDir::default(),
            valid: BTreeSet::new(),
            log: Vec::new(),
            builds: VecDeque::new(),
            exports: BTreeMap::new(),
            text: Box::new(|_, _, _| None),
            source: Box::new(|_, _, _, _| None),
            archive: Box::new(|_| None),
            import: Box::new(|_| None),
            piece: 32_768,
            cut: None,
            requests: Vec::new(),
            writes: Vec::new(),
            inbox: Vec::new(),
            outbox: VecDeque::new(),
            read: 0,
            state: State::Magic,
        }
    }

    fn say(&mut self, fill: impl FnOnce(&mut Encoder)) {
        let mut out = Encoder::default();
        fill(&mut out);
        self.outbox.extend(out.as_bytes());
    }

    fn last(&mut self, fill: impl FnOnce(&mut Encoder)) {
        self.say(|out| {
            out.int(LAST);
            fill(out);
        });
    }

    fn refuse(&mut self, message: &str, status: u64) {
        self.say(|out| {
            out.int(ERROR);
            out.string(message.as_bytes());
            out.int(status);
        });
    }

    /// Handles one request of `input`; gives what is left behind it.
    fn step<'a>(&mut self, mut input: &'a [u8]) -> Parsed<&'a [u8]> {
        let reader = &mut input;
        match self.state {
            State::Magic => {
                assert_eq!(read_int(reader)?, CLIENT_MAGIC);
                let version = self.version;
                self.say(|out| {
                    out.int(DAEMON_MAGIC);
                    out.int(version);
                });
                self.state = State::Handshake;
            }
            State::Handshake => {
                let announced = read_int(reader)?;
                assert!(announced & 0xff >= 14, "{announced:#x}");
                assert_eq!(read_int(reader)?, 0);
                assert_eq!(read_int(reader)?, 1);
                self.last(|_| {});
                self.state = State::Ready;
            }
            State::Ready => self.request(reader)?,
            State::Importing => {
                let bytes = read_string(reader, "a piece", self.piece)?;
                let ended = bytes.is_empty();
                let Some(Request::Import(so_far)) = self.requests.last_mut() else {
                    panic!("no import under way");
                };
                so_far.extend_from_slice(&bytes);
                match (self.import)(so_far) {
                    Some(Ok(paths)) => {
                        self.last(|out| out.paths(&paths));
                        self.state = State::Ready;
                    }
                    Some(Err(message)) => {
                        self.refuse(&message, 1);
                        self.state = State::Ready;
                    }
                    None if ended => {
                        self.refuse("unexpected end-of-file", 1);
                        self.state = State::Ready;
                    }
                    None => self.want(),
                }
            }
        }
        Ok(input)
    }

    fn want(&mut self) {
        let piece = self.piece;
        self.say(|out| {
            out.int(WANTS);
            out.int(piece);
        });
    }

    fn add_source(&mut self, reader: &mut &[u8]) -> Parsed<()> {
        let name = String::from_utf8(read_string(reader, "name", 1000)?).unwrap();
        assert_eq!(read_int(reader)?, 1);
        let recursive = read_int(reader)? == 1;
        let algorithm = String::from_utf8(read_string(reader, "algorithm", 20)?).unwrap();
        let Some(length) = (self.archive)(reader) else {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        };
        let archive = reader.split_off(..length).unwrap().to_vec();
        match (self.source)(&name, recursive, &algorithm, &archive) {
            Some(path) => self.last(|out| out.path(&path)),
            None => self.refuse("unknown hash algorithm", 1),
        }
        self.requests
            .push(Request::Source(name, recursive, algorithm, archive));
        Ok(())
    }

    fn request(&mut self, reader: &mut &[u8]) -> Parsed<()> {
        let dir = self.dir.clone();
        match read_int(reader)? {
            19 => {
                for _ in 0..9 + if self.version < 0x161 { 3 } else { 0 } {
                    read_int(reader)?;
                }
                let mut pairs = Vec::new();
                for _ in 0..read_int(reader)? {
                    let name = read_string(reader, "name", 100)?;
                    let value = read_string(reader, "value", 100)?;
                    pairs.push((
                        String::from_utf8(name).unwrap(),
                        String::from_utf8(value).unwrap(),
                    ));
                }
                self.requests.push(Request::Options(pairs));
                self.last(|_| {});
            }
            11 => {
                let path = read_path(reader, &dir)?;
                self.requests.push(Request::Root(path));
                self.last(|out| out.int(1));
            }
            31 => {
                let paths = read_paths(reader, &dir, 1 << 30)?;
                let valid: Vec<_> = paths
                    .iter()
                    .filter(|path| self.valid.contains(path))
                    .cloned()
                    .collect();
                self.requests.push(Request::Query(paths));
                self.last(|out| out.paths(&valid));
            }
            8 => {
                let name = String::from_utf8(read_string(reader, "name", 1000)?).unwrap();
                let contents = read_string(reader, "contents", 1 << 30)?;
                let references = read_paths(reader, &dir, 1 << 20)?;
                match (self.text)(&name, &contents, &references) {
                    Some(path) => self.last(|out| out.path(&path)),
                    None => self.refuse("path `x' is not valid", 1),
                }
                self.requests
                    .push(Request::Text(name, contents, references));
            }
            7 => self.add_source(reader)?,
            9 => {
                let paths = read_paths(reader, &dir, 100)?;
                if self.version >= 0x10f {
                    assert_eq!(read_int(reader)?, 0);
                }
                self.requests.push(Request::Build(paths));
                for text in self.log.clone() {
                    self.say(|out| {
                        out.int(LOG);
                        out.string(&text);
                    });
                }
                match self.builds.pop_front().unwrap_or(Ok(())) {
                    Ok(()) => self.last(|out| out.int(1)),
                    Err((message, status)) => self.refuse(&message, status),
                }
            }
            16 => {
                let path = read_path(reader, &dir)?;
                let sign = read_int(reader)? == 1;
                match self.exports.get(&path).cloned() {
                    Some(item) => {
                        for piece in item.chunks(65_536) {
                            self.say(|out| {
                                out.int(DATA);
                                out.string(piece);
                            });
                        }
                        self.last(|out| out.int(1));
                    }
                    None => self.refuse("path is not valid", 1),
                }
                self.requests.push(Request::Export(path, sign));
            }
            27 => {
                assert!(reader.is_empty(), "something is behind import-paths");
                self.requests.push(Request::Import(Vec::new()));
                self.state = State::Importing;
                self.want();
            }
            other => panic!("operation {other}"),
        }
        Ok(())
    }
}

impl Write for FakeDaemon {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(self.outbox.is_empty(), "written while replies are owed");
        self.writes.push(bytes.len());
        self.inbox.extend_from_slice(bytes);
        let inbox = std::mem::take(&mut self.inbox);
        let mut rest = inbox.as_slice();
        let mut requests = 0;
        while !rest.is_empty() {
            rest = match self.step(rest) {
                Ok(rest) => rest,
                // An archive may come in pieces, behind nothing else.
                Err(_) if requests == 0 && rest.starts_with(&7_u64.to_le_bytes()) => {
                    self.inbox = rest.to_vec();
                    return Ok(bytes.len());
                }
                Err(error) => panic!("whole requests only: {error}"),
            };
            requests += 1;
        }
        assert!(
            bytes.len() <= BATCH_BYTES || requests == 1,
            "{requests} requests of {} bytes in one write",
            bytes.len()
        );
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for FakeDaemon {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut most = buffer.len();
        if let Some(cut) = self.cut {
            most = most.min(cut - self.read);
            if most == 0 {
                return Ok(0);
            }
        }
        assert!(!self.outbox.is_empty(), "read while nothing is owed");
        let read = self.outbox.read(&mut buffer[..most])?;
        self.read += read;
        Ok(read)
    }
}

/// Says what it was told to say, and keeps what it hears.
#[derive(Default)]
pub(crate) struct Canned {
    pub replies: io::Cursor<Vec<u8>>,
    pub heard: Vec<u8>,
    /// No read goes beyond this many bytes and on.
    pub pause: u64,
    /// The client's writes fail once it has heard this much.
    pub deaf_after: Option<usize>,
}

impl Canned {
    pub(crate) fn new(fill: impl FnOnce(&mut Encoder)) -> Self {
        let mut out = Encoder::default();
        fill(&mut out);
        Self {
            replies: io::Cursor::new(out.as_bytes().to_vec()),
            ..Self::default()
        }
    }
}

/// How long [`greeting`] is.
pub(crate) const GREETING: u64 = 32;

/// What a daemon says to the handshake and to set-options.
pub(crate) fn greeting(out: &mut Encoder) {
    for value in [DAEMON_MAGIC, 0x164, LAST, LAST] {
        out.int(value);
    }
}

impl Read for Canned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let before = self.pause.saturating_sub(self.replies.position());
        match usize::try_from(before) {
            Ok(before @ 1..) => (&mut self.replies).take(before as u64).read(buffer),
            _ => self.replies.read(buffer),
        }
    }
}

impl Write for Canned {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self
            .deaf_after
            .is_some_and(|limit| self.heard.len() >= limit)
        {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.heard.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
