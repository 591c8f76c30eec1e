//! `syntax-case` and its kin: macros that are procedures.
//!
//! The procedures run in the interpreter while the file is expanded. A syntax
//! object is a datum as the expander has it, with places and aliases; patterns
//! and templates are those of `syntax-rules`, looked up by number while the
//! procedure runs.

use std::rc::Rc;

use super::forms::let_expr;
use super::macros::literal_names;
use super::scope::base_name;
use super::syntax_rules::{Matcher, Matches, Words, check_pattern, pattern_variables};
use super::template::Template;
use super::{
    Binding, Expanded, Expander, Scope, Special, call, choice, local_value, malformed, special,
};
use crate::machines::core::{Expr, ExprKind};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// A pattern, for when it is needed.
pub struct PatternForm {
    pattern: Datum,
    words: Words,
    scope: Rc<Scope>,
}

/// A template, for when it is needed: its variables, each with the number of
/// the argument that has what it stands for.
pub struct TemplateForm {
    template: Datum,
    scope: Rc<Scope>,
    variables: Vec<(Rc<str>, usize)>,
}

/// The use of a macro that is being expanded.
#[derive(Clone, Copy, Default)]
pub struct Use {
    number: u32,
    span: Span,
}

impl Expander {
    /// `(syntax-case EXPRESSION (LITERAL …) (PATTERN [FENDER] OUTPUT) …)`
    pub(super) fn form_syntax_case(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let [subject, literals, clauses @ ..] = rest else {
            return Err(malformed(
                datum.span,
                "`syntax-case` takes an expression, literals and clauses",
            ));
        };
        let span = datum.span;
        let literals = literal_names(literals)?;
        let subject = self.expr(subject, scope);
        let value = self.program.local();
        let mut expr =
            self.primitive_call("%syntax-no-match", vec![local_value(value, span)], span);
        for clause in clauses.iter().rev() {
            let (pattern, fender, output) = match clause.list() {
                Some([pattern, output]) => (pattern, None, output),
                Some([pattern, fender, output]) => (pattern, Some(fender), output),
                _ => {
                    return Err(malformed(
                        clause.span,
                        "a clause must be (PATTERN OUTPUT) or (PATTERN FENDER OUTPUT)",
                    ));
                }
            };
            let words = Words {
                ellipsis: None,
                literals: literals.clone(),
            };
            let (matches, inner) = self.pattern_scope(pattern, &words, scope)?;
            let matching = self.matching(pattern, words, value, scope, clause.span);
            // The clauses after this one, at two places.
            let next = self.program.local();
            let others = || call(local_value(next, span), Vec::new(), span);
            let mut output = self.expr(output, &inner);
            if let Some(fender) = fender {
                let fender = self.expr(fender, &inner);
                output = choice(fender, output, others(), span);
            }
            let test = choice(local_value(matches, span), output, others(), span);
            let thunk = Expr {
                kind: ExprKind::Lambda(Vec::new(), None, Box::new(expr)),
                span,
            };
            let matched = let_expr(vec![(matches, matching)], test, span);
            expr = let_expr(vec![(next, thunk)], matched, span);
        }
        Ok(let_expr(vec![(value, subject)], expr, span))
    }

    /// `(with-syntax ((PATTERN EXPRESSION) …) BODY …)`
    pub(super) fn form_with_syntax(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let bad = |span| {
            malformed(
                span,
                "`with-syntax` takes ((PATTERN EXPRESSION) …) and a body",
            )
        };
        let [bindings, body @ ..] = rest else {
            return Err(bad(datum.span));
        };
        let span = datum.span;
        let mut inner = Rc::clone(scope);
        let mut bound = Vec::new();
        for binding in bindings.list().ok_or_else(|| bad(bindings.span))? {
            let Some([pattern, expression]) = binding.list() else {
                return Err(bad(binding.span));
            };
            let words = Words {
                ellipsis: None,
                literals: Vec::new(),
            };
            let subject = self.expr(expression, scope);
            let value = self.program.local();
            let (matches, pattern_scope) = self.pattern_scope(pattern, &words, &inner)?;
            let matching = self.matching(pattern, words, value, scope, binding.span);
            let failed =
                self.primitive_call("%syntax-no-match", vec![local_value(value, span)], span);
            let found = self.program.local();
            let test = choice(
                local_value(found, span),
                local_value(found, span),
                failed,
                span,
            );
            let checked = let_expr(vec![(found, matching)], test, span);
            bound.push((matches, let_expr(vec![(value, subject)], checked, span)));
            inner = pattern_scope;
        }
        let mut expr = self.body(body, span, &inner)?;
        for binding in bound.into_iter().rev() {
            expr = let_expr(vec![binding], expr, span);
        }
        Ok(expr)
    }

