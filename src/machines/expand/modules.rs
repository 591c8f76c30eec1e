//! Modules: what a file may import, and from where it comes.
//!
//! A module is a file in `scheme/`, named after it. Its first form says what
//! it exports (`#:export`, each a name or `(INSIDE . OUTSIDE)`) and what it
//! imports (`#:use-module`, with the usual options); what it neither defines
//! nor imports is of (guile), a procedure in Rust, or a special form. Only
//! definitions that the machine file reaches are even parsed, and compiled:
//! each costs the engine 0.2 ms. So:
//!
//! - Each top-level form begins with `(` in column 0, and nothing else does.
//! - `define`, `define*`, `define-syntax` with `syntax-rules`, and
//!   `define-syntax-rule` are looked at when their name is reached. Macros
//!   may use whatever their module sees, exported or not, and each other.
//! - Any other form is expanded when the module is loaded and must come to
//!   definitions, like `define-record-type`.
//! - Values must be procedures: the order of definitions is not kept.
//! - An error in a form that a macro made is reported at the use of the macro.

mod files;
mod known;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::macros::{Macro, macro_of};
use super::special::{MODULE_SPECIALS, SPECIALS, Special};
use super::{Binding, Expanded, Expander, Malformed, Scope, call, malformed, refused, special};
use crate::machines::builtin;
use crate::machines::core::{Expr, ExprKind, LIBRARY};
use crate::machines::datum::{Datum, Kind};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::reader;
use crate::machines::source::{Sources, Span};

pub use known::known_module_of;

/// The modules by name, each with its text.
const FILES: &[(&str, &str)] = &[
    (
        "(guile)",
        concat!(
            include_str!("../../../scheme/guile.scm"),
            include_str!("../../../scheme/guile/lists.scm"),
            include_str!("../../../scheme/guile/strings.scm"),
            include_str!("../../../scheme/guile/vectors.scm"),
            include_str!("../../../scheme/guile/ports.scm"),
            include_str!("../../../scheme/guile/control.scm"),
        ),
    ),
    (
        "(guix offload)",
        include_str!("../../../scheme/guix/offload.scm"),
    ),
    (
        "(guix scripts offload)",
        include_str!("../../../scheme/guix/scripts/offload.scm"),
    ),
    (
        "(ice-9 rdelim)",
        include_str!("../../../scheme/ice-9/rdelim.scm"),
    ),
    (
        "(ice-9 textual-ports)",
        include_str!("../../../scheme/ice-9/textual-ports.scm"),
    ),
    (
        "(srfi srfi-1)",
        include_str!("../../../scheme/srfi/srfi-1.scm"),
    ),
];

/// All modules, also those of control.
fn all_files() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    FILES.iter().chain(files::CONTROL).chain(files::DATA)
}

/// The names of the modules that a file may import.
pub fn supported_modules() -> impl Iterator<Item = &'static str> {
    all_files().map(|(name, _)| *name)
}

/// The exports of a module that nothing defines; there should be none.
pub fn missing_exports(module: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let mut expander = Expander::new(&mut sources);
    let Some(found) = expander.module(module) else {
        return vec![module.to_owned()];
    };
    let Some((_, text)) = all_files().find(|(name, _)| *name == module) else {
        return Vec::new();
    };
    let header = top_level_forms(text).next().and_then(parse_definition);
    let names = header.as_ref().map(exported_names).unwrap_or_default();
    names
        .iter()
        .filter(|(_, outside)| !found.contains_key(outside))
        .map(|(_, outside)| outside.to_string())
        .collect()
}

/// The modules loaded so far and what is to be compiled of them.
#[derive(Default)]
pub struct Modules {
    loaded: HashMap<&'static str, Rc<Exports>>,
    definitions: HashMap<u32, (Definition, Rc<Scope>)>,
    /// Being loaded: a module that imports itself sees nothing of itself.
    loading: Vec<&'static str>,
    reached: HashSet<u32>,
    queue: Vec<u32>,
    /// All procedures in Rust and all special forms; only modules see it.
    root: Rc<Scope>,
    /// What (guile) defines, for the other modules.
    base: Option<Rc<Scope>>,
    /// A module was asked for that is not here: unbound names are no news.
    missing: bool,
}

