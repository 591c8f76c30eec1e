//! `offload check-config`: what machine files say, and what is wrong with
//! them.
//!
//! A file is evaluated as the hook would do it: by its absolute name, in the
//! directory `/`, with the home directory of the daemon's user, and as that
//! user where root asks. Only what the user typed is shown as typed.

pub(super) mod connection;
mod json;
mod surroundings;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::render::{self, Style, Texts};
use super::{complain, print};
use crate::machines::{self, BuildMachine, Diagnostic, Limits, RawMachine};
use crate::settings::Settings;

pub(super) use surroundings::Surroundings;

/// Errors, or with `--strict` also warnings.
const FAULTY: u8 = 1;

/// Wrong usage, or no such file.
const UNUSABLE: u8 = 2;

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// The files; none: the default one.
    pub(super) files: Vec<OsString>,
    /// Print JSON.
    pub(super) json: bool,
    /// Warnings count as errors.
    pub(super) strict: bool,
}

/// A file with its text.
struct Input {
    /// As the user names it.
    shown: String,
    /// Its absolute name.
    name: String,
    text: io::Result<Vec<u8>>,
    /// It is the one that the hook reads.
    is_installed: bool,
}

/// What is known of a file in the end.
struct Checked {
    shown: String,
    is_read: bool,
    raw: Vec<RawMachine>,
    machines: Vec<BuildMachine>,
    diagnostics: Vec<Diagnostic>,
}

/// Checks the files and prints what came of it.
pub(super) fn run(name: &str, options: &Options) -> ExitCode {
    let (settings, complaints) = Settings::from_environment();
    for complaint in complaints {
        complain(name, "warning", &complaint);
    }
    let inputs = inputs(options, &settings);
    let mut status = 0;
    for input in &inputs {
        if let Err(error) = &input.text {
            complain(name, "error", &unreadable(&input.shown, error));
            status = UNUSABLE;
        }
    }
    let surroundings = match Surroundings::enter(&settings) {
        Ok(surroundings) => surroundings,
        Err(error) => {
            complain(
                name,
                "error",
                &format!("cannot become the daemon's user: {error}"),
            );
            return ExitCode::from(UNUSABLE);
        }
    };
    if let Some(note) = surroundings.note() {
        complain(name, "note", &note);
    }
    let mut texts = Texts::default();
    let mut checked: Vec<Checked> = Vec::new();
    for input in inputs {
        if let Ok(text) = &input.text {
            texts.add(&input.shown, text);
        }
        checked.push(check(input, &settings, &surroundings));
    }
    if let Some(first) = checked.iter_mut().find(|file| file.is_read) {
        first.diagnostics.append(&mut surroundings.signing_key());
    }
    let any = |test: fn(&Diagnostic) -> bool| {
        checked.iter().any(|file| file.diagnostics.iter().any(test))
    };
    if status == 0 && (any(Diagnostic::is_error) || options.strict && any(|_| true)) {
        status = FAULTY;
    }
    let text = if options.json {
        json::object(&checked, surroundings.home())
    } else {
        report(&checked, &mut texts, Style::of_stdout())
    };
    match print(name, &text) {
        code if code == ExitCode::SUCCESS => ExitCode::from(status),
        code => code,
    }
}

/// Reads all files, as the user who asks.
fn inputs(options: &Options, settings: &Settings) -> Vec<Input> {
    let installed = settings.machine_file.clone().into_os_string();
    let files = if options.files.is_empty() {
        std::slice::from_ref(&installed)
    } else {
        &options.files
    };
    files
        .iter()
        .map(|file| {
            let path = Path::new(file);
            let text = if file == "-" {
                machines::read_text(io::stdin())
            } else {
                // A pipe, too: whoever names one waits for it.
                File::open(path).and_then(machines::read_text)
            };
            let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
            Input {
                shown: file.to_string_lossy().into_owned(),
                name: absolute.to_string_lossy().into_owned(),
                text,
                is_installed: *file == installed,
            }
        })
        .collect()
}

