//! Archives become files.
//!
//! Everything is made anew below a name that did not exist, in directories
//! that are held open: nothing that an archive says can reach a file outside.
//! On the way each large file is hashed for deduplication, and references are
//! looked for; modes, times and owners are at once those of the store.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::symlinkat;
use thiserror::Error;

use super::digest::Hasher;
use super::nar::Visitor;
use super::nar::print::{single_file_begin, single_file_end};
use super::path::StorePath;

mod descent;
mod metadata;
mod remove;
mod restored;
mod scan;
mod tree;

pub use remove::remove;
pub(in crate::store) use restored::LargeFile;
pub use restored::Restored;

use descent::Descent;
use metadata::Owner;
use restored::Destination;
use scan::{OVERLAP, Scanner};
use tree::{Directory, Tree};

/// Smallest file that the daemon deduplicates.
/// Source: deduplication.scm, `%deduplication-minimum-size`; measured.
pub const DEDUPLICATION_MINIMUM: u64 = 8192;

/// Bytes read at once from the archive.
const BLOCK: usize = 128 << 10;

/// Longest path: PATH_MAX of Linux less its NUL. The daemon names files by
/// full paths, so it could neither check nor delete what lies deeper.
const MAX_PATH: usize = 4095;

/// Makes the files of one archive, as a visitor of its entries.
///
/// What it has made is removed when it is dropped before it is finished.
pub struct Restorer {
    destination: Destination,
    owner: Owner,
    descent: Descent,
    levels: Vec<Level>,
    tree: Tree,
    scanner: Scanner,
    buffer: Vec<u8>,
    begun: bool,
}

/// A directory that is being filled.
struct Level {
    /// Length of its path.
    length: usize,
    /// Its number, once a large file was found below it.
    number: Option<Directory>,
}

impl Restorer {
    /// Prepares to restore at `destination` (`OUTPUT.chroot`, which the
    /// collector leaves alone as long as OUTPUT is a temporary root); what an
    /// earlier try has left there is removed. `candidates` are the paths to
    /// which references are looked for.
    pub fn create<'a>(
        destination: &Path,
        candidates: impl IntoIterator<Item = &'a StorePath>,
    ) -> Result<Self, RestoreError> {
        let failed = |source: io::Error| RestoreError::write(destination.to_owned(), source);
        let (Some(parent), Some(name)) = (destination.parent(), destination.file_name()) else {
            return Err(failed(io::ErrorKind::InvalidInput.into()));
        };
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let parent = open(parent, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
        let name = CString::new(name.as_bytes()).map_err(|error| failed(error.into()))?;
        remove::remove_at(parent.as_fd(), &name).map_err(failed)?;
        Ok(Self {
            descent: Descent::new(parent.try_clone().map_err(failed)?),
            destination: Destination::new(parent, name, destination.to_owned()),
            owner: Owner::effective(),
            levels: Vec::new(),
            tree: Tree::default(),
            scanner: Scanner::new(candidates),
            buffer: vec![0; OVERLAP + BLOCK],
            begun: false,
        })
    }

    /// Ends when the whole archive has been told.
    pub fn finish(self) -> Result<Restored, RestoreError> {
        if !self.begun || self.descent.depth() > 0 {
            return Err(RestoreError::Incomplete);
        }
        Ok(Restored::new(
            self.destination,
            self.owner,
            self.tree,
            self.scanner.finish(),
        ))
    }

    /// The file name for an entry: the destination's for the archive's root.
    fn entry(&mut self, name: &[u8]) -> Result<CString, RestoreError> {
        if self.descent.depth() == 0 {
            if self.begun || !name.is_empty() {
                return Err(RestoreError::name(name));
            }
            self.begun = true;
            return Ok(self.destination.name().to_owned());
        }
        // The parser has seen to that; it costs little to be sure here.
        if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') {
            return Err(RestoreError::name(name));
        }
        let length = self.length_with(name);
        if length > MAX_PATH {
            return Err(RestoreError::TooLong(length));
        }
        self.scanner.scan(name);
        CString::new(name).map_err(|_| RestoreError::name(name))
    }

    fn length_with(&self, name: &[u8]) -> usize {
        let within = self.levels.last().map_or(0, |level| level.length);
        within.saturating_add(1).saturating_add(name.len())
    }

    fn make_directory(&mut self, name: &CStr) -> io::Result<()> {
        mkdirat(self.descent.dir(), name, Mode::S_IRWXU)?;
        self.descent.enter(name)
    }

    fn make_file(&self, name: &CStr) -> io::Result<File> {
        let flags =
            OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        Ok(File::from(openat(self.descent.dir(), name, flags, mode)?))
    }

    fn make_link(&self, name: &CStr, target: &[u8]) -> io::Result<()> {
        symlinkat(target, self.descent.dir(), name)?;
        self.owner.canonical_link(self.descent.dir(), name)
    }

    /// Contents go into the file, past the scanner and the hash.
    fn fill(
        &mut self,
        file: &mut File,
        size: u64,
        hasher: &mut Option<Hasher>,
        contents: &mut dyn Read,
    ) -> Result<(), CopyError> {
        let mut left = size;
        let mut kept = 0;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            let space = self.buffer.get_mut(kept..kept + most).unwrap_or_default();
            let count = match contents.read(space) {
                Ok(0) => return Err(CopyError::Read(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => count.min(most),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(CopyError::Read(error)),
            };
            let end = kept + count;
            let new = self.buffer.get(kept..end).unwrap_or_default();
            if let Some(hasher) = hasher {
                hasher.update(new);
            }
            file.write_all(new).map_err(CopyError::Write)?;
            self.scanner
                .scan(self.buffer.get(..end).unwrap_or_default());
            let again = end.min(OVERLAP);
            self.buffer.copy_within(end - again..end, 0);
            kept = again;
            left = left.saturating_sub(count as u64);
        }
        Ok(())
    }

    /// Remembers a large file in the directory that is being filled, and that
    /// directory, unless there is no room.
    fn remember(&mut self, name: &CStr, hash: [u8; 32], size: u64) {
        let mut within = None;
        for (level, name) in self.levels.iter_mut().zip(self.descent.names()) {
            if level.number.is_none() {
                level.number = self.tree.add_directory(within, name);
            }
            if level.number.is_none() {
                return;
            }
            within = level.number;
        }
        self.tree.add_file(within, name, hash, size);
    }

    fn failed(&self, name: &CStr, source: io::Error) -> RestoreError {
        let mut path = self.destination.parent().to_owned();
        let names = self.descent.names().chain([name]);
        path.extend(names.map(|name| OsStr::from_bytes(name.to_bytes())));
        RestoreError::write(path, source)
    }
}

