//! The beginning of a conversation, in one round trip where possible.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use super::client::{Client, Log, Refusal};
use super::error::DaemonError;
use super::operation::{
    AddTempRoot, MODERN, OLDEST, Options, QueryValidPaths, SetOptions, VERSION,
};
use super::wire::{BATCH_BYTES, CLIENT_MAGIC, DAEMON_MAGIC, WireError, read_int, string_size};
use crate::store::path::StorePath;

/// The high byte of a version must be equal on both sides.
const MAJOR: u64 = 0x100;

/// What is said and asked first on a connection.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// How the daemon shall work.
    pub options: Options,
    /// What the collector must leave alone while the connection lasts.
    pub roots: Vec<StorePath>,
    /// Paths that the daemon is asked about.
    pub query: Vec<StorePath>,
}

/// What the daemon answered to an [`Opening`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its protocol version.
    pub version: u64,
    /// The valid ones among those asked about.
    pub valid: BTreeSet<StorePath>,
}

/// Says everything at once, to a daemon that is taken for a modern one.
pub(super) fn run<S: Read + Write>(
    client: &mut Client<S>,
    opening: &Opening,
    log: &mut dyn Log,
) -> Result<Opened, DaemonError> {
    client.begin()?.int(CLIENT_MAGIC);
    let first = encode(client, VERSION, opening);
    client.push()?;
    let version = read_greeting(client)?;
    if version < MODERN {
        return Err(DaemonError::Old { version });
    }
    let valid = read_replies(client, opening, first, log)?;
    Ok(Opened { version, valid })
}

/// Waits for the daemon's version first.
pub(super) fn run_carefully<S: Read + Write>(
    client: &mut Client<S>,
    opening: &Opening,
    log: &mut dyn Log,
) -> Result<Opened, DaemonError> {
    client.begin()?.int(CLIENT_MAGIC);
    client.push()?;
    let version = read_greeting(client)?;
    client.conclude(Ok(()))?;
    client.begin()?;
    let first = encode(client, version.min(VERSION), opening);
    client.push()?;
    let valid = read_replies(client, opening, first, log)?;
    Ok(Opened { version, valid })
}

/// How much of an [`Opening`] is in the first write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct First {
    roots: usize,
    query: usize,
}

/// Encodes the rest of the handshake and what fits behind it.
fn encode<S: Read + Write>(client: &mut Client<S>, version: u64, opening: &Opening) -> First {
    client.announce(version);
    let out = client.out();
    out.int(version);
    out.int(0); // no processor to be bound to
    out.int(1); // the daemon keeps its reserve of disk space
    client.encode(&SetOptions(&opening.options));
    let first = fitting(client.out().len(), opening);
    for root in opening.roots.iter().take(first.roots) {
        client.encode(&AddTempRoot(root));
    }
    if let Some(asked @ [_, ..]) = opening.query.get(..first.query) {
        client.encode(&QueryValidPaths(asked));
    }
    first
}

/// Tells what fits behind `used` bytes: roots, then the query, which may be
/// cut in two.
fn fitting(used: usize, opening: &Opening) -> First {
    let path_size = |path: &StorePath| string_size(path.as_str().len());
    let mut room = BATCH_BYTES.saturating_sub(used);
    let mut take = |size: usize| {
        let left = room.checked_sub(size);
        room = left.unwrap_or(room);
        left.is_some()
    };
    let roots = opening
        .roots
        .iter()
        .take_while(|root| take(path_size(root).saturating_add(8)))
        .count();
    // The operation's number and the count of the list.
    let query = if roots == opening.roots.len() && take(16) {
        opening
            .query
            .iter()
            .take_while(|path| take(path_size(path)))
            .count()
    } else {
        0
    };
    First { roots, query }
}

fn read_greeting<S: Read + Write>(client: &mut Client<S>) -> Result<u64, DaemonError> {
    let magic = read_int(client.reader())?;
    if magic != DAEMON_MAGIC {
        return Err(DaemonError::Protocol(WireError::Magic(magic)));
    }
    let version = read_int(client.reader())?;
    if version & !0xff != MAJOR || version < OLDEST {
        return Err(DaemonError::Unsupported { version });
    }
    Ok(version)
}

/// Reads the replies to the first write and asks for what did not fit.
fn read_replies<S: Read + Write>(
    client: &mut Client<S>,
    opening: &Opening,
    first: First,
    log: &mut dyn Log,
) -> Result<BTreeSet<StorePath>, DaemonError> {
    // The handshake's own end; an error here means that the store is shut.
    client.await_last(log)?;
    let mut refusal = Refusal::default();
    let reply = client.reply(&SetOptions(&opening.options), log);
    refusal.note(reply)?;
    for root in opening.roots.iter().take(first.roots) {
        let reply = client.reply(&AddTempRoot(root), log);
        refusal.note(reply)?;
    }
    let (asked, later) = opening.query.split_at(first.query);
    let mut valid = BTreeSet::new();
    if !asked.is_empty() {
        let reply = client.reply(&QueryValidPaths(asked), log);
        valid.extend(refusal.note(reply)?.unwrap_or_default());
    }
    client.conclude(refusal.into_result())?;
    client.count_roots(first.roots);
    let (_, roots) = opening.roots.split_at(first.roots);
    client.add_temp_roots(roots, log)?;
    valid.extend(client.valid_paths(later, log)?);
    Ok(valid)
}
