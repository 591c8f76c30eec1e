//! The top level and bodies: definitions first, then what they say.

use std::rc::Rc;

use super::{Binding, Expanded, Expander, Scope, Special, malformed, sequence, special};
use crate::machines::core::{Expr, ExprKind};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// A form of a body.
enum Item<'d> {
    /// A definition: the name, how the value is made, the form.
    Define(Rc<str>, Value<'d>, Span),
    /// An expression.
    Expression(&'d Datum),
    /// A form that has had its effect, such as an import.
    Done(Span),
}

/// How a definition's value is made.
#[derive(Clone, Copy)]
pub(super) enum Value<'d> {
    /// `(define x e)`
    Expression(&'d Datum),
    /// `(define x)`
    Nothing,
    /// `(define (f . parameters) body …)`: the header, perhaps curried, and
    /// the body.
    Procedure(&'d Datum, &'d [Datum]),
}

impl Expander<'_> {
    /// The whole file.
    pub(super) fn program(&mut self, data: &[Datum]) {
        let mut items = Vec::new();
        for datum in data {
            self.top_level(datum, &mut items);
        }
        let file = Rc::clone(&self.file);
        for item in items {
            let form = match item {
                Item::Expression(datum) => self.expr(datum, &file),
                Item::Done(span) => self.nothing(span),
                Item::Define(name, value, span) => self.global_definition(&name, value, span),
            };
            self.program.forms.push(form);
        }
    }

    /// Looks at a top-level form: what it defines and imports counts for the
    /// whole file.
    fn top_level<'d>(&mut self, datum: &'d Datum, items: &mut Vec<Item<'d>>) {
        let file = Rc::clone(&self.file);
        let Some((head, rest)) = datum.list().and_then(<[Datum]>::split_first) else {
            items.push(Item::Expression(datum));
            return;
        };
        match special(head, &file) {
            Some(Special::Begin) if !rest.is_empty() => {
                for datum in rest {
                    self.top_level(datum, items);
                }
            }
            Some(Special::Define) => match definition_parts(datum, rest) {
                Ok((name, value)) => {
                    self.declare(&name);
                    items.push(Item::Define(name, value, datum.span));
                }
                Err(malformed) => self.find(malformed),
            },
            Some(Special::DefineModule) => {
                self.form_define_module(datum, rest);
                items.push(Item::Done(datum.span));
            }
            Some(Special::UseModules) => {
                self.form_use_modules(datum, rest);
                items.push(Item::Done(datum.span));
            }
            _ => items.push(Item::Expression(datum)),
        }
    }

    /// Makes a variable of the file. One that replaces a name of the core
    /// begins with that name's value.
    pub(super) fn declare(&mut self, name: &Rc<str>) -> u32 {
        if let Some(Binding::Global(global)) = self.file.lookup_here(name) {
            return global;
        }
        let initial = match self.file.lookup(name) {
            Some(Binding::Special(_)) | None => None,
            Some(_) => {
                let file = Rc::clone(&self.file);
                self.reference(name, Span::default(), &file).ok()
            }
        };
        let global = self.program.global(Rc::clone(name), initial.is_none());
        self.file.bind(name, Binding::Global(global));
        if let Some(value) = initial {
            self.program.initial.push((global, value));
        }
        global
    }

    fn global_definition(&mut self, name: &Rc<str>, value: Value<'_>, span: Span) -> Expr {
        let global = self.declare(name);
        let file = Rc::clone(&self.file);
        let value = self.value(value, span, &file);
        if let Some(global) = self.program.global_mut(global) {
            global.pending = false;
        }
        Expr {
            kind: ExprKind::SetGlobal(global, Box::new(value)),
            span,
        }
    }

    pub(super) fn value(&mut self, value: Value<'_>, span: Span, scope: &Rc<Scope>) -> Expr {
        match value {
            Value::Expression(datum) => self.expr(datum, scope),
            Value::Nothing => self.nothing(span),
            Value::Procedure(header, body) => match self.curried(header, body, span, scope) {
                Ok(expr) => expr,
                Err(malformed) => {
                    self.find(malformed);
                    self.nothing(span)
                }
            },
        }
    }

    /// The lambda of a procedure definition; `((f a) b)` makes one that
    /// returns one.
    fn curried(
        &mut self,
        header: &Datum,
        body: &[Datum],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let (operator, parameters) = header_parts(header)?;
        if operator.symbol().is_some() {
            return self.lambda(&parameters, body, span, scope);
        }
        let inner = Datum {
            kind: Kind::List(
                [symbol("lambda", span), parameters]
                    .into_iter()
                    .chain(body.iter().cloned())
                    .collect(),
            ),
            span,
        };
        self.curried(operator, &[inner], span, scope)
    }

    /// The body of a lambda or let: internal definitions, then expressions,
    /// also mixed, as Guile allows.
    pub(super) fn body(
        &mut self,
        forms: &[Datum],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        if forms.is_empty() {
            return Err(malformed(span, "a body needs at least one expression"));
        }
        let inner = Scope::inside(scope);
        let mut items = Vec::new();
        let mut locals = Vec::new();
        for form in forms {
            self.body_form(form, &inner, &mut items, &mut locals)?;
        }
        if matches!(items.last(), Some(Item::Define(..))) {
            return Err(malformed(
                span,
                "a body must end with an expression, not with a definition",
            ));
        }
        let mut parts = Vec::new();
        for item in items {
            parts.push(match item {
                Item::Expression(datum) => self.expr(datum, &inner),
                Item::Done(span) => self.nothing(span),
                Item::Define(name, value, span) => {
                    self.local_definition(&name, value, span, &inner)
                }
            });
        }
        let body = sequence(parts, span);
        Ok(if locals.is_empty() {
            body
        } else {
            Expr {
                kind: ExprKind::Letrec(locals, Box::new(body)),
                span,
            }
        })
    }

    fn body_form<'d>(
        &mut self,
        form: &'d Datum,
        inner: &Rc<Scope>,
        items: &mut Vec<Item<'d>>,
        locals: &mut Vec<u32>,
    ) -> Expanded<()> {
        let split = form.list().and_then(<[Datum]>::split_first);
        match split.and_then(|(head, rest)| Some((special(head, inner)?, rest))) {
            Some((Special::Begin, rest)) => {
                for form in rest {
                    self.body_form(form, inner, items, locals)?;
                }
            }
            Some((Special::Define, rest)) => {
                let (name, value) = definition_parts(form, rest)?;
                if inner.lookup_here(&name).is_none() {
                    let local = self.recursive_local();
                    inner.bind(&name, Binding::Local(local));
                    locals.push(local);
                }
                items.push(Item::Define(name, value, form.span));
            }
            Some((Special::UseModules, rest)) => {
                self.form_use_modules(form, rest);
                items.push(Item::Done(form.span));
            }
            _ => items.push(Item::Expression(form)),
        }
        Ok(())
    }

    /// A variable that is in scope before it has its value.
    pub(super) fn recursive_local(&mut self) -> u32 {
        let local = self.program.local();
        if let Some(local) = self.program.local_mut(local) {
            local.assigned = true;
            local.pending = true;
        }
        local
    }

    fn local_definition(
        &mut self,
        name: &Rc<str>,
        value: Value<'_>,
        span: Span,
        inner: &Rc<Scope>,
    ) -> Expr {
        let Some(Binding::Local(local)) = inner.lookup_here(name) else {
            return self.nothing(span);
        };
        // A procedure may mention itself: it has its value when it is called.
        if matches!(value, Value::Procedure(..)) {
            self.settle(local);
        }
        let value = self.value(value, span, inner);
        self.settle(local);
        Expr {
            kind: ExprKind::SetLocal(local, Box::new(value)),
            span,
        }
    }

    /// From here on the variable has its value.
    pub(super) fn settle(&mut self, local: u32) {
        if let Some(local) = self.program.local_mut(local) {
            local.pending = false;
        }
    }
}

