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
use std::time::Duration;

use nix::unistd::{Uid, getppid};

use crate::clock::since_boot;
use crate::store::path::StorePath;

/// Files that nobody touched for so long belong to workers long gone.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// The daemon asks again each five seconds: what was put off last so long ago
/// was another worker's of the same number.
const FORGOTTEN: Duration = Duration::from_secs(10 * 60);

/// Longest reason that is kept.
const MAX_KEPT: u64 = 64 * 1024;

/// The notes about one derivation, for one worker.
#[derive(Debug)]
pub struct Postponed {
    path: PathBuf,
    noted: Option<Note>,
}

/// What is kept of a postponement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Note {
    /// Since when the build is put off for this kind of reason, in seconds
    /// since the system started: nobody sets that clock.
    since: u64,
    /// The kind of reason.
    kind: String,
    /// The reason that was told last.
    reason: String,
}

/// What a note of a reason found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// It was not said before, or something else was.
    pub is_new: bool,
    /// How long the build has been put off for this kind of reason.
    pub waited: Duration,
}

impl Postponed {
    /// Opens the notes; what cannot be read counts as not there.
    pub fn open(state_dir: &Path, derivation: &StorePath) -> Self {
        let name = format!("{}.{}", derivation.hash_part(), getppid());
        let path = state_dir.join("offload/hook/postponed").join(name);
        let noted = read(&path);
        Self { path, noted }
    }

    /// Takes note of why the build is put off. Reasons of one kind follow each
    /// other, as the machines' troubles do; each is new once, and they all
    /// count as one wait.
    ///
    /// Where the notes cannot be kept, each reason counts as new: said too
    /// often is better than never.
    pub fn note(&mut self, kind: &str, reason: &str) -> Noted {
        let now = since_boot().as_secs();
        let before = self.noted.take().filter(|before| before.kind == kind);
        let since = before.as_ref().map_or(now, |before| before.since.min(now));
        let is_new = before.is_none_or(|before| before.reason != reason);
        let note = Note {
            since,
            kind: kind.to_owned(),
            reason: reason.to_owned(),
        };
        // Also when nothing has changed: a note that nobody touches is stale.
        if let Err(error) = write(&self.path, &note) {
            log::debug!("cannot keep {}: {error}", self.path.display());
        }
        self.noted = Some(note);
        Noted {
            is_new,
            waited: Duration::from_secs(now.saturating_sub(since)),
        }
    }

    /// Forgets it: the build was taken or declined.
    pub fn forget(&mut self) {
        if self.noted.take().is_some()
            && let Err(error) = fs::remove_file(&self.path)
        {
            log::debug!("cannot remove {}: {error}", self.path.display());
        }
    }
}

fn read(path: &Path) -> Option<Note> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(path)
        .ok()?;
    let metadata = file.metadata().ok()?;
    // Another user's word counts for nothing.
    if !metadata.is_file() || metadata.uid() != Uid::effective().as_raw() {
        return None;
    }
    let age = metadata.modified().ok()?.elapsed();
    if age.is_ok_and(|age| age > FORGOTTEN) {
        return None;
    }
    let mut text = String::new();
    file.take(MAX_KEPT).read_to_string(&mut text).ok()?;
    let (since, rest) = text.split_once('\n')?;
    let (kind, reason) = rest.split_once('\n')?;
    Some(Note {
        since: since.parse().ok()?,
        kind: kind.to_owned(),
        reason: reason.to_owned(),
    })
}

/// Replaces the file: what lies there under its name is not written to.
fn write(path: &Path, note: &Note) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    remove_stale(directory);
    let unfinished = path.with_extension(format!("{}-new", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(&unfinished)?;
    let Note {
        since,
        kind,
        reason,
    } = note;
    file.write_all(format!("{since}\n{kind}\n{reason}").as_bytes())?;
    fs::rename(&unfinished, path)
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
        assert!(notes.note("file", "full\nof it").is_new);
        assert!(!notes.note("file", "full\nof it").is_new);
        let mut notes = Postponed::open(state.path(), &derivation());
        assert!(!notes.note("file", "full\nof it").is_new);
        assert!(notes.note("file", "down").is_new);
        assert!(notes.note("machines", "down").is_new);
        notes.forget();
        let mut notes = Postponed::open(state.path(), &derivation());
        assert!(notes.note("machines", "down").is_new);
    }

    #[test]
    fn reasons_of_one_kind_are_one_wait() {
        let state = tempfile::tempdir().unwrap();
        let mut notes = Postponed::open(state.path(), &derivation());
        notes.note("machines", "w1 is off");
        let long_ago = Duration::from_secs(100);
        if let Some(note) = &mut notes.noted {
            note.since = note.since.saturating_sub(long_ago.as_secs());
        }
        let noted = notes.note("machines", "w1 refuses our key");
        assert!(noted.is_new);
        assert!(noted.waited >= long_ago, "{noted:?}");
        let mut notes = Postponed::open(state.path(), &derivation());
        assert!(notes.note("machines", "w1 is off").waited >= long_ago);
        assert_eq!(notes.note("file", "broken").waited, Duration::ZERO);
    }

    #[test]
    fn damaged_notes_are_ignored() {
        let state = tempfile::tempdir().unwrap();
        let mut notes = Postponed::open(state.path(), &derivation());
        notes.note("file", "down");
        for damage in [&b""[..], b"\xff\xff", b"x\nfile\ndown", b"12", b"12\nfile"] {
            fs::write(&notes.path, damage).unwrap();
            assert!(Postponed::open(state.path(), &derivation()).noted.is_none());
        }
    }

    #[test]
    fn without_a_directory_everything_is_new() {
        let mut notes = Postponed::open(Path::new("/dev/null"), &derivation());
        assert!(notes.note("file", "down").is_new);
    }
}
