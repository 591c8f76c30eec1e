//! Integers: divisors and bits.

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_traits::{One as _, Signed as _, Zero as _};

use super::super::Table;
use super::super::arguments::Arguments;
use super::arithmetic::{Rounding, divide_whole, is_whole, shift};
use super::too_large;
use crate::machines::engine::{Answer, Fault, Number, Value, boolean, from_number, integer, raise};

/// A division: its name, the rounding, whether quotient or remainder, the
/// name in the error of a division by zero, whether only integers are taken.
macro_rules! division {
    ($name:literal, $rounding:ident, $part:tt, $own:literal, $whole:literal) => {
        ($name, |values: &[Value]| -> Answer {
            let (quotient, remainder) = division($name, values, Rounding::$rounding, $own, $whole)?;
            let both = (from_number(quotient), from_number(remainder));
            Ok(both.$part)
        })
    };
}

pub const TABLE: Table = &[
    division!("quotient", Truncate, 0, "truncate-quotient", true),
    division!("remainder", Truncate, 1, "truncate-remainder", true),
    division!("modulo", Floor, 1, "floor-remainder", true),
    division!("floor-quotient", Floor, 0, "floor-quotient", false),
    division!("floor-remainder", Floor, 1, "floor-remainder", false),
    division!("ceiling-quotient", Ceiling, 0, "ceiling-quotient", false),
    division!("ceiling-remainder", Ceiling, 1, "ceiling-remainder", false),
    division!("truncate-quotient", Truncate, 0, "truncate-quotient", false),
    division!(
        "truncate-remainder",
        Truncate,
        1,
        "truncate-remainder",
        false
    ),
    division!("round-quotient", Round, 0, "round-quotient", false),
    division!("round-remainder", Round, 1, "round-remainder", false),
    division!(
        "euclidean-quotient",
        Euclidean,
        0,
        "euclidean-quotient",
        false
    ),
    division!(
        "euclidean-remainder",
        Euclidean,
        1,
        "euclidean-remainder",
        false
    ),
    division!("centered-quotient", Centered, 0, "centered-quotient", false),
    division!(
        "centered-remainder",
        Centered,
        1,
        "centered-remainder",
        false
    ),
    ("gcd", |values| fold("gcd", values, 0, BigInt::gcd)),
    ("lcm", |values| fold("lcm", values, 1, BigInt::lcm)),
    ("logand", |values| bits("logand", values, -1, |a, b| a & b)),
    ("logior", |values| bits("logior", values, 0, |a, b| a | b)),
    ("logxor", |values| bits("logxor", values, 0, |a, b| a ^ b)),
    ("lognot", lognot),
    ("logtest", logtest),
    ("logbit?", logbit),
    ("ash", ash),
    ("logcount", logcount),
    ("integer-length", integer_length),
    ("bit-extract", bit_extract),
    ("modulo-expt", modulo_expt),
    ("%integer-sqrt", integer_sqrt),
];

fn division(
    name: &'static str,
    values: &[Value],
    rounding: Rounding,
    own: &str,
    whole: bool,
) -> Result<(Number, Number), Fault> {
    let arguments = Arguments::exactly(name, values, 2)?;
    let (a, b) = (arguments.number(0)?, arguments.number(1)?);
    for (index, number) in [&a, &b].into_iter().enumerate() {
        if whole && !is_whole(number) {
            return Err(arguments.wrong_plain(index));
        }
    }
    divide_whole(&a, &b, rounding).ok_or_else(|| raise::numerical_overflow(own))
}

