//! An accepted build's machines, one after the other: taken, waited for in the
//! line, given up, tried again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::answer::Taken;
use super::attempts::{Failure, Fault};
use super::context::Context;
use super::field::{Field, Sight};
use super::pick::{Pick, Picked};
use super::reach::{Reached, Reaching};
use super::reread::Reread;
use super::watch::{Ending, Watch};
use crate::events::Event;
use crate::machines::record::BuildMachine;
use crate::schedule::choice::Verdict;
use crate::schedule::evidence::{FailureKind, Outcome, prefix};
use crate::schedule::slots::{Slot, SlotError};
use crate::schedule::tickets::{Bell, Candidates, Place, Waited, Wish};
use crate::store::path::StorePath;

/// What the next machine is, or why there is none; with the machine that the
/// failure is of.
pub type Found = Result<Reached, (Option<usize>, Failure)>;

/// The search for machines of one build.
pub struct Search<'a> {
    context: &'a Context,
    watch: &'a Watch,
    field: Field,
    slot: Option<(usize, Slot)>,
    place: Place,
    reaching: Reaching,
    reread: Reread,
    /// What has failed in this round.
    failed: BTreeSet<usize>,
    /// Until when a machine is waited for, once none was left.
    until: Option<Instant>,
    explored: bool,
}

impl<'a> Search<'a> {
    /// Begins with what the reply was given for.
    pub fn new(context: &'a Context, watch: &'a Watch, taken: Taken) -> Self {
        Self {
            context,
            watch,
            field: taken.field,
            slot: taken.slot,
            place: taken.place,
            reaching: taken.reaching,
            reread: taken.reread,
            failed: BTreeSet::new(),
            until: None,
            explored: false,
        }
    }

    /// Tells what has to be on the machine.
    pub fn needs<'p>(&mut self, closure: impl Iterator<Item = &'p StorePath>) {
        let prefixes = closure.map(|path| prefix(path.hash_part())).collect();
        self.field.needs(prefixes);
    }

    /// A machine of the field.
    pub fn machine(&self, index: Option<usize>) -> Option<&BuildMachine> {
        self.field.machine(index?)
    }

    /// How many machines have not failed in this round.
    pub fn untried(&self) -> usize {
        self.field.others(&self.failed)
    }

    /// Takes note of a failure.
    pub fn failed(&mut self, index: Option<usize>, failure: &Failure) {
        let Some(index) = index else { return };
        self.failed.insert(index);
        if let (Fault::Machine(kind), Some(machine)) = (failure.fault, self.field.machine(index)) {
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
        self.failed.clear();
        self.reaching = Reaching::default();
        self.until = Instant::now().checked_add(at_most);
    }

    /// The next machine, with a slot and logged in.
    ///
    /// `reasons` tell, in the end, why there was none.
    pub fn next(&mut self, reasons: &[String]) -> Found {
        let (index, slot) = match self.slot.take() {
            Some(taken) => taken,
            None => self.wait(reasons)?,
        };
        let Some(machine) = self.field.machine(index) else {
            return Err((
                None,
                Failure::new(Fault::Local, "no machine matches any more"),
            ));
        };
        self.watch
            .doing(&format!("connecting to '{}'", machine.name));
        self.reaching.ask(self.context, index, machine);
        self.explore(index);
        let Some(machine) = self.field.machine(index) else {
            return Err((
                None,
                Failure::new(Fault::Local, "no machine matches any more"),
            ));
        };
        let watch = self.watch;
        let ended = || watch.verdict().is_some();
        match self
            .reaching
            .connection(self.context, index, machine, &ended)
        {
            Ok((connection, daemon)) => Ok(Reached {
                machine: index,
                slot,
                connection,
                daemon,
            }),
            Err(failure) => Err((Some(index), failure)),
        }
    }

    /// Once, when the build has a machine: looks whether others are up.
    fn explore(&mut self, taken: usize) {
        if std::mem::replace(&mut self.explored, true) || self.field.machines().len() < 2 {
            return;
        }
        let sight = self.field.look(self.context);
        let pick = Pick {
            context: self.context,
            field: &self.field,
            sight: &sight,
            place: &self.place,
            without: &self.failed,
            reasons: Vec::new(),
        };
        pick.explore(&mut self.reaching, taken);
    }

    /// A slot: at once where one can be had, else by standing in line.
    fn wait(&mut self, reasons: &[String]) -> Result<(usize, Slot), (Option<usize>, Failure)> {
        loop {
            refresh(
                self.context,
                &mut self.reread,
                &mut self.field,
                &mut self.failed,
            );
            let sight = self.field.look(self.context);
            let mut pick = Pick {
                context: self.context,
                field: &self.field,
                sight: &sight,
                place: &self.place,
                without: &self.failed,
                reasons: Vec::new(),
            };
            let limit = self.context.settings.connect;
            let picked = pick.slot(&mut self.reaching, limit);
            let mut lost = pick.reasons;
            match picked {
                Picked::Slot(machine, slot) => return Ok((machine, slot)),
                Picked::Nobody if self.until.is_none() => {
                    // Nobody is left in this round; whether it is worth waiting
                    // for is for the attempts to say.
                    self.failed = (0..self.field.machines().len()).collect();
                    lost.retain(|reason| !reasons.iter().any(|it| it.contains(reason)));
                    return Err((None, nobody(&self.field.look(self.context), &lost)));
                }
                Picked::Nobody | Picked::Full => {}
            }
            self.watch.doing("waiting for a slot");
            let cancelled = Arc::new(AtomicBool::new(false));
            self.watch.guard(Box::new(Alarm {
                cancelled: Arc::clone(&cancelled),
                bell: self.place.bell(),
            }));
            let mut wishes = Wishes {
                context: self.context,
                field: &mut self.field,
                failed: &mut self.failed,
                reread: &mut self.reread,
                until: self.until,
                indexes: Vec::new(),
                told: String::new(),
            };
            let waited = self.place.wait(&mut wishes, &cancelled);
            let indexes = wishes.indexes;
            match waited {
                Waited::Taken { index, slot, .. } => {
                    let Some(index) = indexes.get(index).copied() else {
                        continue;
                    };
                    if self.may_try(index) {
                        return Ok((index, slot));
                    }
                }
                Waited::NoWish => {
                    let mut text = "no machine came back in time".to_owned();
                    for reason in reasons {
                        text.push('\n');
                        text.push_str(reason);
                    }
                    return Err((None, Failure::new(Fault::Local, text)));
                }
                Waited::Cancelled => {
                    return Err((None, Failure::new(Fault::Local, "the build was ended")));
                }
            }
        }
    }

    /// One at a time tries a machine whose rest is over.
    fn may_try(&self, index: usize) -> bool {
        let machine = self.field.machine(index);
        let may = machine.is_some_and(|machine| self.context.ledger.claim(machine));
        if may && let Some(machine) = machine {
            self.context.journal.event(&Event::Slot {
                machine: &machine.name,
            });
        }
        may
    }
}

