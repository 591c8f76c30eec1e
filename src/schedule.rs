//! Choosing machines: which match, in what order, and who holds their slots.
//!
//! Knows machines as values; no daemon, no SSH.

pub mod choice;
pub mod slots;
