//! Numbers.

mod arithmetic;
mod convert;
mod integers;

use std::cmp::Ordering;

use super::Table;
use super::arguments::Arguments;
use super::lists::copies;
use crate::machines::engine::{
    Answer, Failure, Fault, Number, Value, View, boolean, fault, from_list, from_number, number,
    raise, view,
};

use arithmetic::Rounding;

pub const TABLES: &[Table] = &[TABLE, convert::TABLE, integers::TABLE];

const TABLE: Table = &[
    ("+", |values| sum("+", values, 0, arithmetic::add)),
    ("*", |values| sum("*", values, 1, arithmetic::multiply)),
    ("-", minus),
    ("/", over),
    ("1+", |values| step(values, arithmetic::add)),
    ("1-", |values| step(values, arithmetic::subtract)),
    ("=", |values| compare("=", values, Ordering::is_eq)),
    ("<", |values| compare("<", values, Ordering::is_lt)),
    ("<=", |values| compare("<=", values, Ordering::is_le)),
    (">", |values| compare(">", values, Ordering::is_gt)),
    (">=", |values| compare(">=", values, Ordering::is_ge)),
    ("number?", |values| is("number?", values, |_| true)),
    ("complex?", |values| is("complex?", values, |_| true)),
    ("real?", |values| is("real?", values, |_| true)),
    ("rational?", |values| {
        is("rational?", values, |n| {
            n.to_real().is_finite() || !is_real(n)
        })
    }),
    ("integer?", |values| {
        is("integer?", values, arithmetic::is_whole)
    }),
    ("exact-integer?", |values| {
        is("exact-integer?", values, |n| n.to_big().is_some())
    }),
    ("exact?", |values| test("exact?", values, |n| !is_real(n))),
    ("inexact?", |values| test("inexact?", values, is_real)),
    ("nan?", |values| {
        test("nan?", values, |n| n.to_real().is_nan())
    }),
    ("inf?", |values| {
        test("inf?", values, |n| is_real(n) && n.to_real().is_infinite())
    }),
    ("finite?", |values| {
        test("finite?", values, |n| {
            !is_real(n) || n.to_real().is_finite()
        })
    }),
    ("zero?", |values| test("zero?", values, is_zero)),
    ("positive?", |values| {
        test("positive?", values, |n| arithmetic::sign(n).is_gt())
    }),
    ("negative?", |values| {
        test("negative?", values, |n| arithmetic::sign(n).is_lt())
    }),
    ("even?", |values| parity("even?", values, 0)),
    ("odd?", |values| parity("odd?", values, 1)),
    ("abs", |values| absolute("abs", values)),
    ("magnitude", |values| absolute("magnitude", values)),
    ("max", |values| extreme("max", values, Ordering::Greater)),
    ("min", |values| extreme("min", values, Ordering::Less)),
    ("round", |values| rounded("round", values, Rounding::Round)),
    ("floor", |values| rounded("floor", values, Rounding::Floor)),
    ("ceiling", |values| {
        rounded("ceiling", values, Rounding::Ceiling)
    }),
    ("truncate", |values| {
        rounded("truncate", values, Rounding::Truncate)
    }),
    ("expt", |values| power("expt", values)),
    ("integer-expt", |values| power("integer-expt", values)),
    ("sqrt", square_root),
    ("exp", |values| real("exp", values, f64::exp)),
    ("log", |values| logarithm("log", values, f64::ln)),
    ("log10", |values| logarithm("log10", values, f64::log10)),
    ("sin", |values| curve("sin", values, 0, 0, f64::sin)),
    ("cos", |values| curve("cos", values, 0, 1, f64::cos)),
    ("tan", |values| curve("tan", values, 0, 0, f64::tan)),
    ("asin", |values| curve("asin", values, 0, 0, f64::asin)),
    ("acos", |values| curve("acos", values, 1, 0, f64::acos)),
    ("atan", arc_tangent),
    ("iota", iota),
];

fn is_real(number: &Number) -> bool {
    matches!(number, Number::Real(_))
}

fn is_zero(number: &Number) -> bool {
    match number {
        Number::Int(n) => *n == 0,
        Number::Real(x) => *x == 0.0,
        Number::Big(_) | Number::Ratio(_) => false,
    }
}

