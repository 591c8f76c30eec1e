//! The core program as text for the engine, with a map back to the file.

use std::collections::BTreeSet;

use super::{Expr, ExprKind, Program, is_of_the_file};
use crate::machines::source::Span;

/// Generated text and where its parts come from.
#[derive(Default)]
pub struct Text {
    /// The text.
    pub text: String,
    /// The constants that occur in it.
    pub constants: BTreeSet<u32>,
    /// The global variables that occur in it.
    pub globals: BTreeSet<u32>,
    /// Which stretch of it comes from where, inner ones before outer ones.
    map: Vec<(u32, u32, Span)>,
}

impl Text {
    /// The generated text of a stretch.
    pub fn slice(&self, start: u32, end: u32) -> &str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// What the smallest expression that encloses a stretch of the text comes
    /// from.
    pub fn origin(&self, start: u32, end: u32) -> Option<Span> {
        self.map
            .iter()
            .filter(|(from, to, _)| *from <= start && end <= *to)
            .min_by_key(|(from, to, _)| to.saturating_sub(*from))
            .map(|(_, _, span)| *span)
    }
}

/// Writes what is to be run of a program: library, then the forms of the file,
/// one top-level expression each.
///
/// Names: `a`, `b`, `bN` arguments and procedures that take them, `kN`
/// constants, `vN` locals, `wN` locals before they are boxed, `gN` globals,
/// `p.NAME` primitives.
pub fn emit(program: &mut Program) -> Text {
    let library = std::mem::take(&mut program.library);
    let initial = std::mem::take(&mut program.initial);
    let forms = std::mem::take(&mut program.forms);
    let sites: Vec<u32> = forms.iter().map(|form| program.site(form.span)).collect();
    let mut emitter = Emitter {
        program,
        single: false,
        thens: 0,
        out: Text::default(),
    };
    for (global, value) in library.iter().chain(&initial) {
        emitter.set_global(*global, value);
        emitter.push("\n");
    }
    // The library passes several values on as one.
    emitter.single = emitter.program.primitives.contains("values");
    for (site, form) in sites.into_iter().zip(&forms) {
        // What stands in no file happens where it is asked for.
        if is_of_the_file(form.span) {
            emitter.push(&format!("(p.%at {site})\n"));
        }
        emitter.expr(form);
        emitter.push("\n");
    }
    emitter.out
}

/// So deep second parts of `if` are nested as they are.
const THENS_MAX: u32 = 3;

struct Emitter<'a> {
    program: &'a Program,
    /// Several values may come where one is wanted, which takes the first.
    single: bool,
    /// How many second parts of an `if` stand around what is written.
    thens: u32,
    out: Text,
}

