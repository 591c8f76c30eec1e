//! The hashes of Guile 3.0, for keys whose hash does not depend on where they
//! are (measured). The functions are public ones: Bob Jenkins' lookup3 for
//! strings, Thomas Wang's mix of 64 bits for what fits into a word.

use crate::machines::engine::{
    Number, Value, View, number, uncons, vector_items, view, written_number,
};

/// How many parts of a list or vector count.
const PARTS_MAX: usize = 16;

/// The hash of a value; of the content of strings and lists if they are
/// compared by it.
pub fn hash(value: &Value, by_content: bool) -> u64 {
    hash_to(value, by_content, 3)
}

fn hash_to(value: &Value, by_content: bool, depth: usize) -> u64 {
    match view(value) {
        View::Integer(n) => word(n.wrapping_mul(4).wrapping_add(2).cast_unsigned()),
        View::Character(c) => word((u64::from(u32::from(c)) << 8) | 0x0c),
        View::Boolean(false) => word(0x04),
        View::Boolean(true) => word(0x404),
        View::Empty => word(0x304),
        View::Unspecified => word(0x804),
        View::Symbol(name) | View::Keyword(name) => text(name),
        View::Text(content) if by_content => text(&content),
        View::Real(_) | View::Number(_) => match number(value) {
            Some(Number::Real(x)) => word(x.to_bits()),
            _ => text(&written_number(value).unwrap_or_default()),
        },
        View::Pair if by_content && depth > 0 => {
            let mut rest = value.clone();
            let mut sum = 1_u64;
            for _ in 0..PARTS_MAX {
                let Some((item, next)) = uncons(&rest) else {
                    break;
                };
                let part = hash_to(&item, true, depth.saturating_sub(1));
                sum = sum.wrapping_mul(31).wrapping_add(part);
                rest = next;
            }
            sum
        }
        View::Vector if by_content && depth > 0 => vector_items(value)
            .unwrap_or_default()
            .iter()
            .take(PARTS_MAX)
            .fold(2_u64, |sum, item| {
                let part = hash_to(item, true, depth.saturating_sub(1));
                sum.wrapping_mul(31).wrapping_add(part)
            }),
        _ => 0,
    }
}

fn word(key: u64) -> u64 {
    let mut key = (!key).wrapping_add(key << 21);
    key ^= key >> 24;
    key = key.wrapping_add(key << 3).wrapping_add(key << 8);
    key ^= key >> 14;
    key = key.wrapping_add(key << 2).wrapping_add(key << 4);
    key ^= key >> 28;
    key = key.wrapping_add(key << 31);
    key >> 2
}

/// Of a string: the characters as words of 32 bits.
pub fn text(content: &str) -> u64 {
    let words: Vec<u32> = content.chars().map(u32::from).collect();
    let length = u32::try_from(words.len()).unwrap_or(u32::MAX);
    let start = 0xdead_beef_u32
        .wrapping_add(length.wrapping_shl(2))
        .wrapping_add(47);
    let mut state = [start; 3];
    let mut rest = words.as_slice();
    while let [a, b, c, others @ ..] = rest
        && !others.is_empty()
    {
        state = add(state, [*a, *b, *c]);
        state = mix(state);
        rest = others;
    }
    let last = match rest {
        [a, b, c, ..] => [*a, *b, *c],
        [a, b] => [*a, *b, 0],
        [a] => [*a, 0, 0],
        [] => return joined(state),
    };
    joined(finish(add(state, last)))
}

fn joined([_, b, c]: [u32; 3]) -> u64 {
    ((u64::from(c) << 32) | u64::from(b)) >> 2
}

fn add(state: [u32; 3], words: [u32; 3]) -> [u32; 3] {
    let [a, b, c] = state;
    let [first, second, third] = words;
    [
        a.wrapping_add(first),
        b.wrapping_add(second),
        c.wrapping_add(third),
    ]
}

fn mix([mut a, mut b, mut c]: [u32; 3]) -> [u32; 3] {
    a = a.wrapping_sub(c) ^ c.rotate_left(4);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(6);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(8);
    b = b.wrapping_add(a);
    a = a.wrapping_sub(c) ^ c.rotate_left(16);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(19);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(4);
    b = b.wrapping_add(a);
    [a, b, c]
}

fn finish([mut a, mut b, mut c]: [u32; 3]) -> [u32; 3] {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    c = (c ^ b).wrapping_sub(b.rotate_left(24));
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_guiles() {
        // Modulo the most positive fixnum, from Guile 3.0.11.
        let most = (1_u64 << 61) - 1;
        for (content, hash) in [
            ("a", 1_500_627_027_394_928_394),
            ("abc", 1_781_154_307_454_365_970),
            ("abcd", 1_467_139_818_728_323_996),
            ("", 1_705_579_787_460_505_544),
            ("λ", 1_994_249_538_212_000_524),
        ] {
            assert_eq!(text(content) % most, hash, "{content}");
        }
        assert_eq!(word(2) % most, 1_001_277_753_649_693_086);
        assert_eq!(word(6) % most, 698_007_116_998_222_724);
    }
}
