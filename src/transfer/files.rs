//! What planning and sending read of the store's files.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::plan::{Files, MAX_DERIVATION};
use crate::store::derivation::Derivation;
use crate::store::digest::{Hasher, Sha256};
use crate::store::path::{StoreDir, StorePath};

/// The owner's x bit, which makes a file executable in an archive.
const OWNER_EXECUTES: u32 = 0o100;

/// The files of the store of this host.
#[derive(Debug)]
pub struct StoreFiles<'a>(
    /// The store.
    pub &'a StoreDir,
);

impl Files for StoreFiles<'_> {
    fn hash(&mut self, path: &StorePath, limit: u64) -> io::Result<Option<Sha256>> {
        let Some((file, _)) = open_plain(path.as_path(), limit)? else {
            return Ok(None);
        };
        let mut hasher = Hasher::new();
        let read = io::copy(&mut file.take(limit.saturating_add(1)), &mut hasher)?;
        Ok((read <= limit).then(|| hasher.finish().0))
    }

    fn is_plain(&mut self, path: &StorePath) -> io::Result<bool> {
        Ok(is_plain(&path.as_path().symlink_metadata()?))
    }

    fn derivation(&mut self, path: &StorePath) -> Option<Derivation> {
        if !path.is_derivation() {
            return None;
        }
        let text = match read_plain(path.as_path(), MAX_DERIVATION) {
            Ok(text) => text?,
            Err(error) => {
                log::debug!("cannot read {path}: {error}");
                return None;
            }
        };
        let parsed = Derivation::parse(self.0, &text);
        parsed
            .inspect_err(|error| log::debug!("cannot read {path}: {error}"))
            .ok()
    }
}

/// Reads a plain, non-executable file of at most `limit` bytes; `None` for
/// anything else.
pub(super) fn read_plain(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some((file, size)) = open_plain(path, limit)? else {
        return Ok(None);
    };
    let mut contents = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    let read = file
        .take(limit.saturating_add(1))
        .read_to_end(&mut contents)?;
    Ok((read as u64 <= limit).then_some(contents))
}

fn open_plain(path: &Path, limit: u64) -> io::Result<Option<(File, u64)>> {
    let metadata = path.symlink_metadata()?;
    if !is_plain(&metadata) || metadata.len() > limit {
        return Ok(None);
    }
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)?;
    Ok(Some((file, metadata.len())))
}

fn is_plain(metadata: &std::fs::Metadata) -> bool {
    metadata.is_file() && metadata.mode() & OWNER_EXECUTES == 0
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::store::digest::sha256;

    fn item(dir: &StoreDir, name: &str) -> StorePath {
        dir.join(&format!("1hqp1kznhm15lxn7h668f9x88i6mzsvc-{name}"))
            .unwrap()
    }

    #[test]
    fn only_plain_files_of_the_right_size_are_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = StoreDir::new(folder.path().to_str().unwrap()).unwrap();
        let named = |name: &str| item(&dir, name);
        let mut files = StoreFiles(&dir);
        let file = named("file");
        std::fs::write(file.as_path(), b"hello").unwrap();
        assert_eq!(files.hash(&file, 5).unwrap(), Some(sha256(b"hello")));
        assert_eq!(files.hash(&file, 4).unwrap(), None);
        assert!(files.is_plain(&file).unwrap());
        let link = named("link");
        symlink(file.as_path(), link.as_path()).unwrap();
        std::fs::create_dir(named("folder").as_path()).unwrap();
        let program = named("program");
        std::fs::write(program.as_path(), b"hello").unwrap();
        let executable = std::fs::Permissions::from_mode(0o555);
        std::fs::set_permissions(program.as_path(), executable).unwrap();
        for other in [link, named("folder"), program] {
            assert_eq!(files.hash(&other, 100).unwrap(), None);
            assert!(!files.is_plain(&other).unwrap());
        }
        assert!(files.hash(&named("gone"), 100).is_err());
        assert!(files.is_plain(&named("gone")).is_err());
    }

    #[test]
    fn derivations_that_cannot_be_read_are_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let dir = StoreDir::new(folder.path().to_str().unwrap()).unwrap();
        let named = |name: &str| item(&dir, name);
        let mut files = StoreFiles(&dir);
        let text = b"Derive([],[],[],\"x86_64-linux\",\"builtin:download\",[],[])";
        for name in ["a.drv", "text"] {
            std::fs::write(named(name).as_path(), text).unwrap();
        }
        std::fs::write(named("b.drv").as_path(), b"Derive(").unwrap();
        assert!(files.derivation(&named("a.drv")).is_some());
        for name in ["text", "b.drv", "gone.drv"] {
            assert_eq!(files.derivation(&named(name)), None, "{name}");
        }
    }
}
