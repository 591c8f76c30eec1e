//! `display` and `write`: values as Guile prints them.

use std::collections::HashMap;

use super::Table;
use super::arguments::{Arguments, Description};
use super::characters::Set;
use super::offload;
use super::tables::HashTable;
use crate::machines::datum::{written_character, written_symbol, written_text};
use crate::machines::engine::{
    Value, View, address, bytes, text, uncons, vector_items, view, with_foreign, written_number,
};

pub(super) const TABLE: Table = &[
    ("%displayed", |values| {
        Ok(text(displayed(
            Arguments::exactly("display", values, 1)?.value(0)?,
        )))
    }),
    ("%written", |values| {
        Ok(text(written(
            Arguments::exactly("write", values, 1)?.value(0)?,
        )))
    }),
];

/// As `write` gives it; what is too long is cut.
pub fn written(value: &Value) -> String {
    Printer::print(value, true)
}

/// As `display` gives it.
pub fn displayed(value: &Value) -> String {
    Printer::print(value, false)
}

/// More than this nobody reads, and a file cannot mean it.
const LENGTH_MAX: usize = 64 << 20;

/// A list or vector that is being printed.
enum Open {
    /// What is left of a list; whether it is at its first pair.
    List(Value, bool),
    /// The items of a vector, the last one first.
    Vector(Vec<Value>, bool),
}

/// Prints without recursion, since data may be nested deeper than the stack.
struct Printer {
    out: String,
    write: bool,
    open: Vec<Open>,
    /// Where the pairs and vectors that are open are, each with its depth.
    places: HashMap<usize, usize>,
    /// The same in their order, to forget them again.
    order: Vec<Vec<usize>>,
}

impl Printer {
    fn print(value: &Value, write: bool) -> String {
        let mut printer = Self {
            out: String::new(),
            write,
            open: Vec::new(),
            places: HashMap::new(),
            order: Vec::new(),
        };
        printer.value(value);
        while printer.step() {
            if printer.out.len() > LENGTH_MAX {
                printer.out.push('…');
                break;
            }
        }
        printer.out
    }

    /// Prints a value, or begins to.
    fn value(&mut self, value: &Value) {
        match view(value) {
            View::Pair | View::Vector => {
                if let Some(depth) = self.depth_of(value) {
                    self.reference(depth, value);
                    return;
                }
                self.begin(value);
            }
            _ => atom(value, self.write, &mut self.out),
        }
    }

    fn begin(&mut self, value: &Value) {
        self.order.push(Vec::new());
        if let Some(items) = vector_items(value) {
            self.remember(value);
            self.out.push_str("#(");
            let items = items.into_iter().rev().collect();
            self.open.push(Open::Vector(items, true));
        } else {
            self.out.push('(');
            self.open.push(Open::List(value.clone(), true));
        }
    }

    fn remember(&mut self, value: &Value) {
        if let (Some(place), Some(order)) = (address(value), self.order.last_mut()) {
            self.places.insert(place, self.open.len());
            order.push(place);
        }
    }

    fn depth_of(&self, value: &Value) -> Option<usize> {
        self.places.get(&address(value)?).copied()
    }

    /// `#-N#`: what is printed again is N levels further out.
    fn reference(&mut self, depth: usize, value: &Value) {
        let now = self.open.len().saturating_sub(1);
        let last = self.order.last().and_then(|order| order.last());
        let up = if depth == now && last.copied() != address(value) {
            1
        } else {
            now.saturating_sub(depth)
        };
        let written = if up == 0 {
            "#0#".to_owned()
        } else {
            format!("#-{up}#")
        };
        self.out.push_str(&written);
    }

