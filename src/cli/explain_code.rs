//! `offload explain-code`: what stands about a code in docs/diagnostics.md.

use std::process::ExitCode;

use super::{complain, print, quoted};
use crate::machines::nearest;

/// The document that has a section for each code.
const DOCUMENT: &str = include_str!("../../docs/diagnostics.md");

/// What begins a code.
const PREFIX: &str = "machines::";

/// A section of the document.
#[derive(Clone, Copy, Debug)]
struct Section<'a> {
    code: &'a str,
    body: &'a str,
}

/// Prints the section of a code, or the list of all.
pub(super) fn run(name: &str, code: Option<&str>) -> ExitCode {
    let Some(asked) = code else {
        return print(name, &list());
    };
    let code = asked.strip_prefix(PREFIX).unwrap_or(asked);
    if let Some(section) = sections().find(|section| section.code == code) {
        return print(name, &page(section));
    }
    complain(name, "error", &unknown(asked, code));
    ExitCode::from(2)
}

fn sections() -> impl Iterator<Item = Section<'static>> {
    DOCUMENT.split("\n## ").skip(1).filter_map(|section| {
        let (heading, body) = section.split_once('\n')?;
        let code = heading.trim().strip_prefix(PREFIX)?;
        Some(Section { code, body })
    })
}

/// All codes, each with the first sentence about it.
fn list() -> String {
    let width = sections().map(|section| section.code.len()).max();
    let width = width.unwrap_or(0).saturating_add(PREFIX.len());
    let lines: Vec<String> = sections()
        .map(|section| {
            let code = format!("{PREFIX}{}", section.code);
            let first = section.body.trim().lines().next().unwrap_or_default();
            let first = first.split_once(". ").map_or(first, |(first, _)| first);
            let first = first.trim_end_matches('.');
            format!("{code:width$}  {first}\n")
        })
        .collect();
    lines.concat()
}

/// A section as plain text: code is set in instead of being fenced.
fn page(section: Section<'_>) -> String {
    let mut out = format!("{PREFIX}{}\n", section.code);
    let mut code = false;
    for line in section.body.trim_end().lines() {
        if line.starts_with("```") {
            code = !code;
        } else if code {
            out.push_str("    ");
            out.push_str(line);
            out.push('\n');
        } else {
            fill(&mut out, line);
        }
    }
    out
}

/// A paragraph, which is one line in the document, in lines of 78 columns.
fn fill(out: &mut String, paragraph: &str) {
    let mut column = 0usize;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column.saturating_add(length) >= 78 {
            out.push('\n');
            column = 0;
        }
        if column > 0 {
            out.push(' ');
            column = column.saturating_add(1);
        }
        out.push_str(word);
        column = column.saturating_add(length);
    }
    out.push('\n');
}

fn unknown(asked: &str, code: &str) -> String {
    let asked = quoted(asked.as_ref());
    match nearest(code, sections().map(|section| section.code)) {
        Some(near) => format!("there is no code {asked}; did you mean '{PREFIX}{near}'?"),
        None => format!("there is no code {asked}; 'offload explain-code' lists all"),
    }
}

#[cfg(test)]
mod tests;
