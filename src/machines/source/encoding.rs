//! From a file's bytes to its text.
//!
//! Guile takes a file for UTF-8 unless a comment near its beginning says
//! otherwise (`;; -*- coding: iso-8859-1 -*-`), and puts U+FFFD for bytes that
//! are none: then a name or a key is silently another. Here that is an error.

use std::borrow::Cow;

/// How far Guile looks for the comment (measured, 3.0.11).
const SEARCHED: usize = 500;

/// Why bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEncoding {
    /// The first byte that is wrong.
    pub at: usize,
    /// What is wrong.
    pub message: String,
}

/// The text of a file.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, BadEncoding> {
    let Some((at, name)) = declared(bytes) else {
        return utf8(bytes);
    };
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => utf8(bytes),
        "us-ascii" | "ascii" => match bytes.iter().position(|byte| !byte.is_ascii()) {
            None => utf8(bytes),
            Some(at) => Err(BadEncoding {
                at,
                message: "this is not ASCII, which the file says it is".into(),
            }),
        },
        "iso-8859-1" | "latin1" => Ok(Cow::Owned(bytes.iter().copied().map(char::from).collect())),
        "iso-8859-15" | "latin-9" => Ok(Cow::Owned(bytes.iter().copied().map(latin_9).collect())),
        _ => Err(BadEncoding {
            at,
            message: format!("the encoding `{name}` is not supported here"),
        }),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, BadEncoding> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| BadEncoding {
            at: error.valid_up_to(),
            message: "this is not UTF-8".into(),
        })
}

/// Latin 1 with the euro and seven letters.
fn latin_9(byte: u8) -> char {
    match byte {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        other => char::from(other),
    }
}

/// The encoding that a comment declares, and where its name stands.
fn declared(bytes: &[u8]) -> Option<(usize, String)> {
    const WORD: &[u8] = b"coding";
    let head = bytes.get(..SEARCHED).unwrap_or(bytes);
    let mut from = 0_usize;
    loop {
        let rest = head.get(from..)?;
        let word = rest.windows(WORD.len()).position(|part| part == WORD)?;
        let word = from.saturating_add(word);
        from = word.saturating_add(WORD.len());
        if !matches!(head.get(from), Some(b':' | b'=')) || !is_in_comment(head.get(..word)?) {
            continue;
        }
        from = from.saturating_add(1);
        let rest = head.get(from..)?;
        let space = rest.iter().take_while(|byte| **byte == b' ').count();
        let name: String = rest
            .iter()
            .skip(space)
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
            .map(|byte| char::from(*byte))
            .collect();
        if !name.is_empty() {
            return Some((from.saturating_add(space), name));
        }
    }
}

/// Tells whether a line so far, or what is open from before, is a comment.
fn is_in_comment(before: &[u8]) -> bool {
    let line = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline.saturating_add(1));
    let line = before.get(line..).unwrap_or_default();
    line.contains(&b';') || before.windows(2).any(|part| part == b"#!")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> String {
        decode(bytes).unwrap().into_owned()
    }

    #[test]
    fn a_comment_may_name_the_encoding() {
        assert_eq!(decoded("é".as_bytes()), "é");
        for comment in [
            "; -*- coding: iso-8859-1 -*-\n",
            "(a)\n;; coding: ISO-8859-1\n",
            "#! coding: iso-8859-1 !#\n",
            ";vim: fileencoding=iso-8859-1\n",
        ] {
            let mut bytes = comment.as_bytes().to_vec();
            bytes.push(0xe9);
            assert_eq!(decoded(&bytes), format!("{comment}é"));
        }
        assert_eq!(
            decoded(b";coding: iso-8859-15\n\xa4"),
            ";coding: iso-8859-15\n€"
        );
    }

    #[test]
    fn other_bytes_are_an_error_where_they_stand() {
        let at = |bytes| decode(bytes).unwrap_err().at;
        assert_eq!(at(b"ab\xe9"), 2);
        assert_eq!(at(b"\"coding: iso-8859-1\xe9\""), 19);
        assert_eq!(at(b"#| coding: iso-8859-1 |#\xe9"), 24);
        assert_eq!(at(b";; coding: latin-1\n"), 11);
        assert_eq!(at(b";; coding: us-ascii\n\xe9"), 20);
        assert_eq!(at(b";; coding:\n\xe9"), 11);
        let far = [&[b' '; 600][..], b"; coding: iso-8859-1\n\xe9"].concat();
        assert_eq!(at(&far), far.len() - 1);
    }
}
