//! Names that are used before anything binds them.
//!
//! To Guile a name of the top level is looked up when it is reached. So a name
//! that nothing binds yet gets a variable that a later definition or import
//! may fill; what is never filled becomes a finding at the end.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Binding, Expander, Finding, Scope};
use crate::machines::core::ExprKind;
use crate::machines::diagnostic::Diagnostic;
use crate::machines::similar::nearest;
use crate::machines::source::Span;

/// A name that nothing binds yet.
pub struct Promise {
    global: u32,
    /// Where it is mentioned, among which names; the number of the reference.
    uses: Vec<(Span, Rc<Scope>, u32)>,
}

/// All of them by name.
pub type Promises = HashMap<Rc<str>, Promise>;

impl Expander {
    /// The reference of the file to a name that nothing binds yet.
    pub(super) fn promise(&mut self, name: &Rc<str>, span: Span, scope: &Rc<Scope>) -> ExprKind {
        let (name, found) = scope.resolved(name);
        let reference = self.program.reference(Rc::clone(&name), span, true);
        if !found.as_ref().unwrap_or(scope).is_within(&self.file) {
            // A macro of the library.
            return ExprKind::Unbound(reference);
        }
        let scope = Rc::clone(found.as_ref().unwrap_or(scope));
        let program = &mut self.program;
        let promise = self
            .promises
            .entry(Rc::clone(&name))
            .or_insert_with(|| Promise {
                global: program.global(name, true),
                uses: Vec::new(),
            });
        promise.uses.push((span, scope, reference));
        ExprKind::Global(promise.global, Some(reference))
    }

    /// The variable of a name that was used before this definition of it.
    pub(super) fn promised(&mut self, name: &str) -> Option<u32> {
        let promise = self.promises.remove(name)?;
        for (_, _, reference) in &promise.uses {
            if let Some(reference) = self.program.references.get_mut(*reference as usize) {
                reference.unbound = false;
            }
        }
        Some(promise.global)
    }

    /// An import that brings names which were used before.
    pub(super) fn keep_promises(&mut self, scope: &Rc<Scope>) {
        if self.promises.is_empty() {
            return;
        }
        let names: Vec<Rc<str>> = self
            .promises
            .keys()
            .filter(|name| {
                matches!(
                    scope.lookup(name),
                    Some(Binding::Library(_) | Binding::Primitive(_) | Binding::Global(_))
                )
            })
            .cloned()
            .collect();
        for name in names {
            if let Some(global) = self.promised(&name)
                && let Some(value) = self.reference_to(&name, scope)
            {
                self.program.initial.push((global, value));
            }
        }
    }

    /// Tells of the names that nothing has bound: errors only when they are
    /// reached, as in Guile, so warnings until then.
    pub(super) fn find_broken_promises(&mut self) {
        for (name, promise) in std::mem::take(&mut self.promises) {
            let home = super::known_module_of(&name);
            let lacking = home.filter(|home| self.lacks(home, &name));
            for (span, scope, _) in promise.uses {
                let diagnostic = match lacking {
                    Some(module) => unsupported(&name, module),
                    None => unbound(&name, home, &scope),
                };
                self.find_unbound(diagnostic, span);
            }
        }
    }

    /// Notes an unbound name, unless a missing module explains it.
    fn find_unbound(&mut self, diagnostic: Diagnostic, span: Span) {
        if !self.modules.lacks_one() {
            self.findings.push(Finding { diagnostic, span });
        }
    }
}

/// What Guile has and this has not.
fn unsupported(name: &str, module: &str) -> Diagnostic {
    let known = match module {
        "(guile)" => format!("`{name}` is known to Guile"),
        module => format!("`{name}` of {module} is known to Guile"),
    };
    Diagnostic::warning("unsupported", known + " but not supported here")
}

fn unbound(name: &str, home: Option<&str>, scope: &Scope) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::warning("unbound-variable", format!("unbound variable `{name}`"));
    diagnostic.help = match home {
        Some(module) => Some(format!("`{name}` is in {module}: (use-modules {module})")),
        None => nearest(name, scope.names().iter().map(|name| &**name))
            .map(|near| format!("did you mean `{near}`?")),
    };
    diagnostic
}
