//! Machines that are being connected to, before and after the reply.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::attempt::gateway_failure;
use super::attempts::{Failure, Fault};
use super::context::Context;
use super::outcome::kind_of;
use crate::events::Event;
use crate::gateway::probe::{News, Probe};
use crate::gateway::{Connection, GatewayError};
use crate::machines::record::BuildMachine;
use crate::schedule::evidence::Outcome;
use crate::schedule::slots::Slot;

/// How long news are waited for in one go: a connection has limits of its
/// own, this only lets a build that must end notice it.
const TURN: Duration = Duration::from_millis(50);

/// A machine with a free slot that was reached, and what is needed to keep it.
pub struct Reached {
    /// Its place in the field.
    pub machine: usize,
    /// The right to build there.
    pub slot: Slot,
    /// The connection.
    pub connection: Connection,
    /// A channel to its daemon; `None` where it does not forward, and
    /// commands have to do.
    pub daemon: Option<UnixStream>,
}

/// What became known.
pub enum Heard {
    /// The machine's server has greeted.
    Greeted(usize),
    /// It is logged in to.
    Connected(usize),
    /// It cannot be had.
    Failed(usize, Failure),
}

/// Connections that were begun and have not been used.
#[derive(Default)]
pub struct Reaching {
    probe: Probe,
    asked: BTreeSet<usize>,
    greeted: BTreeSet<usize>,
    connected: BTreeMap<usize, Connection>,
    failed: BTreeMap<usize, Failure>,
}

impl Reaching {
    /// Begins to connect to a machine, unless that has begun.
    ///
    /// What comes of it is evidence in any case.
    pub fn ask(&mut self, context: &Context, index: usize, machine: &BuildMachine) {
        if !self.asked.insert(index) {
            return;
        }
        let (ledger, subject) = (Arc::clone(&context.ledger), machine.clone());
        let witness = move |outcome: Result<Duration, &GatewayError>| match outcome {
            Ok(took) => ledger.note(
                &subject,
                Outcome::Answered {
                    connect: Some(took),
                    round_trip: None,
                },
            ),
            Err(error) if error.is_machine_fault() => ledger.note(
                &subject,
                Outcome::Failed {
                    kind: kind_of(error),
                    reason: &error.to_string(),
                },
            ),
            Err(_) => {}
        };
        let limits = context.gateway_limits();
        self.probe
            .begin(index, machine, context.home.as_deref(), &limits, witness);
    }

    /// The next news, waited for until then.
    pub fn hear(&mut self, until: Instant) -> Option<Heard> {
        Some(match self.probe.next(until)? {
            (index, News::Greeted(_)) => {
                self.greeted.insert(index);
                Heard::Greeted(index)
            }
            (index, News::Connected(connection)) => {
                self.connected.insert(index, *connection);
                Heard::Connected(index)
            }
            (index, News::Failed(error)) => {
                let failure = gateway_failure(&error);
                self.failed.insert(index, failure.clone());
                Heard::Failed(index, failure)
            }
        })
    }

    /// Tells whether a machine's server has greeted, or more.
    pub fn has_greeted(&self, index: usize) -> bool {
        self.greeted.contains(&index) && !self.failed.contains_key(&index)
    }

    /// Tells whether news can still come.
    pub fn is_waiting(&self) -> bool {
        self.probe.running() > 0
    }

    /// The connection to a machine, begun now if it has not been.
    ///
    /// Waits as long as its limits let it, or until `ended` says so.
    pub fn connection(
        &mut self,
        context: &Context,
        index: usize,
        machine: &BuildMachine,
        ended: &dyn Fn() -> bool,
    ) -> Result<(Connection, Option<UnixStream>), Failure> {
        self.ask(context, index, machine);
        loop {
            if let Some(connection) = self.connected.remove(&index) {
                self.asked.remove(&index);
                return with_daemon(context, machine, connection);
            }
            if let Some(failure) = self.failed.remove(&index) {
                self.asked.remove(&index);
                return Err(failure);
            }
            let until = Instant::now().checked_add(TURN);
            let heard = self.hear(until.unwrap_or_else(Instant::now));
            if heard.is_none() && (ended() || !self.is_waiting()) {
                return Err(Failure::new(Fault::Local, "the build was ended"));
            }
        }
    }
}

/// Opens a channel to the machine's daemon; one that refuses to forward is
/// reached all the same: commands do the rest.
fn with_daemon(
    context: &Context,
    machine: &BuildMachine,
    connection: Connection,
) -> Result<(Connection, Option<UnixStream>), Failure> {
    context.journal.event(&Event::Connected {
        machine: &machine.name,
    });
    match connection.daemon() {
        Ok(daemon) => Ok((connection, Some(daemon))),
        Err(GatewayError::ForwardingRefused { .. }) => Ok((connection, None)),
        Err(error) => Err(gateway_failure(&error)),
    }
}
