//! Sources on their way: archives that the other daemon names itself.
//!
//! Small ones go together, as many in one write as may be; each of the others
//! is sent while it is read. What is not, byte for byte, what the database
//! tells of never makes a whole request.

use std::io::{self, Read, Write};

use super::meter::{Meter, Metered};
use super::{SendError, differs};
use crate::daemon::operation::{AddArchive, AddToStore};
use crate::daemon::wire::BATCH_BYTES;
use crate::daemon::{Client, DaemonError, Log};
use crate::store::digest::HashingWriter;
use crate::store::nar::dump::{dump, is_local_error};
use crate::store::path::StorePath;
use crate::transfer::plan::{Item, Source};

/// Sends sources; one batch, or a buffer of one item, is in memory.
pub(super) fn send<S: Read + Write>(
    sources: &[Source],
    client: &mut Client<S>,
    log: &mut dyn Log,
    meter: &mut Meter<'_>,
) -> Result<(), SendError> {
    // What does not fit waits, so that it does not cut the batches.
    let (small, large): (Vec<_>, Vec<_>) = sources
        .iter()
        .partition(|source| request_size(source) <= BATCH_BYTES as u64);
    let mut batch: Vec<(&Source, Vec<u8>)> = Vec::new();
    let mut size = 0_u64;
    for source in small {
        let more = request_size(source);
        if size.saturating_add(more) > BATCH_BYTES as u64 {
            flush(&mut batch, client, log, meter)?;
            size = 0;
        }
        size = size.saturating_add(more);
        batch.push((source, archive(&source.item)?));
    }
    flush(&mut batch, client, log, meter)?;
    for source in large {
        stream(source, client, log, meter)?;
    }
    Ok(())
}

fn flush<S: Read + Write>(
    batch: &mut Vec<(&Source, Vec<u8>)>,
    client: &mut Client<S>,
    log: &mut dyn Log,
    meter: &mut Meter<'_>,
) -> Result<(), SendError> {
    let archives: Vec<_> = batch
        .iter()
        .map(|(source, archive)| AddArchive {
            item: request(source),
            archive,
        })
        .collect();
    let theirs = client.add_archives(&archives, log)?;
    for ((source, archive), theirs) in batch.iter().zip(theirs) {
        confirm(&source.item.path, &theirs)?;
        meter.bytes(archive.len() as u64);
        meter.item();
    }
    batch.clear();
    Ok(())
}

/// Sends one while it is read. Its end is kept back until the hash is known to
/// be the database's.
fn stream<S: Read + Write>(
    source: &Source,
    client: &mut Client<S>,
    log: &mut dyn Log,
    meter: &mut Meter<'_>,
) -> Result<(), SendError> {
    let item = &source.item;
    let mut failure = None;
    let outcome = client.add_to_store(
        &request(source),
        &mut |sink| {
            dump_checked(item, &mut Metered { sink, meter }).map_err(|error| {
                let shown = io::Error::other(error.to_string());
                failure = Some(error);
                shown
            })
        },
        log,
    );
    let theirs = outcome.map_err(|error| match (error, failure) {
        (DaemonError::Source(_), Some(failure)) => failure,
        (error, _) => error.into(),
    })?;
    confirm(&item.path, &theirs)?;
    meter.item();
    Ok(())
}

/// A small item's archive.
fn archive(item: &Item) -> Result<Vec<u8>, SendError> {
    let mut archive = Capped(Vec::new());
    dump_checked(item, &mut archive)?;
    Ok(archive.0)
}

/// Writes an item's archive; an error when it is not the database's.
fn dump_checked(item: &Item, sink: &mut dyn Write) -> Result<u64, SendError> {
    let path = &item.path;
    let mut hashed = HashingWriter::new(sink);
    let written = dump(path.as_path(), &mut hashed);
    let (_, hash, size) = hashed.finish();
    match written {
        Ok(_) if (hash, size) == (item.nar_hash, item.nar_size) => Ok(size),
        Ok(_) => Err(SendError::Changed { path: path.clone() }),
        Err(source) if is_local_error(&source) => Err(SendError::Read {
            path: path.clone(),
            source,
        }),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            Err(SendError::Changed { path: path.clone() })
        }
        Err(source) => Err(super::sink_error(path, source)),
    }
}

/// Refuses what cannot be the small item that it was.
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > BATCH_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn request(source: &Source) -> AddToStore<'_> {
    AddToStore {
        name: source.item.path.name(),
        recursive: source.form.recursive,
        algorithm: source.form.algorithm,
    }
}

fn request_size(source: &Source) -> u64 {
    (request(source).encoded_size() as u64).saturating_add(source.item.nar_size)
}

fn confirm(ours: &StorePath, theirs: &StorePath) -> Result<(), SendError> {
    if ours == theirs {
        Ok(())
    } else {
        Err(differs(ours, theirs.as_str()))
    }
}