/// Takes the machine file as it is now; tells whether it has other machines.
fn refresh(
    context: &Context,
    reread: &mut Reread,
    field: &mut Field,
    failed: &mut BTreeSet<usize>,
) -> bool {
    let Some(machines) = reread.machines(context) else {
        return false;
    };
    let changed = field.update(machines);
    // What failed was another machine.
    failed.retain(|machine| !changed.contains(machine));
    !changed.is_empty()
}

/// None of the machines can be had now.
fn nobody(sight: &Sight, reasons: &[String]) -> Failure {
    let resting = |kind| {
        let rests = sight.evidence.iter().filter_map(|it| it.rest.as_ref());
        rests.filter(|rest| rest.kind == kind).count() > 0
    };
    let kinds = [
        FailureKind::Passing,
        FailureKind::Overloaded,
        FailureKind::LowSpace,
        FailureKind::UnauthorisedSigningKey,
        FailureKind::RefusedKey,
        FailureKind::HostKey,
    ];
    let kind = kinds.into_iter().find(|kind| resting(*kind));
    let mut text = "no other machine can be had now".to_owned();
    for reason in reasons {
        text.push('\n');
        text.push_str(reason);
    }
    Failure::new(Fault::Machine(kind.unwrap_or(FailureKind::Passing)), text)
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

/// What a waiting build would take.
struct Wishes<'a> {
    context: &'a Context,
    field: &'a mut Field,
    failed: &'a mut BTreeSet<usize>,
    reread: &'a mut Reread,
    until: Option<Instant>,
    /// The machines of the last wish by their places in the field.
    indexes: Vec<usize>,
    told: String,
}

impl Wishes<'_> {
    /// Why the build waits, once for each change.
    fn explain(&mut self, sight: &Sight) {
        let mut parts = Vec::new();
        for choice in &sight.choices {
            let Some(machine) = self.field.machine(choice.machine) else {
                continue;
            };
            parts.push(match &choice.verdict {
                Verdict::Ready { .. } if self.failed.contains(&choice.machine) => {
                    format!("{} has failed", machine.name)
                }
                Verdict::Ready { .. } => match self.context.slots.free(machine) {
                    Ok((free, all)) => {
                        format!("{} {}/{all} slots", machine.name, all.saturating_sub(free))
                    }
                    Err(error) => error.to_string(),
                },
                verdict => format!("{} {verdict}", machine.name),
            });
        }
        let text = format!("waiting: {}", parts.join("; "));
        if text != self.told {
            self.context.journal.say(&text);
            self.told = text;
        }
    }
}

impl Candidates for Wishes<'_> {
    type Machine = BuildMachine;

    fn wish(&mut self) -> Wish<BuildMachine> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Wish::Nothing;
        }
        let is_new = refresh(self.context, self.reread, self.field, self.failed);
        let sight = self.field.look(self.context);
        let ready = sight
            .choices
            .iter()
            .filter(|choice| choice.verdict.is_ready() && !self.failed.contains(&choice.machine));
        let indexes: Vec<usize> = ready.map(|choice| choice.machine).collect();
        self.explain(&sight);
        let (mut before, mut now) = (self.indexes.clone(), indexes.clone());
        before.sort_unstable();
        now.sort_unstable();
        if before == now && !before.is_empty() && !is_new {
            return Wish::Same;
        }
        let machines = indexes
            .iter()
            .filter_map(|index| self.field.machine(*index).cloned())
            .collect();
        self.indexes = indexes;
        Wish::Machines(machines)
    }

    fn trouble(&mut self, error: SlotError) {
        self.context.journal.say(&error.to_string());
    }
}
