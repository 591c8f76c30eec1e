//! The build hook of a GNU Guix head machine: takes builds from guix-daemon
//! and has them done by the machines that `machines.scm` names.
//!
//! The library exists for the binary, the tests, the benches and the fuzz
//! targets; it promises no stable interface. `docs/architecture.md` tells how
//! a build flows through these modules, and which may name which.

pub mod cli;
pub mod clock;
pub mod daemon;
pub mod events;
pub mod gateway;
pub mod hook;
pub mod machines;
pub mod schedule;
pub mod settings;
pub mod store;
pub mod transfer;
