//! Numbers: comparison, predicates, conversion.

use super::Table;
use super::arguments::Arguments;
use crate::machines::datum::Number;
use crate::machines::engine::{
    self, Answer, Fault, Value, View, boolean, integer, native, real, text, view, written_number,
};
use crate::machines::reader::number;

pub const TABLE: Table = &[
    ("=", |values| {
        compare("=", values, |less, equal| !less && equal)
    }),
    ("<", |values| compare("<", values, |less, _| less)),
    ("<=", |values| {
        compare("<=", values, |less, equal| less || equal)
    }),
    (">", |values| {
        compare(">", values, |less, equal| !less && !equal)
    }),
    (">=", |values| compare(">=", values, |less, _| !less)),
    ("number?", |values| is("number?", values, |_| true)),
    ("real?", |values| is("real?", values, |_| true)),
    ("rational?", |values| {
        is("rational?", values, f64::is_finite)
    }),
    ("integer?", |values| is("integer?", values, is_whole)),
    ("exact-integer?", |values| {
        exact("exact-integer?", values, true)
    }),
    ("exact?", |values| exact("exact?", values, false)),
    ("inexact?", inexact),
    ("zero?", |values| sign("zero?", values, |x| x == 0.0)),
    ("positive?", |values| sign("positive?", values, |x| x > 0.0)),
    ("negative?", |values| sign("negative?", values, |x| x < 0.0)),
    ("even?", |values| parity("even?", values, 0)),
    ("odd?", |values| parity("odd?", values, 1)),
    ("1+", |values| step("1+", values, 1)),
    ("1-", |values| step("1-", values, -1)),
    ("quotient", |values| divide("quotient", values)),
    ("remainder", |values| divide("remainder", values)),
    ("modulo", |values| divide("modulo", values)),
    ("abs", absolute),
    ("max", |values| extreme("max", values, true)),
    ("min", |values| extreme("min", values, false)),
    ("round", |values| {
        rounded("round", values, f64::round_ties_even)
    }),
    ("floor", |values| rounded("floor", values, f64::floor)),
    ("ceiling", |values| rounded("ceiling", values, f64::ceil)),
    ("truncate", |values| rounded("truncate", values, f64::trunc)),
    ("exact->inexact", to_inexact),
    ("inexact->exact", to_exact),
    ("number->string", to_text),
    ("string->number", from_text),
];

fn is_whole(x: f64) -> bool {
    x.is_finite() && x.fract() == 0.0
}

/// About how much a value is, if it is a number.
fn amount(value: &Value) -> Option<f64> {
    match view(value) {
        #[expect(clippy::cast_precision_loss, reason = "for comparing with reals")]
        View::Integer(n) => Some(n as f64),
        View::Real(x) | View::Number(_, x, _) => Some(x),
        _ => None,
    }
}

fn compare(name: &'static str, values: &[Value], holds: fn(bool, bool) -> bool) -> Answer {
    let arguments = Arguments::at_least(name, values, 0)?;
    for index in 0..values.len() {
        arguments.number(index)?;
    }
    for pair in values.windows(2) {
        let [a, b] = pair else { continue };
        let (less, equal) = match (view(a), view(b)) {
            (View::Integer(a), View::Integer(b)) => (a < b, a == b),
            (View::Real(a), View::Real(b)) => {
                if a.is_nan() || b.is_nan() {
                    return Ok(boolean(false));
                }
                (a < b, a.total_cmp(&b).is_eq() || (a == 0.0 && b == 0.0))
            }
            _ => (truth("<", a, b)?, truth("=", a, b)?),
        };
        if !holds(less, equal) {
            return Ok(boolean(false));
        }
    }
    Ok(boolean(true))
}

fn truth(name: &'static str, a: &Value, b: &Value) -> Result<bool, Fault> {
    let answer = native(name, &[a.clone(), b.clone()])?;
    Ok(matches!(view(&answer), View::Boolean(true)))
}

fn is(name: &'static str, values: &[Value], test: fn(f64) -> bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    Ok(boolean(amount(arguments.value(0)?).is_some_and(test)))
}

fn sign(name: &'static str, values: &[Value], test: fn(f64) -> bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    Ok(boolean(test(arguments.number(0)?)))
}

fn exact(name: &'static str, values: &[Value], integer: bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    match view(arguments.value(0)?) {
        View::Integer(_) => Ok(boolean(true)),
        View::Number(_, _, whole) => Ok(boolean(whole || !integer)),
        View::Real(_) => Ok(boolean(false)),
        _ if integer => Ok(boolean(false)),
        _ => Err(arguments.wrong(0, "a number")),
    }
}

fn inexact(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("inexact?", values, 1)?;
    arguments.number(0)?;
    Ok(boolean(matches!(view(arguments.value(0)?), View::Real(_))))
}

