//! Machine files: from the text of `machines.scm` to machines and diagnostics.
//!
//! The way: text → data with places ([`reader`]) → core program ([`expand`],
//! [`core`]) → values ([`engine`], [`builtin`], `scheme/`) → raw machines
//! ([`evaluate`]) → machines ([`check`]). All but the last step runs in a
//! child with limits ([`child`]), whose [`message`] the parent checks.

pub mod builtin;
pub mod cache;
pub mod check;
pub mod child;
pub mod core;
pub mod datum;
pub mod dependency;
pub mod diagnostic;
pub mod elsewhere;
pub mod engine;
pub mod evaluate;
pub mod expand;
mod files;
pub mod message;
pub mod raw;
pub mod reader;
pub mod record;
mod similar;
pub mod source;

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use cache::Question;
use evaluate::{Report, Trace};

pub use cache::Cache;
pub use child::Limits;
pub use diagnostic::{Diagnostic, Severity, is_steering};
pub use raw::RawMachine;
pub use record::{BuildMachine, Field, Location};
pub use similar::nearest;

/// What a machine file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// The machines that can be used.
    pub machines: Vec<BuildMachine>,
    /// What is wrong with the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The machines as the file has them, those that are left out too.
    pub raw: Vec<RawMachine>,
    /// The macros that made what stands in machines.
    pub traces: Vec<Trace>,
}

impl Evaluation {
    /// Adds the macros that made what is wrong, where none are told.
    pub fn add_traces(&self, diagnostics: &mut [Diagnostic]) {
        trace(&self.traces, diagnostics);
    }

    /// Tells whether something is wrong that costs a machine or all of them.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// A longer file is no machine file.
const FILE_MAX: u64 = 64 << 20;

/// Reads a machine file; a missing one has no machines.
///
/// Forks, so the process must have one thread. What the file prints goes to
/// standard error. `home` is what HOME is while it is evaluated.
pub fn load(file: &Path, home: Option<&Path>, limits: &Limits) -> Evaluation {
    load_with(file, home, limits, &mut |line| print_line(file, line))
}

/// Like [`load`], from the cache if nothing has changed.
pub fn load_cached(file: &Path, home: Option<&Path>, limits: &Limits, cache: &Cache) -> Evaluation {
    judged(report(file, home, limits, cache), home)
}

/// Like [`load_cached`], but without a fork: for a process with several
/// threads. What is not in the cache is evaluated by this program, executed
/// anew with the command [`elsewhere::COMMAND`] and this process's environment.
pub fn load_elsewhere(
    file: &Path,
    home: Option<&Path>,
    limits: &Limits,
    cache: &Cache,
) -> Evaluation {
    let report = match find(file, home, limits, cache) {
        Ok(report) => report,
        Err(_) => elsewhere::ask(&file.to_string_lossy(), limits),
    };
    judged(report, home)
}

/// What a machine file gives, before its machines are judged. Forks, as
/// [`load`] does.
pub fn report(file: &Path, home: Option<&Path>, limits: &Limits, cache: &Cache) -> Report {
    let text = match find(file, home, limits, cache) {
        Ok(report) => return report,
        Err(text) => text,
    };
    let name = file.to_string_lossy();
    let mut printed = false;
    let report = child::evaluate_in_child(&name, &text, home, limits, &mut |line| {
        printed = true;
        print_line(file, line);
    });
    // What is said once must be said each time.
    if !printed {
        cache.keep(&question(&name, &text, home, limits), &report);
    }
    report
}

/// What is known without an evaluation, else the file's text.
fn find(
    file: &Path,
    home: Option<&Path>,
    limits: &Limits,
    cache: &Cache,
) -> Result<Report, Vec<u8>> {
    let name = file.to_string_lossy();
    match read_file(file) {
        Ok(text) => match cache.find(&question(&name, &text, home, limits)) {
            Some(report) => Ok(report),
            None => Err(text),
        },
        Err(error) => Ok(not_read(&name, &error)),
    }
}

fn question<'a>(
    name: &'a str,
    text: &'a [u8],
    home: Option<&'a Path>,
    limits: &Limits,
) -> Question<'a> {
    Question {
        name,
        text,
        home,
        nesting: limits.nesting,
    }
}

fn print_line(file: &Path, line: &str) {
    let shown = file.file_name().unwrap_or(file.as_os_str());
    let shown = diagnostic::escape(&shown.to_string_lossy());
    eprintln!("offload: {shown}: {line}");
}

/// Like [`load`], with a place for the lines that the file prints.
pub fn load_with(
    file: &Path,
    home: Option<&Path>,
    limits: &Limits,
    print: &mut dyn FnMut(&str),
) -> Evaluation {
    let name = file.to_string_lossy();
    match read_file(file) {
        Ok(text) => load_text(&name, &text, home, limits, print),
        Err(error) => judged(not_read(&name, &error), home),
    }
}

