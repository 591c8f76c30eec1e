//! `match` and its kin, of (ice-9 match).
//!
//! A pattern is parsed, then matched in one of two ways: one that asks only
//! what Rust can answer becomes a `Matcher`; one that calls procedures of
//! the file, or gives access to places, becomes core expressions.

mod code;
mod parse;
mod rust;

use std::rc::Rc;

use super::forms::let_expr;
use super::{Binding, Expanded, Expander, Scope, call, choice, local_value, malformed};
use crate::machines::core::{Expr, ExprKind};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// One of the forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `match`
    Match,
    /// `match-lambda`
    Lambda,
    /// `match-lambda*`
    LambdaStar,
    /// `match-let`, also with a name
    Let,
    /// `match-let*`
    LetStar,
    /// `match-letrec`
    Letrec,
}

/// A clause: the pattern, the name of its failure, the body.
struct Clause<'d> {
    pattern: &'d Datum,
    failure: Option<&'d Rc<str>>,
    body: &'d [Datum],
    span: Span,
}

impl Expander {
    pub(super) fn form_match(
        &mut self,
        form: Form,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let span = datum.span;
        match (form, rest) {
            (Form::Match, [value, clauses @ ..]) if !clauses.is_empty() => {
                let value = self.expr(value, scope);
                let local = self.program.local();
                let body = self.clauses(local, clauses, span, scope)?;
                Ok(let_expr(vec![(local, value)], body, span))
            }
            (Form::Lambda | Form::LambdaStar, clauses) => {
                let local = self.program.local();
                let body = Box::new(self.clauses(local, clauses, span, scope)?);
                let (parameters, rest) = match form {
                    Form::Lambda => (vec![local], None),
                    _ => (Vec::new(), Some(local)),
                };
                Ok(Expr {
                    kind: ExprKind::Lambda(parameters, rest, body),
                    span,
                })
            }
            (Form::Let, [name, bindings, body @ ..]) if name.symbol().is_some() => {
                self.match_loop(datum, name, bindings, body, scope)
            }
            (Form::Let | Form::LetStar | Form::Letrec, [bindings, body @ ..]) => {
                let bindings = pairs(bindings)?;
                match form {
                    Form::Let => self.match_let(&bindings, body, span, scope),
                    Form::LetStar => self.match_let_star(&bindings, body, span, scope),
                    _ => self.match_letrec(datum, &bindings, body, scope),
                }
            }
            _ => Err(malformed(span, "`match` needs a value and clauses")),
        }
    }

    /// The clauses in turn, from the last to the first so that each knows
    /// what comes else.
    fn clauses(
        &mut self,
        value: u32,
        clauses: &[Datum],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let clauses = clauses.iter().map(clause).collect::<Expanded<Vec<_>>>()?;
        let value_of = local_value(value, span);
        let mut expr = self.primitive_call("%match-error", vec![value_of], span);
        for clause in clauses.iter().rev() {
            expr = self.clause(value, clause, expr, scope)?;
        }
        Ok(expr)
    }

    fn clause(
        &mut self,
        value: u32,
        clause: &Clause<'_>,
        otherwise: Expr,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let span = clause.span;
        let pattern = parse::parse(clause.pattern, scope)?;
        if let (None, true) = (clause.failure, pattern.is_rust()) {
            return self.rust_match(value, &pattern, span, scope, otherwise, |this, scope| {
                this.body(clause.body, span, scope)
            });
        }
        // What comes else is a procedure, because several places call it.
        let failure = self.program.local();
        let scope = match clause.failure {
            None => Rc::clone(scope),
            Some(name) => {
                let inner = Scope::inside(scope);
                inner.bind(name, Binding::Local(failure));
                inner
            }
        };
        let body = clause.body;
        let at = code::At {
            value,
            place: code::Place::Value,
            failure,
            span,
        };
        self.matched_or(&at, &pattern, &scope, otherwise, |this, scope| {
            this.body(body, span, scope)
        })
    }

    /// Code for a pattern, with what comes else as the procedure that it calls
    /// for that.
    fn matched_or(
        &mut self,
        at: &code::At,
        pattern: &parse::Pat<'_>,
        scope: &Rc<Scope>,
        otherwise: Expr,
        body: impl FnOnce(&mut Expander, &Rc<Scope>) -> Expanded<Expr>,
    ) -> Expanded<Expr> {
        let matched = self.code(at, pattern, scope, Box::new(body))?;
        let otherwise = code::thunk(otherwise, at.span);
        Ok(let_expr(vec![(at.failure, otherwise)], matched, at.span))
    }

    /// `(match-let ((PATTERN VALUE) …) BODY …)`
    fn match_let(
        &mut self,
        bindings: &[(&Datum, &Datum)],
        body: &[Datum],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let mut values = Vec::new();
        let mut patterns = Vec::new();
        for (pattern, value) in bindings {
            let value = self.expr(value, scope);
            let local = self.program.local();
            values.push((local, value));
            patterns.push((local, *pattern));
        }
        let body = self.match_all(&patterns, body, span, scope)?;
        Ok(let_expr(values, body, span))
    }

