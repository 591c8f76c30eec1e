//! Files printed as an archive, in one pass.
//!
//! Every name is opened relative to its directory and without following a
//! link, so that nobody who swaps a directory meanwhile leads the walk out of
//! the item. What an archive cannot hold, or what changes while it is read,
//! is an error.

use std::error::Error;
use std::ffi::{CStr, CString, OsStr};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::vec;

use nix::dir::{Dir, Type};
use nix::fcntl::{self, AT_FDCWD, AtFlags, OFlag};
use nix::sys::stat::{self, FileStat, Mode, SFlag};

use super::print::Printer;
use super::{MAX_DEPTH, Visitor};

/// Directories that are held open at once; of deeper ones the outer are
/// closed and found again by `..`.
const OPEN_DIRECTORIES: usize = 64;

/// Prints the archive of `path` (file, link or directory) to `sink`; gives
/// its size.
///
/// An error of the files can be told from one of the sink by
/// [`is_local_error`].
pub fn dump(path: &Path, sink: &mut dyn Write) -> io::Result<u64> {
    let mut walk = Walk {
        printer: Printer::new(sink),
        root: path,
        levels: Vec::new(),
    };
    walk.run()?;
    let (_sink, written) = walk.printer.finish()?;
    Ok(written)
}

/// Tells whether [`dump`] failed at the files that it read, and not at the
/// sink.
pub fn is_local_error(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn Error + Send + Sync>::is::<UnreadableFile>)
}

/// A file that could not be printed, and why.
#[derive(Debug)]
struct UnreadableFile {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for UnreadableFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read '{}': {}", self.path.display(), self.source)
    }
}

impl Error for UnreadableFile {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

struct Walk<'a> {
    printer: Printer<&'a mut dyn Write>,
    root: &'a Path,
    levels: Vec<Level>,
}

/// A directory on the way from the root to where the walk is.
struct Level {
    name: CString,
    /// `None` while too many others are open.
    directory: Option<OwnedFd>,
    /// Device and inode, to know it again.
    identity: (u64, u64),
    rest: vec::IntoIter<Entry>,
}

struct Entry {
    name: CString,
    kind: Option<Type>,
}

impl Walk<'_> {
    fn run(&mut self) -> io::Result<()> {
        let root = CString::new(self.root.as_os_str().as_bytes())?;
        self.node(
            AT_FDCWD,
            Entry {
                name: root,
                kind: None,
            },
        )?;
        while let Some(level) = self.levels.last_mut() {
            let Some(entry) = level.rest.next() else {
                self.leave()?;
                continue;
            };
            // Taken out for the call, which may push a level.
            let Some(directory) = level.directory.take() else {
                return Err(self.unreadable(&entry.name, gone()));
            };
            let here = self.levels.len();
            self.node(directory.as_fd(), entry)?;
            let entered = self.levels.len() > here;
            if let Some(level) = here
                .checked_sub(1)
                .and_then(|place| self.levels.get_mut(place))
                && !(entered && here >= OPEN_DIRECTORIES)
            {
                level.directory = Some(directory);
            }
        }
        Ok(())
    }

    fn node(&mut self, at: BorrowedFd<'_>, entry: Entry) -> io::Result<()> {
        let kind = match entry.kind {
            Some(kind) => kind,
            None => self.local(&entry.name, || kind_of(at, &entry.name))?,
        };
        match kind {
            Type::Symlink => {
                let target = self.local(&entry.name, || {
                    Ok(fcntl::readlinkat(at, entry.name.as_c_str())?)
                })?;
                let name = self.name_in_archive(&entry.name).to_bytes();
                self.printer.symlink(name, &target.into_vec())
            }
            Type::File => self.file(at, &entry.name),
            Type::Directory => self.enter(at, entry.name),
            _ => Err(self.unreadable(&entry.name, special())),
        }
    }

    fn file(&mut self, at: BorrowedFd<'_>, path: &CStr) -> io::Result<()> {
        let (mut file, before) = self.local(path, || {
            // Non-blocking: a fifo put here meanwhile must not hold us up.
            let file = open(at, path, OFlag::O_NONBLOCK | OFlag::O_NOCTTY)?;
            let status = stat::fstat(&file)?;
            if file_type(&status) == SFlag::S_IFREG {
                Ok((File::from(file), status))
            } else {
                Err(special())
            }
        })?;
        let executable = before.st_mode & Mode::S_IXUSR.bits() != 0;
        let size = u64::try_from(before.st_size).unwrap_or(0);
        let mut contents = Contents {
            file: &mut file,
            failure: None,
        };
        let name = self.name_in_archive(path).to_bytes();
        let outcome = self.printer.regular(name, executable, size, &mut contents);
        if let Some(error) = contents.failure {
            return Err(self.unreadable(path, error));
        }
        outcome?;
        self.local(path, || {
            let after = stat::fstat(&file)?;
            // Not the change time: linking the file elsewhere sets that.
            if (after.st_size, after.st_mtime, after.st_mtime_nsec)
                == (before.st_size, before.st_mtime, before.st_mtime_nsec)
            {
                Ok(())
            } else {
                Err(changed())
            }
        })
    }

    fn enter(&mut self, at: BorrowedFd<'_>, path: CString) -> io::Result<()> {
        let (directory, identity, entries) = self.local(&path, || {
            let directory = open(at, &path, OFlag::O_DIRECTORY)?;
            let status = stat::fstat(&directory)?;
            let entries = entries(&directory)?;
            Ok((directory, (status.st_dev, status.st_ino), entries))
        })?;
        if self.levels.len() >= MAX_DEPTH {
            return Err(self.unreadable(&path, too_deep()));
        }
        let name = self.name_in_archive(&path).to_bytes();
        self.printer.directory(name)?;
        self.levels.push(Level {
            name: path,
            directory: Some(directory),
            identity,
            rest: entries.into_iter(),
        });
        Ok(())
    }

    /// The root has no name in the archive.
    fn name_in_archive<'n>(&self, name: &'n CStr) -> &'n CStr {
        if self.levels.is_empty() { c"" } else { name }
    }

    /// Goes back to the directory above.
    fn leave(&mut self) -> io::Result<()> {
        self.printer.leave_directory()?;
        let Some(left) = self.levels.pop() else {
            return Ok(());
        };
        let Some(above) = self.levels.last() else {
            return Ok(());
        };
        if above.directory.is_some() {
            return Ok(());
        }
        let found = self.local(&left.name, || {
            let below = left.directory.as_ref().ok_or_else(gone)?;
            let found = open(below.as_fd(), c"..", OFlag::O_DIRECTORY)?;
            let status = stat::fstat(&found)?;
            if (status.st_dev, status.st_ino) == above.identity {
                Ok(found)
            } else {
                Err(gone())
            }
        })?;
        if let Some(above) = self.levels.last_mut() {
            above.directory = Some(found);
        }
        Ok(())
    }

    /// Does something with a file and says which it was if that fails.
    fn local<T>(&self, name: &CStr, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        act().map_err(|error| self.unreadable(name, error))
    }

    fn unreadable(&self, name: &CStr, source: io::Error) -> io::Error {
        let mut path = PathBuf::new();
        for name in self.levels.iter().map(|level| level.name.as_c_str()) {
            path.push(OsStr::from_bytes(name.to_bytes()));
        }
        path.push(OsStr::from_bytes(name.to_bytes()));
        io::Error::new(source.kind(), UnreadableFile { path, source })
    }
}