fn parity(name: &'static str, values: &[Value], odd: i64) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    let n = arguments.integer(0)?;
    Ok(boolean(n.rem_euclid(2) == odd))
}

fn step(name: &'static str, values: &[Value], by: i64) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    arguments.number(0)?;
    native("+", &[arguments.value(0)?.clone(), integer(by)])
}

fn divide(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 2)?;
    for index in 0..2 {
        if !is_whole(arguments.number(index)?) {
            return Err(arguments.wrong(index, "an integer"));
        }
    }
    if arguments.number(1)? == 0.0 {
        return Err(engine::fault(engine::Failure::new(
            "numerical-overflow",
            format!("{name}: division by zero"),
        )));
    }
    native(name, values)
}

fn absolute(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("abs", values, 1)?;
    if arguments.number(0)? < 0.0 {
        return native("-", &[integer(0), arguments.value(0)?.clone()]);
    }
    Ok(arguments.value(0)?.clone())
}

fn extreme(name: &'static str, values: &[Value], largest: bool) -> Answer {
    let arguments = Arguments::at_least(name, values, 1)?;
    let mut best = arguments.value(0)?;
    let mut inexact = false;
    for (index, value) in values.iter().enumerate() {
        arguments.number(index)?;
        inexact |= matches!(view(value), View::Real(_));
        let (low, high) = if largest {
            (best, value)
        } else {
            (value, best)
        };
        if truth("<", low, high)? {
            best = value;
        }
    }
    if inexact && !matches!(view(best), View::Real(_)) {
        return native("exact->inexact", std::slice::from_ref(best));
    }
    Ok(best.clone())
}

fn rounded(name: &'static str, values: &[Value], round: fn(f64) -> f64) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    let value = arguments.value(0)?;
    match view(value) {
        View::Integer(_) | View::Number(_, _, true) => Ok(value.clone()),
        View::Real(x) => Ok(real(round(x))),
        View::Number(_, x, false) => native("inexact->exact", &[real(round(x))]),
        _ => Err(arguments.wrong(0, "a real number")),
    }
}

fn to_inexact(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("exact->inexact", values, 1)?;
    Ok(real(arguments.number(0)?))
}

fn to_exact(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("inexact->exact", values, 1)?;
    match view(arguments.value(0)?) {
        View::Real(x) if x.is_finite() => native("inexact->exact", values),
        View::Integer(_) | View::Number(..) => Ok(arguments.value(0)?.clone()),
        _ => Err(arguments.wrong(0, "a finite number")),
    }
}

fn to_text(values: &[Value]) -> Answer {
    let arguments = Arguments::between("number->string", values, 1, 2)?;
    let radix = match arguments.optional(1) {
        Some(_) => arguments.integer(1)?,
        None => 10,
    };
    let value = arguments.value(0)?;
    let written = match (view(value), radix) {
        (_, 10) => written_number(value),
        (View::Integer(n), radix @ 2..=36) => Some(in_radix(n, radix.unsigned_abs())),
        _ => return Err(arguments.out_of_range(1)),
    };
    written
        .map(text)
        .ok_or_else(|| arguments.wrong(0, "a number"))
}

fn in_radix(n: i64, radix: u64) -> String {
    let mut rest = n.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        let digit = rest
            .checked_rem(radix)
            .and_then(|digit| u32::try_from(digit).ok());
        let base = u32::try_from(radix).unwrap_or(10);
        digits.extend(digit.and_then(|digit| char::from_digit(digit, base)));
        rest = rest.checked_div(radix).unwrap_or(0);
        if rest == 0 {
            break;
        }
    }
    if n < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

fn from_text(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string->number", values, 1, 2)?;
    let radix = match arguments.optional(1) {
        Some(_) => match u32::try_from(arguments.integer(1)?) {
            Ok(radix @ 2..=36) => radix,
            _ => return Err(arguments.out_of_range(1)),
        },
        None => 10,
    };
    match number::parse(arguments.text(0)?, radix) {
        Some(Ok(Number::Integer(n))) => Ok(integer(n)),
        Some(Ok(Number::Real(x))) => Ok(real(x)),
        Some(Ok(Number::Ratio(n, d))) => native("/", &[integer(n), integer(d)]),
        Some(Ok(Number::Big(digits, radix))) => {
            native("string->number", &[text(digits), integer(i64::from(radix))])
        }
        Some(Ok(Number::BigRatio(n, d, radix))) => {
            let part =
                |digits| native("string->number", &[text(digits), integer(i64::from(radix))]);
            native("/", &[part(n)?, part(d)?])
        }
        Some(Err(_)) | None => Ok(boolean(false)),
    }
}
