//! Which items a machine was sent lately, from a bounded memory.
//!
//! Kept are the first 32 bits of hash parts, in two generations: what is new
//! goes into the newer one; when that is full it becomes the older one, whose
//! place it takes. What is sent again and again so stays, what is not goes.
//!
//! Hash parts are evenly spread, so the numerically smallest of many items
//! are a fair sample of them, and the same items fall into the sample of two
//! closures that share much. Of a large batch only such a sample is kept, and
//! a large closure is compared by one.

/// Items of a generation.
pub(super) const GENERATION: usize = 128;

/// Items of a closure that are looked for.
const SAMPLE: usize = 24;

/// Characters of a hash part in a prefix.
const CHARACTERS: usize = 12;

/// The prefix of a store item's hash part: its first 60 bits, in the high
/// bits of the number.
pub fn prefix(hash_part: &str) -> u64 {
    const ALPHABET: &[u8] = b"0123456789abcdfghijklmnpqrsvwxyz";
    let digit = |byte| ALPHABET.iter().position(|known| *known == byte);
    hash_part
        .bytes()
        .take(CHARACTERS)
        .map(|byte| digit(byte).unwrap_or_default() as u64)
        .fold(0, |bits: u64, digit| bits << 5 | digit)
        << 4
}

/// What was sent to, or built on, a machine lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Sorted, and none is in it twice.
    pub(super) newer: Vec<u32>,
    /// Likewise.
    pub(super) older: Vec<u32>,
}

impl Sent {
    /// Takes note of items by their prefixes.
    pub fn note(&mut self, prefixes: &[u64]) {
        for item in smallest(prefixes, GENERATION) {
            let Err(place) = self.newer.binary_search(&item) else {
                continue;
            };
            if self.newer.len() < GENERATION {
                self.newer.insert(place, item);
            } else {
                self.older = std::mem::replace(&mut self.newer, vec![item]);
            }
        }
    }

    /// Tells whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.newer.is_empty() && self.older.is_empty()
    }

    /// The part of a sample's items, from 0 to 1, that the machine lacks.
    #[allow(clippy::cast_precision_loss)] // at most SAMPLE
    pub fn lacking(&self, sample: &Sample) -> f64 {
        if sample.items.is_empty() || self.is_empty() {
            return 1.0;
        }
        let has = |item: &&u32| {
            self.newer.binary_search(item).is_ok() || self.older.binary_search(item).is_ok()
        };
        let there = sample.items.iter().filter(has).count();
        1.0 - there as f64 / sample.items.len() as f64
    }
}

/// The items of a closure that machines are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    items: Vec<u32>,
}

impl Sample {
    /// A sample of the items with these prefixes.
    pub fn of(closure: &[u64]) -> Self {
        Self {
            items: smallest(closure, SAMPLE),
        }
    }
}

/// The `count` smallest, sorted, each once.
fn smallest(prefixes: &[u64], count: usize) -> Vec<u32> {
    let mut items: Vec<u32> = prefixes.iter().map(|prefix| high(*prefix)).collect();
    // Room for a few that occur twice.
    let bound = count.saturating_mul(2);
    if items.len() > bound {
        items.select_nth_unstable(bound);
        items.truncate(bound);
    }
    items.sort_unstable();
    items.dedup();
    items.truncate(count);
    items
}

#[allow(clippy::cast_possible_truncation)] // 32 bits are left
fn high(prefix: u64) -> u32 {
    (prefix >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn items(range: std::ops::Range<u64>) -> Vec<u64> {
        range
            .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect()
    }

    #[test]
    fn prefixes_are_the_first_bits() {
        assert_eq!(prefix("00000000000000000000000000000000"), 0);
        assert_eq!(prefix("z0000000000000000000000000000000"), 31 << 59);
        assert_eq!(prefix("000000000001zzzzzzzzzzzzzzzzzzzz"), 1 << 4);
        assert_eq!(prefix("zzzzzzzzzzzz"), u64::MAX << 4);
    }

    #[test]
    fn what_was_sent_is_not_lacking() {
        let mut sent = Sent::default();
        let closure = items(0..3000);
        assert!((sent.lacking(&Sample::of(&closure)) - 1.0).abs() < 1e-9);
        sent.note(&closure);
        assert!(sent.lacking(&Sample::of(&closure)) < 1e-9);
        // A closure that shares nine tenths.
        let lacking = sent.lacking(&Sample::of(&items(300..3300)));
        assert!((0.0..0.3).contains(&lacking), "{lacking}");
        let lacking = sent.lacking(&Sample::of(&items(5000..8000)));
        assert!((lacking - 1.0).abs() < 1e-9, "{lacking}");
    }

    #[test]
    fn what_is_sent_again_stays() {
        let mut sent = Sent::default();
        let kept = items(0..20);
        for round in 1..200 {
            sent.note(&kept);
            sent.note(&items(round * 1000..round * 1000 + 30));
        }
        assert!(sent.lacking(&Sample::of(&kept)) < 1e-9);
        assert!(sent.lacking(&Sample::of(&items(1000..1030))) > 0.99);
    }

    proptest! {
        #[test]
        fn it_is_bounded_and_sorted(batches in prop::collection::vec(
            prop::collection::vec(any::<u64>(), 0..600), 0..8)) {
            let mut sent = Sent::default();
            for batch in &batches {
                sent.note(batch);
                for part in [&sent.newer, &sent.older] {
                    prop_assert!(part.len() <= GENERATION);
                    prop_assert!(part.is_sorted_by(|a, b| a < b));
                }
                let lacking = sent.lacking(&Sample::of(batch));
                prop_assert!((0.0..=1.0).contains(&lacking));
            }
        }
    }
}
