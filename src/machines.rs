//! Machine files: from the text of `machines.scm` to machines and diagnostics.

pub mod datum;
pub mod diagnostic;
pub mod reader;
pub mod record;
pub mod source;
