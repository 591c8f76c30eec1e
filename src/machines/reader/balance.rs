//! Where a parenthesis is missing, guessed by the indentation.
//!
//! A reader only knows at the end of the file that something was not closed,
//! and then which parenthesis has no partner by count. People indent by what
//! they mean: an item that begins a line no further right than the list that
//! it would belong to was not meant to be in that list.

use super::{Problem, ReadError, Reader};
use crate::machines::record::Field;
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
    /// What the indentation says.
    suspect: Option<Suspect>,
    /// What the fields of machines say.
    fields: Option<Suspect>,
    /// Lists begin their items no further right than themselves here.
    flush: bool,
}

#[derive(Clone, Copy)]
struct Place {
    start: usize,
    line: usize,
    column: usize,
    /// How many items of the list were seen.
    items: usize,
    head: Head,
}

/// What a list begins with.
#[derive(Clone, Copy, PartialEq)]
enum Head {
    Machine,
    Field,
    Other,
}

impl Head {
    /// Of the list that begins here, if one does.
    fn at(text: &str, start: usize) -> Self {
        let list = text.get(start..).and_then(|list| list.strip_prefix('('));
        let list = list.unwrap_or_default();
        let end = list.find(|c: char| c.is_whitespace() || "()\"';".contains(c));
        match list.get(..end.unwrap_or_default()).unwrap_or_default() {
            "build-machine" => Self::Machine,
            // A procedure, too.
            "system" => Self::Other,
            name if Field::named(name).is_some() => Self::Field,
            _ => Self::Other,
        }
    }
}

/// A list that should have ended before an item.
struct Suspect {
    /// Where the list begins.
    open: usize,
    /// How many lists should have ended there.
    count: usize,
    /// Where the thing before the item ends.
    end: usize,
    /// Where the item begins.
    item: usize,
}

impl Watch {
    /// What should have ended before what, and what tells so.
    fn verdict(self) -> Option<(Suspect, &'static str)> {
        match (self.fields, self.suspect) {
            (Some(fields), Some(suspect)) if fields.end == suspect.end => {
                Some((suspect, "indentation"))
            }
            (Some(fields), _) => Some((fields, "fields")),
            (None, suspect) => suspect.map(|suspect| (suspect, "indentation")),
        }
    }

    /// A field inside a field, or a machine among the fields of another, was
    /// not meant to be there.
    fn look_at_field(&mut self, text: &str, start: usize) {
        let Some(machine) = self
            .open
            .iter()
            .rposition(|open| open.head == Head::Machine)
        else {
            return;
        };
        let inside = self
            .open
            .get(machine.saturating_add(1)..)
            .unwrap_or_default();
        let count = match Head::at(text, start) {
            Head::Field if inside.iter().any(|open| open.head == Head::Field) => inside.len(),
            Head::Machine if inside.is_empty() => 1,
            _ => return,
        };
        if self.fields.is_none()
            && let Some(open) = self.open.last()
        {
            self.fields = Some(Suspect {
                open: open.start,
                count,
                end: self.end,
                item: start,
            });
        }
    }

    /// An item that begins a line no further right than lists around it.
    fn look_at_column(&mut self, text: &str, start: usize) {
        if self.suspect.is_some() || !is_first_on_its_line(text, start) {
            return;
        }
        let item = self.cursor.place(text, start);
        let flush = |open: &Place| open.items < 2 && open.column == item.column;
        self.flush |= self.open.last().is_some_and(flush);
        // Where lists are written so, only what stands further left tells.
        let least = item.column.saturating_add(usize::from(self.flush));
        let count = self
            .open
            .iter()
            .rev()
            .take_while(|open| open.line < item.line && open.column >= least)
            .count();
        if let Some(open) = self.open.last()
            && count > 0
        {
            self.suspect = Some(Suspect {
                open: open.start,
                count,
                end: self.end,
                item: start,
            });
        }
    }
}

impl Reader<'_> {
    pub(super) fn watch_open(&mut self, start: usize) {
        let (text, end) = (self.text, self.at);
        if let Some(watch) = &mut self.watch {
            let head = Head::at(text, start);
            let place = watch.cursor.place(text, start);
            watch.open.push(Place { head, ..place });
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
        if let Some(watch) = &mut self.watch {
            watch.look_at_field(text, start);
            watch.look_at_column(text, start);
            if let Some(open) = watch.open.last_mut() {
                open.items = open.items.saturating_add(1);
            }
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
        let mut again = Reader::new(self.text, self.file, self.nesting).passing();
        again.own = self.own;
        again.base = self.base;
        again.at = form;
        again.watch = Some(Watch::default());
        // It fails again; what it has seen counts.
        drop(again.read_form());
        let Some((suspect, by)) = again.watch.and_then(Watch::verdict) else {
            error.help = Some("the file ends before it is closed".into());
            return error;
        };
        let what = match suspect.count {
            1 => "a `)` is".to_owned(),
            count => format!("{count} `)` are"),
        };
        let line = self.line(suspect.end.saturating_sub(1));
        let place = if self.line(suspect.item) == line {
            let mut cursor = Cursor::default();
            let column = cursor.place(self.text, suspect.item).column;
            format!("before column {column} of line {line}")
        } else {
            format!("at the end of line {line}")
        };
        error.help = Some(format!("by the {by}, {what} missing {place}"));
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
        let mut again = Reader::new(self.text, self.file, self.nesting).passing();
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
                    "the form of line {} ends here already, but line {} is indented as if it \
                     belonged to it; so the `)` in line {} closes nothing",
                    self.line(begin),
                    self.line(start),
                    self.line(error.span.start as usize)
                ));
                let closing = self.text.get(end..).and_then(|rest| rest.chars().next());
                if let Some(c @ (')' | ']')) = closing {
                    error.problem = Problem::TooMany(c);
                    error.span.start = super::offset(end);
                    error.span.end = super::offset(end.saturating_add(1));
                }
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
            items: 0,
            head: Head::Other,
        }
    }
}

fn is_first_on_its_line(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let before = before.trim_end_matches([' ', '\t', '\r', '\u{c}']);
    before.is_empty() || before.ends_with('\n')
}
