//! Lists and vectors.

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    Answer, Value, View, boolean, cons, from_list, from_vector, integer, list_items, uncons,
    unspecified, view,
};

/// `cadr` and its kin: the letters between `c` and `r`, from the right.
macro_rules! accessor {
    ($name:literal) => {
        ($name, |values: &[Value]| -> Answer {
            let arguments = Arguments::exactly($name, values, 1)?;
            let mut value = arguments.value(0)?.clone();
            for letter in $name.bytes().rev() {
                if matches!(letter, b'a' | b'd') {
                    let (first, rest) =
                        uncons(&value).ok_or_else(|| arguments.wrong(0, "a longer list"))?;
                    value = if letter == b'a' { first } else { rest };
                }
            }
            Ok(value)
        })
    };
}

/// `first` and its kin.
macro_rules! nth {
    ($name:literal, $index:literal) => {
        ($name, |values: &[Value]| -> Answer {
            let arguments = Arguments::exactly($name, values, 1)?;
            nth_of(arguments.value(0)?, $index).ok_or_else(|| arguments.wrong(0, "a longer list"))
        })
    };
}

pub const TABLE: Table = &[
    accessor!("caar"),
    accessor!("cadr"),
    accessor!("cdar"),
    accessor!("cddr"),
    accessor!("caaar"),
    accessor!("caadr"),
    accessor!("cadar"),
    accessor!("caddr"),
    accessor!("cdaar"),
    accessor!("cdadr"),
    accessor!("cddar"),
    accessor!("cdddr"),
    accessor!("cadddr"),
    accessor!("cddddr"),
    nth!("first", 0),
    nth!("second", 1),
    nth!("third", 2),
    nth!("fourth", 3),
    nth!("fifth", 4),
    nth!("sixth", 5),
    nth!("seventh", 6),
    nth!("eighth", 7),
    nth!("ninth", 8),
    nth!("tenth", 9),
    ("list?", is_list),
    ("reverse", reverse),
    ("list-ref", list_ref),
    ("list-tail", |values| tail("list-tail", values)),
    ("drop", |values| tail("drop", values)),
    ("list-head", |values| head("list-head", values)),
    ("take", |values| head("take", values)),
    ("last-pair", last_pair),
    ("last", last),
    ("cons*", cons_star),
    ("list-copy", list_copy),
    ("make-list", make_list),
    ("iota", iota),
    ("concatenate", concatenate),
    ("vector?", is_vector),
    ("vector->list", vector_to_list),
    ("list->vector", list_to_vector),
    ("vector-length", vector_length),
];

/// More than this is no list that a machine file can want.
const LENGTH_MAX: usize = 10_000_000;

fn nth_of(list: &Value, index: usize) -> Option<Value> {
    let mut rest = list.clone();
    for _ in 0..index {
        rest = uncons(&rest)?.1;
    }
    uncons(&rest).map(|(first, _)| first)
}

fn is_list(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("list?", values, 1)?;
    Ok(boolean(list_items(arguments.value(0)?).is_some()))
}

fn reverse(values: &[Value]) -> Answer {
    let mut items = Arguments::exactly("reverse", values, 1)?.list(0)?;
    items.reverse();
    Ok(from_list(items))
}

fn list_ref(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("list-ref", values, 2)?;
    let index = arguments.index(1)?;
    nth_of(arguments.value(0)?, index).ok_or_else(|| arguments.out_of_range(1))
}

fn tail(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let mut rest = arguments.value(0)?.clone();
    for _ in 0..arguments.index(1)? {
        rest = uncons(&rest).ok_or_else(|| arguments.out_of_range(1))?.1;
    }
    Ok(rest)
}

fn head(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let mut items = Vec::new();
    let mut rest = arguments.value(0)?.clone();
    for _ in 0..arguments.index(1)? {
        let (first, next) = uncons(&rest).ok_or_else(|| arguments.out_of_range(1))?;
        items.push(first);
        rest = next;
    }
    Ok(from_list(items))
}

fn last_pair(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("last-pair", values, 1)?;
    let mut rest = arguments.value(0)?.clone();
    while let Some((_, next)) = uncons(&rest) {
        if !matches!(view(&next), View::Pair) {
            break;
        }
        rest = next;
    }
    Ok(rest)
}

fn last(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("last", values, 1)?;
    let items = arguments.list(0)?;
    items
        .last()
        .cloned()
        .ok_or_else(|| arguments.wrong(0, "a longer list"))
}

fn cons_star(values: &[Value]) -> Answer {
    let all = Arguments::at_least("cons*", values, 1)?.all();
    let Some((last, items)) = all.split_last() else {
        return Ok(unspecified());
    };
    let mut list = last.clone();
    for item in items.iter().rev() {
        list = cons(item.clone(), list)?;
    }
    Ok(list)
}

fn list_copy(values: &[Value]) -> Answer {
    Arguments::exactly("list-copy", values, 1)?
        .list(0)
        .map(from_list)
}

fn make_list(values: &[Value]) -> Answer {
    let arguments = Arguments::between("make-list", values, 1, 2)?;
    let count = arguments.index(0)?;
    if count > LENGTH_MAX {
        return Err(arguments.out_of_range(0));
    }
    let fill = arguments.optional(1).cloned().unwrap_or_else(unspecified);
    Ok(from_list(vec![fill; count]))
}

fn iota(values: &[Value]) -> Answer {
    let arguments = Arguments::between("iota", values, 1, 3)?;
    let count = arguments.index(0)?;
    if count > LENGTH_MAX {
        return Err(arguments.out_of_range(0));
    }
    let start = match arguments.optional(1) {
        Some(_) => arguments.integer(1)?,
        None => 0,
    };
    let step = match arguments.optional(2) {
        Some(_) => arguments.integer(2)?,
        None => 1,
    };
    let mut next = start;
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        items.push(integer(next));
        next = next.saturating_add(step);
    }
    Ok(from_list(items))
}

fn concatenate(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("concatenate", values, 1)?;
    let mut all = Vec::new();
    for list in arguments.list(0)? {
        all.extend(list_items(&list).ok_or_else(|| arguments.wrong(0, "a list of lists"))?);
    }
    Ok(from_list(all))
}

fn is_vector(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("vector?", values, 1)?;
    Ok(boolean(matches!(
        view(arguments.value(0)?),
        View::Vector(_)
    )))
}

fn vector_to_list(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("vector->list", values, 1)?;
    match view(arguments.value(0)?) {
        View::Vector(items) => Ok(from_list(items)),
        _ => Err(arguments.wrong(0, "a vector")),
    }
}

fn list_to_vector(values: &[Value]) -> Answer {
    Arguments::exactly("list->vector", values, 1)?
        .list(0)
        .map(from_vector)
}

fn vector_length(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("vector-length", values, 1)?;
    match view(arguments.value(0)?) {
        View::Vector(items) => Ok(integer(i64::try_from(items.len()).unwrap_or(i64::MAX))),
        _ => Err(arguments.wrong(0, "a vector")),
    }
}
