//! Slots of machines: files whose lock is a right to one build.
//!
//! The same files and locks as stock's, so that both can run on one machine:
//! `STATE/offload/NAME:PORT/N`, a write lock over the whole file (source: Guix
//! 1.2.0 to 1.5.0). Stock takes a classic POSIX lock, this program an
//! open-file-description lock: see `schedule::locks`.
//!
//! A file is opened for writing only where it is free: closing it wakes
//! everybody who waits for a slot of that machine.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use thiserror::Error;

use super::line::is_key;
use super::locks::{is_locked, lock, open_to_look, unlock};
use crate::events::{Event, Journal};
use crate::machines::record::BuildMachine;

/// More slots than this no machine has; a larger number in a file is a slip
/// that would make each choice look at as many files.
const MAX_SLOTS: u32 = 4096;

/// The slot files of all machines.
#[derive(Clone, Debug)]
pub struct Slots {
    directory: PathBuf,
    journal: Option<Journal>,
}

/// A slot that this process holds until it is dropped.
#[derive(Debug)]
pub struct Slot {
    locked: File,
    path: PathBuf,
    journal: Option<Journal>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Told before, so that whoever takes it tells of it afterwards.
        if let Some(journal) = &self.journal {
            let slot = &self.name();
            journal.event(&Event::Released { slot });
        }
        unlock(&self.locked);
    }
}

impl Slots {
    /// The slots below the daemon's state directory.
    pub fn new(state_dir: &Path) -> Self {
        Self {
            directory: state_dir.join("offload"),
            journal: None,
        }
    }

    /// The same, which tells of each slot that is taken or given back.
    #[must_use]
    pub fn telling(mut self, journal: &Journal) -> Self {
        self.journal = Some(journal.clone());
        self
    }

    /// Takes a free slot of the machine; `None` when all are taken.
    pub fn take(&self, machine: &BuildMachine) -> Result<Option<Slot>, SlotError> {
        let directory = self.make_directory(machine)?;
        for number in 0..slots_of(machine) {
            let path = directory.join(number.to_string());
            let error = |source| file_error(machine, &path, source);
            // What cannot be read may still be locked.
            if is_taken(&path).unwrap_or(false) {
                continue;
            }
            let file = open(&path).map_err(error)?;
            if lock(&file).map_err(error)? {
                return Ok(Some(self.taken(machine, file, path)));
            }
        }
        Ok(None)
    }

    fn taken(&self, machine: &BuildMachine, locked: File, path: PathBuf) -> Slot {
        let journal = self.journal.clone();
        let slot = Slot {
            locked,
            path,
            journal,
        };
        if let Some(journal) = &self.journal {
            journal.event(&Event::Slot {
                machine: &machine.name,
                slot: &slot.name(),
            });
        }
        slot
    }

    /// How many of the machine's slots are free, and how many it has. Looks
    /// without taking, so nobody else finds a slot taken by it.
    pub fn free(&self, machine: &BuildMachine) -> Result<(u32, u32), SlotError> {
        let directory = self.directory(machine)?;
        let all = slots_of(machine);
        let mut free: u32 = 0;
        for number in 0..all {
            let path = directory.join(number.to_string());
            if !is_taken(&path).map_err(|source| file_error(machine, &path, source))? {
                free = free.saturating_add(1);
            }
        }
        Ok((free, all))
    }

    /// Tells whether a slot of the machine is free. Looks without taking.
    pub fn is_any_free(&self, machine: &BuildMachine) -> Result<bool, SlotError> {
        let directory = self.directory(machine)?;
        for number in 0..slots_of(machine) {
            let path = directory.join(number.to_string());
            if !is_taken(&path).map_err(|source| file_error(machine, &path, source))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The directory of the machine's slot files, made where it is missing.
    pub fn make_directory(&self, machine: &BuildMachine) -> Result<PathBuf, SlotError> {
        let directory = self.directory(machine)?;
        // Seen to be there is cheaper than made again.
        if !directory.is_dir() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o777)
                .create(&directory)
                .map_err(|source| file_error(machine, &directory, source))?;
        }
        Ok(directory)
    }

    fn directory(&self, machine: &BuildMachine) -> Result<PathBuf, SlotError> {
        Ok(self.directory.join(key(machine)?))
    }
}

/// What names the machine's slots: two machines of one name and port share
/// them, as in stock.
pub fn key(machine: &BuildMachine) -> Result<String, SlotError> {
    let key = format!("{}:{}", machine.name, machine.port);
    if is_key(&key) {
        Ok(key)
    } else {
        Err(SlotError::Name(machine.name.clone()))
    }
}

/// How many slots a machine has, in all reason.
pub fn slots_of(machine: &BuildMachine) -> u32 {
    machine.parallel_builds.min(MAX_SLOTS)
}

