//! An evaluation: forms are expanded one after the other and run in units.
//!
//! A unit holds as many forms as can be expanded without an effect of those
//! before: one unit for most files, one for each form once the file evaluates
//! or loads something that only running tells. After the first error nothing
//! is run any more, but the rest is expanded, to find what else is wrong.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use super::macros::MacroUses;
use super::scope::{renamed, stripped, without_marks};
use super::syntax_rules::Matches;
use super::{Binding, Expander, Finding, Special, special};
use crate::machines::builtin::control::several;
use crate::machines::core::{Constant, Expr, ExprKind, emit, is_of_the_file};
use crate::machines::datum::{Datum, Kind};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::engine::raise::wrong_type_expecting;
use crate::machines::engine::{
    self, Failure, Thrown, Value, View, boolean, from_datum, text, unspecified, view,
};
use crate::machines::reader::{Problem, ReadError, Reader};
use crate::machines::source::{Sources, Span};

thread_local! {
    /// The evaluation that waits for its unit to end, for procedures that
    /// evaluate.
    static WAITING: RefCell<Option<Box<Expander>>> = const { RefCell::new(None) };
}

/// How a file's evaluation ended.
pub struct Outcome {
    /// What was found wrong.
    pub findings: Vec<Finding>,
    /// Why it stopped, if it did.
    pub failure: Option<Failure>,
    /// The value of the last form.
    pub result: FileValue,
    /// The last form.
    pub last: Span,
    /// Which macros were used where.
    pub uses: MacroUses,
    /// All files that were read.
    pub sources: Sources,
}

/// What is wrong with a text.
pub(super) fn unreadable(error: ReadError) -> Finding {
    let mut diagnostic = Diagnostic::error("read", error.problem.to_string());
    diagnostic.help = error.help;
    let span = error.span;
    Finding { diagnostic, span }
}

/// The value of a file.
pub enum FileValue {
    /// The machines of these forms, which are constant.
    Literal(Vec<u32>),
    /// Whatever it is.
    Value(Value),
}

/// The forms of a text as far as it can be read, and what is wrong with it.
fn read_whole(text: &str, file: u16, nesting: u32) -> (Vec<Datum>, Vec<ReadError>) {
    let mut reader = Reader::new(text, file, nesting).passing();
    let (mut data, mut wrong) = (Vec::new(), Vec::new());
    loop {
        let read = reader.read();
        wrong.append(&mut reader.take_passed());
        match read {
            Ok(Some(datum)) => data.push(datum),
            Ok(None) => break,
            Err(error) => {
                let goes_on = matches!(error.problem, Problem::Unexpected(_) | Problem::TooMany(_));
                wrong.push(error);
                if !goes_on || wrong.len() >= WRONG_MAX {
                    break;
                }
            }
        }
    }
    wrong.sort_by_key(|error| error.span.start);
    (data, wrong)
}

/// So many things that are wrong are enough.
const WRONG_MAX: usize = 20;

impl Expander {
    /// Evaluates the forms of a text, which is this one of the sources.
    pub fn evaluate_text(&mut self, file: u16, text: &str, nesting: u32) {
        self.nesting = nesting;
        let (data, wrong) = read_whole(text, file, nesting);
        let mut wrong = wrong.into_iter().peekable();
        let mut stop_at = |this: &mut Self, start: u32| {
            while let Some(error) = wrong.next_if(|error| error.span.start < start) {
                this.findings.push(unreadable(error));
                this.stop();
            }
        };
        let mut data = data.as_slice();
        let file = Rc::clone(&self.file);
        if let Some((first, rest)) = data.split_first()
            && first
                .list()
                .and_then(<[Datum]>::first)
                .is_some_and(|head| special(head, &file) == Some(Special::DefineModule))
        {
            stop_at(self, first.span.end);
            self.evaluate_form(first);
            data = rest;
        }
        self.declare_redefined(data);
        for datum in data {
            stop_at(self, datum.span.end);
            self.evaluate_form(datum);
        }
        stop_at(self, u32::MAX);
    }

    /// Evaluates a form, or leaves it to the end of the unit.
    fn evaluate_form(&mut self, datum: &Datum) {
        let errors = self.errors();
        let before = self.program.forms.len();
        self.last = datum.span;
        self.top_level_form(datum);
        if self.stopped {
            self.program.forms.clear();
        } else if self.errors() > errors {
            self.program.forms.truncate(before);
            self.stop();
        } else if self.modules.evaluates() && !self.nested {
            self.run_pending();
        }
    }