    /// Goes on with the innermost list or vector; `false` when all is done.
    fn step(&mut self) -> bool {
        let next = match self.open.last_mut() {
            None => return false,
            Some(Open::Vector(items, first)) => items.pop().map(|item| {
                let separator = if *first { "" } else { " " };
                *first = false;
                (item, separator, None)
            }),
            Some(Open::List(rest, first)) => {
                let separator = if *first { "" } else { " " };
                *first = false;
                match uncons(rest) {
                    Some((item, next)) => {
                        let pair = std::mem::replace(rest, next);
                        Some((item, separator, Some(pair)))
                    }
                    None => None,
                }
            }
        };
        match next {
            Some((item, separator, pair)) => {
                self.item(&item, separator, pair.as_ref());
            }
            None => self.end(),
        }
        true
    }

    fn item(&mut self, item: &Value, separator: &str, pair: Option<&Value>) {
        if let Some(pair) = pair {
            if let Some(depth) = self.depth_of(pair) {
                self.out.push_str(" . ");
                self.reference(depth, pair);
                self.out.push(')');
                self.close();
                return;
            }
            let depth = self.open.len().saturating_sub(1);
            if let (Some(place), Some(order)) = (address(pair), self.order.last_mut()) {
                self.places.insert(place, depth);
                order.push(place);
            }
        }
        self.out.push_str(separator);
        self.value(item);
    }

    /// The tail of an improper list and the parenthesis.
    fn end(&mut self) {
        if let Some(Open::List(rest, _)) = self.open.last() {
            let rest = rest.clone();
            if !matches!(view(&rest), View::Empty) {
                self.out.push_str(" . ");
                if let (View::Vector, Some(depth)) = (view(&rest), self.depth_of(&rest)) {
                    self.reference(depth, &rest);
                } else if matches!(view(&rest), View::Vector) {
                    // The vector first, then the list's parenthesis.
                    self.begin(&rest);
                    if let Some(at) = self.open.len().checked_sub(2)
                        && let Some(Open::List(rest, _)) = self.open.get_mut(at)
                    {
                        *rest = crate::machines::engine::empty();
                    }
                    return;
                } else {
                    atom(&rest, self.write, &mut self.out);
                }
            }
        }
        self.out.push(')');
        self.close();
    }

    fn close(&mut self) {
        self.open.pop();
        for place in self.order.pop().unwrap_or_default() {
            self.places.remove(&place);
        }
    }
}

/// Prints what holds nothing.
fn atom(value: &Value, write: bool, out: &mut String) {
    match view(value) {
        View::Boolean(true) => out.push_str("#t"),
        View::Boolean(false) => out.push_str("#f"),
        View::Integer(_) | View::Real(_) | View::Number(_) => {
            out.push_str(&written_number(value).unwrap_or_default());
        }
        View::Character(c) if write => out.push_str(&written_character(c)),
        View::Character(c) => out.push(c),
        View::Text(text) if write => out.push_str(&written_text(&text)),
        View::Text(text) => out.push_str(&text),
        View::Symbol(name) if write => out.push_str(&written_symbol(name)),
        View::Symbol(name) => out.push_str(name),
        View::Keyword(name) => {
            out.push_str("#:");
            out.push_str(&written_symbol(name));
        }
        View::Empty => out.push_str("()"),
        View::Bytes => {
            let bytes = bytes(value).unwrap_or_default();
            let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
            out.push_str("#vu8(");
            out.push_str(&bytes.join(" "));
            out.push(')');
        }
        View::Unspecified => out.push_str("#<unspecified>"),
        View::Procedure => out.push_str(&procedure(value)),
        View::Foreign => out.push_str(&foreign(value)),
        View::Pair | View::Vector | View::Other => out.push_str("#<object>"),
    }
}

fn procedure(value: &Value) -> String {
    match super::name_of(value) {
        Some(name) => format!("#<procedure {name}>"),
        None => "#<procedure>".into(),
    }
}

fn foreign(value: &Value) -> String {
    let here = address(value).unwrap_or_default();
    with_foreign(value, |table: &HashTable| {
        format!("#<hash-table {here:x} {}>", table.written())
    })
    .or_else(|| with_foreign(value, Set::written))
    .or_else(|| with_foreign(value, Description::written))
    .or_else(|| super::ports::written(value))
    .or_else(|| super::regexps::written(value))
    .unwrap_or_else(|| offload::written(value))
}
