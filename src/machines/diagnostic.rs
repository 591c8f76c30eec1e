//! What is wrong with a machine file, and where: data, rendered elsewhere.

use super::record::{Location, Position};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file, or the machine, works nevertheless.
    Warning,
    /// The file, or the machine, cannot be used.
    Error,
}

impl Severity {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong with a machine file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing it is, such as `machines::unknown-field`.
    pub code: String,
    /// One line, without prefix.
    pub message: String,
    /// Where it stands.
    pub location: Option<Location>,
    /// Where the expression ends: behind its last character.
    pub end: Option<Position>,
    /// What to write instead.
    pub help: Option<String>,
    /// The calls and macro uses that led there, the innermost first.
    pub trace: Vec<Step>,
}

/// A call or macro use on the way to what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What happens there, such as ``in a use of the macro `machine` ``.
    pub what: String,
    /// Where it stands.
    pub location: Location,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A warning.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: &str, message: String) -> Self {
        Self {
            severity,
            code: format!("machines::{code}"),
            message,
            location: None,
            end: None,
            help: None,
            trace: Vec::new(),
        }
    }

    /// The same at this place.
    #[must_use]
    pub fn at(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }

    /// The same with an expression that ends there.
    #[must_use]
    pub fn until(mut self, end: Option<Position>) -> Self {
        self.end = end;
        self
    }

    /// The same with this advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Tells whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The form that editors and people read: `FILE:LINE:COL: error: …`.
    ///
    /// Control characters are escaped, because part of the text comes from
    /// the file.
    pub fn one_line(&self) -> String {
        let mut line = String::new();
        if let Some(location) = &self.location {
            line.push_str(&location.to_string());
            line.push_str(": ");
        }
        line.push_str(self.severity.word());
        line.push_str(": ");
        line.push_str(&self.message);
        if let Some(help) = &self.help {
            line.push_str(" (");
            line.push_str(help);
            line.push(')');
        }
        escape(&line)
    }
}

/// Text with control characters written as escapes, so that it stays one line
/// and cannot steer a terminal.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_steering(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Tells whether a character steers a terminal, ends a line, or turns the
/// direction of the text around it.
pub fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_has_place_severity_and_help() {
        let diagnostic = Diagnostic::error("x", "bad\nthing")
            .at(Some(Location {
                file: "m.scm".into(),
                line: 3,
                column: 0,
            }))
            .with_help("write a good one");
        assert_eq!(
            diagnostic.one_line(),
            "m.scm:3:0: error: bad\\nthing (write a good one)"
        );
        assert_eq!(diagnostic.code, "machines::x");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escape("a\u{1b}[2J\r"), "a\\u{1b}[2J\\r");
        assert_eq!(escape("é→"), "é→");
    }
}
