//! An accepted build's machines, one after the other: taken, waited for in the
//! line, given up, tried again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::answer::Taken;
use super::attempts::{Failure, Fault};
use super::context::Context;
use super::output::Output;
use super::pick::Pick;
use super::prospects::Prospects;
use super::reach::Reached;
use super::watch::{Ending, Watch};
use crate::machines::record::BuildMachine;
use crate::schedule::evidence::{Outcome, prefix};
use crate::schedule::slots::Slot;
use crate::schedule::tickets::{Bell, Place, Waited};
use crate::store::path::StorePath;

/// The longest that a machine which was there a moment ago is waited for
/// before another is looked for.
const LONGEST: Duration = Duration::from_secs(2);

/// How long a build that is done waits for machines that it began to look at,
/// once in many minutes.
const LAST_NEWS: Duration = Duration::from_secs(5);

/// How long news are waited for in one go, so that a build that must end
/// notices it.
const TURN: Duration = Duration::from_millis(50);

/// What the next machine is, or why there is none; with the machine that the
/// failure is of.
pub type Found = Result<Reached, (Option<usize>, Failure)>;

/// The search for machines of one build.
pub struct Search<'a> {
    context: &'a Context,
    watch: &'a Watch,
    prospects: Prospects<'a>,
    slot: Option<(usize, Slot)>,
    place: Place,
    explored: bool,
}

impl<'a> Search<'a> {
    /// Begins with what the reply was given for.
    pub fn new(context: &'a Context, output: &'a Output, watch: &'a Watch, taken: Taken) -> Self {
        let parts = (taken.field, taken.reaching, taken.reread);
        Self {
            context,
            watch,
            prospects: Prospects::new(context, output, parts),
            slot: taken.slot,
            place: taken.place,
            explored: false,
        }
    }

    /// Tells what has to be on the machine.
    pub fn needs<'p>(&mut self, closure: impl Iterator<Item = &'p StorePath>) {
        let prefixes = closure.map(|path| prefix(path.hash_part())).collect();
        self.prospects.field.needs(prefixes);
    }

    /// A machine of the field.
    pub fn machine(&self, index: Option<usize>) -> Option<&BuildMachine> {
        self.prospects.field.machine(index?)
    }

    /// How many machines have not failed in this round.
    pub fn untried(&self) -> usize {
        self.prospects.field.others(self.prospects.failed())
    }

    /// Takes note of a failure.
    pub fn failed(&mut self, index: Option<usize>, failure: &Failure) {
        let Some(index) = index else { return };
        self.prospects.fail(index, failure.text());
        if let (Fault::Machine(kind), Some(machine)) = (failure.fault, self.machine(Some(index))) {
            let outcome = Outcome::Failed {
                kind,
                reason: &failure.message,
            };
            self.context.ledger.note(machine, outcome);
        }
    }

    /// A new round, in which all machines count again, waited for at most so
    /// long.
    pub fn begin_again(&mut self, at_most: Duration) {
        self.prospects.begin_again(self.place.bell(), at_most);
    }

    /// The next machine, with a slot and logged in.
    ///
    /// `reasons` tell, in the end, why there was none.
    pub fn next(&mut self, reasons: &[String]) -> Found {
        loop {
            let (index, slot) = match self.slot.take() {
                Some(taken) => taken,
                None => self.wait(reasons)?,
            };
            let Some(machine) = self.machine(Some(index)).cloned() else {
                let failure = Failure::new(Fault::Local, "no machine matches any more");
                return Err((None, failure));
            };
            self.watch
                .doing(&format!("connecting to '{}'", machine.name));
            self.prospects.reaching.ask(self.context, index, &machine);
            self.explore(index);
            if !self.speaks(index, &machine) {
                // It is heard of again; its slot may be somebody else's.
                drop(slot);
                continue;
            }
            let watch = self.watch;
            let ended = || watch.verdict().is_some();
            let reaching = &mut self.prospects.reaching;
            return match reaching.connection(self.context, index, &machine, &ended) {
                Ok((connection, daemon)) => Ok(Reached {
                    machine: index,
                    slot,
                    connection,
                    daemon,
                }),
                Err(failure) => Err((Some(index), failure)),
            };
        }
    }

    /// The build is done: what was begun for later builds is let finish.
    pub fn finish(&mut self) {
        self.prospects.reaching.finish(LAST_NEWS);
    }

    /// Waits for a machine's first word, or for the end of its connection;
    /// `false` when it takes so long that another machine is the better way.
    fn speaks(&mut self, index: usize, machine: &BuildMachine) -> bool {
        let known = self.context.ledger.read(machine).connect;
        let limit = self
            .context
            .settings
            .probe
            .max(known.unwrap_or_default())
            .saturating_mul(2)
            .min(LONGEST);
        let begun = Instant::now();
        while !self.prospects.reaching.has_greeted(index)
            && self.prospects.reaching.is_pending(index)
        {
            if self.watch.verdict().is_some() {
                return true;
            }
            if begun.elapsed() >= limit {
                if !self.prospects.has_other(index) {
                    return true;
                }
                self.prospects.miss(index);
                return false;
            }
            let until = Instant::now().checked_add(TURN);
            self.prospects.hear(until.unwrap_or_else(Instant::now));
        }
        true
    }

    /// Once, when the build has a machine: looks whether others are up.
    fn explore(&mut self, taken: usize) {
        let field = &self.prospects.field;
        if std::mem::replace(&mut self.explored, true) || field.machines().len() < 2 {
            return;
        }
        let sight = field.look(self.context);
        let pick = Pick {
            context: self.context,
            field,
            sight: &sight,
            place: &self.place,
            without: &BTreeSet::new(),
            reasons: Vec::new(),
        };
        pick.explore(&mut self.prospects.reaching, taken);
    }

    /// A slot of a machine that is up, by standing in line.
    fn wait(&mut self, reasons: &[String]) -> Result<(usize, Slot), (Option<usize>, Failure)> {
        self.watch.doing("waiting for a slot");
        let cancelled = Arc::new(AtomicBool::new(false));
        self.watch.guard(Box::new(Alarm {
            cancelled: Arc::clone(&cancelled),
            bell: self.place.bell(),
        }));
        loop {
            match self.place.wait(&mut self.prospects, &cancelled) {
                Waited::Taken { index, slot, .. } => {
                    let Some(index) = self.prospects.wished(index) else {
                        continue;
                    };
                    if self.may_try(index) {
                        return Ok((index, slot));
                    }
                }
                Waited::NoWish => return Err((None, self.prospects.nobody(reasons))),
                Waited::Cancelled => {
                    return Err((None, Failure::new(Fault::Local, "the build was ended")));
                }
            }
        }
    }

    /// One at a time tries a machine whose rest is over.
    fn may_try(&self, index: usize) -> bool {
        let Some(machine) = self.machine(Some(index)) else {
            return false;
        };
        // That one was claimed when it was asked.
        self.prospects.reaching.has_greeted(index) || self.context.ledger.claim(machine)
    }
}

/// Wakes a build that waits, so that it ends.
struct Alarm {
    cancelled: Arc<AtomicBool>,
    bell: Bell,
}

impl Ending for Alarm {
    fn end(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.bell.ring();
    }
}
