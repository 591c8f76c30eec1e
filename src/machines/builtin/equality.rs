//! `eq?`, `eqv?`, `equal?`, and lookups by them.

use super::Table;
use super::arguments::Arguments;
use super::records;
use crate::machines::engine::{
    self, Answer, End, Number, Value, View, boolean, bytes, car, cdr, from_list, identical,
    is_empty, number, uncons, vector_items, view, walk,
};

pub const TABLE: Table = &[
    ("eq?", eq),
    ("eqv?", eqv),
    ("equal?", equal),
    ("not", not),
    ("boolean?", is_boolean),
    ("memq", |values| member_by("memq", values, same)),
    ("memv", |values| member_by("memv", values, same)),
    ("%member", |values| member_by("member", values, alike)),
    ("assq", |values| assoc_by("assq", values, same)),
    ("assv", |values| assoc_by("assv", values, same)),
    ("%assoc", |values| assoc_by("assoc", values, alike)),
    ("assq-ref", |values| ref_by("assq-ref", values, same)),
    ("assv-ref", |values| ref_by("assv-ref", values, same)),
    ("assoc-ref", |values| ref_by("assoc-ref", values, alike)),
    ("delete", |values| delete_by("delete", values, alike)),
    ("delq", |values| delete_by("delq", values, same)),
    ("delv", |values| delete_by("delv", values, same)),
    ("%delete", |values| delete_by("delete", values, alike)),
    ("%delete-duplicates", delete_duplicates),
    ("sloppy-assq", |values| sloppy("sloppy-assq", values, same)),
    ("sloppy-assv", |values| sloppy("sloppy-assv", values, same)),
    ("sloppy-assoc", |values| {
        sloppy("sloppy-assoc", values, alike)
    }),
];

type Test = fn(&Value, &Value) -> bool;

/// `eqv?`; `eq?` is the same here but for numbers beyond small integers.
pub fn same(a: &Value, b: &Value) -> bool {
    match (number(a), number(b)) {
        (Some(Number::Real(a)), Some(Number::Real(b))) => a.to_bits() == b.to_bits(),
        (Some(a), Some(b)) => a == b,
        (None, None) => match (view(a), view(b)) {
            (View::Character(a), View::Character(b)) => a == b,
            _ => identical(a, b),
        },
        _ => false,
    }
}

/// How many comparisons `equal?` makes before it takes data for circular.
const STEPS_MAX: usize = 50_000_000;

/// `equal?`
pub fn alike(a: &Value, b: &Value) -> bool {
    if same(a, b) {
        return true;
    }
    // What is still to be compared: data may be nested deeper than the stack.
    let mut open = vec![(a.clone(), b.clone())];
    for _ in 0..STEPS_MAX {
        let Some((a, b)) = open.pop() else {
            return true;
        };
        if !step(&a, &b, &mut open) {
            return false;
        }
    }
    false
}

/// Compares two values but for what they hold.
fn step(a: &Value, b: &Value, open: &mut Vec<(Value, Value)>) -> bool {
    if let (Some((first_a, rest_a)), Some((first_b, rest_b))) = (uncons(a), uncons(b)) {
        open.push((rest_a, rest_b));
        open.push((first_a, first_b));
        return true;
    }
    match (view(a), view(b)) {
        (View::Text(a), View::Text(b)) => a == b,
        (View::Bytes, View::Bytes) => bytes(a) == bytes(b),
        (View::Vector, View::Vector) => {
            let (Some(a), Some(b)) = (vector_items(a), vector_items(b)) else {
                return false;
            };
            let equal = a.len() == b.len();
            open.extend(a.into_iter().zip(b).rev());
            equal
        }
        (View::Foreign, View::Foreign) => match records::fields_of_both(a, b) {
            Some((a, b)) => {
                open.extend(a.into_iter().zip(b).rev());
                true
            }
            None => same(a, b),
        },
        _ => same(a, b),
    }
}

fn eq(values: &[Value]) -> Answer {
    chain("eq?", values, same)
}

fn eqv(values: &[Value]) -> Answer {
    chain("eqv?", values, same)
}

fn equal(values: &[Value]) -> Answer {
    chain("equal?", values, alike)
}

fn chain(name: &'static str, values: &[Value], test: Test) -> Answer {
    let all = Arguments::at_least(name, values, 0)?.all();
    Ok(boolean(all.windows(2).all(|pair| match pair {
        [a, b] => test(a, b),
        _ => true,
    })))
}

fn not(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("not", values, 1)?;
    Ok(boolean(matches!(
        view(arguments.value(0)?),
        View::Boolean(false)
    )))
}

fn is_boolean(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("boolean?", values, 1)?;
    Ok(boolean(matches!(
        view(arguments.value(0)?),
        View::Boolean(_)
    )))
}

fn member_by(name: &'static str, values: &[Value], test: Test) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let wanted = arguments.value(0)?;
    let mut rest = arguments.value(1)?.clone();
    if matches!(walk(&rest, |_| ()), End::Circle) {
        return Err(arguments.wrong(1, "list"));
    }
    while let Some((first, next)) = uncons(&rest) {
        if test(wanted, &first) {
            return Ok(rest);
        }
        rest = next;
    }
    match view(&rest) {
        View::Empty => Ok(boolean(false)),
        _ => Err(arguments.wrong(1, "list")),
    }
}

/// The first pair of an association list that has a key; what is no pair is
/// passed over.
fn find(key: &Value, list: &Value, test: Test) -> (Option<Value>, Value, bool) {
    let mut rest = list.clone();
    let mut all_pairs = true;
    while let Some((entry, next)) = uncons(&rest) {
        match car(&entry) {
            Some(other) if test(key, &other) => return (Some(entry), rest, all_pairs),
            Some(_) => {}
            None => all_pairs = false,
        }
        rest = next;
    }
    (None, rest, all_pairs)
}

fn assoc_by(name: &'static str, values: &[Value], test: Test) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let list = arguments.value(1)?;
    if matches!(walk(list, |_| ()), End::Circle) {
        return Err(arguments.wrong(1, "association list"));
    }
    let (found, end, all_pairs) = find(arguments.value(0)?, list, test);
    match found {
        Some(entry) if all_pairs => Ok(entry),
        None if all_pairs && is_empty(&end) => Ok(boolean(false)),
        _ => Err(arguments.wrong(1, "association list")),
    }
}

/// Lookups that mind nothing.
fn sloppy(name: &'static str, values: &[Value], test: Test) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let list = arguments.value(1)?;
    if matches!(walk(list, |_| ()), End::Circle) {
        return Ok(boolean(false));
    }
    let (found, ..) = find(arguments.value(0)?, list, test);
    Ok(found.unwrap_or_else(|| boolean(false)))
}

fn ref_by(name: &'static str, values: &[Value], test: Test) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let list = arguments.value(0)?;
    if matches!(walk(list, |_| ()), End::Circle) {
        return Ok(boolean(false));
    }
    let (found, ..) = find(arguments.value(1)?, list, test);
    Ok(found
        .and_then(|entry| cdr(&entry))
        .unwrap_or_else(|| boolean(false)))
}

fn delete_by(name: &'static str, values: &[Value], test: Test) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let item = arguments.value(0)?;
    let mut items = arguments.list(1)?;
    items.retain(|other| !test(item, other));
    Ok(from_list(items))
}

fn delete_duplicates(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("delete-duplicates", values, 1)?;
    let mut kept: Vec<Value> = Vec::new();
    for item in arguments.list(0)? {
        if !kept.iter().any(|other| alike(other, &item)) {
            kept.push(item);
        }
    }
    Ok(engine::from_list(kept))
}
