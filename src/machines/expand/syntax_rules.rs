//! `syntax-rules`: patterns and templates.
//!
//! The same patterns and templates serve `syntax-case`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use super::scope::base_name;
use super::{Expanded, Scope, malformed};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// What a variable of a pattern stands for.
#[derive(Clone, Debug)]
pub enum Matched {
    /// A datum.
    One(Datum),
    /// Below so many ellipses: as many as there were.
    Many(Vec<Matched>, usize),
}

/// What the variables of a pattern stand for.
pub type Matches = HashMap<Rc<str>, Matched>;

/// The words of a set of rules that are not variables.
#[derive(Clone, Debug)]
pub struct Words {
    /// The ellipsis, if it is another than `...`.
    pub ellipsis: Option<Rc<str>>,
    /// What must be there literally.
    pub literals: Vec<Rc<str>>,
}

impl Words {
    /// Tells whether this is the ellipsis.
    pub fn is_ellipsis(&self, datum: &Datum) -> bool {
        datum.symbol().is_some_and(|name| match &self.ellipsis {
            Some(ellipsis) => ellipsis == name,
            None => base_name(name) == "...",
        }) && !self.is_literal(datum)
    }

    fn is_literal(&self, datum: &Datum) -> bool {
        datum
            .symbol()
            .is_some_and(|name| self.literals.contains(name))
    }
}

/// A pattern against a datum.
pub struct Matcher<'a> {
    /// The words of the rules.
    pub words: &'a Words,
    /// Where the rules stand.
    pub definition: &'a Scope,
    /// Where the datum stands.
    pub usage: &'a Scope,
}

impl Matcher<'_> {
    /// Matches; what the variables stand for is added.
    pub fn matches(&self, pattern: &Datum, datum: &Datum, out: &mut Matches) -> bool {
        match &pattern.kind {
            Kind::Symbol(name) if self.words.is_literal(pattern) => datum
                .symbol()
                .is_some_and(|found| self.usage.same(found, name, self.definition)),
            Kind::Symbol(name) => {
                if base_name(name) != "_" {
                    out.insert(Rc::clone(name), Matched::One(datum.clone()));
                }
                true
            }
            Kind::List(items) => self.list(items, None, datum, out),
            Kind::Dotted(items, tail) => self.list(items, Some(tail), datum, out),
            Kind::Vector(items) => match &datum.kind {
                Kind::Vector(data) => self.items(items, None, data, None, datum.span, out),
                _ => false,
            },
            _ => same_datum(pattern, datum),
        }
    }

    /// Matches the use of a macro: the first item is the macro's name,
    /// whatever the pattern calls it.
    pub fn matches_use(&self, pattern: &Datum, datum: &Datum, out: &mut Matches) -> bool {
        let Some(((items, tail), (data, end))) = parts(pattern).zip(parts(datum)) else {
            return false;
        };
        match (items.get(1..), data.get(1..)) {
            (Some(items), Some(data)) => self.items(items, tail, data, end, datum.span, out),
            _ => false,
        }
    }

    fn list(
        &self,
        items: &[Datum],
        tail: Option<&Datum>,
        datum: &Datum,
        out: &mut Matches,
    ) -> bool {
        match parts(datum) {
            Some((data, end)) => self.items(items, tail, data, end, datum.span, out),
            None => false,
        }
    }

    fn items(
        &self,
        items: &[Datum],
        tail: Option<&Datum>,
        data: &[Datum],
        end: Option<&Datum>,
        span: Span,
        out: &mut Matches,
    ) -> bool {
        let ellipsis = items
            .iter()
            .skip(1)
            .position(|item| self.words.is_ellipsis(item));
        let Some(repeated) = ellipsis else {
            let Some((front, rest)) = data.split_at_checked(items.len()) else {
                return false;
            };
            return self.each(items, front, out) && self.tail(tail, rest, end, span, out);
        };
        let before = items.get(..repeated).unwrap_or_default();
        let after = items.get(repeated.saturating_add(2)..).unwrap_or_default();
        let Some(count) = data
            .len()
            .checked_sub(before.len().saturating_add(after.len()))
        else {
            return false;
        };
        let (front, rest) = data.split_at(before.len());
        let (middle, rest) = rest.split_at(count);
        let Some(item) = items.get(repeated) else {
            return false;
        };
        self.each(before, front, out)
            && self.many(item, middle, out)
            && self.each(after, rest, out)
            && self.tail(tail, &[], end, span, out)
    }

    fn each(&self, patterns: &[Datum], data: &[Datum], out: &mut Matches) -> bool {
        patterns
            .iter()
            .zip(data)
            .all(|(pattern, datum)| self.matches(pattern, datum, out))
    }

    fn many(&self, pattern: &Datum, data: &[Datum], out: &mut Matches) -> bool {
        let mut variables = Vec::new();
        pattern_variables(pattern, self.words, 0, &mut variables);
        let mut columns: Vec<Vec<Matched>> = vec![Vec::new(); variables.len()];
        for datum in data {
            let mut row = Matches::new();
            if !self.matches(pattern, datum, &mut row) {
                return false;
            }
            for ((name, _), column) in variables.iter().zip(&mut columns) {
                column.extend(row.remove(name));
            }
        }
        for ((name, depth), column) in variables.into_iter().zip(columns) {
            out.insert(name, Matched::Many(column, depth.saturating_add(1)));
        }
        true
    }

    fn tail(
        &self,
        tail: Option<&Datum>,
        rest: &[Datum],
        end: Option<&Datum>,
        span: Span,
        out: &mut Matches,
    ) -> bool {
        match tail {
            None => rest.is_empty() && end.is_none(),
            Some(tail) => self.matches(tail, &remainder(rest, end, span), out),
        }
    }
}

