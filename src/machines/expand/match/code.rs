//! Patterns as core expressions, where Rust cannot match them.

use std::rc::Rc;

use super::super::forms::{let_expr, looping};
use super::super::{Binding, Expanded, Expander, Scope, call, choice, local_value, refused};
use super::parse::{Each, Pat};
use crate::machines::core::{Expr, ExprKind};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::source::Span;

/// What is matched, and what happens if it does not.
#[derive(Clone, Copy)]
pub struct At {
    /// The variable with the value.
    pub value: u32,
    /// Where the value is kept.
    pub place: Place,
    /// The procedure to call if it does not match.
    pub failure: u32,
    /// The clause.
    pub span: Span,
}

/// Where a value is kept, for `get!` and `set!`.
#[derive(Clone, Copy)]
pub enum Place {
    /// In the variable.
    Value,
    /// In the first half of the pair that this variable is.
    Car(u32),
    /// In the second half.
    Cdr(u32),
}

/// What follows once a pattern has matched.
pub type Then<'t> = Box<dyn FnOnce(&mut Expander, &Rc<Scope>) -> Expanded<Expr> + 't>;

impl Expander {
    pub(super) fn code(
        &mut self,
        at: &At,
        pattern: &Pat<'_>,
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        let span = at.span;
        match pattern {
            Pat::And(all) => self.code_all(at, all, scope, then),
            Pat::Or(any, names, _) => self.code_or(at, any, names, scope, then),
            Pat::Not(pattern) => self.code_not(at, pattern, scope, then),
            Pat::Test(procedure) => {
                let asked = self.called(procedure.datum, at, scope);
                Ok(Self::test(asked, then(self, scope)?, at))
            }
            Pat::Apply(procedure, pattern) => {
                let made = self.called(procedure.datum, at, scope);
                let local = self.program.local();
                let at = At {
                    value: local,
                    place: Place::Value,
                    ..*at
                };
                let code = self.code(&at, pattern, scope, then)?;
                Ok(let_expr(vec![(local, made)], code, span))
            }
            Pat::List(items, rest) => self.code_list(at, items, rest, scope, then),
            Pat::Each(each) if !pattern.is_rust() => self.code_each(at, each, scope, then),
            Pat::Vector(items, None) if !pattern.is_rust() => {
                let list =
                    self.primitive_call("%match-vector", vec![local_value(at.value, span)], span);
                self.code_items(at, list, items, &Pat::Empty(span), scope, then)
            }
            Pat::Record(of, fields) if !pattern.is_rust() => {
                let of = self.expr(of, scope);
                let count = self.number(fields.len(), span);
                let arguments = vec![local_value(at.value, span), of, count];
                let list = self.primitive_call("%match-record", arguments, span);
                self.code_items(at, list, fields, &Pat::Empty(span), scope, then)
            }
            Pat::Getter(name) => self.code_getter(at, name, scope, then),
            Pat::Setter(name) => self.code_setter(at, name, scope, then),
            Pat::Search(_) | Pat::Vector(..) if !pattern.is_rust() => Err(refused(
                Diagnostic::error(
                    "unsupported",
                    "such a pattern with procedures of the file is known to Guile but not supported here",
                ),
                span,
            )),
            _ => {
                let failed = Self::mismatch(at.failure, span);
                self.rust_match(at.value, pattern, span, scope, failed, then)
            }
        }
    }

    /// A call of a procedure of the pattern with the value.
    fn called(
        &mut self,
        procedure: &crate::machines::datum::Datum,
        at: &At,
        scope: &Rc<Scope>,
    ) -> Expr {
        let operator = self.expr(procedure, scope);
        self.applied(
            operator,
            vec![local_value(at.value, at.span)],
            procedure.span,
        )
    }

