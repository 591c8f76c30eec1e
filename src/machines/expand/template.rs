//! Templates of `syntax-rules` and `syntax`, filled.
//!
//! A variable below N ellipses of its pattern takes part in the N innermost
//! ellipses around it in the template, as in Guile: where it stands below
//! more of them, the outer ones are not its own.

use std::rc::Rc;

use super::scope::base_name;
use super::syntax_rules::{Matched, Matches, Words};
use super::{Expanded, Scope, malformed};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// A template with what it is to be filled with.
pub struct Template<'a> {
    /// The words of the rules.
    pub words: &'a Words,
    /// Where the rules stand.
    pub definition: &'a Rc<Scope>,
    /// Where the macro is used.
    pub span: Span,
    /// The number of this use.
    pub number: u32,
}

/// Where in the template: what is known around a part of it.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// What the variables stand for.
    matches: &'a Matches,
    /// The turns of the ellipses around, the outermost first.
    turns: &'a [usize],
    /// `...` is an ellipsis here.
    dots: bool,
}

impl Template<'_> {
    /// Fills the template.
    pub fn fill(&self, template: &Datum, matches: &Matches) -> Expanded<Datum> {
        let place = Place {
            matches,
            turns: &[],
            dots: true,
        };
        self.filled(template, place)
    }

    fn filled(&self, template: &Datum, place: Place<'_>) -> Expanded<Datum> {
        let kind = match &template.kind {
            Kind::Symbol(name) => match place.matches.get(name) {
                Some(matched) => return self.variable(name, matched, place.turns),
                None => Kind::Symbol(self.definition.aliases().make(
                    self.number,
                    name,
                    self.definition,
                )),
            },
            Kind::List(items) => {
                if let Some(escaped) = self.escaped(items, place.dots) {
                    let dots = false;
                    return self.filled(escaped, Place { dots, ..place });
                }
                Kind::List(self.items(items, place)?)
            }
            Kind::Dotted(items, tail) => {
                let mut items = self.items(items, place)?;
                let tail = self.filled(tail, place)?;
                match tail.kind {
                    Kind::List(rest) => {
                        items.extend(rest);
                        Kind::List(items)
                    }
                    Kind::Dotted(rest, tail) => {
                        items.extend(rest);
                        Kind::Dotted(items, tail)
                    }
                    _ if items.is_empty() => return Ok(tail),
                    _ => Kind::Dotted(items, Box::new(tail)),
                }
            }
            Kind::Vector(items) => Kind::Vector(self.items(items, place)?),
            other => other.clone(),
        };
        let span = self.span;
        Ok(Datum { kind, span })
    }

    /// `(... TEMPLATE)`
    fn escaped<'d>(&self, items: &'d [Datum], dots: bool) -> Option<&'d Datum> {
        match items {
            [ellipsis, escaped] if dots && self.words.is_ellipsis(ellipsis) => Some(escaped),
            _ => None,
        }
    }

    fn variable(&self, name: &Rc<str>, matched: &Matched, turns: &[usize]) -> Expanded<Datum> {
        let own = turns.get(turns.len().saturating_sub(levels(matched))..);
        match own.and_then(|own| part(matched, own)) {
            Some(Matched::One(datum)) => Ok(datum.clone()),
            _ => Err(malformed(
                self.span,
                format!(
                    "the macro uses `{}` without the ellipsis that it needs",
                    base_name(name)
                ),
            )),
        }
    }

    fn items(&self, items: &[Datum], place: Place<'_>) -> Expanded<Vec<Datum>> {
        let mut out = Vec::with_capacity(items.len());
        let mut rest = items.iter().peekable();
        while let Some(item) = rest.next() {
            let mut ellipses = 0_usize;
            while place.dots && rest.next_if(|next| self.words.is_ellipsis(next)).is_some() {
                ellipses = ellipses.saturating_add(1);
            }
            self.repeated(item, place, ellipses, &mut out)?;
        }
        Ok(out)
    }

    /// `ITEM ...` with so many ellipses.
    fn repeated(
        &self,
        item: &Datum,
        place: Place<'_>,
        ellipses: usize,
        out: &mut Vec<Datum>,
    ) -> Expanded<()> {
        let Some(inner) = ellipses.checked_sub(1) else {
            out.push(self.filled(item, place)?);
            return Ok(());
        };
        let mut lengths = Vec::new();
        self.lengths(item, place, ellipses, &mut lengths);
        let Some(length) = lengths.first().copied() else {
            return Err(malformed(
                self.span,
                "the macro has an ellipsis after something that does not repeat",
            ));
        };
        if lengths.iter().any(|other| *other != length) {
            return Err(malformed(
                self.span,
                "what the macro repeats together differs in length",
            ));
        }
        let mut turns = place.turns.to_vec();
        turns.push(0);
        for turn in 0..length {
            if let Some(last) = turns.last_mut() {
                *last = turn;
            }
            let turns = turns.as_slice();
            self.repeated(item, Place { turns, ..place }, inner, out)?;
        }
        Ok(())
    }

    /// How often an ellipsis repeats each variable of a part of its item that
    /// takes part in it; `distance`: of the ellipsis from the part.
    fn lengths(&self, item: &Datum, place: Place<'_>, distance: usize, out: &mut Vec<usize>) {
        match &item.kind {
            Kind::Symbol(name) => {
                let Some(matched) = place.matches.get(name) else {
                    return;
                };
                // The ellipses between belong to it first.
                let Some(outer) = levels(matched).checked_sub(distance) else {
                    return;
                };
                let known = place.turns.len().saturating_sub(outer);
                let known = place.turns.get(known..).unwrap_or_default();
                if let Some(Matched::Many(column, _)) = part(matched, known) {
                    out.push(column.len());
                }
            }
            Kind::List(items) => match self.escaped(items, place.dots) {
                Some(escaped) => {
                    let dots = false;
                    self.lengths(escaped, Place { dots, ..place }, distance, out);
                }
                None => self.lengths_in(items, place, distance, out),
            },
            Kind::Vector(items) => self.lengths_in(items, place, distance, out),
            Kind::Dotted(items, tail) => {
                self.lengths_in(items, place, distance, out);
                self.lengths(tail, place, distance, out);
            }
            _ => {}
        }
    }

    fn lengths_in(&self, items: &[Datum], place: Place<'_>, distance: usize, out: &mut Vec<usize>) {
        let mut rest = items.iter().peekable();
        while let Some(item) = rest.next() {
            let mut distance = distance;
            while place.dots && rest.next_if(|next| self.words.is_ellipsis(next)).is_some() {
                distance = distance.saturating_add(1);
            }
            self.lengths(item, place, distance, out);
        }
    }
}

/// Below how many ellipses of its pattern a variable was.
fn levels(matched: &Matched) -> usize {
    match matched {
        Matched::One(_) => 0,
        Matched::Many(_, levels) => *levels,
    }
}

/// What is there at these turns.
fn part<'m>(matched: &'m Matched, turns: &[usize]) -> Option<&'m Matched> {
    turns
        .iter()
        .try_fold(matched, |matched, turn| match matched {
            Matched::One(_) => None,
            Matched::Many(column, _) => column.get(*turn),
        })
}
