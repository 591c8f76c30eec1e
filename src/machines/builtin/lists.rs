//! Lists.

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    Answer, End, Fault, Value, boolean, car, cdr, empty, from_list, from_list_with, from_rest,
    integer, is_empty, is_pair, list_items, pair, raise, set_car, set_cdr, symbol, to_rest, uncons,
    unspecified, walk,
};

/// `cadr` and its kin: the letters between `c` and `r`, from the right.
macro_rules! accessor {
    ($name:literal) => {
        ($name, |values: &[Value]| -> Answer {
            let arguments = Arguments::exactly($name, values, 1)?;
            let mut value = arguments.value(0)?.clone();
            for letter in $name.bytes().rev() {
                let next = match letter {
                    b'a' => car(&value),
                    b'd' => cdr(&value),
                    _ => continue,
                };
                value = next.ok_or_else(|| raise::wrong_type_expecting($name, "pair", &value))?;
            }
            Ok(value)
        })
    };
}

/// `first` and its kin.
macro_rules! nth {
    ($name:literal, $index:literal) => {
        ($name, |values: &[Value]| -> Answer {
            let list = Arguments::exactly($name, values, 1)?.value(0)?;
            nth_of(list, $index).ok_or_else(|| no_item($name, list, $index))
        })
    };
}

pub const TABLE: Table = &[
    ("%list<-rest", |values| {
        Ok(from_rest(
            Arguments::exactly("%list<-rest", values, 1)?.value(0)?,
        ))
    }),
    ("%rest<-list", rest_from_list),
    ("%rest<-arguments", rest_from_arguments),
    ("cons", cons),
    ("car", |values| part("car", values, car)),
    ("cdr", |values| part("cdr", values, cdr)),
    ("set-car!", |values| set("set-car!", values, set_car)),
    ("set-cdr!", |values| set("set-cdr!", values, set_cdr)),
    ("pair?", |values| test("pair?", values, is_pair)),
    ("null?", |values| test("null?", values, is_empty)),
    ("list?", |values| {
        test("list?", values, |value| {
            matches!(walk(value, |_| ()), End::Proper)
        })
    }),
    ("list", |values| Ok(from_list(values.to_vec()))),
    ("%list-end", list_end),
    ("length", length),
    ("append", append),
    ("append!", append_in_place),
    ("reverse", |values| {
        let arguments = Arguments::exactly("reverse", values, 1)?;
        reversed(&arguments, empty())
    }),
    ("append-reverse", |values| {
        let arguments = Arguments::exactly("append-reverse", values, 2)?;
        reversed(&arguments, arguments.value(1)?.clone())
    }),
    ("%reverse-in-place", reverse_in_place),
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
    accessor!("caaaar"),
    accessor!("caaadr"),
    accessor!("caadar"),
    accessor!("caaddr"),
    accessor!("cadaar"),
    accessor!("cadadr"),
    accessor!("caddar"),
    accessor!("cadddr"),
    accessor!("cdaaar"),
    accessor!("cdaadr"),
    accessor!("cdadar"),
    accessor!("cdaddr"),
    accessor!("cddaar"),
    accessor!("cddadr"),
    accessor!("cdddar"),
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
    ("list-ref", list_ref),
    ("list-set!", |values| list_set("list-set!", values)),
    ("list-cdr-set!", list_cdr_set),
    ("list-tail", |values| tail("list-tail", values)),
    ("list-cdr-ref", |values| tail("list-cdr-ref", values)),
    ("drop", |values| tail("drop", values)),
    ("list-head", |values| head("list-head", values)),
    ("take", |values| head("take", values)),
    ("last-pair", last_pair),
    ("last", last),
    ("cons*", cons_star),
    ("list-copy", list_copy),
    ("make-list", make_list),
    ("concatenate", concatenate),
];

/// So many copies of a value; `None` if no memory could hold them.
pub(super) fn copies(value: &Value, count: usize) -> Option<Vec<Value>> {
    let mut items = Vec::new();
    // Where memory has a limit this is where it ends the child.
    items.try_reserve_exact(count).ok()?;
    items.resize(count, value.clone());
    Some(items)
}

/// An index that is too large for any list that there can be.
fn count_of(n: usize) -> Value {
    integer(i64::try_from(n).unwrap_or(i64::MAX))
}

