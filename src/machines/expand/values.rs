//! Several values at once, and `while`.

use std::rc::Rc;

use super::forms::{let_expr, looping};
use super::{Binding, Expanded, Expander, Scope, call, choice, local_value, malformed, sequence};
use crate::machines::core::{Expr, ExprKind};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// The names of `(a b . c)`.
fn formals(datum: &Datum) -> (&[Datum], Option<&Datum>) {
    match &datum.kind {
        Kind::List(items) => (items, None),
        Kind::Dotted(items, tail) => (items, Some(tail)),
        _ => (&[], Some(datum)),
    }
}

impl Expander {
    /// `(let-values ((FORMALS EXPRESSION) …) BODY …)`
    pub(super) fn form_let_values(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
        one_by_one: bool,
    ) -> Expanded<Expr> {
        let span = datum.span;
        let bad = |span| malformed(span, "bindings must be ((NAME …) EXPRESSION)");
        let [bindings, body @ ..] = rest else {
            return Err(bad(span));
        };
        let mut inner = Scope::inside(scope);
        let mut receivers = Vec::new();
        for binding in bindings.list().ok_or_else(|| bad(bindings.span))? {
            let Some([names, expression]) = binding.list() else {
                return Err(bad(binding.span));
            };
            let seen = if one_by_one { &inner } else { scope };
            let expression = self.expr(expression, seen);
            if one_by_one {
                inner = Scope::inside(&inner);
            }
            let (items, tail) = formals(names);
            let mut locals = Vec::new();
            for item in items {
                locals.push(self.bind_fresh(item, &inner)?);
            }
            let tail = tail.map(|tail| self.bind_fresh(tail, &inner)).transpose()?;
            receivers.push((expression, locals, tail));
        }
        let mut expr = self.body(body, span, &inner)?;
        for (expression, locals, tail) in receivers.into_iter().rev() {
            expr = self.received(expression, locals, tail, expr, span);
        }
        Ok(expr)
    }

    /// `(receive FORMALS EXPRESSION BODY …)`
    pub(super) fn form_receive(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let [names, expression, body @ ..] = rest else {
            return Err(malformed(
                datum.span,
                "`receive` takes names, an expression and a body",
            ));
        };
        let expression = self.expr(expression, scope);
        let lambda = self.lambda(names, body, datum.span, scope)?;
        Ok(match lambda.kind {
            ExprKind::Lambda(locals, tail, body) => {
                self.received(expression, locals, tail, *body, datum.span)
            }
            _ => expression,
        })
    }

    /// A body with names for the values of an expression.
    fn received(
        &mut self,
        expression: Expr,
        locals: Vec<u32>,
        tail: Option<u32>,
        body: Expr,
        span: Span,
    ) -> Expr {
        if let ([local], None) = (locals.as_slice(), tail)
            && matches!(expression.kind, ExprKind::Constant(_) | ExprKind::Local(..))
        {
            return let_expr(vec![(*local, expression)], body, span);
        }
        let producer = Expr {
            span: expression.span,
            kind: ExprKind::Lambda(Vec::new(), None, Box::new(expression)),
        };
        let receiver = Expr {
            kind: ExprKind::Lambda(locals, tail, Box::new(body)),
            span,
        };
        self.library_call("call-with-values", vec![producer, receiver], span)
    }

    /// `(define-values FORMALS EXPRESSION)`, whose names are declared already.
    pub(super) fn values_definition(&mut self, datum: &Datum, scope: &Rc<Scope>) -> Expr {
        let span = datum.span;
        let Some([_, names, expression]) = datum.list() else {
            return self.nothing(span);
        };
        let expression = self.expr(expression, scope);
        let (items, tail) = formals(names);
        let mut sets = Vec::new();
        let mut received = Vec::new();
        for name in items.iter().chain(tail) {
            let local = self.program.local();
            received.push(local);
            sets.extend(self.assignment(name, local_value(local, span), scope));
        }
        let tail = tail.and_then(|_| received.pop());
        sets.push(self.nothing(span));
        self.received(expression, received, tail, sequence(sets, span), span)
    }

    /// Gives a declared name its value.
    fn assignment(&mut self, name: &Datum, value: Expr, scope: &Rc<Scope>) -> Option<Expr> {
        let kind = match scope.lookup(name.symbol()?) {
            Some(Binding::Local(local)) => {
                self.settle(local);
                ExprKind::SetLocal(local, Box::new(value))
            }
            Some(Binding::Global(global)) => {
                if let Some(global) = self.program.global_mut(global) {
                    global.pending = false;
                }
                ExprKind::SetGlobal(global, Box::new(value))
            }
            _ => return None,
        };
        let span = name.span;
        Some(Expr { kind, span })
    }

    /// `(while TEST BODY …)`, with `break` and `continue` in it.
    pub(super) fn form_while(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let span = datum.span;
        let [test, body @ ..] = rest else {
            return Err(malformed(span, "`while` takes a test and a body"));
        };
        let head = datum
            .list()
            .and_then(<[Datum]>::first)
            .and_then(Datum::symbol)
            .map_or("", |name| name);
        let inner = Scope::inside(scope);
        let (leave, next) = (self.program.local(), self.program.local());
        for (name, local) in [("break", leave), ("continue", next)] {
            let name = scope.aliases().like(head, &name.into());
            inner.bind(&name, Binding::Local(local));
        }
        let test = self.expr(test, &inner);
        let mut parts: Vec<Expr> = body.iter().map(|form| self.expr(form, &inner)).collect();
        if self.is_referenced(next) {
            let once = lambda_of(next, sequence(parts, span), span);
            parts = vec![self.library_call("%call-with-continue", vec![once], span)];
        }
        let looped = self.recursive_local();
        self.settle(looped);
        parts.push(call(local_value(looped, span), Vec::new(), span));
        let end = self.boolean(false, span);
        let body = choice(test, sequence(parts, span), end, span);
        let expr = looping(looped, Vec::new(), Vec::new(), body, span);
        Ok(if self.is_referenced(leave) {
            let whole = lambda_of(leave, expr, span);
            self.library_call("%call-with-break", vec![whole], span)
        } else {
            expr
        })
    }
}

fn lambda_of(parameter: u32, body: Expr, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Lambda(vec![parameter], None, Box::new(body)),
        span,
    }
}