impl Slot {
    /// The slot's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What events call it: `NAME:PORT/NUMBER`.
    fn name(&self) -> String {
        let directory = self.path.parent().and_then(Path::parent);
        let name = directory.and_then(|it| self.path.strip_prefix(it).ok());
        name.unwrap_or(&self.path).display().to_string()
    }
}

/// Why a machine's slots cannot be used.
#[derive(Debug, Error)]
pub enum SlotError {
    /// The machine's name cannot be part of a file name.
    #[error("the machine's name '{}' cannot name its slot directory", .0.escape_debug())]
    Name(String),
    /// A slot file or its directory cannot be made, opened or locked.
    #[error("cannot use the slots of '{machine}': {}: {source}", .path.display())]
    File {
        /// The machine.
        machine: String,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SlotError {
    /// The command that mends it, where there is one.
    pub fn hint(&self, user: &str) -> Option<String> {
        match self {
            Self::File { path, source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                let directory = path
                    .ancestors()
                    .find(|directory| directory.ends_with("offload"))
                    .unwrap_or(path);
                Some(format!("chown -R {user}: {}", directory.display()))
            }
            _ => None,
        }
    }
}

/// Opens as stock does (write-only, made and emptied), but follows no link.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o666)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)
}

/// A slot that nobody ever took has no file yet.
fn is_taken(path: &Path) -> io::Result<bool> {
    match open_to_look(path) {
        Ok(file) => is_locked(&file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn file_error(machine: &BuildMachine, path: &Path, source: io::Error) -> SlotError {
    SlotError::File {
        machine: machine.name.clone(),
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::sample::machine;

    fn with_slots(name: &str, parallel_builds: u32) -> BuildMachine {
        BuildMachine {
            parallel_builds,
            ..machine(name)
        }
    }

    #[test]
    fn as_many_as_declared_and_free_again_when_dropped() {
        let state = tempfile::tempdir().unwrap();
        let slots = Slots::new(state.path());
        let machine = with_slots("w1", 2);
        let first = slots.take(&machine).unwrap().unwrap();
        assert_eq!(first.path(), state.path().join("offload/w1:22/0"));
        let second = slots.take(&machine).unwrap().unwrap();
        assert_eq!(second.path(), state.path().join("offload/w1:22/1"));
        assert!(slots.take(&machine).unwrap().is_none());
        drop(first);
        let again = slots.take(&machine).unwrap().unwrap();
        assert_eq!(again.path(), state.path().join("offload/w1:22/0"));
    }

    #[test]
    fn looking_counts_the_free_and_takes_none() {
        let state = tempfile::tempdir().unwrap();
        let slots = Slots::new(state.path());
        let machine = with_slots("w1", 3);
        assert_eq!(slots.free(&machine).unwrap(), (3, 3));
        let held = slots.take(&machine).unwrap().unwrap();
        assert_eq!(slots.free(&machine).unwrap(), (2, 3));
        assert!(slots.is_any_free(&machine).unwrap());
        let others = [(); 2].map(|()| slots.take(&machine).unwrap().unwrap());
        assert_eq!(slots.free(&machine).unwrap(), (0, 3));
        assert!(!slots.is_any_free(&machine).unwrap());
        drop((held, others));
        assert_eq!(slots.free(&machine).unwrap(), (3, 3));
    }

    #[test]
    fn a_name_cannot_leave_the_directory() {
        let state = tempfile::tempdir().unwrap();
        let slots = Slots::new(state.path());
        for name in ["../../etc", "a/b", "a\nmachine b", &"x".repeat(300)] {
            assert!(matches!(
                slots.take(&with_slots(name, 1)),
                Err(SlotError::Name(_))
            ));
        }
    }

    #[test]
    fn a_link_is_not_followed() {
        let state = tempfile::tempdir().unwrap();
        let slots = Slots::new(state.path());
        let directory = state.path().join("offload/w1:22");
        std::fs::create_dir_all(&directory).unwrap();
        let victim = state.path().join("victim");
        std::fs::write(&victim, "kept").unwrap();
        std::os::unix::fs::symlink(&victim, directory.join("0")).unwrap();
        assert!(slots.take(&with_slots("w1", 1)).is_err());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept");
    }

    #[test]
    fn the_mending_command_names_the_directory() {
        let error = SlotError::File {
            machine: "w1".to_owned(),
            path: "/var/guix/offload/w1:22/0".into(),
            source: io::Error::from(io::ErrorKind::PermissionDenied),
        };
        assert_eq!(
            error.hint("guix-daemon").unwrap(),
            "chown -R guix-daemon: /var/guix/offload"
        );
    }
}
