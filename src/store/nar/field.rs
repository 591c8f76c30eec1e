//! The two fields of which archives and bundles are made: 64-bit integers,
//! little endian, and byte strings with their length before and zeros behind
//! them up to a multiple of eight.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::io::{self, Read};

use thiserror::Error;

/// What goes wrong below the level of an archive's or bundle's grammar.
#[derive(Debug, Error)]
pub enum FieldError {
    /// The source failed: a lost connection, a disk error.
    #[error("cannot read on")]
    Io(#[source] io::Error),
    /// The source ended in the middle.
    #[error("the data end too early")]
    Truncated,
    /// A string is longer than anything honest.
    #[error("a string of {length} bytes where at most {limit} are possible")]
    TooLong {
        /// The length that was announced.
        length: u64,
        /// The longest that is taken.
        limit: usize,
    },
    /// The bytes behind a string are not zero.
    #[error("a string is filled up with other bytes than zeros")]
    Padding,
}

impl From<io::Error> for FieldError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Truncated
        } else {
            Self::Io(error)
        }
    }
}

/// Reads an integer.
pub fn read_u64<R: Read + ?Sized>(reader: &mut R) -> Result<u64, FieldError> {
    Ok(u64::from_le_bytes(read_block(reader)?))
}

/// Reads a string of at most `limit` bytes into `text`, replacing what it
/// held.
pub fn read_string<R: Read + ?Sized>(
    reader: &mut R,
    limit: usize,
    text: &mut Vec<u8>,
) -> Result<(), FieldError> {
    let announced = read_u64(reader)?;
    let length = usize::try_from(announced)
        .ok()
        .filter(|&length| length <= limit)
        .ok_or(FieldError::TooLong {
            length: announced,
            limit,
        })?;
    text.clear();
    text.resize(length.saturating_add(padding(announced)), 0);
    reader.read_exact(text)?;
    if text.iter().skip(length).any(|&byte| byte != 0) {
        return Err(FieldError::Padding);
    }
    text.truncate(length);
    Ok(())
}

/// Reads a fixed number of bytes.
pub fn read_block<const N: usize, R: Read + ?Sized>(reader: &mut R) -> Result<[u8; N], FieldError> {
    let mut block = [0; N];
    reader.read_exact(&mut block)?;
    Ok(block)
}

/// Appends an integer.
pub fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a string.
pub fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    let length = text.len() as u64;
    put_u64(out, length);
    out.extend_from_slice(text);
    out.extend(std::iter::repeat_n(0, padding(length)));
}

/// The number of zeros behind a string of this length: 0 to 7.
pub const fn padding(length: u64) -> usize {
    match length % 8 {
        1 => 7,
        2 => 6,
        3 => 5,
        4 => 4,
        5 => 3,
        6 => 2,
        7 => 1,
        _ => 0,
    }
}

/// The bytes of several strings one after another, made at compile time; `N`
/// must be their exact sum.
#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]
pub const fn tokens<const N: usize>(words: &[&[u8]]) -> [u8; N] {
    let mut out = [0; N];
    let mut at = 0;
    let mut word = 0;
    while word < words.len() {
        let text = words[word];
        // All tokens are shorter than 256 bytes: the other seven are zero.
        out[at] = text.len() as u8;
        at += 8;
        let mut byte = 0;
        while byte < text.len() {
            out[at + byte] = text[byte];
            byte += 1;
        }
        at += text.len() + padding(text.len() as u64);
        word += 1;
    }
    assert!(at == N, "N is not the sum of the tokens");
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lays_tokens_out_as_strings() {
        let mut out = Vec::new();
        put_string(&mut out, b"entry");
        put_string(&mut out, b"");
        put_string(&mut out, b"nix-archive-1");
        assert_eq!(
            out,
            tokens::<48>(&[b"entry", b"", b"nix-archive-1"]).as_slice()
        );
    }

    #[test]
    fn refuses_length_padding_and_end() {
        let mut text = Vec::new();
        let long = 5u64.to_le_bytes();
        assert!(matches!(
            read_string(&mut long.as_slice(), 4, &mut text),
            Err(FieldError::TooLong {
                length: 5,
                limit: 4
            })
        ));
        let huge = u64::MAX.to_le_bytes();
        assert!(matches!(
            read_string(&mut huge.as_slice(), 4096, &mut text),
            Err(FieldError::TooLong { .. })
        ));
        let dirty = b"\x03\0\0\0\0\0\0\0abc\0\0\0\0\x01";
        assert!(matches!(
            read_string(&mut dirty.as_slice(), 9, &mut text),
            Err(FieldError::Padding)
        ));
        let short = b"\x03\0\0\0\0\0\0\0abc\0\0\0\0";
        assert!(matches!(
            read_string(&mut short.as_slice(), 9, &mut text),
            Err(FieldError::Truncated)
        ));
    }

    proptest! {
        #[test]
        fn round_trip(words in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut out = Vec::new();
            for word in &words {
                put_string(&mut out, word);
            }
            prop_assert_eq!(out.len() % 8, 0);
            let mut rest = out.as_slice();
            let mut text = vec![1, 2, 3];
            for word in &words {
                read_string(&mut rest, 40, &mut text).unwrap();
                prop_assert_eq!(&text, word);
            }
            prop_assert!(rest.is_empty());
        }
    }
}
