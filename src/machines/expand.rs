//! From data to the core program: resolves names, expands the special forms.
//!
//! Names are resolved here and nowhere else; the engine sees numbers. So a
//! file may call its variables as it likes, and a special form means what it
//! means where it stands. A form that is wrong becomes a finding and a
//! placeholder, so that one run finds all of them.

mod body;
mod branch;
mod build;
mod conditional;
mod definition;
mod files;
mod forms;
mod machine;
mod macros;
mod r#match;
mod modules;
mod procedural;
mod procedures;
mod promises;
mod quasi;
mod record_star;
mod scope;
mod session;
mod special;
mod syntax_case;
mod syntax_rules;
mod template;
mod values;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::core::{Constant, Expr, ExprKind, Program, is_of_the_file};
use super::datum::{Datum, Kind};
use super::diagnostic::Diagnostic;
use super::engine::{Failure, Interpreter, Value, opaque_value};
use super::reader::NESTING_MAX;
use super::source::{Sources, Span};
use build::{call, choice, is_without_effect, local_value, sequence};
use macros::{Macro, macro_of};
use modules::Modules;
use promises::Promises;
use scope::{Binding, Scope};
use special::Special;
use syntax_case::{PatternForm, TemplateForm, Use};

pub use macros::{MacroUse, MacroUses};
pub use modules::{known_module_of, missing_exports, supported_modules};
pub use scope::{base_name, stripped};
pub use session::{
    FileValue, Outcome, current_use, fill_syntax, fresh_identifier, has_module, import_module,
    is_defined, like, match_syntax, nested, nested_file, same_identifier,
};
pub use syntax_rules::{Matched, Matches};

/// What was found wrong, and where.
pub struct Finding {
    /// What.
    pub diagnostic: Diagnostic,
    /// Where.
    pub span: Span,
}

/// A form that is wrong, on its way to the findings.
struct Malformed(Box<Finding>);

type Expanded<T> = Result<T, Malformed>;

fn malformed(span: Span, message: impl Into<String>) -> Malformed {
    refused(Diagnostic::error("syntax", message), span)
}

fn refused(diagnostic: Diagnostic, span: Span) -> Malformed {
    Malformed(Box::new(Finding { diagnostic, span }))
}

impl Drop for Expander {
    fn drop(&mut self) {
        self.file.aliases().clear();
    }
}

/// How much deeper than the text a form may be that macros make.
const LEVELS_MORE: u32 = 1_000;

/// The state of an evaluation.
#[derive(Default)]
pub struct Expander {
    program: Program,
    findings: Vec<Finding>,
    modules: Modules,
    macros: Vec<Macro>,
    /// Name and definition of the file's macros, by number.
    macro_places: HashMap<u32, (Rc<str>, Span)>,
    macro_uses: MacroUses,
    promises: Promises,
    /// The names that the file defines at its top level, wherever.
    defined: HashSet<Rc<str>>,
    sources: Sources,
    /// What is there without an import.
    core: Rc<Scope>,
    /// The file's own definitions; imports are in between.
    file: Rc<Scope>,
    imports: Rc<Scope>,
    unspecified: u32,
    patterns: Vec<PatternForm>,
    templates: Vec<TemplateForm>,
    /// The use of a procedural macro that is being expanded.
    current: Use,
    /// The variables of the records whose thunked fields are being expanded.
    these: Vec<u32>,
    /// How many uses of macros stand inside each other here.
    depth: u32,
    /// How many uses of macros there were.
    uses: u32,
    /// Nothing is run any more.
    stopped: bool,
    /// How deep forms may be nested, and are here.
    nesting: u32,
    level: u32,
    /// How many files load each other here.
    files: u32,
    /// The interpreter is running.
    nested: bool,
    /// There as soon as something was run.
    interpreter: Option<Interpreter>,
    /// The value of the last form that was run.
    value: Option<Value>,
    /// Why the evaluation stopped.
    failure: Option<Failure>,
    /// The form that is being looked at.
    last: Span,
}

impl Expander {
    /// The state before the first form.
    pub fn new(sources: Sources) -> Self {
        let mut expander = Self::default();
        expander.unspecified = expander.program.constant(Constant::Unspecified);
        expander.core = Scope::beside(expander.modules.root());
        expander.imports = Scope::inside(&expander.core);
        expander.file = Scope::inside(&expander.imports);
        expander.sources = sources;
        expander.nesting = NESTING_MAX;
        expander.set_up();
        expander
    }

    fn find(&mut self, malformed: Malformed) {
        let mut finding = *malformed.0;
        let diagnostic = &mut finding.diagnostic;
        diagnostic.message = scope::without_marks(&diagnostic.message);
        self.findings.push(finding);
    }

