//! Strings.
//!
//! What takes a predicate takes a character or a set of characters here; the
//! procedures in `scheme/` make a set of what a procedure says of the string.

mod change;
mod compare;
mod search;

use std::rc::Rc;

use super::Table;
use super::arguments::Arguments;
use super::characters::Set;
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, character, from_list, integer, list_items, raise,
    set_text, text, unspecified, view, with_foreign,
};

pub const TABLES: &[Table] = &[TABLE, change::TABLE, compare::TABLE, search::TABLE];

const TABLE: Table = &[
    ("string?", is_string),
    ("string", |values| from_characters(values.iter()).map(text)),
    ("make-string", make_string),
    ("string-length", string_length),
    ("string-null?", string_null),
    ("string-ref", string_ref),
    ("string-set!", string_set),
    ("string-append", |values| append(values)),
    ("string-append/shared", |values| append(values)),
    ("string-concatenate", |values| {
        concatenate("string-concatenate", values)
    }),
    ("string-concatenate/shared", |values| {
        concatenate("string-concatenate/shared", values)
    }),
    ("string-concatenate-reverse", concatenate_reverse),
    ("substring", |values| part("substring", values, 2)),
    ("substring/shared", |values| {
        part("substring/shared", values, 2)
    }),
    ("substring/copy", |values| part("substring/copy", values, 2)),
    ("substring/read-only", |values| {
        part("substring/read-only", values, 2)
    }),
    ("string-copy", |values| part("string-copy", values, 1)),
    ("string-take", |values| {
        taken("string-take", values, |n, _| (0, n))
    }),
    ("string-drop", |values| {
        taken("string-drop", values, |n, length| (n, length))
    }),
    ("string-take-right", |values| {
        taken("string-take-right", values, |n, length| {
            (length.saturating_sub(n), length)
        })
    }),
    ("string-drop-right", |values| {
        taken("string-drop-right", values, |n, length| {
            (0, length.saturating_sub(n))
        })
    }),
    ("string->list", to_list),
    ("list->string", |values| {
        let arguments = Arguments::exactly("list->string", values, 1)?;
        from_characters(arguments.list(0)?.iter()).map(text)
    }),
    ("reverse-list->string", |values| {
        let arguments = Arguments::exactly("reverse-list->string", values, 1)?;
        from_characters(arguments.list(0)?.iter().rev()).map(text)
    }),
    ("string-join", join),
    ("string-utf8-length", utf8_length),
    ("string-bytes-per-char", bytes_per_char),
];

/// A string and the part of it that optional arguments name.
struct Part {
    chars: Vec<char>,
    start: usize,
    end: usize,
}

impl Part {
    /// The string at `index`, its range from `range` on.
    fn of(arguments: &Arguments<'_>, index: usize, range: usize) -> Result<Self, Fault> {
        let chars: Vec<char> = arguments.text(index)?.chars().collect();
        let (start, end) = arguments.range(range, chars.len())?;
        Ok(Self { chars, start, end })
    }

    fn chars(&self) -> &[char] {
        self.chars.get(self.start..self.end).unwrap_or_default()
    }

    fn before(&self) -> &[char] {
        self.chars.get(..self.start).unwrap_or_default()
    }

    fn after(&self) -> &[char] {
        self.chars.get(self.end..).unwrap_or_default()
    }

    /// The whole string with another part.
    fn with(&self, part: impl IntoIterator<Item = char>) -> String {
        let before = self.before().iter().copied();
        before
            .chain(part)
            .chain(self.after().iter().copied())
            .collect()
    }
}

/// What characters an argument means.
enum Matcher {
    One(char),
    Of(Set),
}

impl Matcher {
    /// A character or a set of them.
    fn of(arguments: &Arguments<'_>, index: usize) -> Result<Self, Fault> {
        let value = arguments.value(index)?;
        if let View::Character(c) = view(value) {
            return Ok(Self::One(c));
        }
        with_foreign(value, Set::clone)
            .map(Self::Of)
            .ok_or_else(|| arguments.wrong_plain(index))
    }

