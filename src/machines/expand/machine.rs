//! `build-machine`: `let*` over the fields, then a record.
//!
//! The checks, their order and their places are those of `define-record-type*`
//! in guix/records.scm, but each unknown field is reported where it stands.

use std::rc::Rc;

use super::forms::let_expr;
use super::scope::base_name;
use super::{Binding, Expanded, Expander, Finding, Scope, local_value, malformed};
use crate::machines::core::{Constant, Expr, ExprKind, FieldForm, FieldSource, RecordForm};
use crate::machines::datum::{Datum, Kind};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::record::Field;
use crate::machines::similar::nearest;
use crate::machines::source::Span;

/// A clause `(FIELD EXPR)`.
pub(super) struct Clause<'d> {
    pub name: &'d Rc<str>,
    pub value: &'d Datum,
    pub span: Span,
}

impl Clause<'_> {
    /// The name of the field, also if a template brought it in.
    pub fn field(&self) -> &str {
        base_name(self.name)
    }
}

/// A field with its value expanded and the variable that later ones see.
struct Bound {
    field: Field,
    span: Span,
    local: u32,
    value: Expr,
}

impl Expander {
    pub(super) fn form_build_machine(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expr {
        let mut clauses = Vec::new();
        let errors = self.findings.len();
        for item in rest {
            match clause(item) {
                Ok(clause) => clauses.push(clause),
                Err(malformed) => self.find(malformed),
            }
        }
        // What a wrong clause was meant to be is not known.
        let whole = self.findings.len() == errors;
        let (inherit, clauses) = match clauses.split_first() {
            Some((first, others)) if first.field() == "inherit" => (Some(first.value), others),
            _ => (None, clauses.as_slice()),
        };
        self.check_fields(datum, clauses, whole && inherit.is_none());

        // The scope of a `let*`: each value sees the names before it.
        let inner = Scope::inside(scope);
        let mut bound = Vec::new();
        for clause in clauses {
            let value = self.expr(clause.value, &inner);
            let local = self.program.local();
            inner.bind(clause.name, Binding::Local(local));
            if let Some(field) = Field::named(clause.field()) {
                bound.push(Bound {
                    field,
                    span: clause.value.span,
                    local,
                    value,
                });
            }
        }
        let inherit = inherit.map(|parent| (self.expr(parent, &inner), parent.span));
        self.record_expr(bound, inherit, datum.span)
    }

    /// One flat call where no field mentions another (each lambda costs Steel
    /// a tenth of a millisecond); else variables up to the last one that is
    /// mentioned, so that the order of evaluation stays.
    fn record_expr(
        &mut self,
        bound: Vec<Bound>,
        inherit: Option<(Expr, Span)>,
        span: Span,
    ) -> Expr {
        let mentioned = bound
            .iter()
            .rposition(|field| self.is_referenced(field.local));
        let mut bindings = Vec::new();
        let mut arguments = Vec::new();
        let mut fields = Vec::new();
        for (number, field) in bound.into_iter().enumerate() {
            let early = mentioned.is_some_and(|last| number <= last);
            let value = match self.constant_value(&field.value) {
                Some(constant) if !self.is_referenced(field.local) => {
                    FieldSource::Constant(constant)
                }
                _ => {
                    let argument = if early {
                        bindings.push((field.local, field.value));
                        local_value(field.local, field.span)
                    } else {
                        field.value
                    };
                    arguments.push(argument);
                    FieldSource::Argument(last(&arguments))
                }
            };
            fields.push(FieldForm {
                field: field.field,
                span: field.span,
                value,
            });
        }
        let inherit = inherit.map(|(parent, span)| {
            arguments.push(parent);
            (last(&arguments), span)
        });
        let record = self.program.record(RecordForm {
            span,
            fields,
            inherit,
        });
        let mut expr = Expr {
            kind: ExprKind::Machine(record, arguments),
            span,
        };
        for binding in bindings.into_iter().rev() {
            expr = let_expr(vec![binding], expr, span);
        }
        expr
    }

    pub(super) fn is_referenced(&self, local: u32) -> bool {
        self.program
            .locals
            .get(local as usize)
            .is_some_and(|local| local.referenced)
    }

    /// The constant that an expression is, also `(list CONSTANT …)`.
    fn constant_value(&mut self, expr: &Expr) -> Option<u32> {
        match &expr.kind {
            ExprKind::Constant(number) => Some(*number),
            ExprKind::Call(operator, arguments)
                if matches!(operator.kind, ExprKind::Primitive("list")) =>
            {
                let items: Option<Vec<Datum>> = arguments
                    .iter()
                    .map(|argument| match argument.kind {
                        ExprKind::Constant(number) => {
                            match self.program.constants.get(number as usize) {
                                Some(Constant::Datum(datum)) => Some(datum.clone()),
                                _ => None,
                            }
                        }
                        _ => None,
                    })
                    .collect();
                let datum = Datum {
                    kind: Kind::List(items?),
                    span: expr.span,
                };
                Some(self.program.constant(Constant::Datum(datum)))
            }
            _ => None,
        }
    }

    /// Finds what is wrong with the names of the fields. Stock tells the first
    /// of these only, in this order.
    fn check_fields(&mut self, datum: &Datum, clauses: &[Clause<'_>], complete: bool) {
        let mut wrong = false;
        for (number, clause) in clauses.iter().enumerate() {
            let before = clauses.get(..number).unwrap_or_default();
            let diagnostic = if Field::named(clause.field()).is_none() {
                unknown_field(clause.field())
            } else if complete && before.iter().any(|other| other.field() == clause.field()) {
                Diagnostic::error(
                    "duplicate-field",
                    format!("the field `{}` is given twice", clause.field()),
                )
            } else {
                continue;
            };
            wrong = true;
            let span = clause.span;
            self.findings.push(Finding { diagnostic, span });
        }
        if wrong || !complete {
            return;
        }
        let missing: Vec<&str> = ["name", "user"]
            .into_iter()
            .filter(|name| !clauses.iter().any(|clause| clause.field() == *name))
            .collect();
        if missing.is_empty() {
            return;
        }
        let diagnostic = Diagnostic::error(
            "missing-field",
            format!(
                "this build machine lacks the field{} {}",
                if missing.len() > 1 { "s" } else { "" },
                missing.join(", ")
            ),
        );
        let span = datum.span;
        self.findings.push(Finding { diagnostic, span });
    }
}

fn unknown_field(name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "unknown-field",
        format!("`{name}` is no field of build-machine"),
    );
    let known: Vec<&str> = Field::ALL
        .iter()
        .map(|(_, known)| *known)
        .filter(|known| !matches!(*known, "system" | "ssh-options" | "location"))
        .collect();
    let known = known.join(", ");
    match (
        name,
        nearest(name, Field::ALL.iter().map(|(_, known)| *known)),
    ) {
        ("inherit", _) => diagnostic.with_help("`inherit` must be the first clause"),
        ("host-name" | "identity" | "build-locally?" | "allow-downgrades?" | "authorize?", _) => {
            diagnostic.with_help(
                "it belongs to the machines of `guix deploy`; here it is `name` for the host \
                 and `private-key` for the key",
            )
        }
        (_, Some(near)) => {
            diagnostic.with_help(format!("did you mean `{near}`? The fields are {known}"))
        }
        (_, None) => diagnostic.with_help(format!("the fields are {known}")),
    }
}

/// A clause of the form, which must be (FIELD EXPR).
pub(super) fn clause(datum: &Datum) -> Expanded<Clause<'_>> {
    if let Some([name, value]) = datum.list()
        && let Some(name) = name.symbol()
    {
        return Ok(Clause {
            name,
            value,
            span: datum.span,
        });
    }
    let mut malformed = malformed(
        datum.span,
        format!(
            "`{}` is no field: a field must be (FIELD VALUE)",
            datum.written()
        ),
    );
    malformed.0.diagnostic.code = "machines::invalid-field".into();
    if datum.list().is_some_and(|items| items.len() > 2) {
        malformed.0.diagnostic = malformed
            .0
            .diagnostic
            .with_help("for several values write (list VALUE …) or '(VALUE …)");
    }
    Err(malformed)
}

fn last(arguments: &[Expr]) -> u32 {
    u32::try_from(arguments.len().saturating_sub(1)).unwrap_or(u32::MAX)
}
