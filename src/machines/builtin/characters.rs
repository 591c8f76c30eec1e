//! Characters.

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    Answer, Value, View, boolean, character, from_list, integer, text, view,
};

pub const TABLE: Table = &[
    ("char?", is_char),
    ("char=?", char_equal),
    ("char-alphabetic?", |values| {
        test("char-alphabetic?", values, char::is_alphabetic)
    }),
    ("char-numeric?", |values| {
        test("char-numeric?", values, char::is_numeric)
    }),
    ("char-whitespace?", |values| {
        test("char-whitespace?", values, char::is_whitespace)
    }),
    ("char-upper-case?", |values| {
        test("char-upper-case?", values, char::is_uppercase)
    }),
    ("char-lower-case?", |values| {
        test("char-lower-case?", values, char::is_lowercase)
    }),
    ("char-upcase", |values| cased("char-upcase", values, true)),
    ("char-downcase", |values| {
        cased("char-downcase", values, false)
    }),
    ("char->integer", to_integer),
    ("integer->char", from_integer),
    ("string", string),
    ("string->list", string_to_list),
    ("list->string", list_to_string),
];

fn is_char(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("char?", values, 1)?;
    Ok(boolean(matches!(
        view(arguments.value(0)?),
        View::Character(_)
    )))
}

fn char_equal(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("char=?", values, 2)?;
    Ok(boolean(arguments.character(0)? == arguments.character(1)?))
}

fn test(name: &'static str, values: &[Value], test: fn(char) -> bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    Ok(boolean(test(arguments.character(0)?)))
}

fn cased(name: &'static str, values: &[Value], upper: bool) -> Answer {
    let c = Arguments::exactly(name, values, 1)?.character(0)?;
    // A character that becomes several stays what it is.
    let one = |mut all: Box<dyn Iterator<Item = char>>| match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    };
    Ok(character(if upper {
        one(Box::new(c.to_uppercase()))
    } else {
        one(Box::new(c.to_lowercase()))
    }))
}

fn to_integer(values: &[Value]) -> Answer {
    let c = Arguments::exactly("char->integer", values, 1)?.character(0)?;
    Ok(integer(i64::from(u32::from(c))))
}

fn from_integer(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("integer->char", values, 1)?;
    u32::try_from(arguments.integer(0)?)
        .ok()
        .and_then(char::from_u32)
        .map(character)
        .ok_or_else(|| arguments.out_of_range(0))
}

fn string(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("string", values, 0)?;
    let mut out = String::new();
    for index in 0..values.len() {
        out.push(arguments.character(index)?);
    }
    Ok(text(out))
}

fn string_to_list(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("string->list", values, 1)?;
    Ok(from_list(
        arguments.text(0)?.chars().map(character).collect(),
    ))
}

fn list_to_string(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("list->string", values, 1)?;
    let mut out = String::new();
    for item in arguments.list(0)? {
        match view(&item) {
            View::Character(c) => out.push(c),
            _ => return Err(arguments.wrong(0, "a list of characters")),
        }
    }
    Ok(text(out))
}
