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

impl RawMachine {
    /// The field of this name, if the file writes it.
    pub fn field(&self, field: Field) -> Option<&RawField> {
        self.fields.iter().find(|other| other.field == field)
    }

    /// The value of a field, unless it is not written or #f.
    pub fn value(&self, field: Field) -> Option<&Plain> {
        self.field(field)
            .map(|field| &field.value)
            .filter(|value| **value != Plain::Boolean(false))
    }
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
            Self::List(items) => listed(items.iter().take(20).map(Self::written)),
            other => other.written_in_full(),
        };
        if text.chars().count() > 100 {
            text.chars().take(100).chain(['…']).collect()
        } else {
            text
        }
    }

    /// The value as Guile writes it.
    pub fn written_in_full(&self) -> String {
        match self {
            Self::Boolean(true) => "#t".into(),
            Self::Boolean(false) => "#f".into(),
            Self::Integer(n) => n.to_string(),
            Self::Real(x) => super::datum::written_real(*x),
            Self::Text(text) => super::datum::written_text(text),
            Self::List(items) => listed(items.iter().map(Self::written_in_full)),
            Self::Other(text) => text.clone(),
        }
    }
}

fn listed(items: impl Iterator<Item = String>) -> String {
    format!("({})", items.collect::<Vec<_>>().join(" "))
}
