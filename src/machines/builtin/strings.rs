//! Strings.

use std::rc::Rc;

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, character, from_list, integer, text, view,
};

pub const TABLE: Table = &[
    ("string?", is_string),
    ("string-append", string_append),
    ("string-concatenate", string_concatenate),
    ("string-length", string_length),
    ("string-null?", string_null),
    ("string-ref", string_ref),
    ("substring", |values| part("substring", values, 2)),
    ("string-copy", |values| part("string-copy", values, 1)),
    ("string-take", string_take),
    ("string-drop", string_drop),
    ("string-take-right", string_take_right),
    ("string-drop-right", string_drop_right),
    ("string-join", string_join),
    ("string-split", string_split),
    ("string-index", string_index),
    ("string-rindex", string_rindex),
    ("string-contains", string_contains),
    ("string-prefix?", |values| {
        affix("string-prefix?", values, |all, part| all.starts_with(part))
    }),
    ("string-suffix?", |values| {
        affix("string-suffix?", values, |all, part| all.ends_with(part))
    }),
    ("string=?", |values| {
        compare("string=?", values, |a, b| a == b)
    }),
    ("string<?", |values| {
        compare("string<?", values, |a, b| a < b)
    }),
    ("string>?", |values| {
        compare("string>?", values, |a, b| a > b)
    }),
    ("string-ci=?", |values| {
        compare("string-ci=?", values, |a, b| {
            a.to_lowercase() == b.to_lowercase()
        })
    }),
    ("string-trim", |values| {
        trim("string-trim", values, true, false)
    }),
    ("string-trim-right", |values| {
        trim("string-trim-right", values, false, true)
    }),
    ("string-trim-both", |values| {
        trim("string-trim-both", values, true, true)
    }),
    ("string-upcase", |values| {
        cased("string-upcase", values, true)
    }),
    ("string-downcase", |values| {
        cased("string-downcase", values, false)
    }),
    ("string-reverse", string_reverse),
    ("string-pad", |values| pad("string-pad", values, true)),
    ("string-pad-right", |values| {
        pad("string-pad-right", values, false)
    }),
    ("make-string", make_string),
    ("string-replace-substring", string_replace_substring),
];

/// More than this is no string that a machine file can want.
const LENGTH_MAX: usize = 64 << 20;

fn is_string(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string?", values, 1)?;
    Ok(boolean(matches!(view(arguments.value(0)?), View::Text(_))))
}

fn string_append(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("string-append", values, 0)?;
    let mut out = String::new();
    for index in 0..values.len() {
        out.push_str(&arguments.text(index)?);
    }
    Ok(text(out))
}

fn texts(arguments: &Arguments<'_>, index: usize) -> Result<Vec<String>, Fault> {
    arguments
        .list(index)?
        .iter()
        .map(|item| match view(item) {
            View::Text(text) => Ok(text.to_string()),
            _ => Err(arguments.wrong(index, "a list of strings")),
        })
        .collect()
}

fn string_concatenate(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-concatenate", values, 1)?;
    Ok(text(texts(&arguments, 0)?.concat()))
}

fn count(n: usize) -> Value {
    integer(i64::try_from(n).unwrap_or(i64::MAX))
}

fn string_length(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-length", values, 1)?;
    Ok(count(arguments.text(0)?.chars().count()))
}

fn string_null(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-null?", values, 1)?;
    Ok(boolean(arguments.text(0)?.is_empty()))
}

fn string_ref(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-ref", values, 2)?;
    arguments
        .text(0)?
        .chars()
        .nth(arguments.index(1)?)
        .map(character)
        .ok_or_else(|| arguments.out_of_range(1))
}

fn slice(all: &str, start: usize, end: usize) -> String {
    all.chars()
        .skip(start)
        .take(end.saturating_sub(start))
        .collect()
}

fn part(name: &'static str, values: &[Value], min: usize) -> Answer {
    let arguments = Arguments::between(name, values, min, 3)?;
    let all = &*arguments.text(0)?;
    let (start, end) = arguments.range(1, all.chars().count())?;
    Ok(text(slice(all, start, end)))
}

/// A string, its length, and a count that is not above it.
fn counted(name: &'static str, values: &[Value]) -> Result<(Rc<str>, usize, usize), Fault> {
    let arguments = Arguments::exactly(name, values, 2)?;
    let all = arguments.text(0)?;
    let length = all.chars().count();
    let count = arguments.index(1)?;
    if count > length {
        return Err(arguments.out_of_range(1));
    }
    Ok((all, length, count))
}

fn string_take(values: &[Value]) -> Answer {
    let (all, _, count) = counted("string-take", values)?;
    Ok(text(slice(&all, 0, count)))
}

fn string_drop(values: &[Value]) -> Answer {
    let (all, length, count) = counted("string-drop", values)?;
    Ok(text(slice(&all, count, length)))
}

fn string_take_right(values: &[Value]) -> Answer {
    let (all, length, count) = counted("string-take-right", values)?;
    Ok(text(slice(&all, length.saturating_sub(count), length)))
}

fn string_drop_right(values: &[Value]) -> Answer {
    let (all, length, count) = counted("string-drop-right", values)?;
    Ok(text(slice(&all, 0, length.saturating_sub(count))))
}

