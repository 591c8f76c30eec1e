//! What a procedure is called with, checked.

use std::rc::Rc;

use num_bigint::BigInt;

use crate::machines::engine::{
    self, Fault, Number, Value, View, from_number, raise, view, wrong_type,
};

/// The arguments of a call of a procedure in Rust.
pub struct Arguments<'a> {
    name: &'static str,
    values: &'a [Value],
}

impl<'a> Arguments<'a> {
    /// Exactly so many.
    pub fn exactly(name: &'static str, values: &'a [Value], count: usize) -> Result<Self, Fault> {
        Self::between(name, values, count, count)
    }

    /// At least so many.
    pub fn at_least(name: &'static str, values: &'a [Value], min: usize) -> Result<Self, Fault> {
        Self::between(name, values, min, usize::MAX)
    }

    /// From so many to so many.
    pub fn between(
        name: &'static str,
        values: &'a [Value],
        min: usize,
        max: usize,
    ) -> Result<Self, Fault> {
        if (min..=max).contains(&values.len()) {
            return Ok(Self { name, values });
        }
        Err(raise::wrong_number_of_args(described(name, min, max)))
    }

    /// All of them.
    pub fn all(&self) -> &'a [Value] {
        self.values
    }

    /// One that may be missing.
    pub fn optional(&self, index: usize) -> Option<&'a Value> {
        self.values.get(index)
    }

    /// One of those that are there by the check of their number.
    pub fn value(&self, index: usize) -> Result<&'a Value, Fault> {
        self.values
            .get(index)
            .ok_or_else(|| raise::wrong_number_of_args(engine::symbol(self.name)))
    }

    fn shown(&self, index: usize) -> Value {
        self.values
            .get(index)
            .cloned()
            .unwrap_or_else(engine::unspecified)
    }

    /// The error that this one has another type than this.
    pub fn wrong(&self, index: usize, expected: &str) -> Fault {
        wrong_type(
            self.name,
            index.saturating_add(1),
            expected,
            &self.shown(index),
        )
    }

    /// The error that this one has a wrong type.
    pub fn wrong_plain(&self, index: usize) -> Fault {
        raise::wrong_type_arg(self.name, index.saturating_add(1), &self.shown(index))
    }

    /// The error that this number is too small or too large.
    pub fn out_of_range(&self, index: usize) -> Fault {
        raise::out_of_range_at(self.name, index.saturating_add(1), &self.shown(index))
    }

    /// A string.
    pub fn text(&self, index: usize) -> Result<Rc<str>, Fault> {
        match view(self.value(index)?) {
            View::Text(text) => Ok(text),
            _ => Err(self.wrong(index, "string")),
        }
    }

    /// A symbol.
    pub fn symbol(&self, index: usize) -> Result<&'a str, Fault> {
        match view(self.value(index)?) {
            View::Symbol(name) => Ok(name),
            _ => Err(self.wrong(index, "symbol")),
        }
    }

    /// A character.
    pub fn character(&self, index: usize) -> Result<char, Fault> {
        match view(self.value(index)?) {
            View::Character(c) => Ok(c),
            _ => Err(self.wrong(index, "character")),
        }
    }

    /// A number.
    pub fn number(&self, index: usize) -> Result<Number, Fault> {
        engine::number(self.value(index)?).ok_or_else(|| self.wrong_plain(index))
    }

    /// An exact integer of any size.
    pub fn whole(&self, index: usize) -> Result<BigInt, Fault> {
        self.number(index)?
            .to_big()
            .ok_or_else(|| self.wrong_plain(index))
    }

    /// An exact integer of 64 bits.
    pub fn integer(&self, index: usize) -> Result<i64, Fault> {
        let value = self.value(index)?;
        match view(value) {
            View::Integer(n) => Ok(n),
            View::Number(Number::Big(_)) => Err(raise::out_of_bounds(i64::MIN, i64::MAX, value)),
            _ => Err(raise::wrong_type_expecting("", "exact integer", value)),
        }
    }

    /// An exact integer from 0 to `usize::MAX`.
    pub fn index(&self, index: usize) -> Result<usize, Fault> {
        let value = self.value(index)?;
        let n = match view(value) {
            View::Integer(n) => n,
            View::Number(Number::Big(_)) => -1,
            _ => return Err(raise::wrong_type_expecting("", "exact integer", value)),
        };
        usize::try_from(n).map_err(|_| {
            let high = from_number(Number::big(BigInt::from(u64::MAX)));
            raise::scm_error(
                "out-of-range",
                "",
                "Value out of range ~S to< ~S: ~S",
                engine::from_list(vec![engine::integer(0), high, value.clone()]),
                engine::from_list(vec![value.clone()]),
            )
        })
    }

    /// A proper list.
    pub fn list(&self, index: usize) -> Result<Vec<Value>, Fault> {
        engine::list_items(self.value(index)?).ok_or_else(|| self.wrong_plain(index))
    }

    /// A range of something of so many items, by the optional arguments from
    /// this one on.
    pub fn range(&self, index: usize, length: usize) -> Result<(usize, usize), Fault> {
        let bound = |low: usize, high: usize, at: usize| {
            let bound = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            raise::out_of_bounds(bound(low), bound(high), &self.shown(at))
        };
        let start = match self.optional(index).map(view) {
            Some(View::Integer(n)) => usize::try_from(n).unwrap_or(usize::MAX),
            Some(_) => self.index(index)?,
            None => 0,
        };
        if start > length {
            return Err(bound(0, length, index));
        }
        let end_index = index.saturating_add(1);
        let end = match self.optional(end_index).map(view) {
            Some(View::Integer(n)) => usize::try_from(n).unwrap_or(usize::MAX),
            Some(_) => self.index(end_index)?,
            None => length,
        };
        if end > length || end < start {
            return Err(bound(start, length, end_index));
        }
        Ok((start, end))
    }
}

/// A procedure by its name and what it takes, as `write` gives it: the errors
/// about numbers of arguments show it.
pub struct Description(String);

impl Description {
    /// How it is written.
    pub fn written(&self) -> String {
        self.0.clone()
    }
}

fn described(name: &str, min: usize, max: usize) -> Value {
    // Guile's arithmetic gives its name only.
    if matches!(name, "-" | "/" | "max" | "min") {
        return engine::text(name);
    }
    let mut parts = vec!["_"; min];
    let optional = max.saturating_sub(min);
    if max == usize::MAX {
        if min == 0 {
            parts.push("_");
        } else {
            parts.extend([".", "_"]);
        }
    } else if optional > 0 {
        parts.push("#:optional");
        parts.extend(std::iter::repeat_n("_", optional));
    }
    let takes = if max == usize::MAX && min == 0 {
        "_".to_owned()
    } else {
        format!("({})", parts.join(" "))
    };
    let written = format!("#<procedure {name} {takes}>");
    engine::foreign(Description(written)).unwrap_or_default()
}
