//! What an import brings: `use-modules`, `import`, `@`.

use std::path::PathBuf;
use std::rc::Rc;

use super::header::header_imports;
use super::selection::{
    Selection, add_prefix, all, bind_all, module_name, no_binding, option_name, select, srfi_name,
    symbols,
};
use super::{Exports, known};
use crate::machines::core::Expr;
use crate::machines::datum::{Datum, Kind};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::engine::{View, list_items, view};
use crate::machines::expand::scope::stripped;
use crate::machines::expand::{
    Binding, Expanded, Expander, Scope, Special, call, malformed, refused, special,
};
use crate::machines::similar::nearest;
use crate::machines::source::Span;

/// A set of names before its renaming, with the module that it is of.
struct Set {
    module: Datum,
    names: Selection,
}

impl Expander {
    /// `(use-modules SPEC …)` and `(import SET …)`
    pub(in crate::machines::expand) fn form_import(&mut self, specs: &[Datum], r6rs: bool) {
        for spec in specs {
            let imports = Rc::clone(&self.imports);
            let spec = stripped(spec);
            let imported = if r6rs {
                self.import_set(&spec)
                    .map(|set| bind_all(set.names, &imports))
            } else {
                self.import_guile(&spec, &imports)
            };
            if let Err(malformed) = imported {
                self.find(malformed);
            }
        }
        let imports = Rc::clone(&self.imports);
        self.keep_promises(&imports);
    }

    /// `(define-module NAME #:use-module SPEC …)`
    pub(in crate::machines::expand) fn form_define_module(&mut self, datum: &Datum) {
        let datum = stripped(datum);
        let Some(name) = datum.list().and_then(|items| items.get(1)) else {
            self.find(malformed(datum.span, "`define-module` needs a name"));
            return;
        };
        if name.list().is_none() {
            self.find(malformed(name.span, "a module's name is a list of names"));
            return;
        }
        self.enter_module(&datum, name.written());
        let imports = Rc::clone(&self.imports);
        for spec in header_imports(&datum) {
            if let Err(malformed) = self.import_guile(spec, &imports) {
                self.find(malformed);
            }
        }
        self.keep_promises(&imports);
    }

    /// `NAME` or `(NAME #:select … #:hide … #:renamer … #:prefix …)`
    pub(super) fn import_guile(&mut self, spec: &Datum, into: &Scope) -> Expanded<()> {
        let bad = || malformed(spec.span, "a module's name is a list such as (srfi srfi-1)");
        let items = spec.list().ok_or_else(bad)?;
        let (name, options) = match items.first() {
            Some(first) if first.list().is_some() => (first, items.get(1..).unwrap_or_default()),
            Some(_) => (spec, &[][..]),
            None => return Err(bad()),
        };
        let exports = self.module_named(name)?;
        for (option, _) in options.iter().zip(1_u32..).step_by(2) {
            if !matches!(
                option_name(option),
                Some("select" | "hide" | "prefix" | "renamer" | "version")
            ) {
                return Err(malformed(
                    option.span,
                    "an import takes #:select, #:hide, #:prefix or #:renamer",
                ));
            }
        }
        if let (Some(last), 1) = (options.last(), options.len() % 2) {
            return Err(malformed(last.span, "this option needs a value"));
        }
        let value = |wanted: &str| {
            options
                .iter()
                .zip(options.iter().skip(1))
                .step_by(2)
                .find(|(option, _)| option_name(option) == Some(wanted))
                .map(|(_, value)| value)
        };
        let mut names = match value("select") {
            Some(value) => select(value, name, &exports)?,
            None => all(&exports),
        };
        if let Some(hidden) = value("hide") {
            let hidden = symbols(hidden)?;
            names.retain(|(name, _)| !hidden.contains(&name));
        }
        if let Some(renamer) = value("renamer") {
            self.rename_all(&mut names, renamer)?;
        }
        if let Some(prefix) = value("prefix") {
            add_prefix(&mut names, prefix)?;
        }
        bind_all(names, into);
        Ok(())
    }

