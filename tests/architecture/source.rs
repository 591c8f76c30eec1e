//! A Rust source as the rules see it: no comments, no texts, no tests.

/// A file of the project.
pub struct Source {
    /// Its name below the project's folder: `src/store/path.rs`.
    pub file: String,
    /// What it holds.
    pub text: String,
    /// The same, line for line, with comments, literals and the items under
    /// `#[cfg(test)]` blanked.
    pub code: String,
    /// Lines that do not belong to such items.
    pub lines: usize,
}

impl Source {
    /// Reads `text` as the file `file`.
    pub fn new(file: &str, text: &str) -> Self {
        let mut code = blank_literals(text);
        let lines = text.lines().count() - blank_tests(&mut code);
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            code: code.into_iter().collect(),
            lines,
        }
    }

    /// The module path: `src/store/nar/parse.rs` is `store`, `nar`, `parse`;
    /// the roots have an empty one.
    pub fn module(&self) -> Vec<&str> {
        let name = self.file.strip_prefix("src/").unwrap_or(&self.file);
        let name = name.strip_suffix(".rs").unwrap_or(name);
        match name {
            "lib" | "main" => Vec::new(),
            _ => name.split('/').collect(),
        }
    }

    /// Tells whether the whole file is a test module.
    pub fn is_test(&self) -> bool {
        self.module().last() == Some(&"tests")
    }

    /// The words and signs of the code, with their lines.
    pub fn tokens(&self) -> Vec<Token> {
        tokens(&self.code)
    }
}

/// A word, or a sign of one character, or `::`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// How it is written.
    pub text: String,
    /// Where it stands, from 1.
    pub line: usize,
}

impl Token {
    /// Tells whether it is a word rather than a sign.
    pub fn is_word(&self) -> bool {
        self.text.starts_with(is_word_char)
    }
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word_char(first) {
                rest.find(|c| !is_word_char(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (text, after) = rest.split_at(length);
            tokens.push(Token {
                text: text.to_owned(),
                line: number + 1,
            });
            rest = after.trim_start();
        }
    }
    tokens
}

/// Replaces comments and literals by spaces; lines stay where they are.
fn blank_literals(text: &str) -> Vec<char> {
    let mut chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        at = if let Some(end) = literal_end(&chars, at) {
            let end = end.min(chars.len());
            blank(&mut chars[at..end]);
            end
        } else {
            // A word is passed as a whole, so that its end is no prefix.
            at + word_length(&chars[at..]).max(1)
        };
    }
    chars
}

fn blank(chars: &mut [char]) {
    for c in chars.iter_mut().filter(|c| **c != '\n') {
        *c = ' ';
    }
}

fn word_length(chars: &[char]) -> usize {
    chars.iter().take_while(|c| is_word_char(**c)).count()
}

/// Where the comment or literal that begins at `at` ends.
fn literal_end(chars: &[char], at: usize) -> Option<usize> {
    let rest = &chars[at..];
    if !matches!(rest.first(), Some('/' | 'b' | 'c' | 'r' | '"' | '\'')) {
        return None;
    }
    let starts = |prefix: &str| {
        let length = prefix.chars().count();
        rest.len() >= length && rest.iter().zip(prefix.chars()).all(|(a, b)| *a == b)
    };
    if starts("//") {
        return Some(at + rest.iter().take_while(|c| **c != '\n').count());
    }
    if starts("/*") {
        return Some(at + block_comment_length(rest));
    }
    for prefix in ["br", "cr", "r"] {
        let from = prefix.len();
        if starts(prefix) {
            let hashes = rest[from..].iter().take_while(|c| **c == '#').count();
            if rest.get(from + hashes) == Some(&'"') {
                return Some(at + raw_string_length(rest, from + hashes + 1, hashes));
            }
        }
    }
    for prefix in ["b\"", "c\"", "\""] {
        if starts(prefix) {
            return Some(at + quoted_length(rest, prefix.len(), '"'));
        }
    }
    if starts("b'") {
        return Some(at + quoted_length(rest, 2, '\''));
    }
    // 'a' and '\n' are characters, 'a without a second quote is a lifetime.
    if starts("'\\") || (starts("'") && rest.get(2) == Some(&'\'')) {
        return Some(at + quoted_length(rest, 1, '\''));
    }
    None
}

fn block_comment_length(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(['/', '*']) => depth += 1,
            Some(['*', '/']) => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

fn raw_string_length(rest: &[char], from: usize, hashes: usize) -> usize {
    let closes = |at: usize| {
        rest[at] == '"'
            && rest
                .get(at + 1..=at + hashes)
                .is_some_and(|tail| tail.iter().all(|c| *c == '#'))
    };
    (from..rest.len())
        .find(|at| closes(*at))
        .map_or(rest.len(), |at| at + 1 + hashes)
}

fn quoted_length(rest: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Blanks each item that stands under `#[cfg(test)]`; returns how many lines
/// these take.
fn blank_tests(code: &mut [char]) -> usize {
    let mark: Vec<char> = "#[cfg(test)]".chars().collect();
    let mut lines = 0;
    let mut at = 0;
    while at + mark.len() <= code.len() {
        if code[at] != '#' || code[at..at + mark.len()] != mark[..] {
            at += 1;
            continue;
        }
        let end = item_end(code, at + mark.len());
        lines += 1 + code[at..end].iter().filter(|c| **c == '\n').count();
        blank(&mut code[at..end]);
        at = end;
    }
    lines
}

/// The end of the item after `from`: its semicolon or closing brace.
fn item_end(code: &[char], from: usize) -> usize {
    let mut depth = 0;
    for (offset, c) in code[from..].iter().enumerate() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                if depth == 0 && *c == '}' {
                    return from + offset + 1;
                }
            }
            ';' if depth == 0 => return from + offset + 1,
            _ => {}
        }
    }
    code.len()
}
