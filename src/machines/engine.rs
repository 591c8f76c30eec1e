//! The interpreter: runs a core program. The only module that names steel.
//!
//! `Engine::new` takes 230 ms, nearly all of it for a prelude and macros that
//! a core program has no use for; the engine below is ready in 2 ms.

mod interpreter;
mod native;
pub mod raise;
mod value;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::mem::ManuallyDrop;
use std::rc::Rc;

use steel::rerrs::ErrorKind;

use super::builtin;
use super::core::{LIBRARY, Program, is_of_the_file};
use super::reader::Reader;
use super::source::Span;

pub use super::dependency::note as depend;
pub use interpreter::{
    Interpreter, native_text, nested, nested_constant, nested_primitive, opaque, opaque_value,
    quoted_datum, recently_quoted,
};
pub use native::{error_in, procedure, procedure_name};
pub use raise::Thrown;
pub use value::{
    Answer, End, Fault, Foreign, Function, Number, Value, View, address, argument_list, boolean,
    bytes, bytes_set, car, cdr, character, cons, constant, empty, foreign, from_bytes, from_datum,
    from_list, from_list_with, from_literal, from_number, from_rest, from_vector, identical,
    integer, is_empty, is_pair, is_procedure, is_unset, keyword, list_items, number, pair, real,
    set_car, set_cdr, set_text, symbol, text, to_rest, uncons, unset, unspecified, vector_items,
    vector_set, view, walk, with_foreign, with_vector, written_number, wrong_type,
};

/// Primitives that are Steel's own.
const NATIVE: &[&str] = &[
    "%apply",
    "%eval-string",
    "box-strong",
    "unbox-strong",
    "set-strong-box!",
    "%native-call/cc",
    "%native-handle",
    "%native-raise",
];

/// What Steel calls a primitive, where we call it otherwise: its `apply` takes
/// lists of its own, the others leave our dynamic state out.
fn native_name(name: &str) -> &str {
    match name {
        "%apply" => "apply",
        "%eval-string" => "eval-string",
        "%native-call/cc" => "call/cc",
        "%native-handle" => "call-with-exception-handler",
        "%native-raise" => "raise-error",
        name => name,
    }
}

/// Primitives that the emitted text itself uses.
const EMITTED: &[&str] = &[
    "%at",
    "%site",
    "%check",
    "%choose",
    "%lambda-args",
    "%unbound",
    "%apply",
    "%first",
    "not",
    "%constant",
    "%primitive",
    "%make-machine",
    "%list<-rest",
    "box-strong",
    "unbox-strong",
    "set-strong-box!",
];

/// The names of the procedures that Steel provides.
pub fn native_names() -> impl Iterator<Item = &'static str> {
    NATIVE.iter().copied()
}

/// Why a program ended without a value.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What kind: the last part of a diagnostic's code.
    pub code: &'static str,
    /// One line.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Where, if it is known better than by the call that failed.
    pub span: Option<Span>,
    /// The calls that led there, the innermost first, as far as is known.
    pub calls: Vec<Span>,
    /// The form that was running, which is no call.
    pub form: Option<Span>,
    /// What was thrown, if it was by key and arguments; then it makes code
    /// and message once nothing has caught it.
    pub thrown: Option<Rc<Thrown>>,
}

impl Failure {
    /// A failure at the call that is running.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: None,
            span: None,
            calls: Vec::new(),
            form: None,
            thrown: None,
        }
    }

    /// An exception that is thrown.
    pub fn thrown(thrown: Thrown) -> Self {
        Self {
            thrown: Some(Rc::new(thrown)),
            ..Self::new(THROWN, "")
        }
    }

    /// The exception that it is.
    pub fn exception(&self) -> Rc<Thrown> {
        match &self.thrown {
            Some(thrown) => Rc::clone(thrown),
            None => Rc::new(Thrown::of(self)),
        }
    }

    /// Tells whether the operator of a call is wrong, not the call.
    pub fn is_about_operator(&self) -> bool {
        self.message.starts_with(NO_PROCEDURE)
    }

    /// With the words for a person.
    fn worded(self) -> Self {
        match &self.thrown {
            Some(thrown) if self.code == THROWN => {
                let failure = thrown.failure();
                Self {
                    span: self.span,
                    message: if self.message.is_empty() {
                        failure.message
                    } else {
                        self.message
                    },
                    ..failure
                }
            }
            _ => self,
        }
    }
}

/// The code of what was thrown, until its key gives another.
const THROWN: &str = "exception";