    /// The variable of what a pattern matches, and a scope with its variables.
    fn pattern_scope(
        &mut self,
        pattern: &Datum,
        words: &Words,
        scope: &Rc<Scope>,
    ) -> Expanded<(u32, Rc<Scope>)> {
        check_pattern(pattern, words)?;
        let matches = self.program.local();
        let inner = Scope::inside(scope);
        let mut variables = Vec::new();
        pattern_variables(pattern, words, 0, &mut variables);
        for (name, _) in variables {
            inner.bind(&name, Binding::Pattern(matches));
        }
        Ok((matches, inner))
    }

    fn matching(
        &mut self,
        pattern: &Datum,
        words: Words,
        value: u32,
        scope: &Rc<Scope>,
        span: Span,
    ) -> Expr {
        self.patterns.push(PatternForm {
            pattern: pattern.clone(),
            words,
            scope: Rc::clone(scope),
        });
        let number = self.number(self.patterns.len().saturating_sub(1), span);
        self.primitive_call(
            "%syntax-match",
            vec![number, local_value(value, span)],
            span,
        )
    }

    /// `(syntax TEMPLATE)`
    pub(super) fn form_syntax(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        match rest {
            [template] => Ok(self.template_expr(template, datum.span, scope)),
            _ => Err(malformed(datum.span, "`syntax` takes one template")),
        }
    }

    /// `(quasisyntax TEMPLATE)`: each hole becomes a variable.
    pub(super) fn form_quasisyntax(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let [template] = rest else {
            return Err(malformed(datum.span, "`quasisyntax` takes one template"));
        };
        let span = datum.span;
        let inner = Scope::inside(scope);
        let mut holes = Vec::new();
        let template = without_holes(template, 1, scope, &mut holes);
        let mut bound = Vec::new();
        for (name, hole, splices) in holes {
            let matches = self.program.local();
            inner.bind(&name, Binding::Pattern(matches));
            let value = self.expr(&hole, scope);
            let kind = Kind::Text(Rc::clone(&name));
            let name = self.quoted(&Datum { kind, span });
            let splices = self.boolean(splices, span);
            let matching = self.primitive_call("%syntax-bind", vec![name, value, splices], span);
            bound.push((matches, matching));
        }
        let mut expr = self.template_expr(&template, span, &inner);
        for binding in bound.into_iter().rev() {
            expr = let_expr(vec![binding], expr, span);
        }
        Ok(expr)
    }

    fn template_expr(&mut self, template: &Datum, span: Span, scope: &Rc<Scope>) -> Expr {
        let mut names = Vec::new();
        symbols(template, &mut names);
        let mut variables: Vec<(Rc<str>, usize)> = Vec::new();
        let mut locals: Vec<u32> = Vec::new();
        for name in names {
            if let Some(Binding::Pattern(local)) = scope.lookup(&name)
                && !variables.iter().any(|(other, _)| *other == name)
            {
                let position = locals.iter().position(|other| *other == local);
                let position = position.unwrap_or_else(|| {
                    locals.push(local);
                    locals.len().saturating_sub(1)
                });
                variables.push((name, position));
            }
        }
        self.templates.push(TemplateForm {
            template: template.clone(),
            scope: Rc::clone(scope),
            variables,
        });
        let mut arguments = vec![self.number(self.templates.len().saturating_sub(1), span)];
        arguments.extend(locals.into_iter().map(|local| local_value(local, span)));
        self.primitive_call("%syntax-fill", arguments, span)
    }

