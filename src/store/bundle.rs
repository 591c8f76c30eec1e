//! Bundles: items with their references and signature, as the daemons
//! exchange them.
//!
//! A bundle is any number of items, each behind the integer 1, then the
//! integer 0. An item is its archive, a magic number, path, references and
//! deriver, which the signature covers, and the signature. An export by the
//! daemon is one item alone. Layout: facts of the daemon's protocol, section
//! 4.1.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::io::{self, Read, Write};

use thiserror::Error;

use super::digest::{HashingReader, HashingWriter, Sha256};
use super::nar::Visitor;
use super::nar::field::{self, FieldError};
use super::nar::parse::{self, Form, ParseError};
use super::path::{MAX_BASE_NAME, PathError, StoreDir, StorePath};

/// Stands between an archive and what is told of it; "NIXE" in the file.
const MAGIC: u64 = 0x4558_494e;

/// The most references that an item may have: four for every package of
/// Guix. Beyond, the list alone would break the bounds on memory.
pub const MAX_REFERENCES: u64 = 1 << 17;

/// The longest signature: those made by an RSA key of 16,384 bits take half.
pub const MAX_SIGNATURE: usize = 32 * 1024;

/// What a bundle tells of an item, its archive excepted.
///
/// Nothing of it is to be believed before the signature has been checked
/// against `signed_hash`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub path: StorePath,
    /// What it refers to, sorted; itself included if it does.
    pub references: Vec<StorePath>,
    /// The derivation that made it.
    pub deriver: Option<StorePath>,
    /// The signature, an s-expression; `None` when it was left out.
    pub signature: Option<Vec<u8>>,
    /// The hash of the archive.
    pub nar_hash: Sha256,
    /// The size of the archive.
    pub nar_size: u64,
    /// The hash that the signature must be of.
    pub signed_hash: Sha256,
}

/// Why an item was not taken; `E` is the visitor's error.
#[derive(Debug, Error)]
pub enum BundleError<E> {
    /// The archive is broken, or the source, or the visitor failed.
    #[error(transparent)]
    Archive(#[from] ParseError<E>),
    /// A field behind the archive is broken, or the source is.
    #[error("broken data behind an archive")]
    Field(#[from] FieldError),
    /// The archive is legal, but its bytes are not those that the daemon
    /// would hash again in its store.
    #[error("an archive that is not as a daemon writes it")]
    NotCanonical,
    /// What stands behind the archive is not the magic number.
    #[error("{0:#x} instead of the magic number behind an archive")]
    Magic(u64),
    /// A name is no store path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// More references than [`MAX_REFERENCES`].
    #[error("an item with {0} references")]
    References(u64),
    /// What says whether something follows is neither 0 nor 1.
    #[error("{0} where 0 or 1 says whether {1} follows")]
    Flag(u64, &'static str),
}

/// Whose fault it is that an item was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The source failed or ended: the connection.
    Source,
    /// What came is no item: whoever sent it.
    Sender,
    /// The visitor failed: our own side.
    Visitor,
}

impl<E> BundleError<E> {
    /// Tells whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Archive(ParseError::Visitor(_)) => Fault::Visitor,
            Self::Archive(ParseError::Field(error)) | Self::Field(error) => match error {
                FieldError::Io(_) | FieldError::Truncated => Fault::Source,
                FieldError::TooLong { .. } | FieldError::Padding => Fault::Sender,
            },
            _ => Fault::Sender,
        }
    }
}

/// Reads whether another item follows in a bundle.
pub fn read_more<R: Read, E>(reader: &mut R) -> Result<bool, BundleError<E>> {
    read_flag(reader, "an item")
}

