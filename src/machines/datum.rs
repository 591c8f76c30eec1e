//! Data as the reader makes them, each with its place.

use std::rc::Rc;

use super::source::Span;

/// A datum and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// What a datum is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `#t`, `#f`
    Boolean(bool),
    /// `#nil`
    Nil,
    /// A number.
    Number(Number),
    /// `#\a`
    Character(char),
    /// `"text"`
    Text(Rc<str>),
    /// A symbol.
    Symbol(Rc<str>),
    /// `#:name`, here without the `#:`
    Keyword(Rc<str>),
    /// A proper list; empty: `()`.
    List(Vec<Datum>),
    /// `(a b . c)`: at least one item, and the tail, which is no list.
    Dotted(Vec<Datum>, Box<Datum>),
    /// `#(…)`
    Vector(Vec<Datum>),
    /// `#vu8(…)`
    Bytes(Vec<u8>),
}

/// A number as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// An exact integer.
    Integer(i64),
    /// An exact integer beyond 64 bits: sign and digits in this radix.
    Big(String, u32),
    /// An exact ratio in lowest terms, denominator above 1.
    Ratio(i64, i64),
    /// Any other exact ratio: sign and digits, and digits, in this radix.
    BigRatio(String, String, u32),
    /// An inexact real.
    Real(f64),
}

impl Datum {
    /// The name, if it is a symbol.
    pub fn symbol(&self) -> Option<&Rc<str>> {
        match &self.kind {
            Kind::Symbol(name) => Some(name),
            _ => None,
        }
    }

    /// The items, if it is a proper list.
    pub fn list(&self) -> Option<&[Datum]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// Tells whether it is this symbol.
    pub fn is_symbol(&self, name: &str) -> bool {
        self.symbol().is_some_and(|symbol| &**symbol == name)
    }

    /// The text as Guile writes it; long data are cut.
    pub fn written(&self) -> String {
        let mut out = String::new();
        write_datum(self, &mut out, 0);
        out
    }
}

/// Beyond this a written datum in a message helps nobody.
const WRITTEN_MAX: usize = 200;
const WRITTEN_DEPTH: usize = 20;

fn write_datum(datum: &Datum, out: &mut String, depth: usize) {
    if out.len() > WRITTEN_MAX || depth > WRITTEN_DEPTH {
        out.push('…');
        return;
    }
    match &datum.kind {
        Kind::Boolean(true) => out.push_str("#t"),
        Kind::Boolean(false) => out.push_str("#f"),
        Kind::Nil => out.push_str("#nil"),
        Kind::Number(number) => out.push_str(&number.written()),
        Kind::Character(c) => out.push_str(&written_character(*c)),
        Kind::Text(text) => out.push_str(&written_text(text)),
        Kind::Symbol(name) => out.push_str(&written_symbol(name)),
        Kind::Keyword(name) => {
            out.push_str("#:");
            out.push_str(name);
        }
        Kind::List(items) => write_items("(", items, None, out, depth),
        Kind::Dotted(items, tail) => write_items("(", items, Some(tail), out, depth),
        Kind::Vector(items) => write_items("#(", items, None, out, depth),
        Kind::Bytes(bytes) => {
            out.push_str("#vu8(");
            for (i, byte) in bytes.iter().take(WRITTEN_MAX).enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                out.push_str(&byte.to_string());
            }
            out.push(')');
        }
    }
}

fn write_items(open: &str, items: &[Datum], tail: Option<&Datum>, out: &mut String, depth: usize) {
    out.push_str(open);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        if out.len() > WRITTEN_MAX {
            out.push('…');
            break;
        }
        write_datum(item, out, depth.saturating_add(1));
    }
    if let Some(tail) = tail {
        out.push_str(" . ");
        write_datum(tail, out, depth.saturating_add(1));
    }
    out.push(')');
}

impl Number {
    /// The text as Guile writes it.
    pub fn written(&self) -> String {
        match self {
            Self::Integer(n) => n.to_string(),
            Self::Big(digits, 10) => digits.clone(),
            Self::Big(digits, radix) => match radix {
                16 => format!("#x{digits}"),
                8 => format!("#o{digits}"),
                _ => format!("#b{digits}"),
            },
            Self::Ratio(n, d) => format!("{n}/{d}"),
            Self::BigRatio(n, d, 10) => format!("{n}/{d}"),
            Self::BigRatio(n, d, radix) => match radix {
                16 => format!("#x{n}/{d}"),
                8 => format!("#o{n}/{d}"),
                _ => format!("#b{n}/{d}"),
            },
            Self::Real(x) => written_real(*x),
        }
    }
}

