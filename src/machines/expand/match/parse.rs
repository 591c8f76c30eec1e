//! Patterns as data to patterns as such.
//!
//! The order in which the words are looked for is that of Alex Shinn's
//! matcher, which is Guile's: an ellipsis counts before anything else.

use std::rc::Rc;

use super::super::scope::base_name;
use super::super::{Binding, Expanded, Scope, malformed};
use crate::machines::builtin;
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// A pattern.
pub enum Pat<'d> {
    /// `_`
    Any,
    /// A proper list.
    Proper,
    /// A variable, here for the first time.
    Variable(Rc<str>),
    /// A variable that is bound already.
    Same(Rc<str>),
    /// A datum.
    Literal(&'d Datum),
    /// `()`
    Empty(Span),
    /// `(and …)`
    And(Vec<Pat<'d>>),
    /// `(or …)`, the variables of all of them, and whether each binds all.
    Or(Vec<Pat<'d>>, Vec<Rc<str>>, bool),
    /// `(not …)`
    Not(Box<Pat<'d>>),
    /// `(? predicate …)`
    Test(Procedure<'d>),
    /// `(= procedure pattern)`
    Apply(Procedure<'d>, Box<Pat<'d>>),
    /// `($ type field …)`
    Record(&'d Datum, Vec<Pat<'d>>),
    /// Pairs, and what follows.
    List(Vec<Pat<'d>>, Box<Pat<'d>>),
    /// `item ...` and what follows.
    Each(Box<Each<'d>>),
    /// A vector.
    Vector(Vec<Pat<'d>>, Option<Box<Each<'d>>>),
    /// `(item *** end)`
    Search(Box<Each<'d>>),
    /// `(get! name)`
    Getter(Rc<str>),
    /// `(set! name)`
    Setter(Rc<str>),
}

/// A procedure that a pattern calls.
pub struct Procedure<'d> {
    /// The expression.
    pub datum: &'d Datum,
    /// Its name, if it is one in Rust.
    pub primitive: Option<&'static str>,
}

/// `item ...`
pub struct Each<'d> {
    /// What each is.
    pub item: Pat<'d>,
    /// The variables that become lists.
    pub names: Vec<Rc<str>>,
    /// There must be one.
    pub least: bool,
    /// How many items follow.
    pub after: usize,
    /// What follows.
    pub rest: Pat<'d>,
}

impl Pat<'_> {
    /// Tells whether Rust can answer all that it asks.
    pub fn is_rust(&self) -> bool {
        match self {
            Self::And(all) | Self::Record(_, all) => all.iter().all(Self::is_rust),
            // A variable that is not bound means that of outside.
            Self::Or(any, _, each) => *each && any.iter().all(Self::is_rust),
            Self::Not(pattern) => pattern.is_rust(),
            Self::Test(procedure) => procedure.primitive.is_some(),
            Self::Apply(procedure, pattern) => procedure.primitive.is_some() && pattern.is_rust(),
            Self::List(items, rest) => items.iter().all(Self::is_rust) && rest.is_rust(),
            Self::Each(each) | Self::Search(each) => each.item.is_rust() && each.rest.is_rust(),
            Self::Vector(items, each) => {
                items.iter().all(Self::is_rust)
                    && each.as_ref().is_none_or(|each| each.item.is_rust())
            }
            Self::Getter(_) | Self::Setter(_) => false,
            _ => true,
        }
    }
}

/// Deeper patterns are refused.
const DEPTH_MAX: usize = 200;

/// Tells whether this is a word of the matcher's.
pub fn is_word(datum: &Datum, word: &str) -> bool {
    datum.symbol().is_some_and(|name| base_name(name) == word)
}

/// Parses a pattern.
pub fn parse<'d>(datum: &'d Datum, scope: &Rc<Scope>) -> Expanded<Pat<'d>> {
    let mut parser = Parser {
        scope,
        bound: Vec::new(),
        depth: 0,
    };
    parser.pattern(datum)
}

struct Parser<'s> {
    scope: &'s Rc<Scope>,
    /// The variables so far.
    bound: Vec<Rc<str>>,
    depth: usize,
}

