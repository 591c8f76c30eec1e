//! Definitions, taken apart.

use std::rc::Rc;

use super::{Expanded, malformed};
use crate::machines::datum::{Datum, Kind};

/// How a definition's value is made.
pub(super) enum Value<'d> {
    /// `(define x e)`
    Expression(&'d Datum),
    /// `(define x)`
    Nothing,
    /// `(define (f . parameters) body …)`: the parameters and the body.
    Procedure(Datum, &'d [Datum]),
}

/// The names of `(define-values FORMALS EXPRESSION)`.
pub(super) fn formals_names(datum: &Datum, rest: &[Datum]) -> Expanded<Vec<Rc<str>>> {
    let [formals, _] = rest else {
        return Err(malformed(
            datum.span,
            "`define-values` takes (NAME …) and an expression",
        ));
    };
    let (items, tail) = match &formals.kind {
        Kind::List(items) => (items.as_slice(), None),
        Kind::Dotted(items, tail) => (items.as_slice(), Some(&**tail)),
        _ => (&[][..], Some(formals)),
    };
    items
        .iter()
        .chain(tail)
        .map(|name| {
            name.symbol().cloned().ok_or_else(|| {
                malformed(
                    name.span,
                    format!("`{}` is no name for a variable", name.written()),
                )
            })
        })
        .collect()
}

/// Takes a definition apart.
pub(super) fn definition_parts(datum: &Datum) -> Expanded<(Rc<str>, Value<'_>)> {
    let bad = |message: &str| malformed(datum.span, message);
    let rest = datum
        .list()
        .and_then(|items| items.get(1..))
        .unwrap_or_default();
    match rest {
        [target, value @ ..] if target.symbol().is_some() => {
            let name = target.symbol().cloned().unwrap_or_else(|| "".into());
            match value {
                [] => Ok((name, Value::Nothing)),
                [value] => Ok((name, Value::Expression(value))),
                _ => Err(bad("`define` of a variable takes one value")),
            }
        }
        [header, body @ ..] => {
            if body.is_empty() {
                return Err(bad("a procedure definition needs a body"));
            }
            let (name, parameters) = header_parts(header)?;
            Ok((name, Value::Procedure(parameters, body)))
        }
        [] => Err(bad("`define` needs a name and a value")),
    }
}

/// `(f a b)` as `f` and `(a b)`, also with a dot. Curried definitions need a
/// module in Guile, too.
fn header_parts(header: &Datum) -> Expanded<(Rc<str>, Datum)> {
    let bad = || {
        malformed(
            header.span,
            "`define` needs a name, or a name with parameters in parentheses",
        )
    };
    let (items, tail) = match &header.kind {
        Kind::List(items) => (items, None),
        Kind::Dotted(items, tail) => (items, Some(tail)),
        _ => return Err(bad()),
    };
    let (name, rest) = items.split_first().ok_or_else(bad)?;
    let name = name.symbol().cloned().ok_or_else(bad)?;
    let kind = match tail {
        None => Kind::List(rest.to_vec()),
        Some(tail) if rest.is_empty() => tail.kind.clone(),
        Some(tail) => Kind::Dotted(rest.to_vec(), tail.clone()),
    };
    let span = header.span;
    Ok((name, Datum { kind, span }))
}
