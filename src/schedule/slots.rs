//! Slots of machines: files whose lock is a right to one build.
//!
//! The same files and locks as stock's, so that both can run on one machine:
//! `STATE/offload/NAME:PORT/N`, a write lock over the whole file (source: Guix
//! 1.2.0 to 1.5.0). Stock takes a classic POSIX lock; an open-file-description
//! lock excludes it and is excluded by it (measured), and does not vanish when
//! another descriptor of the file is closed. The kernel drops it with the
//! process, so a killed hook holds nothing.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use thiserror::Error;

use crate::machines::record::BuildMachine;

/// More slots than this no machine has; a larger number in a file is a slip
/// that would make each choice look at as many files.
const MAX_SLOTS: u32 = 4096;

/// The slot files of all machines.
#[derive(Clone, Debug)]
pub struct Slots {
    directory: PathBuf,
}

/// A slot that this process holds until it is dropped.
#[derive(Debug)]
pub struct Slot {
    _lock: File,
    path: PathBuf,
}

impl Slots {
    /// The slots below the daemon's state directory.
    pub fn new(state_dir: &Path) -> Self {
        Self {
            directory: state_dir.join("offload"),
        }
    }

    /// Takes a free slot of the machine; `None` when all are taken.
    pub fn take(&self, machine: &BuildMachine) -> Result<Option<Slot>, SlotError> {
        let directory = self.directory_of(machine)?;
        let error = |path: &Path, source| SlotError::File {
            machine: machine.name.clone(),
            path: path.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o777)
            .create(&directory)
            .map_err(|source| error(&directory, source))?;
        for number in 0..machine.parallel_builds.min(MAX_SLOTS) {
            let path = directory.join(number.to_string());
            let file = open(&path).map_err(|source| error(&path, source))?;
            if lock(&file).map_err(|source| error(&path, source))? {
                return Ok(Some(Slot { _lock: file, path }));
            }
        }
        Ok(None)
    }

    /// Two machines of one name and port share their slots, as in stock.
    fn directory_of(&self, machine: &BuildMachine) -> Result<PathBuf, SlotError> {
        let name = format!("{}:{}", machine.name, machine.port);
        if name.contains(['/', '\0']) || name.len() > 255 {
            return Err(SlotError::Name(machine.name.clone()));
        }
        Ok(self.directory.join(name))
    }
}

impl Slot {
    /// The slot's file.
    pub fn path(&self) -> &Path {
        &self.path
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

/// Tells whether the lock was got.
#[allow(clippy::cast_possible_truncation)] // constants that fit
fn lock(file: &File) -> io::Result<bool> {
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole)) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
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
    fn a_name_cannot_leave_the_directory() {
        let state = tempfile::tempdir().unwrap();
        let slots = Slots::new(state.path());
        for name in ["../../etc", "a/b", &"x".repeat(300)] {
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
