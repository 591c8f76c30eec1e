//! The rules: from a source to what in it breaks them.

use crate::paths::{Named, named};
use crate::source::Source;
use crate::{CLOCKS, EMPTY_NAMES, EVERYBODY, HOMES, IMPURE, LAYERS, MAX_LINES, PURE, UNSAFE};

/// A breach.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line.
    pub line: usize,
    /// Which rule, and what about it.
    pub why: String,
}

impl Broken {
    fn new(line: usize, why: String) -> Self {
        Self { line, why }
    }
}

/// A lower layer names no higher one.
pub fn layers(source: &Source) -> Vec<Broken> {
    let module = source.module();
    let Some(own) = module.first() else {
        return Vec::new();
    };
    let Some((_, below)) = LAYERS.iter().find(|(name, _)| name == own) else {
        return vec![Broken::new(1, format!("'{own}' is in no layer of LAYERS"))];
    };
    let allowed = |path: &Named| {
        let known = LAYERS.iter().any(|(name, _)| path.begins_with(name));
        !known
            || path.begins_with(own)
            || EVERYBODY.iter().any(|name| path.begins_with(name))
            || below
                .iter()
                .any(|name| *name == "*" || path.begins_with(name))
    };
    named(source)
        .into_iter()
        .filter(|path| path.ours && !allowed(path))
        .map(|path| {
            let why = format!("layer '{own}' may not name '{}'", path.words.join("::"));
            Broken::new(path.line, why)
        })
        .collect()
}

/// A foreign crate is named at home only.
pub fn homes(source: &Source) -> Vec<Broken> {
    let mut broken = Vec::new();
    for path in named(source).into_iter().filter(|path| !path.ours) {
        let home = HOMES.iter().find(|(name, _)| path.begins_with(name));
        if let Some((name, files)) = home
            && !is_in(&source.file, files)
        {
            let why = format!("'{name}' is named in {} only", files.join(" and "));
            broken.push(Broken::new(path.line, why));
        }
    }
    broken
}

/// `unsafe` stands where it must.
pub fn unsafe_code(source: &Source) -> Vec<Broken> {
    if is_in(&source.file, UNSAFE) {
        return Vec::new();
    }
    let tokens = source.tokens();
    let found = tokens.iter().filter(|token| token.text == "unsafe");
    found
        .map(|token| {
            let why = format!("'unsafe' stands in {} only", UNSAFE.join(" and "));
            Broken::new(token.line, why)
        })
        .collect()
}

/// A pure file names nothing that does input or output.
pub fn purity(source: &Source) -> Vec<Broken> {
    if !is_in(&source.file, PURE) {
        return Vec::new();
    }
    let impure = |path: &Named| {
        let clock = |call: &&[&str; 2]| path.words.windows(2).any(|pair| pair == **call);
        IMPURE.iter().any(|name| path.begins_with(name)) || CLOCKS.iter().any(|call| clock(&call))
    };
    named(source)
        .into_iter()
        .filter(|path| !path.ours && impure(path))
        .map(|path| {
            let why = format!("a pure file may not name '{}'", path.words.join("::"));
            Broken::new(path.line, why)
        })
        .collect()
}

/// A file can be read in one go.
pub fn size(source: &Source) -> Vec<Broken> {
    if source.lines <= MAX_LINES {
        return Vec::new();
    }
    let why = format!("{} lines without tests, {MAX_LINES} at most", source.lines);
    vec![Broken::new(MAX_LINES, why)]
}

/// A file's name tells what it is for.
pub fn names(source: &Source) -> Vec<Broken> {
    let words = source.file.trim_end_matches(".rs").split('/');
    words
        .filter(|word| EMPTY_NAMES.contains(word))
        .map(|word| Broken::new(1, format!("a file or folder named '{word}'")))
        .collect()
}

/// Nothing is a stub, and no error is thrown away unseen.
pub fn leftovers(source: &Source) -> Vec<Broken> {
    let mut broken = Vec::new();
    let tokens = source.tokens();
    let follows = |at: usize, signs: &[&str]| {
        let texts = tokens[at..].iter().map(|token| token.text.as_str());
        texts.take(signs.len()).eq(signs.iter().copied())
    };
    for (at, token) in tokens.iter().enumerate() {
        let why = if follows(at, &["todo", "!"]) || follows(at, &["unimplemented", "!"]) {
            format!("'{}!'", token.text)
        } else if follows(at, &[".", "ok", "(", ")", ";"]) && is_statement(&tokens, at) {
            "'.ok();' throws an error away; say why it does not matter".to_owned()
        } else {
            continue;
        };
        broken.push(Broken::new(token.line, why));
    }
    // Written so that this file does not break its own rule.
    let stub = ["To be", "written"].join(" ");
    for (number, line) in source.text.lines().enumerate() {
        if line.contains(&stub) {
            broken.push(Broken::new(number + 1, "a stub".to_owned()));
        }
    }
    broken
}

/// Tells whether the value of the expression that ends before `at` is used by
/// nobody: its statement neither binds nor returns it.
fn is_statement(tokens: &[crate::source::Token], at: usize) -> bool {
    let begin = tokens[..at]
        .iter()
        .rposition(|token| [";", "{", "}"].contains(&token.text.as_str()))
        .map_or(0, |before| before + 1);
    let used = ["=", "return", "break"];
    !tokens[begin..at]
        .iter()
        .any(|token| used.contains(&token.text.as_str()))
}

fn is_in(file: &str, places: &[&str]) -> bool {
    places
        .iter()
        .any(|place| file == *place || (place.ends_with('/') && file.starts_with(place)))
}