/// The error for a result beyond all bounds, for which Guile would go on
/// until memory ends.
fn too_large() -> Fault {
    fault(Failure::new("too-large", "this number would be too large"))
}

/// The error for a result that is a complex number.
fn complex(name: &str) -> Fault {
    fault(Failure::new(
        "unsupported",
        format!("{name}: complex numbers are not supported here"),
    ))
}

/// What Guile's arithmetic says of an argument: it is the first or the second
/// of the two that are combined at that moment.
fn operand(name: &'static str, values: &[Value], index: usize) -> Result<Number, Fault> {
    let value = Arguments::at_least(name, values, 0)?.value(index)?;
    number(value).ok_or_else(|| raise::wrong_type_arg(name, index.min(1).saturating_add(1), value))
}

fn sum(
    name: &'static str,
    values: &[Value],
    start: i64,
    combine: fn(&Number, &Number) -> Number,
) -> Answer {
    let mut result = Number::Int(start);
    for index in 0..values.len() {
        let next = operand(name, values, index)?;
        result = if index == 0 {
            next
        } else {
            combine(&result, &next)
        };
    }
    Ok(from_number(result))
}

fn minus(values: &[Value]) -> Answer {
    Arguments::at_least("-", values, 1)?;
    let mut result = operand("-", values, 0)?;
    if values.len() == 1 {
        return Ok(from_number(match result {
            Number::Real(x) => Number::Real(-x),
            exact => arithmetic::subtract(&Number::Int(0), &exact),
        }));
    }
    for index in 1..values.len() {
        result = arithmetic::subtract(&result, &operand("-", values, index)?);
    }
    Ok(from_number(result))
}

fn over(values: &[Value]) -> Answer {
    Arguments::at_least("/", values, 1)?;
    let mut result = operand("/", values, 0)?;
    if values.len() == 1 {
        result = arithmetic::divide(&Number::Int(1), &result)
            .ok_or_else(|| raise::numerical_overflow("divide"))?;
    }
    for index in 1..values.len() {
        result = arithmetic::divide(&result, &operand("/", values, index)?)
            .ok_or_else(|| raise::numerical_overflow("divide"))?;
    }
    Ok(from_number(result))
}

/// `1+` and `1-`, whose errors speak of `+` and `-`.
fn step(values: &[Value], combine: fn(&Number, &Number) -> Number) -> Answer {
    let arguments = Arguments::exactly("+", values, 1)?;
    Ok(from_number(combine(&arguments.number(0)?, &Number::Int(1))))
}

fn compare(name: &'static str, values: &[Value], holds: fn(Ordering) -> bool) -> Answer {
    if values.len() < 2 {
        return Ok(boolean(true));
    }
    let mut all = true;
    let mut last = operand(name, values, 0)?;
    for index in 1..values.len() {
        let next = operand(name, values, index)?;
        all &= arithmetic::compare(&last, &next).is_some_and(holds);
        last = next;
    }
    Ok(boolean(all))
}

fn is(name: &'static str, values: &[Value], test: fn(&Number) -> bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    Ok(boolean(
        number(arguments.value(0)?).is_some_and(|number| test(&number)),
    ))
}

fn test(name: &'static str, values: &[Value], test: fn(&Number) -> bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    Ok(boolean(test(&arguments.number(0)?)))
}

fn parity(name: &'static str, values: &[Value], odd: i64) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    let n = arguments.number(0)?;
    if !arithmetic::is_whole(&n) {
        return Err(arguments.wrong_plain(0));
    }
    let rest = arithmetic::divide_whole(&n, &Number::Int(2), Rounding::Floor);
    let rest = rest.map_or(0.0, |(_, rest)| rest.to_real());
    Ok(boolean((rest != 0.0) == (odd != 0)))
}

fn absolute(name: &'static str, values: &[Value]) -> Answer {
    let n = Arguments::exactly(name, values, 1)?.number(0)?;
    Ok(from_number(match n {
        Number::Real(x) => Number::Real(x.abs()),
        exact if arithmetic::sign(&exact).is_lt() => arithmetic::subtract(&Number::Int(0), &exact),
        exact => exact,
    }))
}