    /// The number of errors found.
    pub(super) fn errors(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.diagnostic.is_error())
            .count()
    }

    /// Runs what comes before an error, and nothing more.
    pub(super) fn stop(&mut self) {
        self.run_pending();
        self.stopped = true;
        self.program.forms.clear();
    }

    /// Runs what is waiting to be run.
    pub(super) fn run_pending(&mut self) {
        if self.stopped || self.program.forms.is_empty() {
            return;
        }
        if let Err(failure) = self.run_unit() {
            self.failure = Some(failure);
            self.stopped = true;
        }
    }

    fn run_unit(&mut self) -> Result<(), Failure> {
        self.library();
        let text = emit(&mut self.program);
        let mut interpreter = self.interpreter.take().unwrap_or_default();
        interpreter.prepare(&self.program, &text)?;
        engine::hold(std::mem::take(&mut self.program));
        WAITING.set(Some(Box::new(std::mem::take(self))));
        let result = interpreter.run(text);
        if let Some(waiting) = WAITING.take() {
            *self = *waiting;
        }
        self.program = engine::release();
        self.interpreter = Some(interpreter);
        self.value = Some(result?);
        Ok(())
    }

    /// The value of an expression that must be known before the expansion
    /// goes on; `None`: nothing is run any more.
    pub(super) fn run_now(&mut self, expr: Expr) -> Option<Value> {
        if self.nested {
            let diagnostic = Diagnostic::error(
                "unsupported",
                "this cannot be expanded in what is evaluated while the file runs",
            );
            let span = expr.span;
            self.findings.push(Finding { diagnostic, span });
            return None;
        }
        self.program.forms.push(expr);
        self.run_pending();
        if self.stopped {
            // Whatever it would have brought is missing now.
            self.modules.lack();
            return None;
        }
        self.value.clone()
    }

    /// The same for an expression whose value must be a string.
    pub(super) fn text_now(&mut self, expr: Expr) -> Option<String> {
        if let ExprKind::Constant(number) = expr.kind
            && let Some(Constant::Datum(datum)) = self.program.constants.get(number as usize)
            && let Kind::Text(text) = &datum.kind
        {
            return Some(text.to_string());
        }
        let span = expr.span;
        let value = self.run_now(expr)?;
        if let View::Text(text) = view(&value) {
            return Some(text.to_string());
        }
        self.end_with(Failure {
            span: Some(span),
            ..engine::explained(&wrong_type_expecting("load", "string", &value))
        });
        None
    }

    /// Stops for this reason, unless it has stopped before.
    pub(super) fn end_with(&mut self, failure: Failure) {
        self.run_pending();
        if !self.stopped {
            self.failure = Some(failure);
            self.stopped = true;
        }
    }

    /// Runs the rest; `shortcut`: unless its value is known without.
    pub fn finish(mut self, shortcut: bool) -> Outcome {
        let result = if let Some(forms) = self.literal().filter(|_| shortcut) {
            FileValue::Literal(forms)
        } else {
            self.run_pending();
            let value = self.value.take().unwrap_or_else(unspecified);
            // Of several values the first.
            FileValue::Value(match several(&value) {
                Some(all) => all.into_iter().next().unwrap_or_else(unspecified),
                None => value,
            })
        };
        self.find_broken_promises();
        engine::hold(std::mem::take(&mut self.program));
        Outcome {
            findings: std::mem::take(&mut self.findings),
            failure: self.failure.take(),
            result,
            last: self.last,
            uses: std::mem::take(&mut self.macro_uses),
            sources: std::mem::take(&mut self.sources),
        }
    }

    fn literal(&self) -> Option<Vec<u32>> {
        if self.interpreter.is_none() && !self.stopped {
            self.program.literal_machines()
        } else {
            None
        }
    }

    /// Expands only; for whatever must not be run.
    pub fn only_expand(&mut self) {
        self.stopped = true;
    }
}

/// What is wrong with a form that is evaluated while the file runs: an
/// exception, which the file may catch.
fn syntax_failure(finding: Finding, datum: &Datum) -> Failure {
    let diagnostic = finding.diagnostic;
    let form = from_datum(&stripped(datum));
    let arguments = vec![
        boolean(false),
        text(&*diagnostic.message),
        boolean(false),
        form,
        boolean(false),
    ];
    Failure {
        span: Some(finding.span).filter(|span| is_of_the_file(*span)),
        help: diagnostic.help,
        thrown: Some(Rc::new(Thrown::new("syntax-error".into(), arguments))),
        ..Failure::new("syntax", diagnostic.message)
    }
}