    /// The same, white space by default.
    fn optional(arguments: &Arguments<'_>, index: usize) -> Result<Self, Fault> {
        match arguments.optional(index) {
            Some(_) => Self::of(arguments, index),
            None => Ok(Self::Of(Set::whitespace())),
        }
    }

    fn has(&self, c: char) -> bool {
        match self {
            Self::One(one) => *one == c,
            Self::Of(set) => set.has(c),
        }
    }
}

fn is_string(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string?", values, 1)?;
    Ok(boolean(matches!(view(arguments.value(0)?), View::Text(_))))
}

fn not_a(expected: &str, subr: &str, value: &Value) -> Fault {
    raise::wrong_type_expecting(subr, expected, value)
}

fn from_characters<'a>(values: impl Iterator<Item = &'a Value>) -> Result<String, Fault> {
    values
        .map(|value| match view(value) {
            View::Character(c) => Ok(c),
            _ => Err(not_a("character", "string", value)),
        })
        .collect()
}

/// A character that may be missing.
fn fill(arguments: &Arguments<'_>, index: usize, default: char) -> Result<char, Fault> {
    match arguments.optional(index) {
        None => Ok(default),
        Some(value) => match view(value) {
            View::Character(c) => Ok(c),
            _ => Err(not_a("character", "", value)),
        },
    }
}

/// So many of a character; `None` if no memory could hold them.
fn repeated(c: char, count: usize) -> Option<String> {
    let mut out = String::new();
    // Where memory has a limit this is where it ends the child.
    out.try_reserve_exact(count.checked_mul(c.len_utf8())?)
        .ok()?;
    out.extend(std::iter::repeat_n(c, count));
    Some(out)
}

fn make_string(values: &[Value]) -> Answer {
    let arguments = Arguments::between("make-string", values, 1, 2)?;
    let count = arguments.index(0)?;
    let c = fill(&arguments, 1, '\0')?;
    repeated(c, count)
        .map(text)
        .ok_or_else(|| arguments.out_of_range(0))
}

fn count(n: usize) -> Value {
    integer(i64::try_from(n).unwrap_or(i64::MAX))
}

fn string_length(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-length", values, 1)?;
    match view(arguments.value(0)?) {
        View::Text(content) => Ok(count(length(&content))),
        _ => Err(raise::wrong_type_of(
            "string-length",
            1,
            "string",
            arguments.value(0)?,
        )),
    }
}

fn length(content: &str) -> usize {
    if content.is_ascii() {
        content.len()
    } else {
        content.chars().count()
    }
}

fn string_null(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-null?", values, 1)?;
    Ok(boolean(arguments.text(0)?.is_empty()))
}

fn nth(content: &str, index: usize) -> Option<char> {
    if content.is_ascii() {
        content.as_bytes().get(index).copied().map(char::from)
    } else {
        content.chars().nth(index)
    }
}

/// The error for an index that a string does not have.
fn no_index(content: &str, value: &Value) -> Fault {
    let last = i64::try_from(length(content)).unwrap_or(i64::MAX);
    if last == 0 {
        return raise::out_of_range("", value);
    }
    raise::out_of_bounds(0, last.saturating_sub(1), value)
}

fn index_in(arguments: &Arguments<'_>, content: &str, index: usize) -> Result<usize, Fault> {
    let value = arguments.value(index)?;
    match view(value) {
        View::Integer(n) => usize::try_from(n)
            .ok()
            .filter(|n| *n < length(content))
            .ok_or_else(|| no_index(content, value)),
        _ => Err(not_a("exact integer", "", value)),
    }
}

fn string_ref(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-ref", values, 2)?;
    let content = arguments.text(0)?;
    let index = index_in(&arguments, &content, 1)?;
    nth(&content, index)
        .map(character)
        .ok_or_else(|| arguments.out_of_range(1))
}

