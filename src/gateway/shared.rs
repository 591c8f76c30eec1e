//! One process that holds the connections of all hooks of a host.
//!
//! Connecting costs a machine 30 ms, and a daemon there 70 to 110 ms more for
//! the first signature; most builds take less. So the first hook that wants a
//! connection starts a process of its own session ([`host`]), which keeps it
//! for the next ones and hands them streams ([`guest`]).
//!
//! That process is a convenience and never a condition: where it cannot be
//! had, is of another version, hangs or dies, the hook connects by itself. A
//! hook's streams end with its control connection, whatever their state, so
//! that what a killed hook has begun on a machine ends at once.

pub mod guest;
pub mod host;
pub mod speech;
mod table;

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The command by which this program becomes that process.
pub const COMMAND: &str = "hold-connections";

/// Where the process can be found.
#[derive(Clone, Debug)]
pub struct Doorstep {
    folder: PathBuf,
    /// How long it stays without work; zero: there is to be none.
    pub stays: Duration,
}

impl Doorstep {
    /// Below the daemon's state directory; nothing is made yet.
    pub fn new(state_dir: &Path, stays: Duration) -> Self {
        Self {
            folder: state_dir.join("offload/hook/gateway"),
            stays,
        }
    }

    /// The socket. A path and no abstract name: builders of an unprivileged
    /// daemon run under the hook's own user, in another mount namespace.
    fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Whose lock is the right to have the socket.
    fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// Makes the folder; one that others could put something into is refused.
    fn make(&self) -> io::Result<()> {
        if let Some(stock) = self.folder.parent().and_then(Path::parent) {
            DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(stock)?;
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let folder = std::fs::symlink_metadata(&self.folder)?;
        if folder.is_dir() && is_trusted(folder.uid()) && folder.mode() & 0o777 == 0o700 {
            Ok(())
        } else {
            Err(io::Error::other("its folder is open to others"))
        }
    }
}

/// Tells whether a user's word counts: root's, or our own.
fn is_trusted(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

/// This very program: two that differ do not talk to each other.
fn program() -> io::Result<String> {
    let file = std::fs::metadata("/proc/self/exe")?;
    let version = env!("CARGO_PKG_VERSION");
    Ok(format!("{version} {}", looks(&file)))
}

/// What tells a file from another one, or from itself changed.
fn looks(file: &Metadata) -> String {
    format!(
        "{}:{}:{}:{}.{}:{}.{}",
        file.dev(),
        file.ino(),
        file.size(),
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec()
    )
}
