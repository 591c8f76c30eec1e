//! What was said about builds that were put off, and since when they are.
//!
//! A postponed derivation is asked about again every five seconds, and meets a
//! new process whenever another derivation was accepted meanwhile (measured).
//! So that a reason is told once, and so that putting off ends, both are kept
//! in a file for each client's worker and derivation.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::unistd::{Uid, getppid};

use crate::store::path::StorePath;

/// Files that nobody touched for so long belong to workers long gone.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest reason that is kept.
const MAX_KEPT: u64 = 64 * 1024;

/// The notes about one derivation, for one worker.
#[derive(Debug)]
pub struct Postponed {
    path: PathBuf,
    reason: Option<(u64, String)>,
}

/// What a note of a reason found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// It was not said before, or something else was.
    pub is_new: bool,
    /// How long the build has been put off for this reason.
    pub waited: Duration,
}

impl Postponed {
    /// Opens the notes; what cannot be read counts as not there.
    pub fn open(state_dir: &Path, derivation: &StorePath) -> Self {
        let name = format!("{}.{}", derivation.hash_part(), getppid());
        let path = state_dir.join("offload/hook/postponed").join(name);
        let reason = read(&path);
        Self { path, reason }
    }

    /// Takes note of why the build is put off.
    ///
    /// Where the notes cannot be kept, each reason counts as new: said too
    /// often is better than never.
    pub fn note(&mut self, reason: &str) -> Noted {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        if let Some((since, before)) = &self.reason
            && before == reason
        {
            return Noted {
                is_new: false,
                waited: Duration::from_secs(now.saturating_sub(*since)),
            };
        }
        self.reason = Some((now, reason.to_owned()));
        if let Err(error) = write(&self.path, now, reason) {
            log::debug!("cannot keep {}: {error}", self.path.display());
        }
        Noted {
            is_new: true,
            waited: Duration::ZERO,
        }
    }

    /// Forgets it: the build was taken or declined.
    pub fn forget(&mut self) {
        if self.reason.take().is_some()
            && let Err(error) = fs::remove_file(&self.path)
        {
            log::debug!("cannot remove {}: {error}", self.path.display());
        }
    }
}

fn read(path: &Path) -> Option<(u64, String)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(path)
        .ok()?;
    let metadata = file.metadata().ok()?;
    // Another user's word counts for nothing.
    if !metadata.is_file() || metadata.uid() != Uid::effective().as_raw() {
        return None;
    }
    let mut text = String::new();
    file.take(MAX_KEPT).read_to_string(&mut text).ok()?;
    let (since, reason) = text.split_once('\n')?;
    Some((since.parse().ok()?, reason.to_owned()))
}

fn write(path: &Path, since: u64, reason: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    remove_stale(directory);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(path)?;
    file.write_all(format!("{since}\n{reason}").as_bytes())
}

fn remove_stale(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age > STALE)
            && let Err(error) = fs::remove_file(entry.path())
        {
            log::debug!("cannot remove {}: {error}", entry.path().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::path::StoreDir;

    fn derivation() -> StorePath {
        StoreDir::default()
            .join("1hqp1kznhm15lxn7h668f9x88i6mzsvc-f1.drv")
            .unwrap()
    }

    #[test]
    fn a_reason_is_new_once_also_for_the_next_process() {
        let state = tempfile::tempdir().unwrap();
        let mut notes = Postponed::open(state.path(), &derivation());
        assert!(notes.note("full\nof it").is_new);
        assert!(!notes.note("full\nof it").is_new);
        let mut notes = Postponed::open(state.path(), &derivation());
        assert!(!notes.note("full\nof it").is_new);
        assert!(notes.note("down").is_new);
        notes.forget();
        let mut notes = Postponed::open(state.path(), &derivation());
        assert!(notes.note("down").is_new);
    }

    #[test]
    fn damaged_notes_are_ignored() {
        let state = tempfile::tempdir().unwrap();
        let mut notes = Postponed::open(state.path(), &derivation());
        notes.note("down");
        for damage in [&b""[..], b"\xff\xff", b"x\ndown", b"12"] {
            fs::write(&notes.path, damage).unwrap();
            assert!(
                Postponed::open(state.path(), &derivation())
                    .reason
                    .is_none()
            );
        }
    }

    #[test]
    fn without_a_directory_everything_is_new() {
        let mut notes = Postponed::open(Path::new("/dev/null"), &derivation());
        assert!(notes.note("down").is_new);
    }
}