/// The items of a list and what it ends with.
fn parts(datum: &Datum) -> Option<(&[Datum], Option<&Datum>)> {
    match &datum.kind {
        Kind::List(items) => Some((items, None)),
        Kind::Dotted(items, tail) => Some((items, Some(tail))),
        _ => None,
    }
}

/// What is left of a list, as a datum.
fn remainder<'d>(rest: &[Datum], end: Option<&'d Datum>, span: Span) -> Cow<'d, Datum> {
    let start = rest.first().map_or(span.end, |first| first.span.start);
    let span = Span { start, ..span };
    let kind = match end {
        Some(end) if rest.is_empty() => return Cow::Borrowed(end),
        Some(end) => Kind::Dotted(rest.to_vec(), Box::new(end.clone())),
        None => Kind::List(rest.to_vec()),
    };
    Cow::Owned(Datum { kind, span })
}

/// Tells whether two data are equal, wherever they stand.
pub fn same_datum(a: &Datum, b: &Datum) -> bool {
    let all = |a: &[Datum], b: &[Datum]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_datum(a, b))
    };
    match (&a.kind, &b.kind) {
        (Kind::List(a), Kind::List(b)) | (Kind::Vector(a), Kind::Vector(b)) => all(a, b),
        (Kind::Dotted(a, c), Kind::Dotted(b, d)) => all(a, b) && same_datum(c, d),
        (a, b) => a == b,
    }
}

/// The variables of a pattern, each with the number of ellipses it is below.
pub fn pattern_variables(
    pattern: &Datum,
    words: &Words,
    depth: usize,
    out: &mut Vec<(Rc<str>, usize)>,
) {
    match &pattern.kind {
        Kind::Symbol(name) if !words.is_literal(pattern) && base_name(name) != "_" => {
            out.push((Rc::clone(name), depth));
        }
        Kind::List(items) | Kind::Vector(items) => items_variables(items, words, depth, out),
        Kind::Dotted(items, tail) => {
            items_variables(items, words, depth, out);
            pattern_variables(tail, words, depth, out);
        }
        _ => {}
    }
}

fn items_variables(items: &[Datum], words: &Words, depth: usize, out: &mut Vec<(Rc<str>, usize)>) {
    for (number, item) in items.iter().enumerate() {
        if number > 0 && words.is_ellipsis(item) {
            continue;
        }
        let next = items.get(number.saturating_add(1));
        let below = usize::from(next.is_some_and(|next| words.is_ellipsis(next)));
        pattern_variables(item, words, depth.saturating_add(below), out);
    }
}

/// Refuses a pattern with two ellipses in a list, or with a variable twice.
pub fn check_pattern(pattern: &Datum, words: &Words) -> Expanded<()> {
    let mut variables = Vec::new();
    pattern_variables(pattern, words, 0, &mut variables);
    for (number, (name, _)) in variables.iter().enumerate() {
        if variables
            .iter()
            .take(number)
            .any(|(other, _)| other == name)
        {
            return Err(malformed(
                pattern.span,
                format!("the pattern has the variable `{name}` twice"),
            ));
        }
    }
    check_ellipses(pattern, words)
}

fn check_ellipses(pattern: &Datum, words: &Words) -> Expanded<()> {
    let (Kind::List(items) | Kind::Vector(items) | Kind::Dotted(items, _)) = &pattern.kind else {
        return Ok(());
    };
    let mut found = items.iter().filter(|item| words.is_ellipsis(item));
    if let Some(first) = items.first()
        && words.is_ellipsis(first)
    {
        return Err(malformed(first.span, "the ellipsis has nothing before it"));
    }
    if let (Some(_), Some(second)) = (found.next(), found.next()) {
        return Err(malformed(
            second.span,
            "a list of a pattern can have one ellipsis only",
        ));
    }
    items
        .iter()
        .try_for_each(|item| check_ellipses(item, words))?;
    match &pattern.kind {
        Kind::Dotted(_, tail) => check_ellipses(tail, words),
        _ => Ok(()),
    }
}
