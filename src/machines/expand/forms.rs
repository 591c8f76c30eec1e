//! Binding, procedures, assignment, loops.

use std::rc::Rc;

use super::{
    Binding, Expanded, Expander, Scope, Special, call, choice, local_value, malformed, refused,
    sequence, special,
};
use crate::machines::core::{Expr, ExprKind};
use crate::machines::datum::{Datum, Kind};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::source::Span;

impl Expander {
    pub(super) fn form_if(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let (test, then, otherwise) = match rest {
            [test, then] => (test, then, None),
            [test, then, otherwise] => (test, then, Some(otherwise)),
            _ => {
                return Err(malformed(
                    datum.span,
                    "`if` takes a test, a value and another value",
                ));
            }
        };
        let test = self.expr(test, scope);
        let then = self.expr(then, scope);
        let otherwise = match otherwise {
            Some(otherwise) => self.expr(otherwise, scope),
            None => self.nothing(datum.span),
        };
        Ok(choice(test, then, otherwise, datum.span))
    }

    pub(super) fn form_lambda(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        match rest {
            [parameters, body @ ..] => self.lambda(parameters, body, datum.span, scope),
            [] => Err(malformed(
                datum.span,
                "`lambda` needs parameters and a body",
            )),
        }
    }

    pub(super) fn lambda(
        &mut self,
        parameters: &Datum,
        body: &[Datum],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let inner = Scope::inside(scope);
        let (items, tail) = match &parameters.kind {
            Kind::List(items) => (items.as_slice(), None),
            Kind::Dotted(items, tail) => (items.as_slice(), Some(&**tail)),
            _ => (&[][..], Some(parameters)),
        };
        let mut locals = Vec::new();
        for item in items {
            locals.push(self.bind_fresh(item, &inner)?);
        }
        let rest = tail.map(|tail| self.bind_fresh(tail, &inner)).transpose()?;
        let body = self.body(body, span, &inner)?;
        Ok(Expr {
            kind: ExprKind::Lambda(locals, rest, Box::new(body)),
            span,
        })
    }

    /// Binds a name to a new variable; twice in one scope is an error.
    pub(super) fn bind_fresh(&mut self, name: &Datum, scope: &Rc<Scope>) -> Expanded<u32> {
        let Some(symbol) = name.symbol() else {
            if let Kind::Keyword(word) = &name.kind {
                return Err(refused(
                    Diagnostic::error(
                        "unsupported",
                        format!("`#:{word}` parameters are not supported here"),
                    ),
                    name.span,
                ));
            }
            return Err(malformed(
                name.span,
                format!("`{}` is no name for a variable", name.written()),
            ));
        };
        if scope.lookup_here(symbol).is_some() {
            return Err(malformed(name.span, format!("`{symbol}` is bound twice")));
        }
        let local = self.program.local();
        scope.bind(symbol, Binding::Local(local));
        Ok(local)
    }

