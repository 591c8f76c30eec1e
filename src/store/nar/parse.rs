//! Archives taken apart as they come.
//!
//! Reads exactly the archive's bytes and not one more, so what follows it in
//! the stream is left to the next reader. Many small reads are made: give it
//! a buffered reader, and keep that for the whole stream.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::io::{self, Read};
use std::mem;

use thiserror::Error;

use super::field::{self, FieldError};
use super::print::{
    CLOSE, CONTENTS, DIRECTORY, ENTRY, EXECUTABLE, MAGIC, NAME, NODE, REGULAR, SYMLINK, TARGET,
};
use super::{MAX_DEPTH, MAX_NAME, MAX_TARGET, Visitor};

/// Why an archive was not taken; `E` is the visitor's error.
#[derive(Debug, Error)]
pub enum ParseError<E> {
    /// A field is broken, or the source is.
    #[error("a broken archive")]
    Field(#[from] FieldError),
    /// Something else stands where the grammar wants a token.
    #[error("a broken archive: '{found}' instead of {expected}")]
    Unexpected {
        /// What would have been right.
        expected: &'static str,
        /// What was there, made printable.
        found: String,
    },
    /// A name that no entry of a directory can have.
    #[error("a broken archive: an entry is called '{0}'")]
    Name(String),
    /// A name is not behind the one before it.
    #[error("a broken archive: entry '{0}' is double or not in order")]
    Order(String),
    /// A link without a target, or with a NUL in it.
    #[error("a broken archive: the symbolic link '{0}' has an impossible target")]
    Target(String),
    /// More levels of directories than [`MAX_DEPTH`].
    #[error("an archive of more than {MAX_DEPTH} levels of directories")]
    Depth,
    /// The visitor failed: our own side, not the archive's.
    #[error("cannot take an entry of the archive")]
    Visitor(#[source] E),
}

impl<E> ParseError<E> {
    /// The error of the source itself, if that is what ended the archive.
    pub fn source_error(&self) -> Option<&io::Error> {
        match self {
            Self::Field(FieldError::Io(error)) => Some(error),
            _ => None,
        }
    }
}

/// Tells the visitor what the archive holds.
///
/// Takes an archive only as a whole: after an error the stream is at no
/// meaningful place, and what the visitor was told must be thrown away.
pub fn parse<R: Read, V: Visitor>(
    reader: &mut R,
    visitor: &mut V,
) -> Result<(), ParseError<V::Error>> {
    parse_noting(reader, visitor).map(|_form| ())
}

/// Whether printing the events again gives the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Canonical,
    /// A regular file without `contents`, which is legal.
    Sparse,
}

/// Parses, and says whether the archive is as a daemon would print it.
pub(crate) fn parse_noting<R: Read, V: Visitor>(
    reader: &mut R,
    visitor: &mut V,
) -> Result<Form, ParseError<V::Error>> {
    let mut form = Form::Canonical;
    expect(reader, &MAGIC, "the beginning of an archive")?;
    let mut name = Vec::new();
    // The last name of each open directory; empty before its first entry.
    let mut levels: Vec<Vec<u8>> = Vec::new();
    if node(reader, visitor, b"", &mut form)? == Node::Directory {
        levels.push(Vec::new());
    }
    while let Some(last) = levels.last_mut() {
        let token: [u8; 16] = field::read_block(reader)?;
        if token == CLOSE {
            visitor.leave_directory().map_err(ParseError::Visitor)?;
            levels.pop();
            if !levels.is_empty() {
                expect(reader, &CLOSE, "the end of an entry")?;
            }
            continue;
        }
        if token != ENTRY {
            return Err(unexpected("an entry or the end of a directory", &token));
        }
        expect(reader, &NAME, "an entry's name")?;
        field::read_string(reader, MAX_NAME, &mut name)?;
        check_name(&name)?;
        if *last >= name {
            return Err(ParseError::Order(printable(&name)));
        }
        mem::swap(last, &mut name);
        expect(reader, &NODE, "an entry's node")?;
        if node(reader, visitor, last, &mut form)? == Node::Directory {
            if levels.len() >= MAX_DEPTH {
                return Err(ParseError::Depth);
            }
            levels.push(Vec::new());
        } else {
            expect(reader, &CLOSE, "the end of an entry")?;
        }
    }
    Ok(form)
}

#[derive(PartialEq, Eq)]
enum Node {
    /// Read to its end.
    Leaf,
    /// Its entries follow.
    Directory,
}

/// Reads a node from behind its `type`.
fn node<R: Read, V: Visitor>(
    reader: &mut R,
    visitor: &mut V,
    name: &[u8],
    form: &mut Form,
) -> Result<Node, ParseError<V::Error>> {
    let kind: [u8; 16] = field::read_block(reader)?;
    if kind == REGULAR {
        regular(reader, visitor, name, form)?;
        return Ok(Node::Leaf);
    }
    if kind == SYMLINK {
        expect(reader, &TARGET, "a link's target")?;
        let mut target = Vec::new();
        field::read_string(reader, MAX_TARGET, &mut target)?;
        if target.is_empty() || target.contains(&0) {
            return Err(ParseError::Target(printable(name)));
        }
        visitor
            .symlink(name, &target)
            .map_err(ParseError::Visitor)?;
        expect(reader, &CLOSE, "the end of a node")?;
        return Ok(Node::Leaf);
    }
    if let Some((begin, rest)) = DIRECTORY.split_first_chunk()
        && kind == *begin
    {
        expect(reader, rest, "a type of node")?;
        visitor.directory(name).map_err(ParseError::Visitor)?;
        return Ok(Node::Directory);
    }
    Err(unexpected("a type of node", &kind))
}

/// Reads a regular file from behind its kind.
fn regular<R: Read, V: Visitor>(
    reader: &mut R,
    visitor: &mut V,
    name: &[u8],
    form: &mut Form,
) -> Result<(), ParseError<V::Error>> {
    let mut executable = false;
    let mut token: [u8; 16] = field::read_block(reader)?;
    if let Some((begin, rest)) = EXECUTABLE.split_first_chunk()
        && token == *begin
    {
        expect(reader, rest, "the mark of an executable file")?;
        executable = true;
        token = field::read_block(reader)?;
    }
    if token == CLOSE {
        *form = Form::Sparse;
        return visitor
            .regular(name, executable, 0, &mut io::empty())
            .map_err(ParseError::Visitor);
    }
    if token != CONTENTS {
        return Err(unexpected("a file's contents", &token));
    }
    let size = field::read_u64(reader)?;
    contents(reader, visitor, name, executable, size)?;
    let mut zeros = [0; 7];
    let zeros = zeros.get_mut(..field::padding(size)).unwrap_or_default();
    reader.read_exact(zeros).map_err(FieldError::from)?;
    if zeros.iter().any(|&byte| byte != 0) {
        return Err(FieldError::Padding.into());
    }
    expect(reader, &CLOSE, "the end of a node")
}

fn contents<R: Read, V: Visitor>(
    reader: &mut R,
    visitor: &mut V,
    name: &[u8],
    executable: bool,
    size: u64,
) -> Result<(), ParseError<V::Error>> {
    let mut contents = Contents {
        reader,
        left: size,
        failure: None,
    };
    let outcome = visitor.regular(name, executable, size, &mut contents);
    // Whatever the visitor made of it, the source's failure is the cause.
    if let Some(error) = contents.failure {
        return Err(FieldError::from(error).into());
    }
    outcome.map_err(ParseError::Visitor)?;
    match io::copy(&mut contents, &mut io::sink()) {
        Ok(_skipped) => Ok(()),
        Err(error) => Err(FieldError::from(contents.failure.unwrap_or(error)).into()),
    }
}

/// The contents of one file; ends where they end.
struct Contents<'a, R> {
    reader: &'a mut R,
    left: u64,
    /// Why the source failed; the visitor gets a copy.
    failure: Option<io::Error>,
}

