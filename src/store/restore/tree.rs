//! Where the files lie that deduplication will come back to.
//!
//! Names stand in one vector and directories refer to each other by number:
//! an item can hold hundreds of thousands of files.

use std::ffi::CStr;
use std::io;

use super::descent::Descent;

/// Large files that are remembered; 70 bytes each. What comes after them in an
/// item larger than any that is known is not deduplicated.
const MAX_FILES: usize = 1 << 18;

/// A directory's number.
pub type Directory = u32;

/// Directories that hold large files, and those files.
#[derive(Default)]
pub struct Tree {
    names: Vec<u8>,
    directories: Vec<(Option<Directory>, Name)>,
    files: Vec<Recorded>,
}

/// Where a name begins in the vector of names; a NUL ends it.
#[derive(Clone, Copy)]
pub struct Name(u32);

/// A regular file that is large enough to be deduplicated.
#[derive(Clone, Copy)]
pub struct Recorded {
    /// The directory it is in; none for a file that is the whole item.
    pub directory: Option<Directory>,
    /// Its name there.
    pub name: Name,
    /// Hash of the archive of this file alone.
    pub hash: [u8; 32],
    /// Bytes in it.
    pub size: u64,
}

impl Tree {
    /// Remembers a directory; `None` when there is no room.
    pub fn add_directory(&mut self, within: Option<Directory>, name: &CStr) -> Option<Directory> {
        let number = Directory::try_from(self.directories.len()).ok()?;
        let name = self.add_name(name)?;
        self.directories.push((within, name));
        Some(number)
    }

    /// Remembers a file, if there is room.
    pub fn add_file(
        &mut self,
        directory: Option<Directory>,
        name: &CStr,
        hash: [u8; 32],
        size: u64,
    ) {
        if let Some(name) = self.add_name(name) {
            self.files.push(Recorded {
                directory,
                name,
                hash,
                size,
            });
        }
    }

    /// Tells whether another file finds room.
    pub fn has_room(&self) -> bool {
        self.files.len() < MAX_FILES
    }

    /// The files, in the order of the archive.
    pub fn files(&self) -> &[Recorded] {
        &self.files
    }

    /// A name that was remembered.
    pub fn name(&self, name: Name) -> &CStr {
        let from = usize::try_from(name.0).unwrap_or(usize::MAX);
        self.names
            .get(from..)
            .and_then(|rest| CStr::from_bytes_until_nul(rest).ok())
            .unwrap_or_default()
    }

    fn add_name(&mut self, name: &CStr) -> Option<Name> {
        let begin = u32::try_from(self.names.len()).ok()?;
        self.names.extend_from_slice(name.to_bytes_with_nul());
        Some(Name(begin))
    }

    /// The numbers from the outermost directory to this one.
    fn way_to(&self, directory: Option<Directory>) -> Vec<Directory> {
        let mut way = Vec::new();
        let mut next = directory;
        while let Some(number) = next {
            way.push(number);
            next = usize::try_from(number)
                .ok()
                .and_then(|index| self.directories.get(index))
                .and_then(|(within, _)| *within);
        }
        way.reverse();
        way
    }
}

/// Walks over remembered directories, going no further up than it must.
pub struct Walk<'t> {
    tree: &'t Tree,
    descent: Descent,
    at: Vec<Directory>,
}

impl<'t> Walk<'t> {
    /// Begins where the item lies.
    pub fn new(tree: &'t Tree, descent: Descent) -> Self {
        Self {
            tree,
            descent,
            at: Vec::new(),
        }
    }

    /// Goes to a directory; to where the item lies for none.
    pub fn go(&mut self, to: Option<Directory>) -> io::Result<&Descent> {
        if self.at.last().copied() != to {
            let way = self.tree.way_to(to);
            while !way.starts_with(&self.at) {
                self.descent.leave()?;
                self.at.pop();
            }
            for number in way.get(self.at.len()..).unwrap_or_default() {
                let name = usize::try_from(*number)
                    .ok()
                    .and_then(|index| self.tree.directories.get(index))
                    .map(|(_, name)| self.tree.name(*name))
                    .unwrap_or_default();
                self.descent.enter(name)?;
                self.at.push(*number);
            }
        }
        Ok(&self.descent)
    }
}
