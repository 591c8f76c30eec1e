//! What the result of an evaluation depends on besides the file's own text.
//!
//! Whatever reads the outside world for a machine file notes here what it
//! saw, so that a result can be kept for as long as the world looks the same
//! (`cache`). What cannot be looked at again for little (time, child
//! processes, directories, sockets) makes the result one that is not kept:
//! a wrong result from a cache is worse than a slow one.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::sys::utsname::uname;
use nix::unistd::Uid;
use sha2::{Digest, Sha256};

/// A digest of a file's bytes.
pub type Sha256Digest = [u8; 32];

/// Something that was read, and what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependency {
    /// The contents of a file.
    File {
        /// Its name, absolute.
        path: PathBuf,
        /// What it held; `None`: there was no such file.
        digest: Option<Sha256Digest>,
    },
    /// Whether a file (or directory) is there, without a look into it.
    Existence {
        /// Its name, absolute.
        path: PathBuf,
        /// It was there.
        exists: bool,
    },
    /// A variable of the environment.
    Environment {
        /// Its name.
        name: String,
        /// Its value; `None`: it was unset.
        value: Option<String>,
    },
    /// The name of this host.
    HostName(String),
    /// The effective user.
    User(u32),
    /// The number of processors that this process may use.
    Processors(u32),
    /// Something that no later look could find unchanged.
    Uncacheable(String),
}

/// A larger file is not worth a digest for each request.
const FILE_MAX: u64 = 1 << 20;

/// A result with more dependencies is not kept.
const COUNT_MAX: usize = 1000;

thread_local! {
    static NOTED: RefCell<BTreeSet<Dependency>> = const { RefCell::new(BTreeSet::new()) };
}

/// Notes what the evaluation of this thread depends on.
pub fn note(dependency: Dependency) {
    NOTED.with_borrow_mut(|noted| {
        if noted.len() < COUNT_MAX {
            noted.insert(dependency);
        } else {
            noted.insert(Dependency::Uncacheable("too much was read".into()));
        }
    });
}

/// Notes the contents of a file; `None`: there is no such file.
pub fn note_file(path: &Path, contents: Option<&[u8]>) {
    let Ok(path) = std::path::absolute(path) else {
        return note_uncacheable("a file of unknown name");
    };
    if contents.is_some_and(|contents| contents.len() as u64 > FILE_MAX) {
        return note_uncacheable("a large file");
    }
    let digest = contents.map(|contents| Sha256::digest(contents).into());
    note(Dependency::File { path, digest });
}

