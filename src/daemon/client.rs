//! The conversation with a daemon: handshake, calls, log.
//!
//! While an operation runs the daemon takes anything that arrives on the
//! socket for a violation; only what it already holds in its buffer of 32 KiB
//! does no harm (source: nix-daemon.cc, isFarSideClosed; measured). So whole
//! requests go out together, in one write of at most [`BATCH_BYTES`], while
//! the daemon owes nothing; then all replies are read. One request that is
//! larger goes alone. What the daemon answers with a wish for data goes last.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Write};

use super::error::DaemonError;
use super::export::Export;
use super::import;
use super::opening::{self, Opened, Opening};
use super::operation::{
    AddArchive, AddTempRoot, AddText, AddToStore, BuildPaths, IsValidPath, Operation, Options,
    PathInfo, QueryPathInfo, QueryValidPaths, SetOptions, VERSION,
};
use super::wire::{BATCH_BYTES, Encoder, Failure, Frame, WireError, is_end, pass_string};
use crate::store::path::{StoreDir, StorePath};

/// Bytes read from the stream at once.
const READ_BUFFER: usize = 1 << 15;
/// Bytes of an inline archive written at once.
const INLINE_PIECE: usize = 1 << 16;
/// Memory that the request buffer keeps between requests.
const KEPT_BUFFER: usize = 1 << 17;

