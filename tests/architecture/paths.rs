//! The paths that a source names, written out in full.

use crate::source::{Source, Token};

/// `a::b::c` as it is meant: groups of `use` opened, `self` and `super`
/// resolved, a path of our own library without `crate` in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Whether it begins in our own library.
    pub ours: bool,
    /// The words.
    pub words: Vec<String>,
    /// The line it stands in.
    pub line: usize,
}

impl Named {
    /// Tells whether it begins with these words, joined by `::`.
    pub fn begins_with(&self, prefix: &str) -> bool {
        let mut words = self.words.iter();
        prefix
            .split("::")
            .all(|word| words.next().is_some_and(|w| w == word))
    }
}

/// All paths of `source`, in order. A single word counts where it is imported.
pub fn named(source: &Source) -> Vec<Named> {
    let tokens = source.tokens();
    let module: Vec<String> = source.module().into_iter().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let after = |text: &str| at > 0 && tokens[at - 1].text == text;
        // `use {a, b::c};` begins with a group.
        let begins = tokens[at].is_word() || (after("use") && tokens[at].text == "{");
        if !begins || after("::") || after(".") {
            at += 1;
            continue;
        }
        let imported =
            after("use") || (after("crate") && at > 1 && tokens[at - 2].text == "extern");
        let mut paths = Vec::new();
        at = tree(&tokens, at, &[], &mut paths);
        let told = paths
            .into_iter()
            .filter(|(words, _)| imported || words.len() > 1);
        found.extend(told.map(|(words, line)| resolve(words, line, &module)));
    }
    found
}

/// Reads one path, or a group of them, from `at`; returns where it ends.
fn tree(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<(Vec<String>, usize)>,
) -> usize {
    let mut words = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.line);
    while let Some(token) = tokens.get(at) {
        if token.text == "{" {
            return group(tokens, at + 1, &words, found);
        }
        if token.is_word() {
            words.push(token.text.clone());
        } else if token.text != "*" {
            break;
        }
        at += 1;
        if tokens.get(at).is_none_or(|next| next.text != "::") {
            break;
        }
        at += 1;
    }
    found.push((words, line));
    at
}

fn group(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<(Vec<String>, usize)>,
) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "}" => return at + 1,
            "," => at += 1,
            // A new name for what was just read.
            "as" => at += 2,
            _ => {
                let before = at;
                at = tree(tokens, at, prefix, found).max(before + 1);
            }
        }
    }
    at
}

fn resolve(words: Vec<String>, line: usize, module: &[String]) -> Named {
    let mut words: std::collections::VecDeque<String> = words.into();
    // `use a::{self}` means `a`.
    if words.len() > 1 && words.back().is_some_and(|word| word == "self") {
        words.pop_back();
    }
    let mut base = module.to_vec();
    let mut ours = true;
    match words.front().map(String::as_str) {
        Some("crate" | "offload") => {
            words.pop_front();
            base.clear();
        }
        Some("self") => {
            words.pop_front();
        }
        Some("super") => {}
        _ => {
            base.clear();
            ours = false;
        }
    }
    while ours && words.front().is_some_and(|word| word == "super") {
        words.pop_front();
        base.pop();
    }
    base.extend(words);
    Named {
        ours,
        words: base,
        line,
    }
}