/// Takes a definition apart.
pub(super) fn definition_parts<'d>(
    datum: &Datum,
    rest: &'d [Datum],
) -> Expanded<(Rc<str>, Value<'d>)> {
    let bad = |message: &str| malformed(datum.span, message);
    match rest {
        [target, value @ ..] if target.symbol().is_some() => {
            let name = target.symbol().cloned().unwrap_or_else(|| "".into());
            match value {
                [] => Ok((name, Value::Nothing)),
                [value] => Ok((name, Value::Expression(value))),
                _ => Err(bad("`define` of a variable takes one value")),
            }
        }
        [header, body @ ..] => {
            if body.is_empty() {
                return Err(bad("a procedure definition needs a body"));
            }
            let mut operator = header;
            while operator.symbol().is_none() {
                operator = header_parts(operator)?.0;
            }
            let name = operator.symbol().cloned().unwrap_or_else(|| "".into());
            Ok((name, Value::Procedure(header, body)))
        }
        [] => Err(bad("`define` needs a name and a value")),
    }
}

/// `(f a b)` as `f` and `(a b)`, also with a dot.
fn header_parts(header: &Datum) -> Expanded<(&Datum, Datum)> {
    let bad = || {
        malformed(
            header.span,
            "`define` needs a name, or a name with parameters in parentheses",
        )
    };
    let (operator, kind) = match &header.kind {
        Kind::List(items) => {
            let (operator, rest) = items.split_first().ok_or_else(bad)?;
            (operator, Kind::List(rest.to_vec()))
        }
        Kind::Dotted(items, tail) => {
            let (operator, rest) = items.split_first().ok_or_else(bad)?;
            let kind = if rest.is_empty() {
                tail.kind.clone()
            } else {
                Kind::Dotted(rest.to_vec(), tail.clone())
            };
            (operator, kind)
        }
        _ => return Err(bad()),
    };
    Ok((
        operator,
        Datum {
            kind,
            span: header.span,
        },
    ))
}

fn symbol(name: &str, span: Span) -> Datum {
    Datum {
        kind: Kind::Symbol(name.into()),
        span,
    }
}