type Exports = HashMap<Rc<str>, Binding>;

/// A definition of the library.
enum Definition {
    /// Not looked at yet.
    Text(&'static str),
    /// What a macro made of something.
    Datum(Datum),
}

/// Parses one form of the library.
pub(super) fn parse_definition(text: &str) -> Option<Datum> {
    reader::Reader::new(text, LIBRARY, reader::NESTING_MAX)
        .read()
        .ok()?
}

impl Modules {
    /// Notes that a definition of the library is needed.
    pub(super) fn reach(&mut self, global: u32) {
        if self.reached.insert(global) {
            self.queue.push(global);
        }
    }

    /// Tells whether this is a procedure of the library.
    pub(super) fn has_reached(&self, global: u32) -> bool {
        self.reached.contains(&global)
    }

    /// All procedures in Rust and all special forms.
    pub(super) fn root(&self) -> &Scope {
        &self.root
    }

    /// Tells whether a module that the file asks for is missing.
    pub(super) fn lacks_one(&self) -> bool {
        self.missing
    }
}

impl Expander<'_> {
    /// Makes what is there without an import.
    pub(super) fn set_up(&mut self) {
        for (name, special) in SPECIALS {
            let name = Rc::from(*name);
            self.modules.root.bind(&name, Binding::Special(*special));
            self.core.bind(&name, Binding::Special(*special));
        }
        for (name, special) in MODULE_SPECIALS {
            self.modules
                .root
                .bind(&Rc::from(*name), Binding::Special(*special));
        }
        for name in builtin::names() {
            self.modules
                .root
                .bind(&Rc::from(name), Binding::Primitive(name));
        }
        for module in ["(guile)", "(guix scripts offload)"] {
            if let Some(exports) = self.module(module) {
                for (name, binding) in &*exports {
                    self.core.bind(name, *binding);
                }
            }
        }
    }

    /// Expands what the file needs of the library.
    pub(super) fn library(&mut self) {
        while let Some(global) = self.modules.queue.pop() {
            let Some((definition, scope)) = self.modules.definitions.remove(&global) else {
                continue;
            };
            let datum = match definition {
                Definition::Text(text) => parse_definition(text),
                Definition::Datum(datum) => Some(datum),
            };
            if let Some(datum) = datum {
                let value = self.definition_value(&datum, &scope);
                self.program.library.push((global, value));
            }
        }
    }

    /// What a module exports; `None` if there is no such module.
    fn module(&mut self, name: &str) -> Option<Rc<Exports>> {
        let (name, text) = all_files().find(|(known, _)| *known == name)?;
        if let Some(exports) = self.modules.loaded.get(name) {
            return Some(Rc::clone(exports));
        }
        if self.modules.loading.contains(name) {
            return Some(Rc::default());
        }
        self.modules.loading.push(name);
        let exports = self.load_module(name, text).map(Rc::new);
        self.modules.loading.pop();
        let exports = exports?;
        self.modules.loaded.insert(name, Rc::clone(&exports));
        Some(exports)
    }

    fn load_module(&mut self, name: &str, text: &'static str) -> Option<Exports> {
        let mut forms = top_level_forms(text);
        let header = parse_definition(forms.next()?)?;
        let parent = self.modules.base.as_ref().unwrap_or(&self.modules.root);
        let imports = Scope::inside(parent);
        for spec in header_imports(&header) {
            if let Err(malformed) = self.import(spec, &imports) {
                self.find(malformed);
            }
        }
        let scope = Scope::inside(&imports);
        let mut others = Vec::new();
        for form in forms {
            match indexed(form) {
                Some((name, true)) => {
                    let binding = self.new_macro(Macro::Unparsed(form, Rc::clone(&scope)));
                    scope.bind(&name.into(), binding);
                }
                Some((name, false)) => {
                    self.library_definition(&name.into(), Definition::Text(form), &scope);
                }
                None => others.push(form),
            }
        }
        if name == "(guile)" {
            self.modules.base = Some(Rc::clone(&scope));
        }
        for form in others {
            let datum = parse_definition(form)?;
            self.library_form(datum, &scope);
        }
        Some(exports(&header, &scope))
    }

