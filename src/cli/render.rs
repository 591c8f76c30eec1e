//! Diagnostics and machines as text: for terminals, editors and people.

mod excerpt;
mod table;

use std::env;
use std::io::{self, IsTerminal};

use crate::machines::diagnostic::{Diagnostic, Severity, escape};
use excerpt::excerpt;

pub(super) use excerpt::Texts;
pub(super) use table::table;

/// The width where none is known.
const USUAL_WIDTH: usize = 80;

/// How text is laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Escape sequences may be used.
    pub(super) colours: bool,
    /// Columns of a line.
    pub(super) width: usize,
}

impl Style {
    /// What fits standard output.
    pub(super) fn of_stdout() -> Self {
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        let terminal = io::stdout().is_terminal();
        let width = match terminal_size::terminal_size() {
            Some((terminal_size::Width(width), _)) if terminal && width > 0 => usize::from(width),
            _ => USUAL_WIDTH,
        };
        Self {
            colours: terminal && !dumb && !set("NO_COLOR"),
            width,
        }
    }

    fn paint(self, paint: &str, text: &str) -> String {
        if self.colours {
            format!("\x1b[{paint}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

const BOLD: &str = "1";
const CYAN: &str = "36";

/// The colour of a severity.
fn paint_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
    }
}

/// A diagnostic: a line for editors, the source line with a marker under the
/// expression, what to write, and what led there. `file` is what it is about
/// where it has no place.
pub(super) fn diagnostic(
    diagnostic: &Diagnostic,
    file: &str,
    texts: &mut Texts,
    style: Style,
) -> String {
    let paint = paint_of(diagnostic.severity);
    let severity = style.paint(paint, &format!("{}:", diagnostic.severity.word()));
    let message = style.paint(BOLD, &escape(&diagnostic.message));
    let code = escape(&diagnostic.code);
    let mut lines = Vec::new();
    match &diagnostic.location {
        Some(location) => {
            let place = escape(&location.to_string());
            lines.push(format!("{place}: {severity} {message} [{code}]"));
            if let Some(line) = texts.line(location) {
                let (shown, marker) = excerpt(&line, location.position(), diagnostic.end, style);
                lines.push(shown);
                lines.push(style.paint(paint, &marker));
            }
        }
        None => lines.push(format!(
            "{}:1:0: {severity} {message} [{code}]",
            escape(file)
        )),
    }
    if let Some(help) = &diagnostic.help {
        lines.push(format!("  {} {}", style.paint(CYAN, "help:"), escape(help)));
    }
    for step in &diagnostic.trace {
        let place = escape(&step.location.to_string());
        lines.push(format!("  {place}: {}", escape(&step.what)));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests;
