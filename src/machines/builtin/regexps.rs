//! Regular expressions of POSIX, which Guile takes from the C library.

mod matching;
mod parse;

use std::rc::Rc;

use super::arguments::Arguments;
use super::{Constants, Table};
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, car, cdr, foreign, from_list, from_vector, integer, pair,
    raise, text, vector_items, view, with_foreign, with_vector,
};

use matching::{Options, Program};

pub const TABLE: Table = &[
    ("make-regexp", make_regexp),
    ("regexp?", |values| {
        let value = Arguments::exactly("regexp?", values, 1)?.value(0)?;
        Ok(boolean(with_foreign(value, |_: &Regexp| ()).is_some()))
    }),
    ("regexp-exec", regexp_exec),
    ("%list-matches", list_matches),
    ("regexp-match?", |values| {
        let value = Arguments::exactly("regexp-match?", values, 1)?.value(0)?;
        Ok(boolean(is_match(value)))
    }),
    ("match:substring", |values| {
        with_group("match:substring", values, |content, range| {
            Ok(range.map_or_else(
                || boolean(false),
                |(start, end)| text(part(content, start, end)),
            ))
        })
    }),
    ("match:start", |values| {
        with_group("match:start", values, |_, range| {
            Ok(range.map_or_else(|| boolean(false), |(start, _)| count(start)))
        })
    }),
    ("match:end", |values| {
        with_group("match:end", values, |_, range| {
            Ok(range.map_or_else(|| boolean(false), |(_, end)| count(end)))
        })
    }),
    ("match:prefix", |values| {
        with_group("match:prefix", values, |content, range| {
            let (start, _) = range.unwrap_or_default();
            Ok(text(part(content, 0, start)))
        })
    }),
    ("match:suffix", |values| {
        with_group("match:suffix", values, |content, range| {
            let (_, end) = range.unwrap_or_default();
            Ok(text(part(content, end, usize::MAX)))
        })
    }),
    ("match:string", |values| {
        with_group("match:string", values, |content, _| Ok(text(content)))
    }),
    ("match:count", |values| {
        let value = Arguments::exactly("match:count", values, 1)?.value(0)?;
        let length = with_vector(value, <[Value]>::len).ok_or_else(|| not_a_match(value))?;
        Ok(count(length.saturating_sub(1)))
    }),
    ("regexp-quote", regexp_quote),
];

/// The flags.
pub const VALUES: Constants = &[
    ("regexp/basic", || integer(0)),
    ("regexp/extended", || integer(1)),
    ("regexp/icase", || integer(2)),
    ("regexp/newline", || integer(4)),
    ("regexp/notbol", || integer(1)),
    ("regexp/noteol", || integer(2)),
];

/// A compiled regular expression.
struct Regexp(Rc<Program>);

/// A regular expression as `write` gives it.
pub fn written(value: &Value) -> Option<String> {
    let here = crate::machines::engine::address(value).unwrap_or_default();
    with_foreign(value, |_: &Regexp| format!("#<regexp {here:x}>"))
}

fn count(n: usize) -> Value {
    integer(i64::try_from(n).unwrap_or(i64::MAX))
}

fn part(content: &str, start: usize, end: usize) -> String {
    content
        .chars()
        .skip(start)
        .take(end.saturating_sub(start))
        .collect()
}

/// `(make-regexp PATTERN FLAG …)`
fn make_regexp(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("make-regexp", values, 1)?;
    let pattern = arguments.text(0)?;
    let mut flags = 0;
    let mut basic = false;
    for index in 1..values.len() {
        let flag = arguments.integer(index)?;
        basic |= flag == 0;
        flags |= flag;
    }
    let node = parse::parse(&pattern, basic).map_err(|reason| {
        raise::throw(
            "regular-expression-syntax",
            vec![
                text("make-regexp"),
                text(reason),
                boolean(false),
                from_list(vec![text(Rc::clone(&pattern))]),
            ],
        )
    })?;
    let program = Program::new(&node, flags & 2 != 0, flags & 4 != 0)
        .ok_or_else(|| super::unsupported("a regular expression of this size"))?;
    foreign(Regexp(Rc::new(program)))
}

fn program(arguments: &Arguments<'_>) -> Result<Rc<Program>, Fault> {
    with_foreign(arguments.value(0)?, |regexp: &Regexp| Rc::clone(&regexp.0))
        .ok_or_else(|| arguments.wrong(0, "regexp"))
}

fn flags(arguments: &Arguments<'_>, index: usize) -> Result<i64, Fault> {
    match arguments.optional(index) {
        Some(_) => arguments.integer(index),
        None => Ok(0),
    }
}

