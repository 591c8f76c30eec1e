//! Guile's lexical syntax: from text to data with places.
//!
//! What Guile 3.0.11 reads is taken from its manual ("Scheme Syntax") and was
//! measured where that says nothing. Steel's own reader differs in too many
//! points and has no lines and columns.
//!
//! Data are read one after the other, because forms are evaluated before the
//! next is read: a form may change how the next ones are read ([`options`]),
//! and its effects happen although a later one is broken. Forms that change it
//! are obeyed by the reader itself, so that it can be ahead.

mod atom;
mod balance;
mod list;
pub mod number;
pub mod options;
mod problem;
mod space;
mod text;

use std::rc::Rc;

use super::datum::{Datum, Kind};
use super::source::Span;
use balance::Watch;
use options::{Keywords, Options};

pub use problem::{Problem, ReadError};

/// How deep data may be nested; what comes after recurses along it.
pub const NESTING_MAX: u32 = 10_000;

/// Reads all data of a text.
pub fn read_all(text: &str, file: u16, nesting: u32) -> Result<Vec<Datum>, ReadError> {
    let mut reader = Reader::new(text, file, nesting);
    let mut data = Vec::new();
    while let Some(datum) = reader.read()? {
        data.push(datum);
    }
    Ok(data)
}

/// Reads one datum after the other.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    file: u16,
    depth: u32,
    nesting: u32,
    options: Options,
    base: Options,
    own: Own,
    /// Within braces: `f(x)` is one datum.
    neoteric: bool,
    watch: Option<Watch>,
    /// What was wrong so far with what can be passed over; without a list the
    /// first such thing ends the reading.
    passed: Option<Vec<ReadError>>,
    /// Where the first string begins that hardly ends where it does.
    odd_text: Option<usize>,
}

/// So many things that are wrong are enough.
const PASSED_MAX: usize = 50;

/// What this text itself has said by comments such as `#!fold-case`.
#[derive(Clone, Copy, Default)]
struct Own {
    fold_case: Option<bool>,
    r6rs: bool,
    curly_infix: bool,
    bracket_lists: bool,
}

/// What stands next in the text.
enum Item {
    Datum(Datum),
    Close(char, Span),
    Dot(Span),
    End,
}

impl<'a> Reader<'a> {
    /// A reader at the start of a text; a byte order mark is skipped.
    pub fn new(text: &'a str, file: u16, nesting: u32) -> Self {
        let at = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self {
            text,
            at,
            file,
            depth: 0,
            nesting,
            options: Options::default(),
            base: Options::default(),
            own: Own::default(),
            neoteric: false,
            watch: None,
            passed: None,
            odd_text: None,
        }
    }

    /// The same, but going on behind a character, an escape or the like that
    /// cannot be read, with a text in its place.
    #[must_use]
    pub fn passing(mut self) -> Self {
        self.passed = Some(Vec::new());
        self
    }

