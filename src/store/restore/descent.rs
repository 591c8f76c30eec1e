//! A place in a tree of directories, reached step by step from a directory
//! outside it, never through a symbolic link and never by `..`.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

/// Directories that are kept open at once. Trees can be 2000 levels deep, more
/// than a process may open files; what is further up is opened anew, from the
/// top, when it is returned to.
const KEPT_OPEN: usize = 48;

/// A directory and the way to it.
pub struct Descent {
    base: OwnedFd,
    levels: Vec<Level>,
}

struct Level {
    name: CString,
    /// There for the innermost levels.
    dir: Option<OwnedFd>,
}

impl Descent {
    /// Begins at `base`, which is trusted.
    pub fn new(base: OwnedFd) -> Self {
        Self {
            base,
            levels: Vec::new(),
        }
    }

    /// The directory that was reached.
    pub fn dir(&self) -> BorrowedFd<'_> {
        self.levels
            .last()
            .and_then(|level| level.dir.as_ref())
            .unwrap_or(&self.base)
            .as_fd()
    }

    /// Steps below the beginning.
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    /// The names on the way here.
    pub fn names(&self) -> impl Iterator<Item = &CStr> {
        self.levels.iter().map(|level| level.name.as_c_str())
    }

    /// Goes to the directory `name` in this one, which must be one and no
    /// link.
    pub fn enter(&mut self, name: &CStr) -> io::Result<()> {
        let dir = open_directory(self.dir(), name)?;
        self.levels.push(Level {
            name: name.to_owned(),
            dir: Some(dir),
        });
        let far = self.levels.len().wrapping_sub(KEPT_OPEN + 1);
        if let Some(level) = self.levels.get_mut(far) {
            level.dir = None;
        }
        Ok(())
    }

    /// Goes back to where this directory was entered from; its name.
    pub fn leave(&mut self) -> io::Result<Option<CString>> {
        let Some(left) = self.levels.pop() else {
            return Ok(None);
        };
        if self.levels.last().is_some_and(|level| level.dir.is_none()) {
            self.reopen()?;
        }
        Ok(Some(left.name))
    }

    /// Opens the innermost levels anew, from the top.
    fn reopen(&mut self) -> io::Result<()> {
        let kept_from = self.levels.len().saturating_sub(KEPT_OPEN);
        let mut above: Option<OwnedFd> = None;
        for index in 0..self.levels.len() {
            let (outer, inner) = self.levels.split_at_mut(index);
            let kept = outer.last().and_then(|level| level.dir.as_ref());
            let from = above.as_ref().or(kept).unwrap_or(&self.base);
            let Some(level) = inner.first_mut() else {
                break;
            };
            let dir = open_directory(from.as_fd(), &level.name)?;
            if index < kept_from {
                above = Some(dir);
            } else {
                level.dir = Some(dir);
                above = None;
            }
        }
        Ok(())
    }
}

/// Opens a directory that stands in `dir` itself.
pub fn open_directory(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(dir, name, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &std::path::Path) -> OwnedFd {
        std::fs::File::open(path).unwrap().into()
    }

    #[test]
    fn goes_deeper_than_files_may_be_open() {
        let dir = tempfile::tempdir().unwrap();
        let mut descent = Descent::new(open(dir.path()));
        for level in 0..1500 {
            let name = CString::new((level % 10).to_string()).unwrap();
            nix::sys::stat::mkdirat(descent.dir(), name.as_c_str(), Mode::S_IRWXU).unwrap();
            descent.enter(&name).unwrap();
        }
        for level in (0..1500).rev() {
            let name = descent.leave().unwrap().unwrap();
            assert_eq!(name.to_str().unwrap(), (level % 10).to_string());
            nix::unistd::unlinkat(
                descent.dir(),
                name.as_c_str(),
                nix::unistd::UnlinkatFlags::RemoveDir,
            )
            .unwrap();
        }
        assert_eq!(descent.leave().unwrap(), None);
    }

    #[test]
    fn follows_no_link() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("root")).unwrap();
        let mut descent = Descent::new(open(dir.path()));
        assert!(descent.enter(c"root").is_err());
        assert_eq!(descent.depth(), 0);
    }
}
