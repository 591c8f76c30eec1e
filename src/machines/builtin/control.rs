//! Errors and ends.

mod fluids;
mod handlers;
mod state;

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    Answer, Failure, Value, View, boolean, fault, list_items, raise, text, unspecified, view,
};

pub(super) const TABLE: Table = &[
    ("error", error),
    ("scm-error", scm_error),
    ("throw", throw),
    ("raise", signal),
    ("system-error-errno", system_error_errno),
    ("exit", |values| quit("exit", values)),
    ("quit", |values| quit("quit", values)),
    ("primitive-exit", primitive_exit),
    ("noop", |_| Ok(unspecified())),
];

pub use fluids::{assign, new_fluid, several, value_of, written};

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
        return Err(handlers::wrong_argument("throw", 1, key));
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

/// `(raise SIGNAL)`, as the core means it.
fn signal(values: &[Value]) -> Answer {
    let value = Arguments::exactly("raise", values, 1)?.value(0)?;
    match view(value) {
        View::Integer(number) => Err(fault(Failure::new(
            "exit",
            format!("the file sends itself signal {number}"),
        ))),
        _ => Err(raise::wrong_type_expecting("", "exact integer", value)),
    }
}

/// `(system-error-errno ARGUMENTS)`, which are those of a handler, key
/// included.
fn system_error_errno(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("system-error-errno", values, 1)?.list(0)?;
    let is_system = arguments
        .first()
        .is_some_and(|key| matches!(view(key), View::Symbol("system-error")));
    let rest = arguments.get(4).and_then(list_items).unwrap_or_default();
    Ok(rest
        .first()
        .filter(|_| is_system)
        .cloned()
        .unwrap_or_else(|| boolean(false)))
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
