//! Files that a machine file loads, includes or imports.

use std::fs;
use std::io;
use std::path::Path;

use super::dependency::{note_existence, note_file};

/// A larger file is none.
const LENGTH_MAX: u64 = 64 << 20;

/// The bytes of a file, which the result depends on.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let result = fs::metadata(path).and_then(|metadata| {
        if metadata.len() > LENGTH_MAX || !metadata.is_file() {
            Err(io::Error::from_raw_os_error(libc::EISDIR))
        } else {
            fs::read(path)
        }
    });
    note_file(path, result.as_deref().ok());
    result
}

/// Tells whether there is such a file, on which the result depends.
pub fn exists(path: &Path) -> bool {
    let exists = path.is_file();
    note_existence(path, exists);
    exists
}
