//! Names out of a module: chosen, renamed, or not there.

use std::rc::Rc;

use super::header::keyword;
use super::{Exports, known};
use crate::machines::datum::{Datum, Kind, Number};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::expand::{Binding, Expanded, Malformed, Scope, malformed, refused};
use crate::machines::similar::nearest;

/// The names that an import brings.
pub type Selection = Vec<(Rc<str>, Binding)>;

/// All that a module exports.
pub fn all(exports: &Exports) -> Selection {
    exports
        .iter()
        .map(|(name, binding)| (Rc::clone(name), *binding))
        .collect()
}

/// Binds all of them.
pub fn bind_all(names: Selection, into: &Scope) {
    for (name, binding) in names {
        into.bind(&name, binding);
    }
}

/// `#:select`, also as `:select`.
pub fn option_name(datum: &Datum) -> Option<&str> {
    keyword(datum).or_else(|| datum.symbol()?.strip_prefix(':'))
}

/// The name of a module without its version; `(srfi :1)` is `(srfi srfi-1)`.
pub fn module_name(datum: &Datum) -> Datum {
    let mut items = datum.list().unwrap_or_default();
    if let [name @ .., version] = items
        && version.list().is_some()
        && !name.is_empty()
    {
        items = name;
    }
    if let [srfi, number, ..] = items
        && srfi.is_symbol("srfi")
        && let Some(digits) = srfi_number(number)
    {
        let renamed = Datum {
            kind: Kind::Symbol(format!("srfi-{digits}").into()),
            span: number.span,
        };
        return Datum {
            kind: Kind::List(vec![srfi.clone(), renamed]),
            span: datum.span,
        };
    }
    if datum.list().is_none() {
        return datum.clone();
    }
    Datum {
        kind: Kind::List(items.to_vec()),
        span: datum.span,
    }
}

/// `:1` or `1`
fn srfi_number(datum: &Datum) -> Option<String> {
    match &datum.kind {
        Kind::Symbol(name) => Some(name.strip_prefix(':')?.to_owned()),
        Kind::Number(Number::Integer(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of names.
pub fn symbols(datum: &Datum) -> Expanded<Vec<&Rc<str>>> {
    let bad = |datum: &Datum| malformed(datum.span, "this must be a list of names");
    let items = datum.list().ok_or_else(|| bad(datum))?;
    items
        .iter()
        .map(|item| item.symbol().ok_or_else(|| bad(item)))
        .collect()
}

/// `#:select (a (b . c))`
pub fn select(value: &Datum, module: &Datum, exports: &Exports) -> Expanded<Selection> {
    let bad = |datum: &Datum| malformed(datum.span, "`#:select` takes a list of names");
    let mut selection = Vec::new();
    for item in value.list().ok_or_else(|| bad(value))? {
        let (outer, inner) = match &item.kind {
            Kind::Symbol(name) => (name, name),
            Kind::Dotted(front, tail) => front
                .first()
                .and_then(Datum::symbol)
                .zip(tail.symbol())
                .ok_or_else(|| bad(item))?,
            _ => return Err(bad(item)),
        };
        let binding = exports
            .get(outer)
            .ok_or_else(|| no_binding(item, outer, module, exports))?;
        selection.push((Rc::clone(inner), *binding));
    }
    Ok(selection)
}

/// A name that a module does not export.
pub fn no_binding(item: &Datum, name: &str, module: &Datum, exports: &Exports) -> Malformed {
    let module = module.written();
    let diagnostic = if known::is_known_export(&module, name) {
        Diagnostic::error(
            "unsupported",
            format!("`{name}` of {module} is known to Guile but not supported here"),
        )
    } else {
        let diagnostic = Diagnostic::error(
            "unknown-export",
            format!("no binding `{name}` in module {module}"),
        );
        match nearest(name, exports.keys().map(|name| &**name)) {
            Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
            None => match known::known_module_of(name) {
                Some(other) => diagnostic.with_help(format!("`{name}` is in {other}")),
                None => diagnostic,
            },
        }
    };
    refused(diagnostic, item.span)
}

/// Puts a prefix before all names.
pub fn add_prefix(names: &mut Selection, prefix: &Datum) -> Expanded<()> {
    let prefix = prefix
        .symbol()
        .ok_or_else(|| malformed(prefix.span, "a prefix is a symbol"))?;
    for (name, _) in names {
        *name = format!("{prefix}{name}").into();
    }
    Ok(())
}

/// `(srfi 1)` and `(srfi :1)` as `(srfi srfi-1)`.
pub fn srfi_name(name: &Datum) -> Option<String> {
    let [head, number, ..] = name.list()? else {
        return None;
    };
    let number = match &number.kind {
        Kind::Symbol(number) => number.strip_prefix(':')?.parse().ok()?,
        Kind::Number(Number::Integer(number)) => *number,
        _ => return None,
    };
    head.is_symbol("srfi")
        .then(|| format!("(srfi srfi-{number})"))
}
