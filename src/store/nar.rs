//! Archives of store items: the format, without where it goes.
//!
//! Layout: facts of the daemon's protocol, section 3.

use std::io::Read;

pub mod dump;
pub mod parse;
pub mod print;

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