fn too_long() -> Fault {
    super::unsupported("this regular expression on a text of this length")
}

/// `(regexp-exec REGEXP STRING START FLAGS)`: the text and the ranges of the
/// groups, or `#f`. Where it starts is the beginning of a line.
fn regexp_exec(values: &[Value]) -> Answer {
    let arguments = Arguments::between("regexp-exec", values, 2, 4)?;
    let program = program(&arguments)?;
    let content = arguments.text(1)?;
    let chars: Vec<char> = content.chars().collect();
    let start = match arguments.optional(2) {
        Some(_) => arguments.index(2)?,
        None => 0,
    };
    if start > chars.len() {
        return Err(arguments.out_of_range(2));
    }
    let options = Options::of(flags(&arguments, 3)?);
    let found = program
        .search(&chars, start, start, options)
        .map_err(|_| too_long())?;
    Ok(found.map_or_else(|| boolean(false), |groups| structure(&content, &groups)))
}

/// A match as Guile has it: a vector.
fn structure(content: &Rc<str>, groups: &[Option<(usize, usize)>]) -> Value {
    let mut items = vec![text(Rc::clone(content))];
    items.extend(groups.iter().map(|group| match group {
        Some((start, end)) => pair(count(*start), count(*end)),
        None => pair(integer(-1), integer(-1)),
    }));
    from_vector(items)
}

/// `(%list-matches REGEXP STRING FLAGS)`: all matches, one after the other.
fn list_matches(values: &[Value]) -> Answer {
    let arguments = Arguments::between("list-matches", values, 2, 3)?;
    let program = program(&arguments)?;
    let content = arguments.text(1)?;
    let flags = flags(&arguments, 2)?;
    let chars: Vec<char> = content.chars().collect();
    let mut found = Vec::new();
    let mut start = 0;
    while start <= chars.len() {
        // Only the first one can be at the beginning of a line.
        let options = Options::of(if start > 0 { flags | 1 } else { flags });
        let groups = program
            .search(&chars, start, start, options)
            .map_err(|_| too_long())?;
        let Some(groups) = groups else { break };
        let (from, to) = groups.first().copied().flatten().unwrap_or((start, start));
        found.push(structure(&content, &groups));
        // After an empty match one character on.
        start = if to > from { to } else { to.saturating_add(1) };
    }
    Ok(from_list(found))
}

fn is_match(value: &Value) -> bool {
    let Some(items) = vector_items(value) else {
        return false;
    };
    let Some((first, rest)) = items.split_first() else {
        return false;
    };
    matches!(view(first), View::Text(_))
        && !rest.is_empty()
        && rest.iter().all(|r| range(r).is_some())
}

fn range(value: &Value) -> Option<(i64, i64)> {
    match (view(&car(value)?), view(&cdr(value)?)) {
        (View::Integer(start), View::Integer(end)) => Some((start, end)),
        _ => None,
    }
}

fn not_a_match(value: &Value) -> Fault {
    raise::wrong_type_of("vector-ref", 1, "vector", value)
}

/// Calls a function with the text of a match and the range of a group: that
/// of an optional argument, else the whole.
fn with_group(
    name: &'static str,
    values: &[Value],
    look: impl FnOnce(&str, Option<(usize, usize)>) -> Answer,
) -> Answer {
    let arguments = Arguments::between(name, values, 1, 2)?;
    let value = arguments.value(0)?;
    let items = vector_items(value).ok_or_else(|| not_a_match(value))?;
    let group = match arguments.optional(1) {
        Some(_) => arguments.index(1)?.saturating_add(1),
        None => 1,
    };
    let (Some(View::Text(content)), Some(found)) = (items.first().map(view), items.get(group))
    else {
        return Err(raise::out_of_range_of("vector-ref", 2, &count(group)));
    };
    let found = range(found).ok_or_else(|| not_a_match(value))?;
    let found = match (usize::try_from(found.0), usize::try_from(found.1)) {
        (Ok(start), Ok(end)) => Some((start, end)),
        _ => None,
    };
    look(&content, found)
}

fn regexp_quote(values: &[Value]) -> Answer {
    let content = Arguments::exactly("regexp-quote", values, 1)?.text(0)?;
    let mut out = String::new();
    for c in content.chars() {
        if matches!(
            c,
            '[' | ']' | '.' | '*' | '^' | '\\' | '$' | '(' | ')' | '|' | '?' | '+' | '{' | '}'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(text(out))
}