/// `(%rest<-list LIST)`: what `%apply` takes as its last argument.
fn rest_from_list(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%rest<-list", values, 1)?;
    let value = arguments.value(0)?;
    list_items(value)
        .map(to_rest)
        .ok_or_else(|| not_applicable(value))
}

/// `(%rest<-arguments (ARGUMENT … LIST))`: the same for those of `apply`.
fn rest_from_arguments(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%rest<-arguments", values, 1)?;
    let mut items = arguments.list(0)?;
    let Some(last) = items.pop() else {
        return Ok(to_rest(Vec::new()));
    };
    items.extend(list_items(&last).ok_or_else(|| not_applicable(&last))?);
    Ok(to_rest(items))
}

fn not_applicable(value: &Value) -> Fault {
    let values = from_list(vec![value.clone()]);
    raise::scm_error(
        "wrong-type-arg",
        "apply",
        "Apply to non-list: ~S",
        values.clone(),
        values,
    )
}

fn cons(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("cons", values, 2)?;
    Ok(pair(
        arguments.value(0)?.clone(),
        arguments.value(1)?.clone(),
    ))
}

fn part(name: &'static str, values: &[Value], part: fn(&Value) -> Option<Value>) -> Answer {
    let value = Arguments::exactly(name, values, 1)?.value(0)?;
    part(value).ok_or_else(|| raise::wrong_type_of(name, 1, "pair", value))
}

fn set(name: &'static str, values: &[Value], set: fn(&Value, Value) -> Option<()>) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let value = arguments.value(0)?;
    set(value, arguments.value(1)?.clone())
        .ok_or_else(|| raise::wrong_type_of(name, 1, "mutable pair", value))?;
    Ok(unspecified())
}

fn test(name: &'static str, values: &[Value], test: fn(&Value) -> bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    Ok(boolean(test(arguments.value(0)?)))
}

/// `(%list-end LIST)`: how it ends.
fn list_end(values: &[Value]) -> Answer {
    let value = Arguments::exactly("%list-end", values, 1)?.value(0)?;
    Ok(symbol(match walk(value, |_| ()) {
        End::Proper => "proper",
        End::Improper(_) => "dotted",
        End::Circle => "circle",
    }))
}

fn length(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("length", values, 1)?;
    let mut length = 0_usize;
    match walk(arguments.value(0)?, |_| length = length.saturating_add(1)) {
        End::Proper => Ok(count_of(length)),
        End::Improper(_) | End::Circle => Err(arguments.wrong_plain(0)),
    }
}

fn append(values: &[Value]) -> Answer {
    let Some((last, lists)) = values.split_last() else {
        return Ok(empty());
    };
    let mut items = Vec::new();
    for (index, list) in lists.iter().enumerate() {
        match walk(list, |item| items.push(item)) {
            End::Proper => {}
            End::Improper(end) => {
                let position = index.saturating_add(1);
                return Err(raise::wrong_type_at("append", position, "empty list", &end));
            }
            End::Circle => {
                return Err(raise::wrong_type_arg(
                    "append",
                    index.saturating_add(1),
                    list,
                ));
            }
        }
    }
    Ok(from_list_with(items, last.clone()))
}

fn append_in_place(values: &[Value]) -> Answer {
    let mut lists = values.iter().filter(|list| !is_empty(list)).peekable();
    let Some(first) = lists.peek().map(|list| (*list).clone()) else {
        return Ok(empty());
    };
    while let Some(list) = lists.next() {
        if let Some(next) = lists.peek() {
            let last = last_pair_of(list)
                .ok_or_else(|| raise::wrong_type_at("append!", 1, "pair", list))?;
            set_cdr(&last, (*next).clone());
        }
    }
    Ok(first)
}

fn reversed(arguments: &Arguments<'_>, tail: Value) -> Answer {
    let mut result = tail;
    for item in arguments.list(0)? {
        result = pair(item, result);
    }
    Ok(result)
}

/// `(%reverse-in-place LIST TAIL)`
fn reverse_in_place(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("reverse!", values, 2)?;
    if !matches!(walk(arguments.value(0)?, |_| ()), End::Proper) {
        return Err(arguments.wrong_plain(0));
    }
    let mut result = arguments.value(1)?.clone();
    let mut rest = arguments.value(0)?.clone();
    while let Some(next) = cdr(&rest) {
        set_cdr(&rest, result);
        result = rest;
        rest = next;
    }
    Ok(result)
}

fn nth_of(list: &Value, index: usize) -> Option<Value> {
    car(&tail_of(list, index)?)
}