/// All are integers; inexact ones give an inexact result.
fn fold(
    name: &'static str,
    values: &[Value],
    start: i64,
    step: fn(&BigInt, &BigInt) -> BigInt,
) -> Answer {
    let arguments = Arguments::at_least(name, values, 0)?;
    let mut inexact = false;
    let mut result = BigInt::from(start);
    for index in 0..values.len() {
        let number = arguments.number(index)?;
        inexact |= matches!(number, Number::Real(_));
        let whole = super::arithmetic::exact(&number)
            .and_then(|number| number.to_big())
            .ok_or_else(|| arguments.wrong_plain(index))?;
        result = step(&result, &whole).abs();
    }
    let result = Number::big(result);
    Ok(from_number(if inexact {
        Number::Real(result.to_real())
    } else {
        result
    }))
}

fn bits(
    name: &'static str,
    values: &[Value],
    start: i64,
    step: fn(BigInt, BigInt) -> BigInt,
) -> Answer {
    let arguments = Arguments::at_least(name, values, 0)?;
    let mut result = BigInt::from(start);
    for index in 0..values.len() {
        result = step(result, arguments.whole(index)?);
    }
    Ok(from_number(Number::big(result)))
}

fn lognot(values: &[Value]) -> Answer {
    let n = Arguments::exactly("lognot", values, 1)?.whole(0)?;
    Ok(from_number(Number::big(!n)))
}

fn logtest(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("logtest", values, 2)?;
    Ok(boolean(
        !(arguments.whole(0)? & arguments.whole(1)?).is_zero(),
    ))
}

fn logbit(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("logbit?", values, 2)?;
    let index = arguments.index(0)?;
    let n = arguments.whole(1)?;
    let index = i64::try_from(index).unwrap_or(i64::MAX);
    let shifted = shift(&n, index.saturating_neg()).unwrap_or_default();
    Ok(boolean(shifted.is_odd()))
}

fn ash(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("ash", values, 2)?;
    let n = arguments.whole(0)?;
    let count = arguments.integer(1)?;
    shift(&n, count)
        .map(|n| from_number(Number::big(n)))
        .ok_or_else(too_large)
}

fn logcount(values: &[Value]) -> Answer {
    let n = Arguments::exactly("logcount", values, 1)?.whole(0)?;
    let n = if n.is_negative() { !n } else { n };
    let count: u64 = n
        .magnitude()
        .iter_u64_digits()
        .map(|digit| u64::from(digit.count_ones()))
        .sum();
    Ok(integer(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn integer_length(values: &[Value]) -> Answer {
    let n = Arguments::exactly("integer-length", values, 1)?.whole(0)?;
    let n = if n.is_negative() { !n } else { n };
    Ok(integer(i64::try_from(n.bits()).unwrap_or(i64::MAX)))
}

fn bit_extract(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("bit-extract", values, 3)?;
    let n = arguments.whole(0)?;
    let (start, end) = (arguments.index(1)?, arguments.index(2)?);
    let width = end
        .checked_sub(start)
        .and_then(|width| i64::try_from(width).ok())
        .ok_or_else(|| arguments.out_of_range(2))?;
    let start = i64::try_from(start).unwrap_or(i64::MAX);
    let shifted = shift(&n, start.saturating_neg()).ok_or_else(too_large)?;
    let mask = shift(&BigInt::one(), width).ok_or_else(too_large)? - 1;
    Ok(from_number(Number::big(shifted & mask)))
}

fn modulo_expt(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("modulo-expt", values, 3)?;
    let (base, exponent, modulus) = (
        arguments.whole(0)?,
        arguments.whole(1)?,
        arguments.whole(2)?,
    );
    if modulus.is_zero() || exponent.is_negative() {
        return Err(raise::numerical_overflow("modulo-expt"));
    }
    Ok(from_number(Number::big(base.modpow(&exponent, &modulus))))
}

/// The root of `exact-integer-sqrt`.
fn integer_sqrt(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("exact-integer-sqrt", values, 1)?;
    match arguments.number(0)?.to_big() {
        Some(n) if !n.is_negative() => Ok(from_number(Number::big(n.sqrt()))),
        _ => Err(arguments.wrong(0, "exact non-negative integer")),
    }
}