/// Reads one item, without the 1 before it, and tells the visitor what its
/// archive holds; hashes on the way.
///
/// Reads not one byte more. Many small reads are made: give it a buffered
/// reader, and keep that for the whole stream.
pub fn read_item<R: Read, V: Visitor>(
    dir: &StoreDir,
    reader: &mut R,
    visitor: &mut V,
) -> Result<Item, BundleError<V::Error>> {
    let mut hashed = HashingReader::new(&mut *reader);
    // An archive that is not canonical would get another hash than the
    // daemon's own when it verifies the store.
    if parse::parse_noting(&mut hashed, visitor)? != Form::Canonical {
        return Err(BundleError::NotCanonical);
    }
    let nar_hash = hashed.so_far();
    let nar_size = hashed.count();
    let magic = field::read_u64(&mut hashed)?;
    if magic != MAGIC {
        return Err(BundleError::Magic(magic));
    }
    let mut text = Vec::new();
    let limit = longest_path(dir);
    field::read_string(&mut hashed, limit, &mut text)?;
    let path = StorePath::parse(dir, &text)?;
    let references = read_references(dir, &mut hashed)?;
    field::read_string(&mut hashed, limit, &mut text)?;
    let deriver = match text.as_slice() {
        b"" => None,
        deriver => Some(StorePath::parse(dir, deriver)?),
    };
    let (_, signed_hash, _) = hashed.finish();
    let signature = if read_flag(reader, "a signature")? {
        field::read_string(reader, MAX_SIGNATURE, &mut text)?;
        Some(text)
    } else {
        None
    };
    Ok(Item {
        path,
        references,
        deriver,
        signature,
        nar_hash,
        nar_size,
        signed_hash,
    })
}

fn read_references<R: Read, E>(
    dir: &StoreDir,
    reader: &mut R,
) -> Result<Vec<StorePath>, BundleError<E>> {
    let count = field::read_u64(reader)?;
    if count > MAX_REFERENCES {
        return Err(BundleError::References(count));
    }
    // Not allocated ahead: a count is cheap to send, references are not.
    let mut references = Vec::new();
    let mut text = Vec::new();
    let limit = longest_path(dir);
    for _ in 0..count {
        field::read_string(reader, limit, &mut text)?;
        references.push(StorePath::parse(dir, &text)?);
    }
    // They come sorted; the daemon's reader takes any order and double ones.
    references.sort_unstable();
    references.dedup();
    Ok(references)
}

fn read_flag<R: Read, E>(reader: &mut R, what: &'static str) -> Result<bool, BundleError<E>> {
    match field::read_u64(reader)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(BundleError::Flag(other, what)),
    }
}

fn longest_path(dir: &StoreDir) -> usize {
    dir.as_str()
        .len()
        .saturating_add(1)
        .saturating_add(MAX_BASE_NAME)
}

/// What is told of an item that is sent.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Its name.
    pub path: &'a StorePath,
    /// What it refers to, itself included if it does, in any order.
    pub references: &'a [StorePath],
    /// The derivation that made it.
    pub deriver: Option<&'a StorePath>,
}

/// The archive that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its hash, to be compared with the database's.
    pub nar_hash: Sha256,
    /// Its size.
    pub nar_size: u64,
}

/// Writes before an item of a bundle that one follows (`true`), or that the
/// bundle ends (`false`).
pub fn write_more(sink: &mut dyn Write, more: bool) -> io::Result<()> {
    sink.write_all(&u64::from(more).to_le_bytes())
}

/// Writes one item, without the 1 before it, in one pass.
///
/// `nar` prints the archive into the writer that it is given; `sign` makes
/// the signature of a hash. When either fails, half an item has been written.
pub fn write_item(
    sink: &mut dyn Write,
    nar: &mut dyn FnMut(&mut dyn Write) -> io::Result<u64>,
    item: &Outgoing<'_>,
    sign: &mut dyn FnMut(&Sha256) -> io::Result<Vec<u8>>,
) -> io::Result<Written> {
    let mut hashed = HashingWriter::new(&mut *sink);
    nar(&mut hashed)?;
    let nar_hash = hashed.so_far();
    let nar_size = hashed.count();
    hashed.write_all(&description(item))?;
    let (_, signed_hash, _) = hashed.finish();
    let signature = sign(&signed_hash)?;
    let mut end = Vec::with_capacity(signature.len().saturating_add(24));
    field::put_u64(&mut end, 1);
    field::put_string(&mut end, &signature);
    sink.write_all(&end)?;
    Ok(Written { nar_hash, nar_size })
}

/// What stands between an item's archive and its signature.
fn description(item: &Outgoing<'_>) -> Vec<u8> {
    let mut references: Vec<&StorePath> = item.references.iter().collect();
    references.sort_unstable();
    references.dedup();
    let mut out = Vec::new();
    field::put_u64(&mut out, MAGIC);
    field::put_string(&mut out, item.path.as_str().as_bytes());
    field::put_u64(&mut out, references.len() as u64);
    for reference in references {
        field::put_string(&mut out, reference.as_str().as_bytes());
    }
    let deriver = item.deriver.map_or("", StorePath::as_str);
    field::put_string(&mut out, deriver.as_bytes());
    out
}
