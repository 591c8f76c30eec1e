//! One output on its way here: parsed, hashed, restored and verified in one
//! pass.
//!
//! The signature stands behind the archive, so until it has been checked
//! nothing exists but files at `OUTPUT.chroot`, which vanish with the value
//! that owns them.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Write};

use thiserror::Error;

use crate::daemon::client::{Client, Log};
use crate::daemon::error::DaemonError;
use crate::store::authenticate::{Keyring, SignatureError};
use crate::store::bundle::{BundleError, Fault, Item, read_item, read_more};
use crate::store::path::{StoreDir, StorePath};
use crate::store::restore::{RestoreError, Restored, Restorer};

/// Bytes read at once.
const BUFFER: usize = 128 * 1024;

/// What is wanted, and what may come with it.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The store.
    pub dir: &'a StoreDir,
    /// The derivation whose outputs are brought.
    pub derivation: &'a StorePath,
    /// What an output may refer to: the closure of the inputs and all outputs
    /// of the derivation.
    pub references: &'a BTreeSet<StorePath>,
    /// Whose signatures count.
    pub keyring: &'a Keyring,
}

/// An output whose signature is good, restored at `OUTPUT.chroot`.
pub struct Received {
    /// What the bundle says of it.
    pub item: Item,
    /// Its files.
    pub restored: Restored,
}

/// Has a daemon export an output, and takes it in.
///
/// `progress` is told the bytes that have come so far.
pub fn from_daemon<S: Read + Write>(
    client: &mut Client<S>,
    output: &StorePath,
    wanted: Wanted<'_>,
    log: &mut dyn Log,
    progress: &mut dyn FnMut(u64),
) -> Result<Received, RetrieveError> {
    let mut export = client.export_path(output, true, log)?;
    let received = {
        let metered = Metered {
            inner: &mut export,
            bytes: 0,
            progress,
        };
        let mut reader = BufReader::with_capacity(BUFFER, metered);
        receive(&mut reader, output, wanted)
    };
    match received {
        Ok(received) => {
            export.finish()?;
            Ok(received)
        }
        // The daemon's own word tells more than the end of its stream.
        Err(error) if error.is_broken_stream() => {
            export.finish()?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Takes in a bundle of exactly this output, as `guix archive --export`
/// writes it.
pub fn from_bundle(
    stream: &mut dyn Read,
    output: &StorePath,
    wanted: Wanted<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Received, RetrieveError> {
    let metered = Metered {
        inner: stream,
        bytes: 0,
        progress,
    };
    let mut reader = BufReader::with_capacity(BUFFER, metered);
    if !read_more::<_, RestoreError>(&mut reader)? {
        return Err(RetrieveError::Absent {
            output: output.clone(),
        });
    }
    let received = receive(&mut reader, output, wanted)?;
    if read_more::<_, RestoreError>(&mut reader)? {
        return Err(RetrieveError::Another {
            output: output.clone(),
        });
    }
    Ok(received)
}

fn receive(
    reader: &mut impl Read,
    output: &StorePath,
    wanted: Wanted<'_>,
) -> Result<Received, RetrieveError> {
    let local = |error| RetrieveError::Here(error);
    let destination = output.with_suffix(".chroot");
    // What the machine's daemon found is signed; it scans for the same names.
    let mut restorer = Restorer::create(&destination, []).map_err(local)?;
    let item = read_item(wanted.dir, reader, &mut restorer)?;
    let restored = restorer.finish().map_err(local)?;
    if item.path != *output {
        return Err(RetrieveError::WrongItem {
            output: output.clone(),
            came: item.path,
        });
    }
    if let Some(stranger) = item
        .references
        .iter()
        .find(|reference| !wanted.references.contains(reference))
    {
        return Err(RetrieveError::Reference {
            output: output.clone(),
            reference: stranger.clone(),
        });
    }
    if let Some(deriver) = &item.deriver
        && deriver != wanted.derivation
    {
        log::debug!("{output} was built there by {deriver} before");
    }
    let Some(signature) = &item.signature else {
        return Err(RetrieveError::Unsigned {
            output: output.clone(),
        });
    };
    wanted
        .keyring
        .verify(signature, &item.signed_hash)
        .map_err(|source| RetrieveError::Signature {
            output: output.clone(),
            source,
        })?;
    Ok(Received { item, restored })
}

/// Why an output was not taken.
#[derive(Debug, Error)]
pub enum RetrieveError {
    /// The remote daemon, or the connection to it.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// The bundle is broken, or the stream is.
    #[error("what comes as an output is broken: {0}")]
    Bundle(#[source] BundleError<RestoreError>),
    /// It cannot be restored here.
    #[error("cannot restore an output: {0}")]
    Here(#[source] RestoreError),
    /// There is nothing in the bundle.
    #[error("the machine exports nothing for {output}")]
    Absent {
        /// What was asked for.
        output: StorePath,
    },
    /// There is more in the bundle than was asked for.
    #[error("the machine exports more than {output}")]
    Another {
        /// What was asked for.
        output: StorePath,
    },
    /// Something else came.
    #[error("the machine sent {came} where {output} was asked for")]
    WrongItem {
        /// What was asked for.
        output: StorePath,
        /// What came.
        came: StorePath,
    },
    /// It refers to something that the build cannot have seen.
    #[error(
        "{output} refers to {reference}, which is neither an input nor an output of its derivation"
    )]
    Reference {
        /// The output.
        output: StorePath,
        /// What it refers to.
        reference: StorePath,
    },
    /// It is not signed.
    #[error("{output} came without a signature")]
    Unsigned {
        /// The output.
        output: StorePath,
    },
    /// Its signature does not count.
    #[error("{output}: {source}")]
    Signature {
        /// The output.
        output: StorePath,
        /// Why.
        source: SignatureError,
    },
}

impl From<BundleError<RestoreError>> for RetrieveError {
    fn from(error: BundleError<RestoreError>) -> Self {
        match error {
            BundleError::Archive(crate::store::nar::parse::ParseError::Visitor(error)) => {
                Self::Here(error)
            }
            other => Self::Bundle(other),
        }
    }
}

impl RetrieveError {
    /// Tells whether another machine may do better; else our own disk or keys
    /// are to blame.
    pub fn is_machine_fault(&self) -> bool {
        match self {
            Self::Daemon(error) => error.is_machine_fault(),
            Self::Here(error) => error.is_senders_fault(),
            Self::Signature { source, .. } => source.is_machine_fault(),
            _ => true,
        }
    }

    /// What to type against it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Signature { source, .. } => source.hint(),
            _ => None,
        }
    }

    /// Tells whether the stream ended or broke, rather than what came in it.
    pub fn is_broken_stream(&self) -> bool {
        matches!(self, Self::Bundle(error) if error.fault() == Fault::Source)
    }
}

struct Metered<'a, R: Read + ?Sized> {
    inner: &'a mut R,
    bytes: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl<R: Read + ?Sized> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes = self.bytes.saturating_add(read as u64);
        (self.progress)(self.bytes);
        Ok(read)
    }
}
