//! Time zones, from the files that the system has for them (RFC 9636).

use std::fs;

use crate::machines::dependency;

/// How a zone's time differs from Greenwich's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Seconds.
    pub east: i64,
    /// It is summer time.
    pub summer: bool,
    /// Its abbreviation.
    pub name: String,
}

impl Offset {
    /// None.
    pub fn utc(name: &str) -> Self {
        Self {
            east: 0,
            summer: false,
            name: name.to_owned(),
        }
    }
}

/// The offset of a zone at a time; without a name that of `TZ` or the host.
pub fn offset(time: i64, zone: Option<&str>) -> Offset {
    dependency::note_uncacheable("a time zone");
    let named = match zone {
        Some(zone) => Some(zone.to_owned()),
        None => std::env::var("TZ").ok(),
    };
    let file = match named.as_deref().map(|name| name.trim_start_matches(':')) {
        None => "/etc/localtime".to_owned(),
        Some("" | "UTC" | "GMT" | "UTC0" | "GMT0") => return Offset::utc("UTC"),
        Some(name) if name.starts_with('/') => name.to_owned(),
        Some(name) if name.contains("..") => return Offset::utc("UTC"),
        Some(name) => format!("/usr/share/zoneinfo/{name}"),
    };
    fs::read(file)
        .ok()
        .and_then(|bytes| of_file(&bytes, time))
        .unwrap_or_else(|| Offset::utc("UTC"))
}

/// Reads numbers one after the other.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, width: usize) -> Option<i64> {
        let bytes = self.take(width)?;
        let negative = bytes.first()? & 0x80 != 0;
        let start = if negative { -1 } else { 0 };
        Some(
            bytes
                .iter()
                .fold(start, |n: i64, byte| (n << 8) | i64::from(*byte)),
        )
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number(4)?).ok()
    }
}

/// The numbers at the head of a part of a file.
struct Head {
    leaps: usize,
    times: usize,
    types: usize,
    letters: usize,
    /// Both kinds of indicators.
    indicators: usize,
}

fn head(bytes: &mut Bytes<'_>) -> Option<(u8, Head)> {
    if bytes.take(4)? != b"TZif" {
        return None;
    }
    let version = *bytes.take(1)?.first()?;
    bytes.take(15)?;
    let indicators = bytes.count()?.checked_add(bytes.count()?)?;
    Some((
        version,
        Head {
            indicators,
            leaps: bytes.count()?,
            times: bytes.count()?,
            types: bytes.count()?,
            letters: bytes.count()?,
        },
    ))
}

fn of_file(file: &[u8], time: i64) -> Option<Offset> {
    let mut bytes = Bytes(file);
    let (version, first) = head(&mut bytes)?;
    let mut width = 4;
    let mut head_of = first;
    if version >= b'2' {
        let skipped = head_of
            .times
            .checked_mul(5)?
            .checked_add(head_of.types.checked_mul(6)?)?
            .checked_add(head_of.letters)?
            .checked_add(head_of.leaps.checked_mul(8)?)?
            .checked_add(head_of.indicators)?;
        bytes.take(skipped)?;
        (_, head_of) = head(&mut bytes)?;
        width = 8;
    }
    let times: Option<Vec<i64>> = (0..head_of.times).map(|_| bytes.number(width)).collect();
    let times = times?;
    let kinds = bytes.take(head_of.times)?;
    let types = bytes.take(head_of.types.checked_mul(6)?)?;
    let letters = bytes.take(head_of.letters)?;
    bytes.take(
        head_of
            .leaps
            .checked_mul(width.checked_add(4)?)?
            .checked_add(head_of.indicators)?,
    )?;
    let after_all = times.last().is_none_or(|last| time >= *last);
    if after_all && let Some(offset) = of_rule(bytes.0, time) {
        return Some(offset);
    }
    let at = times.partition_point(|transition| *transition <= time);
    let kind = match at.checked_sub(1) {
        Some(at) => usize::from(*kinds.get(at)?),
        None => 0,
    };
    let mut kind = Bytes(types.get(kind.checked_mul(6)?..)?);
    let east = kind.number(4)?;
    let summer = kind.number(1)? != 0;
    let name = letters.get(usize::try_from(kind.number(1)? & 0xff).ok()?..)?;
    let name = name.split(|byte| *byte == 0).next()?;
    Some(Offset {
        east,
        summer,
        name: String::from_utf8_lossy(name).into_owned(),
    })
}

