//! Finding references: the hash parts of candidates in whatever passes by.
//!
//! The daemon looks at every window of 32 characters in an archive
//! (references.cc). An archive's own bytes between names, targets and contents
//! hold zeros, so no hash part can reach over them and each is scanned alone.

use std::collections::{BTreeSet, HashMap};

use super::super::path::{HASH_PART_LEN, StorePath};

/// Bytes of a block that the next one must see again.
pub const OVERLAP: usize = HASH_PART_LEN - 1;

type HashPart = [u8; HASH_PART_LEN];

/// Looks for a set of hash parts.
pub struct Scanner {
    candidates: HashMap<HashPart, StorePath>,
    /// Hash parts begin with three characters of five bits: whether any
    /// candidate begins with these.
    begins: Vec<bool>,
    found: BTreeSet<StorePath>,
}

impl Scanner {
    /// Takes the paths that may be referred to.
    pub fn new<'a>(candidates: impl IntoIterator<Item = &'a StorePath>) -> Self {
        let mut scanner = Self {
            candidates: HashMap::new(),
            begins: vec![false; 1 << 15],
            found: BTreeSet::new(),
        };
        for path in candidates {
            let Ok(part) = HashPart::try_from(path.hash_part().as_bytes()) else {
                continue;
            };
            if let Some(begins) = beginning(&part).and_then(|at| scanner.begins.get_mut(at)) {
                *begins = true;
            }
            scanner.candidates.insert(part, path.clone());
        }
        scanner
    }

    /// Scans one block; the last [`OVERLAP`] bytes before it must stand at its
    /// beginning if it goes on where another ended.
    ///
    /// Skips as Boyer and Moore do: looks from the end of a window backwards,
    /// and goes on behind the first byte that is no digit of base 32. What is
    /// known to be digits is not looked at again, so each byte is looked at
    /// once at most.
    pub fn scan(&mut self, block: &[u8]) {
        if self.candidates.is_empty() {
            return;
        }
        let mut start = 0;
        let mut known = 0;
        while let Some(window) = block.get(start..start + HASH_PART_LEN) {
            let unseen = window.get(known - start..).unwrap_or_default();
            if let Some(last) = unseen.iter().rposition(|byte| !is_digit(*byte)) {
                let next = known + last + 1;
                known = start + HASH_PART_LEN;
                start = next;
            } else {
                self.look_up(window);
                known = start + HASH_PART_LEN;
                start += 1;
            }
        }
    }

    fn look_up(&mut self, window: &[u8]) {
        let begins = beginning(window).and_then(|at| self.begins.get(at));
        if begins != Some(&true) {
            return;
        }
        // Found once is enough.
        if let Some((_, path)) = HashPart::try_from(window)
            .ok()
            .and_then(|part| self.candidates.remove_entry(&part))
        {
            self.found.insert(path);
        }
    }

    /// The candidates that were found.
    pub fn finish(self) -> BTreeSet<StorePath> {
        self.found
    }
}

fn beginning(part: &[u8]) -> Option<usize> {
    let [first, second, third, ..] = *part else {
        return None;
    };
    let digit = |byte: u8| DIGITS.get(usize::from(byte)).copied().map(usize::from);
    Some(digit(first)? << 10 | digit(second)? << 5 | digit(third)?)
}

fn is_digit(byte: u8) -> bool {
    DIGITS
        .get(usize::from(byte))
        .is_some_and(|digit| *digit < 32)
}

/// The value of each digit, 32 and more for what is none.
static DIGITS: [u8; 256] = digits();

const fn digits() -> [u8; 256] {
    let alphabet = b"0123456789abcdfghijklmnpqrsvwxyz";
    let mut table = [0xff; 256];
    let mut value = 0;
    while value < 32 {
        table[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::path::StoreDir;

    const PARTS: [&str; 3] = [
        "1hqp1kznhm15lxn7h668f9x88i6mzsvc",
        "3n2ndm96wd31b5sg5fz8yflwahzp9yb6",
        "11111111111111111111111111111111",
    ];

    fn candidates() -> Vec<StorePath> {
        let dir = StoreDir::default();
        PARTS
            .iter()
            .map(|part| dir.join(&format!("{part}-x")).unwrap())
            .collect()
    }

    fn scan(blocks: &[&[u8]]) -> BTreeSet<StorePath> {
        let candidates = candidates();
        let mut scanner = Scanner::new(&candidates);
        for block in blocks {
            scanner.scan(block);
        }
        scanner.finish()
    }

    /// What the daemon's words say, without any cleverness.
    fn plainly(text: &[u8]) -> BTreeSet<StorePath> {
        candidates()
            .into_iter()
            .filter(|path| {
                text.windows(HASH_PART_LEN)
                    .any(|window| window == path.hash_part().as_bytes())
            })
            .collect()
    }

    #[test]
    fn finds_parts_wherever_they_stand() {
        let part = PARTS[0];
        for text in [
            part.to_owned(),
            format!("/gnu/store/{part}-x/bin"),
            format!("abc{part}"),
            format!("{part}{}", PARTS[1]),
            format!("eee{part}eee"),
            format!("\0{part}\0"),
        ] {
            assert_eq!(scan(&[text.as_bytes()]), plainly(text.as_bytes()), "{text}");
            assert!(!scan(&[text.as_bytes()]).is_empty());
        }
        assert!(scan(&[&part.as_bytes()[1..]]).is_empty());
        assert!(scan(&[part.to_uppercase().as_bytes()]).is_empty());
        assert!(scan(&[b""]).is_empty());
    }

    #[test]
    fn overlap_joins_blocks() {
        let text = format!("xx{}yy", PARTS[1]);
        for cut in 0..text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            let mut second = head[head.len().saturating_sub(OVERLAP)..].to_vec();
            second.extend_from_slice(tail);
            assert_eq!(scan(&[head, &second]).len(), 1, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn equals_the_plain_search(
            pieces in proptest::collection::vec(
                prop_oneof![
                    "[0-9a-z]{0,40}".prop_map(String::into_bytes),
                    proptest::collection::vec(any::<u8>(), 0..40),
                    "1{0,80}".prop_map(String::into_bytes),
                    proptest::sample::select(&PARTS[..]).prop_map(|part| part.as_bytes().to_vec()),
                ],
                0..12,
            )
        ) {
            let text = pieces.concat();
            prop_assert_eq!(scan(&[&text]), plainly(&text));
        }
    }
}
