//! Which name means what where.
//!
//! An identifier that a macro's template brings in is an *alias*: a name of
//! its own, fresh for each use of the macro, that stands for a name at the
//! place of the macro's definition. A binding of an alias binds only what the
//! same use of the macro brought in; an alias that nothing binds means what
//! the name means where the macro was defined.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::special::Special;
use crate::machines::datum::{Datum, Kind};

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A special form.
    Special(Special),
    /// A macro, by its number.
    Macro(u32),
    /// A variable of a pattern of `syntax-case`: the local variable that has
    /// what the pattern matched.
    Pattern(u32),
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
    aliases: Rc<Aliases>,
}

/// A name and where it is to be looked up.
type Origin = (Rc<str>, Rc<Scope>);

/// What the aliases stand for.
#[derive(Default)]
pub struct Aliases {
    table: RefCell<HashMap<Rc<str>, Origin>>,
    /// The number of the next use of a macro.
    next: Cell<u32>,
}

/// Encloses the number in an alias; Unicode has no such character.
const MARK: char = '\u{10fffe}';

/// Tells whether a name is an alias.
pub fn is_alias(name: &str) -> bool {
    name.starts_with(MARK)
}

/// The name that somebody wrote.
pub fn base_name(name: &str) -> &str {
    let mut name = name;
    while let Some((_, inner)) = split(name) {
        name = inner;
    }
    name
}

/// The mark of an alias and the name that it was made of.
fn split(alias: &str) -> Option<(&str, &str)> {
    let rest = alias.strip_prefix(MARK)?;
    let (number, inner) = rest.split_once(MARK)?;
    let mark = alias.len().checked_sub(inner.len())?;
    debug_assert!(number.len() < mark);
    Some((alias.get(..mark)?, inner))
}

/// A text without the numbers of aliases.
pub fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, part) in text.split(MARK).enumerate() {
        // Every second part is a number.
        if number % 2 == 0 {
            out.push_str(part);
        }
    }
    out
}

/// A datum with the names that somebody wrote.
pub fn stripped(datum: &Datum) -> Datum {
    renamed(datum, &|name| {
        if is_alias(name) {
            base_name(name).into()
        } else {
            Rc::clone(name)
        }
    })
}

/// A datum with other names.
pub fn renamed(datum: &Datum, name: &impl Fn(&Rc<str>) -> Rc<str>) -> Datum {
    let all = |items: &[Datum]| items.iter().map(|item| renamed(item, name)).collect();
    let kind = match &datum.kind {
        Kind::Symbol(symbol) => Kind::Symbol(name(symbol)),
        Kind::List(items) => Kind::List(all(items)),
        Kind::Vector(items) => Kind::Vector(all(items)),
        Kind::Dotted(items, tail) => Kind::Dotted(all(items), Box::new(renamed(tail, name))),
        other => other.clone(),
    };
    Datum {
        kind,
        span: datum.span,
    }
}

impl Aliases {
    /// The number of a new use of a macro.
    pub fn fresh(&self) -> u32 {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        number
    }

    /// The alias of a name in a scope, for this use of a macro.
    pub fn make(&self, number: u32, name: &Rc<str>, scope: &Rc<Scope>) -> Rc<str> {
        self.insert(&format!("{MARK}{number}{MARK}"), name, scope)
    }

    fn insert(&self, mark: &str, name: &Rc<str>, scope: &Rc<Scope>) -> Rc<str> {
        let alias: Rc<str> = format!("{mark}{name}").into();
        self.table
            .borrow_mut()
            .entry(Rc::clone(&alias))
            .or_insert_with(|| (Rc::clone(name), Rc::clone(scope)));
        alias
    }

    /// The name as it would be if it stood where this identifier does.
    pub fn like(&self, identifier: &str, name: &Rc<str>) -> Rc<str> {
        if is_alias(name) {
            return Rc::clone(name);
        }
        match (split(identifier), self.origin(identifier)) {
            (Some((mark, inner)), Some((_, scope))) => {
                self.insert(mark, &self.like(inner, name), &scope)
            }
            _ => Rc::clone(name),
        }
    }

    /// What an alias stands for: a name, which may be an alias itself, and
    /// where it is to be looked up.
    pub fn origin(&self, alias: &str) -> Option<Origin> {
        if is_alias(alias) {
            self.table.borrow().get(alias).cloned()
        } else {
            None
        }
    }

