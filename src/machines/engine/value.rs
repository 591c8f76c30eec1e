//! Values of the interpreter, seen from outside it.

use std::any::Any;
use std::rc::Rc;

use steel::SteelVal;
use steel::gc::Gc;
use steel::rvals::{AsRefSteelVal, Custom, IntoSteelVal, SteelByteVector};

use super::{Failure, native};
use crate::machines::core::Constant;
use crate::machines::datum::{Datum, Kind, Number, written_real};

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
    /// Any other number: as it is written, about how much it is, whether it
    /// is an integer.
    Number(String, f64, bool),
    /// A character.
    Character(char),
    /// A string.
    Text(&'a str),
    /// A symbol.
    Symbol(&'a str),
    /// A keyword, without `#:`.
    Keyword(&'a str),
    /// `()`
    Empty,
    /// A pair.
    Pair,
    /// A vector.
    Vector(Vec<Value>),
    /// A bytevector.
    Bytes(Vec<u8>),
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
        SteelVal::Rational(_) | SteelVal::BigNum(_) | SteelVal::BigRational(_) => {
            let written = value.to_string();
            let about = about(&written);
            let whole = matches!(value, SteelVal::BigNum(_));
            View::Number(written, about, whole)
        }
        SteelVal::CharV(c) => View::Character(*c),
        SteelVal::StringV(text) => View::Text(text),
        SteelVal::SymbolV(name) => match name.strip_prefix("#:") {
            Some(keyword) => View::Keyword(keyword),
            None => View::Symbol(name),
        },
        SteelVal::ListV(list) if list.is_empty() => View::Empty,
        SteelVal::ListV(_) | SteelVal::Pair(_) => View::Pair,
        SteelVal::VectorV(items) => View::Vector(items.iter().cloned().collect()),
        SteelVal::MutableVector(items) => View::Vector(items.get()),
        SteelVal::ByteVector(_) => View::Bytes(bytes_of(&value.to_string())),
        SteelVal::Void => View::Unspecified,
        SteelVal::Custom(_) => View::Foreign,
        _ if is_procedure(value) => View::Procedure,
        _ => View::Other,
    }
}

/// About how much a ratio or a big integer is.
fn about(written: &str) -> f64 {
    match written.split_once('/') {
        Some((n, d)) => n.parse().unwrap_or(f64::NAN) / d.parse().unwrap_or(f64::NAN),
        None => written.parse().unwrap_or(f64::NAN),
    }
}

/// The bytes of `#u8(#x01 …)`: they themselves are private to the crate.
fn bytes_of(written: &str) -> Vec<u8> {
    written
        .split("#x")
        .skip(1)
        .filter_map(|part| u8::from_str_radix(part.trim_end_matches([' ', ')']), 16).ok())
        .collect()
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

/// The first and the rest of a pair.
pub fn uncons(value: &Value) -> Option<(Value, Value)> {
    match value {
        SteelVal::Pair(pair) => Some((pair.car(), pair.cdr())),
        SteelVal::ListV(list) => {
            let first = list.first()?.clone();
            Some((first, SteelVal::ListV(list.rest().unwrap_or_default())))
        }
        _ => None,
    }
}

/// The items of a proper list.
pub fn list_items(value: &Value) -> Option<Vec<Value>> {
    match value {
        SteelVal::ListV(list) => Some(list.iter().cloned().collect()),
        // A chain of pairs that ends with a list.
        SteelVal::Pair(_) => {
            let mut items = Vec::new();
            let mut rest = value.clone();
            while let SteelVal::Pair(pair) = &rest {
                items.push(pair.car());
                let next = pair.cdr();
                rest = next;
            }
            items.extend(match rest {
                SteelVal::ListV(list) => list.iter().cloned().collect::<Vec<_>>(),
                _ => return None,
            });
            Some(items)
        }
        _ => None,
    }
}

/// Tells whether two values are one object, as far as this can be told.
pub fn identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (SteelVal::StringV(a), SteelVal::StringV(b)) => Rc::ptr_eq(a, b),
        (SteelVal::SymbolV(a), SteelVal::SymbolV(b)) => a.as_str() == b.as_str(),
        (SteelVal::ListV(a), SteelVal::ListV(b)) if a.is_empty() && b.is_empty() => true,
        (SteelVal::Custom(a), SteelVal::Custom(b)) => Gc::ptr_eq(a, b),
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

/// An exact integer.
pub fn integer(value: i64) -> Value {
    value.into_steelval().unwrap_or(SteelVal::Void)
}

/// An inexact real.
pub fn real(value: f64) -> Value {
    SteelVal::NumV(value)
}

/// A character.
pub fn character(value: char) -> Value {
    SteelVal::CharV(value)
}

/// A string.
pub fn text(value: impl Into<String>) -> Value {
    SteelVal::StringV(value.into().into())
}

/// A symbol.
pub fn symbol(name: &str) -> Value {
    SteelVal::SymbolV(name.into())
}

/// A keyword.
pub fn keyword(name: &str) -> Value {
    SteelVal::SymbolV(format!("#:{name}").into())
}

/// A proper list.
pub fn from_list(items: Vec<Value>) -> Value {
    SteelVal::ListV(items.into())
}

/// A vector.
pub fn from_vector(items: Vec<Value>) -> Value {
    SteelVal::VectorV(items.into_iter().collect())
}

/// A pair, or a longer list.
pub fn cons(first: Value, rest: Value) -> Answer {
    native("cons", &[first, rest])
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

/// Looks into a value of a type of ours; `None` if it is none of this type.
pub fn with_foreign<T: 'static, R>(value: &Value, look: impl FnOnce(&T) -> R) -> Option<R> {
    let SteelVal::Custom(_) = value else {
        return None;
    };
    let foreign = Foreign::as_ref(value).ok()?.0.clone();
    foreign.downcast_ref::<T>().map(look)
}

/// The mark of a variable that has no value yet.
struct Unset;

pub(super) fn unset() -> Value {
    foreign(Unset).unwrap_or(SteelVal::Void)
}

/// Tells whether a variable has no value yet.
pub fn is_unset(value: &Value) -> bool {
    with_foreign(value, |_: &Unset| ()).is_some()
}

/// A constant as a value.
pub fn constant(constant: &Constant) -> Result<Value, Failure> {
    match constant {
        Constant::Unspecified => Ok(unspecified()),
        Constant::Unset => Ok(unset()),
        Constant::Datum(datum) => from_datum(datum),
    }
}

/// A datum as a value.
pub fn from_datum(datum: &Datum) -> Result<Value, Failure> {
    let all = |items: &[Datum]| items.iter().map(from_datum).collect::<Result<Vec<_>, _>>();
    Ok(match &datum.kind {
        Kind::Boolean(value) => boolean(*value),
        Kind::Nil => from_list(Vec::new()),
        Kind::Number(number) => return from_number(number),
        Kind::Character(c) => character(*c),
        Kind::Text(value) => text(&**value),
        Kind::Symbol(name) => symbol(name),
        Kind::Keyword(name) => keyword(name),
        Kind::List(items) => from_list(all(items)?),
        Kind::Dotted(items, tail) => {
            let mut value = from_datum(tail)?;
            for item in all(items)?.into_iter().rev() {
                value = cons(item, value).map_err(|error| internal(&error))?;
            }
            value
        }
        Kind::Vector(items) => from_vector(all(items)?),
        Kind::Bytes(bytes) => SteelVal::ByteVector(SteelByteVector::new(bytes.clone())),
    })
}

fn from_number(number: &Number) -> Result<Value, Failure> {
    match number {
        Number::Integer(n) => Ok(integer(*n)),
        Number::Real(x) => Ok(real(*x)),
        Number::Ratio(n, d) => {
            native("/", &[integer(*n), integer(*d)]).map_err(|error| internal(&error))
        }
        Number::Big(digits, radix) => from_digits(digits, *radix),
        Number::BigRatio(n, d, radix) => {
            let parts = [from_digits(n, *radix)?, from_digits(d, *radix)?];
            native("/", &parts).map_err(|error| internal(&error))
        }
    }
}

fn from_digits(digits: &str, radix: u32) -> Result<Value, Failure> {
    native("string->number", &[text(digits), integer(i64::from(radix))])
        .map_err(|error| internal(&error))
}

fn internal(error: &Fault) -> Failure {
    Failure::new("internal", error.to_string())
}

/// A number as Guile writes it; `None` for what is none.
pub fn written_number(value: &Value) -> Option<String> {
    match view(value) {
        View::Integer(n) => Some(n.to_string()),
        View::Real(x) => Some(written_real(x)),
        View::Number(written, ..) => Some(written),
        _ => None,
    }
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
