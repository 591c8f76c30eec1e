//! Whole outputs of the binary, in an environment that holds nothing but what
//! a test puts there.

#![allow(clippy::unwrap_used)]

mod arguments;
mod check_config;
mod drain;
mod environment;
mod evaluate;
mod explain;
mod front;
mod help;
