//! The result of an evaluation, kept for as long as nothing changes that it
//! depends on.
//!
//! One file, beside the slots: a key (who asks for what with which program),
//! a digest, and the report as the evaluating child sent it, with all that it
//! depends on. Whatever is odd about the file or its directories makes it
//! count as absent: an evaluation costs milliseconds, a wrong machine a build.

use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::libc;
use nix::unistd::Uid;
use sha2::{Digest, Sha256};

use super::dependency::{Dependency, Sha256Digest};
use super::evaluate::Report;
use super::message;

/// What begins the file; another number for another encoding.
const MAGIC: &[u8; 8] = b"offload1";

/// Folders below the state directory, the outer first.
const FOLDERS: [&str; 2] = ["offload", "offload/hook"];

/// The file in the last of them.
const NAME: &str = "machines.cache";

/// Half-written files of this age were left by processes that were killed.
const STALE: Duration = Duration::from_secs(60);

/// Where results are kept.
#[derive(Clone, Debug)]
pub struct Cache {
    state_dir: PathBuf,
}

/// What an evaluation is about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The machine file's name.
    pub name: &'a str,
    /// Its text.
    pub text: &'a [u8],
    /// What HOME is.
    pub home: Option<&'a Path>,
    /// How deep it may be nested.
    pub nesting: u32,
}

impl Cache {
    /// The cache below the daemon's state directory.
    pub fn new(state_dir: &Path) -> Self {
        Self {
            state_dir: state_dir.to_owned(),
        }
    }

    /// The result that is kept, if it still holds.
    pub fn find(&self, question: &Question<'_>) -> Option<Report> {
        self.trusted()?;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(self.path())
            .ok()?;
        let metadata = file.metadata().ok()?;
        let limit = (message::LENGTH_MAX as u64).saturating_add(HEADER as u64);
        if !metadata.is_file() || !is_ours(&metadata) || metadata.len() > limit {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
        file.take(limit).read_to_end(&mut bytes).ok()?;
        let report = decode(&bytes, &question.key()?)?;
        report
            .dependencies
            .iter()
            .all(Dependency::holds)
            .then_some(report)
    }

    /// Keeps a result, if it is one that can be looked at again.
    pub fn keep(&self, question: &Question<'_>, report: &Report) {
        if !is_lasting(&report.dependencies) {
            return;
        }
        if let Some(key) = question.key()
            && let Err(error) = self.write(&encode(&key, report))
        {
            log::debug!("cannot keep {}: {error}", self.path().display());
        }
    }

    fn path(&self) -> PathBuf {
        self.folder().join(NAME)
    }

    fn folder(&self) -> PathBuf {
        let [_, folder] = FOLDERS;
        self.state_dir.join(folder)
    }

    /// Nobody else may put a file where the cache is.
    fn trusted(&self) -> Option<()> {
        // The state directory may be a link of the administrator's.
        let outer = fs::metadata(&self.state_dir).ok()?;
        let trusted = |folder: &Metadata| folder.is_dir() && is_ours(folder);
        let inner = |name: &str| {
            fs::symlink_metadata(self.state_dir.join(name)).is_ok_and(|folder| trusted(&folder))
        };
        (trusted(&outer) && FOLDERS.iter().all(|name| inner(name))).then_some(())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        for (name, mode) in FOLDERS.into_iter().zip([0o755, 0o700]) {
            let made = DirBuilder::new()
                .mode(mode)
                .create(self.state_dir.join(name));
            match made {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        if self.trusted().is_none() {
            return Err(io::Error::other("others can write its directory"));
        }
        self.remove_stale();
        let half = self.folder().join(format!("{NAME}.{}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&half)?;
        let written = file
            .write_all(bytes)
            .and_then(|()| fs::rename(&half, self.path()));
        if written.is_err() {
            fs::remove_file(&half)?;
        }
        written
    }

    /// Removes what killed processes have left half-written.
    fn remove_stale(&self) {
        let begin = format!("{NAME}.");
        let entries = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        for entry in
            entries.filter(|entry| entry.file_name().as_bytes().starts_with(begin.as_bytes()))
        {
            let age = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .map(|modified| {
                    SystemTime::now()
                        .duration_since(modified)
                        .unwrap_or_default()
                });
            if age.is_ok_and(|age| age >= STALE) {
                fs::remove_file(entry.path()).unwrap_or_default();
            }
        }
    }
}

/// Tells whether nobody but root and this user can have written it.
fn is_ours(metadata: &Metadata) -> bool {
    let owner = metadata.uid();
    (owner == 0 || owner == Uid::effective().as_raw()) && metadata.mode() & 0o022 == 0
}

/// Tells whether all of it can be looked at again, and was seen in one state.
fn is_lasting(dependencies: &[Dependency]) -> bool {
    let twice = dependencies.windows(2).any(|pair| match pair {
        // They are in order, so two states of a thing stand side by side.
        [
            Dependency::File { path: a, .. },
            Dependency::File { path: b, .. },
        ]
        | [
            Dependency::Existence { path: a, .. },
            Dependency::Existence { path: b, .. },
        ] => a == b,
        [
            Dependency::Environment { name: a, .. },
            Dependency::Environment { name: b, .. },
        ] => a == b,
        _ => false,
    });
    let lasting = |one: &Dependency| !matches!(one, Dependency::Uncacheable(_));
    !twice && dependencies.iter().all(lasting)
}

impl Question<'_> {
    /// Who asks for what with which program: a digest of it.
    fn key(&self) -> Option<Sha256Digest> {
        let mut key = Sha256::new();
        let mut part = |bytes: &[u8]| {
            key.update((bytes.len() as u64).to_le_bytes());
            key.update(bytes);
        };
        part(env!("CARGO_PKG_VERSION").as_bytes());
        // Another build of the same version may judge otherwise.
        let program = fs::metadata("/proc/self/exe").ok()?;
        for number in [program.dev(), program.ino(), program.size()] {
            part(&number.to_le_bytes());
        }
        part(&program.mtime().to_le_bytes());
        part(&program.mtime_nsec().to_le_bytes());
        part(&Uid::effective().as_raw().to_le_bytes());
        part(std::env::current_dir().ok()?.as_os_str().as_bytes());
        part(
            self.home
                .map_or(&b""[..], |home| home.as_os_str().as_bytes()),
        );
        part(&[u8::from(self.home.is_some())]);
        part(&self.nesting.to_le_bytes());
        part(self.name.as_bytes());
        part(self.text);
        Some(key.finalize().into())
    }
}

/// Magic, key, digest.
const HEADER: usize = MAGIC.len() + 32 + 32;

fn encode(key: &Sha256Digest, report: &Report) -> Vec<u8> {
    let body = message::encode(report);
    let mut bytes = Vec::with_capacity(HEADER.saturating_add(body.len()));
    bytes.extend(MAGIC);
    bytes.extend(key);
    bytes.extend(Sha256::digest(&body));
    bytes.extend(body);
    bytes
}

fn decode(bytes: &[u8], key: &Sha256Digest) -> Option<Report> {
    let (kept, digest, body) = parts(bytes)?;
    if kept != key || Sha256::digest(body).as_slice() != digest {
        return None;
    }
    message::decode(body).ok()
}

/// Key, digest and body of a file.
pub(super) fn parts(bytes: &[u8]) -> Option<(&Sha256Digest, &Sha256Digest, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (key, rest) = rest.split_first_chunk::<32>()?;
    let (digest, body) = rest.split_first_chunk::<32>()?;
    Some((key, digest, body))
}

#[cfg(test)]
mod tests;
