//! Values of the interpreter, seen from outside it.
//!
//! Pairs, strings, vectors and bytevectors are ours, since those of the
//! interpreter cannot be changed, or need its collector, which does not know
//! what ours hold. Of its own there are numbers, characters, symbols,
//! booleans, procedures, the empty list and the lists that rest arguments
//! arrive in.

mod drop;
mod number;
mod pair;
mod text;
mod vector;

use std::any::Any;
use std::rc::Rc;

use steel::SteelVal;
use steel::gc::Gc;
use steel::rvals::{AsRefSteelVal, Custom, IntoSteelVal};

use super::{Failure, native};
use crate::machines::core::Constant;
use crate::machines::datum::{Datum, Kind, written_real};

pub use number::{Number, from_literal, from_number, integer, number, real};
pub use pair::{
    End, address, car, cdr, cons, empty, from_list, from_list_with, from_rest, is_empty, is_pair,
    list_items, pair, set_car, set_cdr, to_rest, uncons, walk,
};
pub use text::{set_text, text};
pub use vector::{
    bytes, bytes_set, from_bytes, from_vector, vector_items, vector_set, with_vector,
};

/// A value.
pub type Value = SteelVal;
/// An error on its way.
pub type Fault = steel::SteelErr;
/// What a procedure gives.
pub type Answer = Result<Value, Fault>;
/// A procedure in Rust.
pub type Function = fn(&[Value]) -> Answer;

/// A value by its kind.
pub enum View<'a> {
    /// `#t`, `#f`
    Boolean(bool),
    /// An exact integer of 64 bits.
    Integer(i64),
    /// An inexact real.
    Real(f64),
    /// Any other number.
    Number(Number),
    /// A character.
    Character(char),
    /// A string.
    Text(Rc<str>),
    /// A symbol.
    Symbol(&'a str),
    /// A keyword, without `#:`.
    Keyword(&'a str),
    /// `()`
    Empty,
    /// A pair.
    Pair,
    /// A vector.
    Vector,
    /// A bytevector.
    Bytes,
    /// The unspecified value.
    Unspecified,
    /// A procedure.
    Procedure,
    /// A value of a type in Rust.
    Foreign,
    /// Something else of the interpreter's.
    Other,
}

/// Looks at a value.
pub fn view(value: &Value) -> View<'_> {
    match value {
        SteelVal::BoolV(b) => View::Boolean(*b),
        SteelVal::IntV(n) => View::Integer(*n as i64),
        SteelVal::NumV(x) => View::Real(*x),
        SteelVal::CharV(c) => View::Character(*c),
        SteelVal::SymbolV(name) => match name.strip_prefix("#:") {
            Some(keyword) => View::Keyword(keyword),
            None => View::Symbol(name),
        },
        SteelVal::ListV(list) if list.is_empty() => View::Empty,
        SteelVal::Void => View::Unspecified,
        SteelVal::Custom(_) => view_of_ours(value),
        _ if is_procedure(value) => View::Procedure,
        _ => number(value).map_or(View::Other, View::Number),
    }
}

fn view_of_ours(value: &Value) -> View<'_> {
    if is_pair(value) {
        return View::Pair;
    }
    if let Some(content) = text::content(value) {
        return View::Text(content);
    }
    with_foreign_any(value, |any| {
        if any.is::<vector::Vector>() {
            View::Vector
        } else if any.is::<vector::Bytes>() {
            View::Bytes
        } else {
            View::Foreign
        }
    })
    .unwrap_or(View::Other)
}

/// Tells whether a value can be called.
pub fn is_procedure(value: &Value) -> bool {
    matches!(
        value,
        SteelVal::Closure(_)
            | SteelVal::FuncV(_)
            | SteelVal::MutFunc(_)
            | SteelVal::BuiltIn(_)
            | SteelVal::BoxedFunction(_)
            | SteelVal::FutureFunc(_)
            | SteelVal::ContinuationFunction(_)
    )
}

/// The arguments that a procedure with a rest parameter got, in either kind of
/// list.
pub fn argument_list(value: &Value) -> Vec<Value> {
    match value {
        SteelVal::ListV(list) => list.iter().cloned().collect(),
        value => list_items(value).unwrap_or_default(),
    }
}

