//! What an expression comes to in Guile's words, for the tests of the
//! language.

use super::{FileValue, Finding, evaluated, has_errors};
use crate::machines::builtin::print::{displayed, written};
use crate::machines::engine::raise::formatted;
use crate::machines::engine::{Thrown, View, list_items, view};
use crate::machines::reader;

/// The value of a text's last form as `write` gives it, or the key of the
/// exception that ended it and what that says in Guile's words.
pub fn outcome(text: &str) -> Result<String, (String, String)> {
    let ended = evaluated("text", text.as_bytes(), reader::NESTING_MAX, false);
    if let Some(failure) = &ended.failure {
        let thrown = failure.exception();
        return Err((thrown.key.to_string(), said(&thrown)));
    }
    if has_errors(&ended.findings) {
        return Err(refused(&ended.findings));
    }
    match ended.result {
        FileValue::Value(value) => Ok(written(&value)),
        FileValue::Literal(_) => Err(refused(&[])),
    }
}

/// The key that Guile gives to what reader or expander refuse.
fn refused(findings: &[Finding]) -> (String, String) {
    let first = findings
        .iter()
        .map(|finding| &finding.diagnostic)
        .find(|diagnostic| diagnostic.is_error());
    let Some(diagnostic) = first else {
        return ("syntax-error".into(), String::new());
    };
    let key = match &*diagnostic.code {
        "machines::read" => "read-error",
        "machines::unknown-module" => "misc-error",
        _ => "syntax-error",
    };
    (key.into(), diagnostic.message.clone())
}

/// Procedure, message and arguments of the usual shape, else all arguments.
fn said(thrown: &Thrown) -> String {
    if let [subr, message, arguments, _, ..] = &*thrown.arguments
        && let View::Text(message) = view(message)
        && let Some(arguments) = list_items(arguments)
    {
        let message = formatted(&message, &arguments);
        return match view(subr) {
            View::Boolean(false) => message,
            _ => format!("In procedure {}: {message}", displayed(subr)),
        };
    }
    let arguments: Vec<String> = thrown.arguments.iter().map(written).collect();
    arguments.join(" ")
}