fn extreme(name: &'static str, values: &[Value], better: Ordering) -> Answer {
    Arguments::at_least(name, values, 1)?;
    let mut best = operand(name, values, 0)?;
    let mut inexact = is_real(&best);
    for index in 1..values.len() {
        let next = operand(name, values, index)?;
        inexact |= is_real(&next);
        match arithmetic::compare(&next, &best) {
            Some(order) if order == better => best = next,
            None => best = Number::Real(f64::NAN),
            Some(_) => {}
        }
    }
    Ok(from_number(if inexact {
        Number::Real(best.to_real())
    } else {
        best
    }))
}

fn rounded(name: &'static str, values: &[Value], rounding: Rounding) -> Answer {
    let n = Arguments::exactly(name, values, 1)?.number(0)?;
    Ok(from_number(arithmetic::round(&n, rounding)))
}

fn power(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    let base = arguments.value(0)?;
    let base = number(base).ok_or_else(|| raise::wrong_type_arg("*", 1, base))?;
    let exponent = arguments.number(1)?;
    if arithmetic::sign(&base).is_lt() && !arithmetic::is_whole(&exponent) {
        return Err(complex(name));
    }
    arithmetic::power(&base, &exponent)
        .map(from_number)
        .ok_or_else(too_large)
}

fn square_root(values: &[Value]) -> Answer {
    let n = Arguments::exactly("sqrt", values, 1)?.number(0)?;
    arithmetic::square_root(&n)
        .map(from_number)
        .ok_or_else(|| complex("sqrt"))
}

fn real(name: &'static str, values: &[Value], function: fn(f64) -> f64) -> Answer {
    let n = Arguments::exactly(name, values, 1)?.number(0)?;
    Ok(from_number(Number::Real(function(n.to_real()))))
}

fn logarithm(name: &'static str, values: &[Value], function: fn(f64) -> f64) -> Answer {
    let n = Arguments::exactly(name, values, 1)?.number(0)?;
    if n == Number::Int(0) {
        return Err(raise::numerical_overflow(name));
    }
    if arithmetic::sign(&n).is_lt() {
        return Err(complex(name));
    }
    Ok(from_number(Number::Real(function(n.to_real()))))
}

/// A function that is exact at one exact argument.
fn curve(
    name: &'static str,
    values: &[Value],
    at: i64,
    exact: i64,
    function: fn(f64) -> f64,
) -> Answer {
    let n = Arguments::exactly(name, values, 1)?.number(0)?;
    if n == Number::Int(at) {
        return Ok(from_number(Number::Int(exact)));
    }
    let result = function(n.to_real());
    if result.is_nan() && !n.to_real().is_nan() {
        return Err(complex(name));
    }
    Ok(from_number(Number::Real(result)))
}

fn arc_tangent(values: &[Value]) -> Answer {
    let arguments = Arguments::between("atan", values, 1, 2)?;
    if arguments.optional(1).is_none() {
        return curve("atan", values, 0, 0, f64::atan);
    }
    let (y, x) = (arguments.number(0)?, arguments.number(1)?);
    Ok(from_number(Number::Real(y.to_real().atan2(x.to_real()))))
}

/// `(iota COUNT START STEP)`
fn iota(values: &[Value]) -> Answer {
    let arguments = Arguments::between("iota", values, 1, 3)?;
    let count = match view(arguments.value(0)?) {
        View::Integer(n) if n >= 0 => usize::try_from(n).unwrap_or(usize::MAX),
        _ => {
            return Err(raise::throw(
                "wrong-type-arg",
                vec![arguments.value(0)?.clone()],
            ));
        }
    };
    let mut items = copies(&boolean(false), count).ok_or_else(|| arguments.out_of_range(0))?;
    let number = |index: usize, default: i64| match arguments.optional(index) {
        Some(_) => arguments.number(index),
        None => Ok(Number::Int(default)),
    };
    let (start, step) = (number(1, 0)?, number(2, 1)?);
    for (n, item) in (0_i64..).zip(&mut items) {
        let way = arithmetic::multiply(&Number::Int(n), &step);
        *item = from_number(arithmetic::add(&start, &way));
    }
    Ok(from_list(items))
}
