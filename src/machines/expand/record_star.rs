//! The constructors that `define-record-type*` of (guix records) makes.
//!
//! What holds for `build-machine` holds for them: the fields are evaluated in
//! written order, and each sees the names of those before it.

use std::rc::Rc;

use super::forms::let_expr;
use super::machine::{Clause, clause};
use super::scope::base_name;
use super::{Binding, Expanded, Expander, Scope, call, local_value, malformed};
use crate::machines::core::{Expr, ExprKind};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// A field as its definition says.
struct Field<'d> {
    name: &'d Rc<str>,
    default: Option<&'d Datum>,
    sanitize: Option<&'d Datum>,
    /// Its value is made anew each time, and sees the record.
    thunked: bool,
    /// Its value is made when it is first wanted.
    delayed: bool,
    /// It is not inherited.
    innate: bool,
}

impl<'d> Field<'d> {
    /// `(NAME OPTION …)`
    fn of(datum: &'d Datum) -> Option<Self> {
        let (name, options) = datum.list()?.split_first()?;
        let option = |wanted: &str| {
            options.iter().find_map(|option| {
                let (head, rest) = option.list()?.split_first()?;
                (base_name(head.symbol()?) == wanted).then_some(rest)
            })
        };
        Some(Self {
            name: name.symbol()?,
            default: option("default").and_then(<[Datum]>::first),
            sanitize: option("sanitize").and_then(<[Datum]>::first),
            thunked: option("thunked").is_some(),
            delayed: option("delayed").is_some(),
            innate: option("innate").is_some(),
        })
    }

    fn is_named(&self, clause: &Clause<'_>) -> bool {
        base_name(self.name) == base_name(clause.name)
    }
}

impl Expander {
    /// `(%make-record* NAME TYPE CONSTRUCTOR (FIELD …) CLAUSE …)`
    pub(super) fn form_make_record(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let span = datum.span;
        let [name, of, constructor, fields, clauses @ ..] = rest else {
            return Err(malformed(span, "a record is no procedure"));
        };
        let fields: Vec<Field<'_>> = fields
            .list()
            .unwrap_or_default()
            .iter()
            .filter_map(Field::of)
            .collect();
        let clauses = clauses
            .iter()
            .map(clause)
            .collect::<Expanded<Vec<Clause<'_>>>>()?;
        let (parent, clauses) = match clauses.split_first() {
            Some((first, others)) if first.field() == "inherit" => (Some(first.value), others),
            _ => (None, clauses.as_slice()),
        };
        check(name, &fields, clauses, parent.is_none(), span)?;

        let inner = Scope::inside(scope);
        let mut bindings = Vec::new();
        for clause in clauses {
            let Some(field) = fields.iter().find(|field| field.is_named(clause)) else {
                continue;
            };
            let value = self.field_value(field, clause.value, &inner);
            let local = self.program.local();
            inner.bind(clause.name, Binding::Local(local));
            bindings.push((local, value));
        }
        let locals: Vec<u32> = bindings.iter().map(|(local, _)| *local).collect();
        let parent = parent.map(|parent| {
            let local = self.program.local();
            bindings.push((local, self.expr(parent, &inner)));
            local
        });
        let mut arguments = Vec::new();
        for field in &fields {
            let given = clauses
                .iter()
                .zip(&locals)
                .rfind(|(clause, _)| field.is_named(clause));
            arguments.push(match (given, parent, field.default) {
                (Some((_, local)), ..) => local_value(*local, span),
                (None, Some(parent), _) if !field.innate || field.default.is_none() => {
                    self.inherited_field(parent, of, field, span, scope)
                }
                (None, _, Some(default)) => self.field_value(field, default, scope),
                _ => self.nothing(span),
            });
        }
        let constructor = self.expr(constructor, scope);
        let mut expr = call(constructor, arguments, span);
        for binding in bindings.into_iter().rev() {
            expr = let_expr(vec![binding], expr, span);
        }
        Ok(expr)
    }

    /// `this-record`: the record whose field is being made.
    pub(super) fn this_record(&mut self, span: Span) -> Expanded<Expr> {
        match self.these.last() {
            Some(local) => Ok(local_value(*local, span)),
            None => Err(malformed(
                span,
                "`this-record` can only stand in a thunked field of a record",
            )),
        }
    }

    /// The field of the record to inherit from, as it is kept.
    fn inherited_field(
        &mut self,
        parent: u32,
        of: &Datum,
        field: &Field<'_>,
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expr {
        let of = self.expr(of, scope);
        let kind = Kind::Symbol(base_name(field.name).into());
        let name = self.quoted(&Datum { kind, span });
        self.primitive_call(
            "%record-field",
            vec![local_value(parent, span), of, name],
            span,
        )
    }

    /// What is kept in a field whose value is this expression.
    fn field_value(&mut self, field: &Field<'_>, datum: &Datum, scope: &Rc<Scope>) -> Expr {
        let span = datum.span;
        let mut parameters = Vec::new();
        if field.thunked {
            parameters.push(self.program.local());
        }
        self.these.extend(&parameters);
        let mut value = self.expr(datum, scope);
        if let Some(sanitize) = field.sanitize {
            let sanitize = self.expr(sanitize, scope);
            value = call(sanitize, vec![value], span);
        }
        self.these
            .truncate(self.these.len().saturating_sub(parameters.len()));
        if !field.thunked && !field.delayed {
            return value;
        }
        let lambda = Expr {
            kind: ExprKind::Lambda(parameters, None, Box::new(value)),
            span,
        };
        if field.thunked {
            lambda
        } else {
            self.library_call("make-promise", vec![lambda], span)
        }
    }
}

/// Refuses unknown, repeated and missing fields.
fn check(
    name: &Datum,
    fields: &[Field<'_>],
    clauses: &[Clause<'_>],
    complete: bool,
    span: Span,
) -> Expanded<()> {
    let called = name.symbol().map_or("", |name| base_name(name));
    for (number, clause) in clauses.iter().enumerate() {
        if !fields.iter().any(|field| field.is_named(clause)) {
            let known: Vec<&str> = fields.iter().map(|field| base_name(field.name)).collect();
            let mut wrong = malformed(
                clause.span,
                format!("`{}` is no field of {called}", clause.field()),
            );
            wrong.0.diagnostic = wrong
                .0
                .diagnostic
                .with_help(format!("the fields are {}", known.join(", ")));
            return Err(wrong);
        }
        let before = clauses.get(..number).unwrap_or_default();
        if complete && before.iter().any(|other| other.field() == clause.field()) {
            return Err(malformed(
                clause.span,
                format!("the field `{}` is given twice", clause.field()),
            ));
        }
    }
    let missing: Vec<&str> = fields
        .iter()
        .filter(|field| field.default.is_none())
        .filter(|field| !clauses.iter().any(|clause| field.is_named(clause)))
        .map(|field| base_name(field.name))
        .collect();
    if complete && !missing.is_empty() {
        return Err(malformed(
            span,
            format!("this {called} lacks the fields {}", missing.join(", ")),
        ));
    }
    Ok(())
}
