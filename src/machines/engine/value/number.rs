//! Numbers: those of the interpreter as numbers of Rust and back.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, ToPrimitive as _, Zero as _};
use steel::SteelVal;
use steel::gc::Gc;

use super::Value;
use crate::machines::datum;

/// A number.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// An exact integer of 64 bits.
    Int(i64),
    /// An exact integer beyond.
    Big(BigInt),
    /// An exact ratio, denominator above 1.
    Ratio(BigRational),
    /// An inexact real.
    Real(f64),
}

impl Number {
    /// An exact integer, as small as it is.
    pub fn big(n: BigInt) -> Self {
        n.to_i64().map_or(Self::Big(n), Self::Int)
    }

    /// An exact number, as simple as it is.
    pub fn ratio(ratio: BigRational) -> Self {
        if ratio.denom().is_one() {
            Self::big(ratio.into_raw().0)
        } else {
            Self::Ratio(ratio)
        }
    }

    /// The exact integer that this is.
    pub fn to_big(&self) -> Option<BigInt> {
        match self {
            Self::Int(n) => Some(BigInt::from(*n)),
            Self::Big(n) => Some(n.clone()),
            Self::Ratio(_) | Self::Real(_) => None,
        }
    }

    /// The exact number that this is.
    pub fn to_ratio(&self) -> Option<BigRational> {
        match self {
            Self::Ratio(ratio) => Some(ratio.clone()),
            Self::Real(_) => None,
            whole => whole.to_big().map(BigRational::from_integer),
        }
    }

    /// The nearest real.
    #[expect(clippy::cast_precision_loss, reason = "the nearest is asked for")]
    pub fn to_real(&self) -> f64 {
        match self {
            Self::Int(n) => *n as f64,
            Self::Big(n) => n.to_f64().unwrap_or(f64::INFINITY),
            Self::Ratio(ratio) => real_of_ratio(ratio),
            Self::Real(x) => *x,
        }
    }
}

/// The nearest real, also where numerator and denominator are beyond reals.
fn real_of_ratio(ratio: &BigRational) -> f64 {
    ratio.to_f64().unwrap_or_else(|| {
        if ratio.numer().is_zero() {
            0.0
        } else {
            f64::NAN
        }
    })
}

/// The number that a value is.
pub fn number(value: &Value) -> Option<Number> {
    Some(match value {
        SteelVal::IntV(n) => Number::Int(*n as i64),
        SteelVal::NumV(x) => Number::Real(*x),
        SteelVal::BigNum(n) => Number::big((**n).clone()),
        SteelVal::BigRational(ratio) => Number::ratio((**ratio).clone()),
        SteelVal::Rational(ratio) => Number::ratio(BigRational::new(
            BigInt::from(*ratio.numer()),
            BigInt::from(*ratio.denom()),
        )),
        _ => return None,
    })
}

/// A number as a value.
pub fn from_number(number: Number) -> Value {
    match number {
        Number::Int(n) => integer(n),
        Number::Big(n) => SteelVal::BigNum(Gc::new(n)),
        Number::Ratio(ratio) => SteelVal::BigRational(Gc::new(ratio)),
        Number::Real(x) => SteelVal::NumV(x),
    }
}

/// An exact integer.
pub fn integer(value: i64) -> Value {
    isize::try_from(value).map_or_else(
        |_| SteelVal::BigNum(Gc::new(BigInt::from(value))),
        SteelVal::IntV,
    )
}

/// An inexact real.
pub fn real(value: f64) -> Value {
    SteelVal::NumV(value)
}

/// A number as the reader gives it.
pub fn from_literal(number: &datum::Number) -> Number {
    match number {
        datum::Number::Integer(n) | datum::Number::Ratio(n, 0) => Number::Int(*n),
        datum::Number::Real(x) => Number::Real(*x),
        datum::Number::Ratio(n, d) => {
            Number::ratio(BigRational::new(BigInt::from(*n), BigInt::from(*d)))
        }
        datum::Number::Big(digits, radix) => {
            Number::big(BigInt::parse_bytes(digits.as_bytes(), *radix).unwrap_or_else(BigInt::zero))
        }
        datum::Number::BigRatio(n, d, radix) => {
            let part = |digits: &str| BigInt::parse_bytes(digits.as_bytes(), *radix);
            match (part(n), part(d)) {
                (Some(n), Some(d)) if !d.is_zero() => Number::ratio(BigRational::new(n, d)),
                _ => Number::Int(0),
            }
        }
    }
}
