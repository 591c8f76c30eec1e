//! Arithmetic on numbers as Scheme has them: exact where it can be.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_rational::BigRational;
use num_traits::{Pow as _, Signed as _, ToPrimitive as _, Zero as _};

use crate::machines::engine::Number;

/// Powers and shifts beyond so many bits are refused: they cannot be meant.
pub const BITS_MAX: u64 = 1 << 22;

/// The sum.
pub fn add(a: &Number, b: &Number) -> Number {
    if let (Number::Int(a), Number::Int(b)) = (a, b)
        && let Some(sum) = a.checked_add(*b)
    {
        return Number::Int(sum);
    }
    combine(a, b, |a, b| a + b, |a, b| a + b, |a, b| a + b)
}

/// The difference.
pub fn subtract(a: &Number, b: &Number) -> Number {
    if let (Number::Int(a), Number::Int(b)) = (a, b)
        && let Some(difference) = a.checked_sub(*b)
    {
        return Number::Int(difference);
    }
    combine(a, b, |a, b| a - b, |a, b| a - b, |a, b| a - b)
}

/// The product.
pub fn multiply(a: &Number, b: &Number) -> Number {
    if let (Number::Int(a), Number::Int(b)) = (a, b)
        && let Some(product) = a.checked_mul(*b)
    {
        return Number::Int(product);
    }
    combine(a, b, |a, b| a * b, |a, b| a * b, |a, b| a * b)
}

/// The quotient; `None` for the exact zero as divisor.
pub fn divide(a: &Number, b: &Number) -> Option<Number> {
    match (a, b) {
        (_, Number::Int(0)) => None,
        (Number::Real(_), _) | (_, Number::Real(_)) => {
            Some(Number::Real(a.to_real() / b.to_real()))
        }
        _ => Some(Number::ratio(a.to_ratio()? / b.to_ratio()?)),
    }
}

fn combine(
    a: &Number,
    b: &Number,
    reals: fn(f64, f64) -> f64,
    whole: fn(BigInt, BigInt) -> BigInt,
    ratios: fn(BigRational, BigRational) -> BigRational,
) -> Number {
    if let (Some(a), Some(b)) = (a.to_big(), b.to_big()) {
        return Number::big(whole(a, b));
    }
    if let (Some(a), Some(b)) = (a.to_ratio(), b.to_ratio()) {
        return Number::ratio(ratios(a, b));
    }
    Number::Real(reals(a.to_real(), b.to_real()))
}

/// Which is more; `None` if one is no number at all.
pub fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(b)),
        (Number::Real(a), Number::Real(b)) => a.partial_cmp(b),
        (Number::Real(a), b) if !a.is_finite() => a.partial_cmp(&b.to_real().clamp(-1.0, 1.0)),
        (a, Number::Real(b)) if !b.is_finite() => a.to_real().clamp(-1.0, 1.0).partial_cmp(b),
        // Exactly, as Guile compares an exact number with a real.
        _ => Some(exact(a)?.to_ratio()?.cmp(&exact(b)?.to_ratio()?)),
    }
}

/// The exact number that a number is; `None` for infinities and NaN.
pub fn exact(number: &Number) -> Option<Number> {
    match number {
        Number::Real(x) => BigRational::from_float(*x).map(Number::ratio),
        other => Some(other.clone()),
    }
}

/// How far a number is from 0: its sign.
pub fn sign(number: &Number) -> Ordering {
    match number {
        Number::Int(n) => n.cmp(&0),
        Number::Big(n) => n.cmp(&BigInt::zero()),
        Number::Ratio(ratio) => ratio.cmp(&BigRational::zero()),
        Number::Real(x) => x.partial_cmp(&0.0).unwrap_or(Ordering::Equal),
    }
}

/// Tells whether a number is an integer, exact or not.
pub fn is_whole(number: &Number) -> bool {
    match number {
        Number::Int(_) | Number::Big(_) => true,
        Number::Ratio(_) => false,
        Number::Real(x) => x.is_finite() && x.fract() == 0.0,
    }
}

/// How a quotient becomes an integer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Downwards.
    Floor,
    /// Upwards.
    Ceiling,
    /// Towards 0.
    Truncate,
    /// To the nearest, a half to the even one.
    Round,
    /// So that the remainder is not negative.
    Euclidean,
    /// So that the remainder is within half of the divisor.
    Centered,
}

/// Rounds a number to an integer.
pub fn round(number: &Number, rounding: Rounding) -> Number {
    match number {
        Number::Real(x) => Number::Real(match rounding {
            Rounding::Floor | Rounding::Euclidean => x.floor(),
            Rounding::Ceiling => x.ceil(),
            Rounding::Truncate => x.trunc(),
            Rounding::Round | Rounding::Centered => x.round_ties_even(),
        }),
        Number::Ratio(ratio) => Number::big(quotient(ratio.numer(), ratio.denom(), rounding)),
        whole => whole.clone(),
    }
}

