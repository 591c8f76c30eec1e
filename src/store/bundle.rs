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

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::digest::sha256;
    use crate::store::nar::print::{Printer, single_file};

    type Outcome = Result<Item, BundleError<io::Error>>;

    fn item(number: usize) -> StorePath {
        StoreDir::default()
            .join(&format!("{number:032}-item"))
            .unwrap()
    }

    fn read(bytes: &mut &[u8]) -> Outcome {
        read_item(&StoreDir::default(), bytes, &mut Printer::new(io::sink()))
    }

    fn written(contents: &[u8], outgoing: &Outgoing<'_>) -> Vec<u8> {
        let nar = single_file(false, contents);
        let mut out = Vec::new();
        let written = write_item(
            &mut out,
            &mut |sink| sink.write_all(&nar).map(|()| nar.len() as u64),
            outgoing,
            &mut |hash| Ok(hash.to_vec()),
        )
        .unwrap();
        assert_eq!(written.nar_hash, sha256(&nar));
        assert_eq!(written.nar_size, nar.len() as u64);
        out
    }

    #[test]
    fn items_follow_each_other_in_one_stream() {
        let (first, second) = (item(1), item(2));
        let mut bundle = Vec::new();
        for (number, path) in [(1usize, &first), (2, &second)] {
            write_more(&mut bundle, true).unwrap();
            let outgoing = Outgoing {
                path,
                references: &[second.clone(), first.clone(), second.clone()],
                deriver: (number == 1).then_some(&second),
            };
            bundle.extend_from_slice(&written(b"contents", &outgoing));
        }
        write_more(&mut bundle, false).unwrap();
        bundle.extend_from_slice(b"behind");

        let mut rest = bundle.as_slice();
        for path in [&first, &second] {
            assert!(read_more::<_, ()>(&mut rest).unwrap());
            let item = read(&mut rest).unwrap();
            assert_eq!(item.path, *path);
            assert_eq!(item.references, [first.clone(), second.clone()]);
            assert_eq!(item.deriver.is_some(), *path == first);
            assert_eq!(item.signature.as_deref(), Some(item.signed_hash.as_slice()));
            assert_eq!(item.nar_hash, sha256(&single_file(false, b"contents")));
        }
        assert!(!read_more::<_, ()>(&mut rest).unwrap());
        assert_eq!(rest, b"behind");
    }

    /// An item whose parts can be spoilt one by one.
    struct Parts {
        nar: Vec<u8>,
        magic: u64,
        path: Vec<u8>,
        count: u64,
        references: Vec<Vec<u8>>,
        deriver: Vec<u8>,
        flag: u64,
        signature: Vec<u8>,
    }

    impl Parts {
        fn good() -> Self {
            Self {
                nar: single_file(false, b""),
                magic: MAGIC,
                path: item(1).as_str().into(),
                count: 2,
                references: vec![item(2).as_str().into(), item(1).as_str().into()],
                deriver: vec![],
                flag: 1,
                signature: b"(signature)".to_vec(),
            }
        }

        fn bytes(&self) -> Vec<u8> {
            let mut out = self.nar.clone();
            field::put_u64(&mut out, self.magic);
            field::put_string(&mut out, &self.path);
            field::put_u64(&mut out, self.count);
            for reference in &self.references {
                field::put_string(&mut out, reference);
            }
            field::put_string(&mut out, &self.deriver);
            field::put_u64(&mut out, self.flag);
            if self.flag == 1 {
                field::put_string(&mut out, &self.signature);
            }
            out
        }

        fn read(&self) -> Outcome {
            read(&mut self.bytes().as_slice())
        }
    }

    fn spoilt(spoil: impl FnOnce(&mut Parts)) -> BundleError<io::Error> {
        let mut parts = Parts::good();
        spoil(&mut parts);
        let error = parts.read().unwrap_err();
        assert_eq!(error.fault(), Fault::Sender, "{error}");
        error
    }

    #[test]
    fn the_signed_hash_ends_behind_the_deriver() {
        let parts = Parts::good();
        let bytes = parts.bytes();
        let item = parts.read().unwrap();
        assert_eq!(item.references, [self::item(1), self::item(2)]);
        let signed = bytes.len() - 8 - 8 - 16;
        assert_eq!(item.signed_hash, sha256(&bytes[..signed]));
        let unsigned = Parts {
            flag: 0,
            ..Parts::good()
        };
        let again = unsigned.read().unwrap();
        assert_eq!(again.signed_hash, item.signed_hash);
        assert_eq!(again.signature, None);
    }

    #[test]
    fn refuses_each_broken_part() {
        let path = |parts: &mut Parts, text: &[u8]| parts.path = text.to_vec();
        assert!(matches!(spoilt(|p| p.magic = 7), BundleError::Magic(7)));
        for text in [b"".as_slice(), b"/etc/passwd", b"/gnu/store/.links"] {
            let error = spoilt(|p| path(p, text));
            assert!(matches!(error, BundleError::Path(_)), "{error}");
        }
        assert!(matches!(
            spoilt(|p| p.path = vec![b'x'; 1000]),
            BundleError::Field(FieldError::TooLong { .. })
        ));
        assert!(matches!(
            spoilt(|p| p.references[1] = b"/gnu/store/../x".to_vec()),
            BundleError::Path(_)
        ));
        assert!(matches!(
            spoilt(|p| p.count = u64::MAX),
            BundleError::References(u64::MAX)
        ));
        assert!(matches!(
            spoilt(|p| p.deriver = b"derivation".to_vec()),
            BundleError::Path(_)
        ));
        assert!(matches!(
            spoilt(|p| p.flag = 2),
            BundleError::Flag(2, "a signature")
        ));
        assert!(matches!(
            spoilt(|p| p.signature = vec![0; MAX_SIGNATURE + 1]),
            BundleError::Field(FieldError::TooLong { .. })
        ));
        let sparse = [
            &field::tokens::<56>(&[b"nix-archive-1", b"(", b"type"])[..],
            &field::tokens::<32>(&[b"regular", b")"]),
        ]
        .concat();
        assert!(matches!(
            spoilt(|p| p.nar = sparse),
            BundleError::NotCanonical
        ));
    }

    #[test]
    fn an_end_in_the_middle_is_the_sources_fault() {
        let bytes = Parts::good().bytes();
        for length in 0..bytes.len() {
            let error = read(&mut &bytes[..length]).unwrap_err();
            assert_eq!(error.fault(), Fault::Source, "{length}: {error}");
        }
    }

    #[test]
    fn the_visitors_fault_is_ours() {
        let bytes = Parts {
            nar: single_file(false, &vec![1; 200_000]),
            ..Parts::good()
        }
        .bytes();
        let mut full = [0u8; 100];
        let mut printer = Printer::new(full.as_mut_slice());
        let error =
            read_item(&StoreDir::default(), &mut bytes.as_slice(), &mut printer).unwrap_err();
        assert_eq!(error.fault(), Fault::Visitor);
    }

    #[test]
    fn a_failing_archive_or_signer_ends_the_item() {
        let path = item(1);
        let outgoing = Outgoing {
            path: &path,
            references: &[],
            deriver: None,
        };
        let fail = || io::Error::from(io::ErrorKind::PermissionDenied);
        let mut out = Vec::new();
        let error = write_item(&mut out, &mut |_| Err(fail()), &outgoing, &mut |_| {
            panic!("nothing to sign")
        });
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        let error = write_item(&mut out, &mut |_| Ok(0), &outgoing, &mut |_| Err(fail()));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    proptest! {
        #[test]
        fn round_trip(
            contents in prop::collection::vec(any::<u8>(), 0..100),
            references in prop::collection::btree_set(0usize..50, 0..10),
            deriver in prop::option::of(0usize..50),
        ) {
            let path = item(7);
            let references: Vec<_> = references.into_iter().map(item).collect();
            let deriver = deriver.map(item);
            let bytes = written(&contents, &Outgoing {
                path: &path,
                references: &references,
                deriver: deriver.as_ref(),
            });
            let mut rest = bytes.as_slice();
            let item = read(&mut rest).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(item.path, path);
            prop_assert_eq!(item.references, references);
            prop_assert_eq!(item.deriver, deriver);
        }

        #[test]
        fn garbage_is_refused(garbage in prop::collection::vec(any::<u8>(), 0..200)) {
            let bytes = [single_file(true, b"x"), garbage].concat();
            prop_assert!(read(&mut bytes.as_slice()).is_err());
        }
    }
}
