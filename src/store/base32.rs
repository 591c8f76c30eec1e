//! Nix's base 32, in which hashes stand in store paths.
//!
//! The bytes are one little-endian number, written with the most significant
//! group of five bits first; the alphabet lacks e, o, t and u.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'f', 'g', 'h', 'i', 'j',
    'k', 'l', 'm', 'n', 'p', 'q', 'r', 's', 'v', 'w', 'x', 'y', 'z',
];

/// Characters that `len` bytes take: 32 for 20, 52 for 32.
pub const fn encoded_len(len: usize) -> usize {
    len.saturating_mul(8).div_ceil(5)
}

/// Writes bytes in base 32.
pub fn encode(bytes: &[u8]) -> String {
    (0..encoded_len(bytes.len()))
        .rev()
        .filter_map(|group| ALPHABET.get(five_bits(bytes, group)).copied())
        .collect()
}

/// Reads exactly `len` bytes from their base 32; `None` if the text is
/// anything but what [`encode`] writes.
pub fn decode(text: &str, len: usize) -> Option<Vec<u8>> {
    if text.len() != encoded_len(len) {
        return None;
    }
    let mut bytes = vec![0u8; len];
    for (group, character) in text.bytes().rev().enumerate() {
        let value = u16::from(digit(character)?);
        let (at, shift) = position(group);
        let [low, high] = value.checked_shl(shift)?.to_le_bytes();
        *bytes.get_mut(at)? |= low;
        match bytes.get_mut(at.saturating_add(1)) {
            Some(byte) => *byte |= high,
            None if high == 0 => {}
            // Bits beyond the last byte: no encoder writes them.
            None => return None,
        }
    }
    Some(bytes)
}

/// The value of a digit of the alphabet.
pub fn digit(character: u8) -> Option<u8> {
    let at = ALPHABET
        .iter()
        .position(|&known| known == char::from(character))?;
    u8::try_from(at).ok()
}

fn five_bits(bytes: &[u8], group: usize) -> usize {
    let (at, shift) = position(group);
    let low = bytes.get(at).copied().unwrap_or(0);
    let high = bytes.get(at.saturating_add(1)).copied().unwrap_or(0);
    let pair = u16::from_le_bytes([low, high]);
    usize::from(pair.checked_shr(shift).unwrap_or(0) & 31)
}

/// The byte where the group begins, and the bits below it in there.
fn position(group: usize) -> (usize, u32) {
    let bit = group.saturating_mul(5);
    let shift = match bit % 8 {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 3,
        4 => 4,
        5 => 5,
        6 => 6,
        _ => 7,
    };
    (bit / 8, shift)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `guix hash` of the file `hello world` and a newline.
    const HELLO: &str = "0ix4jahrkll5zg01wandq78jw3ab30q4nscph67rniqg5x7r0j59";
    const HELLO_HEX: &str = "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447";

    #[test]
    fn agrees_with_guix_hash() {
        let bytes = data_encoding::HEXLOWER
            .decode(HELLO_HEX.as_bytes())
            .unwrap();
        assert_eq!(encode(&bytes), HELLO);
        assert_eq!(decode(HELLO, 32), Some(bytes));
        assert_eq!(encode(&[]), "");
        assert_eq!(decode("", 0), Some(vec![]));
    }

    #[test]
    fn refuses_other_lengths_letters_and_bits() {
        assert_eq!(decode(HELLO, 31), None);
        assert_eq!(decode(&HELLO[1..], 32), None);
        assert_eq!(decode(&HELLO.replace('j', "e"), 32), None);
        assert_eq!(decode(&HELLO.to_uppercase(), 32), None);
        // 52 digits hold 260 bits: the four highest must be zero.
        assert_eq!(decode(&HELLO.replacen('0', "2", 1), 32), None);
        assert!(decode(&"z".repeat(32), 20).is_some());
    }

    proptest! {
        #[test]
        fn round_trip(bytes in prop::collection::vec(any::<u8>(), 0..70)) {
            let text = encode(&bytes);
            prop_assert_eq!(decode(&text, bytes.len()), Some(bytes));
        }

        #[test]
        fn only_what_encode_writes(text in "[0-9a-z]{32}|.{0,60}", len in 0usize..40) {
            if let Some(bytes) = decode(&text, len) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
