//! The top level and bodies: definitions first, then what they say.

use std::borrow::Cow;
use std::rc::Rc;

use super::definition::{Value, definition_parts, formals_names};
use super::macros::macro_of;
use super::scope::base_name;
use super::{Binding, Expanded, Expander, Scope, Special, malformed, sequence, special};
use crate::machines::core::{Expr, ExprKind};
use crate::machines::datum::{Datum, Kind};
use crate::machines::source::Span;

/// A form of a body, with the scope that it sees.
struct Item<'d> {
    what: What<'d>,
    scope: Rc<Scope>,
}

/// What a form of a body is.
enum What<'d> {
    /// A definition of this name.
    Define(Rc<str>, Cow<'d, Datum>),
    /// A definition of several names.
    DefineValues(Cow<'d, Datum>),
    /// An expression.
    Expression(Cow<'d, Datum>),
    /// `load` of a file, relative to this one; or `primitive-load`.
    Load(Cow<'d, Datum>, bool),
    /// A form that has had its effect, such as an import.
    Done(Span),
}

/// The place whose definitions are collected.
#[derive(Clone, Copy)]
enum Place<'p> {
    /// The file's top level.
    Top,
    /// A body: its scope.
    Body(&'p Rc<Scope>),
}

/// What is found in a body.
#[derive(Default)]
struct Found<'d> {
    items: Vec<Item<'d>>,
    locals: Vec<u32>,
}

impl Expander {
    /// A form of the file: what it defines and imports counts from here on.
    pub(super) fn top_level_form(&mut self, datum: &Datum) {
        let mut found = Found::default();
        let file = Rc::clone(&self.file);
        self.scan(Cow::Borrowed(datum), Place::Top, &file, &mut found);
        for item in found.items {
            let form = match &item.what {
                What::Expression(datum) => self.expr(datum, &item.scope),
                What::Done(span) => self.nothing(*span),
                What::Define(name, datum) => {
                    let form = self.global_definition(name, datum, &item.scope);
                    self.program.forms.push(form);
                    // It has no value of its own; the file's value is that of
                    // the last form.
                    self.nothing(datum.span)
                }
                What::DefineValues(datum) => self.values_definition(datum, &item.scope),
                What::Load(datum, relative) => {
                    self.load_now(datum, &item.scope, *relative);
                    continue;
                }
            };
            self.program.forms.push(form);
        }
    }

    /// Names of the core that the file defines itself, wherever: its
    /// procedures mean its own, also those that stand before.
    pub(super) fn declare_redefined(&mut self, data: &[Datum]) {
        for datum in data {
            let Some((head, rest)) = datum.list().and_then(<[Datum]>::split_first) else {
                continue;
            };
            match special(head, &self.file) {
                Some(Special::Begin) => self.declare_redefined(rest),
                Some(Special::Define | Special::DefineStar) => {
                    let Ok((name, _)) = definition_parts(datum) else {
                        continue;
                    };
                    let redefined = matches!(
                        self.file.lookup(&name),
                        Some(Binding::Library(_) | Binding::Primitive(_))
                    );
                    if redefined {
                        self.declare(&name);
                    }
                    self.defined.insert(name);
                }
                _ => {}
            }
        }
    }

    /// Looks at a form of a body or of the top level, through the macros that
    /// it uses.
    fn scan<'d>(
        &mut self,
        form: Cow<'d, Datum>,
        place: Place<'_>,
        scope: &Rc<Scope>,
        found: &mut Found<'d>,
    ) {
        if let Err(malformed) = self.try_scan(form, place, scope, found) {
            found.push(What::Done(malformed.0.span), scope);
            self.find(malformed);
        }
    }

    fn try_scan<'d>(
        &mut self,
        form: Cow<'d, Datum>,
        place: Place<'_>,
        scope: &Rc<Scope>,
        found: &mut Found<'d>,
    ) -> Expanded<()> {
        if let Some(number) = macro_of(&form, scope) {
            self.deeper(form.span)?;
            let expanded = self.expand_macro(number, &form, scope);
            match expanded {
                Ok(Some(datum)) => self.scan(Cow::Owned(datum), place, scope, found),
                Ok(None) => found.push(What::Done(form.span), scope),
                Err(malformed) => {
                    found.push(What::Done(form.span), scope);
                    self.find(malformed);
                }
            }
            self.depth = self.depth.saturating_sub(1);
            return Ok(());
        }
        let head = form.list().and_then(<[Datum]>::first);
        let Some(special) = head.and_then(|head| special(head, scope)) else {
            let loads = matches!(place, Place::Top) && self.is_primitive_load(&form, scope);
            found.push(
                if loads {
                    What::Load(form, false)
                } else {
                    What::Expression(form)
                },
                scope,
            );
            return Ok(());
        };
        let rest = form
            .list()
            .and_then(|items| items.get(1..))
            .unwrap_or_default();
        match special {
            Special::Begin => {
                if rest.is_empty() {
                    found.push(What::Done(form.span), scope);
                }
                self.scan_all(items_after(form, 1), place, scope, found);
            }
            Special::Define
            | Special::DefineStar
            | Special::DefineValues
            | Special::DefineSyntax
            | Special::DefineSyntaxRule
            | Special::DefineMacro => self.scan_definition(special, form, place, scope, found)?,
            Special::LetSyntax | Special::LetrecSyntax => {
                let recursive = special == Special::LetrecSyntax;
                let (inner, _) = self.local_macros(&form, rest, scope, recursive)?;
                self.scan_all(items_after(form, 2), place, &inner, found);
            }
            Special::UseModules | Special::Import | Special::Export | Special::AddToLoadPath => {
                self.effect(special, &form, rest, scope)?;
                found.push(What::Done(form.span), scope);
            }
            Special::DefineModule if matches!(place, Place::Top) => {
                self.form_define_module(&form);
                found.push(What::Done(form.span), scope);
            }
            Special::EvalWhen => self.scan_all(items_after(form, 2), place, scope, found),
            Special::Include => {
                let data = self.included(&form)?;
                self.scan_all(data.into_iter().map(Cow::Owned), place, scope, found);
            }
            Special::CondExpand => {
                let data = super::conditional::chosen(&form, rest)?.to_vec();
                if data.is_empty() {
                    found.push(What::Done(form.span), scope);
                }
                self.scan_all(data.into_iter().map(Cow::Owned), place, scope, found);
            }
            Special::Load if matches!(place, Place::Top) && rest.len() == 1 && !self.nested => {
                found.push(What::Load(form, true), scope);
            }
            _ => found.push(What::Expression(form), scope),
        }
        Ok(())
    }

    fn scan_definition<'d>(
        &mut self,
        special: Special,
        form: Cow<'d, Datum>,
        place: Place<'_>,
        scope: &Rc<Scope>,
        found: &mut Found<'d>,
    ) -> Expanded<()> {
        let items = form.list().unwrap_or_default();
        let head = items.first();
        let rest = items.get(1..).unwrap_or_default();
        let into = match place {
            Place::Top => Rc::clone(&self.file),
            Place::Body(body) => Rc::clone(body),
        };
        match special {
            Special::Define | Special::DefineStar => {
                let (name, _) = definition_parts(&form)?;
                if head
                    .and_then(Datum::symbol)
                    .is_some_and(|head| base_name(head).ends_with("-public"))
                {
                    self.export(Rc::clone(&name), Rc::clone(&name));
                }
                let once = head
                    .and_then(Datum::symbol)
                    .is_some_and(|head| base_name(head) == "define-once");
                if once && matches!(scope.lookup(&name), Some(Binding::Global(_))) {
                    found.push(What::Done(form.span), scope);
                    return Ok(());
                }
                self.declare_in(place, &name, found);
                found.push(What::Define(name, form), scope);
            }
            Special::DefineValues => {
                for name in formals_names(&form, rest)? {
                    self.declare_in(place, &name, found);
                }
                found.push(What::DefineValues(form), scope);
            }
            Special::DefineSyntax | Special::DefineSyntaxRule => {
                self.define_macro(&form, scope, &into);
                found.push(What::Done(form.span), scope);
            }
            _ => {
                self.define_plain_macro(&form, scope, &into);
                found.push(What::Done(form.span), scope);
            }
        }
        Ok(())
    }

    fn scan_all<'d>(
        &mut self,
        forms: impl Iterator<Item = Cow<'d, Datum>>,
        place: Place<'_>,
        scope: &Rc<Scope>,
        found: &mut Found<'d>,
    ) {
        for form in forms {
            self.scan(form, place, scope, found);
        }
    }

    fn declare_in(&mut self, place: Place<'_>, name: &Rc<str>, found: &mut Found<'_>) {
        match place {
            Place::Top => {
                self.declare(name);
            }
            Place::Body(body) => {
                if !matches!(body.lookup_here(name), Some(Binding::Local(_))) {
                    let local = self.recursive_local();
                    body.bind(name, Binding::Local(local));
                    found.locals.push(local);
                }
            }
        }
    }

    /// Makes a variable of the file. One that replaces a name of the core
    /// begins with that name's value.
    pub(super) fn declare(&mut self, name: &Rc<str>) -> u32 {
        if let Some(Binding::Global(global)) = self.file.lookup_here(name) {
            return global;
        }
        if let Some(global) = self.promised(name) {
            self.file.bind(name, Binding::Global(global));
            return global;
        }
        let file = Rc::clone(&self.file);
        let initial = match file.lookup(name) {
            Some(Binding::Library(_) | Binding::Primitive(_) | Binding::Global(_)) => {
                self.reference_to(name, &file)
            }
            _ => None,
        };
        let global = self.program.global(plain(name), initial.is_none());
        self.file.bind(name, Binding::Global(global));
        if let Some(value) = initial {
            self.program.initial.push((global, value));
        }
        global
    }

    fn global_definition(&mut self, name: &Rc<str>, datum: &Datum, scope: &Rc<Scope>) -> Expr {
        let global = self.declare(name);
        let value = self.definition_value(datum, scope);
        if let Some(global) = self.program.global_mut(global) {
            global.pending = false;
        }
        Expr {
            kind: ExprKind::SetGlobal(global, Box::new(value)),
            span: datum.span,
        }
    }

    /// The value that a definition gives its name.
    pub(super) fn definition_value(&mut self, datum: &Datum, scope: &Rc<Scope>) -> Expr {
        let span = datum.span;
        let value = definition_parts(datum).and_then(|(_, value)| match value {
            Value::Expression(value) => Ok(self.expr(value, scope)),
            Value::Nothing => Ok(self.nothing(span)),
            Value::Procedure(parameters, body) => {
                let star = datum
                    .list()
                    .and_then(<[Datum]>::first)
                    .is_some_and(|head| special(head, scope) == Some(Special::DefineStar));
                if star {
                    self.lambda_star(&parameters, body, span, scope)
                } else {
                    self.lambda(&parameters, body, span, scope)
                }
            }
        });
        match value {
            Ok(value) => value,
            Err(malformed) => {
                self.find(malformed);
                self.nothing(span)
            }
        }
    }

    /// The body of a lambda or let: internal definitions, then expressions,
    /// also mixed, as Guile allows.
    pub(super) fn body(
        &mut self,
        forms: &[Datum],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        if forms.is_empty() {
            return Err(malformed(span, "a body needs at least one expression"));
        }
        let inner = Scope::inside(scope);
        let mut found = Found::default();
        for form in forms {
            self.scan(Cow::Borrowed(form), Place::Body(&inner), &inner, &mut found);
        }
        if matches!(
            found.items.last(),
            Some(Item {
                what: What::Define(..) | What::DefineValues(_),
                ..
            })
        ) {
            return Err(malformed(
                span,
                "a body must end with an expression, not with a definition",
            ));
        }
        let mut parts = Vec::new();
        for item in found.items {
            parts.push(match &item.what {
                What::Expression(datum) | What::Load(datum, _) => self.expr(datum, &item.scope),
                What::Done(span) => self.nothing(*span),
                What::Define(name, datum) => {
                    self.local_definition(name, datum, &item.scope, &inner)
                }
                What::DefineValues(datum) => self.values_definition(datum, &item.scope),
            });
        }
        let body = sequence(parts, span);
        Ok(if found.locals.is_empty() {
            body
        } else {
            Expr {
                kind: ExprKind::Letrec(found.locals, Box::new(body)),
                span,
            }
        })
    }

    /// A variable that is in scope before it has its value.
    pub(super) fn recursive_local(&mut self) -> u32 {
        let local = self.program.local();
        if let Some(local) = self.program.local_mut(local) {
            local.assigned = true;
            local.pending = true;
        }
        local
    }

    fn local_definition(
        &mut self,
        name: &Rc<str>,
        datum: &Datum,
        scope: &Rc<Scope>,
        inner: &Rc<Scope>,
    ) -> Expr {
        let Some(Binding::Local(local)) = inner.lookup_here(name) else {
            return self.nothing(datum.span);
        };
        // A procedure may mention itself: it has its value when it is called.
        if let Ok((_, Value::Procedure(..))) = definition_parts(datum) {
            self.settle(local);
        }
        let value = self.definition_value(datum, scope);
        self.settle(local);
        Expr {
            kind: ExprKind::SetLocal(local, Box::new(value)),
            span: datum.span,
        }
    }

    /// From here on the variable has its value.
    pub(super) fn settle(&mut self, local: u32) {
        if let Some(local) = self.program.local_mut(local) {
            local.pending = false;
        }
    }
}

impl<'d> Found<'d> {
    fn push(&mut self, what: What<'d>, scope: &Rc<Scope>) {
        self.items.push(Item {
            what,
            scope: Rc::clone(scope),
        });
    }
}

/// The items of a list from this one on.
fn items_after(form: Cow<'_, Datum>, skipped: usize) -> impl Iterator<Item = Cow<'_, Datum>> {
    let (borrowed, owned) = match form {
        Cow::Borrowed(datum) => (datum.list().unwrap_or_default(), Vec::new()),
        Cow::Owned(Datum {
            kind: Kind::List(items),
            ..
        }) => (&[][..], items),
        Cow::Owned(_) => (&[][..], Vec::new()),
    };
    borrowed
        .iter()
        .map(Cow::Borrowed)
        .chain(owned.into_iter().map(Cow::Owned))
        .skip(skipped)
}

/// A name as somebody wrote it.
fn plain(name: &Rc<str>) -> Rc<str> {
    if super::scope::is_alias(name) {
        base_name(name).into()
    } else {
        Rc::clone(name)
    }
}
