//! A machine file's text to raw machines and diagnostics, in this process.

mod outcome;

use std::borrow::Cow;

use super::builtin::offload::{Machine, literal_machine, machine};
use super::core::Program;
use super::dependency::{self, Dependency};
use super::diagnostic::{Diagnostic, Severity};
use super::engine::{self, Failure, Value, View, list_items, view};
use super::expand::{Finding, expand};
use super::raw::{RawField, RawMachine};
use super::reader;
use super::record::Field;
use super::source::{Sources, Span, decode};

pub use outcome::outcome;

/// What an evaluation gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The machines, none if the file is broken.
    pub machines: Vec<RawMachine>,
    /// What is wrong with the file.
    pub diagnostics: Vec<Diagnostic>,
    /// What was read besides the file's text.
    pub dependencies: Vec<Dependency>,
}

impl Report {
    /// No machines for this reason.
    pub fn failed(diagnostic: Diagnostic) -> Self {
        Self {
            machines: Vec::new(),
            diagnostics: vec![diagnostic],
            // Why it failed may be another thing the next time.
            dependencies: vec![Dependency::Uncacheable("it failed".into())],
        }
    }
}

/// Evaluates a machine file.
///
/// Without any limit on time and memory: see [`super::child`].
pub fn evaluate(name: &str, bytes: &[u8], nesting: u32) -> Report {
    let mut sources = Sources::default();
    let steps = steps(name, bytes, nesting, &mut sources, true);
    report(steps, &sources)
}

/// The same, but always with the engine, for tests.
pub fn evaluate_with_engine(name: &str, bytes: &[u8], nesting: u32) -> Report {
    let mut sources = Sources::default();
    let steps = steps(name, bytes, nesting, &mut sources, false);
    report(steps, &sources)
}

fn report(steps: Steps<(Vec<Finding>, Vec<Machine>)>, sources: &Sources) -> Report {
    let (findings, machines) = match steps {
        Ok((findings, machines)) => (findings, machines),
        Err(mut findings) => {
            // As with stock there are no machines then: the file of a virtual
            // machine that has not run yet is no mistake.
            for finding in &mut findings {
                if finding.diagnostic.code == "machines::missing-file" {
                    finding.diagnostic.severity = Severity::Warning;
                }
            }
            (findings, Vec::new())
        }
    };
    Report {
        machines: machines
            .iter()
            .map(|machine| raw(machine, sources))
            .collect(),
        diagnostics: located(findings, sources),
        dependencies: dependency::take(),
    }
}

/// The value of a text's last form as `write` gives it, for tests of the
/// language.
pub fn value(text: &str) -> Result<String, Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let ran = expanded("text", text.as_bytes(), reader::NESTING_MAX, &mut sources)
        .and_then(|(program, findings)| run(program, findings));
    match ran {
        Ok((_, value)) => Ok(super::builtin::print::written(&value)),
        Err(findings) => Err(located(findings, &sources)),
    }
}

type Steps<T> = Result<T, Vec<Finding>>;

fn steps(
    name: &str,
    bytes: &[u8],
    nesting: u32,
    sources: &mut Sources,
    shortcut: bool,
) -> Steps<(Vec<Finding>, Vec<Machine>)> {
    let (program, findings) = expanded(name, bytes, nesting, sources)?;
    if shortcut && let Some(forms) = program.literal_machines() {
        let program = engine::hold(program);
        let machines = forms
            .iter()
            .filter_map(|form| program.records.get(*form as usize))
            .filter_map(literal_machine)
            .collect();
        return Ok((findings, machines));
    }
    let span = program.forms.last().map(|form| form.span);
    let (mut findings, value) = run(program, findings)?;
    match machines(&value) {
        Ok(machines) => Ok((findings, machines)),
        Err(diagnostic) => {
            let span = span.unwrap_or_default();
            findings.push(Finding { diagnostic, span });
            Err(findings)
        }
    }
}

/// The core program of a text, unless something is wrong with it.
fn expanded(
    name: &str,
    bytes: &[u8],
    nesting: u32,
    sources: &mut Sources,
) -> Steps<(Program, Vec<Finding>)> {
    let text = decoded(name, bytes, sources)?;
    let file = sources.add(name, &text).ok_or_else(|| {
        vec![finding(
            "too-large",
            "the file is too large",
            Span::default(),
        )]
    })?;
    let data = reader::read_all(&text, file, nesting).map_err(|error| vec![unreadable(error)])?;
    let (program, findings) = expand(&data, file, sources);
    if findings.iter().any(|finding| finding.diagnostic.is_error()) {
        return Err(findings);
    }
    Ok((program, findings))
}

