//! Machines as the evaluation gives them: fields with values of any type.

use super::record::{Field, Location, Position};

/// A build machine before its fields' types are known to be right.
#[derive(Clone, Debug, PartialEq)]
pub struct RawMachine {
    /// Where its form stands.
    pub location: Option<Location>,
    /// Where its form ends.
    pub end: Option<Position>,
    /// The fields that the file writes, inherited ones included.
    pub fields: Vec<RawField>,
}

/// A field as the file writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct RawField {
    /// Which one.
    pub field: Field,
    /// Where its value stands.
    pub location: Option<Location>,
    /// Where its value ends.
    pub end: Option<Position>,
    /// The value.
    pub value: Plain,
}

/// A value without anything of the interpreter.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// `#t`, `#f`
    Boolean(bool),
    /// An exact integer of 64 bits.
    Integer(i64),
    /// Any other real number.
    Real(f64),
    /// A string.
    Text(String),
    /// A proper list.
    List(Vec<Plain>),
    /// Something else, as Guile writes it.
    Other(String),
}

impl Plain {
    /// The value as Guile writes it, for messages; long ones are cut.
    pub fn written(&self) -> String {
        let text = match self {
            Self::Boolean(true) => "#t".into(),
            Self::Boolean(false) => "#f".into(),
            Self::Integer(n) => n.to_string(),
            Self::Real(x) => super::datum::written_real(*x),
            Self::Text(text) => super::datum::written_text(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().take(20).map(Self::written).collect();
                format!("({})", items.join(" "))
            }
            Self::Other(text) => text.clone(),
        };
        if text.chars().count() > 100 {
            text.chars().take(100).chain(['…']).collect()
        } else {
            text
        }
    }
}
