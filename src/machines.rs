//! Machine files: from the text of `machines.scm` to machines and diagnostics.

pub mod diagnostic;
pub mod record;
