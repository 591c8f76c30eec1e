//! S-expressions as libgcrypt writes them: bounded parser and two printers.
//!
//! What is compared or handed to libgcrypt is always *our* canonical form of
//! what we have parsed, never the text as it came: so the library and this
//! parser cannot understand two different things by one text.

use thiserror::Error;

/// Longest text that is parsed. A signature by a key of 4096 bits has 4 KiB,
/// an access-control list 350 bytes a key.
pub const MAX_TEXT: usize = 1 << 20;

/// Deepest nesting; signatures and lists of keys need 5.
const MAX_DEPTH: usize = 16;

/// An atom or a list.
#[derive(Clone, PartialEq, Eq)]
pub enum Sexp {
    /// Bytes, whichever way they were written.
    Atom(Vec<u8>),
    /// Expressions in parentheses.
    List(Vec<Sexp>),
}

impl Sexp {
    /// Parses one expression that fills `text` but for white space.
    ///
    /// Takes what libgcrypt's printers write: tokens, `"strings"`, `#hex#` and
    /// `LENGTH:bytes`. Base 64, display hints and transport forms, which its
    /// printers never write, are refused.
    pub fn parse(text: &[u8]) -> Result<Self, SexpError> {
        if text.len() > MAX_TEXT {
            return Err(SexpError::TooLong(text.len()));
        }
        let mut input = Input { text, at: 0 };
        let sexp = input.expression(0)?;
        input.skip_space();
        match input.peek() {
            None => Ok(sexp),
            Some(_) => Err(input.error("something follows the expression")),
        }
    }

    /// A list that begins with the atom `head`.
    pub fn list(head: &str, rest: Vec<Sexp>) -> Self {
        let mut items = Vec::with_capacity(rest.len().saturating_add(1));
        items.push(Self::atom(head));
        items.extend(rest);
        Self::List(items)
    }

    /// An atom of these characters.
    pub fn atom(text: &str) -> Self {
        Self::Atom(text.as_bytes().to_vec())
    }

    /// The bytes of an atom.
    pub fn as_atom(&self) -> Option<&[u8]> {
        match self {
            Self::Atom(bytes) => Some(bytes),
            Self::List(_) => None,
        }
    }

    /// What follows the head of a list that begins with the atom `head`.
    pub fn tail(&self, head: &str) -> Option<&[Sexp]> {
        match self {
            Self::List(items) => match items.split_first()? {
                (Self::Atom(first), rest) if first == head.as_bytes() => Some(rest),
                _ => None,
            },
            Self::Atom(_) => None,
        }
    }

    /// The one element of this list that is itself a list headed `head`;
    /// `None` also when there are several, which no honest text has.
    pub fn only(&self, head: &str) -> Option<&Sexp> {
        let Self::List(items) = self else {
            return None;
        };
        let mut found = items.iter().filter(|item| item.tail(head).is_some());
        match (found.next(), found.next()) {
            (Some(item), None) => Some(item),
            _ => None,
        }
    }

    /// The canonical form: one spelling for each value.
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.print_canonical(&mut out);
        out
    }

    /// The form for people and for `guix archive --authorize`, on one line.
    pub fn printable(&self) -> String {
        let mut out = String::new();
        self.print_printable(&mut out);
        out
    }

    fn print_canonical(&self, out: &mut Vec<u8>) {
        match self {
            Self::Atom(bytes) => {
                out.extend_from_slice(format!("{}:", bytes.len()).as_bytes());
                out.extend_from_slice(bytes);
            }
            Self::List(items) => {
                out.push(b'(');
                for item in items {
                    item.print_canonical(out);
                }
                out.push(b')');
            }
        }
    }

    fn print_printable(&self, out: &mut String) {
        match self {
            Self::Atom(bytes) if is_token(bytes) => {
                out.extend(bytes.iter().map(|byte| char::from(*byte)));
            }
            Self::Atom(bytes) => {
                out.push('#');
                out.push_str(&data_encoding::HEXUPPER.encode(bytes));
                out.push('#');
            }
            Self::List(items) => {
                out.push('(');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    item.print_printable(out);
                }
                out.push(')');
            }
        }
    }
}

