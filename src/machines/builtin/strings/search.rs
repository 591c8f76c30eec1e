//! Looking for something in strings, and taking them apart.

use super::super::Table;
use super::super::arguments::Arguments;
use super::{Matcher, Part, count};
use crate::machines::engine::{Answer, Value, boolean, from_list, text};

pub const TABLE: Table = &[
    ("%string-index", |values| {
        position("string-index", values, true, false)
    }),
    ("%string-rindex", |values| {
        position("string-rindex", values, true, true)
    }),
    ("%string-skip", |values| {
        position("string-skip", values, false, false)
    }),
    ("%string-skip-right", |values| {
        position("string-skip-right", values, false, true)
    }),
    ("%string-count", string_count),
    ("%string-split", string_split),
    ("%string-tokenize", string_tokenize),
    ("%string-trim", |values| {
        trim("string-trim", values, true, false)
    }),
    ("%string-trim-right", |values| {
        trim("string-trim-right", values, false, true)
    }),
    ("%string-trim-both", |values| {
        trim("string-trim-both", values, true, true)
    }),
    ("%string-filter", |values| {
        filter("string-filter", values, true)
    }),
    ("%string-delete", |values| {
        filter("string-delete", values, false)
    }),
    ("%string-any", |values| {
        quantified("string-any-c-code", values, |part, matcher| {
            part.iter().any(|c| matcher.has(*c))
        })
    }),
    ("%string-every", |values| {
        quantified("string-every-c-code", values, |part, matcher| {
            part.iter().all(|c| matcher.has(*c))
        })
    }),
    ("string-contains", |values| {
        contains("string-contains", values, false)
    }),
    ("string-contains-ci", |values| {
        contains("string-contains-ci", values, true)
    }),
    ("string-prefix?", |values| {
        affix("string-prefix?", values, false, false)
    }),
    ("string-prefix-ci?", |values| {
        affix("string-prefix-ci?", values, true, false)
    }),
    ("string-suffix?", |values| {
        affix("string-suffix?", values, false, true)
    }),
    ("string-suffix-ci?", |values| {
        affix("string-suffix-ci?", values, true, true)
    }),
    ("string-prefix-length", |values| {
        common("string-prefix-length", values, false, false)
    }),
    ("string-prefix-length-ci", |values| {
        common("string-prefix-length-ci", values, true, false)
    }),
    ("string-suffix-length", |values| {
        common("string-suffix-length", values, false, true)
    }),
    ("string-suffix-length-ci", |values| {
        common("string-suffix-length-ci", values, true, true)
    }),
];

/// `(string-index STRING WHAT START END)`
fn position(name: &'static str, values: &[Value], wanted: bool, right: bool) -> Answer {
    let arguments = Arguments::between(name, values, 2, 4)?;
    let part = Part::of(&arguments, 0, 2)?;
    let matcher = Matcher::of(&arguments, 1)?;
    let found = if right {
        part.chars().iter().rposition(|c| matcher.has(*c) == wanted)
    } else {
        part.chars().iter().position(|c| matcher.has(*c) == wanted)
    };
    Ok(found.map_or_else(|| boolean(false), |at| count(at.saturating_add(part.start))))
}

fn string_count(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string-count", values, 2, 4)?;
    let part = Part::of(&arguments, 0, 2)?;
    let matcher = Matcher::of(&arguments, 1)?;
    let found = part.chars().iter().filter(|c| matcher.has(**c)).count();
    Ok(count(found))
}

fn texts<'a>(parts: impl Iterator<Item = &'a [char]>) -> Value {
    from_list(
        parts
            .map(|part| text(part.iter().collect::<String>()))
            .collect(),
    )
}

fn string_split(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-split", values, 2)?;
    let part = Part::of(&arguments, 0, 2)?;
    let matcher = Matcher::of(&arguments, 1)?;
    Ok(texts(part.chars().split(|c| matcher.has(*c))))
}

/// `(string-tokenize STRING TOKEN-SET START END)`
fn string_tokenize(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string-tokenize", values, 1, 4)?;
    let part = Part::of(&arguments, 0, 2)?;
    let matcher = match arguments.optional(1) {
        Some(_) => Matcher::of(&arguments, 1)?,
        None => Matcher::Of(super::Set::graphic()),
    };
    let parts = part.chars().split(|c| !matcher.has(*c));
    Ok(texts(parts.filter(|part| !part.is_empty())))
}

fn trim(name: &'static str, values: &[Value], left: bool, right: bool) -> Answer {
    let arguments = Arguments::between(name, values, 1, 4)?;
    let part = Part::of(&arguments, 0, 2)?;
    let matcher = Matcher::optional(&arguments, 1)?;
    let mut rest = part.chars();
    while left
        && let Some((first, others)) = rest.split_first()
        && matcher.has(*first)
    {
        rest = others;
    }
    while right
        && let Some((last, others)) = rest.split_last()
        && matcher.has(*last)
    {
        rest = others;
    }
    Ok(text(rest.iter().collect::<String>()))
}

/// `(string-filter WHAT STRING START END)`
fn filter(name: &'static str, values: &[Value], wanted: bool) -> Answer {
    let arguments = Arguments::between(name, values, 2, 4)?;
    let part = Part::of(&arguments, 1, 2)?;
    let matcher = Matcher::of(&arguments, 0)?;
    let kept = part.chars().iter().filter(|c| matcher.has(**c) == wanted);
    Ok(text(kept.collect::<String>()))
}

/// `(string-any WHAT STRING START END)`
fn quantified(name: &'static str, values: &[Value], test: fn(&[char], &Matcher) -> bool) -> Answer {
    let arguments = Arguments::between(name, values, 2, 4)?;
    let part = Part::of(&arguments, 1, 2)?;
    let matcher = Matcher::of(&arguments, 0)?;
    Ok(boolean(test(part.chars(), &matcher)))
}

/// Two strings, each with its range; without regard to case if asked.
fn two(
    name: &'static str,
    values: &[Value],
    fold: bool,
) -> Result<(Part, Part), crate::machines::engine::Fault> {
    let arguments = Arguments::between(name, values, 2, 6)?;
    let mut parts = (Part::of(&arguments, 0, 2)?, Part::of(&arguments, 1, 4)?);
    if fold {
        for part in [&mut parts.0, &mut parts.1] {
            for c in &mut part.chars {
                *c = super::super::characters::folded(*c);
            }
        }
    }
    Ok(parts)
}

fn contains(name: &'static str, values: &[Value], fold: bool) -> Answer {
    let (all, wanted) = two(name, values, fold)?;
    let wanted = wanted.chars();
    if wanted.is_empty() {
        return Ok(count(all.start));
    }
    let found = all
        .chars()
        .windows(wanted.len())
        .position(|window| window == wanted);
    Ok(found.map_or_else(|| boolean(false), |at| count(at.saturating_add(all.start))))
}

/// The part comes first: `(string-prefix? PART ALL)`.
fn affix(name: &'static str, values: &[Value], fold: bool, end: bool) -> Answer {
    let (part, all) = two(name, values, fold)?;
    Ok(boolean(if end {
        all.chars().ends_with(part.chars())
    } else {
        all.chars().starts_with(part.chars())
    }))
}

fn common(name: &'static str, values: &[Value], fold: bool, end: bool) -> Answer {
    let (a, b) = two(name, values, fold)?;
    let (a, b) = (a.chars(), b.chars());
    let equal = |(a, b): &(&char, &char)| a == b;
    Ok(count(if end {
        a.iter().rev().zip(b.iter().rev()).take_while(equal).count()
    } else {
        a.iter().zip(b).take_while(equal).count()
    }))
}