/// Takes the text that the daemon sends while it works.
pub trait Log {
    /// Any bytes, in any pieces.
    fn text(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl<F: FnMut(&[u8]) -> io::Result<()>> Log for F {
    fn text(&mut self, bytes: &[u8]) -> io::Result<()> {
        self(bytes)
    }
}

/// A connection to a daemon.
#[derive(Debug)]
pub struct Client<S> {
    stream: BufReader<S>,
    dir: StoreDir,
    /// What we announced: it decides which fields requests have.
    announced: u64,
    out: Encoder,
    /// Replies are outstanding; a call that ends so ends the conversation.
    owed: bool,
    refused: bool,
    roots: usize,
}

impl<S: Read + Write> Client<S> {
    /// Opens a conversation with a daemon of 2020 or later.
    ///
    /// Handshake, options, and as much of roots and query as fits are one
    /// write, so that one round trip brings everything. An older daemon
    /// misreads that: [`DaemonError::Old`] asks for [`Client::open_old`].
    pub fn open(
        stream: S,
        dir: &StoreDir,
        opening: &Opening,
        log: &mut dyn Log,
    ) -> Result<(Self, Opened), DaemonError> {
        let mut client = Self::new(stream, dir);
        let opened = opening::run(&mut client, opening, log)?;
        Ok((client, opened))
    }

    /// Opens a conversation with a daemon of any age.
    ///
    /// Waits for the daemon's version before anything that depends on it:
    /// one round trip more.
    pub fn open_old(
        stream: S,
        dir: &StoreDir,
        opening: &Opening,
        log: &mut dyn Log,
    ) -> Result<(Self, Opened), DaemonError> {
        let mut client = Self::new(stream, dir);
        let opened = opening::run_carefully(&mut client, opening, log)?;
        Ok((client, opened))
    }

    /// Goes on with a conversation that another user has left, after a
    /// handshake of today's version.
    ///
    /// All options are sent anew: those that are left out would stay those of
    /// the user before, its time limits too (measured).
    pub fn resume(
        stream: S,
        dir: &StoreDir,
        options: &Options,
        log: &mut dyn Log,
    ) -> Result<Self, DaemonError> {
        let mut client = Self::new(stream, dir);
        client.call(&SetOptions(options), log)?;
        Ok(client)
    }

    /// Makes these roots for as long as the connection lasts.
    pub fn add_temp_roots(
        &mut self,
        paths: &[StorePath],
        log: &mut dyn Log,
    ) -> Result<(), DaemonError> {
        let calls: Vec<_> = paths.iter().map(AddTempRoot).collect();
        self.call_all(&calls, log)?;
        self.count_roots(paths.len());
        Ok(())
    }

    /// Tells which of these are valid.
    pub fn valid_paths(
        &mut self,
        paths: &[StorePath],
        log: &mut dyn Log,
    ) -> Result<BTreeSet<StorePath>, DaemonError> {
        if paths.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.call(&QueryValidPaths(paths), log)
    }

    /// Tells whether one path is valid.
    pub fn is_valid(&mut self, path: &StorePath, log: &mut dyn Log) -> Result<bool, DaemonError> {
        self.call(&IsValidPath(path), log)
    }

    /// Brings an item's database row; an invalid path is refused.
    pub fn path_info(
        &mut self,
        path: &StorePath,
        log: &mut dyn Log,
    ) -> Result<PathInfo, DaemonError> {
        self.call(&QueryPathInfo(path), log)
    }

    /// Has derivations built; the log comes while they are.
    pub fn build_paths(
        &mut self,
        paths: &[StorePath],
        log: &mut dyn Log,
    ) -> Result<(), DaemonError> {
        self.call(&BuildPaths(paths), log)
    }

    /// Adds one text.
    pub fn add_text(
        &mut self,
        name: &str,
        contents: &[u8],
        references: &[StorePath],
        log: &mut dyn Log,
    ) -> Result<StorePath, DaemonError> {
        let text = AddText {
            name,
            contents,
            references,
        };
        self.call(&text, log)
    }

    /// Adds texts in this order, many in one round trip.
    ///
    /// The replies are the paths, in the same order.
    pub fn add_texts(
        &mut self,
        texts: &[AddText<'_>],
        log: &mut dyn Log,
    ) -> Result<Vec<StorePath>, DaemonError> {
        self.call_all(texts, log)
    }

    /// Adds trees whose archives are in memory, many in one round trip.
    ///
    /// The replies are the paths, in the same order.
    pub fn add_archives(
        &mut self,
        archives: &[AddArchive<'_>],
        log: &mut dyn Log,
    ) -> Result<Vec<StorePath>, DaemonError> {
        self.call_all(archives, log)
    }

    /// Adds a tree whose archive `nar` writes.
    ///
    /// The daemon says nothing before it has everything, and a source that
    /// fails in the middle spends the connection: what `nar` wrote last is
    /// kept back until it has ended well, so that the daemon never has all of
    /// it.
    pub fn add_to_store(
        &mut self,
        item: &AddToStore<'_>,
        nar: &mut dyn FnMut(&mut dyn Write) -> io::Result<u64>,
        log: &mut dyn Log,
    ) -> Result<StorePath, DaemonError> {
        self.begin()?;
        self.encode(item);
        let mut inline = Inline {
            client: self,
            failure: None,
        };
        let produced = nar(&mut inline);
        if let Some(failure) = inline.failure {
            return Err(failure);
        }
        produced.map_err(DaemonError::Source)?;
        self.push()?;
        let reply = self.reply(item, log);
        self.conclude(reply)
    }

    /// Exports one item; the daemon's first signature takes it 0.1 s.
    pub fn export_path<'a>(
        &'a mut self,
        path: &StorePath,
        sign: bool,
        log: &'a mut dyn Log,
    ) -> Result<Export<'a, S>, DaemonError> {
        Export::begin(self, path, sign, log)
    }

    /// Imports the bundle that `source` holds; brings the paths imported.
    ///
    /// [`DaemonError::Source`] is the source's own failure; the connection
    /// survives it.
    pub fn import_paths(
        &mut self,
        source: &mut dyn Read,
        log: &mut dyn Log,
    ) -> Result<Vec<StorePath>, DaemonError> {
        self.import(&mut |sink| io::copy(source, sink).map(|_| ()), log)
    }

    /// Imports the bundle that `produce` writes.
    ///
    /// It runs while the daemon works on the piece before: one buffer, no
    /// thread.
    pub fn import(
        &mut self,
        produce: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
        log: &mut dyn Log,
    ) -> Result<Vec<StorePath>, DaemonError> {
        import::run(self, produce, log)
    }

    /// Runs one operation.
    pub fn call<O: Operation>(
        &mut self,
        operation: &O,
        log: &mut dyn Log,
    ) -> Result<O::Reply, DaemonError> {
        self.begin()?;
        self.encode(operation);
        self.push()?;
        let reply = self.reply(operation, log);
        self.conclude(reply)
    }

    /// Runs operations in this order, as many together as may be.
    ///
    /// A refusal ends it after the batch that it is in; what stands behind it
    /// in that batch has been tried all the same.
    pub fn call_all<O: Operation>(
        &mut self,
        operations: &[O],
        log: &mut dyn Log,
    ) -> Result<Vec<O::Reply>, DaemonError> {
        let mut replies = Vec::new();
        let mut rest = operations;
        while !rest.is_empty() {
            self.begin()?;
            let (batch, later) = rest.split_at(self.encode_batch(rest));
            self.push()?;
            let mut refusal = Refusal::default();
            for operation in batch {
                let reply = self.reply(operation, log);
                replies.extend(refusal.note(reply)?);
            }
            self.conclude(refusal.into_result())?;
            rest = later;
        }
        Ok(replies)
    }

    /// Tells whether another user may have the connection: nothing refused so
    /// far, nothing outstanding, nothing unread.
    pub fn is_reusable(&self) -> bool {
        !self.owed && !self.refused && self.stream.buffer().is_empty()
    }

    /// How many temporary roots hang on the connection.
    pub fn temp_roots(&self) -> usize {
        self.roots
    }

    /// The store's directory on both sides.
    pub fn dir(&self) -> &StoreDir {
        &self.dir
    }

    /// The stream itself, to set its limits or end it.
    pub fn stream(&self) -> &S {
        self.stream.get_ref()
    }

    /// The stream itself, for what is not the conversation's business.
    pub fn stream_mut(&mut self) -> &mut S {
        self.stream.get_mut()
    }

    /// Gives the stream back.
    pub fn into_stream(self) -> S {
        self.stream.into_inner()
    }
}

/// The steps of a conversation, for this module's neighbours.
impl<S: Read + Write> Client<S> {
    fn new(stream: S, dir: &StoreDir) -> Self {
        Self {
            stream: BufReader::with_capacity(READ_BUFFER, stream),
            dir: dir.clone(),
            announced: VERSION,
            out: Encoder::default(),
            owed: false,
            refused: false,
            roots: 0,
        }
    }

    /// Counts roots that were made.
    pub(super) fn count_roots(&mut self, count: usize) {
        self.roots = self.roots.saturating_add(count);
    }

    /// Announces another version than today's.
    pub(super) fn announce(&mut self, version: u64) {
        self.announced = version;
    }

    /// Starts a request: the daemon must owe nothing.
    pub(super) fn begin(&mut self) -> Result<&mut Encoder, DaemonError> {
        if self.owed {
            return Err(DaemonError::Spent);
        }
        self.owed = true;
        if !self.stream.buffer().is_empty() {
            return Err(DaemonError::Protocol(WireError::Unexpected {
                found: "data",
                wanted: "the next request",
            }));
        }
        self.out.clear();
        Ok(&mut self.out)
    }

    /// What will be sent.
    pub(super) fn out(&mut self) -> &mut Encoder {
        &mut self.out
    }

    /// Appends an operation to what will be sent.
    pub(super) fn encode<O: Operation>(&mut self, operation: &O) {
        operation.encode(self.announced, &mut self.out);
    }

    /// Sends what was encoded, in one write.
    pub(super) fn push(&mut self) -> Result<(), DaemonError> {
        let stream = self.stream.get_mut();
        let outcome = stream
            .write_all(self.out.as_bytes())
            .and_then(|()| stream.flush());
        self.out.reset(KEPT_BUFFER);
        outcome.map_err(|error| self.last_words(error))
    }

    /// What the daemon's bytes are read from.
    pub(super) fn reader(&mut self) -> &mut BufReader<S> {
        &mut self.stream
    }

    /// Reads the next message that is neither log nor error.
    pub(super) fn event(&mut self, log: &mut dyn Log) -> Result<Frame, DaemonError> {
        loop {
            match Frame::read(&mut self.stream)? {
                Frame::Log(length) => {
                    pass_string(&mut self.stream, length, &mut |piece| log.text(piece))?
                        .map_err(DaemonError::Log)?;
                }
                Frame::Error => {
                    self.refused = true;
                    return Err(Failure::read(&mut self.stream)?.into());
                }
                frame => return Ok(frame),
            }
        }
    }

    /// Waits for an operation's end and reads its result.
    pub(super) fn reply<O: Operation>(
        &mut self,
        operation: &O,
        log: &mut dyn Log,
    ) -> Result<O::Reply, DaemonError> {
        self.await_last(log)?;
        self.result(operation)
    }

    /// Waits for an operation's end.
    pub(super) fn await_last(&mut self, log: &mut dyn Log) -> Result<(), DaemonError> {
        match self.event(log)? {
            Frame::Last => Ok(()),
            frame => Err(unexpected(frame, "the end of the operation")),
        }
    }

    /// Reads the result behind an operation's end.
    pub(super) fn result<O: Operation>(&mut self, operation: &O) -> Result<O::Reply, DaemonError> {
        Ok(operation.reply(&self.dir, &mut self.stream)?)
    }

    /// Notes that the last reply has been read, if it has: a result or a
    /// refusal, after which the daemon owes nothing.
    pub(super) fn conclude<T>(
        &mut self,
        outcome: Result<T, DaemonError>,
    ) -> Result<T, DaemonError> {
        if matches!(outcome, Ok(_) | Err(DaemonError::Refused { .. })) {
            self.owed = false;
        }
        outcome
    }

    /// Looks whether the daemon said why before it stopped reading.
    fn last_words(&mut self, error: io::Error) -> DaemonError {
        if is_end(&error)
            && let Err(refused @ DaemonError::Refused { .. }) = self.event(&mut |_: &[u8]| Ok(()))
        {
            return refused;
        }
        DaemonError::Lost(error)
    }

    /// Encodes as many operations as may go together; at least one.
    fn encode_batch<O: Operation>(&mut self, operations: &[O]) -> usize {
        let mut count = 0_usize;
        for operation in operations {
            let before = self.out.len();
            self.encode(operation);
            if count > 0 && self.out.len() > BATCH_BYTES {
                self.out.truncate(before);
                break;
            }
            count = count.saturating_add(1);
        }
        count
    }
}

/// The first refusal in a batch, whose other replies still have to be read.
#[derive(Debug, Default)]
pub(super) struct Refusal(Option<DaemonError>);

impl Refusal {
    /// Keeps a refusal for later; any other error ends the batch, with the
    /// refusal that announced it where there was one.
    pub(super) fn note<T>(
        &mut self,
        reply: Result<T, DaemonError>,
    ) -> Result<Option<T>, DaemonError> {
        match reply {
            Ok(value) => Ok(Some(value)),
            Err(refused @ DaemonError::Refused { .. }) => {
                self.0.get_or_insert(refused);
                Ok(None)
            }
            Err(error) => Err(self.0.take().unwrap_or(error)),
        }
    }

    /// What became of the whole batch.
    pub(super) fn into_result(self) -> Result<(), DaemonError> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Writes an archive behind the arguments of a request.
struct Inline<'a, S> {
    client: &'a mut Client<S>,
    failure: Option<DaemonError>,
}

impl<S: Read + Write> Write for Inline<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.client.out.len() >= INLINE_PIECE
            && let Err(error) = self.client.push()
        {
            let shown = io::Error::other(error.to_string());
            self.failure = Some(error);
            return Err(shown);
        }
        self.client.out.raw(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The error for a message that cannot stand here.
pub(super) fn unexpected(found: Frame, wanted: &'static str) -> DaemonError {
    DaemonError::Protocol(WireError::Unexpected {
        found: found.name(),
        wanted,
    })
}
