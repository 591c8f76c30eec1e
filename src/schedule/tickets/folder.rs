//! The folder of tickets: a file for each build in line.
//!
//! A ticket's file is locked before it can be seen and does not change
//! afterwards: other machines mean a new file with the same number and a later
//! version, and only then is the old one removed. So whoever reads a file has
//! it whole, and a ticket whose lock is gone is one whose process is gone.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::Uid;

use super::super::line::{MAX_TEXT, Number, Ticket};
use super::super::locks::{is_locked, lock, open_to_look, unlock};

/// Most entries of the folder that are looked at.
const MAX_ENTRIES: usize = 8192;

/// An unfinished ticket as old as that is nobody's any more.
const STALE: Duration = Duration::from_secs(60 * 60);

/// How often a ticket is begun anew that somebody took for a stale one.
const TRIES: u32 = 3;

/// A ticket's file name: its number, and which of the files with that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The place in the order.
    pub number: Number,
    /// Grows with each file that its holder makes.
    pub version: u32,
}

impl Name {
    /// Parses what `Display` prints, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, version) = text.split_once('.')?;
        let name = Self {
            number: Number::parse(number)?,
            version: version.parse().ok()?,
        };
        (name.to_string() == text).then_some(name)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.number, self.version)
    }
}

/// The folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// A ticket of this process, up until it is dropped.
#[derive(Debug)]
pub struct Held {
    locked: File,
    path: PathBuf,
}

impl Held {
    /// Tells whether others still see it.
    pub fn is_there(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::debug!("cannot remove {}: {error}", self.path.display());
        }
        unlock(&self.locked);
    }
}

impl Folder {
    /// The folder at that path; it need not be there.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it where it is missing.
    pub fn make(&self) -> io::Result<()> {
        if self.path.is_dir() {
            return Ok(());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
    }

    /// Puts a ticket up.
    pub fn put_up(&self, name: Name, text: &str) -> io::Result<Held> {
        self.make()?;
        let path = self.path.join(name.to_string());
        let unfinished = self.path.join(format!(".{name}"));
        let mut tries = TRIES;
        loop {
            tries = tries.saturating_sub(1);
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .custom_flags(nix::libc::O_NOFOLLOW)
                .open(&unfinished)?;
            if lock(&file)? {
                file.write_all(text.as_bytes())?;
                match fs::rename(&unfinished, &path) {
                    Ok(()) => return Ok(Held { locked: file, path }),
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Err(_) => {}
                }
            }
            if tries == 0 {
                return Err(io::Error::other("the ticket is taken away again and again"));
            }
        }
    }

    /// The names of all tickets, dead ones included; none where there is no
    /// folder.
    pub fn names(&self) -> Vec<Name> {
        let Ok(entries) = fs::read_dir(&self.path) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for entry in entries.flatten().take(MAX_ENTRIES) {
            let file = entry.file_name();
            let Some(text) = file.to_str() else { continue };
            match Name::parse(text) {
                Some(name) => names.push(name),
                None if text.starts_with('.') => remove_if_stale(&entry.path()),
                None => {}
            }
        }
        names.sort_unstable();
        names
    }

    /// The tickets whose holders live, among those whose number passes.
    pub fn living(&self, passes: impl Fn(Number) -> bool) -> BTreeMap<Name, Ticket> {
        let names = self.names().into_iter();
        names
            .filter(|name| passes(name.number))
            .filter_map(|name| Some((name, self.read(name)?)))
            .collect()
    }

    /// Reads a ticket; `None` if it is no living one. A living one that cannot
    /// be understood names no machine.
    pub fn read(&self, name: Name) -> Option<Ticket> {
        let text = self.text(name)?;
        let ticket = Ticket::parse(name.number, &text);
        Some(ticket.unwrap_or_else(|| Ticket::new(name.number, Vec::new())))
    }

    /// The text of a living ticket; none of it if it is too long or no text.
    pub fn text(&self, name: Name) -> Option<String> {
        let file = self.open_living(name)?;
        let mut text = String::new();
        let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX);
        if let Err(error) = file.take(limit).read_to_string(&mut text) {
            log::debug!("cannot read the ticket {name}: {error}");
            text.clear();
        }
        Some(text)
    }