/// The quotient of integers, rounded; the divisor is not 0.
fn quotient(n: &BigInt, d: &BigInt, rounding: Rounding) -> BigInt {
    match rounding {
        Rounding::Ceiling => -((-n).div_floor(d)),
        Rounding::Truncate => n / d,
        Rounding::Euclidean if d.is_negative() => -(n.div_floor(&-d)),
        Rounding::Floor | Rounding::Euclidean => n.div_floor(d),
        Rounding::Round => {
            let twice: BigInt = n * 2;
            let down = n.div_floor(d);
            let rest: BigInt = twice - &down * d * 2;
            match rest.abs().cmp(&d.abs()) {
                Ordering::Less => down,
                Ordering::Equal if down.is_even() => down,
                Ordering::Equal | Ordering::Greater => down + 1,
            }
        }
        Rounding::Centered => {
            // -|d|/2 <= remainder < |d|/2
            let half: BigInt = n * 2 + d.abs();
            let sign = if d.is_negative() { -1 } else { 1 };
            half.div_floor(&(d.abs() * 2)) * sign
        }
    }
}

/// Quotient and remainder of a division of integers or, for those that allow
/// it, of any numbers; `None` for a divisor of 0.
pub fn divide_whole(a: &Number, b: &Number, rounding: Rounding) -> Option<(Number, Number)> {
    if sign(b) == Ordering::Equal {
        return None;
    }
    if let (Some(n), Some(d)) = (a.to_big(), b.to_big()) {
        let q = quotient(&n, &d, rounding);
        let r = n - &q * d;
        return Some((Number::big(q), Number::big(r)));
    }
    if let (Some(n), Some(d)) = (a.to_ratio(), b.to_ratio()) {
        let numer = n.numer() * d.denom();
        let denom = n.denom() * d.numer();
        let q = quotient(&numer, &denom, rounding);
        let r = n - d * BigRational::from_integer(q.clone());
        return Some((Number::big(q), Number::ratio(r)));
    }
    let (whole, rest) = divide_reals(a.to_real(), b.to_real(), rounding);
    Some((Number::Real(whole), Number::Real(rest)))
}

fn divide_reals(x: f64, y: f64, rounding: Rounding) -> (f64, f64) {
    let rounding = match rounding {
        Rounding::Euclidean if y < 0.0 => Rounding::Ceiling,
        other => other,
    };
    let whole = round(&Number::Real(x / y), rounding).to_real();
    let rest = if rounding == Rounding::Truncate {
        x % y
    } else {
        x - whole * y
    };
    (whole, rest)
}

/// A power with an integer as exponent; `None` if it is beyond all bounds.
pub fn power(base: &Number, exponent: &Number) -> Option<Number> {
    let Some(n) = exponent.to_big() else {
        return Some(Number::Real(base.to_real().powf(exponent.to_real())));
    };
    match base {
        Number::Real(x) => Some(Number::Real(
            n.to_i32()
                .map_or_else(|| x.powf(exponent.to_real()), |n| x.powi(n)),
        )),
        Number::Int(0) if n.is_negative() => Some(Number::Real(f64::NAN)),
        Number::Int(1) => Some(Number::Int(1)),
        Number::Int(0) => Some(Number::Int(i64::from(n.is_zero()))),
        Number::Int(-1) => Some(Number::Int(if n.is_even() { 1 } else { -1 })),
        exact => {
            let ratio = exact.to_ratio()?;
            let bits = ratio.numer().bits().max(ratio.denom().bits());
            let times = u64::try_from(n.abs()).ok()?;
            if bits.checked_mul(times)? > BITS_MAX {
                return None;
            }
            let times = i32::try_from(n).ok()?;
            Some(Number::ratio(ratio.pow(times)))
        }
    }
}

/// Shifts to the left, or for a negative count to the right; `None` if the
/// result is beyond all bounds.
pub fn shift(n: &BigInt, count: i64) -> Option<BigInt> {
    let distance = count.unsigned_abs();
    if count >= 0 {
        if n.is_zero() {
            return Some(BigInt::zero());
        }
        if n.bits().saturating_add(distance) > BITS_MAX {
            return None;
        }
        return Some(n << distance);
    }
    if distance > n.bits() {
        return Some(BigInt::from(if n.is_negative() { -1 } else { 0 }));
    }
    Some(n >> distance)
}

/// The square root: exact for the square of an exact number; `None` for a
/// negative one.
pub fn square_root(number: &Number) -> Option<Number> {
    if sign(number) == Ordering::Less {
        return None;
    }
    if let Some(ratio) = number.to_ratio() {
        let (n, d) = (ratio.numer().sqrt(), ratio.denom().sqrt());
        if &(&n * &n) == ratio.numer() && &(&d * &d) == ratio.denom() {
            return Some(Number::ratio(BigRational::new(n, d)));
        }
    }
    Some(Number::Real(number.to_real().sqrt()))
}
