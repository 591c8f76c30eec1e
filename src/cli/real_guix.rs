//! Where the real `guix` is.
//!
//! It must fit the daemon's version, so the one beside the daemon's own
//! program comes before `PATH`. Under systemd and the shepherd `PATH` is
//! short or lacks `guix`, so fixed places come last.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use thiserror::Error;

/// Names the real guix, before all looking.
const SETTING: &str = "OFFLOAD_GUIX";

/// Where installations put it: `guix pull` of root on a foreign
/// distribution, Guix System, distribution packages, the install script.
const FIXED: [&str; 4] = [
    "/var/guix/profiles/per-user/root/current-guix/bin/guix",
    "/run/current-system/profile/bin/guix",
    "/usr/bin/guix",
    "/usr/local/bin/guix",
];

/// Why the value of `OFFLOAD_GUIX` is of no use.
#[derive(Debug, Error)]
#[error("OFFLOAD_GUIX is '{}', which {why}", .value.display())]
pub(super) struct Setting {
    value: PathBuf,
    why: &'static str,
}

/// The places to look at, in order.
pub(super) struct Search {
    places: Vec<PathBuf>,
    ourselves: Option<Identity>,
}

impl Search {
    /// Reads what decides the places from the process's surroundings.
    pub(super) fn new() -> Result<Self, Setting> {
        let ourselves = fs::metadata("/proc/self/exe")
            .ok()
            .map(|m| Identity::of(&m));
        let places = match env::var_os(SETTING).filter(|value| !value.is_empty()) {
            Some(value) => vec![checked(value.into(), ourselves)?],
            None => places(beside_daemon(), env::var_os("PATH")),
        };
        Ok(Self { places, ourselves })
    }

    /// The files there that can be executed and are not ourselves.
    pub(super) fn candidates(&self) -> impl Iterator<Item = PathBuf> {
        self.places
            .iter()
            .filter(|place| flaw(place, self.ourselves).is_none())
            .cloned()
    }

    /// All places, for a message.
    pub(super) fn looked(&self) -> Vec<PathBuf> {
        self.places.clone()
    }
}

/// What makes two names one file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// A value that somebody set on purpose is not silently passed over.
fn checked(value: PathBuf, ourselves: Option<Identity>) -> Result<PathBuf, Setting> {
    let why = if value.is_absolute() {
        flaw(&value, ourselves)
    } else {
        Some("is not an absolute file name")
    };
    match why {
        Some(why) => Err(Setting { value, why }),
        None => Ok(value),
    }
}

/// Why `file`, links followed, cannot be the real guix.
fn flaw(file: &Path, ourselves: Option<Identity>) -> Option<&'static str> {
    let Ok(metadata) = fs::metadata(file) else {
        return Some("does not exist or cannot be reached");
    };
    if !metadata.is_file() {
        return Some("is not a file");
    }
    if ourselves == Some(Identity::of(&metadata)) {
        return Some("is this program itself");
    }
    match access(file, AccessFlags::X_OK) {
        Ok(()) => None,
        Err(_) => Some("cannot be executed by this user"),
    }
}

fn places(beside_daemon: Option<PathBuf>, path: Option<OsString>) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = beside_daemon.into_iter().collect();
    let path = path.unwrap_or_default();
    // A relative directory would be one of the build under way: that of
    // `perform-download` is the working directory.
    let searched = env::split_paths(&path).filter(|dir| dir.is_absolute());
    places.extend(searched.map(|dir| dir.join("guix")));
    places.extend(FIXED.iter().map(PathBuf::from));
    let mut seen = std::collections::BTreeSet::new();
    places.retain(|place| seen.insert(place.clone()));
    places
}

/// `guix` in the directory of the program that started us, if that is the
/// daemon and the kernel lets us see it: it does for the daemon's own user,
/// not for a build user.
fn beside_daemon() -> Option<PathBuf> {
    let parent = std::os::unix::process::parent_id();
    let program = fs::read_link(format!("/proc/{parent}/exe")).ok()?;
    beside(&program)
}

fn beside(program: &Path) -> Option<PathBuf> {
    // The kernel marks a program that was replaced since it was started, as
    // an upgrade does.
    let name = program.file_name()?.as_bytes();
    let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
    (OsStr::from_bytes(name) == "guix-daemon").then(|| program.with_file_name("guix"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn the_daemons_neighbour_comes_first() {
        let found = places(
            Some("/opt/guix/bin/guix".into()),
            Some("/a:relative::/usr/bin:/a".into()),
        );
        let names: Vec<_> = found.iter().filter_map(|place| place.to_str()).collect();
        assert_eq!(
            names,
            [
                "/opt/guix/bin/guix",
                "/a/guix",
                "/usr/bin/guix",
                "/var/guix/profiles/per-user/root/current-guix/bin/guix",
                "/run/current-system/profile/bin/guix",
                "/usr/local/bin/guix",
            ]
        );
        assert_eq!(places(None, None).len(), FIXED.len());
    }

    #[test]
    fn only_a_daemon_has_a_neighbour() {
        let of = |program: &str| beside(Path::new(program));
        assert_eq!(of("/usr/bin/guix-daemon"), Some("/usr/bin/guix".into()));
        assert_eq!(
            of("/usr/bin/guix-daemon (deleted)"),
            Some("/usr/bin/guix".into())
        );
        assert_eq!(of("/usr/bin/bash"), None);
        assert_eq!(of("/"), None);
    }

    #[test]
    fn ourselves_is_recognised_through_links() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("offload");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        let ourselves = Some(Identity::of(&fs::metadata(&file).unwrap()));
        let (first, second) = (dir.path().join("one"), dir.path().join("guix"));
        symlink("offload", &first).unwrap();
        symlink(&first, &second).unwrap();
        let hard = dir.path().join("hard");
        fs::hard_link(&file, &hard).unwrap();
        for name in [&file, &first, &second, &hard] {
            assert_eq!(flaw(name, ourselves), Some("is this program itself"));
            assert_eq!(flaw(name, None), None);
        }
    }

    #[test]
    fn what_cannot_be_executed_is_no_guix() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("guix");
        assert_eq!(
            flaw(&file, None),
            Some("does not exist or cannot be reached")
        );
        fs::write(&file, "").unwrap();
        assert_eq!(flaw(&file, None), Some("cannot be executed by this user"));
        assert_eq!(flaw(dir.path(), None), Some("is not a file"));
        let relative = checked("guix".into(), None).unwrap_err();
        assert_eq!(
            relative.to_string(),
            "OFFLOAD_GUIX is 'guix', which is not an absolute file name"
        );
    }
}