/// Tells whether two values are one object, as far as this can be told.
pub fn identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (SteelVal::SymbolV(a), SteelVal::SymbolV(b)) => a.as_str() == b.as_str(),
        (SteelVal::ListV(a), SteelVal::ListV(b)) if a.is_empty() && b.is_empty() => true,
        (SteelVal::Custom(a), SteelVal::Custom(b)) => Gc::ptr_eq(a, b),
        (SteelVal::Custom(_), _) | (_, SteelVal::Custom(_)) => false,
        _ => matches!(
            native("eq?", &[a.clone(), b.clone()]),
            Ok(SteelVal::BoolV(true))
        ),
    }
}

/// `#t` or `#f`.
pub fn boolean(value: bool) -> Value {
    SteelVal::BoolV(value)
}

/// A character.
pub fn character(value: char) -> Value {
    SteelVal::CharV(value)
}

/// A symbol.
pub fn symbol(name: &str) -> Value {
    SteelVal::SymbolV(name.into())
}

/// A keyword.
pub fn keyword(name: &str) -> Value {
    SteelVal::SymbolV(format!("#:{name}").into())
}

/// The unspecified value.
pub fn unspecified() -> Value {
    SteelVal::Void
}

/// A value of a type of ours.
#[derive(Clone)]
pub struct Foreign(Rc<dyn Any>);

impl Custom for Foreign {}

/// Wraps a value of a type of ours.
pub fn foreign<T: 'static>(value: T) -> Answer {
    Foreign(Rc::new(value)).into_steelval()
}

fn with_foreign_any<R>(value: &Value, look: impl FnOnce(&dyn Any) -> R) -> Option<R> {
    let SteelVal::Custom(_) = value else {
        return None;
    };
    let foreign = Foreign::as_ref(value).ok()?.0.clone();
    Some(look(&*foreign))
}

/// Looks into a value of a type of ours; `None` if it is none of this type.
pub fn with_foreign<T: 'static, R>(value: &Value, look: impl FnOnce(&T) -> R) -> Option<R> {
    with_foreign_any(value, |any| any.downcast_ref::<T>().map(look))?
}

/// The mark of a variable that has no value yet.
struct Unset;

/// What such a variable has instead.
pub fn unset() -> Value {
    foreign(Unset).unwrap_or(SteelVal::Void)
}

/// Tells whether a variable has no value yet.
pub fn is_unset(value: &Value) -> bool {
    with_foreign(value, |_: &Unset| ()).is_some()
}

/// A constant as a value.
pub fn constant(constant: &Constant) -> Result<Value, Failure> {
    Ok(match constant {
        Constant::Unspecified => unspecified(),
        Constant::Unset => unset(),
        Constant::Datum(datum) => from_datum(datum),
    })
}

/// A datum as a value.
pub fn from_datum(datum: &Datum) -> Value {
    let all = |items: &[Datum]| items.iter().map(from_datum).collect();
    match &datum.kind {
        Kind::Boolean(value) => boolean(*value),
        Kind::Nil => empty(),
        Kind::Number(literal) => from_number(from_literal(literal)),
        Kind::Character(c) => character(*c),
        Kind::Text(value) => text(Rc::clone(value)),
        Kind::Symbol(name) => super::opaque_value(name).unwrap_or_else(|| symbol(name)),
        Kind::Keyword(name) => keyword(name),
        Kind::List(items) => from_list(all(items)),
        Kind::Dotted(items, tail) => from_list_with(all(items), from_datum(tail)),
        Kind::Vector(items) => from_vector(all(items)),
        Kind::Bytes(bytes) => from_bytes(bytes.clone()),
    }
}

/// A number as Guile writes it; `None` for what is none.
pub fn written_number(value: &Value) -> Option<String> {
    Some(match number(value)? {
        Number::Int(n) => n.to_string(),
        Number::Big(n) => n.to_string(),
        Number::Ratio(ratio) => ratio.to_string(),
        Number::Real(x) => written_real(x),
    })
}

/// The error for an argument of a wrong type; the expected one with its
/// article.
pub fn wrong_type(procedure: &str, position: usize, expected: &str, value: &Value) -> Fault {
    let expected = expected
        .split_once(' ')
        .map_or(expected, |(article, noun)| match article {
            "a" | "an" => noun,
            _ => expected,
        });
    super::raise::wrong_type_at(procedure, position, expected, value)
}
