//! Procedures in Rust, a file for each kind.
//!
//! What takes procedures as arguments is not here but in `scheme/`: a
//! procedure in Rust cannot call one of Scheme back.

mod arguments;
mod characters;
pub mod control;
mod equality;
pub mod evaluation;
mod herd;
mod internal;
mod lists;
mod matching;
mod numbers;
pub mod offload;
mod platform;
mod ports;
pub mod print;
pub mod records;
mod strings;
mod symbols;
mod system;
mod vectors;

use std::collections::HashMap;

use super::engine::{self, Function};

/// The procedures of one file.
type Table = &'static [(&'static str, Function)];

const TABLES: &[Table] = &[
    characters::TABLE,
    control::TABLE,
    control::STATE,
    control::HANDLERS,
    control::FLUIDS,
    equality::TABLE,
    herd::TABLE,
    evaluation::TABLE,
    internal::TABLE,
    lists::TABLE,
    matching::TABLE,
    offload::TABLE,
    platform::TABLE,
    ports::TABLE,
    print::TABLE,
    records::TABLE,
    records::EXCEPTIONS,
    strings::TABLE,
    symbols::TABLE,
    system::TABLE,
    vectors::TABLE,
];

/// Procedures of the interpreter that the ones here are made of.
pub const USED_NATIVES: &[&str] = &["eq?"];

fn tables() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().chain(numbers::TABLES)
}

thread_local! {
    static BY_NAME: HashMap<&'static str, Function> = tables()
        .flat_map(|table| table.iter().copied())
        .collect();
}

/// The procedure of a name.
pub fn function(name: &str) -> Option<Function> {
    BY_NAME.with(|table| table.get(name).copied())
}

/// The names of all procedures, the interpreter's own included.
pub fn names() -> impl Iterator<Item = &'static str> {
    tables()
        .flat_map(|table| table.iter().map(|(name, _)| *name))
        .chain(engine::native_names())
}

/// Forgets what belongs to the program before.
pub fn reset() {
    control::reset();
    records::reset();
}
