//! From the place that the engine names to the expression that a person means.
//!
//! The engine names the operator of a call that failed, and of the calls that
//! led there only those that left a frame.

use std::collections::HashMap;

use crate::machines::datum::{Datum, Kind};
use crate::machines::reader::{NESTING_MAX, Reader, read_all};
use crate::machines::source::{Sources, Span};

/// The call whose operator stands at this place, else the place itself.
pub(super) fn whole_call(sources: &Sources, operator: Span) -> Span {
    let call = sources
        .text(operator.file)
        .and_then(|text| call_of(text, operator));
    call.unwrap_or(operator)
}

fn call_of(text: &str, operator: Span) -> Option<Span> {
    let before = text.get(..operator.start as usize)?.trim_end();
    if !before.ends_with(['(', '[']) {
        return None;
    }
    let start = u32::try_from(before.len().checked_sub(1)?).ok()?;
    let rest = text.get(start as usize..)?;
    let call = Reader::new(rest, operator.file, NESTING_MAX)
        .read()
        .ok()??;
    let head = call.list()?.first()?;
    head.symbol()?;
    let begins = head.span.start.checked_add(start)?;
    let ends = head.span.end.checked_add(start)?;
    (begins == operator.start && ends == operator.end).then_some(Span {
        start,
        end: start.checked_add(call.span.end)?,
        ..operator
    })
}

/// The only call in a form of the procedure whose definition at the top level
/// holds this place.
pub(super) fn caller(sources: &Sources, form: Span, place: Span) -> Option<Span> {
    if form.file != place.file {
        return None;
    }
    let text = sources.text(form.file)?;
    let data = read_all(text, form.file, NESTING_MAX).ok()?;
    let holds = |datum: &&Datum| datum.span.start <= place.start && place.end <= datum.span.end;
    let [_, target, ..] = data.iter().find(holds)?.list()? else {
        return None;
    };
    let name = target.list()?.first()?.symbol()?;
    let form = data.iter().find(|datum| datum.span == form)?;
    let mut calls = Vec::new();
    find_calls(form, name, &mut calls);
    match calls.as_slice() {
        [call] => Some(*call),
        _ => None,
    }
}

fn find_calls(form: &Datum, name: &str, calls: &mut Vec<Span>) {
    let mut waiting = vec![form];
    while let Some(datum) = waiting.pop() {
        let items = datum.list().unwrap_or_default();
        if items.first().is_some_and(|head| head.is_symbol(name)) {
            calls.push(datum.span);
        }
        waiting.extend(items);
    }
}

/// Forms that evaluate all that stands in them, whatever the values are.
const STRAIGHT: [&str; 10] = [
    "list",
    "cons",
    "cons*",
    "append",
    "apply",
    "map",
    "filter",
    "string-append",
    "build-machine",
    "begin",
];

/// Tells of places whether they are reached for certain once the form around
/// them is.
pub(super) struct Straight<'s> {
    sources: &'s Sources,
    files: HashMap<u16, Vec<Datum>>,
}

impl<'s> Straight<'s> {
    pub(super) fn new(sources: &'s Sources) -> Self {
        Self {
            sources,
            files: HashMap::new(),
        }
    }

    pub(super) fn reaches(&mut self, place: Span) -> bool {
        let data = self.files.entry(place.file).or_insert_with(|| {
            let text = self.sources.text(place.file).unwrap_or_default();
            let mut reader = Reader::new(text, place.file, NESTING_MAX).passing();
            let mut data = Vec::new();
            while let Ok(Some(datum)) = reader.read() {
                data.push(datum);
            }
            data
        });
        let mut forms = data.as_slice();
        let mut clauses = false;
        loop {
            let after = forms.partition_point(|form| form.span.start <= place.start);
            let Some(form) = after.checked_sub(1).and_then(|index| forms.get(index)) else {
                return false;
            };
            if form.span == place {
                return true;
            }
            let Kind::List(items) = &form.kind else {
                return false;
            };
            let head = items.first();
            if head.is_some_and(|head| head.span == place) {
                return true;
            }
            let name = head.and_then(Datum::symbol);
            let is = |known: &str| name.is_some_and(|name| &**name == known);
            let inside = name.is_some_and(|name| STRAIGHT.contains(&&**name))
                || is("define") && items.get(1).is_some_and(|name| name.symbol().is_some());
            if !clauses && !inside {
                return false;
            }
            // A clause is a list with a name before the value.
            clauses = !clauses && is("build-machine");
            forms = items;
        }
    }
}