/// Notes what an attempt to read a file gave.
pub fn note_attempt(path: &Path, read: Result<&[u8], &io::Error>) {
    match read {
        Ok(contents) => note_file(path, Some(contents)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => note_file(path, None),
        Err(_) => note_uncacheable("a file that cannot be read"),
    }
}

/// Notes a look at a file's existence.
pub fn note_existence(path: &Path, exists: bool) {
    match std::path::absolute(path) {
        Ok(path) => note(Dependency::Existence { path, exists }),
        Err(_) => note_uncacheable("a file of unknown name"),
    }
}

/// Notes the value of a variable of the environment.
pub fn note_environment(name: &str, value: Option<&str>) {
    // The child has another one than the hook; the cache's key has it.
    if name == "HOME" {
        return;
    }
    note(Dependency::Environment {
        name: name.to_owned(),
        value: value.map(str::to_owned),
    });
}

/// Notes that the result must not be kept, and why.
pub fn note_uncacheable(reason: &str) {
    note(Dependency::Uncacheable(reason.to_owned()));
}

/// Takes what was noted, in a fixed order, and begins anew.
pub fn take() -> Vec<Dependency> {
    NOTED.take().into_iter().collect()
}

impl Dependency {
    /// Tells whether it still is as it was.
    pub fn holds(&self) -> bool {
        match self {
            Self::File { path, digest } => match (digest_of(path), digest) {
                (Ok(now), Some(then)) => now == *then,
                (Err(error), None) => error.kind() == io::ErrorKind::NotFound,
                _ => false,
            },
            Self::Existence { path, exists } => {
                path.try_exists().is_ok_and(|found| found == *exists)
            }
            Self::Environment { name, value } => {
                // A name that no variable can have is unset.
                let now = is_variable(name).then(|| std::env::var_os(name)).flatten();
                match (now, value) {
                    (Some(now), Some(then)) => now.to_str() == Some(then),
                    (None, None) => true,
                    _ => false,
                }
            }
            Self::HostName(then) => host_name().is_some_and(|now| now == *then),
            Self::User(then) => Uid::effective().as_raw() == *then,
            Self::Processors(then) => processors() == *then,
            Self::Uncacheable(_) => false,
        }
    }
}

/// The name of this host.
pub fn host_name() -> Option<String> {
    uname().ok()?.nodename().to_str().map(str::to_owned)
}

/// The number of processors that this process may use.
pub fn processors() -> u32 {
    std::thread::available_parallelism()
        .ok()
        .and_then(|count| u32::try_from(count.get()).ok())
        .unwrap_or(1)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn digest_of(path: &Path) -> io::Result<Sha256Digest> {
    // Without O_NONBLOCK the opening of a named pipe would wait for ever.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    Ok(Sha256::digest(contents(&file)?).into())
}

fn contents(file: &File) -> io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > FILE_MAX {
        return Err(io::Error::other("nothing to be kept"));
    }
    let mut contents = Vec::new();
    file.take(FILE_MAX.saturating_add(1))
        .read_to_end(&mut contents)?;
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_once_is_taken_once() {
        note_environment("X", None);
        note_environment("X", None);
        note_environment("A", Some("1"));
        assert_eq!(take().len(), 2);
        assert_eq!(take(), Vec::new());
    }

    #[test]
    fn a_file_holds_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        note_file(&path, None);
        let absent = take().remove(0);
        assert!(absent.holds());
        std::fs::write(&path, "one").unwrap();
        assert!(!absent.holds());
        note_file(&path, Some(b"one"));
        let present = take().remove(0);
        assert!(present.holds());
        std::fs::write(&path, "two").unwrap();
        assert!(!present.holds());
        std::fs::remove_file(&path).unwrap();
        assert!(!present.holds());
        std::fs::create_dir(&path).unwrap();
        assert!(!present.holds() && !absent.holds());
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).unwrap();
        note_file(&path, Some(b""));
        assert!(!take().remove(0).holds());
    }

    #[test]
    fn surroundings_hold() {
        let now = [
            Dependency::HostName(host_name().unwrap()),
            Dependency::User(Uid::effective().as_raw()),
            Dependency::Processors(processors()),
            Dependency::Environment {
                name: "OFFLOAD_NO_SUCH_VARIABLE".into(),
                value: None,
            },
            Dependency::Environment {
                name: "a=b".into(),
                value: None,
            },
            Dependency::Existence {
                path: "/".into(),
                exists: true,
            },
        ];
        for dependency in now {
            assert!(dependency.holds(), "{dependency:?}");
        }
        assert!(!Dependency::Uncacheable("the clock".into()).holds());
        assert!(!Dependency::User(u32::MAX).holds());
    }

    /// The part of a file's text that is not its tests.
    fn code(path: &Path) -> String {
        let text = std::fs::read_to_string(path).unwrap();
        text.split("#[cfg(test)]").next().unwrap().to_owned()
    }

    #[test]
    fn whoever_reads_the_world_notes_it() {
        const WORLD: [&str; 7] = [
            "std::fs",
            "File::open",
            "OpenOptions",
            "std::env",
            "std::process",
            "SystemTime",
            "nix::unistd",
        ];
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/machines");
        let mut open: Vec<PathBuf> = [
            "builtin",
            "builtin.rs",
            "engine",
            "engine.rs",
            "expand",
            "evaluate.rs",
        ]
        .iter()
        .map(|name| root.join(name))
        .collect();
        let mut silent = Vec::new();
        while let Some(path) = open.pop() {
            if path.is_dir() {
                let entries = std::fs::read_dir(&path).unwrap();
                open.extend(entries.map(|entry| entry.unwrap().path()));
            } else if !path.to_string_lossy().ends_with("tests.rs") {
                // What the compiler knew is no world to read.
                let code = code(&path).replace("std::env::consts", "");
                let reads = WORLD.iter().any(|word| code.contains(word));
                if reads && !code.contains("dependency::") && !code.contains("depend(") {
                    silent.push(path);
                }
            }
        }
        assert!(
            silent.is_empty(),
            "{silent:?} read the world without a note of it"
        );
    }

    #[test]
    fn too_much_is_not_kept() {
        for number in 0..2000 {
            note_environment(&number.to_string(), None);
        }
        let noted = take();
        assert!(noted.len() <= COUNT_MAX + 1);
        assert!(
            noted
                .iter()
                .any(|one| matches!(one, Dependency::Uncacheable(_)))
        );
    }
}
