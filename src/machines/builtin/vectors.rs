//! Vectors and bytevectors.

use super::Table;
use super::arguments::Arguments;
use super::lists::copies;
use crate::machines::engine::{
    Answer, Value, View, boolean, from_list, from_vector, integer, raise, unspecified,
    vector_items, vector_set, view, with_vector,
};

pub const TABLE: Table = &[
    ("vector", |values| Ok(from_vector(values.to_vec()))),
    ("vector?", is_vector),
    ("make-vector", make_vector),
    ("vector-ref", vector_ref),
    ("vector-set!", vector_set_at),
    ("vector-length", vector_length),
    ("vector->list", vector_to_list),
    ("list->vector", list_to_vector),
];

fn is_vector(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("vector?", values, 1)?;
    Ok(boolean(matches!(view(arguments.value(0)?), View::Vector)))
}

fn make_vector(values: &[Value]) -> Answer {
    let arguments = Arguments::between("make-vector", values, 1, 2)?;
    let count = arguments.index(0)?;
    let fill = arguments.optional(1).cloned().unwrap_or_else(unspecified);
    copies(&fill, count)
        .map(from_vector)
        .ok_or_else(|| arguments.out_of_range(0))
}

/// The index that an argument is; one that is none is out of range as well.
fn index(arguments: &Arguments<'_>, name: &str) -> Result<usize, crate::machines::engine::Fault> {
    let value = arguments.value(1)?;
    match view(value) {
        View::Integer(n) => usize::try_from(n).map_err(|_| raise::out_of_range_of(name, 2, value)),
        _ => Err(raise::wrong_type_of(name, 2, "small integer", value)),
    }
}

fn vector_ref(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("vector-ref", values, 2)?;
    let vector = arguments.value(0)?;
    let at = with_vector(vector, |_| ())
        .ok_or_else(|| raise::wrong_type_of("vector-ref", 1, "vector", vector))
        .and_then(|()| index(&arguments, "vector-ref"))?;
    with_vector(vector, |items| items.get(at).cloned())
        .flatten()
        .map_or_else(
            || Err(raise::out_of_range_of("vector-ref", 2, arguments.value(1)?)),
            Ok,
        )
}

fn vector_set_at(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("vector-set!", values, 3)?;
    let vector = arguments.value(0)?;
    let at = with_vector(vector, |_| ())
        .ok_or_else(|| raise::wrong_type_of("vector-set!", 1, "mutable vector", vector))
        .and_then(|()| index(&arguments, "vector-set!"))?;
    if vector_set(vector, at, arguments.value(2)?.clone()).is_none() {
        return Err(raise::out_of_range_of(
            "vector-set!",
            2,
            arguments.value(1)?,
        ));
    }
    Ok(unspecified())
}

fn vector_length(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("vector-length", values, 1)?;
    let vector = arguments.value(0)?;
    with_vector(vector, <[Value]>::len)
        .map(|length| integer(i64::try_from(length).unwrap_or(i64::MAX)))
        .ok_or_else(|| raise::wrong_type_of("vector-length", 1, "vector", vector))
}

fn vector_to_list(values: &[Value]) -> Answer {
    let arguments = Arguments::between("vector->list", values, 1, 3)?;
    let vector = arguments.value(0)?;
    let items =
        vector_items(vector).ok_or_else(|| raise::wrong_type_expecting("", "array", vector))?;
    let (start, end) = arguments.range(1, items.len())?;
    let part = items.get(start..end).unwrap_or_default();
    Ok(from_list(part.to_vec()))
}

fn list_to_vector(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("list->vector", values, 1)?;
    let list = arguments.value(0)?;
    crate::machines::engine::list_items(list)
        .map(from_vector)
        .ok_or_else(|| raise::wrong_type_arg("vector", 1, list))
}
