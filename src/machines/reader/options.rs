//! What `read-set!`, `read-enable` and `#!` comments change.

use std::cell::Cell;

use crate::machines::datum::{Datum, Kind};

/// How keywords may be written beside `#:name`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keywords {
    /// In no other way.
    #[default]
    Hash,
    /// `:name`
    Prefix,
    /// `name:`
    Postfix,
}

/// Guile's read options, as far as they change what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each option")]
pub struct Options {
    /// How keywords may be written.
    pub keywords: Keywords,
    /// Symbols are read in lower case.
    pub fold_case: bool,
    /// `[` and `]` are parentheses.
    pub square_brackets: bool,
    /// `|a b|` is one symbol.
    pub r7rs_symbols: bool,
    /// A joined line of a string loses its indentation.
    pub hungry_eol_escapes: bool,
    /// `\x41;` in strings.
    pub r6rs_hex_escapes: bool,
    /// `{a + b}`
    pub curly_infix: bool,
    /// With curly infix: `[a b]` is `($bracket-list$ a b)`.
    pub bracket_lists: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keywords: Keywords::Hash,
            fold_case: false,
            square_brackets: true,
            r7rs_symbols: false,
            hungry_eol_escapes: false,
            r6rs_hex_escapes: false,
            curly_infix: false,
            bracket_lists: false,
        }
    }
}

impl Options {
    /// The switch of this name; `None` if there is none that matters here.
    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name {
            "case-insensitive" => &mut self.fold_case,
            "square-brackets" => &mut self.square_brackets,
            "r7rs-symbols" => &mut self.r7rs_symbols,
            "hungry-eol-escapes" => &mut self.hungry_eol_escapes,
            "r6rs-hex-escapes" => &mut self.r6rs_hex_escapes,
            "curly-infix" => &mut self.curly_infix,
            _ => return None,
        })
    }
}

impl Options {
    /// Does what a top-level form says, if it says something about options
    /// and needs no evaluation for it.
    pub(super) fn obey(&mut self, form: &Datum) {
        let Some([operator, arguments @ ..]) = form.list() else {
            return;
        };
        match (operator.symbol().map(|name| &**name), arguments) {
            (Some("read-set!"), [option, value]) if option.is_symbol("keywords") => {
                if let Some(keywords) = keywords(value) {
                    self.keywords = keywords;
                }
            }
            (Some(name @ ("read-enable" | "read-disable")), [option]) => {
                if let Some(option) = quoted(option)
                    && let Some(switch) = self.switch(option)
                {
                    *switch = name == "read-enable";
                }
            }
            _ => {}
        }
    }
}

fn keywords(value: &Datum) -> Option<Keywords> {
    match (&value.kind, quoted(value)) {
        (Kind::Boolean(false), _) => Some(Keywords::Hash),
        (_, Some("prefix")) => Some(Keywords::Prefix),
        (_, Some("postfix")) => Some(Keywords::Postfix),
        _ => None,
    }
}

fn quoted(datum: &Datum) -> Option<&str> {
    match datum.list()? {
        [quote, name] if quote.is_symbol("quote") => name.symbol().map(|name| &**name),
        _ => None,
    }
}

thread_local! {
    static CURRENT: Cell<Options> = Cell::new(Options::default());
}

/// The options that hold for what a running program reads.
pub fn current() -> Options {
    CURRENT.get()
}

/// Back to how a machine file begins.
pub fn reset() {
    CURRENT.set(Options::default());
}

/// Sets how keywords are written.
pub fn set_keywords(keywords: Keywords) {
    CURRENT.set(Options {
        keywords,
        ..current()
    });
}

/// Switches an option; false if there is none of that name.
pub fn set(name: &str, on: bool) -> bool {
    let mut options = current();
    let known = matches!(name, "copy" | "positions");
    match options.switch(name) {
        Some(switch) => *switch = on,
        None => return known,
    }
    CURRENT.set(options);
    true
}
