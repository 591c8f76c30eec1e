//! Machines that are being connected to, before and after the reply.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::attempt::gateway_failure;
use super::attempts::{Failure, Fault};
use super::context::Context;
use super::outcome::note_connected;
use crate::events::Event;
use crate::gateway::probe::{News, Probe, Witness};
use crate::gateway::{GatewayError, Nature, Route};
use crate::machines::record::BuildMachine;
use crate::schedule::handshakes::Handshakes;
use crate::schedule::ledger::Ledger;
use crate::schedule::slots::Slot;
use crate::schedule::tickets::Bell;

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
    pub connection: Route,
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

/// Keeps connections to one machine from coming all at once, and what comes of
/// them.
struct Attendant {
    ledger: Arc<Ledger>,
    handshakes: Handshakes,
    patience: Duration,
    machine: BuildMachine,
}

impl Witness for Attendant {
    fn admit(&mut self) -> Box<dyn Send> {
        Box::new(self.handshakes.enter(&self.machine, self.patience))
    }

    fn outcome(&mut self, outcome: Result<Duration, &GatewayError>) {
        note_connected(&self.ledger, &self.machine, outcome);
    }
}

/// How far a connection has come.
enum Stage {
    Asked,
    Accepted,
    Greeted,
    Connected(Box<Route>),
    Failed(Failure),
}

impl Stage {
    fn is_pending(&self) -> bool {
        matches!(self, Self::Asked | Self::Accepted | Self::Greeted)
    }

    /// The server knows us, and would take it amiss if we left now.
    fn is_engaged(&self) -> bool {
        matches!(self, Self::Accepted | Self::Greeted)
    }
}

/// Connections that were begun and have not been used.
pub struct Reaching {
    probe: Probe,
    stages: BTreeMap<usize, Stage>,
}

impl Reaching {
    /// None yet; the bell rings for each news.
    pub fn new(bell: Bell) -> Self {
        Self {
            probe: Probe::new(move || bell.ring()),
            stages: BTreeMap::new(),
        }
    }

    /// Begins to connect to a machine, unless that is under way.
    ///
    /// What comes of it is evidence in any case.
    pub fn ask(&mut self, context: &Context, index: usize, machine: &BuildMachine) {
        if !matches!(self.stages.get(&index), None | Some(Stage::Failed(_))) {
            return;
        }
        self.stages.insert(index, Stage::Asked);
        let witness = Attendant {
            ledger: Arc::clone(&context.ledger),
            handshakes: context.handshakes.clone(),
            patience: context.settings.handshake,
            machine: machine.clone(),
        };
        self.probe.share(context.doorstep());
        let limits = context.gateway_limits();
        self.probe
            .begin(index, machine, context.home.as_deref(), &limits, witness);
    }

    /// The next news, waited for until then.
    pub fn hear(&mut self, until: Instant) -> Option<Heard> {
        let (index, news) = loop {
            match self.probe.next(until)? {
                (index, News::Accepted) => drop(self.stages.insert(index, Stage::Accepted)),
                other => break other,
            }
        };
        let (stage, heard) = match news {
            News::Accepted => return None,
            News::Greeted(_) => (Stage::Greeted, Heard::Greeted(index)),
            News::Connected(connection) => (Stage::Connected(connection), Heard::Connected(index)),
            News::Failed(error) => {
                let failure = gateway_failure(&error);
                (
                    Stage::Failed(failure.clone()),
                    Heard::Failed(index, failure),
                )
            }
        };
        self.stages.insert(index, stage);
        Some(heard)
    }

    /// Tells whether a machine's server has greeted, or more.
    pub fn has_greeted(&self, index: usize) -> bool {
        matches!(
            self.stages.get(&index),
            Some(Stage::Greeted | Stage::Connected(_))
        )
    }

    /// Tells whether a machine may still answer.
    pub fn is_pending(&self, index: usize) -> bool {
        self.stages.get(&index).is_some_and(Stage::is_pending)
    }

    /// How many machines may still answer.
    pub fn pending(&self) -> usize {
        let stages = self.stages.values();
        stages.filter(|stage| stage.is_pending()).count()
    }

    /// Tells whether a machine is logged in to.
    pub fn is_connected(&self, index: usize) -> bool {
        matches!(self.stages.get(&index), Some(Stage::Connected(_)))
    }

    /// Tells whether news can still come.
    pub fn is_waiting(&self) -> bool {
        self.probe.running() > 0
    }

    /// Lets what was begun come to its end, so long at most: servers punish
    /// those who leave before they have logged in, and what such a machine is
    /// like would never be known where builds are short.
    pub fn finish(&mut self, at_most: Duration) {
        let Some(end) = Instant::now().checked_add(at_most) else {
            return;
        };
        // What has happened meanwhile.
        while self.hear(Instant::now()).is_some() {}
        while self.stages.values().any(Stage::is_engaged) && self.hear(end).is_some() {}
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
    ) -> Result<(Route, Option<UnixStream>), Failure> {
        self.ask(context, index, machine);
        loop {
            match self.stages.remove(&index) {
                Some(Stage::Connected(connection)) if connection.failure().is_some() => {
                    // It has gone while nobody used it.
                    self.ask(context, index, machine);
                }
                Some(Stage::Connected(connection)) => {
                    return with_daemon(context, machine, *connection);
                }
                Some(Stage::Failed(failure)) => return Err(failure),
                Some(stage) => drop(self.stages.insert(index, stage)),
                None => {}
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
    connection: Route,
) -> Result<(Route, Option<UnixStream>), Failure> {
    context.journal.event(&Event::Connected {
        machine: &machine.name,
    });
    match connection.daemon() {
        Ok(daemon) => Ok((connection, Some(daemon))),
        Err(error) if error.nature() == Nature::ForwardingRefused => Ok((connection, None)),
        Err(error) => Err(gateway_failure(&error)),
    }
}
