//! Comparing strings.

use std::cmp::Ordering;
use std::rc::Rc;

use super::super::arguments::Arguments;
use super::super::characters::folded;
use super::super::{Entry, Table};
use super::{Part, count};
use crate::machines::engine::{Answer, Fault, Value, View, boolean, integer, raise, view};

/// Comparisons of any number of strings, and of SRFI-13 of parts of two.
macro_rules! comparison {
    ($chain:literal, $ranged:literal, $fold:literal, $holds:expr) => {
        [
            (
                $chain,
                (|values: &[Value]| chain($ranged, values, $fold, $holds))
                    as fn(&[Value]) -> Answer,
            ),
            ($ranged, |values: &[Value]| {
                ranged($ranged, values, $fold, $holds)
            }),
        ]
    };
}

const ALL: [[Entry; 2]; 10] = [
    comparison!("string=?", "string=", false, Ordering::is_eq),
    comparison!("string<?", "string<", false, Ordering::is_lt),
    comparison!("string>?", "string>", false, Ordering::is_gt),
    comparison!("string<=?", "string<=", false, Ordering::is_le),
    comparison!("string>=?", "string>=", false, Ordering::is_ge),
    comparison!("string-ci=?", "string-ci=", true, Ordering::is_eq),
    comparison!("string-ci<?", "string-ci<", true, Ordering::is_lt),
    comparison!("string-ci>?", "string-ci>", true, Ordering::is_gt),
    comparison!("string-ci<=?", "string-ci<=", true, Ordering::is_le),
    comparison!("string-ci>=?", "string-ci>=", true, Ordering::is_ge),
];

pub const TABLE: Table = &{
    let [a, b, c, d, e, f, g, h, i, j] = ALL;
    [
        a[0],
        a[1],
        b[0],
        b[1],
        c[0],
        c[1],
        d[0],
        d[1],
        e[0],
        e[1],
        f[0],
        f[1],
        g[0],
        g[1],
        h[0],
        h[1],
        i[0],
        i[1],
        j[0],
        j[1],
        ("string<>", |values| {
            ranged("string<>", values, false, Ordering::is_ne)
        }),
        ("string-ci<>", |values| {
            ranged("string-ci<>", values, true, Ordering::is_ne)
        }),
        ("%string-mismatch", mismatch),
        ("string-hash", |values| hash("string-hash", values, false)),
        ("string-hash-ci", |values| {
            hash("string-hash-ci", values, true)
        }),
    ]
};

fn compare(a: &str, b: &str, fold: bool) -> Ordering {
    if fold {
        a.chars().map(folded).cmp(b.chars().map(folded))
    } else {
        a.chars().cmp(b.chars())
    }
}

/// The errors speak of the two that are compared at that moment.
fn chain(name: &'static str, values: &[Value], fold: bool, holds: fn(Ordering) -> bool) -> Answer {
    let mut last: Option<Rc<str>> = None;
    let mut all = true;
    for (index, value) in values.iter().enumerate() {
        let View::Text(content) = view(value) else {
            let position = index.min(1).saturating_add(1);
            return Err(raise::wrong_type_at(name, position, "string", value));
        };
        if let Some(last) = last {
            all = all && holds(compare(&last, &content, fold));
        }
        last = Some(content);
    }
    Ok(boolean(all))
}

fn parts(name: &'static str, values: &[Value], fold: bool) -> Result<(Part, Part), Fault> {
    let arguments = Arguments::between(name, values, 2, 6)?;
    let mut parts = (Part::of(&arguments, 0, 2)?, Part::of(&arguments, 1, 4)?);
    if fold {
        for c in parts.0.chars.iter_mut().chain(&mut parts.1.chars) {
            *c = folded(*c);
        }
    }
    Ok(parts)
}

/// SRFI-13's: the index of the first difference in the first string, or `#f`.
fn ranged(name: &'static str, values: &[Value], fold: bool, holds: fn(Ordering) -> bool) -> Answer {
    let (a, b) = parts(name, values, fold)?;
    Ok(boolean(holds(a.chars().cmp(b.chars()))))
}

/// `(%string-mismatch FOLD A B RANGE …)`: where they begin to differ, and how:
/// below, at or above 0, as 4 n + 1 ± 1.
fn mismatch(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("string-compare", values, 3)?;
    let fold = !matches!(view(arguments.value(0)?), View::Boolean(false));
    let (a, b) = parts("string-compare", values.get(1..).unwrap_or_default(), fold)?;
    let same = a
        .chars()
        .iter()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let order = match a.chars().cmp(b.chars()) {
        Ordering::Less => 0,
        Ordering::Equal => 1,
        Ordering::Greater => 2,
    };
    let at = a.start.saturating_add(same);
    let packed = at.saturating_mul(4).saturating_add(order);
    Ok(count(packed))
}

fn hash(name: &'static str, values: &[Value], fold: bool) -> Answer {
    let arguments = Arguments::between(name, values, 1, 4)?;
    let part = Part::of(&arguments, 0, 2)?;
    let bound = match arguments.optional(1) {
        Some(_) => arguments.integer(1)?.max(1).unsigned_abs(),
        None => u64::MAX,
    };
    let content: String = part
        .chars()
        .iter()
        .map(|c| if fold { folded(*c) } else { *c })
        .collect();
    let hash = super::super::tables::hash::text(&content);
    let rest = hash.checked_rem(bound).unwrap_or_default();
    Ok(integer(i64::try_from(rest).unwrap_or_default()))
}
