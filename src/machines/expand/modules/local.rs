//! Modules that are not ours: those that files define.

use std::collections::HashMap;
use std::rc::Rc;

use super::Exports;
use super::header::exported_names;
use crate::machines::datum::{Datum, Kind};
use crate::machines::expand::promises::Promises;
use crate::machines::expand::{Binding, Expander, Scope};
use crate::machines::files;

/// A module that a file defines.
pub struct Local {
    imports: Rc<Scope>,
    file: Rc<Scope>,
    /// As bound inside, as seen from outside.
    exports: Vec<(Rc<str>, Rc<str>)>,
}

/// All of them by name.
pub type Locals = HashMap<String, Local>;

/// The module that forms are evaluated in.
pub struct Current {
    name: Option<String>,
    imports: Rc<Scope>,
    file: Rc<Scope>,
    promises: Promises,
}

impl Expander {
    /// Goes on in a module, which sees (guile) only until it imports more.
    pub(super) fn enter_module(&mut self, header: &Datum, name: String) {
        let core = &self.core;
        let module = self.modules.locals.entry(name.clone()).or_insert_with(|| {
            let imports = Scope::inside(core);
            Local {
                file: Scope::inside(&imports),
                imports,
                exports: Vec::new(),
            }
        });
        module.exports.extend(exported_names(header));
        self.imports = Rc::clone(&module.imports);
        self.file = Rc::clone(&module.file);
        self.modules.current = Some(name);
    }

    /// Does something with the names of another module.
    pub(in crate::machines::expand) fn inside_module<T>(
        &mut self,
        name: &Datum,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let written = name.written();
        let (imports, file) = if let Some(module) = self.modules.locals.get(&written) {
            (Rc::clone(&module.imports), Rc::clone(&module.file))
        } else {
            let imports = Scope::inside(&self.core);
            if let Some(exports) = self.module(&written) {
                for (name, binding) in &*exports {
                    imports.bind(name, *binding);
                }
            }
            let file = Scope::inside(&imports);
            (imports, file)
        };
        let imports = std::mem::replace(&mut self.imports, imports);
        let file = std::mem::replace(&mut self.file, file);
        let result = work(self);
        self.imports = imports;
        self.file = file;
        result
    }

    /// Tells whether a module can be imported.
    pub(in crate::machines::expand) fn has_module(&mut self, name: &Datum) -> bool {
        let written = name.written();
        self.module(&written).is_some() || self.local_module(&written, name).is_some()
    }

    /// `(export NAME …)` and its kin.
    pub(in crate::machines::expand) fn form_export(&mut self, names: &[Datum]) {
        for item in names {
            let (inside, outside) = match &item.kind {
                Kind::Dotted(front, tail) => (front.first(), Some(&**tail)),
                _ => (Some(item), Some(item)),
            };
            if let (Some(inside), Some(outside)) = (
                inside.and_then(Datum::symbol),
                outside.and_then(Datum::symbol),
            ) {
                self.export(Rc::clone(inside), Rc::clone(outside));
            }
        }
    }

    /// Adds to what the module exports.
    pub(in crate::machines::expand) fn export(&mut self, inside: Rc<str>, outside: Rc<str>) {
        let current = self.modules.current.as_ref();
        if let Some(module) = current.and_then(|name| self.modules.locals.get_mut(name)) {
            module.exports.push((inside, outside));
        }
    }

    /// What `@@` sees in a module.
    pub(super) fn private_binding(&self, module: &str, name: &str) -> Option<Binding> {
        self.modules.locals.get(module)?.file.lookup(name)
    }

    /// What a module exports that a file defines, or that is found on the load
    /// path.
    pub(super) fn local_module(&mut self, name: &str, datum: &Datum) -> Option<Rc<Exports>> {
        if !self.modules.locals.contains_key(name) {
            self.load_local(name, datum)?;
        }
        let module = self.modules.locals.get(name)?;
        let exports = module
            .exports
            .iter()
            .filter_map(|(inside, outside)| Some((Rc::clone(outside), module.file.lookup(inside)?)))
            .collect();
        Some(Rc::new(exports))
    }

    fn load_local(&mut self, name: &str, datum: &Datum) -> Option<()> {
        let parts: Option<Vec<&str>> = datum
            .list()?
            .iter()
            .map(|part| part.symbol().map(|part| &**part))
            .collect();
        let relative = format!("{}.scm", parts?.join("/"));
        let path = self
            .modules
            .load_path
            .iter()
            .map(|directory| directory.join(&relative))
            .find(|path| files::exists(path))?;
        let current = Current {
            name: self.modules.current.take(),
            imports: Rc::clone(&self.imports),
            file: Rc::clone(&self.file),
            promises: std::mem::take(&mut self.promises),
        };
        self.imports = Scope::inside(&self.core);
        self.file = Scope::inside(&self.imports);
        self.evaluate_file(&path, datum.span);
        self.find_broken_promises();
        self.imports = current.imports;
        self.file = current.file;
        self.promises = current.promises;
        self.modules.current = current.name;
        self.modules.locals.contains_key(name).then_some(())
    }
}
