//! The options of the reader.

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{Answer, Value, View, from_list, raise, symbol, unspecified, view};
use crate::machines::reader::options::{self, Keywords};

pub(super) const TABLE: Table = &[
    ("%read-set!", set),
    ("read-disable", |values| {
        switch("read-disable", values, false)
    }),
    ("read-enable", |values| switch("read-enable", values, true)),
    ("read-options", all),
];

/// `(%read-set! OPTION VALUE)`
fn set(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("read-set!", values, 2)?;
    let option = arguments.symbol(0)?;
    if option != "keywords" {
        return Err(unknown("read-options-interface", arguments.value(0)?));
    }
    let keywords = match view(arguments.value(1)?) {
        View::Symbol("prefix") => Keywords::Prefix,
        View::Symbol("postfix") => Keywords::Postfix,
        _ => Keywords::Hash,
    };
    options::set_keywords(keywords);
    Ok(unspecified())
}

fn switch(name: &'static str, values: &[Value], on: bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    if !options::set(arguments.symbol(0)?, on) {
        return Err(unknown("read-options-interface", arguments.value(0)?));
    }
    all(&[])
}

fn all(values: &[Value]) -> Answer {
    Arguments::between("read-options", values, 0, 1)?;
    let options = options::current();
    let switches = [
        ("curly-infix", options.curly_infix),
        ("hungry-eol-escapes", options.hungry_eol_escapes),
        ("r6rs-hex-escapes", options.r6rs_hex_escapes),
        ("r7rs-symbols", options.r7rs_symbols),
        ("square-brackets", options.square_brackets),
        ("case-insensitive", options.fold_case),
    ];
    let keywords = match options.keywords {
        Keywords::Hash => crate::machines::engine::boolean(false),
        Keywords::Prefix => symbol("prefix"),
        Keywords::Postfix => symbol("postfix"),
    };
    let mut list: Vec<Value> = switches
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| symbol(name))
        .collect();
    list.extend([symbol("keywords"), keywords, symbol("positions")]);
    Ok(from_list(list))
}

fn unknown(subr: &str, option: &Value) -> crate::machines::engine::Fault {
    raise::misc_error(subr, "Unknown option name: ~S", vec![option.clone()])
}
