//! What an item's name proves of its contents.
//!
//! The name of a text, a source and a fixed output is a hash of what is in
//! it, so that any daemon takes them from anybody and names them itself.
//! Recursive sources are known by the database's row alone, fixed outputs by
//! their derivation; only the rest is read.

use std::io;

use super::{Item, MAX_DERIVATION, MAX_TEXT, PlanError, SINGLE_FILE};
use crate::store::derivation::Derivation;
use crate::store::digest::{Sha256, fixed_path, text_path};
use crate::store::path::{StoreDir, StorePath};

/// The algorithms that every daemon knows (measured: 1.2.0 and 1.5.0, which
/// take SHA-3 and BLAKE2 as well, but not sha384). An older one would refuse
/// what it does not know, while a signature is always right.
const ALGORITHMS: &[&str] = &["sha256", "sha1", "sha512", "md5"];

/// What is hashed for an item's name, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Whether the archive is hashed, or the one file in it.
    pub recursive: bool,
    /// The daemon's name of the algorithm.
    pub algorithm: &'static str,
}

impl Form {
    /// What sources usually are.
    pub const RECURSIVE: Self = Self {
        recursive: true,
        algorithm: "sha256",
    };
    /// A single file.
    pub const FLAT: Self = Self {
        recursive: false,
        algorithm: "sha256",
    };
}

/// What planning asks of the store's files.
pub trait Files {
    /// The SHA-256 of a plain, non-executable file's contents; `None` where
    /// the item is anything else or has more than `limit` bytes.
    fn hash(&mut self, path: &StorePath, limit: u64) -> io::Result<Option<Sha256>>;

    /// Tells whether the item is a plain, non-executable file.
    fn is_plain(&mut self, path: &StorePath) -> io::Result<bool>;

    /// What a derivation says; `None` where it cannot be read.
    fn derivation(&mut self, path: &StorePath) -> Option<Derivation>;
}

/// What is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The contents and references of a text.
    Text,
    /// The contents of an item without references.
    Source(Form),
    /// Nothing.
    None,
}

/// Tells what the name proves of an item; nothing above `limit` bytes counts
/// as a source.
pub(super) fn of(
    dir: &StoreDir,
    limit: u64,
    item: &Item,
    files: &mut dyn Files,
) -> Result<Proof, PlanError> {
    if item.path.is_derivation() {
        // Always a text; the daemon's reply is compared with its name.
        return Ok(if contents_size(item) <= MAX_DERIVATION {
            Proof::Text
        } else {
            Proof::None
        });
    }
    // A size of 0 is one that nobody has noted.
    let small = item.nar_size != 0 && item.nar_size <= limit && item.references.is_empty();
    if proves(dir, item, Form::RECURSIVE, &item.nar_hash) {
        return Ok(if small {
            Proof::Source(Form::RECURSIVE)
        } else {
            Proof::None
        });
    }
    let derivation = match &item.deriver {
        Some(_) if !small => return Ok(Proof::None),
        Some(deriver) => files.derivation(deriver),
        None => None,
    };
    match derivation {
        Some(derivation) => of_fixed_output(dir, item, &derivation, files),
        None => of_contents(dir, item, small.then_some(limit), files),
    }
    .map_err(|source| PlanError::Read {
        path: item.path.clone(),
        source,
    })
}

/// What a single file's contents prove; it is read once. Without a `limit`
/// it can only be a text.
fn of_contents(
    dir: &StoreDir,
    item: &Item,
    limit: Option<u64>,
    files: &mut dyn Files,
) -> io::Result<Proof> {
    let may_be_text = may_be_text(item);
    let Some(most) = limit.max(may_be_text.then_some(MAX_TEXT)) else {
        return Ok(Proof::None);
    };
    let Some(hash) = files.hash(&item.path, most)? else {
        return Ok(Proof::None);
    };
    let text = text_path(dir, item.path.name(), &hash, &item.references);
    Ok(if may_be_text && text.as_ref() == Ok(&item.path) {
        Proof::Text
    } else if limit.is_some() && proves(dir, item, Form::FLAT, &hash) {
        Proof::Source(Form::FLAT)
    } else {
        Proof::None
    })
}

/// Rules out, from the database's row alone, what is no text: what was built,
/// what is too large.
fn may_be_text(item: &Item) -> bool {
    item.deriver.is_none()
        && contents_size(item) <= MAX_TEXT
        && !item.references.contains(&item.path)
}

/// The size of the file, if the item is one.
fn contents_size(item: &Item) -> u64 {
    item.nar_size.saturating_sub(SINGLE_FILE)
}

/// What a derivation proves of its output.
fn of_fixed_output(
    dir: &StoreDir,
    item: &Item,
    derivation: &Derivation,
    files: &mut dyn Files,
) -> io::Result<Proof> {
    let Some(output) = derivation.fixed_output() else {
        return Ok(Proof::None);
    };
    let mut known = ALGORITHMS.iter();
    let Some(&algorithm) = known.find(|name| **name == output.algorithm) else {
        return Ok(Proof::None);
    };
    let form = Form {
        recursive: output.recursive,
        algorithm,
    };
    if !proves(dir, item, form, &output.hash) {
        return Ok(Proof::None);
    }
    // A flat hash says nothing of the executable bit, which would be lost.
    Ok(if form.recursive || files.is_plain(&item.path)? {
        Proof::Source(form)
    } else {
        Proof::None
    })
}

/// Tells whether the item's name is made from this hash.
fn proves(dir: &StoreDir, item: &Item, form: Form, hash: &[u8]) -> bool {
    let name = item.path.name();
    fixed_path(dir, name, form.recursive, form.algorithm, hash).as_ref() == Ok(&item.path)
}
