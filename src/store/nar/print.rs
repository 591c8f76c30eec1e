//! The printed form of archives.

use std::io::{self, Read, Write};

use super::field::{self, tokens};
use super::{BUFFER, Visitor};

// What stands in every archive, whole runs of tokens at a time: the parser
// compares and the printer copies them in one piece.
pub(super) const MAGIC: [u8; 56] = tokens(&[b"nix-archive-1", b"(", b"type"]);
pub(super) const REGULAR: [u8; 16] = tokens(&[b"regular"]);
pub(super) const SYMLINK: [u8; 16] = tokens(&[b"symlink"]);
pub(super) const DIRECTORY: [u8; 24] = tokens(&[b"directory"]);
pub(super) const CONTENTS: [u8; 16] = tokens(&[b"contents"]);
pub(super) const EXECUTABLE: [u8; 32] = tokens(&[b"executable", b""]);
pub(super) const TARGET: [u8; 16] = tokens(&[b"target"]);
pub(super) const ENTRY: [u8; 16] = tokens(&[b"entry"]);
pub(super) const NAME: [u8; 32] = tokens(&[b"(", b"name"]);
pub(super) const NODE: [u8; 48] = tokens(&[b"node", b"(", b"type"]);
pub(super) const CLOSE: [u8; 16] = tokens(&[b")"]);

/// Rather write out than read into less space than this.
const WORTH_READING: usize = 4096;

/// The beginning of the archive of a single regular file; its contents and
/// [`single_file_end`] follow.
///
/// The names in `.links` are hashes of such archives.
pub fn single_file_begin(executable: bool, size: u64) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    put_regular(&mut out, executable, size);
    out
}

/// The end of the archive of a single regular file of `size` bytes.
pub fn single_file_end(size: u64) -> Vec<u8> {
    let mut out = vec![0; field::padding(size)];
    out.extend_from_slice(&CLOSE);
    out
}

/// The archive of a single regular file that is in memory.
pub fn single_file(executable: bool, contents: &[u8]) -> Vec<u8> {
    let size = contents.len() as u64;
    let mut out = single_file_begin(executable, size);
    out.extend_from_slice(contents);
    out.extend_from_slice(&single_file_end(size));
    out
}

fn put_regular(out: &mut Vec<u8>, executable: bool, size: u64) {
    out.extend_from_slice(&REGULAR);
    if executable {
        out.extend_from_slice(&EXECUTABLE);
    }
    out.extend_from_slice(&CONTENTS);
    field::put_u64(out, size);
}

/// Prints the events of one archive.
///
/// Whoever tells the events answers for their order: one node at the root,
/// entries ascending. Writes to `sink` in pieces of up to [`BUFFER`] bytes;
/// contents are read straight into the buffer they are written from.
#[derive(Debug)]
pub struct Printer<W: Write> {
    sink: W,
    /// Never shrinks while it waits, so that it is cleared once only.
    buffer: Box<[u8]>,
    filled: usize,
    /// Tokens on their way into the buffer.
    scratch: Vec<u8>,
    depth: usize,
    written: u64,
}

impl<W: Write> Printer<W> {
    /// Begins an archive.
    pub fn new(sink: W) -> Self {
        Self {
            sink,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            filled: 0,
            scratch: Vec::new(),
            depth: 0,
            written: 0,
        }
    }

