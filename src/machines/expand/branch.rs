//! Choices: `cond`, `case`, `and`, `or`, `when`, `unless`.

use std::rc::Rc;

use super::forms::let_expr;
use super::{Expanded, Expander, Scope, call, choice, is_word, local_value, malformed, sequence};
use crate::machines::core::{Constant, Expr, ExprKind};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

impl Expander {
    pub(super) fn form_and(&mut self, datum: &Datum, rest: &[Datum], scope: &Rc<Scope>) -> Expr {
        let Some((last, tests)) = rest.split_last() else {
            return self.boolean(true, datum.span);
        };
        let tests: Vec<Expr> = tests.iter().map(|test| self.expr(test, scope)).collect();
        let mut expr = self.expr(last, scope);
        for test in tests.into_iter().rev() {
            let no = self.boolean(false, datum.span);
            expr = choice(test, expr, no, datum.span);
        }
        expr
    }

    pub(super) fn form_or(&mut self, datum: &Datum, rest: &[Datum], scope: &Rc<Scope>) -> Expr {
        let Some((last, tests)) = rest.split_last() else {
            return self.boolean(false, datum.span);
        };
        let tests: Vec<Expr> = tests.iter().map(|test| self.expr(test, scope)).collect();
        let mut expr = self.expr(last, scope);
        for test in tests.into_iter().rev() {
            expr = self.either(test, expr, datum.span);
        }
        expr
    }

    /// The first value unless it is false.
    fn either(&mut self, first: Expr, second: Expr, span: Span) -> Expr {
        let local = self.program.local();
        let test = local_value(local, span);
        let value = local_value(local, span);
        let_expr(
            vec![(local, first)],
            choice(test, value, second, span),
            span,
        )
    }

    pub(super) fn form_when(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
        wanted: bool,
    ) -> Expanded<Expr> {
        let [test, body @ ..] = rest else {
            return Err(malformed(datum.span, "a test and a body are needed"));
        };
        if body.is_empty() {
            return Err(malformed(datum.span, "a body is needed after the test"));
        }
        let test = self.expr(test, scope);
        let body = self.clause_body(body, datum.span, scope);
        let nothing = self.nothing(datum.span);
        Ok(if wanted {
            choice(test, body, nothing, datum.span)
        } else {
            choice(test, nothing, body, datum.span)
        })
    }

    pub(super) fn form_cond(
        &mut self,
        datum: &Datum,
        clauses: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        if clauses.is_empty() {
            return Err(malformed(datum.span, "`cond` needs a clause"));
        }
        let mut expr = self.nothing(datum.span);
        // From the last to the first, so that each knows what comes else; the
        // findings of a wrong file come in that order too.
        for (number, clause) in clauses.iter().enumerate().rev() {
            let Some([test, body @ ..]) = clause.list() else {
                return Err(malformed(
                    clause.span,
                    "a clause of `cond` must be (test value …)",
                ));
            };
            let span = clause.span;
            if is_word(test, "else", scope) {
                if number.saturating_add(1) != clauses.len() || body.is_empty() {
                    return Err(malformed(
                        span,
                        "`else` must be the last clause, with a value",
                    ));
                }
                expr = self.clause_body(body, span, scope);
                continue;
            }
            expr = match body {
                [] => {
                    let test = self.expr(test, scope);
                    self.either(test, expr, span)
                }
                [arrow, receiver] if is_word(arrow, "=>", scope) => {
                    let local = self.program.local();
                    let value = self.expr(test, scope);
                    let receiver = self.expr(receiver, scope);
                    let received = call(receiver, vec![local_value(local, span)], span);
                    let test = local_value(local, span);
                    let_expr(
                        vec![(local, value)],
                        choice(test, received, expr, span),
                        span,
                    )
                }
                [guard, arrow, receiver] if is_word(arrow, "=>", scope) => {
                    self.guarded([test, guard, receiver], expr, span, scope)
                }
                body => {
                    let test = self.expr(test, scope);
                    let body = self.clause_body(body, span, scope);
                    choice(test, body, expr, span)
                }
            };
        }
        Ok(expr)
    }

    /// `(generator guard => receiver)` of SRFI-61: both take all values.
    fn guarded(
        &mut self,
        parts: [&Datum; 3],
        otherwise: Expr,
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expr {
        let [generator, guard, receiver] = parts.map(|part| self.expr(part, scope));
        let values = self.program.local();
        let mut applied = |operator: Expr| {
            let arguments = vec![operator, local_value(values, span)];
            self.library_call("apply", arguments, span)
        };
        let test = applied(guard);
        let then = applied(receiver);
        let producer = Expr {
            span: generator.span,
            kind: ExprKind::Lambda(Vec::new(), None, Box::new(generator)),
        };
        let body = choice(test, then, otherwise, span);
        let taker = Expr {
            kind: ExprKind::Lambda(Vec::new(), Some(values), Box::new(body)),
            span,
        };
        self.library_call("call-with-values", vec![producer, taker], span)
    }

    pub(super) fn form_case(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let [key, clauses @ ..] = rest else {
            return Err(malformed(datum.span, "`case` needs a key and clauses"));
        };
        if clauses.is_empty() {
            return Err(malformed(datum.span, "`case` needs a clause"));
        }
        let key = self.expr(key, scope);
        let local = self.program.local();
        let mut expr = self.nothing(datum.span);
        for (number, clause) in clauses.iter().enumerate().rev() {
            let Some([data, body @ ..]) = clause.list() else {
                return Err(malformed(
                    clause.span,
                    "a clause of `case` must be ((datum …) value …)",
                ));
            };
            let span = clause.span;
            let value = match body {
                [arrow, receiver] if is_word(arrow, "=>", scope) => {
                    let receiver = self.expr(receiver, scope);
                    call(receiver, vec![local_value(local, span)], span)
                }
                [] => return Err(malformed(span, "a clause of `case` needs a value")),
                body => self.clause_body(body, span, scope),
            };
            expr = if is_word(data, "else", scope) {
                if number.saturating_add(1) != clauses.len() {
                    return Err(malformed(span, "`else` must be the last clause"));
                }
                value
            } else if data.list().is_some() {
                let arguments = vec![local_value(local, span), self.quoted(data)];
                let test = self.primitive_call("memv", arguments, span);
                choice(test, value, expr, span)
            } else {
                return Err(malformed(data.span, "`case` compares with a list of data"));
            };
        }
        Ok(let_expr(vec![(local, key)], expr, datum.span))
    }

    /// The body of a clause, which may have definitions of its own.
    fn clause_body(&mut self, forms: &[Datum], span: Span, scope: &Rc<Scope>) -> Expr {
        if let [only] = forms
            && only.list().is_none()
        {
            return self.expr(only, scope);
        }
        match self.body(forms, span, scope) {
            Ok(expr) => expr,
            Err(malformed) => {
                self.find(malformed);
                self.nothing(span)
            }
        }
    }

    pub(super) fn expressions(&mut self, forms: &[Datum], span: Span, scope: &Rc<Scope>) -> Expr {
        let parts = forms.iter().map(|form| self.expr(form, scope)).collect();
        sequence(parts, span)
    }

    pub(super) fn boolean(&mut self, value: bool, span: Span) -> Expr {
        let number = self.program.constant(Constant::Datum(Datum {
            kind: Kind::Boolean(value),
            span,
        }));
        Expr {
            kind: ExprKind::Constant(number),
            span,
        }
    }
}
