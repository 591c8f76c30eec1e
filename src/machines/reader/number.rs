//! Numbers of Guile's notation.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{ToPrimitive, Zero};

use crate::machines::datum::Number;

/// A number, but of a kind that is not supported: complex, or with an exponent
/// that is out of range.
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
    let mut own_radix = None;
    let mut exactness = Exactness::AsWritten;
    while let Some(after) = rest.strip_prefix('#') {
        let prefix = after.chars().next()?.to_ascii_lowercase();
        // Each kind of prefix may stand there once.
        match prefix {
            'x' | 'o' | 'b' | 'd' if own_radix.is_none() => {
                own_radix = Some(match prefix {
                    'x' => 16,
                    'o' => 8,
                    'b' => 2,
                    _ => 10,
                });
            }
            'e' | 'i' if exactness == Exactness::AsWritten => {
                exactness = if prefix == 'e' {
                    Exactness::Exact
                } else {
                    Exactness::Inexact
                };
            }
            _ => return None,
        }
        rest = after.get(1..)?;
    }
    let radix = own_radix.unwrap_or(radix);
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
    if radix == 10 && is_out_of_range(text) {
        return Some(Err(Unsupported));
    }
    if text.contains('#') {
        let exactness = match exactness {
            Exactness::AsWritten => Exactness::Inexact,
            other => other,
        };
        return real(&without_hashes(text, radix)?, radix, exactness);
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
        None if is_signed_digits(text, radix) => integer(text, radix),
        None if radix == 10 => return decimal(text, exactness),
        None => return None,
    };
    Some(Ok(match exactness {
        Exactness::Inexact => Number::Real(inexact(&exact)),
        _ => exact,
    }))
}

/// Tells whether an exponent is so large that Guile refuses the number, which
/// it does before it looks at what follows (measured, 3.0.11).
fn is_out_of_range(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(is_exponent_marker) else {
        return false;
    };
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    if !mantissa
        .chars()
        .all(|c| c.is_ascii_digit() || ".#".contains(c))
    {
        return false;
    }
    let negative = exponent.starts_with('-');
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let end = digits.find(|c: char| !c.is_ascii_digit());
    let digits = digits
        .get(..end.unwrap_or(digits.len()))
        .unwrap_or_default();
    let limit = if negative { 324 } else { 308 };
    let significant = digits.trim_start_matches('0');
    significant.len() > 3 || significant.parse::<u32>().is_ok_and(|size| size > limit)
}

/// Guile has letters for all lengths that a number may have, and one length.
fn is_exponent_marker(c: char) -> bool {
    matches!(c.to_ascii_lowercase(), 'e' | 's' | 'f' | 'd' | 'l')
}

/// `12##.#`: digits that are not known are 0, and make the number inexact.
fn without_hashes(text: &str, radix: u32) -> Option<String> {
    let (mut digit, mut hash, mut exponent) = (false, false, false);
    text.chars()
        .map(|c| match c {
            '#' => {
                hash = true;
                (digit && !exponent).then_some('0')
            }
            '/' => {
                (digit, hash) = (false, false);
                Some(c)
            }
            '.' | '+' | '-' => Some(c),
            // An exponent follows, or it is no number.
            c if !c.is_digit(radix) => {
                (digit, hash, exponent) = (false, false, true);
                Some(c)
            }
            c => {
                digit = true;
                (!hash).then_some(c)
            }
        })
        .collect()
}

fn integer(text: &str, radix: u32) -> Number {
    match i64::from_str_radix(text, radix) {
        Ok(n) => Number::Integer(n),
        Err(_) => Number::Big(text.trim_start_matches('+').to_owned(), radix),
    }
}

fn ratio(numerator: &str, denominator: &str, radix: u32) -> Number {
    let small = |text| i64::from_str_radix(text, radix).ok().map(i128::from);
    small(numerator)
        .zip(small(denominator))
        .and_then(|(n, d)| reduced(n, d))
        .unwrap_or_else(|| {
            let numerator = numerator.trim_start_matches('+');
            Number::BigRatio(numerator.to_owned(), denominator.to_owned(), radix)
        })
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
    let (mantissa, exponent) = text.split_once(is_exponent_marker).unwrap_or((text, "0"));
    let unsigned = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if !is_signed_digits(exponent, 10) {
        return None;
    }
    let Ok(exponent) = exponent.parse() else {
        return Some(Err(Unsupported));
    };
    if exactness == Exactness::Exact {
        let negative = mantissa.starts_with('-');
        return Some(Ok(exact_decimal(negative, whole, fraction, exponent)));
    }
    // Rust's own reader wants a digit on one side of the point only, too.
    format!("{mantissa}e{exponent}")
        .parse()
        .ok()
        .map(|x| Ok(Number::Real(x)))
}

fn exact_decimal(negative: bool, whole: &str, fraction: &str, exponent: i64) -> Number {
    let sign = if negative { "-" } else { "" };
    let mut digits = format!("{sign}{whole}{fraction}");
    let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let shift = exponent.saturating_sub(places);
    let zeros = "0".repeat(usize::try_from(shift.unsigned_abs()).unwrap_or_default());
    if shift < 0 {
        return ratio(&digits, &format!("1{zeros}"), 10);
    }
    digits.push_str(&zeros);
    integer(&digits, 10)
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
        Number::Big(digits, radix) => rounded(digits, "1", *radix),
        Number::BigRatio(n, d, radix) => rounded(n, d, *radix),
    }
}

/// The real nearest to a ratio.
fn rounded(n: &str, d: &str, radix: u32) -> f64 {
    let part = |digits: &str| BigInt::parse_bytes(digits.as_bytes(), radix);
    match (part(n), part(d)) {
        (Some(n), Some(d)) if !d.is_zero() => BigRational::new(n, d).to_f64(),
        _ => None,
    }
    .unwrap_or(f64::NAN)
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
        let real = |part| real(part, radix, Exactness::AsWritten).is_some();
        return real(magnitude) && real(angle);
    }
    let Some(body) = text.strip_suffix('i') else {
        // Guile refuses `1+1e999` before it sees that there is no `i`.
        let too_large = |part: &str| {
            matches!(
                real(part, radix, Exactness::AsWritten),
                Some(Err(Unsupported))
            )
        };
        return text.char_indices().skip(1).any(|(at, c)| {
            let (left, right) = text.split_at(at);
            matches!(c, '+' | '-') && part(left) && too_large(right)
        });
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