/// The value of the last form.
fn run(program: Program, mut findings: Vec<Finding>) -> Steps<(Vec<Finding>, Value)> {
    match engine::run(program) {
        Ok(value) => Ok((findings, value)),
        Err(failure) => {
            add_failure(&mut findings, failure);
            Err(findings)
        }
    }
}

/// The text; a file in another encoding is an error at its first bad byte.
fn decoded<'a>(name: &str, bytes: &'a [u8], sources: &mut Sources) -> Steps<Cow<'a, str>> {
    decode(bytes).map_err(|error| {
        let good = bytes
            .get(..error.at)
            .and_then(|good| std::str::from_utf8(good).ok())
            .unwrap_or_default();
        // What stands before is enough to know the place.
        let file = sources.add(name, good).unwrap_or_default();
        let start = u32::try_from(error.at).unwrap_or(u32::MAX);
        let span = Span {
            file,
            start,
            end: start,
        };
        let mut finding = finding("encoding", error.message, span);
        finding.diagnostic.help = Some("save the file as UTF-8".into());
        vec![finding]
    })
}

fn unreadable(error: reader::ReadError) -> Finding {
    let mut finding = finding("read", error.problem.to_string(), error.span);
    finding.diagnostic.help = error.help;
    finding
}

fn finding(code: &str, message: impl Into<String>, span: Span) -> Finding {
    Finding {
        diagnostic: Diagnostic::error(code, message),
        span,
    }
}

/// Notes why the program ended. A warning about the same place, such as the
/// one about an unbound name, becomes the error.
fn add_failure(findings: &mut Vec<Finding>, failure: Failure) {
    let span = failure.span.unwrap_or_default();
    let code = format!("machines::{}", failure.code);
    let known = findings
        .iter_mut()
        .find(|finding| finding.span == span && finding.diagnostic.code == code);
    if let Some(finding) = known {
        finding.diagnostic.severity = Severity::Error;
        return;
    }
    let mut finding = finding(failure.code, failure.message, span);
    finding.diagnostic.help = failure.help;
    findings.push(finding);
}

/// The machines of the file's value.
fn machines(value: &Value) -> Result<Vec<Machine>, Diagnostic> {
    let not_a_list = |what: String| {
        Diagnostic::error(
            "no-list",
            format!("the file's last form must be a list of build machines, but it is {what}"),
        )
    };
    if machine(value).is_some() {
        return Err(not_a_list("a single build machine".into())
            .with_help("wrap it in a list: (list (build-machine …))"));
    }
    let Some(items) = list_items(value) else {
        let what = match view(value) {
            View::Unspecified => "no value".into(),
            _ => short(value),
        };
        return Err(not_a_list(what).with_help("end the file with (list MACHINE …)"));
    };
    items
        .iter()
        .map(|item| {
            machine(item).ok_or_else(|| {
                let diagnostic = not_a_list(format!("a list that contains {}", short(item)));
                if list_items(item).is_some_and(|items| items.iter().any(|i| machine(i).is_some()))
                {
                    diagnostic.with_help("use `append` to make one list of several")
                } else {
                    diagnostic
                }
            })
        })
        .collect()
}

fn short(value: &Value) -> String {
    let written = super::builtin::print::written(value);
    if written.chars().count() > 60 {
        written.chars().take(60).chain(['…']).collect()
    } else {
        written
    }
}

fn raw(machine: &Machine, sources: &Sources) -> RawMachine {
    RawMachine {
        location: sources.location(machine.span),
        end: sources.end(machine.span),
        fields: machine
            .fields
            .iter()
            .filter(|field| field.field != Field::Location)
            .map(|field| RawField {
                field: field.field,
                location: sources.location(field.span),
                end: sources.end(field.span),
                value: field.plain(),
            })
            .collect(),
    }
}

/// Findings with lines and columns, in the order of the file.
fn located(mut findings: Vec<Finding>, sources: &Sources) -> Vec<Diagnostic> {
    findings.sort_by_key(|finding| (finding.span.file, finding.span.start));
    findings
        .into_iter()
        .map(|finding| {
            let location = sources.location(finding.span);
            let end = sources.end(finding.span);
            finding.diagnostic.at(location).until(end)
        })
        .collect()
}

#[cfg(test)]
mod tests;