    /// Values that match patterns one after the other, then a body.
    fn match_all(
        &mut self,
        patterns: &[(u32, &Datum)],
        body: &[Datum],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let Some(((value, pattern), others)) = patterns.split_first() else {
            return self.body(body, span, scope);
        };
        self.single(*value, pattern, scope, |this, scope| {
            this.match_all(others, body, span, scope)
        })
    }

    /// A pattern that must match, and what its variables are for.
    fn single(
        &mut self,
        value: u32,
        pattern: &Datum,
        scope: &Rc<Scope>,
        body: impl FnOnce(&mut Expander, &Rc<Scope>) -> Expanded<Expr>,
    ) -> Expanded<Expr> {
        let span = pattern.span;
        let parsed = parse::parse(pattern, scope)?;
        let otherwise = self.primitive_call("%match-error", vec![local_value(value, span)], span);
        if parsed.is_rust() {
            return self.rust_match(value, &parsed, span, scope, otherwise, body);
        }
        let failure = self.program.local();
        let at = code::At {
            value,
            place: code::Place::Value,
            failure,
            span,
        };
        self.matched_or(&at, &parsed, scope, otherwise, body)
    }

    fn match_let_star(
        &mut self,
        bindings: &[(&Datum, &Datum)],
        body: &[Datum],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let Some(((pattern, value), others)) = bindings.split_first() else {
            return self.body(body, span, scope);
        };
        let value = self.expr(value, scope);
        let local = self.program.local();
        let matched = self.single(local, pattern, scope, |this, scope| {
            this.match_let_star(others, body, span, scope)
        })?;
        Ok(let_expr(vec![(local, value)], matched, span))
    }

    /// The values see the names that are bound without a pattern.
    fn match_letrec(
        &mut self,
        datum: &Datum,
        bindings: &[(&Datum, &Datum)],
        body: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let inner = Scope::inside(scope);
        let mut locals = Vec::new();
        let mut patterns = Vec::new();
        for (pattern, _) in bindings {
            let local = self.recursive_local();
            match pattern.symbol() {
                Some(name) => inner.bind(name, Binding::Local(local)),
                None => patterns.push((local, *pattern)),
            }
            locals.push(local);
        }
        let mut parts = Vec::new();
        for (local, (_, value)) in locals.iter().zip(bindings) {
            self.settle(*local);
            let span = value.span;
            let value = Box::new(self.expr(value, &inner));
            parts.push(Expr {
                kind: ExprKind::SetLocal(*local, value),
                span,
            });
        }
        parts.push(self.match_all(&patterns, body, datum.span, &inner)?);
        let body = Box::new(super::sequence(parts, datum.span));
        Ok(Expr {
            kind: ExprKind::Letrec(locals, body),
            span: datum.span,
        })
    }

    /// `(match-let NAME ((PATTERN VALUE) …) BODY …)`
    fn match_loop(
        &mut self,
        datum: &Datum,
        name: &Datum,
        bindings: &Datum,
        body: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let span = datum.span;
        let looped = self.recursive_local();
        self.settle(looped);
        let inner = Scope::inside(scope);
        if let Some(name) = name.symbol() {
            inner.bind(name, Binding::Local(looped));
        }
        let (mut locals, mut values, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
        for (pattern, value) in pairs(bindings)? {
            values.push(self.expr(value, scope));
            let local = self.program.local();
            locals.push(local);
            patterns.push((local, pattern));
        }
        let body = self.match_all(&patterns, body, span, &inner)?;
        Ok(super::forms::looping(looped, locals, values, body, span))
    }

    /// The failure of a pattern.
    fn mismatch(failure: u32, span: Span) -> Expr {
        call(local_value(failure, span), Vec::new(), span)
    }

    /// `(if TEST THEN (failure))`
    fn test(test: Expr, then: Expr, at: &code::At) -> Expr {
        choice(test, then, Self::mismatch(at.failure, at.span), at.span)
    }
}

fn clause(datum: &Datum) -> Expanded<Clause<'_>> {
    let bad = || malformed(datum.span, "a clause of `match` must be (PATTERN VALUE …)");
    let [pattern, body @ ..] = datum.list().ok_or_else(bad)? else {
        return Err(bad());
    };
    if let [arrow, body @ ..] = body
        && let Some([word, name]) = arrow.list()
        && parse::is_word(word, "=>")
        && let Some(name) = name.symbol()
        && !body.is_empty()
    {
        return Ok(Clause {
            pattern,
            failure: Some(name),
            body,
            span: datum.span,
        });
    }
    if body.is_empty() {
        return Err(bad());
    }
    Ok(Clause {
        pattern,
        failure: None,
        body,
        span: datum.span,
    })
}

/// `((PATTERN VALUE) …)`
fn pairs(bindings: &Datum) -> Expanded<Vec<(&Datum, &Datum)>> {
    let bad = |span| malformed(span, "bindings must be a list of (PATTERN VALUE)");
    let Kind::List(items) = &bindings.kind else {
        return Err(bad(bindings.span));
    };
    items
        .iter()
        .map(|item| match item.list() {
            Some([pattern, value]) => Ok((pattern, value)),
            _ => Err(bad(item.span)),
        })
        .collect()
}

#[cfg(test)]
mod tests;
