//! Archives of store items: the format, without where it goes.
//!
//! An archive is a tree of directories, regular files (with one bit:
//! executable) and symbolic links, names ascending by bytes, and nothing
//! else: no times, owners or other modes. [`parse`] turns bytes into events
//! for a [`Visitor`], [`print`](print::Printer) is a visitor that turns events
//! into bytes, [`dump`] walks files and prints them.
//!
//! Layout: facts of the daemon's protocol, section 3.

use std::io::Read;

pub mod dump;
pub mod field;
pub mod parse;
pub mod print;

/// Bytes that are read or written at once.
pub const BUFFER: usize = 64 * 1024;

/// The deepest nesting of directories that is taken or written.
///
/// The daemon names files by full paths of less than 4096 bytes (PATH_MAX), a
/// level takes two: nothing deeper than 2048 has ever been in its store.
pub const MAX_DEPTH: usize = 2048;

/// The longest name of an entry: NAME_MAX of Linux.
pub const MAX_NAME: usize = 255;

/// The longest target of a symbolic link: PATH_MAX of Linux less its NUL.
pub const MAX_TARGET: usize = 4095;

/// What a parsed archive is told to, entry by entry.
///
/// Names are single components that the parser has checked: not empty but at
/// the root, not `.` or `..`, without `/` and NUL, ascending in a directory.
pub trait Visitor {
    /// What can go wrong here.
    type Error;

    /// A directory begins; its entries follow.
    fn directory(&mut self, name: &[u8]) -> Result<(), Self::Error>;

    /// The innermost directory ends.
    fn leave_directory(&mut self) -> Result<(), Self::Error>;

    /// A regular file of `size` bytes, to be read from `contents`; what is
    /// left unread the parser skips.
    fn regular(
        &mut self,
        name: &[u8],
        executable: bool,
        size: u64,
        contents: &mut dyn Read,
    ) -> Result<(), Self::Error>;

    /// A symbolic link.
    fn symlink(&mut self, name: &[u8], target: &[u8]) -> Result<(), Self::Error>;
}
