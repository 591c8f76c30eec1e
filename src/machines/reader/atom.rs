//! What begins with `#`.

use super::{Item, Problem, ReadError, Reader, number};
use crate::machines::datum::{Datum, Kind, Number};

impl Reader<'_> {
    pub(super) fn hash(&mut self, start: usize) -> Result<Item, ReadError> {
        let rest = self.rest();
        let second = rest.chars().nth(1);
        match second {
            Some('\\') => self.character(start),
            Some('(' | '[') => {
                self.advance('#');
                let open = second.unwrap_or('(');
                self.advance(open);
                let list = self.list(start, open)?;
                self.vector(start, list)
            }
            Some(':') => {
                self.at = self.at.saturating_add(2);
                let name = self.token();
                if name.is_empty() {
                    return Err(self.fail(Problem::BadHash(":".into()), start));
                }
                let kind = Kind::Keyword(self.folded(name));
                Ok(self.datum(start, kind))
            }
            Some('{') => self.extended_symbol(start),
            Some('~') => self.prefixed(start, "#~", "gexp"),
            Some('$') if rest.starts_with("#$@") => self.prefixed(start, "#$@", "ungexp-splicing"),
            Some('$') => self.prefixed(start, "#$", "ungexp"),
            Some('\'') => self.prefixed(start, "#'", "syntax"),
            Some('`') => self.prefixed(start, "#`", "quasisyntax"),
            Some(',') if rest.starts_with("#,@") => {
                self.prefixed(start, "#,@", "unsyntax-splicing")
            }
            Some(',') => self.prefixed(start, "#,", "unsyntax"),
            _ => self.hash_token(start),
        }
    }

    fn vector(&self, start: usize, list: Datum) -> Result<Item, ReadError> {
        match list.kind {
            Kind::List(items) => Ok(self.datum(start, Kind::Vector(items))),
            _ => Err(self.fail(Problem::BadDot, start)),
        }
    }

    /// Booleans, `#nil`, numbers with a prefix, bytevectors.
    fn hash_token(&mut self, start: usize) -> Result<Item, ReadError> {
        let token = self.token();
        let kind = match token {
            "#t" | "#true" | "#T" => Kind::Boolean(true),
            "#f" | "#false" | "#F" => Kind::Boolean(false),
            "#nil" => Kind::Nil,
            "#vu8" | "#u8" if self.peek() == Some('(') => {
                self.advance('(');
                let list = self.list(start, '(')?;
                return self.bytevector(start, &list);
            }
            _ => match number::parse(token, 10) {
                Some(Ok(number)) => Kind::Number(number),
                Some(Err(number::Unsupported)) => {
                    return Err(self.fail(Problem::UnsupportedNumber(token.into()), start));
                }
                None => {
                    let what: String = token.chars().skip(1).take(20).collect();
                    return Err(self.fail(Problem::BadHash(what), start));
                }
            },
        };
        Ok(self.datum(start, kind))
    }

    fn bytevector(&self, start: usize, list: &Datum) -> Result<Item, ReadError> {
        let bytes: Option<Vec<u8>> = list.list().and_then(|items| {
            items
                .iter()
                .map(|item| match item.kind {
                    Kind::Number(Number::Integer(n)) => u8::try_from(n).ok(),
                    _ => None,
                })
                .collect()
        });
        match bytes {
            Some(bytes) => Ok(self.datum(start, Kind::Bytes(bytes))),
            None => Err(self.fail(Problem::BadByte, start)),
        }
    }

    /// `#{any characters}#`
    fn extended_symbol(&mut self, start: usize) -> Result<Item, ReadError> {
        self.at = self.at.saturating_add(2);
        let open = self.span(start);
        let Some(end) = self.rest().find("}#") else {
            return Err(super::fail(Problem::UnclosedSymbol, open));
        };
        let name = self.rest().get(..end).unwrap_or_default();
        self.at = self.at.saturating_add(end).saturating_add(2);
        Ok(self.datum(start, Kind::Symbol(name.into())))
    }

    /// `#\a` and its kin: one character whatever it is, or a name.
    fn character(&mut self, start: usize) -> Result<Item, ReadError> {
        self.at = self.at.saturating_add(2);
        let Some(first) = self.peek() else {
            return Err(self.fail(Problem::BadCharacter(String::new()), start));
        };
        let name_start = self.at;
        self.advance(first);
        self.token();
        let name = self.text.get(name_start..self.at).unwrap_or_default();
        if let Some(c) = character_named(name) {
            return Ok(self.datum(start, Kind::Character(c)));
        }
        let name = name.chars().take(20).collect();
        Err(self.fail(Problem::BadCharacter(name), start))
    }
}

fn character_named(name: &str) -> Option<char> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(c);
    }
    let named = match name.to_ascii_lowercase().as_str() {
        "nul" | "null" => '\0',
        "alarm" => '\u{7}',
        "backspace" => '\u{8}',
        "tab" => '\t',
        "newline" | "linefeed" | "nl" => '\n',
        "vtab" => '\u{b}',
        "page" => '\u{c}',
        "return" => '\r',
        "esc" | "escape" => '\u{1b}',
        "space" | "sp" => ' ',
        "delete" | "del" | "rubout" => '\u{7f}',
        _ => return numbered_character(name),
    };
    Some(named)
}

/// `x41` and octal `101`.
fn numbered_character(name: &str) -> Option<char> {
    let code = match name.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => u32::from_str_radix(name, 8).ok()?,
    };
    char::from_u32(code)
}
