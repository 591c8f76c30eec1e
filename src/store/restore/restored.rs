//! A restored item on its way from `OUTPUT.chroot` to OUTPUT.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, renameat};
use nix::sys::stat::{Mode, fchmod, fstatat};

use super::descent::Descent;
use super::metadata::Owner;
use super::remove::remove_at;
use super::tree::{Directory, Tree, Walk};
use crate::store::dedup::Used;
use crate::store::path::StorePath;

/// Where an item is restored; what is there is removed at the end, unless it
/// has been moved away.
pub struct Destination {
    parent: OwnedFd,
    name: CString,
    path: PathBuf,
    /// Where the item has been moved to.
    placed: Option<CString>,
    /// What lay there before.
    displaced: Option<CString>,
}

impl Destination {
    /// Takes an open directory and a name in it.
    pub fn new(parent: OwnedFd, name: CString, path: PathBuf) -> Self {
        Self {
            parent,
            name,
            path,
            placed: None,
            displaced: None,
        }
    }

    /// The last component.
    pub fn name(&self) -> &CStr {
        &self.name
    }

    /// The directory it stands in.
    pub fn parent(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Length of the full path.
    pub fn length(&self) -> usize {
        self.path.as_os_str().len()
    }

    fn move_to(&mut self, name: &CStr) -> io::Result<()> {
        let parent = self.parent.as_fd();
        // Whatever lies there is in nobody's way under another name, and can
        // be removed when no transaction waits for it. The collector knows no
        // such name, so it also removes what is left of us.
        let random = fastrand::u64(..);
        let aside = CString::new(format!(".offload-{}-{random:x}", std::process::id()))?;
        match renameat(parent, name, parent, aside.as_c_str()) {
            Ok(()) => self.displaced = Some(aside),
            Err(Errno::ENOENT) => {}
            Err(error) => return Err(error.into()),
        }
        renameat(parent, self.name.as_c_str(), parent, name)?;
        self.placed = Some(name.to_owned());
        Ok(())
    }

    /// Tells whether the item is neither here nor where it was moved to.
    fn is_gone(&self) -> bool {
        let name = self.placed.as_ref().unwrap_or(&self.name);
        let there = fstatat(&self.parent, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW);
        there == Err(Errno::ENOENT)
    }

    /// Removes what is left here.
    fn clean(&mut self) {
        let leftover = self.placed.is_none().then_some(&self.name);
        for name in leftover.into_iter().chain(&self.displaced) {
            // The collector and the next try remove what remains.
            if let Err(error) = remove_at(self.parent.as_fd(), name) {
                log::debug!(
                    "{} is left in {}: {error}",
                    name.to_string_lossy(),
                    self.parent().display()
                );
            }
        }
        self.displaced = None;
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        self.clean();
    }
}

/// An item that has been restored and is not yet in its place.
///
/// Dropped before it is placed, it removes its files.
pub struct Restored {
    destination: Destination,
    owner: Owner,
    tree: Tree,
    references: BTreeSet<StorePath>,
    /// Directories whose mode and time are not canonical any more.
    dirty: BTreeSet<Directory>,
    /// Links that deduplication has found or made.
    used: Option<Used>,
}

impl Restored {
    pub(super) fn new(
        destination: Destination,
        owner: Owner,
        tree: Tree,
        references: BTreeSet<StorePath>,
    ) -> Self {
        Self {
            destination,
            owner,
            tree,
            references,
            dirty: BTreeSet::new(),
            used: None,
        }
    }

    /// The candidates whose hash parts were found in it.
    pub fn references(&self) -> &BTreeSet<StorePath> {
        &self.references
    }

    /// Where it lies until it is placed.
    pub fn path(&self) -> &Path {
        &self.destination.path
    }

    /// Makes canonical what deduplication has touched; everything else is
    /// since it was written.
    pub fn canonicalise(&mut self) -> io::Result<()> {
        let base = self.destination.parent.try_clone()?;
        let mut walk = Walk::new(&self.tree, Descent::new(base));
        while let Some(directory) = self.dirty.first().copied() {
            let descent = walk.go(Some(directory))?;
            self.owner.canonical_directory(descent.dir())?;
            self.dirty.remove(&directory);
        }
        Ok(())
    }

    /// Makes it canonical, and moves it to the name of `output` in the same
    /// directory. What lies there, which cannot be valid, is put aside and
    /// removed when this is dropped.
    pub fn place(&mut self, output: &Path) -> io::Result<()> {
        self.canonicalise()?;
        let name = output.file_name().unwrap_or_default();
        self.destination.move_to(&CString::new(name.as_bytes())?)
    }

    /// Takes note of the links that are of no use without this item.
    pub(in crate::store) fn answer_for(&mut self, used: Used) {
        self.used = Some(used);
    }

    /// Visits the files that are large enough for deduplication.
    pub(in crate::store) fn visit_large_files(
        &mut self,
        mut visit: impl FnMut(&mut LargeFile<'_>),
    ) -> io::Result<()> {
        let base = self.destination.parent.try_clone()?;
        let mut walk = Walk::new(&self.tree, Descent::new(base));
        for file in self.tree.files() {
            let descent = walk.go(file.directory)?;
            visit(&mut LargeFile {
                within: descent.dir(),
                name: self.tree.name(file.name),
                hash: &file.hash,
                size: file.size,
                directory: file.directory,
                dirty: &mut self.dirty,
            });
        }
        Ok(())
    }
}

/// An item that has come to nothing takes its links with it: they would hold
/// the space that a full disk lacks until the next collection.
impl Drop for Restored {
    fn drop(&mut self) {
        if let Some(used) = self.used.take() {
            self.destination.clean();
            if self.destination.is_gone() {
                used.withdraw();
            }
        }
    }
}

/// A file that is visited for deduplication.
pub(in crate::store) struct LargeFile<'a> {
    /// The directory it is in.
    pub within: BorrowedFd<'a>,
    /// Its name there.
    pub name: &'a CStr,
    /// Hash of the archive of this file alone.
    pub hash: &'a [u8; 32],
    /// Bytes in it.
    pub size: u64,
    directory: Option<Directory>,
    dirty: &'a mut BTreeSet<Directory>,
}

impl LargeFile<'_> {
    /// Makes the directory writable, until [`Restored::canonicalise`]. The
    /// store itself, where an item that is one file lies, is so.
    pub fn open_directory(&mut self) -> io::Result<()> {
        if let Some(directory) = self.directory
            && self.dirty.insert(directory)
        {
            fchmod(self.within, Mode::S_IRWXU)?;
        }
        Ok(())
    }
}