/// The rule at the end of a file, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
fn of_rule(footer: &[u8], time: i64) -> Option<Offset> {
    let rule = std::str::from_utf8(footer).ok()?.trim_matches('\n');
    let (name, rest) = zone_name(rule)?;
    let (west, rest) = hours(rest)?;
    let standard = Offset {
        east: west.checked_neg()?,
        summer: false,
        name,
    };
    if rest.is_empty() {
        return Some(standard);
    }
    let (name, rest) = zone_name(rest)?;
    let (east, rest) = match hours(rest) {
        Some((west, rest)) => (west.checked_neg()?, rest),
        None => (standard.east.checked_add(3600)?, rest),
    };
    let summer = Offset {
        east,
        summer: true,
        name,
    };
    let mut dates = rest.strip_prefix(',')?.split(',');
    let year = super::broken_down(time, &standard)?
        .year
        .checked_add(1900)?;
    let start = change(dates.next()?, year)?.checked_sub(standard.east)?;
    let end = change(dates.next()?, year)?.checked_sub(summer.east)?;
    let is_summer = if start < end {
        (start..end).contains(&time)
    } else {
        !(end..start).contains(&time)
    };
    Some(if is_summer { summer } else { standard })
}

/// `CET` or `<+03>`, and what follows.
fn zone_name(rule: &str) -> Option<(String, &str)> {
    if let Some(rest) = rule.strip_prefix('<') {
        let (name, rest) = rest.split_once('>')?;
        return Some((name.to_owned(), rest));
    }
    let end = rule
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rule.len());
    let (name, rest) = rule.split_at(end);
    (!name.is_empty()).then(|| (name.to_owned(), rest))
}

/// `-1`, `5:30`: in seconds, and what follows.
fn hours(rule: &str) -> Option<(i64, &str)> {
    let end = rule
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | '-' | ':')))
        .unwrap_or(rule.len());
    let (written, rest) = rule.split_at(end);
    if written.is_empty() {
        return None;
    }
    let negative = written.starts_with('-');
    let mut seconds = 0_i64;
    for (part, unit) in written
        .trim_start_matches(['+', '-'])
        .split(':')
        .zip([3600, 60, 1])
    {
        seconds = seconds.checked_add(part.parse::<i64>().ok()?.checked_mul(unit)?)?;
    }
    Some((if negative { -seconds } else { seconds }, rest))
}

/// `M3.5.0/2`: when in a year, in the zone's own time before the change.
fn change(rule: &str, year: i64) -> Option<i64> {
    let (date, at) = rule.split_once('/').unwrap_or((rule, "2"));
    let (at, _) = hours(at)?;
    let day = if let Some(date) = date.strip_prefix('M') {
        let mut parts = date.split('.').map(str::parse::<i64>);
        let month = parts.next()?.ok()?;
        let week = parts.next()?.ok()?;
        let weekday = parts.next()?.ok()?;
        let first = super::days_before(year, month.checked_sub(1)?)?;
        let next = super::days_before(
            year.checked_add(i64::from(month == 12))?,
            month.rem_euclid(12),
        )?;
        let first_weekday = first.checked_add(4)?.rem_euclid(7);
        let day = first
            .checked_add(weekday.checked_sub(first_weekday)?.rem_euclid(7))?
            .checked_add(week.checked_sub(1)?.checked_mul(7)?)?;
        if day >= next {
            day.checked_sub(7)?
        } else {
            day
        }
    } else {
        let zero_based = date.strip_prefix('J').is_none();
        let day: i64 = date.trim_start_matches('J').parse().ok()?;
        let first = super::days_before(year, 0)?;
        first.checked_add(if zero_based { day } else { day.checked_sub(1)? })?
    };
    day.checked_mul(86400)?.checked_add(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_zones() {
        let rule = b"\nCET-1CEST,M3.5.0,M10.5.0/3\n";
        let at = |time| of_rule(rule, time).map(|offset| (offset.east, offset.name));
        // 2026-03-29 01:00 UTC is the change to summer time.
        assert_eq!(at(1_774_745_999), Some((3600, "CET".into())));
        assert_eq!(at(1_774_746_000), Some((7200, "CEST".into())));
        // 2026-10-25 01:00 UTC is the change back.
        assert_eq!(at(1_792_889_999), Some((7200, "CEST".into())));
        assert_eq!(at(1_792_890_000), Some((3600, "CET".into())));
        assert_eq!(
            of_rule(b"\n<+0530>-5:30\n", 0).map(|offset| offset.east),
            Some(19800)
        );
    }
}
