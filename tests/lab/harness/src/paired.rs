//! Guix's own hook and ours on one head, by turns.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::derivation::Built;
use crate::exec::Finished;
use crate::farm::Farm;
use crate::guix::{DaemonOptions, Hook, SOCKET};

/// Where the daemon with Guix's own hook listens.
const STOCK: &str = "/var/guix/daemon-socket/stock";

/// Whose hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Guix's own.
    Stock,
    /// The program under test.
    Ours,
}

impl Side {
    /// Both, in the order of a round.
    pub const BOTH: [Side; 2] = [Side::Stock, Side::Ours];

    /// The socket of the daemon with this hook.
    pub fn socket(self) -> &'static str {
        match self {
            Side::Stock => STOCK,
            Side::Ours => SOCKET,
        }
    }

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Side::Stock => "stock",
            Side::Ours => "ours",
        }
    }
}

/// A farm whose head has two daemons on one store, one for each hook.
pub struct Paired {
    /// The farm; its own daemon is that with our hook.
    pub farm: Farm,
}

impl Paired {
    /// Starts the farm.
    pub fn new(program: &Path) -> Result<Paired> {
        let farm = Farm::new(Hook::Front(program.to_owned()))?;
        farm.head
            .start_daemon(&DaemonOptions::default().socket(STOCK))?;
        Ok(Paired { farm })
    }

    /// Builds with `guix build`; the time is the client's from start to end.
    pub fn build(&self, side: Side, builds: &[Built]) -> Result<Finished> {
        let paths: Vec<&str> = builds.iter().map(|b| b.path.as_str()).collect();
        let head = &self.farm.head;
        let client = head.guix_build_at(side.socket(), &paths, &[]).spawn()?;
        let finished = client.wait(Duration::from_secs(600))?.succeeded()?;
        for built in builds {
            self.farm.came_back(built)?;
        }
        Ok(finished)
    }
}

/// The middle one of some times.
pub fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
        (Some(low), Some(high)) if sorted.len().is_multiple_of(2) => (*low + *high) / 2,
        (_, Some(middle)) => *middle,
        _ => Duration::ZERO,
    }
}
