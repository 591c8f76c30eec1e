//! Executes a plan: one pass over each item, fixed buffers.
//!
//! Texts and small sources go in batches, runs of signed items as one bundle
//! that is made while it is sent. Where the secret key cannot be read here, the local daemon
//! exports and signs.

mod meter;
mod sources;

use std::cell::Cell;
use std::io::{self, Read, Write};

use thiserror::Error;

pub use meter::Sent;
use meter::{Meter, Metered};

use super::files::read_plain;
use super::plan::{Item, MAX_DERIVATION, MAX_TEXT, Plan, Way};
use crate::daemon::operation::AddText;
use crate::daemon::wire::BATCH_BYTES;
use crate::daemon::{Client, DaemonError, Log};
use crate::store::bundle::{Outgoing, write_item, write_more};
use crate::store::digest::{Hasher, Sha256};
use crate::store::nar::dump::{dump, is_local_error};
use crate::store::nar::print::{single_file_begin, single_file_end};
use crate::store::path::StorePath;

/// Bytes copied at once from the local daemon's export.
const COPY_BUFFER: usize = 1 << 16;

/// Signs hashes with this machine's key.
pub trait Signer {
    /// The signature of a hash, as it stands in a bundle.
    fn sign(&self, hash: &Sha256) -> io::Result<Vec<u8>>;
}

impl<F: Fn(&Sha256) -> io::Result<Vec<u8>>> Signer for F {
    fn sign(&self, hash: &Sha256) -> io::Result<Vec<u8>> {
        self(hash)
    }
}

/// Brings items that somebody else signed.
pub trait Exporter {
    /// Writes one signed item, without the 1 before it.
    fn export(&mut self, path: &StorePath, sink: &mut dyn Write) -> Result<(), ExportError>;
}

/// Why an exporter stopped.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The item could not be had.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// It could not be passed on.
    #[error(transparent)]
    Sink(io::Error),
}

/// The local daemon as an exporter.
pub struct LocalDaemon<'a, S> {
    /// A conversation with it.
    pub client: &'a mut Client<S>,
    /// Takes what it says.
    pub log: &'a mut dyn Log,
}

impl<S: Read + Write> Exporter for LocalDaemon<'_, S> {
    fn export(&mut self, path: &StorePath, sink: &mut dyn Write) -> Result<(), ExportError> {
        let mut export = self.client.export_path(path, true, self.log)?;
        let mut buffer = vec![0; COPY_BUFFER];
        loop {
            match export.read(&mut buffer) {
                Ok(0) | Err(_) => return Ok(export.finish()?),
                Ok(read) => {
                    let piece = buffer.get(..read).unwrap_or_default();
                    sink.write_all(piece).map_err(ExportError::Sink)?;
                }
            }
        }
    }
}

/// Where signed items come from.
pub enum Signing<'a> {
    /// From the store's files, signed here.
    Here(&'a dyn Signer),
    /// From somebody who may read the key.
    Exported(&'a mut dyn Exporter),
}

/// Why sending stopped.
#[derive(Debug, Error)]
pub enum SendError {
    /// The receiving daemon, or the connection to it.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// What the bundle is written to failed: the connection.
    #[error("cannot send {path}: {source}")]
    Sink {
        /// The item that was under way.
        path: StorePath,
        /// Why.
        source: io::Error,
    },
    /// An item could not be read here.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The item.
        path: StorePath,
        /// Why.
        source: io::Error,
    },
    /// An item could not be signed here.
    #[error("cannot sign {path}: {source}")]
    Sign {
        /// The item.
        path: StorePath,
        /// Why.
        source: io::Error,
    },
    /// The local daemon does not export an item.
    #[error("the local daemon cannot export {path}: {source}")]
    Export {
        /// The item.
        path: StorePath,
        /// Why.
        source: DaemonError,
    },
    /// An item's files are not those that the database tells of.
    #[error("{path} has changed since it was registered; `guix gc --verify=contents` tells more")]
    Changed {
        /// The item.
        path: StorePath,
    },
    /// The daemon took something else for what was sent.
    #[error("the daemon took {theirs} for {ours}")]
    Differs {
        /// What was sent.
        ours: StorePath,
        /// What the daemon says that it was; nothing where it is silent.
        theirs: String,
    },
}

