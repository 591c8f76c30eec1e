//! Syntax objects, for macros that are procedures.

use std::rc::Rc;

use super::Table;
use super::arguments::Arguments;
use super::evaluation::datum_at;
use crate::machines::datum::{Datum, Kind};
use crate::machines::engine::{
    Answer, Failure, Fault, Value, View, boolean, fault, foreign, from_datum, from_list, raise,
    view, with_foreign,
};
use crate::machines::expand::{
    Matched, Matches, current_use, fill_syntax, fresh_identifier, like, match_syntax,
    same_identifier, stripped,
};
use crate::machines::source::Span;

pub(super) const TABLE: Table = &[
    ("%syntax-bind", bind),
    ("%syntax-fill", fill),
    ("%syntax-match", matching),
    ("%syntax-no-match", no_match),
    ("bound-identifier=?", bound_identifiers),
    ("datum->syntax", datum_to_syntax),
    ("free-identifier=?", free_identifiers),
    ("generate-temporaries", temporaries),
    ("identifier?", |values| {
        Ok(boolean(values.first().and_then(identifier).is_some()))
    }),
    ("make-variable-transformer", |values| {
        Arguments::exactly("make-variable-transformer", values, 1)?
            .value(0)
            .cloned()
    }),
    ("syntax->datum", syntax_to_datum),
    ("syntax-source", |_| Ok(boolean(false))),
    ("syntax-violation", violation),
    ("syntax?", |values| {
        Ok(boolean(values.first().and_then(syntax_datum).is_some()))
    }),
];

/// Data nested deeper than this is no syntax.
const DEPTH_MAX: usize = 1_000;

/// A form as a macro gets it.
struct Syntax(Datum);

/// The place of what a macro makes.
fn here() -> Result<Span, Fault> {
    current_use().map_err(fault)
}

/// A form as a value. What names nothing is its own value.
pub fn syntax_value(datum: &Datum) -> Answer {
    match &datum.kind {
        Kind::Boolean(_) | Kind::Number(_) | Kind::Character(_) | Kind::Text(_) => {
            Ok(from_datum(datum))
        }
        _ => foreign(Syntax(datum.clone())),
    }
}

/// The form that a value is.
pub fn syntax_datum(value: &Value) -> Option<Datum> {
    with_foreign(value, |syntax: &Syntax| syntax.0.clone())
}

fn identifier(value: &Value) -> Option<Rc<str>> {
    syntax_datum(value)?.symbol().cloned()
}

/// `(%syntax-match PATTERN VALUE)`: what it matches, or `#f`.
fn matching(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("syntax-case", values, 2)?;
    let datum = datum_at(arguments.value(1)?, here()?, DEPTH_MAX)?;
    match match_syntax(arguments.index(0)?, &datum).map_err(fault)? {
        Some(matches) => foreign(matches),
        None => Ok(boolean(false)),
    }
}

/// `(%syntax-no-match VALUE)`
fn no_match(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("syntax-case", values, 1)?;
    let datum = datum_at(arguments.value(0)?, here()?, DEPTH_MAX)?;
    let span = Some(datum.span).filter(|span| span.end > span.start);
    Err(fault(Failure {
        span,
        ..Failure::new(
            "syntax",
            format!(
                "`{}` matches no pattern of the macro",
                stripped(&datum).written()
            ),
        )
    }))
}

/// `(%syntax-bind NAME VALUE SPLICES)`: as if a pattern had matched.
fn bind(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("quasisyntax", values, 3)?;
    let name = arguments.text(0)?;
    let value = arguments.value(1)?;
    let matched = if matches!(view(arguments.value(2)?), View::Boolean(true)) {
        let datum = datum_at(value, here()?, DEPTH_MAX)?;
        let items = datum
            .list()
            .ok_or_else(|| fault(Failure::new("syntax", "`unsyntax-splicing` needs a list")))?;
        Matched::Many(items.iter().cloned().map(Matched::One).collect(), 1)
    } else {
        Matched::One(datum_at(value, here()?, DEPTH_MAX)?)
    };
    let mut matches = Matches::new();
    matches.insert((&*name).into(), matched);
    foreign(matches)
}

/// `(%syntax-fill TEMPLATE MATCHES …)`
fn fill(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("syntax", values, 1)?;
    let matches: Vec<Matches> = values
        .iter()
        .skip(1)
        .filter_map(|value| with_foreign(value, Matches::clone))
        .collect();
    let (datum, made) = fill_syntax(arguments.index(0)?, &matches).map_err(fault)?;
    match datum.list() {
        // What the template itself makes is a list, as in Guile.
        Some(items) if made => {
            let items: Result<Vec<Value>, Fault> = items.iter().map(syntax_value).collect();
            Ok(from_list(items?))
        }
        _ => syntax_value(&datum),
    }
}

fn syntax_to_datum(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("syntax->datum", values, 1)?;
    let datum = datum_at(arguments.value(0)?, here()?, DEPTH_MAX)?;
    Ok(from_datum(&stripped(&datum)))
}

/// `(datum->syntax IDENTIFIER DATUM)`
fn datum_to_syntax(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("datum->syntax", values, 2)?;
    let place = syntax_datum(arguments.value(0)?);
    let span = place.as_ref().map_or_else(here, |place| Ok(place.span))?;
    let datum = datum_at(arguments.value(1)?, span, DEPTH_MAX)?;
    let head = place.as_ref().and_then(|place| {
        place
            .symbol()
            .or_else(|| place.list()?.first()?.symbol())
            .cloned()
    });
    match head {
        Some(identifier) => syntax_value(&like(&identifier, &datum).map_err(fault)?),
        None => syntax_value(&datum),
    }
}

fn two(name: &'static str, values: &[Value]) -> Result<(Rc<str>, Rc<str>), Fault> {
    let arguments = Arguments::exactly(name, values, 2)?;
    let one = |index: usize| -> Result<Rc<str>, Fault> {
        let value = arguments.value(index)?;
        identifier(value).ok_or_else(|| raise::wrong_type_expecting(name, "identifier", value))
    };
    Ok((one(0)?, one(1)?))
}

fn bound_identifiers(values: &[Value]) -> Answer {
    let (one, other) = two("bound-identifier=?", values)?;
    Ok(boolean(one == other))
}

fn free_identifiers(values: &[Value]) -> Answer {
    let (one, other) = two("free-identifier=?", values)?;
    same_identifier(&one, &other).map(boolean).map_err(fault)
}

fn temporaries(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("generate-temporaries", values, 1)?;
    let datum = datum_at(arguments.value(0)?, here()?, DEPTH_MAX)?;
    let count = datum.list().map_or(0, <[Datum]>::len);
    let mut out = Vec::new();
    for _ in 0..count {
        let kind = Kind::Symbol(fresh_identifier(&"t".into()).map_err(fault)?);
        let span = datum.span;
        out.push(syntax_value(&Datum { kind, span })?);
    }
    Ok(from_list(out))
}

/// `(syntax-violation WHO MESSAGE FORM [SUBFORM])`
fn violation(values: &[Value]) -> Answer {
    let arguments = Arguments::between("syntax-violation", values, 3, 4)?;
    let message = super::print::displayed(arguments.value(1)?);
    let about = values.last().and_then(syntax_datum);
    Err(fault(Failure {
        span: about
            .map(|datum| datum.span)
            .filter(|span| span.end > span.start),
        ..Failure::new("syntax", message)
    }))
}
