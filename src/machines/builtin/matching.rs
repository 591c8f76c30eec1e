//! What (ice-9 match) asks at run time.

use std::rc::Rc;

use super::Table;
use super::arguments::Arguments;
use super::equality::alike;
use super::{function, records};
use crate::machines::core::{Each, Pattern};
use crate::machines::datum::{Datum, Kind, Number};
use crate::machines::engine::{
    self, Answer, Failure, Fault, Value, View, boolean, fault, from_list, list_items, pair, raise,
    text, uncons, vector_items, view,
};

pub const TABLE: Table = &[
    ("%match", matches),
    ("%match-ref", reference),
    ("%match-split", split),
    ("%match-vector", vector),
    ("%match-record", record),
    ("%match-error", no_match),
];

/// Trees are searched so deep.
const DEPTH_MAX: usize = 2_000;

/// `(%match PATTERN VALUE ARGUMENT …)`: a vector of the variables' values; #f
/// if it does not match.
fn matches(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("match", values, 2)?;
    let program = engine::program();
    let matcher = program
        .patterns
        .get(arguments.index(0)?)
        .ok_or_else(|| fault(Failure::new("internal", "an unknown pattern")))?;
    let mut run = Run {
        slots: vec![None; matcher.names.len()],
        arguments: values.get(2..).unwrap_or_default(),
        depth: 0,
    };
    if !run.matches(&matcher.pattern, arguments.value(1)?)? {
        return Ok(boolean(false));
    }
    let slots = run
        .slots
        .into_iter()
        .zip(&matcher.names)
        .map(|(slot, name)| match slot {
            Some(value) => Ok(value),
            // A variable in a `not`.
            None if name.is_empty() => Ok(boolean(false)),
            None => Err(raise::unbound_variable(name)),
        })
        .collect::<Result<Vec<Value>, Fault>>()?;
    engine::foreign(Rc::new(slots))
}

/// `(%match-ref VALUES INDEX)`
fn reference(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("match", values, 2)?;
    let index = arguments.index(1)?;
    engine::with_foreign(arguments.value(0)?, |slots: &Rc<Vec<Value>>| {
        slots.get(index).cloned()
    })
    .flatten()
    .ok_or_else(|| fault(Failure::new("internal", "an unknown variable of a pattern")))
}

/// A value that is being matched.
struct Run<'a> {
    slots: Vec<Option<Value>>,
    arguments: &'a [Value],
    depth: usize,
}

type Outcome = Result<bool, Fault>;

