//! String literals, and symbols between bars.

use super::{Item, Problem, ReadError, Reader};
use crate::machines::datum::Kind;
use crate::machines::source::Span;

impl Reader<'_> {
    /// The rest of a string whose opening quote has been read.
    pub(super) fn string(&mut self, start: usize) -> Result<String, ReadError> {
        self.until(start, '"', Problem::UnclosedText)
    }

    /// `|a b|`, where that is switched on.
    pub(super) fn bar_symbol(&mut self, start: usize) -> Result<Item, ReadError> {
        self.skip(1);
        let name = self.until(start, '|', Problem::UnclosedSymbol("|"))?;
        Ok(self.datum(start, Kind::Symbol(name.into())))
    }

    fn until(&mut self, start: usize, end: char, unclosed: Problem) -> Result<String, ReadError> {
        let mut out = String::new();
        loop {
            let escape_start = self.at;
            let Some(c) = self.peek() else {
                return Err(self.opened(unclosed, start, 1));
            };
            self.advance(c);
            match c {
                c if c == end => {
                    self.notice_odd_text(start, &out);
                    return Ok(out);
                }
                '\\' => match self.escape(escape_start, end) {
                    Ok(c) => out.extend(c),
                    Err(error) => self.pass(error, escape_start)?,
                },
                c => out.push(c),
            }
        }
    }

    /// Looks at a string that has ended: over several lines and with a word
    /// right behind it, it was hardly meant to.
    fn notice_odd_text(&mut self, start: usize, text: &str) {
        let goes_on = self.peek().is_some_and(|c| !self.is_delimiter(c));
        if self.odd_text.is_none() && goes_on && text.contains('\n') {
            self.odd_text = Some(start);
        }
    }

    /// The error about the last string with the one that lacks its end, as far
    /// as can be seen.
    pub(super) fn with_odd_text(&self, mut error: ReadError) -> ReadError {
        if let Some(start) = self.odd_text {
            error.span = Span {
                start: super::offset(start),
                end: super::offset(start.saturating_add(1)),
                ..error.span
            };
            error.help = Some(format!(
                "by what follows, a `\"` is missing in line {}; a `\"` in a string is written `\\\"`",
                self.line(start)
            ));
        }
        error
    }

    /// What follows a backslash; `None` for a joined line, whose next line
    /// keeps its indentation (measured, Guile 3.0.11).
    fn escape(&mut self, start: usize, end: char) -> Result<Option<char>, ReadError> {
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        self.advance(c);
        let plain = match c {
            '\n' => {
                if self.options.hungry_eol_escapes {
                    let indentation = self
                        .rest()
                        .find(|c: char| !matches!(c, ' ' | '\t'))
                        .unwrap_or_default();
                    self.skip(indentation);
                }
                return Ok(None);
            }
            '"' | '\\' | '|' | '(' => c,
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' if self.options.r6rs_hex_escapes || end == '|' => {
                return match self.code_to_semicolon() {
                    Some(c) => Ok(Some(c)),
                    None => Err(self.fail(Problem::BadEscape("x".into()), start)),
                };
            }
            'x' => return self.coded(start, 2).map(Some),
            'u' => return self.coded(start, 4).map(Some),
            'U' => return self.coded(start, 6).map(Some),
            other => {
                return Err(self.fail(Problem::BadEscape(other.to_string()), start));
            }
        };
        Ok(Some(plain))
    }

    /// A character by exactly so many hexadecimal digits.
    fn coded(&mut self, start: usize, digits: usize) -> Result<char, ReadError> {
        let code = self
            .rest()
            .get(..digits)
            .filter(|code| code.chars().all(|c| c.is_ascii_hexdigit()));
        let c = code
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        if let Some(c) = c {
            self.skip(digits);
            return Ok(c);
        }
        let kind = match digits {
            2 => "x",
            4 => "u",
            _ => "U",
        };
        Err(self.fail(Problem::BadEscape(kind.into()), start))
    }
}
