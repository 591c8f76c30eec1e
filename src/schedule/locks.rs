//! Open-file-description locks: a right that ends with its holder.
//!
//! They exclude the classic POSIX locks of stock's hook and are excluded by
//! them (measured), do not vanish when another descriptor of the file is
//! closed, and the kernel drops them with the process, however it ends.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

/// Tells whether the lock of the whole file was got.
pub fn lock(file: &File) -> io::Result<bool> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole(libc::F_WRLCK))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Gives a lock back before the file is closed. Closing tells the waiting
/// first and drops the lock then, so they could look too early.
pub fn unlock(file: &File) {
    if let Err(errno) = fcntl(file, FcntlArg::F_OFD_SETLK(&whole(libc::F_UNLCK))) {
        log::debug!("cannot unlock: {errno}");
    }
}

/// Tells whether somebody else holds a lock, without taking it: whoever takes
/// locks only to look makes them look taken.
pub fn is_locked(file: &File) -> io::Result<bool> {
    let mut found = whole(libc::F_WRLCK);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut found))?;
    Ok(i32::from(found.l_type) != libc::F_UNLCK)
}

/// Opens a file for looking. Closing it wakes nobody, as closing a file that
/// was opened for writing does.
pub fn open_to_look(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)
}

#[allow(clippy::cast_possible_truncation)] // constants that fit
fn whole(kind: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_sees_a_lock_and_takes_none() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let look = || is_locked(&open_to_look(file.path()).unwrap()).unwrap();
        assert!(!look());
        assert!(lock(file.as_file()).unwrap());
        assert!(look());
        // One's own is none of somebody else's.
        assert!(!is_locked(file.as_file()).unwrap());
        unlock(file.as_file());
        assert!(!look());
    }
}
