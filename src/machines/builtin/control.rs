//! Errors and ends.

use super::Table;
use super::arguments::Arguments;
use super::print::{displayed, written};
use crate::machines::engine::{Answer, Failure, Value, View, fault, unspecified, view};

pub const TABLE: Table = &[
    ("error", error),
    ("throw", throw),
    ("exit", |values| exit("exit", values)),
    ("quit", |values| exit("quit", values)),
    ("primitive-exit", |values| exit("primitive-exit", values)),
    ("noop", |_| Ok(unspecified())),
];

/// `(error MESSAGE IRRITANT …)`: the message displayed, the rest written.
fn error(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("error", values, 1)?;
    let first = arguments.value(0)?;
    let mut message = match view(first) {
        View::Text(_) | View::Symbol(_) => displayed(first),
        _ => written(first),
    };
    for irritant in values.iter().skip(1) {
        message.push(' ');
        message.push_str(&written(irritant));
    }
    Err(fault(Failure::new("error", message)))
}

/// `(throw KEY ARGUMENT …)`
fn throw(values: &[Value]) -> Answer {
    Arguments::at_least("throw", values, 1)?;
    let parts: Vec<String> = values.iter().map(written).collect();
    Err(fault(Failure::new(
        "exception",
        format!("exception ({})", parts.join(" ")),
    )))
}

fn exit(name: &'static str, values: &[Value]) -> Answer {
    Arguments::between(name, values, 0, 1)?;
    Err(fault(Failure {
        help: Some("a machine file ends with its list of machines".into()),
        ..Failure::new("exit", format!("the file calls `{name}`"))
    }))
}
