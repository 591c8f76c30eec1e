//! Each operation of the daemon as a type: what it sends, what it brings.
//!
//! Numbers and fields: worker-protocol.hh and nix-daemon.cc, checked against
//! daemons of 1.2.0, 1.4.0 and 1.5.0. Which fields a request has depends on
//! the version that the *client* announced.

use std::collections::BTreeSet;
use std::io::Read;

use super::wire::{
    Encoder, MAX_LIST, WireError, read_bool, read_done, read_hash, read_int, read_optional_path,
    read_path, read_paths, string_size,
};
use crate::store::path::{StoreDir, StorePath};

/// What we announce; 1.5.0 says the same, 1.2.0 and 1.4.0 say 0x163.
pub const VERSION: u64 = 0x164;
/// The oldest version with today's set-options.
pub const MODERN: u64 = 0x161;
/// The oldest version that is understood at all (2014).
pub const OLDEST: u64 = 0x10e;
/// The first version whose build-paths has a mode.
const WITH_BUILD_MODE: u64 = 0x10f;

/// One request and how its reply is read.
pub trait Operation {
    /// The operation's number.
    const CODE: u64;
    /// What stands behind the last message of a success.
    type Reply;

    /// Appends the arguments, for a client that announced `version`.
    fn arguments(&self, version: u64, out: &mut Encoder);

    /// Reads the result.
    fn reply<R: Read>(&self, dir: &StoreDir, reader: &mut R) -> Result<Self::Reply, WireError>;

    /// Appends the whole request.
    fn encode(&self, version: u64, out: &mut Encoder) {
        out.int(Self::CODE);
        self.arguments(version, out);
    }
}

/// How the daemon shall work for this connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Seconds of silence after which a build is ended; 0 means never.
    pub max_silent: u64,
    /// Seconds after which a build is ended; 0 means never.
    pub build_timeout: u64,
    /// Whether lines of the form `@ build-started …` are mixed into the log.
    pub print_build_trace: bool,
    /// How much the daemon says itself; builders' output comes always.
    pub verbosity: u64,
    /// Whether a failed substitution leads to a build.
    pub fallback: bool,
    /// Whether substitutes may be used, where the daemon allows them.
    pub use_substitutes: bool,
    /// Processors for each builder; the daemon's own setting without.
    pub cores: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_silent: 0,
            build_timeout: 0,
            print_build_trace: false,
            verbosity: 0,
            fallback: false,
            use_substitutes: true,
            cores: None,
        }
    }
}

/// Sets the options of the connection (19).
///
/// Offloading is always forbidden: the far daemon would start a hook of its
/// own for each build (measured, 95 ms). Both time limits are always sent,
/// since those that are left out stay what they were on a used connection.
#[derive(Debug)]
pub struct SetOptions<'a>(pub &'a Options);

impl Operation for SetOptions<'_> {
    const CODE: u64 = 19;
    type Reply = ();

    fn arguments(&self, version: u64, out: &mut Encoder) {
        let options = self.0;
        out.bool(false); // keep-failed
        out.bool(false); // keep-going
        out.bool(options.fallback);
        out.int(options.verbosity);
        if version < MODERN {
            out.int(1); // max-jobs: 0 would mean none
            out.int(options.max_silent.min(u64::from(u32::MAX)));
        }
        out.bool(false); // offload
        out.int(0); // build-verbosity
        out.int(0); // log type
        out.bool(options.print_build_trace);
        if version < MODERN {
            out.int(options.cores.unwrap_or(0));
        }
        out.bool(options.use_substitutes);
        let mut pairs = vec![
            ("build-max-silent-time", options.max_silent),
            ("build-timeout", options.build_timeout),
        ];
        pairs.extend(options.cores.map(|cores| ("build-cores", cores)));
        out.int(pairs.len() as u64);
        for (name, value) in pairs {
            out.string(name.as_bytes());
            out.string(value.to_string().as_bytes());
        }
    }

    fn reply<R: Read>(&self, _: &StoreDir, _: &mut R) -> Result<(), WireError> {
        Ok(())
    }
}

/// Keeps an item from the collector while the connection lasts (11); the
/// item need not exist.
#[derive(Debug)]
pub struct AddTempRoot<'a>(pub &'a StorePath);

