//! Procedures in Rust, a file for each kind.
//!
//! What takes procedures as arguments is not here but in `scheme/`: a
//! procedure in Rust cannot call one of Scheme back.

mod arguments;
mod bytes;
mod characters;
mod clock;
pub mod control;
mod effects;
mod equality;
pub mod evaluation;
mod files;
mod format;
mod herd;
mod internal;
mod lists;
mod matching;
mod numbers;
pub mod offload;
mod platform;
mod ports;
pub mod print;
mod processes;
mod reading;
pub mod records;
mod regexps;
mod strings;
mod symbols;
pub mod syntax;
mod system;
mod tables;
mod vectors;

use std::collections::HashMap;

use super::engine::{self, Failure, Fault, Function, Value};

/// The procedures of one file.
type Table = &'static [Entry];

/// A procedure with its name.
type Entry = (&'static str, Function);

/// Names of values that are no procedures, each with what makes the value.
type Constants = &'static [(&'static str, fn() -> Value)];

const TABLES: &[Table] = &[
    bytes::TABLE,
    effects::TABLE,
    control::TABLE,
    control::STATE,
    control::HANDLERS,
    control::FLUIDS,
    clock::TABLE,
    equality::TABLE,
    files::TABLE,
    format::TABLE,
    herd::TABLE,
    evaluation::TABLE,
    internal::TABLE,
    lists::TABLE,
    matching::TABLE,
    offload::TABLE,
    processes::TABLE,
    platform::TABLE,
    print::TABLE,
    reading::TABLE,
    records::TABLE,
    records::EXCEPTIONS,
    regexps::TABLE,
    symbols::TABLE,
    syntax::TABLE,
    system::TABLE,
    tables::TABLE,
    vectors::TABLE,
];

/// Procedures of the interpreter that the ones here are made of.
pub const USED_NATIVES: &[&str] = &["eq?"];

fn tables() -> impl Iterator<Item = &'static Table> {
    TABLES
        .iter()
        .chain(characters::TABLES)
        .chain(numbers::TABLES)
        .chain(ports::TABLES)
        .chain(strings::TABLES)
}

thread_local! {
    static BY_NAME: HashMap<&'static str, Function> = tables()
        .flat_map(|table| table.iter().copied())
        .collect();
}

fn constants() -> impl Iterator<Item = &'static (&'static str, fn() -> Value)> {
    [
        characters::VALUES,
        clock::VALUES,
        files::VALUES,
        ports::VALUES,
        regexps::VALUES,
        system::VALUES,
    ]
    .into_iter()
    .flatten()
}

/// The value of a name that is no procedure.
pub fn value(name: &str) -> Option<Value> {
    constants()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value())
}

/// The name of a procedure in Rust.
fn name_of(value: &Value) -> Option<&'static str> {
    let Value::FuncV(function) = value else {
        return None;
    };
    tables()
        .flat_map(|table| table.iter())
        .find(|(_, other)| std::ptr::fn_addr_eq(*other, *function))
        .map(|(name, _)| *name)
}

/// The error for what Guile has and this has not.
fn unsupported(what: &str) -> Fault {
    engine::fault(Failure::new(
        "unsupported",
        format!("{what} is not supported here"),
    ))
}

/// The procedure of a name.
pub fn function(name: &str) -> Option<Function> {
    BY_NAME.with(|table| table.get(name).copied())
}

/// The names of all procedures, the interpreter's own included.
pub fn names() -> impl Iterator<Item = &'static str> {
    tables()
        .flat_map(|table| table.iter().map(|(name, _)| *name))
        .chain(constants().map(|(name, _)| *name))
        .chain(engine::native_names())
}

/// Forgets what belongs to the program before.
pub fn reset() {
    control::reset();
    ports::reset();
    records::reset();
    system::reset();
}

#[cfg(test)]
mod tests;
