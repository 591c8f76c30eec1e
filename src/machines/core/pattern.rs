//! Patterns of (ice-9 match) that are matched in Rust.
//!
//! What a pattern without procedures of the file asks is asked in one call:
//! a chain of tests would cost the engine's compiler a tenth of a millisecond
//! each.

use std::rc::Rc;

use crate::machines::datum::Datum;

/// A pattern with the variables that it binds.
pub struct Matcher {
    /// What is asked.
    pub pattern: Pattern,
    /// The names of the variables, by slot.
    pub names: Vec<Rc<str>>,
}

/// A pattern.
pub enum Pattern {
    /// Anything.
    Any,
    /// A proper list.
    Proper,
    /// Anything, which this variable gets.
    Bind(usize),
    /// What this variable has already.
    Same(usize),
    /// What this argument of the call is.
    Argument(usize),
    /// This datum.
    Literal(Datum),
    /// All of them.
    And(Vec<Pattern>),
    /// The first of them.
    Or(Vec<Pattern>),
    /// Not this one.
    Not(Box<Pattern>),
    /// What this procedure in Rust says yes to.
    Test(&'static str),
    /// What this procedure in Rust makes of it.
    Apply(&'static str, Box<Pattern>),
    /// Pairs, and what follows.
    List(Vec<Pattern>, Box<Pattern>),
    /// Any number of items, and what follows.
    Each(Box<Each>),
    /// A vector, also with any number of items at its end.
    Vector(Vec<Pattern>, Option<Box<Each>>),
    /// The first fields of a record of the type that an argument is.
    Record(usize, Vec<Pattern>),
    /// A way through a tree: its steps, and its end.
    Search(Box<Each>),
}

/// `item ...` and what follows.
pub struct Each {
    /// What each item is.
    pub item: Pattern,
    /// The variables that become lists.
    pub slots: Vec<usize>,
    /// There must be one.
    pub least: bool,
    /// How many items follow.
    pub after: usize,
    /// What follows.
    pub rest: Pattern,
}
