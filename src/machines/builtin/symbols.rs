//! Symbols and keywords.

use std::cell::Cell;

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    Answer, Value, View, boolean, integer, keyword, raise, symbol, text, view,
};

pub const TABLE: Table = &[
    ("symbol?", is_symbol),
    ("symbol->string", symbol_to_string),
    ("string->symbol", |values| {
        string_to_symbol("string->symbol", values)
    }),
    ("string-ci->symbol", |values| {
        string_to_symbol("string-ci->symbol", values)
    }),
    ("symbol-append", symbol_append),
    ("symbol", |values| made("symbol", values)),
    ("list->symbol", |values| {
        let items = Arguments::exactly("list->symbol", values, 1)?.list(0)?;
        made("list->symbol", &items)
    }),
    ("symbol-hash", symbol_hash),
    ("symbol-interned?", |values| {
        Arguments::exactly("symbol-interned?", values, 1)?.symbol(0)?;
        Ok(boolean(true))
    }),
    ("gensym", gensym),
    ("keyword?", is_keyword),
    ("keyword->symbol", keyword_to_symbol),
    ("symbol->keyword", symbol_to_keyword),
];

fn is_symbol(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("symbol?", values, 1)?;
    Ok(boolean(matches!(
        view(arguments.value(0)?),
        View::Symbol(_)
    )))
}

fn symbol_to_string(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("symbol->string", values, 1)?;
    Ok(text(arguments.symbol(0)?))
}

fn string_to_symbol(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    Ok(symbol(&arguments.text(0)?))
}

fn symbol_append(values: &[Value]) -> Answer {
    let mut name = String::new();
    for value in values {
        match view(value) {
            View::Symbol(part) => name.push_str(part),
            _ => {
                return Err(raise::wrong_type_at("symbol->string", 1, "symbol", value));
            }
        }
    }
    Ok(symbol(&name))
}

/// A symbol of characters.
fn made(_name: &'static str, values: &[Value]) -> Answer {
    let mut name = String::new();
    for value in values {
        match view(value) {
            View::Character(c) => name.push(c),
            _ => return Err(raise::wrong_type_expecting("string", "character", value)),
        }
    }
    Ok(symbol(&name))
}

fn symbol_hash(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("symbol-hash", values, 1)?;
    let hash = super::tables::hash::text(arguments.symbol(0)?);
    let hash = i64::try_from(hash).unwrap_or(i64::MAX);
    Ok(integer(hash))
}

thread_local! {
    /// How many symbols `gensym` has made.
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// A symbol that nothing else is called.
fn gensym(values: &[Value]) -> Answer {
    let arguments = Arguments::between("gensym", values, 0, 1)?;
    let prefix = match arguments.optional(0) {
        Some(_) => arguments.text(0)?,
        None => " g".into(),
    };
    let number = MADE.get().saturating_add(1);
    MADE.set(number);
    Ok(symbol(&format!("{prefix}{number}")))
}

fn is_keyword(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("keyword?", values, 1)?;
    Ok(boolean(matches!(
        view(arguments.value(0)?),
        View::Keyword(_)
    )))
}

fn keyword_to_symbol(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("keyword->symbol", values, 1)?;
    match view(arguments.value(0)?) {
        View::Keyword(name) => Ok(symbol(name)),
        _ => Err(arguments.wrong(0, "keyword")),
    }
}

fn symbol_to_keyword(values: &[Value]) -> Answer {
    let value = Arguments::exactly("symbol->keyword", values, 1)?.value(0)?;
    match view(value) {
        View::Symbol(name) => Ok(keyword(name)),
        _ => Err(raise::wrong_type_expecting("", "symbol", value)),
    }
}
