//! Numbers of Guile's notation.

use crate::machines::datum::Number;

/// A number, but of a kind that is not supported: complex, or an exact ratio
/// beyond 64 bits.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsupported;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Exactness {
    AsWritten,
    Exact,
    Inexact,
}

/// Reads a number, prefixes such as `#x` included; `None` if it is none.
pub fn parse(token: &str, radix: u32) -> Option<Result<Number, Unsupported>> {
    let mut rest = token;
    let mut radix = radix;
    let mut exactness = Exactness::AsWritten;
    while let Some(after) = rest.strip_prefix('#') {
        let prefix = after.chars().next()?.to_ascii_lowercase();
        match prefix {
            'x' => radix = 16,
            'o' => radix = 8,
            'b' => radix = 2,
            'd' => radix = 10,
            'e' => exactness = Exactness::Exact,
            'i' => exactness = Exactness::Inexact,
            _ => return None,
        }
        rest = after.get(1..)?;
    }
    let first = rest.chars().next()?;
    if !(first.is_digit(radix) || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    match real(rest, radix, exactness) {
        Some(number) => Some(number),
        None if is_complex(rest, radix) => Some(Err(Unsupported)),
        None => None,
    }
}

fn real(text: &str, radix: u32, exactness: Exactness) -> Option<Result<Number, Unsupported>> {
    match text.to_ascii_lowercase().as_str() {
        "+inf.0" => return Some(Ok(Number::Real(f64::INFINITY))),
        "-inf.0" => return Some(Ok(Number::Real(f64::NEG_INFINITY))),
        "+nan.0" | "-nan.0" => return Some(Ok(Number::Real(f64::NAN))),
        _ => {}
    }
    let exact = match text.split_once('/') {
        Some((numerator, denominator)) => {
            if !is_digits(denominator, radix) || !is_signed_digits(numerator, radix) {
                return None;
            }
            // `1/0` is a symbol (measured, Guile 3.0.11).
            if denominator.chars().all(|c| c == '0') {
                return None;
            }
            ratio(numerator, denominator, radix)
        }
        None if is_signed_digits(text, radix) => Ok(integer(text, radix)),
        None if radix == 10 => return decimal(text, exactness),
        None => return None,
    };
    Some(match (exact, exactness) {
        (Ok(number), Exactness::Inexact) => Ok(Number::Real(inexact(&number))),
        (exact, _) => exact,
    })
}

fn integer(text: &str, radix: u32) -> Number {
    match i64::from_str_radix(text, radix) {
        Ok(n) => Number::Integer(n),
        Err(_) => Number::Big(text.trim_start_matches('+').to_owned(), radix),
    }
}

fn ratio(numerator: &str, denominator: &str, radix: u32) -> Result<Number, Unsupported> {
    let n = i64::from_str_radix(numerator, radix).map_err(|_| Unsupported)?;
    let d = i64::from_str_radix(denominator, radix).map_err(|_| Unsupported)?;
    reduced(n.into(), d.into()).ok_or(Unsupported)
}

/// A ratio in lowest terms; `None` for the denominator 0 or beyond 64 bits.
fn reduced(n: i128, d: i128) -> Option<Number> {
    if d == 0 {
        return None;
    }
    let (mut a, mut b) = (n.checked_abs()?, d);
    while b != 0 {
        (a, b) = (b, a.checked_rem(b)?);
    }
    let divisor = a.max(1);
    let n = i64::try_from(n.checked_div(divisor)?).ok()?;
    let d = i64::try_from(d.checked_div(divisor)?).ok()?;
    Some(if d == 1 {
        Number::Integer(n)
    } else {
        Number::Ratio(n, d)
    })
}

/// `1.5`, `.5`, `2.`, `1e3`.
fn decimal(text: &str, exactness: Exactness) -> Option<Result<Number, Unsupported>> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (text.get(..at)?, text.get(at.checked_add(1)?..)?),
        None => (text, "0"),
    };
    let unsigned = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if !is_signed_digits(exponent, 10) {
        return None;
    }
    if exactness == Exactness::Exact {
        return Some(exact_decimal(mantissa, whole, fraction, exponent).ok_or(Unsupported));
    }
    // Rust's own reader wants a digit on one side of the point only, too.
    format!("{mantissa}e{exponent}")
        .parse()
        .ok()
        .map(|x| Ok(Number::Real(x)))
}