    /// Expands an expression; never fails, see the module's description.
    fn expr(&mut self, datum: &Datum, scope: &Rc<Scope>) -> Expr {
        self.level = self.level.saturating_add(1);
        // Macros may nest what they give deeper than the reader allows.
        let result = if self.level > self.nesting.saturating_add(LEVELS_MORE) {
            Err(malformed(datum.span, "this is nested too deep"))
        } else {
            self.try_expr(datum, scope)
        };
        self.level = self.level.saturating_sub(1);
        match result {
            Ok(expr) => expr,
            Err(malformed) => {
                self.find(malformed);
                self.nothing(datum.span)
            }
        }
    }

    fn try_expr(&mut self, datum: &Datum, scope: &Rc<Scope>) -> Expanded<Expr> {
        match &datum.kind {
            Kind::Symbol(name) => self.reference(name, datum, scope),
            Kind::List(items) => match items.split_first() {
                None => Err(malformed(
                    datum.span,
                    "`()` is no expression: quote it, `'()`",
                )),
                Some((head, rest)) => match self.head_binding(head, scope) {
                    Some(Binding::Special(special)) => self.special(special, datum, rest, scope),
                    Some(Binding::Macro(number)) => self.macro_use(number, datum, scope),
                    None if self.is_syntax_elsewhere(head, scope) => {
                        // What stands in it is for that syntax to say.
                        Ok(self.expr(head, scope))
                    }
                    _ => {
                        let operator = self.expr(head, scope);
                        let operator = self.sited(operator, datum.span);
                        let arguments = rest.iter().map(|item| self.expr(item, scope)).collect();
                        Ok(self.applied(operator, arguments, datum.span))
                    }
                },
            },
            Kind::Dotted(..) => match macro_of(datum, scope) {
                Some(number) => self.macro_use(number, datum, scope),
                None => Err(malformed(
                    datum.span,
                    "a list with a dot is no expression: quote it",
                )),
            },
            _ => Ok(self.quoted(datum)),
        }
    }

