//! Machine files: from the text of `machines.scm` to machines and diagnostics.

pub mod builtin;
pub mod core;
pub mod datum;
pub mod diagnostic;
pub mod engine;
pub mod evaluate;
pub mod expand;
pub mod raw;
pub mod reader;
pub mod record;
mod similar;
pub mod source;
