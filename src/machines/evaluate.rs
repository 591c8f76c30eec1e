//! A machine file's text to raw machines and diagnostics, in this process.

mod outcome;
mod place;

use std::borrow::Cow;
use std::collections::HashSet;

use super::builtin::offload::{Machine, literal_machine, literal_part, machine};
use super::check;
use super::core::RecordForm;
use super::dependency::{self, Dependency};
use super::diagnostic::{Diagnostic, Severity, Step};
use super::engine::{self, Failure, Value, View, list_items, view};
use super::expand::{Expander, FileValue, Finding, MacroUse, MacroUses, Outcome};
use super::raw::{RawField, RawMachine};
use super::reader;
use super::record::{Field, Location};
use super::source::{Sources, Span, decode};

use place::Straight;

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
    /// The macros that made what stands in machines.
    pub traces: Vec<Trace>,
}

/// What led to all that stands at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The place.
    pub location: Location,
    /// The macros that were used there, the innermost first.
    pub steps: Vec<Step>,
}

impl Report {
    /// No machines for this reason.
    pub fn failed(diagnostic: Diagnostic) -> Self {
        Self {
            machines: Vec::new(),
            diagnostics: vec![diagnostic],
            // Why it failed may be another thing the next time.
            dependencies: vec![Dependency::Uncacheable("it failed".into())],
            traces: Vec::new(),
        }
    }
}

/// Evaluates a machine file.
///
/// Without any limit on time and memory: see [`super::child`].
pub fn evaluate(name: &str, bytes: &[u8], nesting: u32) -> Report {
    evaluate_as(name, bytes, nesting, true)
}

/// The same, but always with the engine, for tests.
pub fn evaluate_with_engine(name: &str, bytes: &[u8], nesting: u32) -> Report {
    evaluate_as(name, bytes, nesting, false)
}

fn evaluate_as(name: &str, bytes: &[u8], nesting: u32, shortcut: bool) -> Report {
    let mut outcome = evaluated(name, bytes, nesting, shortcut);
    let machines = machines_of(&mut outcome);
    let more = if has_errors(&outcome.findings) {
        not_reached(&mut outcome)
    } else {
        Vec::new()
    };
    let traces = traces(&machines, &outcome);
    let mut diagnostics = located(outcome.findings, &outcome.uses, &outcome.sources);
    diagnostics.extend(more);
    Report {
        machines: machines
            .iter()
            .map(|machine| raw(machine, &outcome.sources))
            .collect(),
        diagnostics,
        dependencies: dependency::take(),
        traces,
    }
}

/// The value of a text's last form as `write` gives it, for tests of the
/// language.
pub fn value(text: &str) -> Result<String, Vec<Diagnostic>> {
    let mut outcome = evaluated("text", text.as_bytes(), reader::NESTING_MAX, false);
    if let Some(failure) = outcome.failure.take() {
        add_failure(&mut outcome.findings, failure, &outcome.sources);
    }
    match outcome.result {
        FileValue::Value(value) if !has_errors(&outcome.findings) => {
            Ok(super::builtin::print::written(&value))
        }
        _ => Err(located(outcome.findings, &outcome.uses, &outcome.sources)),
    }
}

/// Reads and expands a text without running it, for fuzzing.
pub fn only_expand(text: &str, nesting: u32) {
    let mut sources = Sources::default();
    if let Some(file) = sources.add("fuzz", text) {
        let mut expander = Expander::new(sources);
        expander.only_expand();
        expander.evaluate_text(file, text, nesting);
    }
}

fn evaluated(name: &str, bytes: &[u8], nesting: u32, shortcut: bool) -> Outcome {
    reader::options::reset();
    let mut sources = Sources::default();
    let read = decoded(name, bytes, &mut sources).and_then(|text| {
        let file = sources.add(name, &text);
        file.map(|file| (file, text)).ok_or_else(|| {
            Box::new(finding(
                "too-large",
                "the file is too large",
                Span::default(),
            ))
        })
    });
    match read {
        Ok((file, text)) => {
            let mut expander = Expander::new(sources);
            expander.evaluate_text(file, &text, nesting);
            expander.finish(shortcut)
        }
        Err(finding) => Outcome {
            findings: vec![*finding],
            failure: None,
            result: FileValue::Literal(Vec::new()),
            last: Span::default(),
            uses: MacroUses::default(),
            sources,
        },
    }
}

