//! Modes, times and owners, the same for every file in a store.
//!
//! As the daemon makes them (measured; local-store.cc,
//! canonicalisePathMetaData): 0444, with x for all where the owner had it;
//! one second after the epoch; the daemon's user and group. Extended
//! attributes and access-control lists do not arise in what is made here.

use std::ffi::CStr;
use std::io;
use std::os::fd::BorrowedFd;

use nix::fcntl::AtFlags;
use nix::sys::stat::{FileStat, Mode, UtimensatFlags, fchmod, fstat, fstatat, futimens, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchown, fchownat};

/// When all store files were changed last.
const MODIFIED: TimeSpec = TimeSpec::new(1, 0);

/// The user and group that everything belongs to: those of this process.
#[derive(Clone, Copy)]
pub struct Owner {
    user: Uid,
    group: Gid,
}

impl Owner {
    /// This process.
    pub fn effective() -> Self {
        Self {
            user: Uid::effective(),
            group: Gid::effective(),
        }
    }

    /// Makes a regular file canonical. The mode comes last: changing an owner
    /// can clear bits of it.
    pub fn canonical_file(self, file: BorrowedFd<'_>, executable: bool) -> io::Result<()> {
        self.own(file)?;
        let bits = if executable { 0o555 } else { 0o444 };
        fchmod(file, Mode::from_bits_truncate(bits))?;
        futimens(file, &TimeSpec::UTIME_OMIT, &MODIFIED)?;
        Ok(())
    }

    /// Makes a directory canonical, whose entries must be complete.
    pub fn canonical_directory(self, directory: BorrowedFd<'_>) -> io::Result<()> {
        self.canonical_file(directory, true)
    }

    /// Makes a symbolic link canonical; it has no mode.
    pub fn canonical_link(self, within: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        if !self.owns(&fstatat(within, name, AtFlags::AT_SYMLINK_NOFOLLOW)?) {
            let flags = AtFlags::AT_SYMLINK_NOFOLLOW;
            fchownat(within, name, Some(self.user), Some(self.group), flags)?;
        }
        let flags = UtimensatFlags::NoFollowSymlink;
        utimensat(within, name, &TimeSpec::UTIME_OMIT, &MODIFIED, flags)?;
        Ok(())
    }

    /// New files belong to this user, but not always to this group: a
    /// directory with the set-group-ID bit and some mounts give their own.
    fn own(self, file: BorrowedFd<'_>) -> io::Result<()> {
        if !self.owns(&fstat(file)?) {
            fchown(file, Some(self.user), Some(self.group))?;
        }
        Ok(())
    }

    fn owns(self, stat: &FileStat) -> bool {
        stat.st_uid == self.user.as_raw() && stat.st_gid == self.group.as_raw()
    }
}