/// Without the contents, which may be a secret key.
impl std::fmt::Debug for Sexp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Atom(bytes) => write!(f, "<{} bytes>", bytes.len()),
            Self::List(items) => f.debug_list().entries(items).finish(),
        }
    }
}

/// Why a text is no s-expression.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SexpError {
    /// The text is longer than any that is needed.
    #[error("{0} bytes are too long for an s-expression")]
    TooLong(usize),
    /// The text is malformed.
    #[error("malformed s-expression at byte {at}: {why}")]
    Malformed {
        /// Where, counted from 0.
        at: usize,
        /// What is wrong.
        why: &'static str,
    },
}

struct Input<'a> {
    text: &'a [u8],
    at: usize,
}

impl Input<'_> {
    fn error(&self, why: &'static str) -> SexpError {
        SexpError::Malformed { at: self.at, why }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn expression(&mut self, depth: usize) -> Result<Sexp, SexpError> {
        self.skip_space();
        match self.peek() {
            None => Err(self.error("it ends too early")),
            Some(b'(') => self.list(depth),
            Some(b'"') => self.string(),
            Some(b'#') => self.hex(),
            Some(byte) if byte.is_ascii_digit() => self.counted(),
            Some(byte) if is_token_byte(byte) => Ok(self.token()),
            Some(_) => Err(self.error("this character cannot begin an expression")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Sexp, SexpError> {
        if depth >= MAX_DEPTH {
            return Err(self.error("it is nested too deeply"));
        }
        self.next();
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == Some(b')') {
                self.next();
                return Ok(Sexp::List(items));
            }
            items.push(self.expression(depth.saturating_add(1))?);
        }
    }

    fn token(&mut self) -> Sexp {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| !is_token_byte(*byte))
            .unwrap_or(rest.len());
        self.at = self.at.saturating_add(length);
        Sexp::Atom(rest.get(..length).unwrap_or_default().to_vec())
    }

    /// `LENGTH:bytes`.
    fn counted(&mut self) -> Result<Sexp, SexpError> {
        let mut length = 0_usize;
        let mut digits = 0_usize;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            // libgcrypt refuses a leading zero as well.
            if digits == 0
                && digit == b'0'
                && self.text.get(self.at.saturating_add(1)) != Some(&b':')
            {
                return Err(self.error("a length begins with a zero"));
            }
            length = length
                .checked_mul(10)
                .and_then(|length| length.checked_add(usize::from(digit & 0xf)))
                .filter(|length| *length <= self.text.len())
                .ok_or_else(|| self.error("a length is larger than the text"))?;
            digits = digits.saturating_add(1);
            self.next();
        }
        if self.next() != Some(b':') {
            return Err(self.error("a colon is missing behind a length"));
        }
        let end = self.at.saturating_add(length);
        let bytes = self
            .text
            .get(self.at..end)
            .ok_or_else(|| self.error("a length is larger than the text"))?;
        self.at = end;
        Ok(Sexp::Atom(bytes.to_vec()))
    }

    /// `#68 65 78#`.
    fn hex(&mut self) -> Result<Sexp, SexpError> {
        self.next();
        let mut bytes = Vec::new();
        let mut high = None;
        loop {
            let byte = self.next().ok_or_else(|| self.error("it ends too early"))?;
            match byte {
                b'#' if high.is_none() => return Ok(Sexp::Atom(bytes)),
                byte if is_space(byte) => {}
                byte => {
                    let digit =
                        hex_digit(byte).ok_or_else(|| self.error("not a hexadecimal digit"))?;
                    high = match high {
                        None => Some(digit << 4),
                        Some(high) => {
                            bytes.push(high | digit);
                            None
                        }
                    };
                }
            }
        }
    }

    /// `"string"`, with the escapes that libgcrypt's printer uses.
    fn string(&mut self) -> Result<Sexp, SexpError> {
        self.next();
        let mut bytes = Vec::new();
        loop {
            let byte = self.next().ok_or_else(|| self.error("it ends too early"))?;
            match byte {
                b'"' => return Ok(Sexp::Atom(bytes)),
                b'\\' => bytes.push(self.escape()?),
                byte => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Result<u8, SexpError> {
        Ok(match self.next() {
            Some(b'b') => 8,
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(b'n') => b'\n',
            Some(b'f') => 12,
            Some(b'r') => b'\r',
            Some(quote @ (b'"' | b'\'' | b'\\')) => quote,
            Some(b'x') => {
                let digits = (
                    self.next().and_then(hex_digit),
                    self.next().and_then(hex_digit),
                );
                let (Some(high), Some(low)) = digits else {
                    return Err(self.error("not a hexadecimal digit"));
                };
                high << 4 | low
            }
            _ => return Err(self.error("unknown escape in a string")),
        })
    }
}

/// Source: libgcrypt, sexp.c, whitespacep.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 11 | 12 | b'\r')
}

/// Source: libgcrypt, sexp.c, TOKEN_SPECIALS.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-./_:*+=".contains(&byte)
}

fn is_token(bytes: &[u8]) -> bool {
    bytes
        .first()
        .is_some_and(|first| is_token_byte(*first) && !first.is_ascii_digit())
        && bytes.iter().copied().all(is_token_byte)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Sexp, SexpError> {
        Sexp::parse(text.as_bytes())
    }

    #[test]
    fn all_spellings_of_an_atom_are_one_value() {
        let value = parse("(a bc)").unwrap();
        for text in [
            "(1:a2:bc)",
            " ( a\n\tbc ) \n",
            "(\"a\" #62 63#)",
            "(#61#\"b\\x63\")",
        ] {
            assert_eq!(parse(text).unwrap(), value, "{text}");
        }
        assert_eq!(value.canonical(), b"(1:a2:bc)");
    }

    #[test]
    fn printable_form_is_what_guix_reads() {
        let text = "(public-key (ecc (curve Ed25519) (q #C391#)))";
        assert_eq!(parse(text).unwrap().printable(), text);
        assert_eq!(parse("(#3132#)").unwrap().printable(), "(#3132#)");
    }

    #[test]
    fn refuses_what_is_malformed() {
        for text in [
            "",
            "(",
            ")",
            "(a",
            "a b",
            "(a))",
            "(#6#)",
            "(#6x#)",
            "(\"a)",
            "(\"\\q\")",
            "(5:a)",
            "(01:a)",
            "(1a)",
            "(99999999999999999999:a)",
            "(|YQ==|)",
            "([x]a)",
            "{YQ==}",
            "(a\0)",
            "(1\"a\")",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(Sexp::parse(&vec![b'a'; MAX_TEXT + 1]).is_err());
    }

    #[test]
    fn a_doubled_part_is_none() {
        let twice = parse("(s (data a) (data b))").unwrap();
        assert_eq!(twice.only("data"), None);
        assert!(parse("(s (data a))").unwrap().only("data").is_some());
    }

    fn any_sexp() -> impl Strategy<Value = Sexp> {
        let atom = proptest::collection::vec(any::<u8>(), 0..40).prop_map(Sexp::Atom);
        atom.prop_recursive(6, 64, 6, |inner| {
            proptest::collection::vec(inner, 0..6).prop_map(Sexp::List)
        })
    }

    proptest! {
        #[test]
        fn both_forms_round_trip(sexp in any_sexp()) {
            prop_assert_eq!(&Sexp::parse(&sexp.canonical()).unwrap(), &sexp);
            prop_assert_eq!(&Sexp::parse(sexp.printable().as_bytes()).unwrap(), &sexp);
        }

        #[test]
        fn garbage_is_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(Sexp::parse(&bytes));
        }

        #[test]
        fn near_misses_are_refused_without_panic(text in "[()a#\"\\\\0-9: ]{0,60}") {
            drop(Sexp::parse(text.as_bytes()));
        }
    }
}