/// A file's contents; keeps the error, which the printer passes on as one of
/// its own.
struct Contents<'a> {
    file: &'a mut File,
    failure: Option<io::Error>,
}

impl io::Read for Contents<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read(buffer) {
            Ok(0) if !buffer.is_empty() => {
                self.failure = Some(changed());
                Ok(0)
            }
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let kind = error.kind();
                self.failure = Some(error);
                Err(kind.into())
            }
            outcome => outcome,
        }
    }
}

fn open(at: BorrowedFd<'_>, name: &CStr, flags: OFlag) -> io::Result<OwnedFd> {
    let flags = flags | OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(fcntl::openat(at, name, flags, Mode::empty())?)
}

/// The entries of a directory, sorted by the bytes of their names.
fn entries(directory: &OwnedFd) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in Dir::from_fd(directory.try_clone()?)?.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            entries.push(Entry {
                name: name.to_owned(),
                kind: entry.file_type(),
            });
        }
    }
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The kind of a file whose directory does not tell it.
fn kind_of(at: BorrowedFd<'_>, name: &CStr) -> io::Result<Type> {
    let status = stat::fstatat(at, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    match file_type(&status) {
        SFlag::S_IFREG => Ok(Type::File),
        SFlag::S_IFDIR => Ok(Type::Directory),
        SFlag::S_IFLNK => Ok(Type::Symlink),
        _ => Err(special()),
    }
}

fn file_type(status: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits())
}

fn special() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it is neither file, directory nor symbolic link",
    )
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it changed while it was read")
}

fn gone() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "its directory was moved while it was read",
    )
}