    fn library_definition(&mut self, name: &Rc<str>, definition: Definition, scope: &Rc<Scope>) {
        let global = self.program.global(Rc::clone(name), false);
        scope.bind(name, Binding::Library(global));
        self.modules
            .definitions
            .insert(global, (definition, Rc::clone(scope)));
    }

    /// A form of the library that must come to definitions.
    fn library_form(&mut self, datum: Datum, scope: &Rc<Scope>) {
        if let Some(number) = macro_of(&datum, scope) {
            match self.expand_macro(number, &datum, scope) {
                Ok(Some(datum)) => self.library_form(datum, scope),
                Ok(None) => {}
                Err(malformed) => self.find(malformed),
            }
            return;
        }
        let Some((head, rest)) = datum.list().and_then(<[Datum]>::split_first) else {
            return;
        };
        match special(head, scope) {
            Some(Special::Begin) => {
                for datum in rest {
                    self.library_form(datum.clone(), scope);
                }
            }
            Some(Special::DefineSyntax | Special::DefineSyntaxRule) => {
                self.define_macro(&datum, scope, scope);
            }
            _ => match defined_name(&datum) {
                Some(name) => self.library_definition(&name, Definition::Datum(datum), scope),
                None => self.find(malformed(datum.span, "a module can only have definitions")),
            },
        }
    }

    /// `(use-modules SPEC …)`
    pub(super) fn form_use_modules(&mut self, _datum: &Datum, specs: &[Datum]) {
        for spec in specs {
            let imports = Rc::clone(&self.imports);
            if let Err(malformed) = self.import(spec, &imports) {
                self.find(malformed);
            }
        }
        let imports = Rc::clone(&self.imports);
        self.keep_promises(&imports);
    }

    /// `(define-module NAME #:use-module SPEC …)`
    pub(super) fn form_define_module(&mut self, datum: &Datum, rest: &[Datum]) {
        if rest.is_empty() {
            self.find(malformed(datum.span, "`define-module` needs a name"));
            return;
        }
        let imports = Rc::clone(&self.imports);
        for spec in header_imports(datum) {
            if let Err(malformed) = self.import(spec, &imports) {
                self.find(malformed);
            }
        }
    }

    /// `NAME` or `(NAME #:select … #:prefix … #:hide … #:renamer …)`
    fn import(&mut self, spec: &Datum, into: &Scope) -> Expanded<()> {
        let bad = || malformed(spec.span, "a module's name is a list such as (srfi srfi-1)");
        let items = spec.list().ok_or_else(bad)?;
        let (name, options) = match items.first() {
            Some(first) if first.list().is_some() => (first, items.get(1..).unwrap_or_default()),
            Some(_) => (spec, &[][..]),
            None => return Err(bad()),
        };
        let exports = self.module_named(name)?;
        let mut selection: Vec<(Rc<str>, Binding)> = exports
            .iter()
            .map(|(name, binding)| (Rc::clone(name), *binding))
            .collect();
        let mut options = options.iter();
        while let Some(option) = options.next() {
            let Some(value) = options.next() else {
                return Err(malformed(option.span, "this option needs a value"));
            };
            match keyword(option) {
                Some("select") => selection = select(value, name, &exports)?,
                Some("hide") => {
                    let hidden = value.list().unwrap_or_default();
                    selection.retain(|(name, _)| !hidden.iter().any(|item| item.is_symbol(name)));
                }
                Some("prefix") => prefix(&mut selection, value)?,
                Some("renamer") => prefix(&mut selection, renamer_prefix(value)?)?,
                Some("version") => {}
                _ => return Err(malformed(option.span, "unknown option of an import")),
            }
        }
        for (name, binding) in selection {
            into.bind(&name, binding);
        }
        Ok(())
    }

