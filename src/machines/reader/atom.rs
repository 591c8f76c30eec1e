//! What begins with `#`.

use super::{Item, Problem, ReadError, Reader, number};
use crate::machines::datum::{Datum, Kind, Number};

impl Reader<'_> {
    pub(super) fn hash(&mut self, start: usize) -> Result<Item, ReadError> {
        let rest = self.rest();
        let second = rest.chars().nth(1);
        match second {
            Some('\\') => self.character(start),
            Some('(') => {
                self.skip(2);
                self.vector(start)
            }
            Some(':') => self.keyword(start, "#:"),
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
            Some('t' | 'T') => Ok(self.boolean(start, "rue", true)),
            Some('f' | 'F') if !starts_with_any(rest, &["#f3", "#f6"]) => {
                Ok(self.boolean(start, "alse", false))
            }
            _ => self.hash_token(start),
        }
    }

    /// `#t`, and `#true` if the rest of the word follows.
    fn boolean(&mut self, start: usize, rest: &str, value: bool) -> Item {
        self.skip(2);
        let follows = self.rest().get(..rest.len());
        if follows.is_some_and(|follows| follows.eq_ignore_ascii_case(rest)) {
            self.skip(rest.len());
        }
        self.datum(start, Kind::Boolean(value))
    }

    fn vector(&mut self, start: usize) -> Result<Item, ReadError> {
        let list = self.list(start, '(')?;
        match list.kind {
            Kind::List(items) => Ok(self.datum(start, Kind::Vector(items))),
            _ => Err(self.fail(Problem::BadDot, start)),
        }
    }

    /// `#:name`, or `:name` where that is switched on; space may stand
    /// between.
    pub(super) fn keyword(&mut self, start: usize, mark: &'static str) -> Result<Item, ReadError> {
        self.skip(mark.len());
        let span = self.span(start);
        self.descend(start)?;
        let name = self.following(mark, span)?;
        self.ascend();
        match name.kind {
            Kind::Symbol(name) => Ok(self.datum(start, Kind::Keyword(name))),
            _ => Err(self.fail(Problem::BadKeyword(mark), start)),
        }
    }

    /// `#nil`, numbers with a prefix, bytevectors, arrays.
    fn hash_token(&mut self, start: usize) -> Result<Item, ReadError> {
        let token = self.token();
        let what: String = token.chars().skip(1).take(20).collect();
        let opens = self.peek() == Some('(');
        let kind = match token {
            "#nil" => Kind::Nil,
            "#vu8" | "#u8" if opens => {
                self.skip(1);
                let list = self.list(start, '(')?;
                return self.bytevector(start, &list);
            }
            // An array of one dimension is a vector.
            "#1" if opens => {
                self.skip(1);
                return self.vector(start);
            }
            _ => match number::parse(token, 10) {
                Some(Ok(number)) => Kind::Number(number),
                Some(Err(number::Unsupported)) => {
                    return Err(self.fail(Problem::UnsupportedNumber(token.into()), start));
                }
                None if is_array(&what, opens) || starts_with_any(&what, &["f3", "f6"]) => {
                    let what = if opens { what + "(…)" } else { what };
                    return Err(self.fail(Problem::UnsupportedArray(what), start));
                }
                None => return Err(self.fail(Problem::BadHash(what), start)),
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
        self.skip(2);
        let mut name = String::new();
        loop {
            let escape = self.at;
            let Some(c) = self.peek() else {
                return Err(self.opened(Problem::UnclosedSymbol("#{"), start, 2));
            };
            self.advance(c);
            match c {
                '}' if self.peek() == Some('#') => {
                    self.skip(1);
                    return Ok(self.datum(start, Kind::Symbol(name.into())));
                }
                '\\' if self.peek() == Some('x') => {
                    self.skip(1);
                    match self.code_to_semicolon() {
                        Some(c) => name.push(c),
                        None => return Err(self.fail(Problem::BadSymbolEscape, escape)),
                    }
                }
                '\\' => {
                    // Any other character stands for itself.
                    if let Some(c) = self.peek() {
                        self.advance(c);
                        name.push(c);
                    }
                }
                c => name.push(c),
            }
        }
    }

    /// The hexadecimal digits up to a semicolon, as a character.
    pub(super) fn code_to_semicolon(&mut self) -> Option<char> {
        let digits = self
            .rest()
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or_default();
        let code = self.rest().get(..digits).unwrap_or_default();
        let c = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        self.skip(digits);
        if self.peek() == Some(';') {
            self.skip(1);
            return c;
        }
        None
    }

    /// `#\a` and its kin: one character whatever it is, or a name.
    fn character(&mut self, start: usize) -> Result<Item, ReadError> {
        self.skip(2);
        let Some(first) = self.peek() else {
            return Err(self.fail(Problem::BadCharacter(String::new()), start));
        };
        let name_start = self.at;
        self.advance(first);
        if !self.is_delimiter(first) {
            self.token();
        }
        let name = self.text.get(name_start..self.at).unwrap_or_default();
        if let Some(c) = character_named(name) {
            return Ok(self.datum(start, Kind::Character(c)));
        }
        let name = name.chars().take(20).collect();
        Err(self.fail(Problem::BadCharacter(name), start))
    }
}

fn starts_with_any(text: &str, beginnings: &[&str]) -> bool {
    beginnings
        .iter()
        .any(|beginning| text.starts_with(beginning))
}

/// `2(…)`, `*101`, `u16(…)`, `2f64(…)`, `@1(…)`
fn is_array(what: &str, opens: bool) -> bool {
    if what.starts_with('*') {
        return true;
    }
    let shape = what.trim_start_matches(|c: char| c.is_ascii_digit() || "@:-".contains(c));
    opens
        && matches!(
            shape,
            "" | "a"
                | "b"
                | "u8"
                | "s8"
                | "u16"
                | "s16"
                | "u32"
                | "s32"
                | "u64"
                | "s64"
                | "f32"
                | "f64"
                | "c32"
                | "c64"
                | "vu8"
        )
}

/// The names of the first 33 characters beside the usual ones.
const CONTROL: [&str; 33] = [
    "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "lf", "vt", "ff", "cr",
    "so", "si", "dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc",
    "fs", "gs", "rs", "us", "sp",
];

fn character_named(name: &str) -> Option<char> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(c);
    }
    // A combining character may be written on a dotted circle.
    let mut chars = name.chars();
    if let (Some('\u{25cc}'), Some(c), None) = (chars.next(), chars.next(), chars.next())
        && ('\u{300}'..='\u{36f}').contains(&c)
    {
        return Some(c);
    }
    let lower = name.to_ascii_lowercase();
    if let Some(code) = CONTROL.iter().position(|known| *known == lower) {
        return u8::try_from(code).ok().map(char::from);
    }
    Some(match lower.as_str() {
        "null" => '\0',
        "alarm" => '\u{7}',
        "backspace" => '\u{8}',
        "tab" => '\t',
        "newline" | "linefeed" | "nl" => '\n',
        "vtab" => '\u{b}',
        "page" | "np" => '\u{c}',
        "return" => '\r',
        "escape" => '\u{1b}',
        "space" => ' ',
        "delete" | "del" => '\u{7f}',
        _ => return numbered_character(name),
    })
}

/// `x41` and octal `101`.
fn numbered_character(name: &str) -> Option<char> {
    let code = match name.strip_prefix('x') {
        Some(digits) if digits.chars().all(|c| c.is_ascii_hexdigit()) => {
            u32::from_str_radix(digits, 16).ok()?
        }
        _ if name.chars().all(|c| ('0'..='7').contains(&c)) => u32::from_str_radix(name, 8).ok()?,
        _ => return None,
    };
    char::from_u32(code)
}
