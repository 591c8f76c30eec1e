//! `quasiquote`: a datum with holes.

use std::rc::Rc;

use super::scope::base_name;
use super::{Expander, Scope, Special, special};
use crate::machines::core::Expr;
use crate::machines::datum::{Datum, Kind};

/// What stands at a place of a template.
enum Hole<'d> {
    /// `,x`
    Value(&'d Datum),
    /// `,@x`
    Splice(&'d Datum),
    /// A quasiquote, or an unquote of an outer one: how the level changes.
    Level(i32),
    /// Nothing special.
    No,
}

impl Expander {
    pub(super) fn quasiquote(&mut self, template: &Datum, scope: &Rc<Scope>) -> Expr {
        self.template(template, 1, scope)
    }

    fn template(&mut self, datum: &Datum, level: i32, scope: &Rc<Scope>) -> Expr {
        if !has_hole(datum, scope) {
            return self.quoted(datum);
        }
        match hole(datum, level, scope) {
            Hole::Value(inner) => return self.expr(inner, scope),
            Hole::Level(change) => {
                let level = level.saturating_add(change);
                let items = datum.list().unwrap_or_default();
                return self.template_items(items, None, datum, level, scope);
            }
            Hole::Splice(_) | Hole::No => {}
        }
        match &datum.kind {
            Kind::List(items) => self.template_items(items, None, datum, level, scope),
            Kind::Dotted(items, tail) => {
                self.template_items(items, Some(tail), datum, level, scope)
            }
            Kind::Vector(items) => {
                let list = self.template_items(items, None, datum, level, scope);
                self.primitive_call("list->vector", vec![list], datum.span)
            }
            _ => self.quoted(datum),
        }
    }

    fn template_items(
        &mut self,
        items: &[Datum],
        tail: Option<&Datum>,
        whole: &Datum,
        level: i32,
        scope: &Rc<Scope>,
    ) -> Expr {
        // `(a . ,b)` reads as `(a unquote b)`.
        let count = items.len();
        let (items, mut expr) = match (items, tail) {
            (_, Some(tail)) => (items, self.template(tail, level, scope)),
            ([front @ .., unquote, hole], None)
                if level == 1 && !front.is_empty() && is_unquote(unquote, scope) =>
            {
                (front, self.expr(hole, scope))
            }
            _ => {
                let nothing = Datum {
                    kind: Kind::List(Vec::new()),
                    span: whole.span,
                };
                (items, self.quoted(&nothing))
            }
        };
        for (number, item) in items.iter().enumerate().rev() {
            expr = if let Hole::Splice(inner) = hole(item, level, scope) {
                let list = self.expr(inner, scope);
                if tail.is_none() && number.saturating_add(1) == count {
                    // Nothing follows: it is the tail itself.
                    expr = list;
                    continue;
                }
                self.primitive_call("append", vec![list, expr], item.span)
            } else {
                let item_expr = self.template(item, level, scope);
                self.primitive_call("cons", vec![item_expr, expr], item.span)
            };
        }
        expr
    }
}

fn hole<'d>(datum: &'d Datum, level: i32, scope: &Scope) -> Hole<'d> {
    let Some([head, inner]) = datum.list() else {
        return Hole::No;
    };
    match special(head, scope) {
        Some(Special::Quasiquote) => Hole::Level(1),
        Some(Special::Unquote) if level > 1 => Hole::Level(-1),
        Some(Special::Unquote) if is_named(head, "unquote") => Hole::Value(inner),
        Some(Special::Unquote) => Hole::Splice(inner),
        _ => Hole::No,
    }
}

fn is_named(datum: &Datum, name: &str) -> bool {
    datum
        .symbol()
        .is_some_and(|symbol| base_name(symbol) == name)
}

fn is_unquote(datum: &Datum, scope: &Scope) -> bool {
    is_named(datum, "unquote") && special(datum, scope) == Some(Special::Unquote)
}

fn has_hole(datum: &Datum, scope: &Scope) -> bool {
    match &datum.kind {
        Kind::Symbol(name) => {
            matches!(base_name(name), "unquote" | "unquote-splicing")
                && special(datum, scope) == Some(Special::Unquote)
        }
        Kind::List(items) | Kind::Vector(items) => items.iter().any(|item| has_hole(item, scope)),
        Kind::Dotted(items, tail) => {
            items.iter().any(|item| has_hole(item, scope)) || has_hole(tail, scope)
        }
        _ => false,
    }
}
