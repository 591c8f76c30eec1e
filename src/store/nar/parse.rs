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
        let space = buffer.get_mut(..wanted).unwrap_or_default();
        loop {
            match self.reader.read(space) {
                Ok(0) => return Err(self.fail(io::ErrorKind::UnexpectedEof.into())),
                Ok(got) => {
                    self.left = self.left.saturating_sub(got as u64);
                    return Ok(got);
                }
                // Spares each visitor the same loop.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fail(error)),
            }
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

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use proptest::prelude::*;

    use super::super::print::{self, Printer};
    use super::*;

    /// Writes down what it is told.
    #[derive(Default)]
    struct Log(Vec<String>);

    impl Visitor for Log {
        type Error = &'static str;

        fn directory(&mut self, name: &[u8]) -> Result<(), Self::Error> {
            self.0.push(format!("dir {}", printable(name)));
            Ok(())
        }

        fn leave_directory(&mut self) -> Result<(), Self::Error> {
            self.0.push("up".to_owned());
            Ok(())
        }

        fn regular(
            &mut self,
            name: &[u8],
            executable: bool,
            size: u64,
            contents: &mut dyn Read,
        ) -> Result<(), Self::Error> {
            match name {
                b"ignored" => {}
                b"refused" => return Err("refused"),
                _ => {
                    let mut all = Vec::new();
                    // A failing source is the parser's to report.
                    if contents.read_to_end(&mut all).is_ok() {
                        assert_eq!(all.len() as u64, size);
                        let bit = if executable { 'x' } else { '-' };
                        let (name, all) = (printable(name), printable(&all));
                        self.0.push(format!("file {name} {bit} {all}"));
                    }
                }
            }
            Ok(())
        }

        fn symlink(&mut self, name: &[u8], target: &[u8]) -> Result<(), Self::Error> {
            let (name, target) = (printable(name), printable(target));
            self.0.push(format!("link {name} {target}"));
            Ok(())
        }
    }

    /// An archive from words; `#8` stands for an integer, `=text` for raw
    /// bytes.
    fn archive(words: &str) -> Vec<u8> {
        let mut out = Vec::new();
        field::put_string(&mut out, b"nix-archive-1");
        for word in words.split(' ') {
            if let Some(number) = word.strip_prefix('#') {
                field::put_u64(&mut out, number.parse().unwrap());
            } else if let Some(raw) = word.strip_prefix('=') {
                out.extend_from_slice(raw.replace('0', "\0").as_bytes());
            } else {
                field::put_string(&mut out, word.replace('0', "\0").as_bytes());
            }
        }
        out
    }

    fn events(nar: &[u8]) -> Result<Vec<String>, ParseError<&'static str>> {
        let mut log = Log::default();
        let mut rest = nar;
        parse(&mut rest, &mut log)?;
        assert!(rest.is_empty());
        Ok(log.0)
    }

    fn in_directory(entries: &str) -> Vec<u8> {
        archive(&format!("( type directory {entries} )"))
    }

    fn refusal(nar: &[u8]) -> ParseError<&'static str> {
        events(nar).unwrap_err()
    }

    #[test]
    fn tells_everything_in_order() {
        let nar = in_directory(
            "entry ( name a node ( type directory ) ) \
             entry ( name b node ( type regular executable  contents #3 =abc00000 ) ) \
             entry ( name c node ( type symlink target /x/y ) ) \
             entry ( name d node ( type directory entry ( name a node ( type regular contents  ) ) ) )",
        );
        assert_eq!(
            events(&nar).unwrap(),
            [
                "dir ",
                "dir a",
                "up",
                "file b x abc",
                "link c /x/y",
                "dir d",
                "file a - ",
                "up",
                "up"
            ]
        );
        assert_eq!(
            events(&print::single_file(false, b"8 bytes.")).unwrap(),
            ["file  - 8 bytes."]
        );
    }

    #[test]
    fn a_file_without_contents_is_empty_but_not_canonical() {
        let sparse = archive("( type regular )");
        assert_eq!(events(&sparse).unwrap(), ["file  - "]);
        let form = parse_noting(&mut sparse.as_slice(), &mut Log::default()).unwrap();
        assert_eq!(form, Form::Sparse);
        let whole = archive("( type regular contents  )");
        let form = parse_noting(&mut whole.as_slice(), &mut Log::default()).unwrap();
        assert_eq!(form, Form::Canonical);
    }

    #[test]
    fn leaves_the_stream_behind_the_archive() {
        let mut stream = print::single_file(true, b"one");
        let two = print::single_file(false, b"two");
        stream.extend_from_slice(&two);
        let mut rest = stream.as_slice();
        parse(&mut rest, &mut Log::default()).unwrap();
        assert_eq!(rest, two);
    }

    #[test]
    fn unread_contents_are_skipped() {
        let nar = in_directory(
            "entry ( name ignored node ( type regular contents #9 =123456789 =0000000 ) ) \
             entry ( name x node ( type symlink target y ) )",
        );
        assert_eq!(events(&nar).unwrap(), ["dir ", "link x y", "up"]);
    }

    #[test]
    fn refuses_names() {
        for name in ["", ".", "..", "a/b", "/", "a0", "0"] {
            let nar = in_directory(&format!("entry ( name {name} node ( type directory ) )"));
            assert!(matches!(refusal(&nar), ParseError::Name(_)), "{name}");
        }
        let long = "n".repeat(256);
        let nar = in_directory(&format!("entry ( name {long} node ( type directory ) )"));
        assert!(matches!(
            refusal(&nar),
            ParseError::Field(FieldError::TooLong { length: 256, .. })
        ));
    }

    #[test]
    fn refuses_double_and_unsorted_entries() {
        for (first, second) in [("a", "a"), ("b", "a"), ("ab", "a"), ("a", "Z")] {
            let nar = in_directory(&format!(
                "entry ( name {first} node ( type symlink target t ) ) \
                 entry ( name {second} node ( type symlink target t ) )"
            ));
            assert!(
                matches!(refusal(&nar), ParseError::Order(_)),
                "{first} {second}"
            );
        }
    }

    #[test]
    fn refuses_other_tokens() {
        for words in [
            "[ type regular )",
            "( kind regular )",
            "( type fifo )",
            "( type symlink )",
            "( type regular executable yes contents  )",
            "( type regular contents  extra )",
            "( type regular size  )",
            "( type directory file )",
            "( type directory entry ( node ( type directory ) ) )",
            "( type directory entry ( name a node ( type directory ) name )",
        ] {
            // Enough behind it to be read as anything.
            let mut nar = archive(words);
            nar.extend_from_slice(&[0; 64]);
            let error = parse(&mut nar.as_slice(), &mut Log::default()).unwrap_err();
            assert!(
                matches!(error, ParseError::Unexpected { .. }),
                "{words}: {error}"
            );
        }
        let error = parse(&mut [0u8; 80].as_slice(), &mut Log::default()).unwrap_err();
        assert!(matches!(error, ParseError::Unexpected { .. }));
    }

    #[test]
    fn refuses_targets() {
        for target in ["", "a0b"] {
            let nar = archive(&format!("( type symlink target {target} )"));
            assert!(matches!(refusal(&nar), ParseError::Target(_)), "{target}");
        }
        let nar = archive(&format!("( type symlink target {} )", "t".repeat(4096)));
        assert!(matches!(
            refusal(&nar),
            ParseError::Field(FieldError::TooLong { .. })
        ));
    }

    #[test]
    fn refuses_padding_that_is_not_zero() {
        let nar = archive("( type regular contents #3 =abc00001 )");
        assert!(matches!(
            refusal(&nar),
            ParseError::Field(FieldError::Padding)
        ));
    }

    #[test]
    fn refuses_depth() {
        let levels = |count: usize| {
            let mut out = MAGIC.to_vec();
            out.extend_from_slice(&DIRECTORY);
            for _ in 1..count {
                out.extend_from_slice(&ENTRY);
                out.extend_from_slice(&NAME);
                field::put_string(&mut out, b"d");
                out.extend_from_slice(&NODE);
                out.extend_from_slice(&DIRECTORY);
            }
            for _ in 1..count {
                out.extend_from_slice(&CLOSE);
                out.extend_from_slice(&CLOSE);
            }
            out.extend_from_slice(&CLOSE);
            out
        };
        assert_eq!(events(&levels(MAX_DEPTH)).unwrap().len(), 2 * MAX_DEPTH);
        assert!(matches!(refusal(&levels(MAX_DEPTH + 1)), ParseError::Depth));
    }

    #[test]
    fn a_huge_size_is_only_a_stream_that_ends_early() {
        let mut nar = archive("( type regular contents");
        field::put_u64(&mut nar, u64::MAX);
        nar.extend_from_slice(b"short");
        assert!(matches!(
            refusal(&nar),
            ParseError::Field(FieldError::Truncated)
        ));
    }

    /// A connection that is lost.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }

    #[test]
    fn the_visitors_error_is_told_from_the_sources() {
        let nar = in_directory("entry ( name refused node ( type regular contents  ) )");
        assert!(matches!(refusal(&nar), ParseError::Visitor("refused")));

        let mut head = archive("( type regular contents");
        field::put_u64(&mut head, 9);
        // The visitor swallows the error that it sees.
        let error = parse(&mut head.as_slice().chain(Broken), &mut Log::default()).unwrap_err();
        assert_eq!(
            error.source_error().map(io::Error::kind),
            Some(io::ErrorKind::ConnectionReset)
        );
    }

    #[test]
    fn every_shortened_archive_is_truncated() {
        let nar = in_directory(
            "entry ( name a node ( type regular executable  contents #3 =abc00000 ) ) \
             entry ( name c node ( type symlink target /x/y ) )",
        );
        for length in 0..nar.len() {
            assert!(matches!(
                events(&nar[..length]),
                Err(ParseError::Field(FieldError::Truncated))
            ));
        }
    }

    #[derive(Clone, Debug)]
    enum Tree {
        File(bool, Vec<u8>),
        Link(Vec<u8>),
        Directory(std::collections::BTreeMap<Vec<u8>, Tree>),
    }

    fn tree() -> impl Strategy<Value = Tree> {
        let name = prop::collection::vec(any::<u8>(), 1..12)
            .prop_filter("a name", |name| check_name::<()>(name).is_ok());
        let leaf = prop_oneof![
            (any::<bool>(), prop::collection::vec(any::<u8>(), 0..40))
                .prop_map(|(executable, contents)| Tree::File(executable, contents)),
            prop::collection::vec(1u8.., 1..20).prop_map(Tree::Link),
        ];
        leaf.prop_recursive(5, 60, 8, move |inner| {
            prop::collection::btree_map(name.clone(), inner, 0..8).prop_map(Tree::Directory)
        })
    }

    fn tell(tree: &Tree, name: &[u8], printer: &mut Printer<Vec<u8>>) {
        match tree {
            Tree::File(executable, contents) => printer.regular(
                name,
                *executable,
                contents.len() as u64,
                &mut contents.as_slice(),
            ),
            Tree::Link(target) => printer.symlink(name, target),
            Tree::Directory(entries) => {
                printer.directory(name).unwrap();
                for (name, tree) in entries {
                    tell(tree, name, printer);
                }
                printer.leave_directory()
            }
        }
        .unwrap();
    }

    proptest! {
        #[test]
        fn round_trip(tree in tree()) {
            let mut printer = Printer::new(Vec::new());
            tell(&tree, b"", &mut printer);
            let (nar, _) = printer.finish().unwrap();
            let mut again = Printer::new(Vec::new());
            let mut rest = nar.as_slice();
            parse(&mut rest, &mut again).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(again.finish().unwrap().0, nar);
        }

        #[test]
        fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(events(&bytes).is_err());
        }
    }
}
