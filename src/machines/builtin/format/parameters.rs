//! What stands between `~` and the letter of a directive.

use super::parse::Parameter;
use super::wrong;
use crate::machines::engine::Fault;

/// A directive's parameters.
pub struct Parameters(pub Vec<Parameter>);

impl Parameters {
    /// A number.
    pub fn number(&self, index: usize) -> Option<i64> {
        match self.0.get(index)? {
            Parameter::Number(n) => Some(*n),
            // As the number of the character.
            Parameter::Character(c) => Some(i64::from(u32::from(*c))),
            _ => None,
        }
    }

    /// A number that is not below 0.
    pub fn size(&self, index: usize) -> Result<Option<i64>, Fault> {
        match self.number(index) {
            Some(n) if n < 0 => Err(wrong()),
            n => Ok(n),
        }
    }

    /// The same with a default.
    pub fn count(&self, index: usize, default: i64) -> Result<i64, Fault> {
        Ok(self.size(index)?.unwrap_or(default))
    }

    /// A character.
    pub fn given_character(&self, index: usize) -> Option<char> {
        match self.0.get(index)? {
            Parameter::Character(c) => Some(*c),
            Parameter::Number(n) => u32::try_from(*n).ok().and_then(char::from_u32),
            _ => None,
        }
    }

    /// The same with a default.
    pub fn character(&self, index: usize, default: char) -> char {
        self.given_character(index).unwrap_or(default)
    }
}