/// Expands a form while the interpreter is running: two texts for its
/// `eval-string`, one after the other. `module`: where, if not here.
pub fn nested(datum: &Datum, module: Option<&Datum>) -> Result<(Value, Value), Failure> {
    with_waiting(|expander| match module {
        Some(module) => expander.inside_module(module, |expander| expander.nested_form(datum)),
        None => expander.nested_form(datum),
    })
}

/// Tells whether a module can be imported.
pub fn has_module(name: &Datum) -> Result<bool, Failure> {
    with_waiting(|expander| Ok(expander.has_module(name)))
}

/// Imports all of a module.
pub fn import_module(name: &Datum) -> Result<(), Failure> {
    with_waiting(|expander| {
        expander.form_import(std::slice::from_ref(name), false);
        Ok(())
    })
}

/// Tells whether a name has a value, here or in a module.
pub fn is_defined(name: &str, module: Option<&Datum>) -> Result<bool, Failure> {
    let look = |expander: &mut Expander| {
        Ok(match expander.file.lookup(name) {
            Some(Binding::Global(global)) => expander
                .program
                .global_mut(global)
                .is_some_and(|global| !global.pending),
            Some(Binding::Special(Special::Unsupported)) | None => false,
            Some(_) => true,
        })
    };
    with_waiting(|expander| match module {
        Some(module) => expander.inside_module(module, look),
        None => look(expander),
    })
}

/// The forms of a file that is loaded while the interpreter is running.
pub fn nested_file(path: &Path) -> Result<Vec<Result<Datum, Failure>>, Failure> {
    with_waiting(|expander| expander.nested_forms(path))
}

/// What a pattern of `syntax-case` matches in a datum.
pub fn match_syntax(number: usize, datum: &Datum) -> Result<Option<Matches>, Failure> {
    with_waiting(|expander| Ok(expander.match_syntax(number, datum)))
}

/// The place of the use of a macro that is being expanded.
pub fn current_use() -> Result<Span, Failure> {
    with_waiting(|expander| Ok(expander.current.span()))
}

/// A template of `syntax` with what patterns matched; whether it is a list.
pub fn fill_syntax(number: usize, matches: &[Matches]) -> Result<(Datum, bool), Failure> {
    with_waiting(|expander| {
        expander
            .fill_syntax(number, matches)
            .map_err(|malformed| Failure {
                span: Some(malformed.0.span),
                ..Failure::new("syntax", without_marks(&malformed.0.diagnostic.message))
            })
    })
}

/// A datum with its names as if they stood where this identifier does.
pub fn like(identifier: &str, datum: &Datum) -> Result<Datum, Failure> {
    with_waiting(|expander| {
        let aliases = expander.file.aliases();
        Ok(renamed(datum, &|name| aliases.like(identifier, name)))
    })
}

/// An identifier that is no other.
pub fn fresh_identifier(name: &Rc<str>) -> Result<Rc<str>, Failure> {
    with_waiting(|expander| {
        let aliases = expander.file.aliases();
        Ok(aliases.make(aliases.fresh(), name, &expander.file))
    })
}

/// Tells whether two identifiers mean the same.
pub fn same_identifier(one: &str, other: &str) -> Result<bool, Failure> {
    with_waiting(|expander| Ok(expander.file.same(one, other, &expander.file)))
}

fn with_waiting<T>(work: impl FnOnce(&mut Expander) -> Result<T, Failure>) -> Result<T, Failure> {
    let Some(mut expander) = WAITING.take() else {
        return Err(Failure::new("internal", "nothing is being evaluated"));
    };
    expander.program = engine::release();
    let result = work(&mut expander);
    engine::hold(std::mem::take(&mut expander.program));
    WAITING.set(Some(expander));
    result
}

impl Expander {
    fn nested_form(&mut self, datum: &Datum) -> Result<(Value, Value), Failure> {
        let count = self.findings.len();
        self.nested = true;
        self.top_level_form(datum);
        self.library();
        self.nested = false;
        let mut new = self.findings.split_off(count.min(self.findings.len()));
        if let Some(at) = new.iter().position(|finding| finding.diagnostic.is_error()) {
            self.program.forms.clear();
            return Err(syntax_failure(new.swap_remove(at), datum));
        }
        self.findings.append(&mut new);
        let text = emit(&mut self.program);
        Ok(engine::nested(&self.program, text))
    }
}
