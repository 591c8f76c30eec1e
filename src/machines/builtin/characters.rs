//! Characters.

mod sets;

use std::cmp::Ordering;

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    Answer, Value, View, boolean, character, integer, raise, symbol, view,
};

pub use sets::{Set, VALUES};

pub const TABLES: &[Table] = &[TABLE, sets::TABLE];

const TABLE: Table = &[
    ("char?", is_char),
    ("char=?", |values| {
        chain("char=?", values, false, Ordering::is_eq)
    }),
    ("char<?", |values| {
        chain("char<?", values, false, Ordering::is_lt)
    }),
    ("char>?", |values| {
        chain("char>?", values, false, Ordering::is_gt)
    }),
    ("char<=?", |values| {
        chain("char<=?", values, false, Ordering::is_le)
    }),
    ("char>=?", |values| {
        chain("char>=?", values, false, Ordering::is_ge)
    }),
    ("char-ci=?", |values| {
        chain("char-ci=?", values, true, Ordering::is_eq)
    }),
    ("char-ci<?", |values| {
        chain("char-ci<?", values, true, Ordering::is_lt)
    }),
    ("char-ci>?", |values| {
        chain("char-ci>?", values, true, Ordering::is_gt)
    }),
    ("char-ci<=?", |values| {
        chain("char-ci<=?", values, true, Ordering::is_le)
    }),
    ("char-ci>=?", |values| {
        chain("char-ci>=?", values, true, Ordering::is_ge)
    }),
    ("char-alphabetic?", |values| {
        test(values, char::is_alphabetic)
    }),
    ("char-numeric?", |values| test(values, sets::is_digit)),
    ("char-whitespace?", |values| {
        test(values, char::is_whitespace)
    }),
    ("char-upper-case?", |values| {
        test(values, char::is_uppercase)
    }),
    ("char-lower-case?", |values| {
        test(values, char::is_lowercase)
    }),
    ("char-is-both?", |values| {
        test(values, |c| c.is_uppercase() || c.is_lowercase())
    }),
    ("char-upcase", |values| {
        mapped("char-upcase", values, upcased)
    }),
    ("char-titlecase", |values| {
        mapped("char-titlecase", values, upcased)
    }),
    ("char-downcase", |values| {
        mapped("char-downcase", values, downcased)
    }),
    ("char->integer", to_integer),
    ("integer->char", from_integer),
    ("char-general-category", general_category),
];

/// Upper case, where that is one character.
pub fn upcased(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Lower case, where that is one character.
pub fn downcased(c: char) -> char {
    let mut all = c.to_lowercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// What two characters that differ only in case have in common.
pub fn folded(c: char) -> char {
    downcased(upcased(c))
}

fn is_char(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("char?", values, 1)?;
    Ok(boolean(matches!(
        view(arguments.value(0)?),
        View::Character(_)
    )))
}

/// The errors speak of the two that are compared at that moment.
fn chain(name: &'static str, values: &[Value], fold: bool, holds: fn(Ordering) -> bool) -> Answer {
    let mut last: Option<char> = None;
    let mut all = true;
    for (index, value) in values.iter().enumerate() {
        let View::Character(c) = view(value) else {
            let position = index.min(1).saturating_add(1);
            return Err(raise::wrong_type_at(name, position, "character", value));
        };
        let c = if fold { folded(c) } else { c };
        all = all && last.is_none_or(|last| holds(last.cmp(&c)));
        last = Some(c);
    }
    Ok(boolean(all))
}

/// The predicates are membership in a set, and their errors say so.
fn test(values: &[Value], test: fn(char) -> bool) -> Answer {
    let value = Arguments::exactly("char-set-contains?", values, 1)?.value(0)?;
    match view(value) {
        View::Character(c) => Ok(boolean(test(c))),
        _ => Err(raise::wrong_type_at(
            "char-set-contains?",
            2,
            "character",
            value,
        )),
    }
}

fn mapped(name: &'static str, values: &[Value], map: fn(char) -> char) -> Answer {
    let c = Arguments::exactly(name, values, 1)?.character(0)?;
    Ok(character(map(c)))
}

fn to_integer(values: &[Value]) -> Answer {
    let c = Arguments::exactly("char->integer", values, 1)?.character(0)?;
    Ok(integer(i64::from(u32::from(c))))
}

fn from_integer(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("integer->char", values, 1)?;
    let value = arguments.value(0)?;
    let n = arguments.integer(0)?;
    if n > 0x10_FFFF {
        return Err(raise::out_of_bounds(-1, 0x10_FFFF, value));
    }
    u32::try_from(n)
        .ok()
        .and_then(char::from_u32)
        .map(character)
        .ok_or_else(|| raise::out_of_range("integer->char", value))
}

/// The category of Unicode, as far as it can be told here.
fn general_category(values: &[Value]) -> Answer {
    let c = Arguments::exactly("char-general-category", values, 1)?.character(0)?;
    Ok(symbol(match c {
        c if c.is_lowercase() => "Ll",
        c if c.is_uppercase() => "Lu",
        c if c.is_alphabetic() => "Lo",
        c if sets::is_digit(c) => "Nd",
        c if c.is_numeric() => "No",
        c if c.is_control() => "Cc",
        c if c.is_whitespace() => "Zs",
        '(' | '[' | '{' => "Ps",
        ')' | ']' | '}' => "Pe",
        '_' => "Pc",
        '-' => "Pd",
        '$' => "Sc",
        '^' | '`' => "Sk",
        '+' | '<' | '=' | '>' | '|' | '~' => "Sm",
        c if c.is_ascii() => "Po",
        _ => {
            return Err(super::unsupported(
                "char-general-category of this character",
            ));
        }
    }))
}
