//! The text of a module: its forms, and what its header says.

use std::rc::Rc;

use super::Exports;
use crate::machines::datum::{Datum, Kind};
use crate::machines::expand::scope::{Binding, Scope};
use crate::machines::expand::special::Special;

/// The forms of a module's text: each begins a line.
pub fn top_level_forms(text: &'static str) -> impl Iterator<Item = &'static str> {
    let mut rest = match text.strip_prefix('(') {
        Some(_) => Some(text),
        None => text
            .find("\n(")
            .and_then(|at| text.get(at.saturating_add(1)..)),
    };
    std::iter::from_fn(move || {
        let this = rest?;
        let end = this.find("\n(").map(|at| at.saturating_add(1));
        rest = end.and_then(|end| this.get(end..));
        this.get(..end.unwrap_or(this.len()))
    })
}

/// The name that a form defines, and whether as a macro, if both can be seen
/// without reading the form.
pub fn indexed(form: &str) -> Option<(&str, bool)> {
    let (word, rest) = form.strip_prefix('(')?.split_once([' ', '\n'])?;
    let is_macro = match word {
        "define" | "define*" => false,
        "define-syntax" | "define-syntax-rule" => true,
        _ => return None,
    };
    let rest = rest.trim_start().trim_start_matches('(');
    let end = rest.find([' ', '\n', '(', ')'])?;
    Some((rest.get(..end)?, is_macro))
}

/// The name that `(define NAME …)` or `(define (NAME …) …)` defines.
pub fn defined_name(datum: &Datum) -> Option<Rc<str>> {
    match &datum.list()?.get(1)?.kind {
        Kind::Symbol(name) => Some(Rc::clone(name)),
        Kind::List(items) | Kind::Dotted(items, _) => items.first()?.symbol().cloned(),
        _ => None,
    }
}

/// The modules that a header imports.
pub fn header_imports(header: &Datum) -> impl Iterator<Item = &Datum> {
    let items = header.list().unwrap_or_default();
    items
        .iter()
        .zip(items.iter().skip(1))
        .filter(|(option, _)| keyword(option) == Some("use-module"))
        .map(|(_, spec)| spec)
}

pub fn keyword(datum: &Datum) -> Option<&str> {
    match &datum.kind {
        Kind::Keyword(name) => Some(name),
        _ => None,
    }
}

/// The names of the `#:export` of a module's header, each as it is bound
/// inside, or `(INSIDE . OUTSIDE)`.
///
/// Those of its `#:interface` are all that Guile's module has; what is not
/// bound here is said to be not supported.
pub fn exports(header: &Datum, scope: &Scope) -> Exports {
    let unsupported = Binding::Special(Special::Unsupported);
    let interface = names_after(header, "interface")
        .into_iter()
        .map(|(inside, outside)| (outside, scope.lookup(&inside).unwrap_or(unsupported)));
    exported_names(header)
        .into_iter()
        .filter_map(|(inside, outside)| Some((outside, scope.lookup(&inside)?)))
        .chain(interface)
        .collect()
}

/// The exported names: as bound inside, as seen from outside.
pub fn exported_names(header: &Datum) -> Vec<(Rc<str>, Rc<str>)> {
    names_after(header, "export")
}

/// The names that follow a keyword of a header.
fn names_after(header: &Datum, word: &str) -> Vec<(Rc<str>, Rc<str>)> {
    let items = header.list().unwrap_or_default();
    let names = items
        .iter()
        .skip_while(|item| keyword(item) != Some(word))
        .nth(1)
        .and_then(Datum::list)
        .unwrap_or_default();
    names
        .iter()
        .filter_map(|item| match &item.kind {
            Kind::Symbol(name) => Some((Rc::clone(name), Rc::clone(name))),
            Kind::Dotted(inside, outside) => {
                let inside = inside.first().and_then(Datum::symbol)?;
                Some((Rc::clone(inside), Rc::clone(outside.symbol()?)))
            }
            _ => None,
        })
        .collect()
}
