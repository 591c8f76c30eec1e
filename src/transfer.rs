//! Items on their way between two stores.
//!
//! [`plan`] decides how each missing item travels, without touching anything;
//! [`send`] does it.

pub mod plan;
pub mod retrieve;
pub mod send;

#[cfg(test)]
mod live;