    /// Writes the rest; gives the sink back and the archive's size.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        self.write_out()?;
        Ok((self.sink, self.written))
    }

    fn begin(&mut self, name: &[u8]) {
        if self.depth == 0 {
            self.scratch.extend_from_slice(&MAGIC);
        } else {
            self.scratch.extend_from_slice(&ENTRY);
            self.scratch.extend_from_slice(&NAME);
            field::put_string(&mut self.scratch, name);
            self.scratch.extend_from_slice(&NODE);
        }
    }

    fn end(&mut self) {
        self.scratch.extend_from_slice(&CLOSE);
        if self.depth > 0 {
            self.scratch.extend_from_slice(&CLOSE);
        }
    }

    /// Moves the tokens into the buffer.
    fn commit(&mut self) -> io::Result<()> {
        if self.scratch.len() > self.buffer.len().saturating_sub(self.filled) {
            self.write_out()?;
        }
        let end = self.filled.saturating_add(self.scratch.len());
        if let Some(space) = self.buffer.get_mut(self.filled..end) {
            space.copy_from_slice(&self.scratch);
            self.filled = end;
        } else {
            self.written = self.written.saturating_add(self.scratch.len() as u64);
            self.sink.write_all(&self.scratch)?;
        }
        self.scratch.clear();
        Ok(())
    }

    fn write_out(&mut self) -> io::Result<()> {
        let ready = self.buffer.get(..self.filled).unwrap_or_default();
        self.sink.write_all(ready)?;
        self.written = self.written.saturating_add(self.filled as u64);
        self.filled = 0;
        Ok(())
    }

    fn copy(&mut self, size: u64, contents: &mut dyn Read) -> io::Result<()> {
        let mut left = size;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX);
            let space = self.buffer.len().saturating_sub(self.filled);
            if space < wanted.min(WORTH_READING) {
                self.write_out()?;
            }
            let space = self.buffer.get_mut(self.filled..).unwrap_or_default();
            let length = space.len().min(wanted);
            let got = match contents.read(space.get_mut(..length).unwrap_or_default()) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(got) => got.min(length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.filled = self.filled.saturating_add(got);
            left = left.saturating_sub(got as u64);
        }
        Ok(())
    }
}

impl<W: Write> Visitor for Printer<W> {
    type Error = io::Error;

    fn directory(&mut self, name: &[u8]) -> io::Result<()> {
        self.begin(name);
        self.scratch.extend_from_slice(&DIRECTORY);
        self.depth = self.depth.saturating_add(1);
        self.commit()
    }

    fn leave_directory(&mut self) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        self.end();
        self.commit()
    }

    fn regular(
        &mut self,
        name: &[u8],
        executable: bool,
        size: u64,
        contents: &mut dyn Read,
    ) -> io::Result<()> {
        self.begin(name);
        put_regular(&mut self.scratch, executable, size);
        self.commit()?;
        self.copy(size, contents)?;
        self.scratch.resize(field::padding(size), 0);
        self.end();
        self.commit()
    }

    fn symlink(&mut self, name: &[u8], target: &[u8]) -> io::Result<()> {
        self.begin(name);
        self.scratch.extend_from_slice(&SYMLINK);
        self.scratch.extend_from_slice(&TARGET);
        field::put_string(&mut self.scratch, target);
        self.end();
        self.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::digest::{hex, sha256};

    #[test]
    fn a_single_file_is_as_the_daemon_has_it() {
        // `guix hash -r -f hex` of the file.
        let nar = single_file(false, b"hello world\n");
        assert_eq!(nar.len(), 128);
        assert_eq!(
            hex(&sha256(&nar)),
            "34ca3ac63094d1d5751f741101692a78f95eedf10744b088129fc324dfd0f603"
        );
    }

    #[test]
    fn the_printer_agrees_with_the_pieces() {
        for (executable, size) in [(true, 0), (false, 1), (true, 8), (false, 200_000)] {
            let contents = vec![7u8; size];
            let mut printer = Printer::new(Vec::new());
            printer
                .regular(b"", executable, size as u64, &mut contents.as_slice())
                .unwrap();
            let (nar, written) = printer.finish().unwrap();
            assert_eq!(nar, single_file(executable, &contents));
            assert_eq!(written, nar.len() as u64);
        }
    }

    #[test]
    fn contents_that_end_early_are_an_error() {
        let mut printer = Printer::new(Vec::new());
        let error = printer.regular(b"", false, 9, &mut b"12345678".as_slice());
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn tokens_longer_than_the_buffer_pass() {
        let target = vec![b'x'; BUFFER];
        let mut printer = Printer::new(Vec::new());
        printer.symlink(b"", &target).unwrap();
        let (nar, written) = printer.finish().unwrap();
        assert_eq!(nar.len(), 56 + 16 + 16 + 8 + BUFFER + 16);
        assert_eq!(written, nar.len() as u64);
    }
}
