//! `format` as (ice-9 format) has it, which replaces that of the core where
//! stock evaluates a machine file; and `simple-format`.

mod directive;
mod english;
mod numbers;
mod parameters;
mod parse;
mod reals;

use super::Table;
use super::arguments::Arguments;
use super::ports::{self, Standard};
use super::print::{displayed, written};
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, character, list_items, raise, text, view,
};

pub const TABLE: Table = &[("format", format), ("simple-format", simple_format)];

/// What `format` says of anything that is wrong.
fn wrong() -> Fault {
    raise::misc_error("", "error in format", Vec::new())
}

/// `(format DESTINATION CONTROL ARGUMENT …)`
fn format(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("format", values, 2)?;
    let destination = arguments.value(0)?;
    let View::Text(control) = view(arguments.value(1)?) else {
        return Err(not_a_string(arguments.value(1)?));
    };
    let rest = values.get(2..).unwrap_or_default();
    let port = match view(destination) {
        View::Boolean(false) => return Ok(text(formatted(&control, rest, 0)?)),
        View::Text(_) => return Err(bad_destination(destination)),
        View::Boolean(true) => ports::current(Standard::Output),
        _ => destination.clone(),
    };
    let out = formatted(&control, rest, ports::column(&port))?;
    ports::put(&port, &out, || bad_destination(destination))?;
    Ok(boolean(true))
}

fn not_a_string(value: &Value) -> Fault {
    raise::misc_error(
        "",
        "format: expected a string for format string ~S",
        vec![value.clone()],
    )
}

fn bad_destination(value: &Value) -> Fault {
    raise::misc_error(
        "",
        "~A",
        vec![text(format!(
            "format: bad destination `{}'",
            displayed(value)
        ))],
    )
}

/// The text that a control string makes of its arguments; where the line that
/// it goes on is at this column.
pub fn formatted(control: &str, values: &[Value], column: usize) -> Result<String, Fault> {
    let nodes = parse::parse(control)?;
    let mut state = directive::State::new(values, column);
    state.all(&nodes)?;
    Ok(state.finish())
}

/// `(simple-format DESTINATION CONTROL ARGUMENT …)` with `~a ~s ~% ~~`.
fn simple_format(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("simple-format", values, 2)?;
    let destination = arguments.value(0)?;
    let to_text = matches!(view(destination), View::Boolean(false));
    let port = match view(destination) {
        View::Boolean(true) => ports::current(Standard::Output),
        _ => destination.clone(),
    };
    if !to_text && matches!(view(&port), View::Text(_) | View::Integer(_)) {
        return Err(arguments.wrong_plain(0));
    }
    let control = arguments.text(1)?;
    let out = simply_formatted(&control, values.get(2..).unwrap_or_default())?;
    if to_text {
        return Ok(text(out));
    }
    ports::put(&port, &out, || arguments.wrong_plain(0))
}

fn simply_formatted(control: &str, values: &[Value]) -> Result<String, Fault> {
    let fail =
        |message: &str, value: Value| Err(raise::misc_error("simple-format", message, vec![value]));
    let mut out = String::new();
    let mut rest = values.iter();
    let mut letters = control.chars();
    while let Some(c) = letters.next() {
        if c != '~' {
            out.push(c);
            continue;
        }
        match letters.next() {
            Some(letter @ ('a' | 'A' | 's' | 'S')) => match rest.next() {
                Some(value) if letter.eq_ignore_ascii_case(&'s') => out.push_str(&written(value)),
                Some(value) => out.push_str(&displayed(value)),
                None => {
                    return fail("FORMAT: Missing argument for ~~~A", character(letter));
                }
            },
            Some('%') => out.push('\n'),
            Some('~') | None => out.push('~'),
            Some(other) => {
                return fail(
                    "FORMAT: Unsupported format option ~~~A - use (ice-9 format) instead",
                    character(other),
                );
            }
        }
    }
    let left = rest.len();
    if left > 0 {
        let left = i64::try_from(left).unwrap_or(i64::MAX);
        return fail(
            "FORMAT: ~A superfluous arguments",
            crate::machines::engine::integer(left),
        );
    }
    Ok(out)
}

/// The items of a list that a directive takes.
fn items(value: &Value) -> Result<Vec<Value>, Fault> {
    list_items(value).ok_or_else(wrong)
}