fn too_deep() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("it is deeper than {MAX_DEPTH} directories"),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::super::parse;
    use super::super::print::single_file;
    use super::*;

    fn dumped(path: &Path) -> io::Result<Vec<u8>> {
        let mut nar = Vec::new();
        let written = dump(path, &mut nar)?;
        assert_eq!(written, nar.len() as u64);
        Ok(nar)
    }

    #[test]
    fn a_file_is_one_node() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        for (contents, mode, executable) in [
            (b"".as_slice(), 0o600, false),
            (b"hello world\n", 0o444, false),
            (b"group's bit only", 0o654, false),
            (b"#!", 0o700, true),
            (&vec![9; 300_001], 0o755, true),
        ] {
            fs::write(&file, contents).unwrap();
            fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            assert!(dumped(&file).unwrap() == single_file(executable, contents));
            fs::remove_file(&file).unwrap();
        }
    }

    #[test]
    fn entries_are_sorted_by_bytes_and_links_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        for name in [
            b"b".as_slice(),
            b"B",
            b"a.b",
            b"a-b",
            b"ab",
            b"\xff\xfe",
            b"~",
        ] {
            fs::write(root.join(OsStr::from_bytes(name)), name).unwrap();
        }
        symlink("/etc", root.join("link")).unwrap();
        symlink(&root, dir.path().join("to-root")).unwrap();
        let nar = dumped(&root).unwrap();
        // The parser refuses what is not sorted.
        let mut printer = Printer::new(Vec::new());
        parse::parse(&mut nar.as_slice(), &mut printer).unwrap();
        assert_eq!(printer.finish().unwrap().0, nar);
        assert!(dumped(&dir.path().join("to-root")).unwrap().len() < 300);
    }

    #[test]
    fn what_an_archive_cannot_hold_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("sub");
        fs::create_dir(&sub).unwrap();
        let socket = UnixListener::bind(sub.join("socket")).unwrap();
        let error = dumped(dir.path()).unwrap_err();
        assert!(is_local_error(&error));
        assert!(error.to_string().contains("sub/socket"), "{error}");
        drop(socket);
        fs::remove_file(sub.join("socket")).unwrap();
        nix::unistd::mkfifo(&sub.join("fifo"), Mode::S_IRWXU).unwrap();
        let error = dumped(&sub.join("fifo")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let error = dumped(&sub.join("absent")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(is_local_error(&error));
    }

    /// Changes a file when the first piece of the archive comes.
    struct Meddler<F: FnMut()>(F);

    impl<F: FnMut()> Write for Meddler<F> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            (self.0)();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_file_that_changes_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        for length in [100, 300_000, 500_000] {
            fs::write(&path, vec![1; 400_000]).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            let error = dump(&path, &mut Meddler(|| file.set_len(length).unwrap())).unwrap_err();
            assert!(error.to_string().contains("changed"), "{length}: {error}");
            assert!(is_local_error(&error));
        }
    }

    #[test]
    fn the_sinks_error_is_passed_on() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("f"), vec![1; 400_000]).unwrap();
        let mut sink = [0; 1000];
        let error = dump(dir.path(), &mut sink.as_mut_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
        assert!(!is_local_error(&error));
    }

    /// Makes a directory with that many levels below it, in some of them a
    /// file before and one behind the next level.
    fn nested(at: &Path, levels: usize) {
        let at = CString::new(at.as_os_str().as_bytes()).unwrap();
        let mut inner = open(AT_FDCWD, &at, OFlag::O_DIRECTORY).unwrap();
        for level in 0..levels {
            let files = [c"a", c"z"];
            for name in files.iter().filter(|_| level % 50 == 0) {
                let flags = OFlag::O_CREAT | OFlag::O_WRONLY;
                fcntl::openat(&inner, *name, flags, Mode::S_IRWXU).unwrap();
            }
            stat::mkdirat(&inner, c"d", Mode::S_IRWXU).unwrap();
            inner = open(inner.as_fd(), c"d", OFlag::O_DIRECTORY).unwrap();
        }
    }

    #[test]
    fn deep_directories_need_few_descriptors() {
        let dir = tempfile::tempdir().unwrap();
        nested(dir.path(), MAX_DEPTH - 1);
        let nar = dumped(dir.path()).unwrap();
        let mut printer = Printer::new(Vec::new());
        parse::parse(&mut nar.as_slice(), &mut printer).unwrap();
        assert!(printer.finish().unwrap().0 == nar);

        let outside = tempfile::tempdir().unwrap();
        nested(outside.path(), MAX_DEPTH);
        let error = dumped(outside.path()).unwrap_err();
        assert!(error.to_string().ends_with("directories"));
    }

    #[test]
    fn a_directory_that_is_moved_away_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        nested(&root, OPEN_DIRECTORIES + 20);
        // Inside the deepest level, enough to fill the buffer once.
        let deep = root.join("d/".repeat(OPEN_DIRECTORIES + 20));
        fs::write(deep.join("f"), vec![1; 400_000]).unwrap();
        let inner = root.join("d/".repeat(OPEN_DIRECTORIES + 10));
        let away = dir.path().join("away");
        let mut moved = false;
        let mut meddler = Meddler(|| {
            if !moved {
                moved = true;
                fs::rename(&inner, &away).unwrap();
            }
        });
        let error = dump(&root, &mut meddler).unwrap_err();
        assert!(error.to_string().contains("moved"), "{error}");
    }
}