    /// A call of a procedure that every module sees.
    pub(super) fn library_call(&mut self, name: &str, arguments: Vec<Expr>, span: Span) -> Expr {
        let base = self.modules.base.as_ref().unwrap_or(&self.modules.root);
        let base = Rc::clone(base);
        match self.reference_to(&name.into(), &base) {
            Some(operator) => {
                let operator = self.sited(operator, span);
                call(operator, arguments, span)
            }
            None => self.nothing(span),
        }
    }

    /// `(@ MODULE NAME)`
    pub(super) fn form_at(&mut self, datum: &Datum, rest: &[Datum]) -> Expanded<Expr> {
        let [module, name] = rest else {
            return Err(malformed(datum.span, "`@` takes a module and a name"));
        };
        let exports = self.module_named(module)?;
        let symbol = name
            .symbol()
            .ok_or_else(|| malformed(name.span, "`@` takes a module and a name"))?;
        let kind = match exports.get(symbol) {
            Some(Binding::Library(global)) => {
                self.modules.reach(*global);
                ExprKind::Global(*global, None)
            }
            Some(Binding::Primitive(primitive)) => {
                self.program.primitives.insert(primitive);
                ExprKind::Primitive(primitive)
            }
            Some(_) => {
                return Err(malformed(
                    name.span,
                    format!("`{symbol}` is syntax and no procedure"),
                ));
            }
            None => return Err(no_binding(name, symbol, module)),
        };
        Ok(Expr {
            kind,
            span: datum.span,
        })
    }

    fn module_named(&mut self, name: &Datum) -> Expanded<Rc<Exports>> {
        let written = name.written();
        if let Some(exports) = self.module(&written) {
            return Ok(exports);
        }
        self.modules.missing = true;
        let diagnostic = if known::is_known_module(&written) {
            Diagnostic::error(
                "unsupported-module",
                format!("the module {written} is known to Guile but not supported here"),
            )
        } else {
            let diagnostic =
                Diagnostic::error("unknown-module", format!("no code for module {written}"));
            if written.starts_with("(gnu ") || written == "(guix deploy)" {
                diagnostic.with_help(
                    "machines.scm is not a file for `guix deploy` or `guix system`: it lists \
                     (build-machine …) forms",
                )
            } else {
                diagnostic
            }
        };
        Err(refused(diagnostic, name.span))
    }
}

/// The names of the `#:export` of a module's header, each as it is bound
/// inside, or `(INSIDE . OUTSIDE)`.
///
/// Those of its `#:interface` are all that Guile's module has; what is not
/// bound here is said to be not supported.
fn exports(header: &Datum, scope: &Scope) -> Exports {
    let unsupported = Binding::Special(Special::Unsupported);
    let interface = names_after(header, "interface")
        .into_iter()
        .map(|(inside, outside)| (outside, scope.lookup(&inside).unwrap_or(unsupported)));
    exported_names(header)
        .into_iter()
        .filter_map(|(inside, outside)| Some((outside, scope.lookup(&inside)?)))
        .chain(interface)
        .collect()
}

/// The exported names: as bound inside, as seen from outside.
fn exported_names(header: &Datum) -> Vec<(Rc<str>, Rc<str>)> {
    names_after(header, "export")
}

/// The names that follow a keyword of a header.
fn names_after(header: &Datum, word: &str) -> Vec<(Rc<str>, Rc<str>)> {
    let items = header.list().unwrap_or_default();
    let names = items
        .iter()
        .skip_while(|item| keyword(item) != Some(word))
        .nth(1)
        .and_then(Datum::list)
        .unwrap_or_default();
    names
        .iter()
        .filter_map(|item| match &item.kind {
            Kind::Symbol(name) => Some((Rc::clone(name), Rc::clone(name))),
            Kind::Dotted(inside, outside) => {
                let inside = inside.first().and_then(Datum::symbol)?;
                Some((Rc::clone(inside), Rc::clone(outside.symbol()?)))
            }
            _ => None,
        })
        .collect()
}

