//! Guile's lexical syntax: from text to data with places.
//!
//! What Guile 3.0.11 reads is taken from its manual ("Scheme Syntax") and was
//! measured where that says nothing. Steel's own reader differs in too many
//! points and has no lines and columns.

mod atom;
pub mod number;
mod text;

use std::rc::Rc;

use super::datum::{Datum, Kind};
use super::source::Span;

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

/// Why a text cannot be read, and where.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct ReadError {
    /// What is wrong.
    pub problem: Problem,
    /// The characters that are wrong; for what is not closed, where it opens.
    pub span: Span,
}

/// What can be wrong with a text.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A parenthesis, bracket or vector without end.
    #[error("this `{0}` is never closed")]
    Unclosed(char),
    /// A closing parenthesis too many.
    #[error("unexpected `{0}`: nothing is open here")]
    Unexpected(char),
    /// `(` closed by `]` or the other way round.
    #[error("`{found}` closes what `{opened}` opened")]
    Mismatched {
        /// What was opened.
        opened: char,
        /// What closes it.
        found: char,
    },
    /// A string without end.
    #[error("this string is never closed")]
    UnclosedText,
    /// A block comment without end.
    #[error("this `{0}` comment is never closed")]
    UnclosedComment(&'static str),
    /// `#{` without `}#`.
    #[error("this `#{{` symbol is never closed")]
    UnclosedSymbol,
    /// A backslash in a string with something that Guile does not know.
    #[error("invalid escape `\\{0}` in a string")]
    BadEscape(String),
    /// `#\` with a name that Guile does not know.
    #[error("unknown character name `#\\{0}`")]
    BadCharacter(String),
    /// `#` with something that Guile does not know.
    #[error("unknown syntax `#{0}`")]
    BadHash(String),
    /// A dot that stands where no tail can.
    #[error("a lone `.` may only stand before the last item of a list")]
    BadDot,
    /// `'`, `#;` and the like at the end of a list or file.
    #[error("`{0}` needs something after it")]
    NothingAfter(&'static str),
    /// Something in a bytevector that is no byte.
    #[error("a bytevector holds integers from 0 to 255")]
    BadByte,
    /// A number of a kind that is not supported.
    #[error("numbers like `{0}` are not supported here")]
    UnsupportedNumber(String),
    /// Nested deeper than allowed.
    #[error("nested deeper than {0} levels")]
    TooDeep(u32),
}

/// Reads one datum after the other.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    file: u16,
    depth: u32,
    nesting: u32,
    fold_case: bool,
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
            fold_case: false,
        }
    }

    /// How many bytes of the text have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next datum; `None` at the end of the text.
    pub fn read(&mut self) -> Result<Option<Datum>, ReadError> {
        match self.item()? {
            Item::Datum(datum) => Ok(Some(datum)),
            Item::End => Ok(None),
            Item::Close(c, span) => Err(fail(Problem::Unexpected(c), span)),
            Item::Dot(span) => Err(fail(Problem::BadDot, span)),
        }
    }

    fn item(&mut self) -> Result<Item, ReadError> {
        self.skip_space()?;
        let start = self.at;
        let Some(c) = self.peek() else {
            return Ok(Item::End);
        };
        match c {
            '(' | '[' => {
                self.advance(c);
                self.list(start, c).map(Item::Datum)
            }
            ')' | ']' => {
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
            _ => self.token_item(start),
        }
    }

    /// A symbol, a number, or a lone dot.
    fn token_item(&mut self, start: usize) -> Result<Item, ReadError> {
        let token = self.token();
        if token == "." {
            return Ok(Item::Dot(self.span(start)));
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

    fn list(&mut self, start: usize, open: char) -> Result<Datum, ReadError> {
        self.descend(start)?;
        let open_end = self.at;
        let mut items = Vec::new();
        let mut tail = None;
        loop {
            match self.item()? {
                Item::End => {
                    return Err(fail(
                        Problem::Unclosed(open),
                        Span {
                            end: offset(open_end),
                            ..self.span(start)
                        },
                    ));
                }
                Item::Close(found, span) => {
                    if closing(open) != found {
                        return Err(fail(
                            Problem::Mismatched {
                                opened: open,
                                found,
                            },
                            span,
                        ));
                    }
                    break;
                }
                Item::Dot(span) => {
                    if items.is_empty() || tail.is_some() {
                        return Err(fail(Problem::BadDot, span));
                    }
                    match self.item()? {
                        Item::Datum(datum) => tail = Some(datum),
                        _ => return Err(fail(Problem::BadDot, span)),
                    }
                }
                Item::Datum(datum) if tail.is_some() => {
                    return Err(fail(Problem::BadDot, datum.span));
                }
                Item::Datum(datum) => items.push(datum),
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(Datum {
            kind: with_tail(items, tail),
            span: self.span(start),
        })
    }

    /// `'x` and its kin: a list of two.
    fn prefixed(
        &mut self,
        start: usize,
        mark: &'static str,
        name: &'static str,
    ) -> Result<Item, ReadError> {
        self.at = self.at.saturating_add(mark.len());
        let mark_span = self.span(start);
        self.descend(start)?;
        let datum = self.following(mark, mark_span)?;
        self.depth = self.depth.saturating_sub(1);
        let head = Datum {
            kind: Kind::Symbol(Rc::from(name)),
            span: mark_span,
        };
        Ok(self.datum(start, Kind::List(vec![head, datum])))
    }

    fn following(&mut self, mark: &'static str, span: Span) -> Result<Datum, ReadError> {
        match self.item()? {
            Item::Datum(datum) => Ok(datum),
            Item::Close(..) | Item::Dot(_) | Item::End => {
                Err(fail(Problem::NothingAfter(mark), span))
            }
        }
    }

    /// Skips white space and comments.
    fn skip_space(&mut self) -> Result<(), ReadError> {
        while let Some(c) = self.peek() {
            let start = self.at;
            match c {
                ' ' | '\t' | '\n' | '\r' | '\u{c}' | '\u{b}' => self.advance(c),
                ';' => {
                    let line = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.at = self.at.saturating_add(line);
                }
                '#' if self.rest().starts_with("#|") => self.block_comment(start)?,
                '#' if self.rest().starts_with("#;") => {
                    self.at = self.at.saturating_add(2);
                    let span = self.span(start);
                    self.descend(start)?;
                    self.following("#;", span)?;
                    self.depth = self.depth.saturating_sub(1);
                }
                '#' if self.rest().starts_with("#!") => self.directive(start)?,
                _ => break,
            }
        }
        Ok(())
    }

    fn block_comment(&mut self, start: usize) -> Result<(), ReadError> {
        let mut open = 0_usize;
        loop {
            let rest = self.rest();
            if rest.starts_with("#|") {
                open = open.saturating_add(1);
                self.at = self.at.saturating_add(2);
            } else if rest.starts_with("|#") {
                open = open.saturating_sub(1);
                self.at = self.at.saturating_add(2);
                if open == 0 {
                    return Ok(());
                }
            } else if let Some(c) = rest.chars().next() {
                self.advance(c);
            } else {
                let end = start.saturating_add(2);
                return Err(fail(
                    Problem::UnclosedComment("#|"),
                    Span {
                        end: offset(end),
                        ..self.span(start)
                    },
                ));
            }
        }
    }

    /// `#!fold-case` and its kin, else a comment that ends with `!#`.
    fn directive(&mut self, start: usize) -> Result<(), ReadError> {
        self.at = self.at.saturating_add(2);
        let word_end = self
            .rest()
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .unwrap_or(self.rest().len());
        let word = self.rest().get(..word_end).unwrap_or_default();
        match word {
            "fold-case" | "no-fold-case" => {
                self.fold_case = word == "fold-case";
                self.at = self.at.saturating_add(word_end);
                Ok(())
            }
            "r6rs" | "curly-infix" | "curly-infix-and-bracket-lists" => {
                self.at = self.at.saturating_add(word_end);
                Ok(())
            }
            _ => {
                let Some(end) = self.rest().find("!#") else {
                    return Err(fail(
                        Problem::UnclosedComment("#!"),
                        Span {
                            end: offset(self.at),
                            ..self.span(start)
                        },
                    ));
                };
                self.at = self.at.saturating_add(end).saturating_add(2);
                Ok(())
            }
        }
    }

    fn descend(&mut self, start: usize) -> Result<(), ReadError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > self.nesting {
            return Err(self.fail(Problem::TooDeep(self.nesting), start));
        }
        Ok(())
    }

    fn folded(&self, token: &str) -> Rc<str> {
        if self.fold_case {
            token.to_lowercase().into()
        } else {
            token.into()
        }
    }

    /// The characters up to the next delimiter.
    fn token(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(is_delimiter).unwrap_or(rest.len());
        self.at = self.at.saturating_add(end);
        rest.get(..end).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self, c: char) {
        self.at = self.at.saturating_add(c.len_utf8());
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
        fail(problem, self.span(start))
    }
}

fn fail(problem: Problem, span: Span) -> ReadError {
    ReadError { problem, span }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { ')' }
}

/// A list, dotted if the tail is no list itself.
fn with_tail(mut items: Vec<Datum>, tail: Option<Datum>) -> Kind {
    match tail {
        None => Kind::List(items),
        Some(Datum {
            kind: Kind::List(more),
            ..
        }) => {
            items.extend(more);
            Kind::List(items)
        }
        Some(Datum {
            kind: Kind::Dotted(more, end),
            ..
        }) => {
            items.extend(more);
            Kind::Dotted(items, end)
        }
        Some(tail) => Kind::Dotted(items, Box::new(tail)),
    }
}

fn is_delimiter(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\n' | '\r' | '\u{c}' | '\u{b}' | '(' | ')' | '[' | ']' | ';' | '"'
    )
}

#[cfg(test)]
mod tests;
