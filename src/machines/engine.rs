//! The interpreter: runs a core program. The only module that names steel.
//!
//! `Engine::new` takes 230 ms, nearly all of it for a prelude and macros that
//! a core program has no use for; the engine below is ready in 2 ms.

mod native;
pub mod raise;
mod value;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use steel::rerrs::ErrorKind;
use steel::steel_vm::engine::Engine;
use steel::steel_vm::primitives;

use super::builtin;
use super::core::{Program, Text, emit};
use super::source::Span;

pub use super::dependency::note as depend;
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
            thrown: None,
        }
    }

    /// An exception that is thrown.
    pub fn thrown(thrown: Thrown) -> Self {
        Self {
            thrown: Some(Rc::new(thrown)),
            ..Self::new("exception", "")
        }
    }

    /// The exception that it is.
    pub fn exception(&self) -> Rc<Thrown> {
        match &self.thrown {
            Some(thrown) => Rc::clone(thrown),
            None => Rc::new(Thrown::of(self)),
        }
    }

    /// With the words for a person.
    fn worded(self) -> Self {
        match &self.thrown {
            Some(thrown) if self.message.is_empty() => Self {
                span: self.span,
                ..thrown.failure()
            },
            _ => self,
        }
    }
}

thread_local! {
    /// The program that is running, for the procedures that need its tables.
    static PROGRAM: RefCell<Rc<Program>> = RefCell::default();
    /// The top-level form, or the call of the library, that is running.
    static SITE: Cell<Option<Span>> = const { Cell::new(None) };
    /// Failures on their way through the interpreter, which carries only text.
    // Not dropped with the thread: the interpreter's own variables are gone by
    // then.
    static FAILURES: RefCell<ManuallyDrop<Vec<Failure>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
    /// Steel's own procedures.
    static NATIVES: RefCell<HashMap<&'static str, Value>> = RefCell::default();
}

/// What marks the number of a failure in an error's text.
const MARK: &str = "%failure ";

/// Makes the error that carries a failure.
pub fn fault(failure: Failure) -> Fault {
    let number = FAILURES.with_borrow_mut(|failures| {
        failures.push(failure);
        failures.len().saturating_sub(1)
    });
    Fault::new(ErrorKind::Generic, format!("{MARK}{number}"))
}

/// The program that is running.
pub fn program() -> Rc<Program> {
    PROGRAM.with_borrow(Rc::clone)
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
pub fn hold(program: Program) -> Rc<Program> {
    let program = Rc::new(program);
    PROGRAM.set(Rc::clone(&program));
    program
}

/// Runs a program; its value is that of the last form.
pub fn run(program: Program) -> Result<Value, Failure> {
    let program = hold(program);
    FAILURES.with_borrow_mut(|failures| failures.clear());
    builtin::reset();
    SITE.set(None);
    let text = emit(&program);
    let mut engine = engine(&program, &text)?;
    let result = engine.run(text.text.clone());
    // The destructor takes longer than a small file needs in all.
    std::mem::forget(engine);
    match result {
        Ok(values) => Ok(values.into_iter().last().unwrap_or_else(unspecified)),
        Err(error) => Err(explain(&error, &program, &text)),
    }
}

/// An engine that knows what the program mentions.
fn engine(program: &Program, text: &Text) -> Result<Engine, Failure> {
    let mut engine = Engine::new_raw_no_kernel();
    let module = primitives::prelude();
    // What the compiler itself emits, for rest arguments and the like.
    for (name, value) in module.inner_map().iter() {
        engine.register_value(&format!("#%prim.{name}"), value.clone());
    }
    NATIVES.with_borrow_mut(|natives| {
        if natives.is_empty() {
            for name in NATIVE.iter().chain(builtin::USED_NATIVES) {
                if let Some(value) = module.try_get_ref(native_name(name)) {
                    natives.insert(name, value);
                }
            }
        }
    });
    for name in program.primitives.iter().chain(EMITTED) {
        let ours = builtin::function(name).map(Value::FuncV);
        let value = match ours.or_else(|| builtin::value(name)) {
            Some(value) => value,
            None => module.try_get_ref(native_name(name)).ok_or_else(|| {
                Failure::new("internal", format!("the interpreter lacks `{name}`"))
            })?,
        };
        engine.register_value(&format!("p.{name}"), value);
    }
    for number in &text.constants {
        if let Some(value) = program.constants.get(*number as usize) {
            engine.register_value(&format!("k{number}"), constant(value)?);
        }
    }
    let unset = value::unset();
    engine.register_value("unset", unset.clone());
    for number in 0..program.globals.len() {
        engine.register_value(&format!("g{number}"), unset.clone());
    }
    Ok(engine)
}

/// What an error means, and where in the file.
fn explain(error: &Fault, program: &Program, text: &Text) -> Failure {
    let mut failure = failure_of(error).worded();
    if failure.span.is_none() {
        failure.span = place(error, program, text);
    }
    failure
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
        .unwrap_or_else(|| native_failure(error.kind(), message))
}

/// The smallest expression of the file that failed; for an error in the
/// library the call of it that the file made last, else the top-level form.
///
/// Steel's stack trace is no help: calls in tail position leave no frame.
fn place(error: &Fault, program: &Program, text: &Text) -> Option<Span> {
    error
        .span()
        .filter(|span| span.end() > span.start())
        .and_then(|span| text.origin(span.start(), span.end()))
        .filter(|span| program.is_of_the_file(*span))
        .or_else(|| SITE.get())
}

/// A failure of Steel's own, in words that do not speak of its insides.
fn native_failure(kind: ErrorKind, message: &str) -> Failure {
    match kind {
        ErrorKind::ArityMismatch => Failure::new(
            "wrong-number-of-arguments",
            format!("wrong number of arguments: {}", arity(message)),
        ),
        ErrorKind::TypeMismatch | ErrorKind::ConversionError | ErrorKind::ContractViolation => {
            Failure::new("wrong-type", message)
        }
        ErrorKind::BadSyntax if message.contains("not a procedure") => Failure::new(
            "wrong-type",
            "this is called, but its value is no procedure",
        ),
        ErrorKind::Io => Failure::new("system-error", message),
        ErrorKind::FreeIdentifier | ErrorKind::BadSyntax | ErrorKind::Parse => {
            Failure::new("internal", format!("the interpreter refuses: {message}"))
        }
        _ => Failure::new("error", message),
    }
}

/// `… expected 1 arguments, found 2` out of Steel's text.
fn arity(message: &str) -> &str {
    message
        .find("expect")
        .and_then(|at| message.get(at..))
        .unwrap_or(message)
}