thread_local! {
    /// The program that is running, for the procedures that need its tables.
    static PROGRAM: RefCell<Rc<Program>> = RefCell::default();
    /// The top-level form, or the call of the library, that is running.
    static SITE: Cell<Option<Span>> = const { Cell::new(None) };
    /// The top-level form that is running.
    static FORM: Cell<Option<Span>> = const { Cell::new(None) };
    /// Failures on their way through the interpreter, which carries only text.
    // Not dropped with the thread: the interpreter's own variables are gone by
    // then.
    static FAILURES: RefCell<ManuallyDrop<Failures>> = RefCell::default();
    /// Steel's own procedures.
    static NATIVES: RefCell<HashMap<&'static str, Value>> = RefCell::default();
}

/// What marks the number of a failure in an error's text.
const MARK: &str = "%failure ";

/// The failures of late, by number.
#[derive(Default)]
struct Failures {
    /// The number of the first that is kept.
    first: usize,
    kept: VecDeque<Failure>,
}

/// So many are kept: a loop may throw a million times.
const FAILURES_MAX: usize = 10_000;

impl Failures {
    fn push(&mut self, failure: Failure) -> usize {
        if self.kept.len() >= FAILURES_MAX && self.kept.pop_front().is_some() {
            self.first = self.first.saturating_add(1);
        }
        self.kept.push_back(failure);
        self.first.saturating_add(self.kept.len()).saturating_sub(1)
    }

    fn get(&self, number: usize) -> Option<&Failure> {
        self.kept.get(number.checked_sub(self.first)?)
    }

    fn get_mut(&mut self, number: usize) -> Option<&mut Failure> {
        self.kept.get_mut(number.checked_sub(self.first)?)
    }
}

/// Makes the error that carries a failure.
pub fn fault(failure: Failure) -> Fault {
    let number = FAILURES.with_borrow_mut(|failures| failures.push(failure));
    Fault::new(ErrorKind::Generic, format!("{MARK}{number}"))
}

/// The program that is running.
pub fn program() -> Rc<Program> {
    PROGRAM.with_borrow(Rc::clone)
}

/// Notes which top-level form is running.
pub fn begin(form: Option<Span>) {
    FORM.set(form);
    SITE.set(form);
}

/// Notes which part of the file is running.
pub fn enter(site: Option<Span>) {
    SITE.set(site);
}

/// Calls a procedure of Steel's own that does not call back.
pub fn native(name: &'static str, arguments: &[Value]) -> Answer {
    let value = NATIVES.with_borrow(|natives| natives.get(name).cloned());
    match value {
        Some(Value::FuncV(function)) => function(arguments),
        Some(Value::MutFunc(function)) => function(&mut arguments.to_vec()),
        _ => Err(fault(Failure::new(
            "internal",
            format!("the interpreter lacks `{name}`"),
        ))),
    }
}

/// Makes the program's tables known to the procedures that need them.
pub fn hold(program: Program) {
    PROGRAM.set(Rc::new(program));
}

/// Takes back what [`hold`] was given.
pub fn release() -> Program {
    Rc::into_inner(PROGRAM.take()).unwrap_or_default()
}

/// Forgets what belongs to the evaluation before.
fn reset() {
    FAILURES.with_borrow_mut(|failures| **failures = Failures::default());
    builtin::reset();
    FORM.set(None);
    SITE.set(None);
}

/// What an error means, and where in the file.
fn explain(error: &Fault) -> Failure {
    let mut failure = failure_of(error).worded();
    if failure.span.is_none() {
        failure.span = place(error);
    }
    if let Some(span) = failure.span {
        failure.calls = calls(error, span);
        failure.form = FORM.get();
    }
    failure
}

/// The calls of the file that led to a place: those that left a frame, and
/// the form that is running. Calls in tail position leave none.
fn calls(error: &Fault, span: Span) -> Vec<Span> {
    let apart = |a: Span, b: Span| a.file != b.file || a.end <= b.start || b.end <= a.start;
    let frames = interpreter::frames(error);
    let mut calls: Vec<Span> = Vec::new();
    for call in frames.into_iter().chain(FORM.get()) {
        let last = calls.last().copied().unwrap_or(span);
        if is_of_the_file(call) && apart(call, span) && apart(call, last) {
            calls.push(call);
        }
        if calls.len() == CALLS_MAX {
            break;
        }
    }
    calls
}

/// What an error means, without the place of what is running.
pub fn explained(error: &Fault) -> Failure {
    failure_of(error).worded()
}