impl SendError {
    /// Tells whether the receiving machine, or the way to it, is to blame.
    pub fn is_machine_fault(&self) -> bool {
        match self {
            Self::Daemon(error) => error.is_machine_fault(),
            Self::Sink { .. } | Self::Differs { .. } => true,
            Self::Read { .. } | Self::Sign { .. } | Self::Export { .. } | Self::Changed { .. } => {
                false
            }
        }
    }
}

/// Sends everything that the plan holds.
///
/// `progress` is called after each batch and item, and within large ones. When
/// signing here fails ([`SendError::Sign`]), the connection is still good; it
/// is not when a large source could not be read or has changed.
pub fn send<S: Read + Write>(
    plan: &Plan,
    client: &mut Client<S>,
    signing: &mut Signing<'_>,
    log: &mut dyn Log,
    progress: &mut dyn FnMut(Sent),
) -> Result<Sent, SendError> {
    let mut meter = Meter::new(progress);
    sources::send(&plan.sources, client, log, &mut meter)?;
    for step in &plan.steps {
        match step.way {
            Way::Text => send_texts(&step.items, client, log, &mut meter)?,
            Way::Signed => send_signed(&step.items, client, signing, log, &mut meter)?,
        }
    }
    Ok(meter.sent)
}

/// Writes items as a whole bundle, for `guix archive --import`.
pub fn write_bundle<'a>(
    sink: &mut dyn Write,
    items: impl IntoIterator<Item = &'a Item>,
    signing: &mut Signing<'_>,
    progress: &mut dyn FnMut(Sent),
) -> Result<Sent, SendError> {
    let mut meter = Meter::new(progress);
    write_items(sink, items, signing, &mut meter)?;
    Ok(meter.sent)
}

/// Sends texts, as many in one round trip as may be, one batch in memory.
fn send_texts<S: Read + Write>(
    items: &[Item],
    client: &mut Client<S>,
    log: &mut dyn Log,
    meter: &mut Meter<'_>,
) -> Result<(), SendError> {
    let mut batch: Vec<(&Item, Vec<u8>)> = Vec::new();
    let mut size = 0_usize;
    for item in items {
        let contents = read_text(item)?;
        let more = text_of(item, &contents).encoded_size();
        if size.saturating_add(more) > BATCH_BYTES {
            flush_texts(&mut batch, client, log, meter)?;
            size = 0;
        }
        size = size.saturating_add(more);
        batch.push((item, contents));
    }
    flush_texts(&mut batch, client, log, meter)
}

/// Reads a text, which must be what the database tells of: else the daemon
/// would have another name for it, and be blamed.
fn read_text(item: &Item) -> Result<Vec<u8>, SendError> {
    let path = &item.path;
    let read = read_plain(path.as_path(), MAX_DERIVATION.max(MAX_TEXT));
    let contents = read.map_err(|source| SendError::Read {
        path: path.clone(),
        source,
    })?;
    let size = |contents: &Vec<u8>| contents.len() as u64;
    contents
        .filter(|contents| {
            let mut hasher = Hasher::new();
            hasher.update(&single_file_begin(false, size(contents)));
            hasher.update(contents);
            hasher.update(&single_file_end(size(contents)));
            hasher.finish().0 == item.nar_hash
        })
        .ok_or_else(|| SendError::Changed { path: path.clone() })
}

fn flush_texts<S: Read + Write>(
    batch: &mut Vec<(&Item, Vec<u8>)>,
    client: &mut Client<S>,
    log: &mut dyn Log,
    meter: &mut Meter<'_>,
) -> Result<(), SendError> {
    let texts: Vec<_> = batch
        .iter()
        .map(|(item, contents)| text_of(item, contents))
        .collect();
    let theirs = client.add_texts(&texts, log)?;
    for ((item, contents), theirs) in batch.iter().zip(theirs) {
        if theirs != item.path {
            return Err(differs(&item.path, theirs.as_str()));
        }
        meter.bytes(contents.len() as u64);
        meter.item();
    }
    batch.clear();
    Ok(())
}

fn text_of<'a>(item: &'a Item, contents: &'a [u8]) -> AddText<'a> {
    AddText {
        name: item.path.name(),
        contents,
        references: &item.references,
    }
}

