//! `display`, `write`, `format`: values as Guile prints them.
//!
//! What a machine file prints goes to the standard output of the child, which
//! is a pipe that ends in the log.

use std::io::Write as _;

use super::Table;
use super::arguments::Arguments;
use super::offload;
use crate::machines::datum::{written_character, written_real, written_symbol, written_text};
use crate::machines::engine::{
    Answer, Failure, Fault, Value, View, boolean, bytes, fault, text, uncons, unspecified,
    vector_items, view, written_number,
};

pub(super) const TABLE: Table = &[
    ("display", |values| out("display", values, displayed)),
    ("write", |values| out("write", values, written)),
    ("newline", newline),
    ("object->string", object_to_string),
    ("format", format),
    ("simple-format", format),
];

/// As `write` gives it; what is nested too deep or too long is cut.
pub fn written(value: &Value) -> String {
    print(value, true)
}

/// As `display` gives it.
pub fn displayed(value: &Value) -> String {
    print(value, false)
}

const DEPTH_MAX: usize = 100;
const LENGTH_MAX: usize = 1 << 20;

fn print(value: &Value, write: bool) -> String {
    let mut out = String::new();
    print_into(value, write, &mut out, 0);
    out
}

fn print_into(value: &Value, write: bool, out: &mut String, depth: usize) {
    if depth > DEPTH_MAX || out.len() > LENGTH_MAX {
        out.push('…');
        return;
    }
    match view(value) {
        View::Boolean(true) => out.push_str("#t"),
        View::Boolean(false) => out.push_str("#f"),
        View::Integer(n) => out.push_str(&n.to_string()),
        View::Real(x) => out.push_str(&written_real(x)),
        View::Number(_) => out.push_str(&written_number(value).unwrap_or_default()),
        View::Character(c) if write => out.push_str(&written_character(c)),
        View::Character(c) => out.push(c),
        View::Text(text) if write => out.push_str(&written_text(&text)),
        View::Text(text) => out.push_str(&text),
        View::Symbol(name) if write => out.push_str(&written_symbol(name)),
        View::Symbol(name) => out.push_str(name),
        View::Keyword(name) => {
            out.push_str("#:");
            out.push_str(name);
        }
        View::Empty => out.push_str("()"),
        View::Pair => print_pair(value, write, out, depth),
        View::Vector => {
            let items = vector_items(value).unwrap_or_default();
            out.push_str("#(");
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push(' ');
                }
                print_into(item, write, out, depth.saturating_add(1));
            }
            out.push(')');
        }
        View::Bytes => {
            let bytes = bytes(value).unwrap_or_default();
            let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
            out.push_str("#vu8(");
            out.push_str(&bytes.join(" "));
            out.push(')');
        }
        View::Unspecified => out.push_str("#<unspecified>"),
        View::Procedure => out.push_str("#<procedure>"),
        View::Foreign => out.push_str(&offload::written(value)),
        View::Other => out.push_str("#<object>"),
    }
}

fn print_pair(value: &Value, write: bool, out: &mut String, depth: usize) {
    out.push('(');
    let mut rest = value.clone();
    let mut first = true;
    while let Some((item, next)) = uncons(&rest) {
        if !first {
            out.push(' ');
        }
        first = false;
        print_into(&item, write, out, depth.saturating_add(1));
        if out.len() > LENGTH_MAX {
            break;
        }
        rest = next;
    }
    if !matches!(view(&rest), View::Empty | View::Pair) {
        out.push_str(" . ");
        print_into(&rest, write, out, depth.saturating_add(1));
    }
    out.push(')');
}

fn emit(text: &str) -> Answer {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| fault(Failure::new("system-error", error.to_string())))?;
    Ok(unspecified())
}

fn out(name: &'static str, values: &[Value], print: fn(&Value) -> String) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    emit(&print(arguments.value(0)?))
}

fn newline(values: &[Value]) -> Answer {
    Arguments::exactly("newline", values, 0)?;
    emit("\n")
}

fn object_to_string(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("object->string", values, 1)?;
    Ok(text(written(arguments.value(0)?)))
}

/// `(format DESTINATION CONTROL ARGUMENT …)` with `~a ~s ~d ~% ~~`.
fn format(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("format", values, 1)?;
    let (to_text, control_index) = match view(arguments.value(0)?) {
        View::Boolean(to_output) => (!to_output, 1_usize),
        View::Text(_) => (true, 0),
        _ => return Err(arguments.wrong(0, "#t, #f or a string")),
    };
    let control = arguments.text(control_index)?;
    let rest = values
        .get(control_index.saturating_add(1)..)
        .unwrap_or_default();
    let formatted = formatted(&control, rest)?;
    if to_text {
        Ok(text(formatted))
    } else {
        emit(&formatted)?;
        Ok(boolean(true))
    }
}

fn formatted(control: &str, values: &[Value]) -> Result<String, Fault> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut letters = control.chars();
    while let Some(c) = letters.next() {
        if c != '~' {
            out.push(c);
            continue;
        }
        let directive = letters.next().unwrap_or(' ');
        match directive.to_ascii_lowercase() {
            '%' | 'n' => out.push('\n'),
            '~' => out.push('~'),
            letter @ ('a' | 's' | 'd') => {
                let value = values
                    .next()
                    .ok_or_else(|| fault(Failure::new("format", "format: too few arguments")))?;
                if letter == 's' {
                    out.push_str(&written(value));
                } else {
                    out.push_str(&displayed(value));
                }
            }
            _ => {
                return Err(fault(Failure::new(
                    "unsupported",
                    format!("format: the directive ~{directive} is not supported here"),
                )));
            }
        }
    }
    if values.next().is_some() {
        return Err(fault(Failure::new("format", "format: too many arguments")));
    }
    Ok(out)
}