impl Visitor for Restorer {
    type Error = RestoreError;

    fn directory(&mut self, name: &[u8]) -> Result<(), RestoreError> {
        let length = if self.levels.is_empty() {
            self.destination.length()
        } else {
            self.length_with(name)
        };
        let name = self.entry(name)?;
        self.make_directory(&name)
            .map_err(|error| self.failed(&name, error))?;
        self.levels.push(Level {
            length,
            number: None,
        });
        Ok(())
    }

    fn leave_directory(&mut self) -> Result<(), RestoreError> {
        if self.descent.depth() == 0 {
            return Err(RestoreError::Incomplete);
        }
        let done = self
            .owner
            .canonical_directory(self.descent.dir())
            .map_err(|error| self.failed(c"", error));
        self.levels.pop();
        done?;
        let left = self.descent.leave();
        left.map(drop).map_err(|error| self.failed(c"", error))
    }

    fn regular(
        &mut self,
        name: &[u8],
        executable: bool,
        size: u64,
        contents: &mut dyn Read,
    ) -> Result<(), RestoreError> {
        let name = self.entry(name)?;
        let large = size >= DEDUPLICATION_MINIMUM && self.tree.has_room();
        let mut hasher = large.then(|| {
            let mut hasher = Hasher::new();
            hasher.update(&single_file_begin(executable, size));
            hasher
        });
        let mut file = self
            .make_file(&name)
            .map_err(|error| self.failed(&name, error))?;
        self.fill(&mut file, size, &mut hasher, contents)
            .map_err(|error| match error {
                CopyError::Read(error) => RestoreError::Contents(error),
                CopyError::Write(error) => self.failed(&name, error),
            })?;
        self.owner
            .canonical_file(file.as_fd(), executable)
            .map_err(|error| self.failed(&name, error))?;
        if let Some(mut hasher) = hasher {
            hasher.update(&single_file_end(size));
            let (hash, _) = hasher.finish();
            self.remember(&name, hash, size);
        }
        Ok(())
    }

    fn symlink(&mut self, name: &[u8], target: &[u8]) -> Result<(), RestoreError> {
        let name = self.entry(name)?;
        self.scanner.scan(target);
        self.make_link(&name, target)
            .map_err(|error| self.failed(&name, error))
    }
}

enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// Why an archive has not become files.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The archive ended or could not be read: no fault of this disk.
    #[error("reading the contents of a file: {0}")]
    Contents(io::Error),
    /// This disk is full, or the user's part of it.
    #[error("{}: no space left", path.display())]
    DiskFull {
        /// File that was being written.
        path: PathBuf,
    },
    /// This file system refuses.
    #[error("{}: {source}", path.display())]
    Write {
        /// File that was being written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name stands where none or another must.
    #[error("'{0}' is no name for an entry")]
    Name(String),
    /// The path to an entry is longer than the system's longest.
    #[error("a path of {0} bytes is too long")]
    TooLong(usize),
    /// The archive has not come to its end, or gone beyond it.
    #[error("the archive is not complete")]
    Incomplete,
}

impl RestoreError {
    fn write(path: PathBuf, source: io::Error) -> Self {
        if is_disk_full(&source) {
            Self::DiskFull { path }
        } else {
            Self::Write { path, source }
        }
    }

    fn name(name: &[u8]) -> Self {
        Self::Name(name.escape_ascii().to_string())
    }

    /// Tells whether the archive is to blame, rather than this disk.
    pub fn is_senders_fault(&self) -> bool {
        match self {
            Self::Contents(_) | Self::Name(_) | Self::TooLong(_) | Self::Incomplete => true,
            Self::DiskFull { .. } | Self::Write { .. } => false,
        }
    }
}

/// Tells whether an error means that there is no room, on the disk or within
/// a quota.
pub fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(Errno::from_raw),
        Some(Errno::ENOSPC | Errno::EDQUOT)
    )
}

#[cfg(test)]
mod tests;