/// A real as Guile writes it: the shortest digits that read back, always with
/// a point; with an exponent below 0.001, and where the whole part has more
/// than 7 digits of which more than 3 are no digits of the number (measured,
/// Guile 3.0.11).
pub fn written_real(x: f64) -> String {
    if x.is_nan() {
        return "+nan.0".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "+inf.0" } else { "-inf.0" }.into();
    }
    if x == 0.0 {
        return if x.is_sign_negative() { "-0.0" } else { "0.0" }.into();
    }
    // `{:e}` gives the shortest digits: D.DDDeN.
    let scientific = format!("{x:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let digits = mantissa.chars().filter(char::is_ascii_digit).count();
    let plain_below = i64::try_from(digits).unwrap_or(0).saturating_add(3).max(7);
    if (-3..plain_below).contains(&exponent) {
        let plain = format!("{x}");
        if plain.contains('.') {
            plain
        } else {
            plain + ".0"
        }
    } else if mantissa.contains('.') {
        format!("{mantissa}e{exponent}")
    } else {
        format!("{mantissa}.0e{exponent}")
    }
}

/// Tells whether a character can be seen: neither space nor control, nor of
/// those that are drawn as nothing.
pub fn is_graphic(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{10ffff}')
}

/// A string as Guile's `write` gives it.
pub fn written_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if c == ' ' || is_graphic(c) => out.push(c),
            c => {
                let code = match u32::from(c) {
                    code @ 0..=0xff => format!("\\x{code:02x}"),
                    code @ 0..=0xffff => format!("\\u{code:04x}"),
                    code => format!("\\U{code:06x}"),
                };
                out.push_str(&code);
            }
        }
    }
    out.push('"');
    out
}

/// The names of the first characters.
const CONTROLS: [&str; 33] = [
    "nul",
    "soh",
    "stx",
    "etx",
    "eot",
    "enq",
    "ack",
    "alarm",
    "backspace",
    "tab",
    "newline",
    "vtab",
    "page",
    "return",
    "so",
    "si",
    "dle",
    "dc1",
    "dc2",
    "dc3",
    "dc4",
    "nak",
    "syn",
    "etb",
    "can",
    "em",
    "sub",
    "esc",
    "fs",
    "gs",
    "rs",
    "us",
    "space",
];

/// A character as Guile's `write` gives it.
pub fn written_character(c: char) -> String {
    let code = u32::from(c);
    let name = usize::try_from(code)
        .ok()
        .and_then(|code| CONTROLS.get(code));
    match (name, c) {
        (Some(name), _) => format!("#\\{name}"),
        (None, '\u{7f}') => "#\\delete".into(),
        // A mark that combines with what stands before it gets a circle.
        (None, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20f0}') => {
            format!("#\\\u{25cc}{c}")
        }
        (None, c) if is_graphic(c) => format!("#\\{c}"),
        (None, _) => format!("#\\{code:o}"),
    }
}

/// A symbol as Guile's `write` gives it.
pub fn written_symbol(name: &str) -> String {
    let quoted_first = |c: char| c.is_ascii_digit() || matches!(c, '\'' | '`' | ',');
    let plain = name != "."
        && name
            .chars()
            .next()
            .is_some_and(|first| !quoted_first(first))
        && name
            .chars()
            .all(|c| is_graphic(c) && !"()\";#[]{}".contains(c))
        && super::reader::number::parse(name, 10).is_none();
    if plain {
        return name.to_owned();
    }
    let mut out = String::from("#{");
    for c in name.chars() {
        if c == ' ' || (is_graphic(c) && !"()[]{}".contains(c)) {
            out.push(c);
        } else {
            let code = format!("\\x{:x};", u32::from(c));
            out.push_str(&code);
        }
    }
    out.push_str("}#");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_are_written_as_guile_does() {
        for (x, text) in [
            (1.0, "1.0"),
            (0.5, "0.5"),
            (-0.0, "-0.0"),
            (1e21, "1.0e21"),
            (1e6, "1000000.0"),
            (1e7, "1.0e7"),
            (1234e4, "1.234e7"),
            (12_345_678e3, "12345678000.0"),
            (12_345_678e4, "1.2345678e11"),
            (123_456_789_012_345_680.0, "123456789012345680.0"),
            (0.0012, "0.0012"),
            (0.0001, "1.0e-4"),
            (1e-7, "1.0e-7"),
            (1.8, "1.8"),
            (f64::NEG_INFINITY, "-inf.0"),
        ] {
            assert_eq!(written_real(x), text);
        }
    }

    #[test]
    fn symbols_that_need_it_are_quoted() {
        assert_eq!(written_symbol("a-b"), "a-b");
        assert_eq!(written_symbol("a b"), "#{a b}#");
        assert_eq!(written_symbol("12"), "#{12}#");
    }
}