impl Operation for AddTempRoot<'_> {
    const CODE: u64 = 11;
    type Reply = ();

    fn arguments(&self, _: u64, out: &mut Encoder) {
        out.path(self.0);
    }

    fn reply<R: Read>(&self, _: &StoreDir, reader: &mut R) -> Result<(), WireError> {
        read_done(reader)
    }
}

/// Asks which of some paths are valid (31).
#[derive(Debug)]
pub struct QueryValidPaths<'a>(pub &'a [StorePath]);

impl Operation for QueryValidPaths<'_> {
    const CODE: u64 = 31;
    type Reply = BTreeSet<StorePath>;

    fn arguments(&self, _: u64, out: &mut Encoder) {
        out.paths(self.0);
    }

    fn reply<R: Read>(&self, dir: &StoreDir, reader: &mut R) -> Result<Self::Reply, WireError> {
        let asked: BTreeSet<&StorePath> = self.0.iter().collect();
        let valid = read_paths(reader, dir, self.0.len() as u64)?;
        if let Some(other) = valid.iter().find(|path| !asked.contains(path)) {
            return Err(WireError::NotAsked(other.clone()));
        }
        Ok(valid.into_iter().collect())
    }
}

/// Asks whether one path is valid (1).
#[derive(Debug)]
pub struct IsValidPath<'a>(pub &'a StorePath);

impl Operation for IsValidPath<'_> {
    const CODE: u64 = 1;
    type Reply = bool;

    fn arguments(&self, _: u64, out: &mut Encoder) {
        out.path(self.0);
    }

    fn reply<R: Read>(&self, _: &StoreDir, reader: &mut R) -> Result<bool, WireError> {
        read_bool(reader, "a path's validity")
    }
}

/// What the daemon's database says of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathInfo {
    /// SHA-256 of its archive.
    pub nar_hash: [u8; 32],
    /// Length of its archive.
    pub nar_size: u64,
    /// Its references, itself included where it refers to itself.
    pub references: Vec<StorePath>,
    /// The derivation that it was built from.
    pub deriver: Option<StorePath>,
    /// When it was registered, in seconds since 1970.
    pub registered: u64,
}

/// Asks for an item's row (26); an invalid path is refused.
#[derive(Debug)]
pub struct QueryPathInfo<'a>(pub &'a StorePath);

impl Operation for QueryPathInfo<'_> {
    const CODE: u64 = 26;
    type Reply = PathInfo;

    fn arguments(&self, _: u64, out: &mut Encoder) {
        out.path(self.0);
    }

    fn reply<R: Read>(&self, dir: &StoreDir, reader: &mut R) -> Result<PathInfo, WireError> {
        let deriver = read_optional_path(reader, dir)?;
        let nar_hash = read_hash(reader)?;
        let references = read_paths(reader, dir, MAX_LIST)?;
        let registered = read_int(reader)?;
        let nar_size = read_int(reader)?;
        Ok(PathInfo {
            nar_hash,
            nar_size,
            references,
            deriver,
            registered,
        })
    }
}

/// Adds a text whose name its contents prove (8); no signature is needed.
#[derive(Clone, Copy, Debug)]
pub struct AddText<'a> {
    /// The name behind the hash part.
    pub name: &'a str,
    /// The file's contents.
    pub contents: &'a [u8],
    /// Its references, sorted; they must be valid there.
    pub references: &'a [StorePath],
}

impl AddText<'_> {
    /// Bytes of the whole request.
    pub fn encoded_size(&self) -> usize {
        let references = self
            .references
            .iter()
            .map(|path| string_size(path.as_str().len()));
        // The operation's number and the count of references.
        references
            .chain([
                string_size(self.name.len()),
                string_size(self.contents.len()),
            ])
            .fold(16, usize::saturating_add)
    }
}

impl Operation for AddText<'_> {
    const CODE: u64 = 8;
    type Reply = StorePath;

    fn arguments(&self, _: u64, out: &mut Encoder) {
        out.string(self.name.as_bytes());
        out.string(self.contents);
        out.paths(self.references);
    }

    fn reply<R: Read>(&self, dir: &StoreDir, reader: &mut R) -> Result<StorePath, WireError> {
        read_path(reader, dir)
    }
}

