//! Macros: their definitions and uses.

use std::collections::HashMap;
use std::rc::Rc;

use super::scope::base_name;
use super::syntax_rules::{Matcher, Matches, Words, check_pattern};
use super::template::Template;
use super::{Binding, Expanded, Expander, Scope, Special, malformed, refused, special};
use crate::machines::core::is_of_the_file;
use crate::machines::datum::{Datum, Kind};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::engine::{Value, is_procedure};
use crate::machines::source::Span;

/// A macro.
#[derive(Clone)]
pub enum Macro {
    /// Of the library, not looked at yet: the definition and its scope.
    Unparsed(&'static str, Rc<Scope>),
    /// `syntax-rules`
    Rules(Rc<Rules>),
    /// A procedure that takes the form.
    Procedure(Value),
    /// A procedure that takes the items of the form after the first, as data.
    Plain(Value),
    /// Its definition is wrong, which is known; its uses are nothing.
    Broken,
}

/// A macro of the file that was used somewhere.
pub struct MacroUse {
    /// Its name.
    pub name: Rc<str>,
    /// Its definition.
    pub place: Span,
}

/// The macros that were used at a place, the outermost first.
pub type MacroUses = HashMap<Span, Vec<MacroUse>>;

/// More of them help nobody.
const USES_MAX: usize = 8;

/// A set of rules.
pub struct Rules {
    words: Words,
    /// Each a pattern and a template.
    each: Vec<(Datum, Datum)>,
    scope: Rc<Scope>,
    /// It may stand alone, not only first in a list.
    identifier: bool,
}

/// More uses of macros inside each other than this never end.
const DEPTH_MAX: u32 = 1_500;

impl Expander {
    /// A new macro.
    pub(super) fn new_macro(&mut self, definition: Macro) -> Binding {
        let number = u32::try_from(self.macros.len()).unwrap_or(u32::MAX);
        self.macros.push(definition);
        Binding::Macro(number)
    }

    /// Tells whether a macro may stand alone.
    pub(super) fn is_identifier_macro(&mut self, number: u32) -> bool {
        match self.parsed_macro(number) {
            Ok(Macro::Rules(rules)) => rules.identifier,
            Ok(Macro::Broken | Macro::Procedure(_)) => true,
            _ => false,
        }
    }

    /// What the use of a macro stands for. `None`: nothing, because the macro
    /// is broken.
    pub(super) fn expand_macro(
        &mut self,
        number: u32,
        datum: &Datum,
        scope: &Rc<Scope>,
    ) -> Expanded<Option<Datum>> {
        self.uses = self.uses.saturating_add(1);
        self.note_use(number, datum.span);
        match self.parsed_macro(number)? {
            Macro::Rules(rules) => apply_rules(&rules, datum, scope).map(Some),
            Macro::Procedure(procedure) => self.apply_procedure(&procedure, datum, scope),
            Macro::Plain(procedure) => self.apply_plain(&procedure, datum),
            Macro::Broken | Macro::Unparsed(..) => Ok(None),
        }
    }

    /// Notes which macro of the file was used at a place, for a trace.
    fn note_use(&mut self, number: u32, span: Span) {
        let Some((name, place)) = self.macro_places.get(&number) else {
            return;
        };
        let used = self.macro_uses.entry(span).or_default();
        if used.len() < USES_MAX && used.iter().all(|known| known.place != *place) {
            used.push(MacroUse {
                name: Rc::clone(name),
                place: *place,
            });
        }
    }