fn string_set(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-set!", values, 3)?;
    let content = arguments.text(0)?;
    let index = index_in(&arguments, &content, 1)?;
    let c = arguments.character(2)?;
    let mut chars: Vec<char> = content.chars().collect();
    if let Some(place) = chars.get_mut(index) {
        *place = c;
    }
    set_text(arguments.value(0)?, chars.into_iter().collect::<String>());
    Ok(unspecified())
}

fn append(values: &[Value]) -> Answer {
    let mut out = String::new();
    for value in values {
        match view(value) {
            View::Text(content) => out.push_str(&content),
            _ => return Err(not_a("string", "string-append", value)),
        }
    }
    Ok(text(out))
}

fn concatenate(name: &'static str, values: &[Value]) -> Answer {
    append(&Arguments::exactly(name, values, 1)?.list(0)?)
}

/// `(string-concatenate-reverse STRINGS FINAL END)`
fn concatenate_reverse(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string-concatenate-reverse", values, 1, 3)?;
    let mut strings = arguments.list(0)?;
    strings.reverse();
    if arguments.optional(1).is_some() {
        let all = arguments.text(1)?;
        let end = match arguments.optional(2) {
            Some(_) => arguments.index(2)?,
            None => length(&all),
        };
        strings.push(text(all.chars().take(end).collect::<String>()));
    }
    append(&strings)
}

fn part(name: &'static str, values: &[Value], min: usize) -> Answer {
    let arguments = Arguments::between(name, values, min, 3)?;
    let part = Part::of(&arguments, 0, 1)?;
    Ok(text(part.chars().iter().collect::<String>()))
}

/// A part of a string by a count that is not above its length.
fn taken(
    name: &'static str,
    values: &[Value],
    range: fn(usize, usize) -> (usize, usize),
) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let chars: Vec<char> = arguments.text(0)?.chars().collect();
    let n = arguments.index(1)?;
    if n > chars.len() {
        let length = i64::try_from(chars.len()).unwrap_or(i64::MAX);
        return Err(raise::out_of_bounds(0, length, arguments.value(1)?));
    }
    let (start, end) = range(n, chars.len());
    let part = chars.get(start..end).unwrap_or_default();
    Ok(text(part.iter().collect::<String>()))
}

fn to_list(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string->list", values, 1, 3)?;
    let part = Part::of(&arguments, 0, 1)?;
    Ok(from_list(
        part.chars().iter().copied().map(character).collect(),
    ))
}

/// The strings of a list.
fn texts(values: &[Value]) -> Result<Vec<Rc<str>>, Fault> {
    values
        .iter()
        .map(|item| match view(item) {
            View::Text(content) => Ok(content),
            _ => Err(not_a("string", "string-append", item)),
        })
        .collect()
}

fn join(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string-join", values, 1, 3)?;
    let list = list_items(arguments.value(0)?).ok_or_else(|| arguments.wrong_plain(0))?;
    let delimiter = match arguments.optional(1) {
        Some(_) => arguments.text(1)?,
        None => Rc::from(" "),
    };
    let grammar = match arguments.optional(2) {
        Some(_) => arguments.symbol(2)?,
        None => "infix",
    };
    let parts = texts(&list)?;
    Ok(text(match grammar {
        "strict-infix" if parts.is_empty() => {
            return Err(raise::misc_error(
                "string-join",
                "strict-infix grammar requires non-empty list",
                Vec::new(),
            ));
        }
        "infix" | "strict-infix" => parts.join(&delimiter),
        "prefix" | "suffix" if parts.is_empty() => String::new(),
        "prefix" => format!("{delimiter}{}", parts.join(&delimiter)),
        "suffix" => format!("{}{delimiter}", parts.join(&delimiter)),
        _ => return Err(arguments.wrong_plain(2)),
    }))
}

fn utf8_length(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-utf8-length", values, 1)?;
    Ok(count(arguments.text(0)?.len()))
}

fn bytes_per_char(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string-bytes-per-char", values, 1)?;
    let wide = arguments.text(0)?.chars().any(|c| u32::from(c) > 255);
    Ok(integer(if wide { 4 } else { 1 }))
}