/// The failure that an error carries, or means.
pub fn failure_of(error: &Fault) -> Failure {
    let written = error.to_string();
    let message = written
        .split_once(": ")
        .and_then(|(_, rest)| rest.split_once(": "))
        .map_or(&*written, |(_, message)| message);
    message
        .strip_prefix(MARK)
        .and_then(|number| number.parse::<usize>().ok())
        .and_then(|number| FAILURES.with_borrow(|failures| failures.get(number).cloned()))
        .unwrap_or_else(|| native_failure(error, message))
}

/// More calls help nobody.
const CALLS_MAX: usize = 8;

/// The smallest expression of the file that failed; for an error in the
/// library the call of it that the file made last, else the top-level form.
///
/// Steel's stack trace is no help: calls in tail position leave no frame.
fn place(error: &Fault) -> Option<Span> {
    interpreter::origin(error)
        .filter(|span| is_of_the_file(*span))
        .or_else(|| SITE.get())
}

/// Keeps the place of an error before other parts of the file run.
pub fn pin(error: &Fault) {
    let written = error.to_string();
    let number = written
        .rsplit_once(MARK)
        .and_then(|(_, number)| number.parse::<usize>().ok());
    if let Some(number) = number {
        let place = place(error);
        FAILURES.with_borrow_mut(|failures| {
            if let Some(failure) = failures.get_mut(number)
                && failure.span.is_none()
            {
                failure.span = place;
            }
        });
    }
}

/// A failure of Steel's own, in words that do not speak of its insides.
fn native_failure(error: &Fault, message: &str) -> Failure {
    match error.kind() {
        ErrorKind::ArityMismatch => wrong_number(error, message),
        ErrorKind::BadSyntax if message.contains("not a procedure") => no_procedure(message),
        ErrorKind::TypeMismatch if message.contains(APPLIED) => no_procedure(message),
        ErrorKind::TypeMismatch | ErrorKind::ConversionError | ErrorKind::ContractViolation => {
            Failure::new("wrong-type", message)
        }
        ErrorKind::Io => Failure::new("system-error", message),
        ErrorKind::FreeIdentifier | ErrorKind::BadSyntax | ErrorKind::Parse => {
            Failure::new("internal", format!("the interpreter refuses: {message}"))
        }
        _ => Failure::new("error", message),
    }
}

/// How the message about a call of no procedure begins.
const NO_PROCEDURE: &str = "this is called, but its value is no procedure";

/// What `apply` of the interpreter says of it, before the value.
const APPLIED: &str = "expected a function, found: ";

/// A call of what is none; the message ends with its value, unless that is of
/// a type of ours.
fn no_procedure(message: &str) -> Failure {
    let value = message
        .rsplit_once("supported: ")
        .or_else(|| message.rsplit_once(APPLIED))
        .map(|(_, value)| value.trim())
        .filter(|value| !value.starts_with("#<offload"));
    let mut said = NO_PROCEDURE.to_owned();
    if let Some(value) = value {
        said.push_str(": ");
        said.push_str(value);
    }
    let value = value
        .and_then(|written| Reader::new(written, LIBRARY, 0).read().ok().flatten())
        .map_or_else(|| symbol("#<object>"), |datum| from_datum(&datum));
    let value = from_list(vec![value]);
    let arguments = vec![
        boolean(false),
        text("Wrong type to apply: ~S"),
        value.clone(),
        value,
    ];
    Failure {
        code: "wrong-type",
        message: said,
        ..Failure::thrown(Thrown::new("wrong-type-arg".into(), arguments))
    }
}

/// A call with too few or too many arguments, with the name of what is called
/// if it has one.
fn wrong_number(error: &Fault, message: &str) -> Failure {
    let name = interpreter::called(error);
    let counts = arity(message);
    let said = match &name {
        Some(name) => format!("wrong number of arguments to {name}: {counts}"),
        None => format!("wrong number of arguments: {counts}"),
    };
    let procedure = name.map_or_else(|| symbol("#<procedure>"), |name| symbol(&name));
    let arguments = vec![
        boolean(false),
        text("Wrong number of arguments to ~A"),
        from_list(vec![procedure]),
        boolean(false),
    ];
    Failure {
        code: "wrong-number-of-arguments",
        message: said,
        ..Failure::thrown(Thrown::new("wrong-number-of-args".into(), arguments))
    }
}

/// `… expected 1 arguments, found 2` out of Steel's text, as `2 instead of 1`.
fn arity(message: &str) -> String {
    let counts = message.rsplit_once("expected ").and_then(|(_, counts)| {
        let (expected, found) = counts.split_once(" argument")?;
        let (_, found) = found.rsplit_once(' ')?;
        Some(format!("{found} instead of {expected}"))
    });
    counts.unwrap_or_else(|| message.to_owned())
}