    /// Tells whether a ticket's holder lives. A dead one's file is removed.
    pub fn is_living(&self, name: Name) -> bool {
        self.open_living(name).is_some()
    }

    /// Another user's ticket is none, whatever it says.
    fn open_living(&self, name: Name) -> Option<File> {
        let path = self.path.join(name.to_string());
        let file = open_to_look(&path).ok()?;
        let metadata = file.metadata().ok()?;
        let owner = Uid::from_raw(metadata.uid());
        if !metadata.is_file() || (owner != Uid::effective() && !owner.is_root()) {
            return None;
        }
        if is_locked(&file).ok()? {
            return Some(file);
        }
        // Names are used once, so this is no new ticket of that name.
        if let Err(error) = fs::remove_file(&path) {
            log::debug!("cannot remove {}: {error}", path.display());
        }
        None
    }
}

fn remove_if_stale(path: &Path) {
    let age = path
        .symlink_metadata()
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|modified| modified.elapsed().ok());
    let locked = || open_to_look(path).is_ok_and(|file| is_locked(&file).unwrap_or(true));
    if age.is_some_and(|age| age > STALE)
        && !locked()
        && let Err(error) = fs::remove_file(path)
    {
        log::debug!("cannot remove {}: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(since: u64) -> Name {
        Name {
            number: Number { since, chance: 7 },
            version: 1,
        }
    }

    fn ticket(since: u64, machines: &[&str]) -> Ticket {
        let machines = machines.iter().map(ToString::to_string).collect();
        Ticket::new(name(since).number, machines)
    }

    #[test]
    fn a_ticket_is_read_while_its_holder_lives() {
        let state = tempfile::tempdir().unwrap();
        let folder = Folder::new(state.path().join("a/line"));
        assert!(folder.names().is_empty());
        let first = ticket(1, &["w1:22"]);
        let held = folder.put_up(name(1), &first.print("x.drv", 1)).unwrap();
        assert_eq!(folder.living(|_| true), BTreeMap::from([(name(1), first)]));
        assert!(held.is_there());
        drop(held);
        assert!(folder.names().is_empty());
    }

    #[test]
    fn a_dead_one_is_removed_by_who_sees_it() {
        let state = tempfile::tempdir().unwrap();
        let folder = Folder::new(state.path().to_owned());
        fs::write(
            state.path().join(name(1).to_string()),
            ticket(1, &["w1:22"]).print("x.drv", 1),
        )
        .unwrap();
        assert_eq!(folder.names(), [name(1)]);
        assert!(folder.living(|_| true).is_empty());
        assert!(folder.names().is_empty());
    }

    #[test]
    fn damaged_and_foreign_files_hold_up_nobody() {
        let state = tempfile::tempdir().unwrap();
        let folder = Folder::new(state.path().to_owned());
        let _damaged = folder.put_up(name(1), "\u{0}").unwrap();
        fs::write(state.path().join("README"), "x").unwrap();
        fs::write(state.path().join(".half"), "x").unwrap();
        fs::create_dir(state.path().join(name(2).to_string())).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", state.path().join(name(3).to_string())).unwrap();
        let living = folder.living(|_| true);
        assert_eq!(living, BTreeMap::from([(name(1), ticket(1, &[]))]));
    }

    #[test]
    fn only_what_was_printed_is_a_name() {
        assert_eq!(Name::parse(&name(5).to_string()), Some(name(5)));
        for text in [
            "",
            "x",
            "00000000000000000005-0000000007",
            "00000000000000000005-0000000007.01",
        ] {
            assert_eq!(Name::parse(text), None);
        }
    }
}