impl Emitter<'_> {
    fn push(&mut self, text: &str) {
        self.out.text.push_str(text);
    }

    fn name(&mut self, prefix: char, number: u32) {
        self.out.text.push(prefix);
        self.out.text.push_str(&number.to_string());
    }

    fn global(&mut self, global: u32) {
        self.out.globals.insert(global);
        self.name('g', global);
    }

    fn here(&self) -> u32 {
        u32::try_from(self.out.text.len()).unwrap_or(u32::MAX)
    }

    fn expr(&mut self, expr: &Expr) {
        let start = self.here();
        match &expr.kind {
            ExprKind::Constant(number) => {
                self.out.constants.insert(*number);
                self.name('k', *number);
            }
            ExprKind::Local(local, check) => self.checked(*check, |this| this.local(*local)),
            ExprKind::Global(global, check) => {
                self.checked(*check, |this| this.global(*global));
            }
            ExprKind::Primitive(name) => {
                self.push("p.");
                self.push(name);
            }
            ExprKind::Unbound(reference) => {
                self.push(&format!("(p.%unbound {reference})"));
            }
            ExprKind::Site(site, operator) => {
                self.push(&format!("(p.%site {site} "));
                self.expr(operator);
                self.push(")");
            }
            ExprKind::If(parts) => self.choice(parts),
            ExprKind::Lambda(parameters, rest, body) => self.lambda(parameters, *rest, body),
            ExprKind::Taking(signature, lambda) => {
                self.push("((lambda (b) (lambda a (p.%apply b (p.%lambda-args ");
                self.push(&format!("{signature} a)))) "));
                self.expr(lambda);
                self.push(")");
            }
            ExprKind::Choosing(cases, lambdas) => self.choosing(*cases, lambdas),
            ExprKind::Call(operator, arguments) => {
                self.push("(");
                self.expr(operator);
                self.arguments(arguments);
            }
            ExprKind::Let(bindings, body) => self.bindings(bindings, body),
            ExprKind::Letrec(locals, body) => self.letrec(locals, body),
            ExprKind::SetLocal(local, value) => {
                self.push("(p.set-strong-box! ");
                self.name('v', *local);
                self.push(" ");
                self.one(value);
                self.push(")");
            }
            ExprKind::SetGlobal(global, value) => self.set_global(*global, value),
            ExprKind::Sequence(parts) => {
                self.push("(begin");
                for part in parts {
                    self.push(" ");
                    self.expr(part);
                }
                self.push(")");
            }
            ExprKind::Machine(number, arguments) => {
                self.push(&format!("(p.%make-machine {number}"));
                self.arguments(arguments);
            }
        }
        self.out.map.push((start, self.here(), expr.span));
    }

    /// Expressions each after a space, then the closing parenthesis.
    fn arguments<'e>(&mut self, arguments: impl IntoIterator<Item = &'e Expr>) {
        for argument in arguments {
            self.push(" ");
            self.one(argument);
        }
        self.push(")");
    }

    /// An expression of which one value is wanted.
    fn one(&mut self, expr: &Expr) {
        if self.single && may_give_several(expr) {
            self.push("(p.%first ");
            self.expr(expr);
            self.push(")");
        } else {
            self.expr(expr);
        }
    }

    fn checked(&mut self, check: Option<u32>, value: impl FnOnce(&mut Self)) {
        match check {
            Some(reference) => {
                self.push("(p.%check ");
                value(self);
                self.push(&format!(" {reference})"));
            }
            None => value(self),
        }
    }

    fn local(&mut self, local: u32) {
        if self.program.is_boxed(local) {
            self.push("(p.unbox-strong ");
            self.name('v', local);
            self.push(")");
        } else {
            self.name('v', local);
        }
    }

    fn set_global(&mut self, global: u32, value: &Expr) {
        self.push("(set! ");
        self.global(global);
        self.push(" ");
        self.one(value);
        self.push(")");
    }

    fn lambda(&mut self, parameters: &[u32], rest: Option<u32>, body: &Expr) {
        self.push("(lambda ");
        if let ([], Some(rest)) = (parameters, rest) {
            self.name('w', rest);
        } else {
            self.push("(");
            for parameter in parameters {
                self.parameter(*parameter);
                self.push(" ");
            }
            if let Some(rest) = rest {
                self.push(". ");
                self.name('w', rest);
            }
            self.push(")");
        }
        self.push(" ");
        self.boxing(parameters, rest, body);
        self.push(")");
    }

    /// A pass of Steel's compiler (`FlipNotCondition`) goes through the second
    /// part of each `if` twice and never through the third, so the second
    /// parts must not be nested deep: it would take time to the power of two.
    fn choice(&mut self, [test, then, otherwise]: &[Expr; 3]) {
        let depth = self.thens;
        if depth < THENS_MAX || !has_choice(then) {
            self.push("(if ");
            self.one(test);
            self.push(" ");
            self.thens = depth.saturating_add(1);
            self.expr(then);
            self.push(" ");
            self.thens = 0;
            self.expr(otherwise);
        } else if !has_choice(otherwise) {
            self.push("(if (p.not ");
            self.one(test);
            self.push(") ");
            self.expr(otherwise);
            self.push(" ");
            self.thens = 0;
            self.expr(then);
        } else {
            self.push("((lambda (t) (if ");
            self.one(test);
            self.push(" (t) ");
            self.thens = 0;
            self.expr(otherwise);
            self.thens = depth;
            self.push(")) (lambda () ");
            self.expr(then);
            self.push(")");
        }
        self.push(")");
        self.thens = depth;
    }

    fn choosing(&mut self, cases: u32, lambdas: &[Expr]) {
        self.push("((lambda (");
        for number in 0..lambdas.len() {
            self.push(&format!("b{number} "));
        }
        self.push(&format!(") (lambda a (p.%apply (p.%choose {cases} a"));
        for number in 0..lambdas.len() {
            self.push(&format!(" b{number}"));
        }
        self.push(") a)))");
        self.arguments(lambdas);
    }

    fn bindings(&mut self, bindings: &[(u32, Expr)], body: &Expr) {
        if bindings.is_empty() {
            self.expr(body);
            return;
        }
        let locals: Vec<u32> = bindings.iter().map(|(local, _)| *local).collect();
        self.push("((lambda (");
        for local in &locals {
            self.parameter(*local);
            self.push(" ");
        }
        self.push(") ");
        self.boxing(&locals, None, body);
        self.push(")");
        self.arguments(bindings.iter().map(|(_, value)| value));
    }

    /// A parameter's name: another one for those that must be boxed first.
    fn parameter(&mut self, local: u32) {
        let prefix = if self.program.is_boxed(local) {
            'w'
        } else {
            'v'
        };
        self.name(prefix, local);
    }

    /// A body in which those of the parameters that are assigned are boxed,
    /// and the rest parameter is a list of our kind.
    fn boxing(&mut self, parameters: &[u32], rest: Option<u32>, body: &Expr) {
        let boxed: Vec<u32> = parameters
            .iter()
            .copied()
            .filter(|local| self.program.is_boxed(*local))
            .collect();
        if boxed.is_empty() && rest.is_none() {
            self.expr(body);
            return;
        }
        self.push("((lambda (");
        for local in boxed.iter().copied().chain(rest) {
            self.name('v', local);
            self.push(" ");
        }
        self.push(") ");
        self.expr(body);
        self.push(")");
        for local in boxed {
            self.push(" (p.box-strong ");
            self.name('w', local);
            self.push(")");
        }
        if let Some(rest) = rest {
            let is_boxed = self.program.is_boxed(rest);
            self.push(if is_boxed { " (p.box-strong" } else { "" });
            self.push(" (p.%list<-rest ");
            self.name('w', rest);
            self.push(if is_boxed { "))" } else { ")" });
        }
        self.push(")");
    }

    fn letrec(&mut self, locals: &[u32], body: &Expr) {
        if locals.is_empty() {
            self.expr(body);
            return;
        }
        self.push("((lambda (");
        for local in locals {
            self.name('v', *local);
            self.push(" ");
        }
        self.push(") ");
        self.expr(body);
        self.push(")");
        for _ in locals {
            self.push(" (p.box-strong unset)");
        }
        self.push(")");
    }
}