fn exact_decimal(mantissa: &str, whole: &str, fraction: &str, exponent: &str) -> Option<Number> {
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let digits = if mantissa.starts_with('-') {
        digits.checked_neg()?
    } else {
        digits
    };
    let exponent: i64 = exponent.parse().ok()?;
    let shift = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let power = 10_i128.checked_pow(u32::try_from(shift.checked_abs()?).ok()?)?;
    if shift < 0 {
        reduced(digits, power)
    } else {
        reduced(digits.checked_mul(power)?, 1)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "inexact numbers are what is asked for"
)]
fn inexact(number: &Number) -> f64 {
    match number {
        Number::Integer(n) => *n as f64,
        Number::Ratio(n, d) => *n as f64 / *d as f64,
        Number::Real(x) => *x,
        Number::Big(digits, 10) => digits.parse().unwrap_or(f64::INFINITY),
        Number::Big(digits, radix) => digits
            .chars()
            .filter_map(|c| c.to_digit(*radix))
            .fold(0.0, |sum, digit| sum * f64::from(*radix) + f64::from(digit)),
    }
}

fn is_digits(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_digit(radix))
}

fn is_signed_digits(text: &str, radix: u32) -> bool {
    is_digits(text.strip_prefix(['+', '-']).unwrap_or(text), radix)
}

/// `1+2i`, `+i`, `1@2`.
fn is_complex(text: &str, radix: u32) -> bool {
    let part = |part: &str| {
        real(part, radix, Exactness::AsWritten).is_some() || matches!(part, "" | "+" | "-")
    };
    if let Some((magnitude, angle)) = text.split_once('@') {
        return !magnitude.is_empty() && !angle.is_empty() && part(magnitude) && part(angle);
    }
    let Some(body) = text.strip_suffix('i') else {
        return false;
    };
    body.char_indices()
        .filter(|(_, c)| matches!(c, '+' | '-'))
        .any(|(at, _)| {
            let (left, right) = body.split_at(at);
            part(left) && part(right)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(token: &str) -> Number {
        parse(token, 10).unwrap().unwrap()
    }

    #[test]
    fn every_notation() {
        assert_eq!(number("12"), Number::Integer(12));
        assert_eq!(number("+5"), Number::Integer(5));
        assert_eq!(number("#x1F"), Number::Integer(31));
        assert_eq!(number("#b101"), Number::Integer(5));
        assert_eq!(number("#o17"), Number::Integer(15));
        assert_eq!(number("3/6"), Number::Ratio(1, 2));
        assert_eq!(number("6/3"), Number::Integer(2));
        assert_eq!(number("#e1.5"), Number::Ratio(3, 2));
        assert_eq!(number("#i1/2"), Number::Real(0.5));
        assert_eq!(number("#e#x10"), Number::Integer(16));
        assert_eq!(number("2."), Number::Real(2.0));
        assert_eq!(number(".5"), Number::Real(0.5));
        assert_eq!(number("-.5"), Number::Real(-0.5));
        assert_eq!(number("1e3"), Number::Real(1000.0));
        assert_eq!(number("+inf.0"), Number::Real(f64::INFINITY));
        assert_eq!(
            number("123456789012345678901234567890"),
            Number::Big("123456789012345678901234567890".into(), 10)
        );
    }

    #[test]
    fn symbols_are_no_numbers() {
        for token in [
            "1+", "+", "-", "...", "-x", "1a", ".", "+a", "1/", "/2", "e3", "1e", "--1", "1/0",
        ] {
            assert!(parse(token, 10).is_none(), "{token}");
        }
    }

    #[test]
    fn complex_numbers_are_refused_as_such() {
        for token in ["1+2i", "+i", "-2.5i", "1@2"] {
            assert_eq!(parse(token, 10), Some(Err(Unsupported)), "{token}");
        }
    }
}
