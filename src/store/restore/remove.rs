//! Removing what lies at a name, whatever it is.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FchmodatFlags, Mode, fchmod, fchmodat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::descent::{Descent, open_directory};

/// Removes the file, link or tree at `path`; nothing there is success.
pub fn remove(path: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let parent = open(parent, flags, Mode::empty())?;
    let name = CString::new(name.as_bytes())?;
    remove_at(std::os::fd::AsFd::as_fd(&parent), &name)
}

/// The same for a name in an open directory.
///
/// Store items are read-only, so each directory is made writable first.
pub fn remove_at(parent: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    if !unlink(parent, name)? {
        return Ok(());
    }
    let mut descent = Descent::new(parent.try_clone_to_owned()?);
    enter(&mut descent, name)?;
    while descent.depth() > 0 {
        if let Some(subdirectory) = unlink_all(&descent)? {
            enter(&mut descent, &subdirectory)?;
        } else if let Some(emptied) = descent.leave()? {
            match unlinkat(descent.dir(), emptied.as_c_str(), UnlinkatFlags::RemoveDir) {
                Ok(()) | Err(Errno::ENOENT) => {}
                // Readers of directories may miss entries while others vanish.
                Err(Errno::ENOTEMPTY) => enter(&mut descent, &emptied)?,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

fn enter(descent: &mut Descent, name: &CStr) -> io::Result<()> {
    match descent.enter(name) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            // Not even readable; it is known to be a directory, and nobody
            // else writes here.
            let flags = FchmodatFlags::FollowSymlink;
            fchmodat(descent.dir(), name, Mode::S_IRWXU, flags)?;
            descent.enter(name)?;
        }
        entered => entered?,
    }
    fchmod(descent.dir(), Mode::S_IRWXU)?;
    Ok(())
}

/// Removes what can be removed at once; the first directory among the rest.
fn unlink_all(descent: &Descent) -> io::Result<Option<CString>> {
    // Opened anew: a descriptor remembers how far it was read.
    let mut dir = Dir::from_fd(open_directory(descent.dir(), c".")?)?;
    for entry in dir.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        if unlink(descent.dir(), name)? {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

/// Removes a name unless it is a directory's, and tells whether it is.
fn unlink(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<bool> {
    match unlinkat(dir, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(false),
        Err(Errno::EISDIR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn removes_read_only_trees_and_nothing_behind_links() {
        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("kept");
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "kept").unwrap();
        let tree = dir.path().join("tree");
        fs::create_dir_all(tree.join("a/b/c")).unwrap();
        for index in 0..300 {
            fs::write(tree.join(format!("a/b/{index}")), "x").unwrap();
            fs::create_dir(tree.join(format!("a/d{index}"))).unwrap();
        }
        symlink(&kept, tree.join("a/link")).unwrap();
        for sealed in ["a/b", "a/b/c", "a", ""] {
            let mode = if sealed == "a/b/c" { 0 } else { 0o555 };
            fs::set_permissions(tree.join(sealed), PermissionsExt::from_mode(mode)).unwrap();
        }
        remove(&tree).unwrap();
        assert!(!tree.exists());
        assert!(kept.join("file").exists());
        let link = dir.path().join("link");
        symlink(&kept, &link).unwrap();
        remove(&link).unwrap();
        assert!(link.symlink_metadata().is_err());
        remove(&kept.join("file")).unwrap();
        remove(&kept.join("file")).unwrap();
        assert!(kept.exists());
    }
}