/// Tells whether an expression may have several values, or none: a call of
/// what is no procedure in Rust.
fn may_give_several(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(operator, _) => !matches!(
            operator.kind,
            ExprKind::Primitive(name) if !matches!(name, "values" | "%apply")
        ),
        ExprKind::If(parts) => parts.iter().skip(1).any(may_give_several),
        ExprKind::Sequence(parts) => parts.last().is_some_and(may_give_several),
        ExprKind::Let(_, body) | ExprKind::Letrec(_, body) => may_give_several(body),
        _ => false,
    }
}

/// Tells whether there is a choice in an expression.
fn has_choice(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::If(_) => true,
        ExprKind::Lambda(_, _, expr)
        | ExprKind::Taking(_, expr)
        | ExprKind::Site(_, expr)
        | ExprKind::Letrec(_, expr)
        | ExprKind::SetLocal(_, expr)
        | ExprKind::SetGlobal(_, expr) => has_choice(expr),
        ExprKind::Choosing(_, all) | ExprKind::Sequence(all) | ExprKind::Machine(_, all) => {
            all.iter().any(has_choice)
        }
        ExprKind::Call(operator, arguments) => {
            has_choice(operator) || arguments.iter().any(has_choice)
        }
        ExprKind::Let(bindings, body) => {
            bindings.iter().any(|(_, value)| has_choice(value)) || has_choice(body)
        }
        _ => false,
    }
}
