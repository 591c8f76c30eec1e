//! Items on their way between two stores.
//!
//! [`plan`] decides how each missing item travels, without touching anything
//! ([`files`] answers its questions); [`send`] does it.

pub mod files;
pub mod plan;
pub mod retrieve;
pub mod send;

#[cfg(test)]
mod live;
