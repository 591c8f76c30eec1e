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
//! - The order of definitions is not kept: what a value mentions is there
//!   before it, but two values cannot need each other.
//! - An error in a form that a macro made is reported at the use of the macro.

mod files;
mod header;
mod import;
mod known;
mod local;
mod selection;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;

use super::macros::{Macro, macro_of};
use super::special::{MODULE_SPECIALS, SPECIALS, Special};
use super::{Binding, Expander, Scope, call, malformed, special};
use crate::machines::builtin;
use crate::machines::core::{Expr, LIBRARY, Program};
use crate::machines::datum::Datum;
use crate::machines::reader;
use crate::machines::source::{Sources, Span};
use header::{defined_name, exported_names, exports, header_imports, indexed, top_level_forms};
use local::Locals;

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
            include_str!("../../../scheme/guile/evaluation.scm"),
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
    let mut expander = Expander::new(Sources::default());
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
    /// What the definition that is being expanded mentions.
    mentioned: Vec<u32>,
    /// All procedures in Rust and all special forms; only modules see it.
    root: Rc<Scope>,
    /// What (guile) defines, for the other modules.
    base: Option<Rc<Scope>>,
    /// A module was asked for that is not here: unbound names are no news.
    missing: bool,
    /// Modules that files define.
    locals: Locals,
    /// The one that forms are evaluated in; `None`: the file's own.
    current: Option<String>,
    /// Where other modules are looked for.
    load_path: Vec<PathBuf>,
    /// Names that nothing binds, and whether they are syntax of some module.
    elsewhere: HashMap<Rc<str>, bool>,
    /// Procedures that evaluate what only running tells.
    evaluating: HashSet<u32>,
    /// One of them was reached.
    evaluates: bool,
}

type Exports = HashMap<Rc<str>, Binding>;

/// A definition of the library.
enum Definition {
    /// Not looked at yet.
    Text(&'static str),
    /// What a macro made of something.
    Datum(Datum),
}

/// A definition of the library that is to be run.
struct Needed {
    global: u32,
    /// Not there any more once it has its place.
    value: Option<Expr>,
    mentioned: Vec<u32>,
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
        self.mentioned.push(global);
        self.evaluates |= self.evaluating.contains(&global);
    }

    /// Tells whether this is a procedure of the library.
    pub(super) fn has_reached(&self, global: u32) -> bool {
        self.reached.contains(&global)
    }

    /// All procedures in Rust and all special forms.
    pub(super) fn root(&self) -> &Scope {
        &self.root
    }

    /// Tells whether something of the library evaluates what only running
    /// tells.
    pub(super) fn evaluates(&self) -> bool {
        self.evaluates
    }

    /// Tells whether a variable is this procedure of the library.
    pub(super) fn is_evaluating(&self, global: u32, name: &str, program: &Program) -> bool {
        self.evaluating.contains(&global)
            && program
                .globals
                .get(global as usize)
                .is_some_and(|global| &*global.name == name)
    }

    /// Notes that names may be missing for a reason that is known.
    pub(super) fn lack(&mut self) {
        self.missing = true;
    }

    /// Tells whether a module that the file asks for is missing.
    pub(super) fn lacks_one(&self) -> bool {
        self.missing
    }
}

impl Expander {
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
        for (module, scope) in [
            ("(guile)", Rc::clone(&self.core)),
            ("(guix scripts offload)", Rc::clone(&self.imports)),
        ] {
            if let Some(exports) = self.module(module) {
                for (name, binding) in &*exports {
                    scope.bind(name, *binding);
                }
            }
        }
    }

    /// Expands what the file needs of the library.
    pub(super) fn library(&mut self) {
        let mut found = Vec::new();
        while let Some(global) = self.modules.queue.pop() {
            let Some((definition, scope)) = self.modules.definitions.remove(&global) else {
                continue;
            };
            let datum = match definition {
                Definition::Text(text) => parse_definition(text),
                Definition::Datum(datum) => Some(datum),
            };
            if let Some(datum) = datum {
                self.modules.mentioned.clear();
                let value = self.definition_value(&datum, &scope);
                found.push(Needed {
                    global,
                    value: Some(value),
                    mentioned: std::mem::take(&mut self.modules.mentioned),
                });
            }
        }
        // A value may need what it mentions, and that what it mentions.
        let places: HashMap<u32, usize> = found
            .iter()
            .enumerate()
            .map(|(place, needed)| (needed.global, place))
            .collect();
        for place in 0..found.len() {
            self.run_after_mentioned(place, &mut found, &places);
        }
    }

    fn run_after_mentioned(
        &mut self,
        place: usize,
        found: &mut [Needed],
        places: &HashMap<u32, usize>,
    ) {
        let Some(needed) = found.get_mut(place) else {
            return;
        };
        let (global, value) = (needed.global, needed.value.take());
        let Some(value) = value else {
            return;
        };
        for mentioned in std::mem::take(&mut needed.mentioned) {
            if let Some(place) = places.get(&mentioned) {
                self.run_after_mentioned(*place, found, places);
            }
        }
        self.program.library.push((global, value));
    }

    /// Tells whether a module is in use.
    pub(super) fn has_loaded(&self, name: &str) -> bool {
        self.modules.loaded.contains_key(name)
    }

    /// Tells whether a module that is here lacks this name.
    pub(super) fn lacks(&mut self, module: &str, name: &str) -> bool {
        self.module(module)
            .is_some_and(|exports| !exports.contains_key(name))
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
            if let Err(malformed) = self.import_guile(spec, &imports) {
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
        if matches!(
            &**name,
            "eval"
                | "%load"
                | "primitive-load"
                | "defined?"
                | "module-defined?"
                | "module-ref"
                | "module-define!"
                | "module-set!"
                | "module-use!"
                | "primitive-eval"
                | "eval-string"
        ) {
            self.modules.evaluating.insert(global);
        }
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
}
