//! Numbers between exact and inexact, and as text.

use num_traits::One as _;

use super::super::Table;
use super::super::arguments::Arguments;
use super::arithmetic;
use crate::machines::datum::written_real;
use crate::machines::engine::{
    Answer, Fault, Number, Value, View, boolean, from_literal, from_number, raise, text, view,
};
use crate::machines::reader::number;

pub const TABLE: Table = &[
    ("exact->inexact", |values| inexact("exact->inexact", values)),
    ("inexact->exact", |values| exact("inexact->exact", values)),
    ("numerator", |values| part("numerator", values, true)),
    ("denominator", |values| part("denominator", values, false)),
    ("number->string", to_text),
    ("string->number", from_text),
];

fn inexact(name: &'static str, values: &[Value]) -> Answer {
    let n = Arguments::exactly(name, values, 1)?.number(0)?;
    Ok(from_number(Number::Real(n.to_real())))
}

fn exact(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    arithmetic::exact(&arguments.number(0)?)
        .map(from_number)
        .ok_or_else(|| arguments.out_of_range(0))
}

fn part(name: &'static str, values: &[Value], numerator: bool) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    let n = arguments.number(0)?;
    let ratio = arithmetic::exact(&n)
        .and_then(|n| n.to_ratio())
        .ok_or_else(|| arguments.wrong_plain(0))?;
    let part = Number::big(if numerator {
        ratio.numer().clone()
    } else {
        ratio.denom().clone()
    });
    Ok(from_number(match n {
        Number::Real(_) => Number::Real(part.to_real()),
        _ => part,
    }))
}

/// The radix that an optional argument asks for.
fn radix(arguments: &Arguments<'_>, index: usize) -> Result<u32, Fault> {
    let Some(value) = arguments.optional(index) else {
        return Ok(10);
    };
    match view(value) {
        View::Integer(n @ 2..=36) => Ok(u32::try_from(n).unwrap_or(10)),
        View::Integer(_) => Err(raise::out_of_bounds(2, 36, value)),
        _ => Err(raise::wrong_type_expecting("", "exact integer", value)),
    }
}

fn to_text(values: &[Value]) -> Answer {
    let arguments = Arguments::between("number->string", values, 1, 2)?;
    let radix = radix(&arguments, 1)?;
    Ok(text(written_in(&arguments.number(0)?, radix)))
}

/// A number as Guile writes it in a radix.
fn written_in(number: &Number, radix: u32) -> String {
    match number {
        Number::Int(n) if radix == 10 => n.to_string(),
        Number::Real(x) if radix == 10 || !x.is_finite() => written_real(*x),
        Number::Real(x) => real_in(*x, radix),
        exact => {
            let Some(ratio) = exact.to_ratio() else {
                return String::new();
            };
            let numerator = ratio.numer().to_str_radix(radix);
            if ratio.denom().is_one() {
                numerator
            } else {
                format!("{numerator}/{}", ratio.denom().to_str_radix(radix))
            }
        }
    }
}

/// The digits of a real in another radix: those of its exact value, which end
/// in radices that are even.
fn real_in(x: f64, radix: u32) -> String {
    let whole = Number::Real(x.abs().trunc());
    let whole = arithmetic::exact(&whole).unwrap_or(Number::Int(0));
    let mut out = String::from(if x.is_sign_negative() { "-" } else { "" });
    out.push_str(&written_in(&whole, radix));
    out.push('.');
    let mut rest = x.abs().fract();
    for place in 0..1100 {
        if rest == 0.0 && place > 0 {
            break;
        }
        rest *= f64::from(radix);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "below the radix"
        )]
        let digit = rest.trunc() as u32;
        out.extend(char::from_digit(digit, radix));
        rest = rest.fract();
    }
    out
}

fn from_text(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string->number", values, 1, 2)?;
    let written = arguments.text(0)?;
    let radix = radix(&arguments, 1)?;
    Ok(match number::parse(&written, radix) {
        Some(Ok(literal)) => from_number(from_literal(&literal)),
        Some(Err(_)) | None => boolean(false),
    })
}
