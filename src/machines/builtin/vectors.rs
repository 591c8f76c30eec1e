//! Vectors, and arrays as far as they are vectors.

use super::Table;
use super::arguments::Arguments;
use super::lists::copies;
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, from_list, from_vector, integer, list_items, raise,
    unspecified, vector_items, vector_set, view, with_vector,
};

pub const TABLE: Table = &[
    ("vector", |values| Ok(from_vector(values.to_vec()))),
    ("vector?", |values| is_vector("vector?", values)),
    ("array?", |values| is_vector("array?", values)),
    ("make-vector", make_vector),
    ("make-array", make_array),
    ("vector-ref", |values| item("vector-ref", values)),
    ("array-ref", |values| item("array-ref", values)),
    ("vector-set!", vector_set_at),
    ("array-set!", array_set),
    ("vector-length", |values| length("vector-length", values)),
    ("array-length", |values| length("array-length", values)),
    ("array-rank", |values| {
        let arguments = Arguments::exactly("array-rank", values, 1)?;
        items(&arguments, "array-rank").map(|_| integer(1))
    }),
    ("vector->list", |values| {
        let arguments = Arguments::exactly("vector->list", values, 1)?;
        Ok(from_list(array_items(&arguments)?))
    }),
    ("array->list", |values| {
        let arguments = Arguments::exactly("array->list", values, 1)?;
        Ok(from_list(array_items(&arguments)?))
    }),
    ("%vector->list", |values| {
        let arguments = Arguments::between("vector->list", values, 1, 3)?;
        part(&arguments).map(from_list)
    }),
    ("list->vector", list_to_vector),
    ("vector-copy", |values| {
        let arguments = Arguments::between("vector-copy", values, 1, 3)?;
        part(&arguments).map(from_vector)
    }),
    ("vector-copy!", vector_copy_into),
    ("vector-move-left!", |values| {
        vector_move("vector-move-left!", values)
    }),
    ("vector-move-right!", |values| {
        vector_move("vector-move-right!", values)
    }),
];

fn is_vector(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    Ok(boolean(matches!(view(arguments.value(0)?), View::Vector)))
}

fn filled(arguments: &Arguments<'_>, count: usize, fill: &Value) -> Answer {
    copies(fill, count)
        .map(from_vector)
        .ok_or_else(|| arguments.out_of_range(0))
}

fn make_vector(values: &[Value]) -> Answer {
    let arguments = Arguments::between("make-vector", values, 1, 2)?;
    let count = match view(arguments.value(0)?) {
        View::Integer(n) if n < 0 => {
            return Err(raise::out_of_bounds(
                0,
                72_057_594_037_927_935,
                arguments.value(0)?,
            ));
        }
        _ => arguments.index(0)?,
    };
    let fill = arguments.optional(1).cloned().unwrap_or_else(unspecified);
    filled(&arguments, count, &fill)
}

/// `(make-array FILL LENGTH)`: of one dimension only.
fn make_array(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("make-array", values, 2)?;
    if values.len() > 2 || !matches!(view(arguments.value(1)?), View::Integer(_)) {
        return Err(super::unsupported("an array of several dimensions"));
    }
    filled(&arguments, arguments.index(1)?, arguments.value(0)?)
}

fn items(arguments: &Arguments<'_>, name: &str) -> Result<Vec<Value>, Fault> {
    let vector = arguments.value(0)?;
    vector_items(vector).ok_or_else(|| raise::wrong_type_of(name, 1, "vector", vector))
}

fn array_items(arguments: &Arguments<'_>) -> Result<Vec<Value>, Fault> {
    let vector = arguments.value(0)?;
    vector_items(vector).ok_or_else(|| raise::wrong_type_expecting("", "array", vector))
}

fn part(arguments: &Arguments<'_>) -> Result<Vec<Value>, Fault> {
    let items = array_items(arguments)?;
    let (start, end) = arguments.range(1, items.len())?;
    Ok(items.get(start..end).unwrap_or_default().to_vec())
}

/// The place that an argument is in the vector before it.
fn place(arguments: &Arguments<'_>, name: &str, index: usize) -> Result<usize, Fault> {
    let vector = arguments.value(0)?;
    let length = with_vector(vector, <[Value]>::len)
        .ok_or_else(|| raise::wrong_type_of(name, 1, "vector", vector))?;
    let value = arguments.value(index)?;
    let position = index.saturating_add(1);
    match view(value) {
        View::Integer(n) => usize::try_from(n)
            .ok()
            .filter(|at| *at < length)
            .ok_or_else(|| raise::out_of_range_of(name, position, value)),
        _ => Err(raise::wrong_type_of(name, position, "small integer", value)),
    }
}

fn item(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let at = place(&arguments, name, 1)?;
    with_vector(arguments.value(0)?, |items| items.get(at).cloned())
        .flatten()
        .ok_or_else(|| arguments.out_of_range(1))
}

fn vector_set_at(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("vector-set!", values, 3)?;
    let at = place(&arguments, "vector-set!", 1)?;
    vector_set(arguments.value(0)?, at, arguments.value(2)?.clone())
        .ok_or_else(|| arguments.out_of_range(1))?;
    Ok(unspecified())
}

/// `(array-set! ARRAY VALUE INDEX)`
fn array_set(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("array-set!", values, 3)?;
    let at = place(&arguments, "array-set!", 2)?;
    vector_set(arguments.value(0)?, at, arguments.value(1)?.clone())
        .ok_or_else(|| arguments.out_of_range(2))?;
    Ok(unspecified())
}

fn length(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    let length = items(&arguments, name)?.len();
    Ok(integer(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn list_to_vector(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("list->vector", values, 1)?;
    let list = arguments.value(0)?;
    list_items(list)
        .map(from_vector)
        .ok_or_else(|| raise::wrong_type_arg("vector", 1, list))
}

/// Puts items into a vector from a place on.
fn store(target: &Value, at: usize, items: Vec<Value>) -> Option<()> {
    let end = at.checked_add(items.len())?;
    if end > with_vector(target, <[Value]>::len)? {
        return None;
    }
    for (at, item) in (at..).zip(items) {
        vector_set(target, at, item)?;
    }
    Some(())
}

/// `(vector-copy! TARGET AT SOURCE START END)`
fn vector_copy_into(values: &[Value]) -> Answer {
    let arguments = Arguments::between("vector-copy!", values, 3, 5)?;
    let source = arguments.value(2)?;
    let items =
        vector_items(source).ok_or_else(|| raise::wrong_type_arg("vector-copy!", 3, source))?;
    let (start, end) = arguments.range(3, items.len())?;
    let part = items.get(start..end).unwrap_or_default().to_vec();
    store(arguments.value(0)?, arguments.index(1)?, part)
        .ok_or_else(|| arguments.out_of_range(1))?;
    Ok(unspecified())
}

/// `(vector-move-left! SOURCE START END TARGET AT)`
fn vector_move(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 5)?;
    let items = items(&arguments, name)?;
    let (start, end) = arguments.range(1, items.len())?;
    let part = items.get(start..end).unwrap_or_default().to_vec();
    store(arguments.value(3)?, arguments.index(4)?, part)
        .ok_or_else(|| arguments.out_of_range(4))?;
    Ok(unspecified())
}