    /// What was passed over since this was asked last.
    pub fn take_passed(&mut self) -> Vec<ReadError> {
        self.passed.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// How many bytes of the text have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The same with the options that the running program has set.
    #[must_use]
    pub fn as_set(mut self) -> Self {
        self.base = options::current();
        self
    }

    /// The next datum; `None` at the end of the text.
    pub fn read(&mut self) -> Result<Option<Datum>, ReadError> {
        self.skip_space()?;
        let start = self.at;
        let datum = self.read_form().map_err(|error| match error.problem {
            Problem::Unclosed(_) => self.with_guess(error, start),
            Problem::Unexpected(_) => self.with_early_end(error),
            Problem::UnclosedText => self.with_odd_text(error),
            _ => error,
        })?;
        if let Some(datum) = &datum {
            self.base.obey(datum);
        }
        Ok(datum)
    }

    fn read_form(&mut self) -> Result<Option<Datum>, ReadError> {
        self.depth = 0;
        self.neoteric = false;
        self.refresh();
        match self.item()? {
            Item::Datum(datum) => Ok(Some(datum)),
            Item::End => Ok(None),
            Item::Close(c, span) => Err(ReadError::new(Problem::Unexpected(c), span)),
            Item::Dot(span) => Ok(Some(list::symbol(".", span))),
        }
    }

    /// The options that hold now, with what comments of this text have said.
    fn refresh(&mut self) {
        let mut options = self.base;
        options.fold_case = self.own.fold_case.unwrap_or(options.fold_case);
        options.r6rs_hex_escapes |= self.own.r6rs;
        options.hungry_eol_escapes |= self.own.r6rs;
        options.curly_infix |= self.own.curly_infix;
        options.bracket_lists |= self.own.bracket_lists;
        self.options = options;
    }

    fn item(&mut self) -> Result<Item, ReadError> {
        self.skip_space()?;
        if self.watch.is_some() {
            if !matches!(self.peek(), None | Some(')' | ']' | '}')) {
                self.watch_item();
            }
            let item = self.applicable()?;
            self.watch_end();
            return Ok(item);
        }
        self.applicable()
    }

    /// The next item, and within braces what is applied to it.
    fn applicable(&mut self) -> Result<Item, ReadError> {
        let start = self.at;
        let item = match self.plain_item() {
            Err(error) => {
                self.pass(error, start)?;
                self.datum(start, Kind::Text("".into()))
            }
            Ok(item) => item,
        };
        match item {
            Item::Datum(datum) if self.neoteric => self.applied(datum).map(Item::Datum),
            item => Ok(item),
        }
    }

    /// Passes over what is wrong, if that can be.
    fn pass(&mut self, error: ReadError, start: usize) -> Result<(), ReadError> {
        match &mut self.passed {
            Some(passed)
                if error.problem.is_local() && self.at > start && passed.len() < PASSED_MAX =>
            {
                passed.push(error);
                Ok(())
            }
            _ => Err(error),
        }
    }

    fn plain_item(&mut self) -> Result<Item, ReadError> {
        let start = self.at;
        let Some(c) = self.peek() else {
            return Ok(Item::End);
        };
        match c {
            '[' if !self.options.square_brackets => self.token_item(start),
            '(' | '[' => {
                self.advance(c);
                let list = self.list(start, c)?;
                Ok(Item::Datum(self.bracketed(list, c)))
            }
            '{' if self.options.curly_infix => {
                self.advance(c);
                self.curly(start).map(Item::Datum)
            }
            ')' | ']' | '}' if self.is_delimiter(c) => {
                self.advance(c);
                Ok(Item::Close(c, self.span(start)))
            }
            '"' => {
                self.advance(c);
                let text = self.string(start)?;
                Ok(self.datum(start, Kind::Text(text.into())))
            }
            '\'' => self.prefixed(start, "'", "quote"),
            '`' => self.prefixed(start, "`", "quasiquote"),
            ',' if self.rest().starts_with(",@") => self.prefixed(start, ",@", "unquote-splicing"),
            ',' => self.prefixed(start, ",", "unquote"),
            '#' => self.hash(start),
            ':' if self.options.keywords == Keywords::Prefix => self.keyword(start, ":"),
            '|' if self.options.r7rs_symbols => self.bar_symbol(start),
            _ => self.token_item(start),
        }
    }

    fn bracketed(&self, list: Datum, open: char) -> Datum {
        if open != '[' || !self.options.bracket_lists {
            return list;
        }
        let span = list.span;
        let head = list::symbol("$bracket-list$", span);
        Datum {
            kind: match list.kind {
                Kind::List(mut items) => {
                    items.insert(0, head);
                    Kind::List(items)
                }
                Kind::Dotted(mut items, tail) => {
                    items.insert(0, head);
                    Kind::Dotted(items, tail)
                }
                other => other,
            },
            span,
        }
    }

    /// A symbol, a number, or a lone dot.
    fn token_item(&mut self, start: usize) -> Result<Item, ReadError> {
        let token = self.token();
        if token == "." {
            return Ok(Item::Dot(self.span(start)));
        }
        if self.options.keywords == Keywords::Postfix
            && let Some(name) = token.strip_suffix(':')
            && !name.is_empty()
            // What might be a number is no keyword (measured, 3.0.11).
            && !name.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        {
            let kind = Kind::Keyword(self.folded(name));
            return Ok(self.datum(start, kind));
        }
        let kind = match number::parse(token, 10) {
            Some(Ok(number)) => Kind::Number(number),
            Some(Err(number::Unsupported)) => {
                return Err(self.fail(Problem::UnsupportedNumber(token.to_owned()), start));
            }
            None => Kind::Symbol(self.folded(token)),
        };
        Ok(self.datum(start, kind))
    }

    fn descend(&mut self, start: usize) -> Result<(), ReadError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > self.nesting {
            return Err(self.fail(Problem::TooDeep(self.nesting), start));
        }
        Ok(())
    }

    fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn folded(&self, token: &str) -> Rc<str> {
        if self.options.fold_case {
            token.to_lowercase().into()
        } else {
            token.into()
        }
    }

    /// The characters up to the next delimiter.
    fn token(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| self.is_delimiter(c)).unwrap_or(rest.len());
        self.skip(end);
        rest.get(..end).unwrap_or_default()
    }

    fn is_delimiter(&self, c: char) -> bool {
        match c {
            ' ' | '\t' | '\n' | '\r' | '\u{c}' | '(' | ')' | ';' | '"' => true,
            '[' | ']' => self.options.square_brackets,
            '{' | '}' => self.options.curly_infix,
            _ => false,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self, c: char) {
        self.skip(c.len_utf8());
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn span(&self, start: usize) -> Span {
        Span {
            file: self.file,
            start: offset(start),
            end: offset(self.at),
        }
    }

    fn datum(&self, start: usize, kind: Kind) -> Item {
        Item::Datum(Datum {
            kind,
            span: self.span(start),
        })
    }

    fn fail(&self, problem: Problem, start: usize) -> ReadError {
        ReadError::new(problem, self.span(start))
    }

    /// An error about what begins here and has no end.
    fn opened(&self, problem: Problem, start: usize, length: usize) -> ReadError {
        let span = Span {
            end: offset(start.saturating_add(length)),
            ..self.span(start)
        };
        ReadError::new(problem, span)
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