fn string_join(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string-join", values, 1, 3)?;
    let parts = texts(&arguments, 0)?;
    let delimiter = match arguments.optional(1) {
        Some(_) => &*arguments.text(1)?,
        None => " ",
    };
    let grammar = match arguments.optional(2) {
        Some(_) => arguments.symbol(2)?,
        None => "infix",
    };
    Ok(text(match grammar {
        "infix" | "strict-infix" => parts.join(delimiter),
        "prefix" | "suffix" if parts.is_empty() => String::new(),
        "prefix" => format!("{delimiter}{}", parts.join(delimiter)),
        "suffix" => format!("{}{delimiter}", parts.join(delimiter)),
        _ => return Err(arguments.wrong(2, "infix, strict-infix, prefix or suffix")),
    }))
}

fn string_split(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-split", values, 2)?;
    let delimiter = arguments.character(1)?;
    Ok(from_list(
        arguments.text(0)?.split(delimiter).map(text).collect(),
    ))
}

fn string_index(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-index", values, 2)?;
    let wanted = arguments.character(1)?;
    let found = arguments.text(0)?.chars().position(|c| c == wanted);
    Ok(found.map_or_else(|| boolean(false), count))
}

fn string_rindex(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-rindex", values, 2)?;
    let wanted = arguments.character(1)?;
    let all: Vec<char> = arguments.text(0)?.chars().collect();
    let found = all.iter().rposition(|c| *c == wanted);
    Ok(found.map_or_else(|| boolean(false), count))
}

fn string_contains(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-contains", values, 2)?;
    let all = &*arguments.text(0)?;
    let found = all.find(&*arguments.text(1)?);
    Ok(found.map_or_else(
        || boolean(false),
        |at| count(all.get(..at).unwrap_or_default().chars().count()),
    ))
}

/// The part comes first: `(string-prefix? PART ALL)`.
fn affix(name: &'static str, values: &[Value], test: fn(&str, &str) -> bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    Ok(boolean(test(&arguments.text(1)?, &arguments.text(0)?)))
}

fn compare(name: &'static str, values: &[Value], test: fn(&str, &str) -> bool) -> Answer {
    let arguments = Arguments::at_least(name, values, 0)?;
    let mut all = Vec::new();
    for index in 0..values.len() {
        all.push(arguments.text(index)?);
    }
    Ok(boolean(all.windows(2).all(|pair| match pair {
        [a, b] => test(a, b),
        _ => true,
    })))
}

fn trim(name: &'static str, values: &[Value], left: bool, right: bool) -> Answer {
    let arguments = Arguments::between(name, values, 1, 2)?;
    let dropped = match arguments.optional(1) {
        Some(_) => Some(arguments.character(1)?),
        None => None,
    };
    let drop = |c: char| dropped.map_or_else(|| c.is_whitespace(), |dropped| c == dropped);
    let content = arguments.text(0)?;
    let mut all = &*content;
    if left {
        all = all.trim_start_matches(drop);
    }
    if right {
        all = all.trim_end_matches(drop);
    }
    Ok(text(all))
}

/// Character by character, as Guile does: what would become several
/// characters stays.
fn cased(name: &'static str, values: &[Value], upper: bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    let one = |c: char| {
        let all: Vec<char> = if upper {
            c.to_uppercase().collect()
        } else {
            c.to_lowercase().collect()
        };
        match all.as_slice() {
            [one] => *one,
            _ => c,
        }
    };
    Ok(text(
        arguments.text(0)?.chars().map(one).collect::<String>(),
    ))
}

fn string_reverse(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-reverse", values, 1)?;
    Ok(text(arguments.text(0)?.chars().rev().collect::<String>()))
}

/// To a length; `string-pad` keeps the right end, `string-pad-right` the left.
fn pad(name: &'static str, values: &[Value], left: bool) -> Answer {
    let arguments = Arguments::between(name, values, 2, 3)?;
    let all: Vec<char> = arguments.text(0)?.chars().collect();
    let length = arguments.index(1)?;
    if length > LENGTH_MAX {
        return Err(arguments.out_of_range(1));
    }
    let fill = match arguments.optional(2) {
        Some(_) => arguments.character(2)?,
        None => ' ',
    };
    let missing = length.saturating_sub(all.len());
    let surplus = all.len().saturating_sub(length);
    let filling = std::iter::repeat_n(fill, missing);
    Ok(text(if left {
        filling
            .chain(all.iter().copied().skip(surplus))
            .collect::<String>()
    } else {
        all.iter().copied().take(length).chain(filling).collect()
    }))
}

fn make_string(values: &[Value]) -> Answer {
    let arguments = Arguments::between("make-string", values, 1, 2)?;
    let length = arguments.index(0)?;
    if length > LENGTH_MAX {
        return Err(arguments.out_of_range(0));
    }
    let fill = match arguments.optional(1) {
        Some(_) => arguments.character(1)?,
        None => ' ',
    };
    Ok(text(String::from(fill).repeat(length)))
}

fn string_replace_substring(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-replace-substring", values, 3)?;
    Ok(text(
        arguments
            .text(0)?
            .replace(&*arguments.text(1)?, &arguments.text(2)?),
    ))
}
