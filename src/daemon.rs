//! The guix-daemon at the other end of a stream, near or far.
//!
//! [`wire`] is the encoding, [`operation`] what can be asked, both without
//! any connection; [`client`] holds the conversation. Which stream it is
//! (a forwarded socket, the local one) is not known here.

pub mod client;
pub mod error;
pub mod export;
pub mod import;
pub mod opening;
pub mod operation;
pub mod wire;

pub use client::{Client, Log};
pub use error::DaemonError;
pub use export::Export;
pub use opening::{Opened, Opening};
pub use operation::Options;

#[cfg(test)]
pub(crate) mod mock;
