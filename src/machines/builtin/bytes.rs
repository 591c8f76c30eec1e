//! Bytevectors.

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, bytes, bytes_set, from_bytes, from_list, integer, text,
    unspecified, view,
};

pub const TABLE: Table = &[
    ("bytevector?", |values| {
        let arguments = Arguments::exactly("bytevector?", values, 1)?;
        Ok(boolean(matches!(view(arguments.value(0)?), View::Bytes)))
    }),
    ("make-bytevector", make),
    ("bytevector-length", |values| {
        let arguments = Arguments::exactly("bytevector-length", values, 1)?;
        let length = of(&arguments, 0)?.len();
        Ok(integer(i64::try_from(length).unwrap_or(i64::MAX)))
    }),
    ("bytevector-u8-ref", |values| {
        item("bytevector-u8-ref", values).map(|byte| integer(i64::from(byte)))
    }),
    ("bytevector-s8-ref", |values| {
        item("bytevector-s8-ref", values).map(|byte| integer(i64::from(byte.cast_signed())))
    }),
    ("bytevector-u8-set!", set_item),
    ("bytevector=?", |values| {
        let arguments = Arguments::exactly("bytevector=?", values, 2)?;
        Ok(boolean(of(&arguments, 0)? == of(&arguments, 1)?))
    }),
    ("bytevector-fill!", fill),
    ("bytevector-copy", |values| {
        let arguments = Arguments::between("bytevector-copy", values, 1, 3)?;
        part(&arguments, 0, 1).map(from_bytes)
    }),
    ("bytevector-copy!", copy_into),
    ("bytevector->u8-list", |values| {
        let arguments = Arguments::exactly("bytevector->u8-list", values, 1)?;
        let bytes = of(&arguments, 0)?;
        Ok(from_list(
            bytes
                .into_iter()
                .map(|byte| integer(i64::from(byte)))
                .collect(),
        ))
    }),
    ("u8-list->bytevector", from_u8_list),
    ("string->utf8", |values| {
        let arguments = Arguments::between("string->utf8", values, 1, 3)?;
        let chars: Vec<char> = arguments.text(0)?.chars().collect();
        let (start, end) = arguments.range(1, chars.len())?;
        let part: String = chars.get(start..end).unwrap_or_default().iter().collect();
        Ok(from_bytes(part.into_bytes()))
    }),
    ("utf8->string", |values| {
        let arguments = Arguments::between("utf8->string", values, 1, 3)?;
        let bytes = part(&arguments, 0, 1)?;
        Ok(text(String::from_utf8_lossy(&bytes).into_owned()))
    }),
];

/// More than this is no bytevector that a machine file can want.
const LENGTH_MAX: usize = 256 << 20;

fn of(arguments: &Arguments<'_>, index: usize) -> Result<Vec<u8>, Fault> {
    bytes(arguments.value(index)?).ok_or_else(|| arguments.wrong(index, "bytevector"))
}

fn part(arguments: &Arguments<'_>, index: usize, range: usize) -> Result<Vec<u8>, Fault> {
    let bytes = of(arguments, index)?;
    let (start, end) = arguments.range(range, bytes.len())?;
    Ok(bytes.get(start..end).unwrap_or_default().to_vec())
}

/// A byte; numbers below 0 as what they are in two's complement.
fn byte(arguments: &Arguments<'_>, index: usize) -> Result<u8, Fault> {
    let n = arguments.integer(index)?;
    u8::try_from(n)
        .ok()
        .or_else(|| i8::try_from(n).ok().map(i8::cast_unsigned))
        .ok_or_else(|| arguments.out_of_range(index))
}

fn make(values: &[Value]) -> Answer {
    let arguments = Arguments::between("make-bytevector", values, 1, 2)?;
    let count = arguments.index(0)?;
    if count > LENGTH_MAX {
        return Err(arguments.out_of_range(0));
    }
    let fill = match arguments.optional(1) {
        Some(_) => byte(&arguments, 1)?,
        None => 0,
    };
    Ok(from_bytes(vec![fill; count]))
}

fn item(name: &'static str, values: &[Value]) -> Result<u8, Fault> {
    let arguments = Arguments::exactly(name, values, 2)?;
    let at = arguments.index(1)?;
    of(&arguments, 0)?
        .get(at)
        .copied()
        .ok_or_else(|| arguments.out_of_range(1))
}

fn set_item(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("bytevector-u8-set!", values, 3)?;
    of(&arguments, 0)?;
    let (at, byte) = (arguments.index(1)?, byte(&arguments, 2)?);
    bytes_set(arguments.value(0)?, at, byte).ok_or_else(|| arguments.out_of_range(1))?;
    Ok(unspecified())
}

fn fill(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("bytevector-fill!", values, 2)?;
    let byte = byte(&arguments, 1)?;
    for at in 0..of(&arguments, 0)?.len() {
        bytes_set(arguments.value(0)?, at, byte).ok_or_else(|| arguments.out_of_range(0))?;
    }
    Ok(unspecified())
}

/// `(bytevector-copy! SOURCE START TARGET AT COUNT)`
fn copy_into(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("bytevector-copy!", values, 5)?;
    let start = arguments.index(1)?;
    let at = arguments.index(3)?;
    let count = arguments.index(4)?;
    let end = start.saturating_add(count);
    let source = of(&arguments, 0)?;
    let part = source
        .get(start..end)
        .ok_or_else(|| arguments.out_of_range(4))?;
    if at.saturating_add(count) > of(&arguments, 2)?.len() {
        return Err(arguments.out_of_range(3));
    }
    for (at, byte) in (at..).zip(part) {
        bytes_set(arguments.value(2)?, at, *byte).ok_or_else(|| arguments.out_of_range(3))?;
    }
    Ok(unspecified())
}

fn from_u8_list(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("u8-list->bytevector", values, 1)?;
    let bytes: Option<Vec<u8>> = arguments
        .list(0)?
        .iter()
        .map(|item| match view(item) {
            View::Integer(n) => u8::try_from(n).ok(),
            _ => None,
        })
        .collect();
    bytes
        .map(from_bytes)
        .ok_or_else(|| arguments.wrong_plain(0))
}
