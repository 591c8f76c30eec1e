//! Equal files of a store become one, by links in `STORE/.links`.
//!
//! Facts of the daemon's protocol, section 6.4. What cannot be linked stays as
//! it is: no build fails by this.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};

use super::base32;
use super::digest::Sha256;
use super::path::StoreDir;
use super::restore::{LargeFile, Restored};

/// Tries for one file, each after somebody else was faster.
const TRIES: usize = 4;

/// What deduplication has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deduplicated {
    /// Files that are the first of their kind.
    pub first: u64,
    /// Files that are now links to older ones.
    pub shared: u64,
    /// Bytes in the latter.
    pub bytes: u64,
    /// Files left as they were, because something was in the way.
    pub left: u64,
}

impl Restored {
    /// Links each large file into `.links`, or replaces it by what is there.
    ///
    /// Only for items whose signature is good: what is linked becomes part of
    /// other items. A store without `.links` is not deduplicated, neither is
    /// it by daemons of the first years.
    pub fn deduplicate(&mut self, store: &StoreDir) -> Deduplicated {
        let mut done = Deduplicated::default();
        let links = match Links::open(store) {
            Ok(links) => links,
            Err(error) => {
                log::debug!("no deduplication: {error}");
                return done;
            }
        };
        let mut used = Vec::new();
        let visited = self.visit_large_files(|file| match links.share(file) {
            Ok(shared) => {
                used.push(*file.hash);
                let count = match shared {
                    Shared::First => &mut done.first,
                    Shared::Replaced => {
                        done.bytes = done.bytes.saturating_add(file.size);
                        &mut done.shared
                    }
                };
                *count = count.saturating_add(1);
            }
            Err(error) => {
                log::debug!("{} stays as it is: {error}", file.name.to_string_lossy());
                done.left = done.left.saturating_add(1);
            }
        });
        if let Err(error) = visited {
            log::debug!("deduplication ends early: {error}");
        }
        self.answer_for(Used { links, used });
        done
    }
}

/// Links to an item's files, its own and those it shares: two outputs that are
/// given up together share with each other.
pub(in crate::store) struct Used {
    links: Links,
    used: Vec<Sha256>,
}

impl Used {
    /// Removes those that no item uses any more, as the collector would.
    pub fn withdraw(self) {
        for hash in &self.used {
            if let Err(error) = self.links.remove_unused(hash) {
                log::debug!("a link is left: {error}");
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Shared {
    First,
    Replaced,
}

/// The directory of links.
struct Links {
    dir: OwnedFd,
}

impl Links {
    fn open(store: &StoreDir) -> io::Result<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let dir = open(&store.as_path().join(".links"), flags, Mode::empty())?;
        Ok(Self { dir })
    }

    fn share(&self, file: &mut LargeFile<'_>) -> io::Result<Shared> {
        let link = link_name(file.hash)?;
        let own = fstatat(file.within, file.name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        for _ in 0..TRIES {
            match self.look_up(&link)? {
                None => match self.add(file, &link) {
                    Ok(()) => return Ok(Shared::First),
                    Err(Errno::EEXIST) => {}
                    Err(error) => return Err(error.into()),
                },
                Some(known) if same_file(&known, &own) => return Ok(Shared::First),
                Some(known) if is_intact(&known, file) => match self.replace(file, &link) {
                    Ok(()) => return Ok(Shared::Replaced),
                    // The collector has removed it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                },
                // Damaged, as the daemon sees it: removed, so that this file
                // takes its place.
                Some(_) => unlinkat(&self.dir, link.as_c_str(), UnlinkatFlags::NoRemoveDir)?,
            }
        }
        Err(io::Error::other("others are faster"))
    }

    fn remove_unused(&self, hash: &Sha256) -> io::Result<()> {
        let link = link_name(hash)?;
        if self
            .look_up(&link)?
            .is_some_and(|known| known.st_nlink == 1)
        {
            unlinkat(&self.dir, link.as_c_str(), UnlinkatFlags::NoRemoveDir)?;
        }
        Ok(())
    }

    fn look_up(&self, link: &CStr) -> io::Result<Option<FileStat>> {
        match fstatat(&self.dir, link, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn add(&self, file: &LargeFile<'_>, link: &CStr) -> nix::Result<()> {
        linkat(file.within, file.name, &self.dir, link, AtFlags::empty())
    }

    /// Puts the known file in this one's place: first under a name of its own
    /// beside it, which dies with the unplaced item if we are killed.
    fn replace(&self, file: &mut LargeFile<'_>, link: &CStr) -> io::Result<()> {
        file.open_directory()?;
        let dir = file.within;
        let random = fastrand::u64(..);
        let beside = CString::new(format!(".tmp-link-{}-{random:x}", std::process::id()))?;
        let beside = beside.as_c_str();
        linkat(&self.dir, link, dir, beside, AtFlags::empty())?;
        let replaced = renameat(dir, beside, dir, file.name);
        if replaced.is_err() {
            unlinkat(dir, beside, UnlinkatFlags::NoRemoveDir)?;
        }
        Ok(replaced?)
    }
}

fn link_name(hash: &Sha256) -> io::Result<CString> {
    Ok(CString::new(base32::encode(hash))?)
}

fn same_file(one: &FileStat, other: &FileStat) -> bool {
    one.st_dev == other.st_dev && one.st_ino == other.st_ino
}

/// A regular file of the right size; the name vouches for the rest.
fn is_intact(known: &FileStat, file: &LargeFile<'_>) -> bool {
    known.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits()
        && u64::try_from(known.st_size) == Ok(file.size)
}
