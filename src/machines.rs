//! Machine files: from the text of `machines.scm` to machines and diagnostics.
//!
//! The way: text → data with places ([`reader`]) → core program ([`expand`],
//! [`core`]) → values ([`engine`], [`builtin`], `scheme/`) → raw machines
//! ([`evaluate`]) → machines ([`check`]). All but the last step runs in a
//! child with limits ([`child`]), whose [`message`] the parent checks.

pub mod builtin;
pub mod check;
pub mod child;
pub mod core;
pub mod datum;
pub mod dependency;
pub mod diagnostic;
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

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub use child::Limits;
pub use diagnostic::{Diagnostic, Severity};
pub use raw::RawMachine;
pub use record::{BuildMachine, Field, Location};

/// What a machine file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// The machines that can be used.
    pub machines: Vec<BuildMachine>,
    /// What is wrong with the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The machines as the file has them, those that are left out too.
    pub raw: Vec<RawMachine>,
}

impl Evaluation {
    /// Tells whether something is wrong that costs a machine or all of them.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    fn failed(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostics: vec![diagnostic],
            ..Self::default()
        }
    }
}

/// A longer file is no machine file.
const FILE_MAX: u64 = 64 << 20;

/// Reads a machine file; a missing one has no machines.
///
/// Forks, so the process must have one thread. What the file prints goes to
/// standard error. `home` is what HOME is while it is evaluated.
pub fn load(file: &Path, home: Option<&Path>, limits: &Limits) -> Evaluation {
    let shown = file
        .file_name()
        .unwrap_or(file.as_os_str())
        .to_string_lossy();
    load_with(file, home, limits, &mut |line| {
        eprintln!("offload: {shown}: {line}");
    })
}

/// Like [`load`], with a place for the lines that the file prints.
pub fn load_with(
    file: &Path,
    home: Option<&Path>,
    limits: &Limits,
    print: &mut dyn FnMut(&str),
) -> Evaluation {
    let name = file.to_string_lossy();
    match read(file) {
        Ok(text) => load_text(&name, &text, home, limits, print),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Evaluation::default(),
        Err(error) => Evaluation::failed(Diagnostic::error(
            "unreadable",
            format!("cannot read machine file {name}: {error}"),
        )),
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
    let report = child::evaluate_in_child(name, text, home, limits, print);
    let (machines, mut wrong) = check::check(&report.machines, home);
    let mut diagnostics = report.diagnostics;
    diagnostics.append(&mut wrong);
    Evaluation {
        machines,
        diagnostics,
        raw: report.machines,
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let opened = File::open(file)?;
    if !opened.metadata()?.is_file() {
        // A pipe could keep us waiting for ever.
        return Err(io::Error::other("not a regular file"));
    }
    let mut text = Vec::new();
    opened
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
        ]), 0..60)) {
            let mut text = words.join(" ");
            let open = words.iter().filter(|w| **w == "(").count();
            let closed = words.iter().filter(|w| **w == ")").count();
            text.push_str(&")".repeat(open.saturating_sub(closed)));
            super::fuzz_reader(text.as_bytes());
        }
    }
}