/// Sends items as one bundle that is made on the way.
fn send_signed<S: Read + Write>(
    items: &[Item],
    client: &mut Client<S>,
    signing: &mut Signing<'_>,
    log: &mut dyn Log,
    meter: &mut Meter<'_>,
) -> Result<(), SendError> {
    let mut failure = None;
    let outcome = client.import(
        &mut |sink| {
            write_items(sink, items, signing, meter).map_err(|error| {
                let shown = io::Error::other(error.to_string());
                failure = Some(error);
                shown
            })
        },
        log,
    );
    let imported = match outcome {
        Ok(imported) => imported,
        // A failure of our own; the daemon's come as themselves.
        Err(DaemonError::Source(source)) => {
            return Err(failure.unwrap_or(SendError::Daemon(DaemonError::Source(source))));
        }
        Err(error) => return Err(error.into()),
    };
    for (number, item) in items.iter().enumerate() {
        let theirs = imported.get(number);
        if theirs != Some(&item.path) {
            return Err(differs(
                &item.path,
                theirs.map_or("nothing", StorePath::as_str),
            ));
        }
    }
    match imported.get(items.len()) {
        None => Ok(()),
        Some(more) => Err(SendError::Differs {
            ours: more.clone(),
            theirs: "a part of what was sent".to_owned(),
        }),
    }
}

fn write_items<'a>(
    sink: &mut dyn Write,
    items: impl IntoIterator<Item = &'a Item>,
    signing: &mut Signing<'_>,
    meter: &mut Meter<'_>,
) -> Result<(), SendError> {
    let mut last = None;
    for item in items {
        let path = &item.path;
        write_more(sink, true).map_err(|source| sink_error(path, source))?;
        match signing {
            Signing::Here(signer) => write_own(sink, item, *signer, meter)?,
            Signing::Exported(exporter) => {
                let mut metered = Metered { sink, meter };
                exporter
                    .export(path, &mut metered)
                    .map_err(|error| match error {
                        ExportError::Daemon(source) => SendError::Export {
                            path: path.clone(),
                            source,
                        },
                        ExportError::Sink(source) => sink_error(path, source),
                    })?;
            }
        }
        meter.item();
        last = Some(path);
    }
    write_more(sink, false).map_err(|source| match last {
        Some(path) => sink_error(path, source),
        None => SendError::Daemon(DaemonError::Lost(source)),
    })
}

/// Writes one item from the store's files.
///
/// The signature is held back until the archive's hash is known to be the
/// database's: files that have changed must not get our word for them (a
/// daemon's export refuses them too; source: local-store.cc, exportPath).
fn write_own(
    sink: &mut dyn Write,
    item: &Item,
    signer: &dyn Signer,
    meter: &mut Meter<'_>,
) -> Result<(), SendError> {
    let path = &item.path;
    let signed = Cell::new(false);
    let mut unsigned = None;
    let mut held = Held {
        inner: Metered { sink, meter },
        signed: &signed,
        signature: Vec::new(),
    };
    let outgoing = Outgoing {
        path,
        references: &item.references,
        deriver: item.deriver.as_ref(),
    };
    let written = write_item(
        &mut held,
        &mut |archive| dump(path.as_path(), archive),
        &outgoing,
        &mut |hash| {
            signed.set(true);
            signer.sign(hash).map_err(|error| {
                let shown = io::Error::new(error.kind(), error.to_string());
                unsigned = Some(error);
                shown
            })
        },
    );
    let Held {
        mut inner,
        signature,
        ..
    } = held;
    match (written, unsigned) {
        (Ok(written), _) if written.nar_hash == item.nar_hash => inner
            .write_all(&signature)
            .map_err(|source| sink_error(path, source)),
        (Ok(_), _) => Err(SendError::Changed { path: path.clone() }),
        (Err(_), Some(source)) => Err(SendError::Sign {
            path: path.clone(),
            source,
        }),
        (Err(source), None) if is_local_error(&source) => Err(SendError::Read {
            path: path.clone(),
            source,
        }),
        (Err(source), None) => Err(sink_error(path, source)),
    }
}

fn sink_error(path: &StorePath, source: io::Error) -> SendError {
    SendError::Sink {
        path: path.clone(),
        source,
    }
}

fn differs(ours: &StorePath, theirs: &str) -> SendError {
    SendError::Differs {
        ours: ours.clone(),
        theirs: theirs.to_owned(),
    }
}

/// Keeps what is written behind the signed part.
struct Held<'a, 'm> {
    inner: Metered<'a, 'm>,
    signed: &'a Cell<bool>,
    signature: Vec<u8>,
}

impl Write for Held<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.signed.get() {
            self.signature.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests;
