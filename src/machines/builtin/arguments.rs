//! What a procedure is called with, checked.

use crate::machines::engine::{self, Fault, Value, View, raise, view, wrong_type};

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
        Err(raise::wrong_number_of_args(engine::symbol(name)))
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

    /// The error that this one has another type.
    pub fn wrong(&self, index: usize, expected: &str) -> Fault {
        let value = self.values.get(index).cloned();
        wrong_type(
            self.name,
            index.saturating_add(1),
            expected,
            &value.unwrap_or_else(engine::unspecified),
        )
    }

    /// A string.
    pub fn text(&self, index: usize) -> Result<&'a str, Fault> {
        match view(self.value(index)?) {
            View::Text(text) => Ok(text),
            _ => Err(self.wrong(index, "a string")),
        }
    }

    /// A symbol.
    pub fn symbol(&self, index: usize) -> Result<&'a str, Fault> {
        match view(self.value(index)?) {
            View::Symbol(name) => Ok(name),
            _ => Err(self.wrong(index, "a symbol")),
        }
    }

    /// A character.
    pub fn character(&self, index: usize) -> Result<char, Fault> {
        match view(self.value(index)?) {
            View::Character(c) => Ok(c),
            _ => Err(self.wrong(index, "a character")),
        }
    }

    /// An exact integer.
    pub fn integer(&self, index: usize) -> Result<i64, Fault> {
        match view(self.value(index)?) {
            View::Integer(n) => Ok(n),
            _ => Err(self.wrong(index, "an exact integer")),
        }
    }

    /// An exact integer from 0 to `usize::MAX`.
    pub fn index(&self, index: usize) -> Result<usize, Fault> {
        let n = self.integer(index)?;
        usize::try_from(n).map_err(|_| self.out_of_range(index))
    }

    /// The error that this number is too small or too large.
    pub fn out_of_range(&self, index: usize) -> Fault {
        let value = self.values.get(index).cloned();
        raise::out_of_range_at(
            self.name,
            index.saturating_add(1),
            &value.unwrap_or_else(engine::unspecified),
        )
    }

    /// A number, about.
    pub fn number(&self, index: usize) -> Result<f64, Fault> {
        match view(self.value(index)?) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "callers that need exactness look at the integer first"
            )]
            View::Integer(n) => Ok(n as f64),
            View::Real(x) | View::Number(_, x, _) => Ok(x),
            _ => Err(self.wrong(index, "a number")),
        }
    }

    /// A proper list.
    pub fn list(&self, index: usize) -> Result<Vec<Value>, Fault> {
        engine::list_items(self.value(index)?).ok_or_else(|| self.wrong(index, "a list"))
    }

    /// A range of a text of so many characters, by the optional arguments
    /// from this one on.
    pub fn range(&self, index: usize, length: usize) -> Result<(usize, usize), Fault> {
        let end_index = index.saturating_add(1);
        let start = match self.optional(index) {
            Some(_) => self.index(index)?,
            None => 0,
        };
        let end = match self.optional(end_index) {
            Some(_) => self.index(end_index)?,
            None => length,
        };
        if end > length {
            return Err(self.out_of_range(end_index));
        }
        if start > end {
            return Err(self.out_of_range(index));
        }
        Ok((start, end))
    }
}
