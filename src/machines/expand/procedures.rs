//! Procedures with optional and keyword parameters, and by number of
//! arguments.

use std::rc::Rc;

use super::forms::let_expr;
use super::{Expanded, Expander, Scope, choice, local_value, malformed};
use crate::machines::core::{Expr, ExprKind, Signature};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// The parameters of a `lambda*`, taken apart.
#[derive(Default)]
struct Parameters<'d> {
    required: Vec<&'d Datum>,
    /// Each with its default.
    optional: Vec<(&'d Datum, Option<&'d Datum>)>,
    rest: Option<&'d Datum>,
    /// Each with its default and its keyword.
    keywords: Vec<(&'d Datum, Option<&'d Datum>, Rc<str>)>,
    allow_others: bool,
}

impl Expander {
    pub(super) fn form_lambda_star(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        match rest {
            [parameters, body @ ..] => self.lambda_star(parameters, body, datum.span, scope),
            [] => Err(malformed(
                datum.span,
                "`lambda*` needs parameters and a body",
            )),
        }
    }

    /// A procedure whose arguments are taken apart before they are bound: the
    /// missing ones come as a mark, and their defaults are evaluated one after
    /// the other.
    pub(super) fn lambda_star(
        &mut self,
        parameters: &Datum,
        body: &[Datum],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let parsed = parameters_of(parameters)?;
        if parsed.optional.is_empty() && parsed.keywords.is_empty() && !parsed.allow_others {
            return self.lambda(&plain_parameters(&parsed, parameters), body, span, scope);
        }
        let mut inner = Scope::inside(scope);
        let mut arguments = Vec::new();
        for name in &parsed.required {
            arguments.push(self.bind_fresh(name, &inner)?);
        }
        let mut defaults = Vec::new();
        for (name, default) in &parsed.optional {
            arguments.push(self.defaulted(name, *default, span, &mut inner, &mut defaults)?);
        }
        if let Some(rest) = parsed.rest {
            inner = Scope::inside(&inner);
            arguments.push(self.bind_fresh(rest, &inner)?);
        }
        for (name, default, _) in &parsed.keywords {
            arguments.push(self.defaulted(name, *default, span, &mut inner, &mut defaults)?);
        }
        let mut expr = self.body(body, span, &inner)?;
        for binding in defaults.into_iter().rev() {
            expr = let_expr(vec![binding], expr, span);
        }
        let signature = self.program.signature(Signature {
            required: parsed.required.len(),
            optional: parsed.optional.len(),
            rest: parsed.rest.is_some(),
            keywords: parsed.keywords.into_iter().map(|(.., word)| word).collect(),
            allow_others: parsed.allow_others,
        });
        let lambda = Expr {
            kind: ExprKind::Lambda(arguments, None, Box::new(expr)),
            span,
        };
        Ok(Expr {
            kind: ExprKind::Taking(signature, Box::new(lambda)),
            span,
        })
    }

    /// A parameter with a default: the variable of the argument, and how the
    /// one that the body sees is made of it.
    fn defaulted(
        &mut self,
        name: &Datum,
        default: Option<&Datum>,
        span: Span,
        inner: &mut Rc<Scope>,
        defaults: &mut Vec<(u32, Expr)>,
    ) -> Expanded<u32> {
        let default = match default {
            Some(default) => self.expr(default, inner),
            None => self.boolean(false, span),
        };
        let argument = self.program.local();
        let test = self.primitive_call("%unset?", vec![local_value(argument, span)], span);
        let value = choice(test, default, local_value(argument, span), span);
        *inner = Scope::inside(inner);
        defaults.push((self.bind_fresh(name, inner)?, value));
        Ok(argument)
    }

