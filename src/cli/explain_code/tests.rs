use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::cli::check_config::{Surroundings, connection};
use crate::machines::check::{advise, check};
use crate::machines::evaluate::evaluate;
use crate::machines::reader::NESTING_MAX;

/// Words that stand before a code in the sources.
const MAKERS: [&str; 7] = [
    "Diagnostic::error(",
    "Diagnostic::warning(",
    "Failure::new(",
    "finding(",
    "failed(",
    "failure(",
    "warning(",
];

/// The sources that may make codes, without their tests.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open = vec![
        root.join("machines"),
        root.join("cli"),
        root.join("machines.rs"),
    ];
    let mut texts = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            texts.push(
                text.split("#[cfg(test)]\nmod tests")
                    .next()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    texts
}

/// The codes that the sources make.
fn made() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for text in sources() {
        for maker in MAKERS {
            for (at, _) in text.match_indices(maker) {
                let before = text[..at].chars().next_back().unwrap_or(' ');
                if !before.is_alphanumeric() && before != '_' {
                    codes.extend(literal(&text[at + maker.len()..]));
                }
            }
        }
        for (at, mark) in text.match_indices("code: \"") {
            codes.extend(literal(&text[at + mark.len() - 1..]));
        }
        for (at, _) in text.match_indices("\"machines::") {
            codes.extend(literal(&text[at..]).map(|code| code.replace(PREFIX, "")));
        }
    }
    codes.remove("");
    codes
}

/// The text between the quotes that come next, if that is a code.
fn literal(text: &str) -> Option<String> {
    let (word, _) = text.trim_start().strip_prefix('"')?.split_once('"')?;
    let plain = |c: char| c.is_ascii_lowercase() || c == '-' || c == ':';
    word.chars().all(plain).then(|| word.to_owned())
}

#[test]
fn every_code_has_a_section_and_every_section_a_code() {
    let made = made();
    let described: BTreeSet<String> = sections().map(|s| s.code.to_owned()).collect();
    let lacking: Vec<_> = made.difference(&described).collect();
    assert!(lacking.is_empty(), "docs/diagnostics.md lacks {lacking:?}");
    let sources = sources().join("\n");
    let is_dead = |code: &&String| {
        !sources.contains(&format!("\"{code}\""))
            && !sources.contains(&format!("\"{PREFIX}{code}\""))
    };
    let dead: Vec<_> = described.iter().filter(is_dead).collect();
    assert!(
        dead.is_empty(),
        "docs/diagnostics.md has {dead:?}, which nothing makes"
    );
}

/// An example's kind and text.
fn example<'a>(section: &Section<'a>, word: &str) -> (&'a str, &'a str) {
    let code = section.code;
    let (_, after) = section
        .body
        .split_once(&format!("\n{word}:\n\n```"))
        .unwrap_or_else(|| panic!("{code} lacks {word}"));
    let (kind, rest) = after.split_once('\n').unwrap();
    (kind, rest.split_once("\n```").unwrap().0)
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJPuAaGbCvYOeTzBdxLUxTuTkDhoWqYwuJTcqEQ/pOqs";

fn codes(kind: &str, text: &str) -> Option<BTreeSet<String>> {
    let text = match kind {
        "scheme" => text.to_owned(),
        "scheme field" => format!(
            "(define base (build-machine (name \"a\") (user \"u\") (host-key \"{KEY}\")
               (systems '(\"x86_64-linux\"))))
             (list (build-machine (inherit base) {text}))"
        ),
        _ => return None,
    };
    let report = evaluate("m.scm", text.as_bytes(), NESTING_MAX);
    let mut diagnostics = report.diagnostics;
    diagnostics.append(&mut check(&report.machines, Some(Path::new("/root"))).1);
    diagnostics.append(&mut advise(&report.machines));
    diagnostics.append(&mut connection::check(
        &report.machines,
        &Surroundings::of_tests(),
    ));
    Some(diagnostics.into_iter().map(|d| d.code).collect())
}

#[test]
fn examples_give_their_code_before_and_not_after() {
    for section in sections() {
        let code = format!("{PREFIX}{}", section.code);
        let (kind, before) = example(&section, "Before");
        if let Some(codes) = codes(kind, before) {
            assert!(codes.contains(&code), "{code}: before it is {codes:?}");
        }
        let (kind, after) = example(&section, "After");
        if let Some(codes) = codes(kind, after) {
            assert!(
                !codes.contains(&code),
                "{code}: it is there afterwards, too"
            );
        }
    }
}

#[test]
fn paragraphs_are_lines_and_fit() {
    for section in sections() {
        let body = section.body.trim();
        assert!(
            body.starts_with(|c: char| c.is_uppercase()),
            "{}",
            section.code
        );
        let paragraph = body.lines().next().unwrap();
        assert!(paragraph.ends_with('.'), "{}", section.code);
        for line in page(section).lines() {
            let shown = line.chars().count();
            assert!(shown <= 78 || line.starts_with("    "), "{line}");
        }
    }
}

#[test]
fn unknown_codes_get_the_nearest() {
    assert_eq!(
        unknown("machines::unknwon-field", "unknwon-field"),
        "there is no code \"machines::unknwon-field\"; did you mean 'machines::unknown-field'?"
    );
    assert!(unknown("x", "x").ends_with("lists all"));
}
