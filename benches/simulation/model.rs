//! A farm of build machines in simulated time: shared by the benchmark, which
//! prints how long the work takes, and by `tests/simulation.rs`, which demands
//! what must hold.

// Each of the two uses another part.
#![allow(dead_code)]

pub mod clock;
pub mod farm;
pub mod ours;
pub mod stock;

use farm::Scale;

/// Small, and as bad as can be borne: what the tests run a thousand times.
pub const BAD: Scale = Scale {
    machines: 20,
    builds: 200,
    clients: 3,
    ready: 67,
    slots: 3,
    work: (5.0, 60.0),
    failures: 1.0,
    dead: 7,
    flapping: 5,
    broken: 9,
    full: 8,
    failing: 10,
    interrupted: 20,
};

/// A large farm on a usual day.
pub const LARGE: Scale = Scale {
    machines: 1000,
    builds: 20_000,
    clients: 8,
    ready: 180,
    slots: 1,
    work: (75.0, 135.0),
    failures: 0.01,
    dead: 50,
    flapping: 50,
    broken: 500,
    full: 200,
    failing: 0,
    interrupted: 0,
};