/// Like [`load_with`], for a text that has been read already.
pub fn load_text(
    name: &str,
    text: &[u8],
    home: Option<&Path>,
    limits: &Limits,
    print: &mut dyn FnMut(&str),
) -> Evaluation {
    judged(
        child::evaluate_in_child(name, text, home, limits, print),
        home,
    )
}

fn not_read(name: &str, error: &io::Error) -> Report {
    if error.kind() == io::ErrorKind::NotFound {
        return Report::default();
    }
    Report::failed(Diagnostic::error(
        "unreadable",
        format!("cannot read machine file {name}: {error}"),
    ))
}

/// The machines of a report that can be used.
fn judged(report: Report, home: Option<&Path>) -> Evaluation {
    let (machines, mut wrong) = check::check(&report.machines, home);
    let mut diagnostics = report.diagnostics;
    check::drop_lost_fields(&mut diagnostics);
    check::recognise_deploy_file(&mut diagnostics);
    trace(&report.traces, &mut wrong);
    diagnostics.append(&mut wrong);
    Evaluation {
        machines,
        diagnostics,
        raw: report.machines,
        traces: report.traces,
    }
}

fn trace(traces: &[Trace], diagnostics: &mut [Diagnostic]) {
    if traces.is_empty() {
        return;
    }
    let known: HashMap<&Location, &Trace> = traces
        .iter()
        .map(|trace| (&trace.location, trace))
        .collect();
    for diagnostic in diagnostics.iter_mut().filter(|one| one.trace.is_empty()) {
        if let Some(trace) = diagnostic.location.as_ref().and_then(|at| known.get(at)) {
            diagnostic.trace.clone_from(&trace.steps);
        }
    }
}

/// Reads a machine file, or another one that belongs to it.
pub fn read_file(file: &Path) -> io::Result<Vec<u8>> {
    // Without O_NONBLOCK the opening of a named pipe would wait for ever.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    read_text(opened)
}

/// Reads the text of a machine file from wherever it comes.
pub fn read_text(source: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    source
        .take(FILE_MAX.saturating_add(1))
        .read_to_end(&mut text)?;
    if text.len() as u64 > FILE_MAX {
        return Err(io::Error::other("larger than 64 MiB"));
    }
    Ok(text)
}

/// Reads and expands whatever bytes, for fuzzing: must not panic.
pub fn fuzz_reader(bytes: &[u8]) {
    /// The stack of a fuzz target is the usual one.
    const NESTING: u32 = 100;
    let text = String::from_utf8_lossy(bytes);
    evaluate::only_expand(&text, NESTING);
}

/// Decodes whatever bytes as a child's message, for fuzzing: must not panic.
pub fn fuzz_message(bytes: &[u8]) {
    if let Ok(report) = message::decode(bytes) {
        drop(check::check(&report.machines, None));
    }
}

/// Reads whatever bytes as a cache's file, for fuzzing: must not panic.
pub fn fuzz_cache(bytes: &[u8]) {
    // A digest would keep the fuzzer out.
    if let Some((_, _, body)) = cache::parts(bytes) {
        fuzz_message(body);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_makes_reader_or_expander_panic(text in "([()'`,@.# ]|let|define|lambda|if|cond|=>|else|case|do|quasiquote|unquote|build-machine|name|user|inherit|set!|begin|use-modules|x|1|\"s\"){0,40}") {
            super::fuzz_reader(text.as_bytes());
        }

        #[test]
        fn no_form_makes_the_expander_panic(words in proptest::collection::vec(prop::sample::select(vec![
            "(", ")", "(", ")", "(", ")", "'", "`", ",", ",@", ".", "let", "let*", "letrec", "define", "lambda", "if", "cond",
            "=>", "else", "case", "do", "build-machine", "name", "inherit", "set!", "begin", "use-modules", "@", "(srfi srfi-1)", "x", "#:key", "1", "\"s\"",
            "define-syntax", "define-syntax-rule", "syntax-rules", "...", "(_ x ...)", "(_ . x)", "let-syntax", "lambda*", "define*", "#:optional",
            "#:rest", "case-lambda", "define-values", "while", "cond-expand", "guile", "import", "only", "export", "define-module", "#:use-module",
            "eval-when", "identifier-syntax", "syntax-case", "with-syntax", "#'", "#`", "#,", "syntax-parameterize", "define-macro", "(x y)", "m", "(m 1)",
        ]), 0..60)) {
            let mut text = words.join(" ");
            let open = words.iter().filter(|w| **w == "(").count();
            let closed = words.iter().filter(|w| **w == ")").count();
            text.push_str(&")".repeat(open.saturating_sub(closed)));
            super::fuzz_reader(text.as_bytes());
        }
    }
}