    /// A set of R6RS and R7RS, which Guile's own specifications are too.
    fn import_set(&mut self, spec: &Datum) -> Expanded<Set> {
        let items = spec.list().unwrap_or_default();
        let keyword = items.first().and_then(Datum::symbol).map(|word| &**word);
        let nested = items.get(1).filter(|set| set.list().is_some());
        let rest = items.get(2..).unwrap_or_default();
        let (Some(word), Some(inner)) = (keyword, nested) else {
            let name = module_name(spec);
            let exports = self.module_named(&name)?;
            return Ok(Set {
                names: all(&exports),
                module: name,
            });
        };
        match word {
            "library" => {
                let module = module_name(inner);
                let exports = self.module_named(&module)?;
                Ok(Set {
                    names: all(&exports),
                    module,
                })
            }
            "for" => self.import_set(inner),
            "only" => {
                let set = self.import_set(inner)?;
                let mut names = Vec::new();
                for item in rest {
                    names.push(set.take(item)?);
                }
                Ok(Set { names, ..set })
            }
            "except" => {
                let mut set = self.import_set(inner)?;
                for item in rest {
                    let (name, _) = set.take(item)?;
                    set.names.retain(|(other, _)| *other != name);
                }
                Ok(set)
            }
            "prefix" => {
                let mut set = self.import_set(inner)?;
                let prefix = rest
                    .first()
                    .ok_or_else(|| malformed(spec.span, "`prefix` needs a prefix"))?;
                add_prefix(&mut set.names, prefix)?;
                Ok(set)
            }
            "rename" => {
                let mut set = self.import_set(inner)?;
                for item in rest {
                    let Some([from, to]) = item.list() else {
                        return Err(malformed(item.span, "`rename` takes (NAME NEW-NAME)"));
                    };
                    let (old, binding) = set.take(from)?;
                    let new = to
                        .symbol()
                        .ok_or_else(|| malformed(to.span, "this must be a name"))?;
                    set.names.retain(|(other, _)| *other != old);
                    set.names.push((Rc::clone(new), binding));
                }
                Ok(set)
            }
            _ => {
                let name = module_name(spec);
                self.module_named(&name)?;
                Err(malformed(spec.span, "this is no set of names to import"))
            }
        }
    }

    /// `(symbol-prefix-proc 'p:)`, or any other procedure, which is run now.
    fn rename_all(&mut self, names: &mut Selection, renamer: &Datum) -> Expanded<()> {
        if let Some([head, quoted]) = renamer.list()
            && head.is_symbol("symbol-prefix-proc")
            && let Some([_, prefix]) = quoted.list()
        {
            return add_prefix(names, prefix);
        }
        let file = Rc::clone(&self.file);
        let calls = names
            .iter()
            .map(|(name, _)| {
                let span = renamer.span;
                let operator = self.expr(renamer, &file);
                let kind = Kind::Symbol(Rc::clone(name));
                let argument = self.quoted(&Datum { kind, span });
                call(operator, vec![argument], span)
            })
            .collect();
        let list = self.library_call("list", calls, renamer.span);
        let Some(value) = self.run_now(list) else {
            names.clear();
            return Ok(());
        };
        for ((name, _), renamed) in names.iter_mut().zip(list_items(&value).unwrap_or_default()) {
            if let View::Symbol(renamed) = view(&renamed) {
                *name = (*renamed).into();
            }
        }
        Ok(())
    }

    /// `(@ MODULE NAME)`
    pub(in crate::machines::expand) fn form_at(
        &mut self,
        datum: &Datum,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let binding = self.binding_at(datum)?;
        let name: Rc<str> = datum
            .list()
            .and_then(<[Datum]>::last)
            .map(Datum::written)
            .unwrap_or_default()
            .into();
        let place = Scope::inside(scope);
        place.bind(&name, binding);
        self.reference(&name, datum, &place)
    }

    /// What `(@ MODULE NAME)` means.
    pub(in crate::machines::expand) fn binding_at(&mut self, datum: &Datum) -> Expanded<Binding> {
        let bad = || malformed(datum.span, "`@` takes a module and a name");
        let datum = stripped(datum);
        let Some([head, module, name]) = datum.list() else {
            return Err(bad());
        };
        let symbol = name.symbol().ok_or_else(bad)?;
        if head.is_symbol("@@")
            && let Some(binding) = self.private_binding(&module.written(), symbol)
        {
            return Ok(binding);
        }
        let exports = self.module_named(module)?;
        exports
            .get(symbol)
            .copied()
            .ok_or_else(|| no_binding(name, symbol, module, &exports))
    }

