//! Strings made out of others, and changed in place.

use super::super::arguments::Arguments;
use super::super::characters::{downcased, upcased};
use super::super::{Entry, Table};
use super::{Part, fill, repeated};
use crate::machines::engine::{Answer, Fault, Value, View, set_text, text, unspecified, view};

/// A change of the characters of a range, as a new string and in place.
macro_rules! change {
    ($name:literal, $in_place:literal, $change:expr) => {
        [
            (
                $name,
                (|values: &[Value]| fresh($name, values, $change)) as fn(&[Value]) -> Answer,
            ),
            ($in_place, |values: &[Value]| {
                in_place($in_place, values, $change)
            }),
        ]
    };
}

const CHANGES: [[Entry; 2]; 5] = [
    change!("string-upcase", "string-upcase!", |part| part
        .iter()
        .map(|c| upcased(*c))
        .collect()),
    change!("string-downcase", "string-downcase!", |part| part
        .iter()
        .map(|c| downcased(*c))
        .collect()),
    change!("string-capitalize", "string-capitalize!", capitalized),
    change!("string-titlecase", "string-titlecase!", capitalized),
    change!("string-reverse", "string-reverse!", |part| part
        .iter()
        .rev()
        .copied()
        .collect()),
];

pub const TABLE: Table = &{
    let [a, b, c, d, e] = CHANGES;
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
        ("string-pad", |values| pad("string-pad", values, true)),
        ("string-pad-right", |values| {
            pad("string-pad-right", values, false)
        }),
        ("string-replace", replace),
        ("string-copy!", copy_into),
        ("string-fill!", |values| fill_part(values, 1)),
        ("substring-fill!", |values| fill_part(values, 3)),
        ("substring-move!", substring_move),
        ("xsubstring", xsubstring),
        ("string-replace-substring", replace_substring),
        ("string-normalize-nfc", |values| {
            normalized("string-normalize-nfc", values)
        }),
        ("string-normalize-nfd", |values| {
            normalized("string-normalize-nfd", values)
        }),
        ("string-normalize-nfkc", |values| {
            normalized("string-normalize-nfkc", values)
        }),
        ("string-normalize-nfkd", |values| {
            normalized("string-normalize-nfkd", values)
        }),
    ]
};

type Change = fn(&[char]) -> Vec<char>;

fn capitalized(part: &[char]) -> Vec<char> {
    let mut inside = false;
    part.iter()
        .map(|c| {
            let first = !inside;
            inside = c.is_alphabetic();
            match (inside, first) {
                (true, true) => upcased(*c),
                (true, false) => downcased(*c),
                (false, _) => *c,
            }
        })
        .collect()
}

fn fresh(name: &'static str, values: &[Value], change: Change) -> Answer {
    let arguments = Arguments::between(name, values, 1, 3)?;
    let part = Part::of(&arguments, 0, 1)?;
    Ok(text(part.with(change(part.chars()))))
}

fn in_place(name: &'static str, values: &[Value], change: Change) -> Answer {
    let arguments = Arguments::between(name, values, 1, 3)?;
    let part = Part::of(&arguments, 0, 1)?;
    let string = arguments.value(0)?;
    set_text(string, part.with(change(part.chars())));
    Ok(string.clone())
}

/// To a length; `string-pad` keeps the right end, `string-pad-right` the left.
fn pad(name: &'static str, values: &[Value], left: bool) -> Answer {
    let arguments = Arguments::between(name, values, 2, 5)?;
    let part = Part::of(&arguments, 0, 3)?;
    let length = arguments.index(1)?;
    let c = fill(&arguments, 2, ' ')?;
    let part = part.chars();
    let missing = length.saturating_sub(part.len());
    let surplus = part.len().saturating_sub(length);
    let filling = repeated(c, missing).ok_or_else(|| arguments.out_of_range(1))?;
    Ok(text(if left {
        let kept: String = part.iter().skip(surplus).collect();
        filling + &kept
    } else {
        let kept: String = part.iter().take(length).collect();
        kept + &filling
    }))
}

/// `(string-replace A B START-A END-A START-B END-B)`
fn replace(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string-replace", values, 2, 6)?;
    let (a, b) = (Part::of(&arguments, 0, 2)?, Part::of(&arguments, 1, 4)?);
    Ok(text(a.with(b.chars().iter().copied())))
}

/// Puts characters into a string at a place where they fit.
fn put(arguments: &Arguments<'_>, target: usize, at: usize, part: &[char]) -> Result<(), Fault> {
    let mut chars: Vec<char> = arguments.text(target)?.chars().collect();
    let start = arguments.index(at)?;
    let end = start.saturating_add(part.len());
    chars
        .get_mut(start..end)
        .ok_or_else(|| arguments.out_of_range(at))?
        .copy_from_slice(part);
    set_text(
        arguments.value(target)?,
        chars.into_iter().collect::<String>(),
    );
    Ok(())
}

/// `(string-copy! TARGET AT SOURCE START END)`
fn copy_into(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string-copy!", values, 3, 5)?;
    let source = Part::of(&arguments, 2, 3)?;
    put(&arguments, 0, 1, source.chars())?;
    Ok(unspecified())
}

/// `(substring-move! SOURCE START END TARGET AT)`
fn substring_move(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("substring-move!", values, 5)?;
    let source = Part::of(&arguments, 0, 1)?;
    put(&arguments, 3, 4, source.chars())?;
    Ok(unspecified())
}

/// `(string-fill! STRING C START END)` and `(substring-fill! STRING START END C)`
fn fill_part(values: &[Value], c: usize) -> Answer {
    let arguments = Arguments::between("string-fill!", values, 2, 4)?;
    let part = Part::of(&arguments, 0, if c == 1 { 2 } else { 1 })?;
    let c = arguments.character(c)?;
    set_text(
        arguments.value(0)?,
        part.with(part.chars().iter().map(|_| c)),
    );
    Ok(unspecified())
}

/// `(xsubstring STRING FROM TO START END)`: of the string repeated without
/// end in both directions.
fn xsubstring(values: &[Value]) -> Answer {
    let arguments = Arguments::between("xsubstring", values, 2, 5)?;
    let part = Part::of(&arguments, 0, 3)?;
    let chars = part.chars();
    let from = arguments.integer(1)?;
    let length = i64::try_from(chars.len()).unwrap_or(i64::MAX);
    let to = match arguments.optional(2) {
        Some(_) => arguments.integer(2)?,
        None => from.saturating_add(length),
    };
    if from > to || to.saturating_sub(from) > 1 << 24 {
        return Err(arguments.out_of_range(2));
    }
    let out: Option<String> = (from..to)
        .map(|at| {
            let at = usize::try_from(at.checked_rem_euclid(length)?).ok()?;
            chars.get(at).copied()
        })
        .collect();
    out.map(text).ok_or_else(|| arguments.out_of_range(0))
}

fn replace_substring(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string-replace-substring", values, 3, 5)?;
    let all = Part::of(&arguments, 0, 3)?;
    let wanted = arguments.text(1)?;
    let part: String = all.chars().iter().collect();
    if wanted.is_empty() {
        return Ok(text(part));
    }
    Ok(text(part.replace(&*wanted, &arguments.text(2)?)))
}

/// Only what needs no change: all characters are below the first that any
/// normalization touches.
fn normalized(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    match view(arguments.value(0)?) {
        View::Text(content) if content.is_ascii() => Ok(text(content)),
        View::Text(_) => Err(super::super::unsupported(name)),
        _ => Err(arguments.wrong(0, "string")),
    }
}