/// Adds a tree whose name its archive proves (7); the archive follows the
/// arguments at once, without any message between.
#[derive(Clone, Copy, Debug)]
pub struct AddToStore<'a> {
    /// The name behind the hash part.
    pub name: &'a str,
    /// Whether the archive is hashed, or the one file in it.
    pub recursive: bool,
    /// `sha256`, `sha1`, `sha512`.
    pub algorithm: &'a str,
}

impl AddToStore<'_> {
    /// Bytes of the request before the archive.
    pub fn encoded_size(&self) -> usize {
        // The operation's number and two truths.
        [self.name, self.algorithm]
            .map(|text| string_size(text.len()))
            .into_iter()
            .fold(24, usize::saturating_add)
    }
}

impl Operation for AddToStore<'_> {
    const CODE: u64 = 7;
    type Reply = StorePath;

    fn arguments(&self, _: u64, out: &mut Encoder) {
        out.string(self.name.as_bytes());
        out.int(1);
        out.bool(self.recursive);
        out.string(self.algorithm.as_bytes());
    }

    fn reply<R: Read>(&self, dir: &StoreDir, reader: &mut R) -> Result<StorePath, WireError> {
        read_path(reader, dir)
    }
}

/// Adds a tree whose archive is in memory (7).
#[derive(Clone, Copy, Debug)]
pub struct AddArchive<'a> {
    /// How it is named.
    pub item: AddToStore<'a>,
    /// Its archive.
    pub archive: &'a [u8],
}

impl Operation for AddArchive<'_> {
    const CODE: u64 = AddToStore::CODE;
    type Reply = StorePath;

    fn arguments(&self, version: u64, out: &mut Encoder) {
        self.item.arguments(version, out);
        out.raw(self.archive);
    }

    fn reply<R: Read>(&self, dir: &StoreDir, reader: &mut R) -> Result<StorePath, WireError> {
        self.item.reply(dir, reader)
    }
}

/// Builds derivations (9).
#[derive(Debug)]
pub struct BuildPaths<'a>(pub &'a [StorePath]);

impl Operation for BuildPaths<'_> {
    const CODE: u64 = 9;
    type Reply = ();

    fn arguments(&self, version: u64, out: &mut Encoder) {
        out.paths(self.0);
        if version >= WITH_BUILD_MODE {
            out.int(0); // neither repair nor check
        }
    }

    fn reply<R: Read>(&self, _: &StoreDir, reader: &mut R) -> Result<(), WireError> {
        read_done(reader)
    }
}

/// Exports one item (16): data first, then the result.
#[derive(Debug)]
pub struct ExportPath<'a> {
    /// The item.
    pub path: &'a StorePath,
    /// Whether the daemon signs it.
    pub sign: bool,
}

impl Operation for ExportPath<'_> {
    const CODE: u64 = 16;
    type Reply = ();

    fn arguments(&self, _: u64, out: &mut Encoder) {
        out.path(self.path);
        out.bool(self.sign);
    }

    fn reply<R: Read>(&self, _: &StoreDir, reader: &mut R) -> Result<(), WireError> {
        read_done(reader)
    }
}

/// Imports a bundle (27), which the daemon asks for piece by piece.
#[derive(Debug)]
pub struct ImportPaths;

impl Operation for ImportPaths {
    const CODE: u64 = 27;
    type Reply = Vec<StorePath>;

    fn arguments(&self, _: u64, _: &mut Encoder) {}

    fn reply<R: Read>(&self, dir: &StoreDir, reader: &mut R) -> Result<Self::Reply, WireError> {
        read_paths(reader, dir, MAX_LIST)
    }
}