/// The forms of a module's text: each begins a line.
fn top_level_forms(text: &'static str) -> impl Iterator<Item = &'static str> {
    let mut rest = match text.strip_prefix('(') {
        Some(_) => Some(text),
        None => text
            .find("\n(")
            .and_then(|at| text.get(at.saturating_add(1)..)),
    };
    std::iter::from_fn(move || {
        let this = rest?;
        let end = this.find("\n(").map(|at| at.saturating_add(1));
        rest = end.and_then(|end| this.get(end..));
        this.get(..end.unwrap_or(this.len()))
    })
}

/// The name that a form defines, and whether as a macro, if both can be seen
/// without reading the form.
fn indexed(form: &str) -> Option<(&str, bool)> {
    let (word, rest) = form.strip_prefix('(')?.split_once([' ', '\n'])?;
    let is_macro = match word {
        "define" | "define*" => false,
        "define-syntax" | "define-syntax-rule" => true,
        _ => return None,
    };
    let rest = rest.trim_start().trim_start_matches('(');
    let end = rest.find([' ', '\n', '(', ')'])?;
    Some((rest.get(..end)?, is_macro))
}

/// The name that `(define NAME …)` or `(define (NAME …) …)` defines.
fn defined_name(datum: &Datum) -> Option<Rc<str>> {
    match &datum.list()?.get(1)?.kind {
        Kind::Symbol(name) => Some(Rc::clone(name)),
        Kind::List(items) | Kind::Dotted(items, _) => items.first()?.symbol().cloned(),
        _ => None,
    }
}

/// The modules that a header imports.
fn header_imports(header: &Datum) -> impl Iterator<Item = &Datum> {
    let items = header.list().unwrap_or_default();
    items
        .iter()
        .zip(items.iter().skip(1))
        .filter(|(option, _)| keyword(option) == Some("use-module"))
        .map(|(_, spec)| spec)
}

fn keyword(datum: &Datum) -> Option<&str> {
    match &datum.kind {
        Kind::Keyword(name) => Some(name),
        _ => None,
    }
}

/// `#:select (a (b . c))`
fn select(value: &Datum, module: &Datum, exports: &Exports) -> Expanded<Vec<(Rc<str>, Binding)>> {
    let bad = |datum: &Datum| malformed(datum.span, "`#:select` takes a list of names");
    let mut selection = Vec::new();
    for item in value.list().ok_or_else(|| bad(value))? {
        let (outer, inner) = match &item.kind {
            Kind::Symbol(name) => (name, name),
            Kind::Dotted(front, tail) => front
                .first()
                .and_then(Datum::symbol)
                .zip(tail.symbol())
                .ok_or_else(|| bad(item))?,
            _ => return Err(bad(item)),
        };
        let binding = exports
            .get(outer)
            .ok_or_else(|| no_binding(item, outer, module))?;
        selection.push((Rc::clone(inner), *binding));
    }
    Ok(selection)
}

fn no_binding(item: &Datum, name: &str, module: &Datum) -> Malformed {
    refused(
        Diagnostic::error(
            "unknown-export",
            format!("no binding `{name}` in module {}", module.written()),
        ),
        item.span,
    )
}

fn prefix(selection: &mut [(Rc<str>, Binding)], prefix: &Datum) -> Expanded<()> {
    let prefix = prefix
        .symbol()
        .ok_or_else(|| malformed(prefix.span, "`#:prefix` takes a symbol"))?;
    for (name, _) in selection {
        *name = format!("{prefix}{name}").into();
    }
    Ok(())
}

/// `(symbol-prefix-proc 'p:)`, the only renamer that is in use.
fn renamer_prefix(value: &Datum) -> Expanded<&Datum> {
    if let Some([head, quoted]) = value.list()
        && head.is_symbol("symbol-prefix-proc")
        && let Some([_, prefix]) = quoted.list()
    {
        return Ok(prefix);
    }
    Err(malformed(
        value.span,
        "`#:renamer` takes (symbol-prefix-proc 'PREFIX) here",
    ))
}
