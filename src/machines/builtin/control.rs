//! Errors and ends.

mod fluids;
mod handlers;
mod state;

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    Answer, Failure, Value, View, boolean, fault, raise, text, unspecified, view,
};

pub const TABLE: Table = &[
    ("error", error),
    ("scm-error", scm_error),
    ("throw", throw),
    ("exit", |values| quit("exit", values)),
    ("quit", |values| quit("quit", values)),
    ("primitive-exit", primitive_exit),
    ("noop", |_| Ok(unspecified())),
];

pub use fluids::written;

pub(super) const STATE: Table = state::TABLE;
pub(super) const HANDLERS: Table = handlers::TABLE;
pub(super) const FLUIDS: Table = fluids::TABLE;

/// Nothing in force, for a new program.
pub fn reset() {
    state::reset();
    handlers::reset();
    fluids::reset();
}

/// `(error MESSAGE IRRITANT …)`: the message displayed, the rest written.
fn error(values: &[Value]) -> Answer {
    if values.is_empty() {
        return Err(raise::throw(
            "misc-error",
            vec![boolean(false), text("?"), boolean(false), boolean(false)],
        ));
    }
    let message = "~A".to_owned() + &" ~S".repeat(values.len().saturating_sub(1));
    Err(raise::misc_error("", &message, values.to_vec()))
}

/// `(throw KEY ARGUMENT …)`
fn throw(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("throw", values, 1)?;
    let key = arguments.value(0)?;
    let View::Symbol(key) = view(key) else {
        return Err(raise::wrong_type_arg("throw", 1, key));
    };
    Err(raise::throw(
        key,
        values.get(1..).unwrap_or_default().to_vec(),
    ))
}

/// `(scm-error KEY SUBR MESSAGE ARGUMENTS REST)`
fn scm_error(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("scm-error", values, 5)?;
    let key = arguments.symbol(0)?;
    Err(raise::throw(
        key,
        values.get(1..).unwrap_or_default().to_vec(),
    ))
}

/// `(exit STATUS)`: an exception that a handler may catch, as in Guile.
fn quit(name: &'static str, values: &[Value]) -> Answer {
    Arguments::between(name, values, 0, 1)?;
    Err(raise::throw("quit", values.to_vec()))
}

/// `(primitive-exit STATUS)`: nothing catches it.
fn primitive_exit(values: &[Value]) -> Answer {
    Arguments::between("primitive-exit", values, 0, 1)?;
    Err(fault(Failure {
        help: Some("a machine file ends with its list of machines".into()),
        ..Failure::new("exit", "the file calls `primitive-exit`")
    }))
}

#[cfg(test)]
mod tests;
