//! Lists, in parentheses and in braces, and what stands before a datum.

use std::rc::Rc;

use super::{Item, Problem, ReadError, Reader};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

impl Reader<'_> {
    /// The rest of a list whose opening parenthesis has been read.
    pub(super) fn list(&mut self, start: usize, open: char) -> Result<Datum, ReadError> {
        self.descend(start)?;
        let open_end = self.at;
        self.watch_open(start);
        let mut items = Vec::new();
        let mut tail = None;
        loop {
            match self.item()? {
                Item::Close(found, span) => {
                    self.closes(start, open, found, span)?;
                    break;
                }
                Item::End => return Err(self.unclosed(open, start, open_end)),
                Item::Dot(span) => {
                    if tail.is_some() {
                        return Err(ReadError::new(Problem::BadDot, span));
                    }
                    match self.item()? {
                        Item::Datum(datum) => tail = Some(datum),
                        Item::End => return Err(self.unclosed(open, start, open_end)),
                        _ => return Err(ReadError::new(Problem::BadDot, span)),
                    }
                }
                Item::Datum(datum) if tail.is_some() => {
                    return Err(ReadError::new(Problem::BadDot, datum.span));
                }
                Item::Datum(datum) => items.push(datum),
            }
        }
        self.watch_close();
        self.ascend();
        Ok(Datum {
            kind: with_tail(items, tail),
            span: self.span(start),
        })
    }

    /// An error if this is not what closes the list.
    fn closes(&self, start: usize, open: char, found: char, span: Span) -> Result<(), ReadError> {
        let expected = closing(open);
        if expected == found {
            return Ok(());
        }
        let problem = Problem::Mismatched {
            opened: open,
            found,
        };
        let line = self.line(start);
        let mut error = ReadError::new(problem, span);
        error.help = Some(if line == self.line(span.start as usize) {
            format!("write `{expected}`")
        } else {
            format!("write `{expected}`: the `{open}` is in line {line}")
        });
        Err(error)
    }

    fn unclosed(&self, open: char, start: usize, open_end: usize) -> ReadError {
        let length = open_end.saturating_sub(start);
        self.opened(Problem::Unclosed(open), start, length)
    }

    /// `'x` and its kin: a list of two.
    pub(super) fn prefixed(
        &mut self,
        start: usize,
        mark: &'static str,
        name: &'static str,
    ) -> Result<Item, ReadError> {
        self.skip(mark.len());
        let mark_span = self.span(start);
        self.descend(start)?;
        let datum = self.following(mark, mark_span)?;
        self.ascend();
        let head = Datum {
            kind: Kind::Symbol(Rc::from(name)),
            span: mark_span,
        };
        Ok(self.datum(start, Kind::List(vec![head, datum])))
    }

    /// The datum that must follow a mark.
    pub(super) fn following(&mut self, mark: &'static str, span: Span) -> Result<Datum, ReadError> {
        match self.item()? {
            Item::Datum(datum) => Ok(datum),
            // Only in a list a dot is more than a symbol.
            Item::Dot(span) => Ok(symbol(".", span)),
            Item::Close(..) | Item::End => Err(ReadError::new(Problem::NothingAfter(mark), span)),
        }
    }

    /// `{a + b}`, whose brace has been read: `(+ a b)` (SRFI-105).
    pub(super) fn curly(&mut self, start: usize) -> Result<Datum, ReadError> {
        self.descend(start)?;
        let open_end = self.at;
        let outside = std::mem::replace(&mut self.neoteric, true);
        self.watch_open(start);
        let mut items = Vec::new();
        loop {
            match self.item()? {
                Item::Close(found, span) => {
                    self.closes(start, '{', found, span)?;
                    break;
                }
                Item::End => return Err(self.unclosed('{', start, open_end)),
                // Here a dot is an item like any other.
                Item::Dot(span) => items.push(symbol(".", span)),
                Item::Datum(datum) => items.push(datum),
            }
        }
        self.watch_close();
        self.neoteric = outside;
        self.ascend();
        let span = self.span(start);
        Ok(infix(items, span))
    }

    /// What may follow a datum in braces without a space: `f(x)`, `f[i]`,
    /// `f{a + b}`.
    pub(super) fn applied(&mut self, mut datum: Datum) -> Result<Datum, ReadError> {
        let start = datum.span.start as usize;
        let mut levels = 0_u32;
        while let Some(open @ ('(' | '[' | '{')) = self.peek() {
            self.descend(start)?;
            levels = levels.saturating_add(1);
            let at = self.at;
            self.advance(open);
            let rest = if open == '{' {
                self.curly(at)?
            } else {
                self.list(at, open)?
            };
            datum = Datum {
                kind: application(datum, open, rest),
                span: self.span(start),
            };
        }
        for _ in 0..levels {
            self.ascend();
        }
        Ok(datum)
    }
}

fn application(operator: Datum, open: char, rest: Datum) -> Kind {
    let span = operator.span;
    let mut items = vec![operator];
    if open == '[' {
        items.insert(0, symbol("$bracket-apply$", span));
    }
    if open == '{' {
        if rest.list() != Some(&[]) {
            items.push(rest);
        }
        return Kind::List(items);
    }
    with_tail(items, Some(rest))
}

/// What the items of a pair of braces mean.
fn infix(mut items: Vec<Datum>, span: Span) -> Datum {
    if items.len() == 1
        && let Some(only) = items.pop()
    {
        return only;
    }
    if items.len() < 3 {
        return Datum {
            kind: Kind::List(items),
            span,
        };
    }
    let operator = items.get(1).map(Datum::written);
    let one_operator = !items.len().is_multiple_of(2)
        && items
            .iter()
            .skip(1)
            .step_by(2)
            .all(|item| Some(item.written()) == operator && !item.is_symbol("."));
    let mut list = Vec::with_capacity(items.len());
    if one_operator {
        let (operators, operands): (Vec<_>, Vec<_>) = items
            .into_iter()
            .enumerate()
            .partition(|(index, _)| !index.is_multiple_of(2));
        list.extend(operators.into_iter().map(|(_, item)| item).take(1));
        list.extend(operands.into_iter().map(|(_, item)| item));
    } else {
        list.push(symbol("$nfx$", span));
        list.append(&mut items);
    }
    Datum {
        kind: Kind::List(list),
        span,
    }
}

pub(super) fn symbol(name: &str, span: Span) -> Datum {
    Datum {
        kind: Kind::Symbol(name.into()),
        span,
    }
}

fn closing(open: char) -> char {
    match open {
        '[' => ']',
        '{' => '}',
        _ => ')',
    }
}

/// A list, dotted if the tail is no list itself.
fn with_tail(mut items: Vec<Datum>, tail: Option<Datum>) -> Kind {
    match tail {
        None => Kind::List(items),
        // `(. a)` is `a` (measured, Guile 3.0.11).
        Some(tail) if items.is_empty() => tail.kind,
        Some(Datum {
            kind: Kind::List(more),
            ..
        }) => {
            items.extend(more);
            Kind::List(items)
        }
        Some(Datum {
            kind: Kind::Dotted(more, end),
            ..
        }) => {
            items.extend(more);
            Kind::Dotted(items, end)
        }
        Some(tail) => Kind::Dotted(items, Box::new(tail)),
    }
}