    fn code_all(
        &mut self,
        at: &At,
        patterns: &[Pat<'_>],
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        match patterns.split_first() {
            None => then(self, scope),
            Some((pattern, others)) => self.code(
                at,
                pattern,
                scope,
                Box::new(move |this, scope| this.code_all(at, others, scope, then)),
            ),
        }
    }

    /// What follows is a procedure of the variables, which the first pattern
    /// that matches calls.
    fn code_or(
        &mut self,
        at: &At,
        patterns: &[Pat<'_>],
        names: &[Rc<str>],
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        let span = at.span;
        let inner = Scope::inside(scope);
        let mut parameters = Vec::new();
        for name in names {
            let local = self.program.local();
            inner.bind(name, Binding::Local(local));
            parameters.push(local);
        }
        let body = Box::new(then(self, &inner)?);
        let then = self.program.local();
        let mut code = Self::mismatch(at.failure, span);
        for pattern in patterns.iter().rev() {
            let failure = self.program.local();
            let at = At { failure, ..*at };
            let matched = self.code(
                &at,
                pattern,
                scope,
                Box::new(move |this, scope| {
                    let mut values = Vec::new();
                    for name in names {
                        values.push(this.variable(name, span, scope)?);
                    }
                    Ok(call(local_value(then, span), values, span))
                }),
            )?;
            code = let_expr(vec![(failure, thunk(code, span))], matched, span);
        }
        let procedure = Expr {
            kind: ExprKind::Lambda(parameters, None, body),
            span,
        };
        Ok(let_expr(vec![(then, procedure)], code, span))
    }

    fn code_not(
        &mut self,
        at: &At,
        pattern: &Pat<'_>,
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        let span = at.span;
        let body = then(self, scope)?;
        let (failure, outer) = (self.program.local(), at.failure);
        let at = At { failure, ..*at };
        let matched = self.code(
            &at,
            pattern,
            scope,
            Box::new(move |_, _| Ok(Self::mismatch(outer, span))),
        )?;
        Ok(let_expr(vec![(failure, thunk(body, span))], matched, span))
    }

    fn code_list(
        &mut self,
        at: &At,
        items: &[Pat<'_>],
        rest: &Pat<'_>,
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        let span = at.span;
        let Some((item, others)) = items.split_first() else {
            return self.code(at, rest, scope, then);
        };
        let (first, second) = (self.program.local(), self.program.local());
        let value = local_value(at.value, span);
        let car = self.primitive_call("car", vec![value.clone()], span);
        let cdr = self.primitive_call("cdr", vec![value.clone()], span);
        let inner = At {
            value: first,
            place: Place::Car(at.value),
            ..*at
        };
        let outer = At {
            value: second,
            place: Place::Cdr(at.value),
            ..*at
        };
        let code = self.code(
            &inner,
            item,
            scope,
            Box::new(move |this, scope| this.code_list(&outer, others, rest, scope, then)),
        )?;
        let test = self.primitive_call("pair?", vec![value], span);
        let code = let_expr(vec![(first, car), (second, cdr)], code, span);
        Ok(Self::test(test, code, at))
    }

    /// Items that a procedure in Rust takes out of something, or #f.
    fn code_items(
        &mut self,
        at: &At,
        list: Expr,
        items: &[Pat<'_>],
        rest: &Pat<'_>,
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        let local = self.program.local();
        let inner = At {
            value: local,
            place: Place::Value,
            ..*at
        };
        let code = self.code_list(&inner, items, rest, scope, then)?;
        let test = Self::test(local_value(local, at.span), code, at);
        Ok(let_expr(vec![(local, list)], test, at.span))
    }

    /// A loop over the items; it collects the values of each variable.
    fn code_each(
        &mut self,
        at: &At,
        each: &Each<'_>,
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        let span = at.span;
        let (parts, items, rest) = (
            self.program.local(),
            self.program.local(),
            self.program.local(),
        );
        let looped = self.recursive_local();
        self.settle(looped);
        let list = self.program.local();
        let found: Vec<u32> = each.names.iter().map(|_| self.program.local()).collect();

        // At the end: the variables get their lists.
        let inner = Scope::inside(scope);
        let mut bindings = Vec::new();
        for (name, found) in each.names.iter().zip(&found) {
            let local = self.program.local();
            inner.bind(name, Binding::Local(local));
            let reversed = self.primitive_call("reverse", vec![local_value(*found, span)], span);
            bindings.push((local, reversed));
        }
        let after = At {
            value: rest,
            place: Place::Value,
            ..*at
        };
        let end = self.code(&after, &each.rest, &inner, then)?;
        let end = let_expr(bindings, end, span);

        // Before: one item more.
        let item = self.program.local();
        let here = At {
            value: item,
            place: Place::Car(list),
            ..*at
        };
        let again = self.code(
            &here,
            &each.item,
            scope,
            Box::new(|this, scope| {
                let next = this.primitive_call("cdr", vec![local_value(list, span)], span);
                let mut arguments = vec![next];
                for (name, found) in each.names.iter().zip(&found) {
                    let value = this.variable(name, span, scope)?;
                    let pair = vec![value, local_value(*found, span)];
                    arguments.push(this.primitive_call("cons", pair, span));
                }
                Ok(call(local_value(looped, span), arguments, span))
            }),
        )?;
        let car = self.primitive_call("car", vec![local_value(list, span)], span);
        let again = let_expr(vec![(item, car)], again, span);
        let more = self.primitive_call("pair?", vec![local_value(list, span)], span);
        let body = choice(more, again, end, span);

        let none = self.primitive_call("list", Vec::new(), span);
        let mut values = vec![local_value(items, span)];
        values.extend(found.iter().map(|_| none.clone()));
        let mut locals = vec![list];
        locals.extend(&found);
        let mut code = looping(looped, locals, values, body, span);
        if each.least {
            let some = self.primitive_call("pair?", vec![local_value(items, span)], span);
            code = Self::test(some, code, at);
        }
        let halves = vec![
            (
                items,
                self.primitive_call("car", vec![local_value(parts, span)], span),
            ),
            (
                rest,
                self.primitive_call("cdr", vec![local_value(parts, span)], span),
            ),
        ];
        let code = let_expr(halves, code, span);
        let count = self.number(each.after, span);
        let split = self.primitive_call(
            "%match-split",
            vec![local_value(at.value, span), count],
            span,
        );
        let test = Self::test(local_value(parts, span), code, at);
        Ok(let_expr(vec![(parts, split)], test, span))
    }

    fn code_getter(
        &mut self,
        at: &At,
        name: &Rc<str>,
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        let span = at.span;
        let value = match at.place {
            Place::Value => local_value(at.value, span),
            Place::Car(pair) => self.primitive_call("car", vec![local_value(pair, span)], span),
            Place::Cdr(pair) => self.primitive_call("cdr", vec![local_value(pair, span)], span),
        };
        self.bound(name, thunk(value, span), span, scope, then)
    }

    fn code_setter(
        &mut self,
        at: &At,
        name: &Rc<str>,
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        let span = at.span;
        let parameter = self.program.local();
        let new = local_value(parameter, span);
        let body = match at.place {
            Place::Value => {
                self.program.assign(at.value);
                Expr {
                    kind: ExprKind::SetLocal(at.value, Box::new(new)),
                    span,
                }
            }
            Place::Car(pair) => {
                self.primitive_call("set-car!", vec![local_value(pair, span), new], span)
            }
            Place::Cdr(pair) => {
                self.primitive_call("set-cdr!", vec![local_value(pair, span), new], span)
            }
        };
        let setter = Expr {
            kind: ExprKind::Lambda(vec![parameter], None, Box::new(body)),
            span,
        };
        self.bound(name, setter, span, scope, then)
    }

    /// Binds a name for what follows.
    fn bound(
        &mut self,
        name: &Rc<str>,
        value: Expr,
        span: Span,
        scope: &Rc<Scope>,
        then: Then<'_>,
    ) -> Expanded<Expr> {
        let inner = Scope::inside(scope);
        let local = self.program.local();
        inner.bind(name, Binding::Local(local));
        let body = then(self, &inner)?;
        Ok(let_expr(vec![(local, value)], body, span))
    }
}

/// A procedure without parameters.
pub(super) fn thunk(body: Expr, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Lambda(Vec::new(), None, Box::new(body)),
        span,
    }
}
