//! The text of a file and the places in it.

mod encoding;

use std::cell::Cell;
use std::sync::Arc;

use super::record::{Location, Position};

pub use encoding::{BadEncoding, decode};

/// A stretch of one of the files that belong to an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Span {
    /// Which file, an index into [`Sources`].
    pub file: u16,
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// Tells whether another stretch lies within this one.
    pub fn holds(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// The files that belong to an evaluation.
#[derive(Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Takes a file in; `None` when there are too many, or it is too long for
    /// a span.
    pub fn add(&mut self, name: &str, text: &str) -> Option<u16> {
        let index = u16::try_from(self.files.len()).ok()?;
        u32::try_from(text.len()).ok()?;
        self.files.push(Source::new(name, text));
        Some(index)
    }

    /// The name of a file; `None` for one that is not here.
    pub fn name(&self, file: u16) -> Option<&str> {
        self.files
            .get(usize::from(file))
            .map(|source| &*source.name)
    }

    /// Notes where a file was loaded or included.
    pub fn set_origin(&mut self, file: u16, origin: Span) {
        if let Some(source) = self.files.get_mut(usize::from(file)) {
            source.origin = Some(origin);
        }
    }

    /// Where a file was loaded or included, if it was.
    pub fn origin(&self, file: u16) -> Option<Span> {
        self.files.get(usize::from(file))?.origin
    }

    /// How many times a file of this name is here.
    pub fn count(&self, name: &str) -> usize {
        let same = self.files.iter().filter(|source| *source.name == *name);
        same.count()
    }

    /// The text of a file; `None` for one that is not here.
    pub fn text(&self, file: u16) -> Option<&str> {
        self.files
            .get(usize::from(file))
            .map(|source| &*source.text)
    }

    /// Where a span begins; `None` for a file that is not here.
    pub fn location(&self, span: Span) -> Option<Location> {
        let source = self.files.get(usize::from(span.file))?;
        let (line, column) = source.position(span.start as usize);
        Some(Location {
            file: Arc::clone(&source.name),
            line,
            column,
        })
    }

    /// Where a span ends; `None` for a file that is not here.
    pub fn end(&self, span: Span) -> Option<Position> {
        let source = self.files.get(usize::from(span.file))?;
        // The next question is about what begins inside this span or behind.
        let before = source.last.get();
        let (line, column) = source.position(span.end as usize);
        source.last.set(before);
        Some(Position { line, column })
    }
}

/// One file.
struct Source {
    name: Arc<str>,
    text: String,
    origin: Option<Span>,
    /// Where the last question was answered. Questions come mostly in the
    /// order of the text, and a file may be one line of megabytes.
    last: Cell<Cursor>,
}

#[derive(Clone, Copy)]
struct Cursor {
    offset: usize,
    line: u32,
    column: u32,
}

const START: Cursor = Cursor {
    offset: 0,
    line: 1,
    column: 0,
};

impl Source {
    fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.into(),
            text: text.to_owned(),
            origin: None,
            last: Cell::new(START),
        }
    }

    /// Line from 1 and column from 0 of a byte, as Guile's ports count them:
    /// characters, a tab to the next multiple of 8 (libguile/ports.c,
    /// update_port_position; measured with Guix 1.5.0).
    fn position(&self, offset: usize) -> (u32, u32) {
        let mut at = self.last.get();
        if at.offset > offset {
            at = START;
        }
        let rest = self.text.get(at.offset..).unwrap_or_default();
        for c in rest.chars() {
            if at.offset >= offset {
                break;
            }
            match c {
                '\n' => {
                    at.line = at.line.saturating_add(1);
                    at.column = 0;
                }
                '\r' => at.column = 0,
                '\t' => at.column = (at.column / 8).saturating_add(1).saturating_mul(8),
                '\u{8}' => at.column = at.column.saturating_sub(1),
                '\u{7}' => {}
                // A byte order mark is no character of the file.
                '\u{feff}' if at.offset == 0 => {}
                _ => at.column = at.column.saturating_add(1),
            }
            at.offset = at.offset.saturating_add(c.len_utf8());
        }
        self.last.set(at);
        (at.line, at.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(text: &str, needle: &str) -> (u32, u32) {
        let source = Source::new("f", text);
        source.position(text.find(needle).unwrap())
    }

    #[test]
    fn columns_count_characters_and_tabs_jump() {
        assert_eq!(position("\t(b", "("), (1, 8));
        assert_eq!(position("  \t (b", "("), (1, 9));
        assert_eq!(position("é→🦀(b", "("), (1, 3));
        assert_eq!(position("a\n\n  (b", "("), (3, 2));
        assert_eq!(position("\u{feff}(b", "("), (1, 0));
        assert_eq!(position("a\r\n (b", "("), (2, 1));
    }

    #[test]
    fn questions_may_go_back() {
        let source = Source::new("f", "ab\ncd");
        assert_eq!(source.position(4), (2, 1));
        assert_eq!(source.position(1), (1, 1));
        assert_eq!(source.position(99), (2, 2));
    }
}