/// The machines, if nothing is wrong; what is wrong is added.
fn machines_of(outcome: &mut Outcome) -> Vec<Machine> {
    if let Some(failure) = outcome.failure.take() {
        let missing = failure.code == MISSING_FILE;
        add_failure(&mut outcome.findings, failure, &outcome.sources);
        if missing {
            return Vec::new();
        }
    }
    if has_errors(&outcome.findings) {
        return Vec::new();
    }
    let machines = match &outcome.result {
        FileValue::Literal(forms) => {
            let program = engine::program();
            return forms
                .iter()
                .filter_map(|form| program.records.get(*form as usize))
                .filter_map(literal_machine)
                .collect();
        }
        FileValue::Value(value) => machines(value),
    };
    machines.unwrap_or_else(|diagnostic| {
        outcome.findings.push(Finding {
            diagnostic,
            span: outcome.last,
        });
        Vec::new()
    })
}

/// What is wrong for certain in what an error kept from being evaluated: names
/// become errors, literal fields of a wrong type are told.
fn not_reached(outcome: &mut Outcome) -> Vec<Diagnostic> {
    let is = |finding: &Finding, code: &str| finding.diagnostic.code == code;
    if outcome.findings.iter().any(|finding| is(finding, EXIT)) {
        return Vec::new();
    }
    let mut straight = Straight::new(&outcome.sources);
    // One import that is missing is one error.
    let mut imports: HashSet<String> = outcome
        .findings
        .iter()
        .filter(|finding| finding.diagnostic.is_error())
        .filter_map(|finding| finding.diagnostic.help.clone())
        .collect();
    for finding in &mut outcome.findings {
        if finding.diagnostic.is_error()
            || !is(finding, UNBOUND) && !is(finding, UNSUPPORTED)
            || check::is_lost_field(&finding.diagnostic)
            || !straight.reaches(finding.span)
        {
            continue;
        }
        let import = finding.diagnostic.help.clone();
        let import = import.filter(|help| help.contains("(use-modules "));
        if import.is_none_or(|import| imports.insert(import)) {
            finding.diagnostic.severity = Severity::Error;
        }
    }
    let mut wrong = Vec::new();
    let program = engine::program();
    // A machine that others inherit from needs no systems, and where the
    // parentheses are wrong they may be those of another.
    let inherits = program.records.iter().any(|form| form.inherit.is_some());
    let whole = !outcome
        .findings
        .iter()
        .any(|finding| is(finding, "machines::read"));
    let last = outcome.last;
    for form in &program.records {
        if straight.reaches(form.span) {
            let is_right = |span: Span| {
                !outcome
                    .findings
                    .iter()
                    .any(|finding| span.holds(finding.span))
            };
            let machine = raw(&literal_part(form, is_right), &outcome.sources);
            wrong.append(&mut check::wrong_types(&machine));
            if whole
                && lacks_systems(form, &outcome.findings)
                && (!inherits || last.holds(form.span))
            {
                wrong.push(check::lacks_systems(&machine));
            }
        }
    }
    wrong
}

/// Tells whether a form certainly has no system types, not even under another
/// name.
fn lacks_systems(form: &RecordForm, findings: &[Finding]) -> bool {
    form.inherit.is_none()
        && !form
            .fields
            .iter()
            .any(|field| matches!(field.field, Field::Systems | Field::System))
        && !findings.iter().any(|finding| {
            form.span.holds(finding.span)
                && matches!(
                    &*finding.diagnostic.code,
                    "machines::unknown-field" | "machines::invalid-field"
                )
        })
}

fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.diagnostic.is_error())
}

/// The text; a file in another encoding is an error at its first bad byte.
fn decoded<'a>(
    name: &str,
    bytes: &'a [u8],
    sources: &mut Sources,
) -> Result<Cow<'a, str>, Box<Finding>> {
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
        Box::new(finding)
    })
}

fn finding(code: &str, message: impl Into<String>, span: Span) -> Finding {
    Finding {
        diagnostic: Diagnostic::error(code, message),
        span,
    }
}

/// The code of a file that ends itself.
const EXIT: &str = "machines::exit";

/// The codes of names that cannot be used.
const UNSUPPORTED: &str = "machines::unsupported";
const UNBOUND: &str = "machines::unbound-variable";

/// The code of a failure because a file does not exist.
const MISSING_FILE: &str = "missing-file";

