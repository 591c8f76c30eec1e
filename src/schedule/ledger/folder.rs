//! A folder of small files that are replaced whole.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

/// How often a lock that somebody has is tried.
const LOOK_AGAIN: Duration = Duration::from_micros(300);

/// Names of files that are being written begin so.
const UNFINISHED: &str = ".new-";

/// An open folder.
#[derive(Debug)]
pub(super) struct Folder {
    folder: OwnedFd,
    owner: u32,
}

/// What became of reading a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    /// Its bytes were read.
    Read,
    /// There is none.
    Absent,
    /// It is no file, too long, or another user's.
    Foreign,
}

/// Changes are kept from each other until this is dropped.
#[derive(Debug)]
pub(super) struct Lock<'a>(&'a Folder);

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // Closing is not enough: a child that was forked meanwhile has it, too.
        if let Err(error) = rustix::fs::flock(&self.0.folder, FlockOperation::Unlock) {
            log::debug!("cannot give a lock back: {error}");
        }
    }
}

/// The user whose files count: he who has the daemon's database, else
/// whoever runs this.
pub(super) fn owner(database_dir: &Path) -> u32 {
    std::fs::metadata(database_dir).map_or_else(
        |_| rustix::process::geteuid().as_raw(),
        |metadata| metadata.uid(),
    )
}

/// Tells whether this can be a file's name in a folder.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']) && name.len() <= 255
}

impl Folder {
    /// Opens a folder; another user's is refused.
    pub(super) fn open(path: &Path, owner: u32) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let folder = Self {
            folder: rustix::fs::open(path, flags, Mode::empty())?,
            owner,
        };
        let status = rustix::fs::fstat(&folder.folder)?;
        if folder.trusts(status.st_uid) {
            Ok(folder)
        } else {
            Err(io::Error::other("it belongs to another user"))
        }
    }

    /// Opens a folder and makes it if it is not there.
    pub(super) fn make(path: &Path, owner: u32) -> io::Result<Self> {
        match Self::open(path, owner) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let make = |path: Option<&Path>, mode| match path {
                    Some(path) => std::fs::DirBuilder::new()
                        .recursive(true)
                        .mode(mode)
                        .create(path),
                    None => Ok(()),
                };
                // The outermost is stock's, too, with the slots in it.
                let ours = path.parent();
                make(ours.and_then(Path::parent), 0o755)?;
                make(ours, 0o700)?;
                make(Some(path), 0o700)?;
                Self::open(path, owner)
            }
            opened => opened,
        }
    }

    /// Waits for the lock. Beyond the deadline there is none, and the change
    /// is made all the same: to lose another's is better than to lose time.
    pub(super) fn lock(&self, deadline: Option<Instant>) -> io::Result<Lock<'_>> {
        loop {
            match rustix::fs::flock(&self.folder, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) if deadline.is_none_or(|end| Instant::now() < end) => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                Ok(()) | Err(Errno::WOULDBLOCK) => return Ok(Lock(self)),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads a file of at most `limit` bytes.
    pub(super) fn read(&self, name: &str, limit: usize, bytes: &mut Vec<u8>) -> io::Result<File> {
        // Without NONBLOCK somebody's pipe would be waited for.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(&self.folder, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(File::Absent),
            Err(Errno::LOOP) => return Ok(File::Foreign),
            Err(error) => return Err(error.into()),
        };
        let status = rustix::fs::fstat(&file)?;
        let is_file = rustix::fs::FileType::from_raw_mode(status.st_mode).is_file();
        let size = usize::try_from(status.st_size).unwrap_or(usize::MAX);
        if !is_file || !self.trusts(status.st_uid) || size > limit {
            return Ok(File::Foreign);
        }
        bytes.clear();
        bytes.resize(size, 0);
        let mut file = std::fs::File::from(file);
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..)
            && !rest.is_empty()
        {
            match file.read(rest)? {
                0 => break,
                read => filled = filled.saturating_add(read),
            }
        }
        bytes.truncate(filled);
        Ok(File::Read)
    }

    /// Replaces a file.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unfinished = format!("{UNFINISHED}{}-{count}", std::process::id());
        // One of a process of the same id that was killed is in the way.
        self.remove(&unfinished)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = rustix::fs::openat(&self.folder, &unfinished, flags, mode)?;
        let written = std::fs::File::from(file).write_all(bytes).and_then(|()| {
            rustix::fs::renameat(&self.folder, &unfinished, &self.folder, name)
                .map_err(io::Error::from)
        });
        if written.is_err() {
            drop(self.remove(&unfinished));
        }
        written
    }

    /// Removes a file; tells whether there was one.
    pub(super) fn remove(&self, name: &str) -> io::Result<bool> {
        match rustix::fs::unlinkat(&self.folder, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The names of its files.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.folder)? {
            if let Ok(name) = entry?.file_name().to_str()
                && is_name(name)
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn trusts(&self, uid: u32) -> bool {
        uid == 0 || uid == self.owner
    }
}
