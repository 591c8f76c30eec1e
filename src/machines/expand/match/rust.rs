//! Patterns that Rust matches.

use std::rc::Rc;

use super::super::forms::let_expr;
use super::super::scope::stripped;
use super::super::{Binding, Expanded, Expander, Scope, choice, local_value};
use super::parse::{Each, Pat};
use crate::machines::core::{self, Constant, Expr, ExprKind, Matcher, Pattern};
use crate::machines::datum::{Datum, Kind, Number};
use crate::machines::source::Span;

/// A pattern on its way to a matcher.
#[derive(Default)]
struct Compiler<'e> {
    names: Vec<Rc<str>>,
    /// What the call gets besides the value.
    arguments: Vec<Argument<'e>>,
}

/// An argument of the call.
enum Argument<'e> {
    /// A type of records.
    Type(&'e Datum),
    /// A variable that is bound outside the pattern.
    Variable(Rc<str>),
}

impl Expander {
    /// Matches a variable in one call; its pattern's variables are bound for
    /// what follows.
    pub(super) fn rust_match(
        &mut self,
        value: u32,
        pattern: &Pat<'_>,
        span: Span,
        scope: &Rc<Scope>,
        otherwise: Expr,
        body: impl FnOnce(&mut Expander, &Rc<Scope>) -> Expanded<Expr>,
    ) -> Expanded<Expr> {
        // The usual ends of a list of clauses ask nothing.
        match pattern {
            Pat::Any => return body(self, scope),
            Pat::Variable(name) => {
                let inner = Scope::inside(scope);
                inner.bind(name, Binding::Local(value));
                return body(self, &inner);
            }
            _ => {}
        }
        let mut compiler = Compiler::default();
        let compiled = compiler.pattern(pattern);
        let Compiler { names, arguments } = compiler;
        let mut values = vec![local_value(value, span)];
        for argument in &arguments {
            values.push(match argument {
                Argument::Type(datum) => self.expr(datum, scope),
                Argument::Variable(name) => self.variable(name, span, scope)?,
            });
        }
        let number = self.program.pattern(Matcher {
            pattern: compiled,
            names: names.clone(),
        });
        values.insert(0, self.number(number as usize, span));
        let asked = self.primitive_call("%match", values, span);
        if names.is_empty() {
            let body = body(self, scope)?;
            return Ok(choice(asked, body, otherwise, span));
        }
        let found = self.program.local();
        let inner = Scope::inside(scope);
        let mut bindings = Vec::new();
        for (slot, name) in names.iter().enumerate() {
            if name.is_empty() {
                continue;
            }
            let local = self.program.local();
            inner.bind(name, Binding::Local(local));
            let arguments = vec![local_value(found, span), self.number(slot, span)];
            bindings.push((local, self.primitive_call("%match-ref", arguments, span)));
        }
        let body = body(self, &inner)?;
        let body = let_expr(bindings, body, span);
        let test = local_value(found, span);
        let chosen = choice(test, body, otherwise, span);
        Ok(let_expr(vec![(found, asked)], chosen, span))
    }

    /// The value of a pattern's variable.
    pub(super) fn variable(
        &mut self,
        name: &Rc<str>,
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let datum = Datum {
            kind: Kind::Symbol(Rc::clone(name)),
            span,
        };
        self.reference(name, &datum, scope)
    }

    pub(in crate::machines::expand) fn number(&mut self, number: usize, span: Span) -> Expr {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let constant = self.program.constant(Constant::Datum(Datum {
            kind: Kind::Number(Number::Integer(number)),
            span,
        }));
        Expr {
            kind: ExprKind::Constant(constant),
            span,
        }
    }
}

impl<'e> Compiler<'e> {
    fn slot(&mut self, name: &Rc<str>) -> usize {
        let known = self.names.iter().position(|other| other == name);
        known.unwrap_or_else(|| {
            self.names.push(Rc::clone(name));
            self.names.len().saturating_sub(1)
        })
    }

    fn argument(&mut self, argument: Argument<'e>) -> usize {
        self.arguments.push(argument);
        self.arguments.len().saturating_sub(1)
    }

    fn all<'d>(&mut self, patterns: &[Pat<'d>]) -> Vec<Pattern>
    where
        'd: 'e,
    {
        patterns
            .iter()
            .map(|pattern| self.pattern(pattern))
            .collect()
    }

    fn pattern<'d>(&mut self, pattern: &Pat<'d>) -> Pattern
    where
        'd: 'e,
    {
        match pattern {
            // The last two never come here.
            Pat::Any | Pat::Getter(_) | Pat::Setter(_) => Pattern::Any,
            Pat::Proper => Pattern::Proper,
            Pat::Variable(name) => Pattern::Bind(self.slot(name)),
            Pat::Same(name) => match self.names.iter().position(|other| other == name) {
                Some(slot) => Pattern::Same(slot),
                None => Pattern::Argument(self.argument(Argument::Variable(Rc::clone(name)))),
            },
            Pat::Literal(datum) => Pattern::Literal(stripped(datum)),
            Pat::Empty(span) => Pattern::Literal(Datum {
                kind: Kind::List(Vec::new()),
                span: *span,
            }),
            Pat::And(all) => Pattern::And(self.all(all)),
            Pat::Or(any, ..) => Pattern::Or(self.all(any)),
            Pat::Not(pattern) => {
                let names = self.names.len();
                let pattern = self.pattern(pattern);
                // Its variables are nobody's; their slots stay empty.
                for name in self.names.iter_mut().skip(names) {
                    *name = "".into();
                }
                Pattern::Not(Box::new(pattern))
            }
            Pat::Test(procedure) => match procedure.primitive {
                Some(name) => Pattern::Test(name),
                None => Pattern::Any,
            },
            Pat::Apply(procedure, pattern) => {
                let pattern = Box::new(self.pattern(pattern));
                match procedure.primitive {
                    Some(name) => Pattern::Apply(name, pattern),
                    None => *pattern,
                }
            }
            Pat::List(items, rest) => Pattern::List(self.all(items), Box::new(self.pattern(rest))),
            Pat::Each(each) => Pattern::Each(Box::new(self.each(each))),
            Pat::Search(each) => Pattern::Search(Box::new(self.each(each))),
            Pat::Vector(items, each) => {
                let items = self.all(items);
                let each = each.as_ref().map(|each| Box::new(self.each(each)));
                Pattern::Vector(items, each)
            }
            Pat::Record(of, fields) => {
                let of = self.argument(Argument::Type(of));
                Pattern::Record(of, self.all(fields))
            }
        }
    }

    fn each<'d>(&mut self, each: &Each<'d>) -> core::Each
    where
        'd: 'e,
    {
        let item = self.pattern(&each.item);
        let slots = each.names.iter().map(|name| self.slot(name)).collect();
        core::Each {
            item,
            slots,
            least: each.least,
            after: each.after,
            rest: self.pattern(&each.rest),
        }
    }
}
