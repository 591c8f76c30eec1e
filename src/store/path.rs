//! Names of store items, valid by construction.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Characters of a store item's hash part: 20 bytes in nix-base32.
pub const HASH_PART_LEN: usize = 32;

/// Longest base name that is accepted. The daemon's own limit is the file
/// system's 255 bytes, and `.chroot` must still fit behind it.
pub const MAX_BASE_NAME: usize = 255 - ".chroot".len();

/// The store's directory, normally `/gnu/store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreDir(String);

impl StoreDir {
    /// Takes an absolute directory name without a final slash.
    pub fn new(dir: &str) -> Result<Self, PathError> {
        let dir = dir.trim_end_matches('/');
        if !dir.starts_with('/') || dir.contains('\0') || dir.contains('\n') {
            return Err(PathError::NotAbsolute(dir.to_owned()));
        }
        Ok(Self(dir.to_owned()))
    }

    /// The directory as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory as a path.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The store path with this base name (`HASH-NAME`).
    pub fn join(&self, base_name: &str) -> Result<StorePath, PathError> {
        StorePath::parse(self, format!("{}/{base_name}", self.0).as_bytes())
    }
}

impl Default for StoreDir {
    fn default() -> Self {
        Self("/gnu/store".to_owned())
    }
}

/// The full name of an item directly in the store: `DIR/HASH-NAME`.
///
/// Ordered by the full name, as the daemon sorts references.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath {
    full: String,
    base: usize,
}

impl StorePath {
    /// Parses a full path; refuses anything that is not exactly one item of
    /// `dir` with a well-formed hash part and name.
    pub fn parse(dir: &StoreDir, text: &[u8]) -> Result<Self, PathError> {
        let bad = |why| PathError::Invalid {
            text: String::from_utf8_lossy(text.get(..400).unwrap_or(text)).into_owned(),
            why,
        };
        let base = text
            .strip_prefix(dir.0.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"/"))
            .ok_or_else(|| bad("it is not in the store"))?;
        if base.len() > MAX_BASE_NAME {
            return Err(bad("the name is too long"));
        }
        let (hash, rest) = base
            .split_at_checked(HASH_PART_LEN)
            .ok_or_else(|| bad("the name is too short"))?;
        if !hash.iter().copied().all(is_base32) {
            return Err(bad("the hash part is malformed"));
        }
        let name = rest
            .strip_prefix(b"-")
            .ok_or_else(|| bad("no dash stands behind the hash part"))?;
        if name.is_empty() || name.starts_with(b".") {
            return Err(bad("the name is empty or begins with a dot"));
        }
        if !name.iter().copied().all(is_name_byte) {
            return Err(bad("the name holds a forbidden character"));
        }
        let full = String::from_utf8(text.to_vec()).map_err(|_| bad("it is not text"))?;
        Ok(Self {
            full,
            base: dir.0.len().saturating_add(1),
        })
    }

    /// The full path as text.
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// The full path as a file name.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.full)
    }

    /// `HASH-NAME`.
    pub fn base_name(&self) -> &str {
        self.full.get(self.base..).unwrap_or_default()
    }

    /// The 32 characters of the hash part.
    pub fn hash_part(&self) -> &str {
        self.base_name().get(..HASH_PART_LEN).unwrap_or_default()
    }

    /// What stands behind the hash part and its dash.
    pub fn name(&self) -> &str {
        self.base_name()
            .get(HASH_PART_LEN.saturating_add(1)..)
            .unwrap_or_default()
    }

    /// Tells whether this is a derivation's file.
    pub fn is_derivation(&self) -> bool {
        // The daemon compares the case, too.
        self.full.as_bytes().ends_with(b".drv")
    }

    /// The path with `suffix` behind it: `.lock`, `.chroot`.
    pub fn with_suffix(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.full))
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

/// Why a text is no store path.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PathError {
    /// The store directory itself is unusable.
    #[error("'{0}' is not an absolute directory name")]
    NotAbsolute(String),
    /// The text is no item of the store.
    #[error("'{text}' is not a store path: {why}")]
    Invalid {
        /// The text, cut and made printable.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

fn is_base32(byte: u8) -> bool {
    byte.is_ascii_digit() || (byte.is_ascii_lowercase() && !b"eotu".contains(&byte))
}

/// Source: the daemon's checkStoreName; measured with `requiredSystemFeatures`.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-._?=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-worked-text";

    #[test]
    fn takes_a_path_apart() {
        let path = StorePath::parse(&StoreDir::default(), GOOD.as_bytes()).unwrap();
        assert_eq!(path.as_str(), GOOD);
        assert_eq!(path.hash_part(), "1hqp1kznhm15lxn7h668f9x88i6mzsvc");
        assert_eq!(path.name(), "worked-text");
        assert!(!path.is_derivation());
        assert_eq!(
            path.with_suffix(".chroot"),
            PathBuf::from(format!("{GOOD}.chroot"))
        );
    }

    #[test]
    fn refuses_what_is_not_an_item() {
        let dir = StoreDir::default();
        for text in [
            "",
            "/gnu/store",
            "/gnu/store/",
            "/gnu/store/.links",
            "/etc/passwd",
            "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc",
            "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-",
            "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-.x",
            "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-a/b",
            "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-a\nb",
            "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsve-a",
            "/gnu/store/../store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-a",
        ] {
            assert!(StorePath::parse(&dir, text.as_bytes()).is_err(), "{text:?}");
        }
        let long = format!(
            "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-{}",
            "a".repeat(300)
        );
        assert!(StorePath::parse(&dir, long.as_bytes()).is_err());
    }
}
