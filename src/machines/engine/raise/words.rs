//! Messages of exceptions for people.

use crate::machines::builtin::print::{displayed, written};
use crate::machines::engine::Value;

/// Guile's usual messages in words that say what to change.
pub(super) fn plainer(message: &str, arguments: &[Value]) -> Option<String> {
    Some(match (message, arguments) {
        ("Wrong type argument in position ~A (expecting ~A): ~S", [position, expected, value]) => {
            must_be(
                &displayed(position),
                &article(&displayed(expected)),
                &written(value),
            )
        }
        ("Wrong type argument in position ~A: ~S", [position, value]) => format!(
            "argument {} has the wrong type: {}",
            displayed(position),
            written(value)
        ),
        ("Wrong type (expecting ~A): ~S", [expected, value]) => format!(
            "{} is needed, but this is {}",
            article(&displayed(expected)),
            written(value)
        ),
        ("Value out of range: ~S", [value]) => format!("{} is out of range", written(value)),
        ("Argument ~A out of range: ~S", [position, value]) => format!(
            "argument {} is out of range: {}",
            displayed(position),
            written(value)
        ),
        ("Value out of range ~S to< ~S: ~S", [low, high, value]) => format!(
            "{} is out of the range from {} to {}",
            written(value),
            written(low),
            written(high)
        ),
        ("Wrong type to apply: ~S", [value]) => {
            format!(
                "this is called, but its value is no procedure: {}",
                written(value)
            )
        }
        ("Wrong number of arguments to ~A", [procedure]) => {
            let written = displayed(procedure);
            let name = written
                .strip_prefix("#<procedure ")
                .and_then(|rest| rest.split([' ', '>']).next())
                .unwrap_or(&written);
            format!("wrong number of arguments to {name}")
        }
        ("Unbound variable: ~S", [variable]) => {
            format!("unbound variable `{}`", displayed(variable))
        }
        ("Not a list: ~S" | "Wrong type argument: ~S", [value]) => {
            format!("a list is needed, but this is {}", written(value))
        }
        ("List of wrong length: ~S", _) => "the lists differ in length".into(),
        ("~A: ~S", [reason, about]) => format!("{}: {}", displayed(about), displayed(reason)),
        (_, [value]) => {
            let rest = message.strip_prefix("Wrong type argument in position ")?;
            let (position, rest) = rest.split_once(" (expecting ")?;
            let expected = rest.strip_suffix("): ~S")?;
            must_be(position, &article(expected), &written(value))
        }
        _ => return None,
    })
}

fn must_be(position: &str, expected: &str, value: &str) -> String {
    format!("argument {position} must be {expected}, but it is {value}")
}

/// `a string`, `an exact integer`
fn article(noun: &str) -> String {
    match noun.chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {noun}"),
        _ => format!("a {noun}"),
    }
}

/// A message with its arguments for `~A` and `~S`; what is left over follows.
pub fn formatted(message: &str, arguments: &[Value]) -> String {
    let mut out = String::with_capacity(message.len());
    let mut values = arguments.iter();
    let mut letters = message.chars();
    while let Some(c) = letters.next() {
        if c != '~' {
            out.push(c);
            continue;
        }
        match letters.next() {
            Some('a' | 'A') => out.push_str(&values.next().map(displayed).unwrap_or_default()),
            Some('s' | 'S') => out.push_str(&values.next().map(written).unwrap_or_default()),
            Some('~') | None => out.push('~'),
            Some('%') => out.push(' '),
            Some(other) => {
                out.push('~');
                out.push(other);
            }
        }
    }
    for value in values {
        out.push(' ');
        out.push_str(&written(value));
    }
    out
}
