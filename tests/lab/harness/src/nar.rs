//! Trees of files to add to a store, and their archives.
//!
//! Written apart from the program's own archive code, which is under test.

use std::collections::BTreeMap;
use std::io::{self, Write};

/// A file, directory or symbolic link.
#[derive(Clone, Debug)]
pub enum Node {
    /// A file with these contents.
    File {
        /// May be executed.
        executable: bool,
        /// What is in it.
        contents: Vec<u8>,
    },
    /// A file of bytes that no compression makes smaller.
    Noise {
        /// How many bytes.
        size: u64,
        /// Which bytes.
        seed: u64,
    },
    /// A directory; names are bytes.
    Directory(BTreeMap<Vec<u8>, Node>),
    /// A symbolic link.
    Link(Vec<u8>),
}

impl Node {
    /// A plain file.
    pub fn file(contents: impl Into<Vec<u8>>) -> Node {
        Node::File {
            executable: false,
            contents: contents.into(),
        }
    }

    /// A file that may be executed.
    pub fn program(contents: impl Into<Vec<u8>>) -> Node {
        Node::File {
            executable: true,
            contents: contents.into(),
        }
    }

    /// A file of noise that no other call gives.
    pub fn noise(size: u64) -> Node {
        Node::Noise {
            size,
            seed: fastrand::u64(..),
        }
    }

    /// A symbolic link.
    pub fn link(target: impl Into<Vec<u8>>) -> Node {
        Node::Link(target.into())
    }

    /// A directory.
    pub fn directory<N: Into<Vec<u8>>>(entries: impl IntoIterator<Item = (N, Node)>) -> Node {
        Node::Directory(entries.into_iter().map(|(n, e)| (n.into(), e)).collect())
    }

    /// Writes the archive of it.
    pub fn write_archive(&self, sink: &mut dyn Write) -> io::Result<()> {
        token(sink, b"nix-archive-1")?;
        self.write_node(sink)
    }

    fn write_node(&self, sink: &mut dyn Write) -> io::Result<()> {
        token(sink, b"(")?;
        token(sink, b"type")?;
        match self {
            Node::File {
                executable,
                contents,
            } => {
                token(sink, b"regular")?;
                if *executable {
                    token(sink, b"executable")?;
                    token(sink, b"")?;
                }
                token(sink, b"contents")?;
                token(sink, contents)?;
            }
            Node::Noise { size, seed } => {
                token(sink, b"regular")?;
                token(sink, b"contents")?;
                sink.write_all(&size.to_le_bytes())?;
                write_noise(*size, *seed, sink)?;
                pad(sink, *size)?;
            }
            Node::Directory(entries) => {
                token(sink, b"directory")?;
                for (name, node) in entries {
                    for word in [b"entry".as_slice(), b"(", b"name", name, b"node"] {
                        token(sink, word)?;
                    }
                    node.write_node(sink)?;
                    token(sink, b")")?;
                }
            }
            Node::Link(target) => {
                for word in [b"symlink".as_slice(), b"target", target] {
                    token(sink, word)?;
                }
            }
        }
        token(sink, b")")
    }
}

/// Writes bytes that look random and are the same for each seed.
fn write_noise(size: u64, seed: u64, sink: &mut dyn Write) -> io::Result<()> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut buffer = vec![0; 1 << 16];
    let mut left = size;
    while left > 0 {
        let n = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let (part, _) = buffer.split_at_mut(n);
        random.fill(part);
        sink.write_all(part)?;
        left -= n as u64;
    }
    Ok(())
}

/// Writes a string as the protocol does: length, bytes, padding.
pub(crate) fn token(sink: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    sink.write_all(&(bytes.len() as u64).to_le_bytes())?;
    sink.write_all(bytes)?;
    pad(sink, bytes.len() as u64)
}

fn pad(sink: &mut dyn Write, length: u64) -> io::Result<()> {
    let zeros = [0; 8];
    let n = usize::try_from((8 - length % 8) % 8).unwrap_or(0);
    sink.write_all(zeros.get(..n).unwrap_or_default())
}