    /// Notes that a form stands inside another use of a macro.
    pub(super) fn deeper(&mut self, span: Span) -> Expanded<()> {
        if self.depth >= DEPTH_MAX.min(self.nesting) {
            return Err(refused(
                Diagnostic::error("syntax", "the use of this macro never ends"),
                span,
            ));
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    fn parsed_macro(&mut self, number: u32) -> Expanded<Macro> {
        let found = self.macros.get(number as usize).cloned();
        let Some(Macro::Unparsed(text, scope)) = found else {
            return Ok(found.unwrap_or(Macro::Broken));
        };
        let parsed = match super::modules::parse_definition(text) {
            Some(datum) => self.macro_of_definition(&datum, &scope)?.1,
            None => Macro::Broken,
        };
        if let Some(slot) = self.macros.get_mut(number as usize) {
            *slot = parsed.clone();
        }
        Ok(parsed)
    }

    /// Handles a definition of a macro in a scope. The name is bound even if
    /// the definition is wrong.
    pub(super) fn define_macro(&mut self, datum: &Datum, scope: &Rc<Scope>, into: &Scope) {
        match self.macro_of_definition(datum, scope) {
            Ok((name, definition)) => {
                let binding = self.new_macro(definition);
                if let Binding::Macro(number) = binding
                    && is_of_the_file(datum.span)
                {
                    let shown = base_name(&name).into();
                    self.macro_places.insert(number, (shown, datum.span));
                }
                into.bind(&name, binding);
            }
            Err(malformed) => {
                if let Some(name) = defined_name(datum) {
                    let binding = self.new_macro(Macro::Broken);
                    into.bind(&name, binding);
                }
                self.find(malformed);
            }
        }
    }

    /// The name and the macro of `(define-syntax NAME TRANSFORMER)` or
    /// `(define-syntax-rule (NAME . PATTERN) [DOC] TEMPLATE)`.
    fn macro_of_definition(
        &mut self,
        datum: &Datum,
        scope: &Rc<Scope>,
    ) -> Expanded<(Rc<str>, Macro)> {
        let items = datum.list().unwrap_or_default();
        let rule = items
            .first()
            .is_some_and(|head| special(head, scope) == Some(Special::DefineSyntaxRule));
        match items {
            [_, pattern, template]
            | [
                _,
                pattern,
                Datum {
                    kind: Kind::Text(_),
                    ..
                },
                template,
            ] if rule => {
                let name = defined_name(datum).ok_or_else(|| {
                    malformed(pattern.span, "the pattern must be (NAME PARAMETER …)")
                })?;
                let words = Words {
                    ellipsis: None,
                    literals: Vec::new(),
                };
                let rules = vec![(pattern.clone(), template.clone())];
                Ok((name, new_rules(words, rules, false, scope)?))
            }
            _ if rule => Err(malformed(
                datum.span,
                "`define-syntax-rule` takes (NAME PARAMETER …) and a template",
            )),
            [_, name, transformer] => {
                let name = name.symbol().cloned().ok_or_else(|| {
                    malformed(name.span, "`define-syntax` needs the name of a macro")
                })?;
                Ok((name, self.transformer(transformer, scope)?))
            }
            _ => Err(malformed(
                datum.span,
                "`define-syntax` takes a name and a transformer such as (syntax-rules …)",
            )),
        }
    }

    /// The macro that a transformer is.
    pub(super) fn transformer(&mut self, datum: &Datum, scope: &Rc<Scope>) -> Expanded<Macro> {
        let mut datum = std::borrow::Cow::Borrowed(datum);
        while let Some(number) = macro_of(&datum, scope) {
            self.deeper(datum.span)?;
            let expanded = self.expand_macro(number, &datum, scope);
            self.depth = self.depth.saturating_sub(1);
            match expanded? {
                Some(expanded) => datum = std::borrow::Cow::Owned(expanded),
                None => return Ok(Macro::Broken),
            }
        }
        let items = datum.list().unwrap_or_default();
        match items.split_first() {
            Some((head, rest)) if special(head, scope) == Some(Special::SyntaxRules) => {
                syntax_rules(&datum, rest, scope)
            }
            Some((head, rest)) if special(head, scope) == Some(Special::IdentifierSyntax) => {
                identifier_syntax(&datum, rest, scope)
            }
            _ => {
                let procedure = self.expr(&datum, scope);
                let span = procedure.span;
                match self.run_now(procedure) {
                    Some(value) if is_procedure(&value) => Ok(Macro::Procedure(value)),
                    Some(_) => Err(malformed(
                        span,
                        "this makes no macro: it is neither `syntax-rules` nor a procedure",
                    )),
                    None => Ok(Macro::Broken),
                }
            }
        }
    }

    /// `(let-syntax ((NAME TRANSFORMER) …) BODY …)`: the scope of the body,
    /// and the body.
    pub(super) fn local_macros<'d>(
        &mut self,
        datum: &Datum,
        rest: &'d [Datum],
        scope: &Rc<Scope>,
        recursive: bool,
    ) -> Expanded<(Rc<Scope>, &'d [Datum])> {
        let bad = |span| malformed(span, "this needs ((NAME TRANSFORMER) …) and a body");
        let (bindings, body) = rest.split_first().ok_or_else(|| bad(datum.span))?;
        let inner = Scope::inside(scope);
        for binding in bindings.list().ok_or_else(|| bad(bindings.span))? {
            let Some([name, transformer]) = binding.list() else {
                return Err(bad(binding.span));
            };
            let symbol = name.symbol().ok_or_else(|| bad(name.span))?;
            let seen = if recursive { &inner } else { scope };
            let definition = match self.transformer(transformer, seen) {
                Ok(definition) => definition,
                Err(malformed) => {
                    self.find(malformed);
                    Macro::Broken
                }
            };
            let binding = self.new_macro(definition);
            inner.bind(symbol, binding);
        }
        Ok((inner, body))
    }
}

/// The macro that a form is a use of.
pub(super) fn macro_of(datum: &Datum, scope: &Scope) -> Option<u32> {
    let head = match &datum.kind {
        Kind::List(items) | Kind::Dotted(items, _) => items.first()?,
        _ => return None,
    };
    match scope.lookup(head.symbol()?) {
        Some(Binding::Macro(number)) => Some(number),
        _ => None,
    }
}

fn apply_rules(rules: &Rules, datum: &Datum, scope: &Rc<Scope>) -> Expanded<Datum> {
    let whole = rules.identifier && datum.symbol().is_some();
    for (pattern, template) in &rules.each {
        let mut matches = Matches::new();
        let matcher = Matcher {
            words: &rules.words,
            definition: &rules.scope,
            usage: scope,
        };
        let matched = if whole {
            pattern.symbol().is_some()
        } else {
            matcher.matches_use(pattern, datum, &mut matches)
        };
        if matched {
            return Template {
                words: &rules.words,
                definition: &rules.scope,
                span: datum.span,
                number: scope.aliases().fresh(),
            }
            .fill(template, &matches);
        }
    }
    Err(no_match(datum, rules))
}

fn new_rules(
    words: Words,
    rules: Vec<(Datum, Datum)>,
    identifier: bool,
    scope: &Rc<Scope>,
) -> Expanded<Macro> {
    for (pattern, _) in &rules {
        match without_head(pattern) {
            Some(rest) => check_pattern(&rest, &words)?,
            None if identifier => {}
            None => {
                return Err(malformed(
                    pattern.span,
                    "a pattern must be a list that begins with the macro's name",
                ));
            }
        }
    }
    Ok(Macro::Rules(Rc::new(Rules {
        words,
        each: rules,
        scope: Rc::clone(scope),
        identifier,
    })))
}

/// `(syntax-rules [ELLIPSIS] (LITERAL …) (PATTERN TEMPLATE) …)`
fn syntax_rules(datum: &Datum, rest: &[Datum], scope: &Rc<Scope>) -> Expanded<Macro> {
    let (ellipsis, literals, rules) = match rest {
        [ellipsis, literals, rules @ ..] if ellipsis.symbol().is_some() => {
            (ellipsis.symbol().cloned(), literals, rules)
        }
        [literals, rules @ ..] => (None, literals, rules),
        [] => {
            return Err(malformed(
                datum.span,
                "`syntax-rules` takes a list of literals and rules",
            ));
        }
    };
    let words = Words {
        ellipsis,
        literals: literal_names(literals)?,
    };
    let rules = rules.iter().map(|rule| match rule.list() {
        Some(
            [pattern, template]
            | [
                pattern,
                Datum {
                    kind: Kind::Text(_),
                    ..
                },
                template,
            ],
        ) => Ok((pattern.clone(), template.clone())),
        // A documentation string stands before the rules.
        _ => Err(malformed(rule.span, "a rule must be (PATTERN TEMPLATE)")),
    });
    let rules = rules.collect::<Expanded<Vec<_>>>()?;
    new_rules(words, rules, false, scope)
}

/// `(identifier-syntax TEMPLATE)`
fn identifier_syntax(datum: &Datum, rest: &[Datum], scope: &Rc<Scope>) -> Expanded<Macro> {
    let [template] = rest else {
        return Err(malformed(
            datum.span,
            "`identifier-syntax` takes one template here",
        ));
    };
    let span = datum.span;
    let name = |name: &str| Datum {
        kind: Kind::Symbol(name.into()),
        span,
    };
    let list = |items| Datum {
        kind: Kind::List(items),
        span,
    };
    let call = list(vec![name("_"), name("x"), name("...")]);
    let applied = list(vec![template.clone(), name("x"), name("...")]);
    let rules = vec![(name("_"), template.clone()), (call, applied)];
    let words = Words {
        ellipsis: None,
        literals: Vec::new(),
    };
    new_rules(words, rules, true, scope)
}

/// The name that the definition of a macro binds.
pub(super) fn defined_name(datum: &Datum) -> Option<Rc<str>> {
    let target = datum.list()?.get(1)?;
    match &target.kind {
        Kind::Symbol(name) => Some(Rc::clone(name)),
        Kind::List(items) | Kind::Dotted(items, _) => items.first()?.symbol().cloned(),
        _ => None,
    }
}

/// `(LITERAL …)`
pub(super) fn literal_names(datum: &Datum) -> Expanded<Vec<Rc<str>>> {
    let bad = |span| malformed(span, "the literals must be a list of names");
    let items = datum.list().ok_or_else(|| bad(datum.span))?;
    items
        .iter()
        .map(|item| item.symbol().cloned().ok_or_else(|| bad(item.span)))
        .collect()
}

/// A list without its first item.
fn without_head(datum: &Datum) -> Option<Datum> {
    let span = datum.span;
    let kind = match &datum.kind {
        Kind::List(items) => Kind::List(items.get(1..)?.to_vec()),
        Kind::Dotted(items, tail) => match items.get(1..)? {
            [] => tail.kind.clone(),
            rest => Kind::Dotted(rest.to_vec(), tail.clone()),
        },
        _ => return None,
    };
    Some(Datum { kind, span })
}

fn no_match(datum: &Datum, rules: &Rules) -> super::Malformed {
    let name = match &datum.kind {
        Kind::List(items) | Kind::Dotted(items, _) => items.first().and_then(Datum::symbol),
        _ => datum.symbol(),
    };
    let name = name.map_or("", |name| name);
    let diagnostic = Diagnostic::error(
        "syntax",
        format!("this use of `{name}` matches no pattern of the macro"),
    );
    let patterns: Vec<String> = rules
        .each
        .iter()
        .take(3)
        .map(|(pattern, _)| format!("`{}`", super::scope::without_marks(&pattern.written())))
        .collect();
    refused(
        diagnostic.with_help(format!("it takes {}", patterns.join(" or "))),
        datum.span,
    )
}