/// The system's words without `(os error 13)`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next();
    words.unwrap_or_default().to_owned()
}

fn unreadable(shown: &str, error: &io::Error) -> String {
    let quoted = format!("{shown:?}");
    if error.kind() == io::ErrorKind::NotFound {
        format!("no such file: {quoted}")
    } else {
        format!("cannot read {quoted}: {}", reason(error))
    }
}

fn check(input: Input, settings: &Settings, surroundings: &Surroundings) -> Checked {
    let text = match input.text {
        Ok(text) => text,
        Err(error) => {
            let message = unreadable(&input.shown, &error);
            return Checked {
                shown: input.shown,
                is_read: false,
                raw: Vec::new(),
                machines: Vec::new(),
                diagnostics: vec![Diagnostic::error("unreadable", message)],
            };
        }
    };
    let limits = Limits::from(settings);
    let shown = input.shown;
    let mut evaluation = machines::load_text(
        &input.name,
        &text,
        surroundings.home(),
        &limits,
        &mut |line| {
            eprintln!("offload: {}: {line}", machines::diagnostic::escape(&shown));
        },
    );
    let mut advice = machines::check::advise(&evaluation.raw);
    advice.append(&mut connection::check(&evaluation.raw, surroundings));
    evaluation.add_traces(&mut advice);
    let mut diagnostics = evaluation.diagnostics;
    diagnostics.append(&mut advice);
    let mut diagnostics = machines::check::merged(diagnostics);
    machines::check::pinpoint(
        &input.name,
        &String::from_utf8_lossy(&text),
        &mut diagnostics,
    );
    if input.is_installed {
        diagnostics.extend(surroundings.machine_file(Path::new(&input.name)));
    }
    let as_typed: Arc<str> = shown.as_str().into();
    let rename = |file: &mut Arc<str>| {
        if **file == *input.name {
            *file = Arc::clone(&as_typed);
        }
    };
    for diagnostic in &mut diagnostics {
        let steps = diagnostic.trace.iter_mut().map(|step| &mut step.location);
        for location in diagnostic.location.iter_mut().chain(steps) {
            rename(&mut location.file);
        }
        diagnostic.message = diagnostic.message.replace(&input.name, &shown);
    }
    for location in evaluation
        .raw
        .iter_mut()
        .filter_map(|machine| machine.location.as_mut())
    {
        rename(&mut location.file);
    }
    // The file's own first, in its order; what has no place stands before.
    diagnostics.sort_by_cached_key(|diagnostic| {
        let place = diagnostic.location.as_ref();
        place.map(|place| {
            (
                place.file != as_typed,
                place.file.clone(),
                place.line,
                place.column,
            )
        })
    });
    Checked {
        shown,
        is_read: true,
        raw: evaluation.raw,
        machines: evaluation.machines,
        diagnostics,
    }
}

impl Checked {
    fn summary(&self) -> String {
        let errors = self
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error())
            .count();
        let warnings = self.diagnostics.len().saturating_sub(errors);
        format!(
            "{}: {}, {}, {}",
            machines::diagnostic::escape(&self.shown),
            counted(self.machines.len(), "machine"),
            counted(errors, "error"),
            counted(warnings, "warning")
        )
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// The output for people: for each file its machines, what is wrong with it,
/// and a line that sums up.
fn report(checked: &[Checked], texts: &mut Texts, style: Style) -> String {
    let mut out = String::new();
    // What could not be read has been said.
    for file in checked.iter().filter(|file| file.is_read) {
        if !out.is_empty() {
            out.push('\n');
        }
        if !file.machines.is_empty() {
            out.push_str(&render::table(&file.machines, style.width));
            out.push('\n');
        }
        for diagnostic in &file.diagnostics {
            out.push_str(&render::diagnostic(diagnostic, &file.shown, texts, style));
        }
        if !file.diagnostics.is_empty() {
            out.push('\n');
        }
        out.push_str(&file.summary());
        out.push('\n');
    }
    out
}