    /// `(case-lambda (PARAMETERS BODY …) …)`
    pub(super) fn form_case_lambda(
        &mut self,
        datum: &Datum,
        clauses: &[Datum],
        scope: &Rc<Scope>,
        star: bool,
    ) -> Expanded<Expr> {
        let mut cases = Vec::new();
        for clause in clauses {
            let Some([parameters, body @ ..]) = clause.list() else {
                return Err(malformed(
                    clause.span,
                    "a clause of `case-lambda` must be (PARAMETERS BODY …)",
                ));
            };
            let (counts, lambda) = if star {
                let parsed = parameters_of(parameters)?;
                let least = parsed.required.len();
                let open =
                    parsed.rest.is_some() || !parsed.keywords.is_empty() || parsed.allow_others;
                let most = (!open).then(|| least.saturating_add(parsed.optional.len()));
                let lambda = self.lambda_star(parameters, body, clause.span, scope)?;
                ((least, most), lambda)
            } else {
                let lambda = self.lambda(parameters, body, clause.span, scope)?;
                let least = match &lambda.kind {
                    ExprKind::Lambda(required, ..) => required.len(),
                    _ => 0,
                };
                let open = matches!(lambda.kind, ExprKind::Lambda(_, Some(_), _));
                ((least, (!open).then_some(least)), lambda)
            };
            cases.push((counts, lambda));
        }
        if let [(_, _)] = cases.as_slice()
            && let Some((_, only)) = cases.pop()
        {
            return Ok(only);
        }
        let (counts, lambdas) = cases.into_iter().unzip();
        let cases = self.program.cases(counts);
        Ok(Expr {
            kind: ExprKind::Choosing(cases, lambdas),
            span: datum.span,
        })
    }
}

/// What part of the parameters is being read.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Part {
    Required,
    Optional,
    Keywords,
    Others,
    Rest,
    End,
}

/// `(a … #:optional b (c default) … #:key d (e default [#:word]) …
/// #:allow-other-keys #:rest r)`, also with a dot.
fn parameters_of(datum: &Datum) -> Expanded<Parameters<'_>> {
    let (items, tail) = match &datum.kind {
        Kind::List(items) => (items.as_slice(), None),
        Kind::Dotted(items, tail) => (items.as_slice(), Some(&**tail)),
        _ => (&[][..], Some(datum)),
    };
    let mut parsed = Parameters {
        rest: tail,
        ..Parameters::default()
    };
    let mut part = Part::Required;
    for item in items {
        if let Kind::Keyword(word) = &item.kind {
            let next = match &**word {
                "optional" => Part::Optional,
                "key" => Part::Keywords,
                "allow-other-keys" => Part::Others,
                "rest" => Part::Rest,
                _ => return Err(misplaced(item)),
            };
            // `#:rest` may come before `#:key`.
            if next <= part && part != Part::End {
                return Err(misplaced(item));
            }
            parsed.allow_others |= next == Part::Others;
            part = next;
            continue;
        }
        match part {
            Part::Required => parsed.required.push(item),
            Part::Optional => {
                let (name, default, _) = with_default(item, false)?;
                parsed.optional.push((name, default));
            }
            Part::Keywords => parsed.keywords.push(with_default(item, true)?),
            Part::Rest if parsed.rest.is_none() => {
                parsed.rest = Some(item);
                part = Part::End;
            }
            Part::Others | Part::Rest | Part::End => return Err(misplaced(item)),
        }
    }
    if part == Part::Rest {
        return Err(malformed(datum.span, "`#:rest` needs a name after it"));
    }
    Ok(parsed)
}

fn misplaced(item: &Datum) -> super::Malformed {
    malformed(
        item.span,
        format!("`{}` cannot stand here among parameters", item.written()),
    )
}

/// `name`, `(name default)` or `(name default #:word)`
fn with_default(item: &Datum, keyword: bool) -> Expanded<(&Datum, Option<&Datum>, Rc<str>)> {
    let (name, default, word) = match item.list() {
        Some([name, default]) => (name, Some(default), None),
        Some(
            [
                name,
                default,
                Datum {
                    kind: Kind::Keyword(word),
                    ..
                },
            ],
        ) if keyword => (name, Some(default), Some(word)),
        Some(_) => return Err(misplaced(item)),
        None => (item, None, None),
    };
    let symbol = name.symbol().ok_or_else(|| misplaced(item))?;
    let word = match word {
        Some(word) => Rc::clone(word),
        None => super::scope::base_name(symbol).into(),
    };
    Ok((name, default, word))
}

/// The parameters as `lambda` takes them.
fn plain_parameters(parsed: &Parameters<'_>, datum: &Datum) -> Datum {
    let items: Vec<Datum> = parsed.required.iter().map(|item| (*item).clone()).collect();
    let kind = match parsed.rest {
        None => Kind::List(items),
        Some(rest) if items.is_empty() => rest.kind.clone(),
        Some(rest) => Kind::Dotted(items, Box::new(rest.clone())),
    };
    Datum {
        kind,
        span: datum.span,
    }
}
