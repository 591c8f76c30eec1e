//! Real Guix hosts on one machine, for tests, demo and benches.
//!
//! A [`Lab`] is a switch; each [`Host`] on it has a root file system (an
//! overlay on one made once, see [`roots`]), a network, processes, a
//! guix-daemon and an sshd of its own. A [`Farm`] is a head with two build
//! machines. Values own what they stand for: dropped, in whatever way, they
//! end it, and what hangs on a killed program ends by itself.

// Test code: figures for people, constants that fit, and clean-up of what may
// be gone already.
#![allow(
    clippy::assigning_clones,
    clippy::case_sensitive_file_extension_comparisons,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::let_underscore_must_use,
    clippy::return_self_not_must_use,
    clippy::struct_field_names
)]

mod delay;
mod derivation;
mod door;
mod enter;
mod events;
mod exec;
mod farm;
mod guix;
mod host;
mod keys;
mod lab;
mod machines;
mod nar;
mod observe;
mod old_daemon;
mod paired;
pub mod processes;
pub mod roots;
mod ssh;
mod store;
pub mod sys;
mod wire;

pub use delay::{Delay, Line};
pub use derivation::{Built, Drv, hex, system};
pub use door::{DOOR, Door};
pub use events::{Course, Events, Told, Turn, Waiting, since_boot};
pub use exec::{Exec, Finished, Running};
pub use farm::{Farm, came_back, check, on_each};
pub use guix::{Answer, DaemonOptions, Hook, SOCKET};
pub use host::{Host, HostOptions};
pub use lab::{Lab, obstacle};
pub use machines::Machine;
pub use nar::Node;
pub use observe::{EVIDENCE, Peak, TRACE, milliseconds};
pub use old_daemon::{Era, OldBuild, OldDaemon, OldEnd, helper};
pub use paired::{Paired, Side, median};
pub use roots::Suite;
pub use store::{DatabaseLock, Row};
pub use wire::{Daemon, PathInfo, Refused};