/// The error that a list is too short, in the words of the accessor that Guile
/// has for the place.
fn no_item(name: &str, list: &Value, index: usize) -> Fault {
    const ACCESSORS: [&str; 4] = ["car", "cadr", "caddr", "cadddr"];
    let mut rest = list.clone();
    for _ in 0..index {
        match cdr(&rest) {
            Some(next) => rest = next,
            None => break,
        }
    }
    let name = ACCESSORS.get(index).copied().unwrap_or(name);
    raise::wrong_type_expecting(name, "pair", &rest)
}

/// What is left of a list without its first items.
fn tail_of(list: &Value, count: usize) -> Option<Value> {
    let mut rest = list.clone();
    for _ in 0..count {
        rest = cdr(&rest)?;
    }
    Some(rest)
}

fn list_ref(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("list-ref", values, 2)?;
    let index = arguments.index(1)?;
    nth_of(arguments.value(0)?, index).ok_or_else(|| arguments.out_of_range(1))
}

/// `(list-set! LIST INDEX VALUE)` gives the value.
fn list_set(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 3)?;
    let place = tail_of(arguments.value(0)?, arguments.index(1)?)
        .ok_or_else(|| arguments.out_of_range(1))?;
    let value = arguments.value(2)?;
    set_car(&place, value.clone()).ok_or_else(|| arguments.out_of_range(1))?;
    Ok(value.clone())
}

fn list_cdr_set(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("list-cdr-set!", values, 3)?;
    let place = tail_of(arguments.value(0)?, arguments.index(1)?)
        .ok_or_else(|| arguments.out_of_range(1))?;
    let value = arguments.value(2)?;
    set_cdr(&place, value.clone()).ok_or_else(|| arguments.out_of_range(1))?;
    Ok(value.clone())
}

fn tail(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let mut rest = arguments.value(0)?.clone();
    for _ in 0..arguments.index(1)? {
        rest = cdr(&rest).ok_or_else(|| {
            let name = if name == "drop" { "list-tail" } else { name };
            raise::wrong_type_at(name, 1, "pair", &rest)
        })?;
    }
    Ok(rest)
}

fn head(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let mut items = Vec::new();
    let mut rest = arguments.value(0)?.clone();
    for _ in 0..arguments.index(1)? {
        let (first, next) =
            uncons(&rest).ok_or_else(|| raise::wrong_type_at("list-head", 1, "pair", &rest))?;
        items.push(first);
        rest = next;
    }
    Ok(from_list(items))
}

/// The last pair of a list; of none or of a circle there is none.
fn last_pair_of(list: &Value) -> Option<Value> {
    if matches!(walk(list, |_| ()), End::Circle) {
        return None;
    }
    let mut rest = list.clone();
    loop {
        let next = cdr(&rest)?;
        if !is_pair(&next) {
            return Some(rest);
        }
        rest = next;
    }
}

fn last_pair(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("last-pair", values, 1)?;
    let list = arguments.value(0)?;
    if is_empty(list) {
        return Ok(empty());
    }
    last_pair_of(list).ok_or_else(|| arguments.wrong(0, "pair"))
}

fn last(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("last", values, 1)?;
    let list = arguments.value(0)?;
    last_pair_of(list)
        .and_then(|last| car(&last))
        .ok_or_else(|| {
            if is_empty(list) {
                raise::wrong_type_of("car", 1, "pair", list)
            } else {
                raise::wrong_type_at("last-pair", 1, "pair", list)
            }
        })
}

fn cons_star(values: &[Value]) -> Answer {
    let all = Arguments::at_least("cons*", values, 1)?.all();
    let Some((last, items)) = all.split_last() else {
        return Ok(unspecified());
    };
    Ok(from_list_with(items.to_vec(), last.clone()))
}

fn list_copy(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("list-copy", values, 1)?;
    let value = arguments.value(0)?;
    list_items(value)
        .map(from_list)
        .ok_or_else(|| arguments.wrong_plain(0))
}

fn make_list(values: &[Value]) -> Answer {
    let arguments = Arguments::between("make-list", values, 1, 2)?;
    let count = arguments.index(0)?;
    let fill = arguments.optional(1).cloned().unwrap_or_else(unspecified);
    copies(&fill, count)
        .map(from_list)
        .ok_or_else(|| arguments.out_of_range(0))
}

fn concatenate(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("concatenate", values, 1)?;
    append(&arguments.list(0)?)
}