/// Notes why the program ended. A warning about the same place, such as the
/// one about an unbound name, becomes the error.
fn add_failure(findings: &mut Vec<Finding>, failure: Failure, sources: &Sources) {
    let span = failure.span.unwrap_or_default();
    let code = format!("machines::{}", failure.code);
    // A name that is not supported here fails as an unbound one.
    let same = |known: &str| known == code || known == UNSUPPORTED && code == UNBOUND;
    let trace = trace(&failure, sources);
    let known = findings
        .iter_mut()
        .find(|finding| finding.span == span && same(&finding.diagnostic.code));
    if let Some(finding) = known {
        finding.diagnostic.severity = Severity::Error;
        finding.diagnostic.trace = trace;
        return;
    }
    // A name is wrong itself, and so is an operator that is no procedure.
    let whole = code != UNBOUND && !failure.is_about_operator();
    let span = if whole {
        place::whole_call(sources, span)
    } else {
        span
    };
    let mut finding = finding(failure.code, failure.message, span);
    if failure.code == MISSING_FILE {
        // As in stock the file has no machines then, which is right for a
        // machine that is a VM which has not run yet.
        finding.diagnostic.severity = Severity::Warning;
    }
    finding.diagnostic.help = failure.help;
    finding.diagnostic.trace = trace;
    findings.push(finding);
}

/// The calls that led to a failure, the innermost first.
fn trace(failure: &Failure, sources: &Sources) -> Vec<Step> {
    let mut inner = failure.span.unwrap_or_default();
    let mut steps = Vec::new();
    for call in &failure.calls {
        let mut what = "called from here";
        let mut place = place::whole_call(sources, *call);
        if failure.form == Some(*call) {
            match place::caller(sources, *call, inner) {
                Some(caller) => place = caller,
                None => what = "reached from this form",
            }
        }
        if let Some(location) = sources.location(place) {
            let what = what.into();
            steps.push(Step { what, location });
        }
        inner = *call;
    }
    steps
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
fn located(mut findings: Vec<Finding>, uses: &MacroUses, sources: &Sources) -> Vec<Diagnostic> {
    findings.sort_by_key(|finding| (finding.span.file, finding.span.start));
    findings
        .into_iter()
        .map(|mut finding| {
            let location = sources.location(finding.span);
            let end = sources.end(finding.span);
            let mut trace = macro_steps(uses.get(&finding.span), sources);
            trace.append(&mut finding.diagnostic.trace);
            trace.extend(loads(finding.span, sources));
            finding.diagnostic.trace = trace;
            finding.diagnostic.at(location).until(end)
        })
        .collect()
}

/// The forms that loaded the file of a place, the innermost first.
fn loads(place: Span, sources: &Sources) -> Vec<Step> {
    const MOST: usize = 4;
    // A file may load itself, so there may be many.
    const FAR: usize = 200;
    let forms = std::iter::successors(sources.origin(place.file), |form| sources.origin(form.file));
    let mut steps: Vec<Step> = Vec::new();
    for location in forms.take(FAR).filter_map(|form| sources.location(form)) {
        if steps.len() < MOST && steps.iter().all(|step| step.location != location) {
            steps.push(Step {
                what: "the file is loaded here".into(),
                location,
            });
        }
    }
    steps
}

/// The macros that made the machines and what stands in them.
fn traces(machines: &[Machine], outcome: &Outcome) -> Vec<Trace> {
    if outcome.uses.is_empty() {
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let spans = machines.iter().flat_map(|machine| {
        let fields = machine.fields.iter().map(|field| field.span);
        fields.chain([machine.span])
    });
    spans
        .filter(|span| seen.insert(*span))
        .filter_map(|span| {
            let steps = macro_steps(outcome.uses.get(&span), &outcome.sources);
            let location = outcome.sources.location(span)?;
            (!steps.is_empty()).then_some(Trace { location, steps })
        })
        .collect()
}

/// The macros that made what is wrong, the innermost first.
fn macro_steps(uses: Option<&Vec<MacroUse>>, sources: &Sources) -> Vec<Step> {
    let uses = uses.into_iter().flatten().rev();
    uses.filter_map(|used| {
        Some(Step {
            what: format!("in what the macro `{}` makes, defined here", used.name),
            location: sources.location(used.place)?,
        })
    })
    .collect()
}

#[cfg(test)]
mod place_tests;
#[cfg(test)]
mod tests;
