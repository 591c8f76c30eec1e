//! Macros that are procedures: they run in the interpreter while the file is
//! expanded.

use std::rc::Rc;

use super::macros::{Macro, defined_name};
use super::scope::stripped;
use super::syntax_case::Use;
use super::{Binding, Expanded, Expander, Scope, call, malformed};
use crate::machines::builtin::evaluation::{datum_at, datum_of_macro};
use crate::machines::builtin::syntax::syntax_value;
use crate::machines::core::Expr;
use crate::machines::datum::{Datum, Kind};
use crate::machines::engine::{self, Value, opaque};
use crate::machines::source::Span;

/// A macro gives no form that is nested deeper.
const DEPTH_MAX: usize = 1_000;

impl Expander {
    /// What a procedure makes of a form.
    pub(super) fn apply_procedure(
        &mut self,
        procedure: &Value,
        datum: &Datum,
        scope: &Rc<Scope>,
    ) -> Expanded<Option<Datum>> {
        let span = datum.span;
        let number = scope.aliases().fresh();
        let before = std::mem::replace(&mut self.current, Use::new(number, span));
        let Ok(syntax) = syntax_value(datum) else {
            return Ok(None);
        };
        let operator = self.value_expr(procedure, span);
        let argument = self.value_expr(&syntax, span);
        let value = self.run_now(call(operator, vec![argument], span));
        self.current = before;
        let Some(value) = value else {
            return Ok(None);
        };
        match datum_at(&value, span, DEPTH_MAX) {
            Ok(datum) => Ok(Some(datum)),
            Err(_) => Err(malformed(span, "what this macro gives is no form")),
        }
    }

    /// What a procedure makes of the items of a form after the first, which it
    /// gets as data.
    pub(super) fn apply_plain(
        &mut self,
        procedure: &Value,
        datum: &Datum,
    ) -> Expanded<Option<Datum>> {
        let span = datum.span;
        let datum = stripped(datum);
        let Some((_, items)) = datum.list().and_then(<[Datum]>::split_first) else {
            return Err(malformed(span, "this use of a macro is no list"));
        };
        let operator = self.value_expr(procedure, span);
        let arguments = items.iter().map(|item| self.quoted(item)).collect();
        let Some(value) = self.run_now(call(operator, arguments, span)) else {
            return Ok(None);
        };
        // What the constants were is asked of the program.
        engine::hold(std::mem::take(&mut self.program));
        let made = datum_of_macro(&value, span);
        self.program = engine::release();
        match made {
            Ok(datum) => Ok(Some(datum)),
            Err(_) => Err(malformed(span, "what this macro gives is no form")),
        }
    }

    /// An expression for a value that is there already.
    fn value_expr(&mut self, value: &Value, span: Span) -> Expr {
        let kind = Kind::Symbol(opaque(value));
        self.quoted(&Datum { kind, span })
    }

    /// `(define-macro (NAME . PARAMETERS) BODY …)`, `(define-macro NAME
    /// PROCEDURE)` or `(defmacro NAME PARAMETERS BODY …)`
    pub(super) fn define_plain_macro(&mut self, datum: &Datum, scope: &Rc<Scope>, into: &Scope) {
        let items = datum.list().unwrap_or_default();
        let procedure = match items {
            [_, name, procedure] if name.symbol().is_some() => Ok(self.expr(procedure, scope)),
            [_, name, parameters, body @ ..] if name.symbol().is_some() => {
                self.lambda_star(parameters, body, datum.span, scope)
            }
            [_, _, _, ..] => Ok(self.definition_value(datum, scope)),
            _ => Err(malformed(
                datum.span,
                "`define-macro` takes (NAME PARAMETER …) and a body",
            )),
        };
        let Some(name) = defined_name(datum) else {
            self.find(malformed(datum.span, "this macro has no name"));
            return;
        };
        let definition = match procedure.map(|procedure| self.run_now(procedure)) {
            Ok(Some(procedure)) => Macro::Plain(procedure),
            Ok(None) => Macro::Broken,
            Err(malformed) => {
                self.find(malformed);
                Macro::Broken
            }
        };
        let binding = self.new_macro(definition);
        into.bind(&name, binding);
    }

    /// `(syntax-parameterize ((NAME TRANSFORMER) …) BODY …)`: the macro is
    /// another one for as long as the body is expanded.
    pub(super) fn form_syntax_parameterize(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let bad = |span| malformed(span, "this needs ((NAME TRANSFORMER) …) and a body");
        let (bindings, body) = rest.split_first().ok_or_else(|| bad(datum.span))?;
        let mut replaced = Vec::new();
        for binding in bindings.list().ok_or_else(|| bad(bindings.span))? {
            let Some([name, transformer]) = binding.list() else {
                return Err(bad(binding.span));
            };
            let known = name.symbol().and_then(|name| scope.lookup(name));
            let Some(Binding::Macro(number)) = known else {
                return Err(malformed(name.span, "this is no syntax parameter"));
            };
            replaced.push((number, self.transformer(transformer, scope)?));
        }
        self.exchange(&mut replaced);
        let expr = self.body(body, datum.span, scope);
        self.exchange(&mut replaced);
        expr
    }

    fn exchange(&mut self, macros: &mut [(u32, Macro)]) {
        for (number, definition) in macros {
            if let Some(slot) = self.macros.get_mut(*number as usize) {
                std::mem::swap(slot, definition);
            }
        }
    }
}
