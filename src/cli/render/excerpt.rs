//! A line of a file with a marker under an expression.

use std::collections::BTreeMap;
use std::path::Path;

use unicode_width::UnicodeWidthChar;

use super::Style;
use crate::machines::record::{Location, Position};
use crate::machines::{is_steering, read_file};

/// What stands before the line and the marker.
const INDENT: &str = "  ";

/// Columns that stay visible before a marker where the line is too long.
const CONTEXT: usize = 16;

/// The texts of the files that diagnostics are about, by name.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    files: BTreeMap<String, Option<Lines>>,
}

/// A text that knows where its lines begin: there may be thousands of them,
/// and something wrong with each.
#[derive(Debug)]
struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let ends = text.match_indices('\n');
        let starts = std::iter::once(0).chain(ends.map(|(end, _)| end.saturating_add(1)));
        Self {
            starts: starts.collect(),
            text,
        }
    }

    fn get(&self, index: usize) -> Option<&str> {
        let rest = self.text.get(*self.starts.get(index)?..)?;
        let line = rest.split('\n').next()?;
        Some(
            line.strip_prefix('\u{feff}')
                .filter(|_| index == 0)
                .unwrap_or(line),
        )
    }
}

impl Texts {
    /// Takes a text in that has been read already.
    pub(crate) fn add(&mut self, name: &str, text: &[u8]) {
        self.files.insert(name.to_owned(), Some(Lines::new(text)));
    }

    /// The line that a place is in, without its end; other files than those
    /// that were added are read for it.
    pub(super) fn line(&mut self, location: &Location) -> Option<String> {
        let file = &*location.file;
        if !self.files.contains_key(file) {
            let bytes = read_file(Path::new(file));
            // It is shown where it can be.
            let lines = bytes.ok().map(|bytes| Lines::new(&bytes));
            self.files.insert(file.to_owned(), lines);
        }
        let lines = self.files.get(file)?.as_ref()?;
        let index = usize::try_from(location.line).ok()?.checked_sub(1)?;
        let line = lines.get(index)?.trim_end_matches('\r');
        // Nothing to point at.
        (!line.trim().is_empty()).then(|| line.to_owned())
    }
}

/// A line as it is shown, and the marker below it.
///
/// `end` is where the expression ends; one of several lines is marked to the
/// end of its first.
pub(super) fn excerpt(
    line: &str,
    start: Position,
    end: Option<Position>,
    style: Style,
) -> (String, String) {
    let room = style.width.saturating_sub(INDENT.len()).max(20);
    let last = match end {
        Some(end) if end.line == start.line => end.column,
        Some(end) if end.line > start.line => u32::MAX,
        _ => start.column.saturating_add(1),
    };
    let cells = cells(line.trim_end());
    let width = cells.last().map_or(0, Cell::end);
    let begin_of = |column: u32| {
        let behind = cells.iter().find(|cell| cell.column >= column);
        behind.map_or(width, |cell| cell.at)
    };
    let from = begin_of(start.column);
    let to = begin_of(last).max(from.saturating_add(1));
    let window = Window::around(from, to, width, room);
    let mut shown = String::from(INDENT);
    if window.from > 0 {
        shown.push('…');
    }
    for cell in cells.iter().filter(|cell| window.holds(cell)) {
        shown.push_str(&cell.shown);
    }
    if window.to < width {
        shown.push('…');
    }
    // The place of the ellipsis.
    let shift = usize::from(window.from > 0);
    let blank = from.saturating_sub(window.from).saturating_add(shift);
    let length = to.min(window.to.max(from.saturating_add(1)));
    let marker = format!(
        "{INDENT}{}{}",
        " ".repeat(blank),
        "^".repeat(length.saturating_sub(from))
    );
    (shown, marker)
}

/// A character as it is shown.
struct Cell {
    /// The column where it begins, as Guix counts.
    column: u32,
    /// The column where it begins on the screen.
    at: usize,
    width: usize,
    shown: String,
}

impl Cell {
    fn end(&self) -> usize {
        self.at.saturating_add(self.width)
    }
}

fn cells(line: &str) -> Vec<Cell> {
    let mut column = 0u32;
    let mut at = 0usize;
    line.chars()
        .map(|c| {
            let begin = (column, at);
            let (width, shown) = match c {
                '\t' => {
                    let width = 8usize.saturating_sub(at % 8);
                    (width, " ".repeat(width))
                }
                c if is_steering(c) => (1, '\u{fffd}'.to_string()),
                c => (c.width().unwrap_or(0), c.to_string()),
            };
            // As `machines::source` counts.
            column = match c {
                '\t' => (column / 8).saturating_add(1).saturating_mul(8),
                '\r' => 0,
                '\u{8}' => column.saturating_sub(1),
                '\u{7}' => column,
                _ => column.saturating_add(1),
            };
            at = at.saturating_add(width);
            Cell {
                column: begin.0,
                at: begin.1,
                width,
                shown,
            }
        })
        .collect()
}

/// The part of a line that is shown.
struct Window {
    from: usize,
    to: usize,
}

impl Window {
    fn around(from: usize, to: usize, width: usize, room: usize) -> Self {
        if width <= room {
            return Self { from: 0, to: width };
        }
        // Places of the two ellipses.
        let room = room.saturating_sub(2);
        let begin = if to <= room {
            0
        } else {
            from.saturating_sub(CONTEXT).min(width.saturating_sub(room))
        };
        Self {
            from: begin,
            to: begin.saturating_add(room).min(width),
        }
    }

    fn holds(&self, cell: &Cell) -> bool {
        cell.at >= self.from && cell.end() <= self.to
    }
}