    /// What has its effect when it is expanded.
    fn effect(
        &mut self,
        special: Special,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<()> {
        match special {
            Special::UseModules => self.form_import(rest, false),
            Special::Import => self.form_import(rest, true),
            Special::Export => self.form_export(rest),
            _ => self.form_add_to_load_path(datum, scope)?,
        }
        Ok(())
    }

    /// Forms in the place of an expression.
    fn spliced(&mut self, forms: &[Datum], span: Span, scope: &Rc<Scope>) -> Expr {
        if forms.is_empty() {
            return self.nothing(span);
        }
        self.expressions(forms, span, scope)
    }

    /// The use of a macro as an expression.
    fn macro_use(&mut self, number: u32, datum: &Datum, scope: &Rc<Scope>) -> Expanded<Expr> {
        self.deeper(datum.span)?;
        let expanded = self.expand_macro(number, datum, scope);
        let expr = expanded.map(|expanded| match expanded {
            Some(expanded) => self.expr(&expanded, scope),
            None => self.nothing(datum.span),
        });
        self.depth = self.depth.saturating_sub(1);
        expr
    }

    fn special(
        &mut self,
        special: Special,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        match special {
            Special::Quote => match rest {
                [quoted] => Ok(self.quoted(quoted)),
                _ => Err(malformed(datum.span, "`quote` takes one datum")),
            },
            Special::Quasiquote => match rest {
                [template] => Ok(self.quasiquote(template, scope)),
                _ => Err(malformed(datum.span, "`quasiquote` takes one datum")),
            },
            Special::If => self.form_if(datum, rest, scope),
            Special::Lambda => self.form_lambda(datum, rest, scope),
            Special::Set => self.form_set(datum, rest, scope),
            Special::Begin => self.form_begin(datum, rest, scope),
            Special::Let => self.form_let(datum, rest, scope),
            Special::LetStar => self.form_let_star(datum, rest, scope),
            Special::Letrec => self.form_letrec(datum, rest, scope),
            Special::Do => self.form_do(datum, rest, scope),
            Special::Cond => self.form_cond(datum, rest, scope),
            Special::Case => self.form_case(datum, rest, scope),
            Special::And => Ok(self.form_and(datum, rest, scope)),
            Special::Or => Ok(self.form_or(datum, rest, scope)),
            Special::When => self.form_when(datum, rest, scope, true),
            Special::Unless => self.form_when(datum, rest, scope, false),
            Special::At => self.form_at(datum, scope),
            Special::BuildMachine => Ok(self.form_build_machine(datum, rest, scope)),
            Special::MakeRecord | Special::ThisRecord => self.form_make_record(datum, rest, scope),
            Special::UseModules | Special::Import | Special::Export | Special::AddToLoadPath => {
                self.effect(special, datum, rest, scope)?;
                Ok(self.nothing(datum.span))
            }
            Special::Include => {
                let data = self.included(datum)?;
                Ok(self.spliced(&data, datum.span, scope))
            }
            Special::CondExpand => {
                let data = conditional::chosen(datum, rest)?;
                Ok(self.spliced(data, datum.span, scope))
            }
            Special::EvalWhen => {
                let body = rest.get(1..).unwrap_or_default();
                Ok(self.spliced(body, datum.span, scope))
            }
            Special::CurrentFilename => Ok(self.form_current_filename(datum)),
            Special::Load => self.form_load(datum, rest, scope),
            Special::LoadPath => {
                let operator = self.load_path(datum.span);
                Ok(call(operator, Vec::new(), datum.span))
            }
            Special::LetSyntax | Special::LetrecSyntax => {
                let recursive = special == Special::LetrecSyntax;
                let (inner, body) = self.local_macros(datum, rest, scope, recursive)?;
                self.body(body, datum.span, &inner)
            }
            Special::LambdaStar => self.form_lambda_star(datum, rest, scope),
            Special::CaseLambda => self.form_case_lambda(datum, rest, scope, false),
            Special::CaseLambdaStar => self.form_case_lambda(datum, rest, scope, true),
            Special::LetValues => self.form_let_values(datum, rest, scope, false),
            Special::LetStarValues => self.form_let_values(datum, rest, scope, true),
            Special::Receive => self.form_receive(datum, rest, scope),
            Special::While => self.form_while(datum, rest, scope),
            Special::Match(form) => self.form_match(form, datum, rest, scope),
            Special::Define
            | Special::DefineStar
            | Special::DefineValues
            | Special::DefineSyntax
            | Special::DefineSyntaxRule
            | Special::DefineMacro
            | Special::DefineModule => Err(malformed(
                datum.span,
                "a definition stands where only an expression can",
            )),
            Special::Unquote => Err(malformed(datum.span, "`unquote` outside a quasiquote")),
            Special::Auxiliary => Err(malformed(
                datum.span,
                format!("`{}` stands where it has no meaning", head_name(datum)),
            )),
            Special::SyntaxCase => self.form_syntax_case(datum, rest, scope),
            Special::WithSyntax => self.form_with_syntax(datum, rest, scope),
            Special::Syntax => self.form_syntax(datum, rest, scope),
            Special::QuasiSyntax => self.form_quasisyntax(datum, rest, scope),
            Special::SyntaxParameterize => self.form_syntax_parameterize(datum, rest, scope),
            Special::SyntaxError => Err(said_by_macro(datum, rest)),
            Special::SyntaxRules | Special::IdentifierSyntax => Err(malformed(
                datum.span,
                "a macro's rules stand where only an expression can",
            )),
            Special::Unsupported => Err(refused(
                Diagnostic::error(
                    "unsupported",
                    format!(
                        "`{}` is known to Guile but not supported here",
                        head_name(datum)
                    ),
                ),
                datum.span,
            )),
        }
    }

    /// A call. Guile evaluates the operator first, Steel last, so one that
    /// can be seen to be evaluated is bound before the arguments are; so is a
    /// lambda that Steel would apply on the spot and wrongly.
    fn applied(&mut self, operator: Expr, arguments: Vec<Expr>, span: Span) -> Expr {
        let effects = !arguments.iter().all(is_without_effect);
        match &operator.kind {
            ExprKind::Lambda(parameters, None, _) if parameters.len() == arguments.len() => {
                return call(operator, arguments, span);
            }
            ExprKind::Lambda(..) => {}
            ExprKind::Unbound(_) => return operator,
            ExprKind::Local(local, Some(_)) if effects => {
                let checked = local_value(*local, operator.span);
                return sequence(vec![operator, call(checked, arguments, span)], span);
            }
            ExprKind::Global(global, Some(_)) if effects => {
                let checked = Expr {
                    kind: ExprKind::Global(*global, None),
                    span: operator.span,
                };
                return sequence(vec![operator, call(checked, arguments, span)], span);
            }
            _ if effects && !is_without_effect(&operator) => {}
            _ => return call(operator, arguments, span),
        }
        let local = self.program.local();
        let bound = call(local_value(local, operator.span), arguments, span);
        forms::let_expr(vec![(local, operator)], bound, span)
    }

    /// An operator that notes the place of the call, if it is a procedure of
    /// the library and the file calls it: an error in there is one of here.
    fn sited(&mut self, operator: Expr, span: Span) -> Expr {
        match operator.kind {
            ExprKind::Global(global, _)
                if self.modules.has_reached(global) && is_of_the_file(span) =>
            {
                let site = self.program.site(span);
                let span = operator.span;
                Expr {
                    kind: ExprKind::Site(site, Box::new(operator)),
                    span,
                }
            }
            _ => operator,
        }
    }

    /// The value of a variable.
    fn reference(&mut self, name: &Rc<str>, datum: &Datum, scope: &Rc<Scope>) -> Expanded<Expr> {
        let span = datum.span;
        let kind = match scope.lookup(name) {
            Some(Binding::Local(local)) => {
                let pending = self.program.local_mut(local).is_some_and(|local| {
                    local.referenced = true;
                    local.pending
                });
                ExprKind::Local(local, self.check(pending, name, span))
            }
            Some(Binding::Global(global)) => {
                let pending = self
                    .program
                    .global_mut(global)
                    .is_some_and(|global| global.pending);
                ExprKind::Global(global, self.check(pending, name, span))
            }
            Some(Binding::Library(global)) => {
                self.modules.reach(global);
                ExprKind::Global(global, None)
            }
            Some(Binding::Primitive(name)) => {
                self.program.primitives.insert(name);
                ExprKind::Primitive(name)
            }
            Some(Binding::Special(Special::Unsupported)) => {
                return Err(refused(
                    Diagnostic::error(
                        "unsupported",
                        format!("`{name}` is known to Guile but not supported here"),
                    ),
                    span,
                ));
            }
            Some(Binding::Macro(number)) if self.is_identifier_macro(number) => {
                return self.macro_use(number, datum, scope);
            }
            Some(Binding::Special(Special::LoadPath)) => return Ok(self.load_path(span)),
            Some(Binding::Special(Special::ThisRecord)) => return self.this_record(span),
            Some(Binding::Special(Special::Load)) => {
                return self.load_procedure(datum, scope);
            }
            Some(Binding::Pattern(_)) => {
                return Err(malformed(
                    span,
                    format!("the pattern variable `{name}` stands outside of a template"),
                ));
            }
            Some(Binding::Special(_) | Binding::Macro(_)) => {
                return Err(malformed(
                    span,
                    format!(
                        "`{name}` is syntax and no procedure: it can only stand first in a list"
                    ),
                ));
            }
            None if opaque_value(name).is_some() => return Ok(self.quoted(datum)),
            None => self.promise(name, span, scope),
        };
        Ok(Expr { kind, span })
    }

    /// The value of a variable that is not mentioned.
    fn reference_to(&mut self, name: &Rc<str>, scope: &Rc<Scope>) -> Option<Expr> {
        let datum = Datum {
            kind: Kind::Symbol(Rc::clone(name)),
            span: Span::default(),
        };
        self.reference(name, &datum, scope).ok()
    }

    fn check(&mut self, pending: bool, name: &Rc<str>, span: Span) -> Option<u32> {
        pending.then(|| self.program.reference(Rc::clone(name), span, false))
    }

    /// A datum as a constant.
    fn quoted(&mut self, datum: &Datum) -> Expr {
        let datum = if self.uses == 0 {
            datum.clone()
        } else {
            scope::stripped(datum)
        };
        let span = datum.span;
        let number = self.program.constant(Constant::Datum(datum));
        Expr {
            kind: ExprKind::Constant(number),
            span,
        }
    }

    /// The unspecified value.
    fn nothing(&self, span: Span) -> Expr {
        Expr {
            kind: ExprKind::Constant(self.unspecified),
            span,
        }
    }

    /// A call of a procedure in Rust that the file did not name.
    fn primitive_call(&mut self, name: &'static str, arguments: Vec<Expr>, span: Span) -> Expr {
        self.program.primitives.insert(name);
        let operator = Expr {
            kind: ExprKind::Primitive(name),
            span,
        };
        call(operator, arguments, span)
    }
}

/// The special form that a list's head names.
fn special(head: &Datum, scope: &Scope) -> Option<Special> {
    match scope.lookup(head.symbol()?) {
        Some(Binding::Special(special)) => Some(special),
        _ => None,
    }
}

/// Tells whether this is the word `else` or `=>` in its usual meaning.
fn is_word(datum: &Datum, word: &str, scope: &Scope) -> bool {
    special(datum, scope) == Some(Special::Auxiliary)
        && datum
            .symbol()
            .is_some_and(|name| scope::base_name(name) == word)
}

fn head_name(datum: &Datum) -> &str {
    datum
        .list()
        .and_then(<[Datum]>::first)
        .and_then(Datum::symbol)
        .map_or("?", |name| name)
}

/// `(syntax-error MESSAGE DATUM …)`
fn said_by_macro(datum: &Datum, rest: &[Datum]) -> Malformed {
    let parts: Vec<String> = rest
        .iter()
        .map(|part| match &part.kind {
            Kind::Text(text) => text.to_string(),
            _ => scope::stripped(part).written(),
        })
        .collect();
    malformed(datum.span, parts.join(" "))
}

#[cfg(test)]
mod procedural_tests;
#[cfg(test)]
mod syntax_tests;
#[cfg(test)]
mod tests;
