//! Which name means what where.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::special::Special;

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A special form.
    Special(Special),
    /// A local variable.
    Local(u32),
    /// A variable of the file.
    Global(u32),
    /// A procedure of the library, by the number of its global variable.
    Library(u32),
    /// A procedure in Rust.
    Primitive(&'static str),
}

/// The names of one place, inside those of another.
#[derive(Default)]
pub struct Scope {
    parent: Option<Rc<Scope>>,
    bindings: RefCell<HashMap<Rc<str>, Binding>>,
}

impl Scope {
    /// A scope inside another.
    pub fn inside(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self {
            parent: Some(Rc::clone(parent)),
            bindings: RefCell::default(),
        })
    }

    /// Binds a name here.
    pub fn bind(&self, name: &Rc<str>, binding: Binding) {
        self.bindings.borrow_mut().insert(Rc::clone(name), binding);
    }

    /// What a name means here.
    pub fn lookup(&self, name: &str) -> Option<Binding> {
        let mut scope = self;
        loop {
            if let Some(binding) = scope.bindings.borrow().get(name) {
                return Some(*binding);
            }
            scope = scope.parent.as_deref()?;
        }
    }

    /// What a name means in this very scope.
    pub fn lookup_here(&self, name: &str) -> Option<Binding> {
        self.bindings.borrow().get(name).copied()
    }

    /// All names that mean something here.
    pub fn names(&self) -> Vec<Rc<str>> {
        let mut names: Vec<Rc<str>> = self.bindings.borrow().keys().cloned().collect();
        if let Some(parent) = &self.parent {
            names.extend(parent.names());
        }
        names
    }
}