    /// What a pattern matches in a datum.
    pub(super) fn match_syntax(&self, number: usize, datum: &Datum) -> Option<Matches> {
        let form = self.patterns.get(number)?;
        let mut matches = Matches::new();
        Matcher {
            words: &form.words,
            definition: &form.scope,
            usage: &self.file,
        }
        .matches(&form.pattern, datum, &mut matches)
        .then_some(matches)
    }

    /// A template filled with what the patterns matched.
    pub(super) fn fill_syntax(&self, number: usize, found: &[Matches]) -> Expanded<(Datum, bool)> {
        let Some(form) = self.templates.get(number) else {
            return Err(malformed(self.current.span, "an unknown template"));
        };
        let mut matches = Matches::new();
        for (name, position) in &form.variables {
            if let Some(matched) = found.get(*position).and_then(|matches| matches.get(name)) {
                matches.insert(Rc::clone(name), matched.clone());
            }
        }
        let words = Words {
            ellipsis: None,
            literals: Vec::new(),
        };
        let datum = Template {
            words: &words,
            definition: &form.scope,
            span: self.current.span,
            number: self.current.number,
        }
        .fill(&form.template, &matches)?;
        Ok((datum, form.template.list().is_some()))
    }
}

impl Use {
    /// A new use of a macro.
    pub fn new(number: u32, span: Span) -> Self {
        Self { number, span }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.span
    }
}

/// A hole of a quasisyntax: the variable in its place, the expression, and
/// whether it has several values.
type Hole = (Rc<str>, Datum, bool);

/// A template with variables in the place of its holes.
fn without_holes(template: &Datum, level: u32, scope: &Scope, holes: &mut Vec<Hole>) -> Datum {
    let span = template.span;
    let level = match unsyntax(template, scope) {
        Some(("quasisyntax", _)) => level.saturating_add(1),
        Some(("unsyntax", inner)) if level == 1 => {
            return symbol(new_hole(inner, false, holes), span);
        }
        Some(("unsyntax" | "unsyntax-splicing", _)) => level.saturating_sub(1),
        _ => level,
    };
    let mut out = Vec::new();
    let mut each = |items: &[Datum], holes: &mut Vec<Hole>| {
        for item in items {
            match unsyntax(item, scope) {
                Some(("unsyntax-splicing", inner)) if level == 1 => {
                    out.push(symbol(new_hole(inner, true, holes), span));
                    out.push(symbol("...".into(), span));
                }
                _ => out.push(without_holes(item, level, scope, holes)),
            }
        }
    };
    let kind = match &template.kind {
        Kind::List(items) => {
            each(items, holes);
            Kind::List(out)
        }
        Kind::Vector(items) => {
            each(items, holes);
            Kind::Vector(out)
        }
        Kind::Dotted(items, tail) => {
            each(items, holes);
            Kind::Dotted(out, Box::new(without_holes(tail, level, scope, holes)))
        }
        other => other.clone(),
    };
    Datum { kind, span }
}

fn new_hole(inner: &Datum, splices: bool, holes: &mut Vec<Hole>) -> Rc<str> {
    let name: Rc<str> = format!("hole {}", holes.len()).into();
    holes.push((Rc::clone(&name), inner.clone(), splices));
    name
}

fn symbol(name: Rc<str>, span: Span) -> Datum {
    let kind = Kind::Symbol(name);
    Datum { kind, span }
}

/// `(unsyntax X)` and its kin: which, and X.
fn unsyntax<'d>(datum: &'d Datum, scope: &Scope) -> Option<(&'d str, &'d Datum)> {
    let Some([head, inner]) = datum.list() else {
        return None;
    };
    match special(head, scope)? {
        Special::QuasiSyntax | Special::Auxiliary => Some((base_name(head.symbol()?), inner)),
        _ => None,
    }
}

/// All symbols of a template.
fn symbols(datum: &Datum, out: &mut Vec<Rc<str>>) {
    match &datum.kind {
        Kind::Symbol(name) => out.push(Rc::clone(name)),
        Kind::List(items) | Kind::Vector(items) => {
            for item in items {
                symbols(item, out);
            }
        }
        Kind::Dotted(items, tail) => {
            for item in items.iter().chain([&**tail]) {
                symbols(item, out);
            }
        }
        _ => {}
    }
}
