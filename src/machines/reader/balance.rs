//! Where a parenthesis is missing, guessed by the indentation.
//!
//! A reader only knows at the end of the file that something was not closed,
//! and then which parenthesis has no partner by count. People indent by what
//! they mean: an item that begins a line no further right than the list that
//! it would belong to was not meant to be in that list.

use super::{Problem, ReadError, Reader};
use crate::machines::source::Span;

/// What a reader that watches the indentation has seen.
#[derive(Default)]
pub(super) struct Watch {
    /// The lists around.
    open: Vec<Place>,
    /// The end of the last thing that was read.
    end: usize,
    /// Where it is looking.
    cursor: Cursor,
    suspect: Option<Suspect>,
}

#[derive(Clone, Copy)]
struct Place {
    start: usize,
    line: usize,
    column: usize,
}

/// A list that should have ended before an item.
struct Suspect {
    /// Where the list begins.
    open: usize,
    /// How many lists should have ended there.
    count: usize,
    /// Where the thing before the item ends.
    end: usize,
}

impl Reader<'_> {
    pub(super) fn watch_open(&mut self, start: usize) {
        let (text, end) = (self.text, self.at);
        if let Some(watch) = &mut self.watch {
            let place = watch.cursor.place(text, start);
            watch.open.push(place);
            watch.end = end;
        }
    }

    pub(super) fn watch_close(&mut self) {
        let end = self.at;
        if let Some(watch) = &mut self.watch {
            watch.open.pop();
            watch.end = end;
        }
    }

    /// Looks at the place of an item that is about to be read.
    pub(super) fn watch_item(&mut self) {
        let (text, start) = (self.text, self.at);
        let Some(watch) = &mut self.watch else {
            return;
        };
        if watch.suspect.is_some() || !is_first_on_its_line(text, start) {
            return;
        }
        let item = watch.cursor.place(text, start);
        let count = watch
            .open
            .iter()
            .rev()
            .take_while(|open| open.line < item.line && item.column <= open.column)
            .count();
        if let Some(open) = watch.open.last()
            && count > 0
        {
            watch.suspect = Some(Suspect {
                open: open.start,
                count,
                end: watch.end,
            });
        }
    }

    pub(super) fn watch_end(&mut self) {
        let end = self.at;
        if let Some(watch) = &mut self.watch {
            watch.end = end;
        }
    }

    /// The error about an unclosed list with what the indentation tells.
    /// `form` is where the top-level form begins.
    pub(super) fn with_guess(&self, mut error: ReadError, form: usize) -> ReadError {
        if !matches!(error.problem, Problem::Unclosed(_)) {
            return error;
        }
        let mut again = Reader::new(self.text, self.file, self.nesting);
        again.own = self.own;
        again.base = self.base;
        again.at = form;
        again.watch = Some(Watch::default());
        // It fails again; what it has seen counts.
        drop(again.read_form());
        let Some(suspect) = again.watch.and_then(|watch| watch.suspect) else {
            error.help = Some("the file ends before it is closed".into());
            return error;
        };
        let line = self.line(suspect.end.saturating_sub(1));
        let what = match suspect.count {
            1 => "a `)` is".to_owned(),
            count => format!("{count} `)` are"),
        };
        error.help = Some(format!(
            "by the indentation, {what} missing at the end of line {line}"
        ));
        let open = self.text.get(suspect.open..).unwrap_or_default();
        // `#(` and `#vu8(` begin before their parenthesis.
        if let Some(length) = open.find(['(', '[', '{']) {
            let opener = open.get(length..).and_then(|open| open.chars().next());
            error.problem = Problem::Unclosed(opener.unwrap_or('('));
            error.span = Span {
                start: super::offset(suspect.open),
                end: super::offset(suspect.open.saturating_add(length).saturating_add(1)),
                ..error.span
            };
        }
        error
    }

    /// The error about a parenthesis too many, with the form that the
    /// indentation says was closed too early.
    pub(super) fn with_early_end(&self, mut error: ReadError) -> ReadError {
        let mut again = Reader::new(self.text, self.file, self.nesting);
        let mut cursor = Cursor::default();
        let mut last: Option<(usize, usize)> = None;
        loop {
            let start = match again.skip_space() {
                Ok(()) => again.at,
                Err(_) => return error,
            };
            if let Some((begin, end)) = last
                && is_first_on_its_line(self.text, start)
                && cursor.place(self.text, start).column > 0
            {
                error.help = Some(format!(
                    "the form of line {} ends in line {} already, but line {} is indented as if \
                     it belonged to it",
                    self.line(begin),
                    self.line(end),
                    self.line(start)
                ));
                return error;
            }
            match again.read_form() {
                Ok(Some(_)) => last = Some((start, again.at.saturating_sub(1))),
                _ => return error,
            }
        }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or(self.text);
        before.matches('\n').count().saturating_add(1)
    }
}

/// Goes through a text once and knows line and column.
#[derive(Default)]
struct Cursor {
    at: usize,
    line: usize,
    column: usize,
}

impl Cursor {
    /// Line and column of a byte that is not before the last one asked for.
    fn place(&mut self, text: &str, start: usize) -> Place {
        for c in text.get(self.at..start).unwrap_or_default().chars() {
            match c {
                '\n' => {
                    self.line = self.line.saturating_add(1);
                    self.column = 0;
                }
                '\t' => self.column = (self.column / 8).saturating_add(1).saturating_mul(8),
                _ => self.column = self.column.saturating_add(1),
            }
        }
        self.at = self.at.max(start);
        Place {
            start,
            line: self.line,
            column: self.column,
        }
    }
}

fn is_first_on_its_line(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let before = before.trim_end_matches([' ', '\t', '\r', '\u{c}']);
    before.is_empty() || before.ends_with('\n')
}
