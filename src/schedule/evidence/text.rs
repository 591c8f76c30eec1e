//! Evidence as text: a line for each thing known, after a line with a version.
//!
//! Lines that are not known come from a later version and are passed over. A
//! line that is known and wrong makes the whole text damaged: what is left of
//! a file that something else wrote is worth nothing.

use std::str::FromStr;
use std::time::Duration;

use super::sent::GENERATION;
use super::{DURATIONS, Evidence, FailureKind, Load, Rest, one_line};
use crate::clock::Moment;

/// The first line.
const VERSION: &str = "offload evidence 1";

/// No evidence is longer.
pub const MAX_TEXT: usize = 16 * 1024;

/// Longer than this takes nothing.
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Digits of an item.
const DIGITS: usize = 8;

impl Evidence {
    /// The text that [`Evidence::parse`] reads. A drain is not part of it.
    pub fn print(&self) -> String {
        let mut text = format!("{VERSION}\n");
        let mut line = |name: &str, words: &[&dyn std::fmt::Display]| {
            text.push_str(name);
            for word in words {
                text.push(' ');
                text.push_str(&word.to_string());
            }
            text.push('\n');
        };
        let mut moment = |name: &str, at: Option<Moment>| {
            if let Some(at) = at {
                line(name, &[&at.0]);
            }
        };
        moment("answered", self.answered);
        moment("failed", self.failed);
        moment("probing", self.probing);
        let mut duration = |name: &str, took: Option<Duration>| {
            if let Some(took) = took {
                line(name, &[&micros(took)]);
            }
        };
        duration("connect", self.connect);
        duration("round-trip", self.round_trip);
        if let Some(throughput) = self.throughput {
            line("throughput", &[&throughput.round()]);
        }
        if let Some(load) = &self.load {
            line(
                "load",
                &[
                    &load.average,
                    &load.cores,
                    &load.free_bytes,
                    &load.clock_difference_ms,
                    &load.at.0,
                ],
            );
        }
        if self.failures > 0 {
            line("failures", &[&self.failures]);
        }
        if let Some(rest) = &self.rest {
            let identity = rest.identity.map_or("-".to_owned(), |id| format!("{id:x}"));
            line(
                "rest",
                &[&rest.kind.name(), &rest.until.0, &identity, &rest.reason],
            );
        }
        for took in &self.durations {
            line("built", &[&micros(*took)]);
        }
        line("sent", &[&Items(&self.sent.newer)]);
        line("sent-before", &[&Items(&self.sent.older)]);
        text
    }

    /// Reads what [`Evidence::print`] wrote; `None` if it is damaged.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
        let mut lines = text.split('\n');
        if lines.next()? != VERSION {
            return None;
        }
        let mut evidence = Self::default();
        for line in lines {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            evidence.read(name, value)?;
        }
        Some(evidence)
    }

    fn read(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "answered" => self.answered = Some(moment(value)?),
            "failed" => self.failed = Some(moment(value)?),
            "probing" => self.probing = Some(moment(value)?),
            "connect" => self.connect = Some(duration(value)?),
            "round-trip" => self.round_trip = Some(duration(value)?),
            "throughput" => self.throughput = Some(quantity(value)?.round()),
            "load" => self.load = Some(load(value)?),
            "failures" => self.failures = number(value)?,
            "rest" => self.rest = Some(rest(value)?),
            "built" if self.durations.len() < DURATIONS => self.durations.push(duration(value)?),
            "built" => return None,
            "sent" => self.sent.newer = items(value)?,
            "sent-before" => self.sent.older = items(value)?,
            _ => {}
        }
        Some(())
    }
}

impl FailureKind {
    fn name(self) -> &'static str {
        let known = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        known.map_or("passing", |(_, name)| name)
    }

    fn named(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(_, known)| *known == name);
        known.map(|(kind, _)| *kind)
    }
}

/// Items one after the other, eight digits each.
struct Items<'a>(&'a [u32]);

impl std::fmt::Display for Items<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|item| write!(f, "{item:08x}"))
    }
}

/// A thousand files with 256 items each are read for one choice, so the digits
/// are taken eight at a time.
fn items(text: &str) -> Option<Vec<u32>> {
    let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    // Without an early end this is done for many bytes at once.
    let all_digits = text.bytes().fold(true, |all, byte| all & digit(&byte));
    let (chunks, rest) = text.as_bytes().as_chunks::<DIGITS>();
    if !all_digits || !rest.is_empty() || chunks.len() > GENERATION {
        return None;
    }
    let items: Vec<u32> = chunks.iter().copied().map(item).collect();
    items.is_sorted_by(|a, b| a < b).then_some(items)
}

/// The number that eight lower-case digits stand for.
#[allow(clippy::cast_possible_truncation)] // the low half is the number
fn item(digits: [u8; DIGITS]) -> u32 {
    const LOW_HALVES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
    const LETTERS: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_be_bytes(digits);
    // 'a' to 'f' are 0x61 to 0x66, '0' to '9' are 0x30 to 0x39.
    let letters = text >> 6 & LETTERS;
    let nibbles = (text & LOW_HALVES).wrapping_add(letters.wrapping_mul(9));
    let bytes = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff;
    let words = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    (words | words >> 16) as u32
}

fn load(text: &str) -> Option<Load> {
    let mut words = text.split(' ');
    let load = Load {
        average: quantity(words.next()?)?,
        cores: number(words.next()?)?,
        free_bytes: number(words.next()?)?,
        clock_difference_ms: number(words.next()?)?,
        at: moment(words.next()?)?,
    };
    words.next().is_none().then_some(load)
}

fn rest(text: &str) -> Option<Rest> {
    let mut words = text.splitn(4, ' ');
    Some(Rest {
        kind: FailureKind::named(words.next()?)?,
        until: moment(words.next()?)?,
        identity: match words.next()? {
            "-" => None,
            digits => Some(u64::from_str_radix(digits, 16).ok()?),
        },
        reason: one_line(words.next().unwrap_or_default()),
    })
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// A number that is not negative and can be reckoned with.
fn quantity(text: &str) -> Option<f64> {
    number(text).filter(|value: &f64| value.is_finite() && *value >= 0.0)
}

fn moment(text: &str) -> Option<Moment> {
    number(text).map(Moment)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn duration(text: &str) -> Option<Duration> {
    number(text).map(|micros| Duration::from_micros(micros).min(MAX_DURATION))
}