    /// `(set! (PROCEDURE ARGUMENT …) VALUE)`
    fn set_through(
        &mut self,
        operator: &Datum,
        arguments: &[Datum],
        value: &Datum,
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expr {
        // SRFI-17 gives the core's accessors setters, for everybody.
        let setter = if self.has_loaded("(srfi srfi-17)") {
            "%setter"
        } else {
            "setter"
        };
        let operator = self.expr(operator, scope);
        let setter = self.library_call(setter, vec![operator], span);
        let mut all: Vec<Expr> = arguments
            .iter()
            .map(|argument| self.expr(argument, scope))
            .collect();
        all.push(self.expr(value, scope));
        self.applied(setter, all, span)
    }

    pub(super) fn form_set(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let [target, value] = rest else {
            return Err(malformed(datum.span, "`set!` takes a variable and a value"));
        };
        if let Some([operator, arguments @ ..]) = target.list() {
            return Ok(self.set_through(operator, arguments, value, datum.span, scope));
        }
        let Some(name) = target.symbol() else {
            return Err(malformed(
                target.span,
                "`set!` needs the name of a variable",
            ));
        };
        let value = self.expr(value, scope);
        let kind = match scope.lookup(name) {
            Some(Binding::Local(local)) => {
                self.program.assign(local);
                ExprKind::SetLocal(local, Box::new(value))
            }
            Some(Binding::Special(Special::LoadPath)) => {
                self.set_load_path(value);
                return Ok(self.nothing(datum.span));
            }
            Some(Binding::Special(_) | Binding::Macro(_) | Binding::Pattern(_)) => {
                return Err(malformed(
                    target.span,
                    format!("`{name}` is syntax and no variable"),
                ));
            }
            Some(Binding::Global(global)) => ExprKind::SetGlobal(global, Box::new(value)),
            Some(_) => {
                // The file's own, also where a macro says it.
                let (name, _) = scope.resolved(name);
                ExprKind::SetGlobal(self.declare(&name), Box::new(value))
            }
            None => {
                let kind = self.promise(name, target.span, scope);
                let ExprKind::Global(global, _) = kind else {
                    let span = target.span;
                    return Ok(Expr { kind, span });
                };
                // Guile evaluates the value, then finds no variable.
                let local = self.program.local();
                let span = datum.span;
                let check = Expr {
                    kind,
                    span: target.span,
                };
                let set = Expr {
                    kind: ExprKind::SetGlobal(global, Box::new(local_value(local, span))),
                    span,
                };
                let parts = vec![check, set, self.nothing(span)];
                return Ok(let_expr(vec![(local, value)], sequence(parts, span), span));
            }
        };
        // Steel's assignments have the old value.
        let span = datum.span;
        Ok(sequence(
            vec![Expr { kind, span }, self.nothing(span)],
            span,
        ))
    }

    pub(super) fn form_begin(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        if rest.is_empty() {
            return Err(malformed(datum.span, "`begin` needs an expression"));
        }
        let parts = rest.iter().map(|form| self.expr(form, scope)).collect();
        Ok(sequence(parts, datum.span))
    }

    pub(super) fn form_let(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        match rest {
            [name, bindings, body @ ..] if name.symbol().is_some() => {
                self.named_let(datum, name, bindings, body, scope)
            }
            [bindings, body @ ..] => {
                let inner = Scope::inside(scope);
                let mut bound = Vec::new();
                for (name, value) in let_bindings(bindings)? {
                    let value = self.expr(value, scope);
                    bound.push((self.bind_fresh(name, &inner)?, value));
                }
                let body = self.body(body, datum.span, &inner)?;
                Ok(let_expr(bound, body, datum.span))
            }
            [] => Err(malformed(datum.span, "`let` needs bindings and a body")),
        }
    }

    /// `(let loop ((v init) …) body …)`: the initial values do not see the
    /// name.
    fn named_let(
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
        let with_name = Scope::inside(scope);
        if let Some(symbol) = name.symbol() {
            with_name.bind(symbol, Binding::Local(looped));
        }
        let inner = Scope::inside(&with_name);
        let mut locals = Vec::new();
        let mut values = Vec::new();
        for (name, value) in let_bindings(bindings)? {
            values.push(self.expr(value, scope));
            locals.push(self.bind_fresh(name, &inner)?);
        }
        let body = self.body(body, span, &inner)?;
        Ok(looping(looped, locals, values, body, span))
    }

    pub(super) fn form_let_star(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let [bindings, body @ ..] = rest else {
            return Err(malformed(datum.span, "`let*` needs bindings and a body"));
        };
        let mut inner = Rc::clone(scope);
        let mut bound = Vec::new();
        for (name, value) in let_bindings(bindings)? {
            let value = self.expr(value, &inner);
            inner = Scope::inside(&inner);
            bound.push((self.bind_fresh(name, &inner)?, value));
        }
        let mut expr = self.body(body, datum.span, &Scope::inside(&inner))?;
        for binding in bound.into_iter().rev() {
            expr = let_expr(vec![binding], expr, datum.span);
        }
        Ok(expr)
    }

    pub(super) fn form_letrec(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let [bindings, body @ ..] = rest else {
            return Err(malformed(datum.span, "`letrec` needs bindings and a body"));
        };
        let inner = Scope::inside(scope);
        let mut locals = Vec::new();
        let bindings = let_bindings(bindings)?;
        for (name, _) in &bindings {
            let Some(symbol) = name.symbol() else {
                return Err(malformed(name.span, "`letrec` binds names only"));
            };
            if inner.lookup_here(symbol).is_some() {
                return Err(malformed(name.span, format!("`{symbol}` is bound twice")));
            }
            let local = self.recursive_local();
            inner.bind(symbol, Binding::Local(local));
            locals.push(local);
        }
        let mut parts = Vec::new();
        for (local, (_, value)) in locals.iter().zip(&bindings) {
            if is_lambda(value, &inner) {
                self.settle(*local);
            }
            let span = value.span;
            let value = Box::new(self.expr(value, &inner));
            self.settle(*local);
            parts.push(Expr {
                kind: ExprKind::SetLocal(*local, value),
                span,
            });
        }
        parts.push(self.body(body, datum.span, &inner)?);
        let body = Box::new(sequence(parts, datum.span));
        Ok(Expr {
            kind: ExprKind::Letrec(locals, body),
            span: datum.span,
        })
    }

    /// `(do ((v init step) …) (test result …) command …)`
    pub(super) fn form_do(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let span = datum.span;
        let bad = || {
            malformed(
                span,
                "`do` needs ((variable value step) …) and (test result …)",
            )
        };
        let [variables, exit, commands @ ..] = rest else {
            return Err(bad());
        };
        let inner = Scope::inside(scope);
        let looped = self.recursive_local();
        self.settle(looped);
        let (mut locals, mut values, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for variable in variables.list().ok_or_else(bad)? {
            match variable.list().ok_or_else(bad)? {
                [name, value, step @ ..] if step.len() <= 1 => {
                    values.push(self.expr(value, scope));
                    locals.push(self.bind_fresh(name, &inner)?);
                    steps.push(step.first().unwrap_or(name));
                }
                _ => return Err(bad()),
            }
        }
        let Some([test, results @ ..]) = exit.list() else {
            return Err(bad());
        };
        let test = self.expr(test, &inner);
        let result = if results.is_empty() {
            self.nothing(span)
        } else {
            let results = results.iter().map(|form| self.expr(form, &inner)).collect();
            sequence(results, span)
        };
        let mut parts: Vec<Expr> = commands
            .iter()
            .map(|form| self.expr(form, &inner))
            .collect();
        let steps = steps
            .into_iter()
            .map(|step| self.expr(step, &inner))
            .collect();
        parts.push(call(local_value(looped, span), steps, span));
        let body = choice(test, result, sequence(parts, span), span);
        Ok(looping(looped, locals, values, body, span))
    }
}

/// A procedure that may call itself, and its first call. The values are
/// evaluated in front of its variable's scope, which their numbers cannot
/// name anyway.
pub(super) fn looping(
    looped: u32,
    locals: Vec<u32>,
    values: Vec<Expr>,
    body: Expr,
    span: Span,
) -> Expr {
    let lambda = Expr {
        kind: ExprKind::Lambda(locals, None, Box::new(body)),
        span,
    };
    let set = Expr {
        kind: ExprKind::SetLocal(looped, Box::new(lambda)),
        span,
    };
    let first = call(local_value(looped, span), values, span);
    Expr {
        kind: ExprKind::Letrec(vec![looped], Box::new(sequence(vec![set, first], span))),
        span,
    }
}

/// The pairs of a `let`.
fn let_bindings(bindings: &Datum) -> Expanded<Vec<(&Datum, &Datum)>> {
    let Some(items) = bindings.list() else {
        return Err(malformed(
            bindings.span,
            "bindings must be a list of (name value)",
        ));
    };
    items
        .iter()
        .map(|item| match item.list() {
            Some([name, value]) => Ok((name, value)),
            _ => Err(malformed(item.span, "a binding must be (name value)")),
        })
        .collect()
}

pub(super) fn let_expr(bindings: Vec<(u32, Expr)>, body: Expr, span: Span) -> Expr {
    if bindings.is_empty() {
        return body;
    }
    Expr {
        kind: ExprKind::Let(bindings, Box::new(body)),
        span,
    }
}

fn is_lambda(datum: &Datum, scope: &Scope) -> bool {
    datum
        .list()
        .and_then(<[Datum]>::first)
        .is_some_and(|head| special(head, scope) == Some(Special::Lambda))
}
