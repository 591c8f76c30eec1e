//! Procedures and errors as values of the interpreter.

use std::sync::Arc;

use steel::gc::Gc;
use steel::rvals::FromSteelVal;
use steel::{SteelErr, SteelVal};

use super::{Answer, Fault, Value};

/// A procedure in Rust that knows what it was made for.
///
/// The interpreter wants `Send`, so what is not goes into a table, and the
/// procedure knows its number.
pub fn procedure(
    name: &str,
    function: impl Fn(&[Value]) -> Answer + Send + Sync + 'static,
) -> Value {
    let value = SteelVal::anonymous_boxed_function(Arc::new(function));
    match value {
        SteelVal::BoxedFunction(function) => {
            let mut function = (*function).clone();
            function.name = Some(Arc::new(name.to_owned()));
            SteelVal::BoxedFunction(Gc::new(function))
        }
        other => other,
    }
}

/// The name of such a procedure.
pub fn procedure_name(value: &Value) -> Option<&str> {
    match value {
        SteelVal::BoxedFunction(function) => function.name(),
        _ => None,
    }
}

/// The error that a handler of the interpreter's gets.
pub fn error_in(value: &Value) -> Option<Fault> {
    SteelErr::from_steelval(value).ok()
}