impl Run<'_> {
    fn matches(&mut self, pattern: &Pattern, value: &Value) -> Outcome {
        Ok(match pattern {
            Pattern::Any => true,
            Pattern::Proper => list_items(value).is_some(),
            Pattern::Bind(slot) => {
                self.bind(*slot, value.clone());
                true
            }
            Pattern::Same(slot) => self
                .slots
                .get(*slot)
                .and_then(Option::as_ref)
                .is_some_and(|other| alike(value, other)),
            Pattern::Argument(index) => self
                .arguments
                .get(*index)
                .is_some_and(|other| alike(value, other)),
            Pattern::Literal(datum) => is_datum(value, datum),
            Pattern::And(all) => return self.all(all.iter().map(|pattern| (pattern, value))),
            Pattern::Or(any) => return self.any(any, value),
            Pattern::Not(pattern) => {
                let slots = self.slots.clone();
                let matched = self.matches(pattern, value)?;
                self.slots = slots;
                !matched
            }
            Pattern::Test(name) => is_true(&call(name, value)?),
            Pattern::Apply(name, pattern) => {
                let made = call(name, value)?;
                return self.matches(pattern, &made);
            }
            Pattern::List(items, rest) => return self.list(items, rest, value),
            Pattern::Each(each) => return self.each(each, value),
            Pattern::Vector(items, each) => return self.vector(items, each.as_deref(), value),
            Pattern::Record(of, items) => return self.record(*of, items, value),
            Pattern::Search(each) => {
                let mut found = vec![Vec::new(); each.slots.len()];
                return self.search(each, value, &mut found);
            }
        })
    }

    fn bind(&mut self, slot: usize, value: Value) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(value);
        }
    }

    fn all<'v>(&mut self, parts: impl Iterator<Item = (&'v Pattern, &'v Value)>) -> Outcome {
        for (pattern, value) in parts {
            if !self.matches(pattern, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn any(&mut self, patterns: &[Pattern], value: &Value) -> Outcome {
        let slots = self.slots.clone();
        for pattern in patterns {
            if self.matches(pattern, value)? {
                return Ok(true);
            }
            self.slots.clone_from(&slots);
        }
        Ok(false)
    }

    fn list(&mut self, items: &[Pattern], rest: &Pattern, value: &Value) -> Outcome {
        let mut value = value.clone();
        for item in items {
            let Some((first, next)) = uncons(&value) else {
                return Ok(false);
            };
            if !self.matches(item, &first)? {
                return Ok(false);
            }
            value = next;
        }
        self.matches(rest, &value)
    }

    fn each(&mut self, each: &Each, value: &Value) -> Outcome {
        let Some((items, rest)) = divided(value, each.after) else {
            return Ok(false);
        };
        if each.least && items.is_empty() {
            return Ok(false);
        }
        Ok(self.every(each, &items)? && self.matches(&each.rest, &rest)?)
    }

    /// Each of the items; the variables get lists.
    fn every(&mut self, each: &Each, items: &[Value]) -> Outcome {
        let mut lists = vec![Vec::with_capacity(items.len()); each.slots.len()];
        for item in items {
            if !self.matches(&each.item, item)? {
                return Ok(false);
            }
            self.keep(each, &mut lists);
        }
        for (slot, list) in each.slots.iter().zip(lists) {
            self.bind(*slot, from_list(list));
        }
        Ok(true)
    }

    /// Moves the values of an item's variables to their lists.
    fn keep(&mut self, each: &Each, lists: &mut [Vec<Value>]) {
        for (slot, list) in each.slots.iter().zip(lists) {
            if let Some(value) = self.slots.get_mut(*slot).and_then(Option::take) {
                list.push(value);
            }
        }
    }

    fn vector(&mut self, patterns: &[Pattern], each: Option<&Each>, value: &Value) -> Outcome {
        let Some(items) = vector_items(value) else {
            return Ok(false);
        };
        let Some((items, more)) = items.split_at_checked(patterns.len()) else {
            return Ok(false);
        };
        if each.is_none() && !more.is_empty() {
            return Ok(false);
        }
        if !self.all(patterns.iter().zip(items))? {
            return Ok(false);
        }
        match each {
            Some(each) => self.every(each, more),
            None => Ok(true),
        }
    }

    fn record(&mut self, of: usize, patterns: &[Pattern], value: &Value) -> Outcome {
        let of = self.arguments.get(of).cloned();
        let Some(fields) = of.and_then(|of| records::fields_of(value, &of)) else {
            return Ok(false);
        };
        if patterns.len() > fields.len() {
            return Err(beyond(fields.len()));
        }
        self.all(patterns.iter().zip(&fields))
    }

    /// A way of pairs whose first items match, to a value that matches the
    /// end; depth first.
    fn search(&mut self, each: &Each, value: &Value, found: &mut [Vec<Value>]) -> Outcome {
        let slots = self.slots.clone();
        if self.matches(&each.rest, value)? {
            for (slot, list) in each.slots.iter().zip(found) {
                self.bind(*slot, from_list(list.clone()));
            }
            return Ok(true);
        }
        self.slots = slots;
        let Some((first, mut rest)) = uncons(value) else {
            return Ok(false);
        };
        if self.depth >= DEPTH_MAX || !self.matches(&each.item, &first)? {
            return Ok(false);
        }
        self.keep(each, found);
        self.depth = self.depth.saturating_add(1);
        while let Some((item, next)) = uncons(&rest) {
            if self.search(each, &item, found)? {
                return Ok(true);
            }
            rest = next;
        }
        self.depth = self.depth.saturating_sub(1);
        for list in found {
            list.pop();
        }
        Ok(false)
    }
}

fn is_true(value: &Value) -> bool {
    !matches!(view(value), View::Boolean(false))
}

fn call(name: &'static str, value: &Value) -> Answer {
    let function = function(name)
        .ok_or_else(|| fault(Failure::new("internal", format!("`{name}` is not in Rust"))))?;
    function(std::slice::from_ref(value))
}

/// `equal?` of a value and a datum.
fn is_datum(value: &Value, datum: &Datum) -> bool {
    match (&datum.kind, view(value)) {
        (Kind::Symbol(name), View::Symbol(other)) => **name == *other,
        (Kind::Text(text), View::Text(other)) => text == &other,
        (Kind::Boolean(b), View::Boolean(other)) => *b == other,
        (Kind::Number(Number::Integer(n)), View::Integer(other)) => *n == other,
        (Kind::List(items), View::Empty) => items.is_empty(),
        (Kind::Symbol(_) | Kind::Text(_) | Kind::Boolean(_), _) => false,
        _ => alike(value, &engine::from_datum(datum)),
    }
}

/// The items of a list but for so many at its end, and that end.
fn divided(value: &Value, after: usize) -> Option<(Vec<Value>, Value)> {
    let mut items = list_items(value)?;
    if after == 0 {
        return Some((items, from_list(Vec::new())));
    }
    let end = items.split_off(items.len().checked_sub(after)?);
    Some((items, from_list(end)))
}

fn beyond(place: usize) -> Fault {
    let place = engine::integer(i64::try_from(place).unwrap_or(i64::MAX));
    raise::out_of_range_at("struct-ref", 2, &place)
}

/// `(%match-split VALUE AFTER)`: the items before so many at the end, and
/// those; #f if it is no list that long.
fn split(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("match", values, 2)?;
    let (value, after) = (arguments.value(0)?, arguments.index(1)?);
    if after == 0 {
        // The list itself, which `set!` in a pattern may change.
        return match list_items(value) {
            Some(_) => Ok(pair(value.clone(), from_list(Vec::new()))),
            None => Ok(boolean(false)),
        };
    }
    Ok(match divided(value, after) {
        Some((items, rest)) => pair(from_list(items), rest),
        None => boolean(false),
    })
}

/// `(%match-vector VALUE)`: the items in a list; #f if it is no vector.
fn vector(values: &[Value]) -> Answer {
    let value = Arguments::exactly("match", values, 1)?.value(0)?;
    Ok(vector_items(value).map_or_else(|| boolean(false), from_list))
}

/// `(%match-record VALUE TYPE COUNT)`: so many fields in a list; #f if it is no
/// record of this type.
fn record(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("match", values, 3)?;
    let count = arguments.index(2)?;
    match records::fields_of(arguments.value(0)?, arguments.value(1)?) {
        None => Ok(boolean(false)),
        Some(fields) if fields.len() < count => Err(beyond(fields.len())),
        Some(mut fields) => {
            fields.truncate(count);
            Ok(from_list(fields))
        }
    }
}

/// `(%match-error VALUE)`
fn no_match(values: &[Value]) -> Answer {
    let value = Arguments::exactly("match", values, 1)?.value(0)?;
    Err(raise::throw(
        "match-error",
        vec![text("match"), text("no matching pattern"), value.clone()],
    ))
}
