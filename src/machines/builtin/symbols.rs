//! Symbols and keywords.

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{Answer, Value, View, boolean, keyword, symbol, text, view};

pub const TABLE: Table = &[
    ("symbol?", is_symbol),
    ("symbol->string", symbol_to_string),
    ("string->symbol", string_to_symbol),
    ("symbol-append", symbol_append),
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
    Ok(text(
        Arguments::exactly("symbol->string", values, 1)?.symbol(0)?,
    ))
}

fn string_to_symbol(values: &[Value]) -> Answer {
    Ok(symbol(
        &Arguments::exactly("string->symbol", values, 1)?.text(0)?,
    ))
}

fn symbol_append(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("symbol-append", values, 0)?;
    let mut name = String::new();
    for index in 0..values.len() {
        name.push_str(arguments.symbol(index)?);
    }
    Ok(symbol(&name))
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
        _ => Err(arguments.wrong(0, "a keyword")),
    }
}

fn symbol_to_keyword(values: &[Value]) -> Answer {
    Ok(keyword(
        Arguments::exactly("symbol->keyword", values, 1)?.symbol(0)?,
    ))
}