/// Decodes anything as each operation's reply: the body of a fuzz target.
pub fn fuzz_replies(data: &[u8]) {
    let dir = StoreDir::default();
    let Ok(path) = dir.join("1hqp1kznhm15lxn7h668f9x88i6mzsvc-worked-text") else {
        return;
    };
    let understood = [
        QueryPathInfo(&path).reply(&dir, &mut &*data).is_ok(),
        QueryValidPaths(std::slice::from_ref(&path))
            .reply(&dir, &mut &*data)
            .is_ok(),
        ImportPaths.reply(&dir, &mut &*data).is_ok(),
        IsValidPath(&path).reply(&dir, &mut &*data).is_ok(),
    ];
    std::hint::black_box(understood);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded<O: Operation>(operation: &O, version: u64) -> Vec<u8> {
        let mut out = Encoder::default();
        operation.encode(version, &mut out);
        out.as_bytes().to_vec()
    }

    fn ints(bytes: &[u8]) -> Vec<u64> {
        bytes
            .chunks_exact(8)
            .map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap()))
            .collect()
    }

    #[test]
    fn options_forbid_offloading_and_send_both_limits() {
        let options = Options {
            max_silent: 0,
            build_timeout: 90,
            ..Options::default()
        };
        let bytes = encoded(&SetOptions(&options), VERSION);
        // operation, three truths, verbosity, offload, build-verbosity, log
        // type, trace, substitutes, pairs
        assert_eq!(
            ints(&bytes)[..11],
            [19, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2],
            "{bytes:?}"
        );
        let mut pairs = Encoder::default();
        for text in ["build-max-silent-time", "0", "build-timeout", "90"] {
            pairs.string(text.as_bytes());
        }
        assert_eq!(&bytes[88..], pairs.as_bytes());
    }

    #[test]
    fn options_for_an_old_daemon_have_three_more_fields() {
        let options = Options {
            max_silent: 7,
            ..Options::default()
        };
        let bytes = encoded(&SetOptions(&options), 0x10f);
        assert_eq!(
            ints(&bytes)[..14],
            [19, 0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 1, 2]
        );
    }

    #[test]
    fn sizes_are_known_beforehand() {
        let item = AddToStore {
            name: "a-name",
            recursive: false,
            algorithm: "sha256",
        };
        assert_eq!(item.encoded_size(), encoded(&item, VERSION).len());
        let archive = &[1; 40];
        let whole = encoded(&AddArchive { item, archive }, VERSION);
        assert_eq!(whole.len(), item.encoded_size() + 40);
        assert!(whole.starts_with(&encoded(&item, VERSION)));
    }

    #[test]
    fn the_build_mode_came_with_minor_15() {
        let path = StoreDir::default()
            .join("1hqp1kznhm15lxn7h668f9x88i6mzsvc-x.drv")
            .unwrap();
        let paths = [path];
        assert_eq!(
            encoded(&BuildPaths(&paths), 0x10e).len() + 8,
            encoded(&BuildPaths(&paths), VERSION).len()
        );
    }

    #[test]
    fn a_reply_about_something_else_is_refused() {
        let dir = StoreDir::default();
        let asked = [dir.join("1hqp1kznhm15lxn7h668f9x88i6mzsvc-a").unwrap()];
        let other = dir.join("1hqp1kznhm15lxn7h668f9x88i6mzsvc-b").unwrap();
        let mut out = Encoder::default();
        out.paths(std::slice::from_ref(&other));
        assert!(matches!(
            QueryValidPaths(&asked).reply(&dir, &mut out.as_bytes()),
            Err(WireError::NotAsked(path)) if path == other
        ));
        // Nor more than was asked about.
        let mut out = Encoder::default();
        out.paths(&[asked[0].clone(), asked[0].clone()]);
        assert!(matches!(
            QueryValidPaths(&asked).reply(&dir, &mut out.as_bytes()),
            Err(WireError::TooLong { .. })
        ));
    }

    #[test]
    fn a_row_is_read() {
        let dir = StoreDir::default();
        let path = dir.join("1hqp1kznhm15lxn7h668f9x88i6mzsvc-a").unwrap();
        let mut out = Encoder::default();
        out.string(b"");
        out.string("ab".repeat(32).as_bytes());
        out.paths(std::slice::from_ref(&path));
        out.int(5);
        out.int(1 << 40);
        assert_eq!(
            QueryPathInfo(&path)
                .reply(&dir, &mut out.as_bytes())
                .unwrap(),
            PathInfo {
                nar_hash: [0xab; 32],
                nar_size: 1 << 40,
                references: vec![path],
                deriver: None,
                registered: 5,
            }
        );
    }

    proptest! {
        #[test]
        fn garbage_is_refused_without_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            fuzz_replies(&data);
        }
    }
}