impl Parser<'_> {
    fn pattern<'d>(&mut self, datum: &'d Datum) -> Expanded<Pat<'d>> {
        if self.depth >= DEPTH_MAX {
            return Err(malformed(datum.span, "this pattern is nested too deep"));
        }
        self.depth = self.depth.saturating_add(1);
        let pattern = match &datum.kind {
            Kind::Symbol(_) if is_word(datum, "_") => Pat::Any,
            Kind::Symbol(name) => self.name(name),
            Kind::List(items) => self.list(items, None, datum)?,
            Kind::Dotted(items, tail) => self.list(items, Some(tail), datum)?,
            Kind::Vector(items) => self.vector(items, datum)?,
            _ => Pat::Literal(datum),
        };
        self.depth = self.depth.saturating_sub(1);
        Ok(pattern)
    }

    fn name<'d>(&mut self, name: &Rc<str>) -> Pat<'d> {
        if self.bound.contains(name) {
            return Pat::Same(Rc::clone(name));
        }
        self.bound.push(Rc::clone(name));
        Pat::Variable(Rc::clone(name))
    }

    fn all<'d>(&mut self, items: &'d [Datum]) -> Expanded<Vec<Pat<'d>>> {
        items.iter().map(|item| self.pattern(item)).collect()
    }

    /// A list whose first items are `items`; the tail is no list.
    fn list<'d>(
        &mut self,
        items: &'d [Datum],
        tail: Option<&'d Datum>,
        whole: &'d Datum,
    ) -> Expanded<Pat<'d>> {
        let mut front = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let next = number.saturating_add(1);
            // The words count in the rest of a list as well: `(a . (? b))` is
            // `(a ? b)`.
            if !items.get(next).is_some_and(is_ellipsis) {
                let here = items.get(number..).unwrap_or_default();
                if let Some(pattern) = self.special(here, tail, whole, number == 0)? {
                    return Ok(joined(front, pattern));
                }
            }
            let after = items.get(next.saturating_add(1)..).unwrap_or_default();
            match items.get(next) {
                Some(word) if is_ellipsis(word) => {
                    let each = self.each(item, after, tail, false)?;
                    return Ok(joined(front, each));
                }
                Some(word) if is_word(word, "..1") && after.is_empty() && tail.is_none() => {
                    let each = self.each(item, after, tail, true)?;
                    return Ok(joined(front, each));
                }
                Some(word) if is_word(word, "***") => match after {
                    [end] if tail.is_none() => {
                        let search = self.search(item, end)?;
                        return Ok(joined(front, search));
                    }
                    _ => return Err(malformed(word.span, "`***` takes one pattern after it")),
                },
                _ => front.push(self.pattern(item)?),
            }
        }
        let rest = match tail {
            None => Pat::Empty(whole.span),
            Some(tail) => self.pattern(tail)?,
        };
        Ok(joined(front, rest))
    }

    /// A pattern that begins with a word.
    fn special<'d>(
        &mut self,
        items: &'d [Datum],
        tail: Option<&'d Datum>,
        whole: &'d Datum,
        first: bool,
    ) -> Expanded<Option<Pat<'d>>> {
        let (None, Some((head, rest))) = (tail, items.split_first()) else {
            return Ok(None);
        };
        let Some(word) = head.symbol() else {
            return Ok(None);
        };
        Ok(Some(match (base_name(word), rest) {
            ("quote", [datum]) => Pat::Literal(datum),
            ("quasiquote", [template]) => self.quasi(template, 0)?,
            ("and", all) => Pat::And(self.all(all)?),
            ("or", any) => self.or(any)?,
            ("not", [pattern]) => {
                let bound = self.bound.clone();
                let pattern = self.pattern(pattern)?;
                self.bound = bound;
                Pat::Not(Box::new(pattern))
            }
            ("?", [predicate, all @ ..]) => {
                let mut parts = vec![Pat::Test(self.procedure(predicate))];
                parts.extend(self.all(all)?);
                Pat::And(parts)
            }
            ("=", [procedure, pattern]) => {
                let procedure = self.procedure(procedure);
                Pat::Apply(procedure, Box::new(self.pattern(pattern)?))
            }
            ("$", [of, fields @ ..]) => Pat::Record(of, self.all(fields)?),
            ("get!", [name]) if name.symbol().is_some() => Pat::Getter(self.fresh(name)),
            ("set!", [name]) if name.symbol().is_some() => Pat::Setter(self.fresh(name)),
            ("?" | "=" | "$", _) if first => {
                return Err(malformed(
                    whole.span,
                    format!("`{word}` in a pattern needs more than this"),
                ));
            }
            _ => return Ok(None),
        }))
    }

    fn fresh(&mut self, name: &Datum) -> Rc<str> {
        let name: Rc<str> = name.symbol().cloned().unwrap_or_else(|| "".into());
        self.bound.push(Rc::clone(&name));
        name
    }

    fn procedure<'d>(&self, datum: &'d Datum) -> Procedure<'d> {
        let primitive = match datum.symbol() {
            Some(name) if !self.bound.contains(name) => match self.scope.lookup(name) {
                Some(Binding::Primitive(name)) if builtin::function(name).is_some() => Some(name),
                _ => None,
            },
            _ => None,
        };
        Procedure { datum, primitive }
    }

    fn or<'d>(&mut self, any: &'d [Datum]) -> Expanded<Pat<'d>> {
        let before = self.bound.clone();
        let mut names: Vec<Rc<str>> = Vec::new();
        let mut patterns = Vec::new();
        let mut counts = Vec::new();
        for datum in any {
            self.bound.clone_from(&before);
            patterns.push(self.pattern(datum)?);
            let bound = self.bound.split_off(before.len());
            counts.push(bound.len());
            for name in bound {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let each = counts.iter().all(|count| *count == names.len());
        self.bound = before;
        self.bound.extend(names.iter().cloned());
        Ok(Pat::Or(patterns, names, each))
    }

    /// `item ... after`
    fn each<'d>(
        &mut self,
        item: &'d Datum,
        after: &'d [Datum],
        tail: Option<&'d Datum>,
        least: bool,
    ) -> Expanded<Pat<'d>> {
        if let Some(tail) = tail {
            return Err(malformed(
                tail.span,
                "no dotted tail can follow an ellipsis",
            ));
        }
        if let Some(second) = after.iter().find(|item| is_ellipsis(item)) {
            return Err(malformed(
                second.span,
                "one list of a pattern can have one ellipsis only",
            ));
        }
        if after.is_empty() && !least && item.symbol().is_some() {
            // The list itself.
            return Ok(Pat::And(vec![Pat::Proper, self.pattern(item)?]));
        }
        let before = self.bound.len();
        let pattern = self.pattern(item)?;
        let names = self.bound.get(before..).unwrap_or_default().to_vec();
        let rest = joined(self.all(after)?, Pat::Empty(item.span));
        Ok(Pat::Each(Box::new(Each {
            item: pattern,
            names,
            least,
            after: after.len(),
            rest,
        })))
    }

    fn search<'d>(&mut self, item: &'d Datum, end: &'d Datum) -> Expanded<Pat<'d>> {
        let before = self.bound.len();
        let pattern = self.pattern(item)?;
        let names = self.bound.get(before..).unwrap_or_default().to_vec();
        let rest = self.pattern(end)?;
        Ok(Pat::Search(Box::new(Each {
            item: pattern,
            names,
            least: false,
            after: 0,
            rest,
        })))
    }

    fn vector<'d>(&mut self, items: &'d [Datum], whole: &'d Datum) -> Expanded<Pat<'d>> {
        if let [front @ .., item, word] = items
            && is_ellipsis(word)
        {
            let front = self.all(front)?;
            let before = self.bound.len();
            let pattern = self.pattern(item)?;
            let names = self.bound.get(before..).unwrap_or_default().to_vec();
            let each = Each {
                item: pattern,
                names,
                least: false,
                after: 0,
                rest: Pat::Empty(whole.span),
            };
            return Ok(Pat::Vector(front, Some(Box::new(each))));
        }
        Ok(Pat::Vector(self.all(items)?, None))
    }

    fn quasi<'d>(&mut self, template: &'d Datum, level: usize) -> Expanded<Pat<'d>> {
        if level > DEPTH_MAX {
            return Err(malformed(template.span, "this pattern is nested too deep"));
        }
        let deeper = level.saturating_add(1);
        Ok(match &template.kind {
            Kind::List(items) => {
                if let [word, pattern] = items.as_slice()
                    && is_word(word, "unquote")
                {
                    return self.pattern(pattern);
                }
                // `(a . ,b)` is read as `(a unquote b)`.
                if let [front @ .., word, pattern] = items.as_slice()
                    && is_word(word, "unquote")
                {
                    let front = self.quasi_items(front, deeper)?;
                    return Ok(joined(front, self.pattern(pattern)?));
                }
                let front = self.quasi_items(items, deeper)?;
                joined(front, Pat::Empty(template.span))
            }
            Kind::Dotted(items, tail) => {
                let front = self.quasi_items(items, deeper)?;
                joined(front, self.quasi(tail, deeper)?)
            }
            Kind::Vector(items) => Pat::Vector(self.quasi_items(items, deeper)?, None),
            _ => Pat::Literal(template),
        })
    }

    fn quasi_items<'d>(&mut self, items: &'d [Datum], level: usize) -> Expanded<Vec<Pat<'d>>> {
        items
            .iter()
            .map(|item| {
                if let Some([word, _]) = item.list()
                    && is_word(word, "unquote-splicing")
                {
                    return Err(malformed(
                        item.span,
                        "`,@` cannot stand in a pattern: write (… . ,rest)",
                    ));
                }
                self.quasi(item, level)
            })
            .collect()
    }
}

fn is_ellipsis(datum: &Datum) -> bool {
    is_word(datum, "...") || is_word(datum, "___")
}

fn joined<'d>(front: Vec<Pat<'d>>, rest: Pat<'d>) -> Pat<'d> {
    if front.is_empty() {
        rest
    } else {
        Pat::List(front, Box::new(rest))
    }
}