impl<R: Read> Read for Contents<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        if let Some(failure) = &self.failure {
            return Err(failure.kind().into());
        }
        match self
            .reader
            .read(buffer.get_mut(..wanted).unwrap_or_default())
        {
            Ok(0) => Err(self.fail(io::ErrorKind::UnexpectedEof.into())),
            Ok(got) => {
                self.left = self.left.saturating_sub(got as u64);
                Ok(got)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(self.fail(error)),
        }
    }
}

impl<R> Contents<'_, R> {
    fn fail(&mut self, error: io::Error) -> io::Error {
        let copy = io::Error::new(error.kind(), error.to_string());
        self.failure = Some(error);
        copy
    }
}

fn check_name<E>(name: &[u8]) -> Result<(), ParseError<E>> {
    if matches!(name, b"" | b"." | b"..") || name.iter().any(|byte| matches!(byte, b'/' | 0)) {
        return Err(ParseError::Name(printable(name)));
    }
    Ok(())
}

/// Reads tokens that must follow here, at most 64 bytes.
fn expect<R: Read, E>(
    reader: &mut R,
    tokens: &[u8],
    expected: &'static str,
) -> Result<(), ParseError<E>> {
    let mut found = [0; 64];
    let found = found.get_mut(..tokens.len()).unwrap_or_default();
    reader.read_exact(found).map_err(FieldError::from)?;
    if found == tokens {
        return Ok(());
    }
    Err(unexpected(expected, found))
}

fn unexpected<E>(expected: &'static str, found: &[u8]) -> ParseError<E> {
    ParseError::Unexpected {
        expected,
        found: printable(found),
    }
}

fn printable(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