    /// Forgets all; they hold scopes that hold them.
    pub fn clear(&self) {
        self.table.borrow_mut().clear();
    }
}

impl Scope {
    /// A scope inside another.
    pub fn inside(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self {
            parent: Some(Rc::clone(parent)),
            bindings: RefCell::default(),
            aliases: Rc::clone(&parent.aliases),
        })
    }

    /// A scope without a parent that shares the aliases of another.
    pub fn beside(other: &Self) -> Rc<Self> {
        Rc::new(Self {
            parent: None,
            bindings: RefCell::default(),
            aliases: Rc::clone(&other.aliases),
        })
    }

    /// The aliases of the expansion that this scope belongs to.
    pub fn aliases(&self) -> &Aliases {
        &self.aliases
    }

    /// Binds a name here.
    pub fn bind(&self, name: &Rc<str>, binding: Binding) {
        self.bindings.borrow_mut().insert(Rc::clone(name), binding);
    }

    /// What a name means here.
    pub fn lookup(&self, name: &str) -> Option<Binding> {
        if let Some(binding) = self.lookup_spelled(name) {
            return Some(binding);
        }
        let (mut name, mut scope) = self.aliases.origin(name)?;
        loop {
            if let Some(binding) = scope.lookup_spelled(&name) {
                return Some(binding);
            }
            (name, scope) = self.aliases.origin(&name)?;
        }
    }

    /// The name that an alias comes to if nothing binds it, and where that is
    /// looked up; `None`: here.
    pub fn resolved(&self, name: &Rc<str>) -> (Rc<str>, Option<Rc<Self>>) {
        let (mut name, mut scope) = (Rc::clone(name), None);
        while let Some((origin, outer)) = self.aliases.origin(&name) {
            (name, scope) = (origin, Some(outer));
        }
        (name, scope)
    }

    /// What this very spelling means here.
    fn lookup_spelled(&self, name: &str) -> Option<Binding> {
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

    /// Tells whether a scope is this one or outside of it.
    pub fn is_within(&self, outer: &Self) -> bool {
        let mut scope = self;
        loop {
            if std::ptr::eq(scope, outer) {
                return true;
            }
            match scope.parent.as_deref() {
                Some(parent) => scope = parent,
                None => return false,
            }
        }
    }

    /// Tells whether two identifiers mean the same: one here, one in another
    /// scope.
    pub fn same(&self, name: &str, other_name: &str, other: &Self) -> bool {
        match (self.lookup(name), other.lookup(other_name)) {
            (None, None) => base_name(name) == base_name(other_name),
            (one, another) => one == another,
        }
    }

    /// All names that mean something here.
    pub fn names(&self) -> Vec<Rc<str>> {
        let mut names: Vec<Rc<str>> = self.bindings.borrow().keys().cloned().collect();
        if let Some(parent) = &self.parent {
            names.extend(parent.names());
        }
        names.retain(|name| !is_alias(name));
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_means_what_its_name_means_at_the_definition() {
        let outer = Rc::new(Scope::default());
        outer.bind(&"x".into(), Binding::Local(1));
        let inner = Scope::inside(&outer);
        inner.bind(&"x".into(), Binding::Local(2));
        let alias = outer.aliases().make(0, &"x".into(), &outer);
        assert_eq!(inner.lookup(&alias), Some(Binding::Local(1)));
        inner.bind(&alias, Binding::Local(3));
        assert_eq!(inner.lookup(&alias), Some(Binding::Local(3)));
        assert_eq!(inner.lookup("x"), Some(Binding::Local(2)));
    }

    #[test]
    fn marks_are_not_shown() {
        let scope = Rc::new(Scope::default());
        let alias = scope.aliases().make(3, &"tmp".into(), &scope);
        let again = scope.aliases().make(4, &alias, &scope);
        assert_eq!(base_name(&again), "tmp");
        assert_eq!(
            without_marks(&format!("`{again}` and `{alias}`")),
            "`tmp` and `tmp`"
        );
        let other = scope.aliases().like(&again, &"other".into());
        assert_eq!(
            other,
            scope
                .aliases()
                .make(4, &scope.aliases().make(3, &"other".into(), &scope), &scope)
        );
    }
}