    /// What the head of a form means, if it is a name or `(@ MODULE NAME)`.
    pub(in crate::machines::expand) fn head_binding(
        &mut self,
        head: &Datum,
        scope: &Scope,
    ) -> Option<Binding> {
        match &head.kind {
            Kind::Symbol(name) => scope.lookup(name),
            Kind::List(items) if special(items.first()?, scope) == Some(Special::At) => {
                self.binding_at(head).ok()
            }
            _ => None,
        }
    }

    /// Tells whether a name that nothing binds is syntax of a module that is
    /// not imported.
    pub(in crate::machines::expand) fn is_syntax_elsewhere(
        &mut self,
        head: &Datum,
        scope: &Scope,
    ) -> bool {
        let Some(name) = head.symbol() else {
            return false;
        };
        let (name, found) = scope.resolved(name);
        let file = &self.file;
        if !found.as_deref().unwrap_or(scope).is_within(file) {
            return false;
        }
        if let Some(known) = self.modules.elsewhere.get(&name) {
            return *known;
        }
        let module = known::known_module_of(&name);
        let exports = module.and_then(|module| self.module(module));
        let binding = exports.and_then(|exports| exports.get(&name).copied());
        let syntax = matches!(binding, Some(Binding::Special(_) | Binding::Macro(_)));
        self.modules.elsewhere.insert(name, syntax);
        syntax
    }

    fn module_named(&mut self, name: &Datum) -> Expanded<Rc<Exports>> {
        let written = name.written();
        if let Some(exports) = self.module(&written) {
            return Ok(exports);
        }
        if let Some(exports) = self.local_module(&written, name) {
            return Ok(exports);
        }
        if let Some(exports) = srfi_name(name).and_then(|name| self.module(&name)) {
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
                match nearest(&written, super::supported_modules()) {
                    Some(near) => diagnostic.with_help(format!("did you mean {near}?")),
                    None => diagnostic,
                }
            }
        };
        Err(refused(diagnostic, name.span))
    }

    /// The value of `%load-path`.
    pub(in crate::machines::expand) fn load_path(&mut self, span: Span) -> Expr {
        let directories = self
            .modules
            .load_path
            .iter()
            .map(|directory| Datum {
                kind: Kind::Text(directory.to_string_lossy().into()),
                span,
            })
            .collect();
        let kind = Kind::List(directories);
        self.quoted(&Datum { kind, span })
    }

    /// `(set! %load-path LIST)`
    pub(in crate::machines::expand) fn set_load_path(&mut self, value: Expr) {
        let Some(value) = self.run_now(value) else {
            return;
        };
        self.modules.load_path = list_items(&value)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| match view(item) {
                View::Text(text) => Some(PathBuf::from(&*text)),
                _ => None,
            })
            .collect();
    }

    /// `(add-to-load-path DIRECTORY)`
    pub(in crate::machines::expand) fn form_add_to_load_path(
        &mut self,
        datum: &Datum,
        scope: &Rc<Scope>,
    ) -> Expanded<()> {
        let Some([_, directory]) = datum.list() else {
            return Err(malformed(
                datum.span,
                "`add-to-load-path` takes a directory",
            ));
        };
        let directory = self.expr(directory, scope);
        if let Some(directory) = self.text_now(directory) {
            self.modules.load_path.insert(0, PathBuf::from(directory));
        }
        Ok(())
    }
}

impl Set {
    fn take(&self, item: &Datum) -> Expanded<(Rc<str>, Binding)> {
        let name = item
            .symbol()
            .ok_or_else(|| malformed(item.span, "this must be a name"))?;
        self.names
            .iter()
            .find(|(other, _)| other == name)
            .cloned()
            .ok_or_else(|| {
                let exports = self.names.iter().cloned().collect();
                no_binding(item, name, &self.module, &exports)
            })
    }
}
