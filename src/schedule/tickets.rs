//! Standing in line: tickets as files, and waiting for a slot.
//!
//! Who may take what is said in [`super::line`]. Here a build puts its ticket
//! up ([`Place::join`]), sleeps, and is woken by the kernel when a slot or a
//! ticket before its own is given back, also by a process that was killed
//! ([`Place::wait`]). Files of other users hold up nobody, and where the folder
//! cannot be written there is no line, only waiting.
//!
//! Only those near the front, and those who are first for some machine, let
//! the kernel wake them: there are 128 such means for all processes of a user,
//! and each leaving would wake hundreds. Those far behind look by the clock
//! from time to time, the more rarely the farther.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::line::{self, Number, Ticket};
use super::slots::{Slot, SlotError, Slots, key, slots_of};
use crate::clock::since_boot;
use crate::events::{Event, Journal};
use crate::machines::record::BuildMachine;

mod folder;
mod waiting;
mod wake;

use folder::{Folder, Held, Name};
pub use wake::Bell;

/// The line before the slots of one state directory.
#[derive(Clone, Debug)]
pub struct Line {
    folder: Folder,
    slots: Slots,
    set: Option<usize>,
    journal: Option<Journal>,
}

impl Line {
    /// The line below the daemon's state directory. `set` bounds its length; 0
    /// switches it off, `None` leaves it to the number of slots.
    pub fn new(state_dir: &Path, set: Option<usize>) -> Self {
        Self {
            folder: Folder::new(state_dir.join("offload/hook/line")),
            slots: Slots::new(state_dir),
            set,
            journal: None,
        }
    }

    /// The same, which tells of tickets and slots.
    #[must_use]
    pub fn telling(mut self, journal: &Journal) -> Self {
        self.slots = self.slots.telling(journal);
        self.journal = Some(journal.clone());
        self
    }

    /// Everybody who waits at this moment.
    pub fn look(&self) -> Queue {
        Queue {
            living: self.folder.living(|_| true),
        }
    }

    /// Everybody who waits, oldest first, as told to people.
    pub fn waiters(&self) -> Vec<Waiter> {
        let mut waiters: Vec<Waiter> = Vec::new();
        for name in self.folder.names() {
            let Some(text) = self.folder.text(name) else {
                continue;
            };
            let (derivation, pid) = line::described(&text);
            let since = Duration::from_nanos(name.number.since);
            let waiter = Waiter {
                derivation: derivation.unwrap_or_default().to_owned(),
                pid,
                waits: since_boot().saturating_sub(since),
                machines: Ticket::parse(name.number, &text)
                    .map(|ticket| ticket.machines().to_vec())
                    .unwrap_or_default(),
            };
            waiters.push(waiter);
        }
        waiters
    }

    /// A place in the order that counts from now on, without a ticket yet; to
    /// be had when the build is asked for.
    pub fn place(&self, derivation: &str) -> Place {
        let since = u64::try_from(since_boot().as_nanos()).unwrap_or(u64::MAX);
        Place {
            line: self.clone(),
            number: Number {
                since,
                chance: fastrand::u32(..),
            },
            version: 0,
            derivation: derivation.replace(char::is_control, "?"),
            held: Vec::new(),
            shown: Vec::new(),
            wanted: Vec::new(),
            bell: Bell::new(),
        }
    }
}

/// A build in line, as told to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// What it would build.
    pub derivation: String,
    /// The process that waits.
    pub pid: Option<u32>,
    /// How long it has waited.
    pub waits: Duration,
    /// The machines that it would take, as `NAME:PORT`.
    pub machines: Vec<String>,
}

/// The line at one moment.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    living: BTreeMap<Name, Ticket>,
}

impl Queue {
    /// Tells whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.living.is_empty()
    }

    /// The waiting, oldest first.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.living.values()
    }

    /// Tells whether a free slot of the machine is for the build with that
    /// place: nobody before it waits for it.
    pub fn may_take(&self, place: &Place, machine: &BuildMachine) -> bool {
        key(machine).is_ok_and(|key| line::may_take(place.number, self.tickets(), &key))
    }

    /// How many wait, before that place, for one of the machines.
    pub fn ahead<M: Borrow<BuildMachine>>(&self, place: &Place, machines: &[M]) -> usize {
        let own = Ticket::new(place.number, keys(machines));
        let before = self
            .tickets()
            .filter(|ticket| ticket.number() < own.number() && ticket.shares(&own));
        before.map(Ticket::number).collect::<BTreeSet<_>>().len()
    }
}

/// What decides whether a build joins the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// How long a build holds its slot, as a rule.
    pub usual: Duration,
    /// The build's time limit, which runs while it waits; zero for none.
    pub limit: Duration,
}

/// Whether a build stands in line now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// It does.
    InLine {
        /// So many are before it.
        ahead: usize,
    },
    /// Too many wait already, or there is to be no line.
    Full {
        /// So many wait for the same machines.
        ahead: usize,
    },
    /// Its turn would come too late.
    TooLong {
        /// In about this time.
        expected: Duration,
    },
}

/// What a build would take at this moment.
#[derive(Debug)]
pub enum Wish<M> {
    /// The same as when it was last asked.
    Same,
    /// These, the best first; perhaps none, while all rest.
    Machines(Vec<M>),
    /// Nothing any more.
    Nothing,
}

/// A build that waits, as asked by the line.
pub trait Candidates {
    /// A machine: a record or something that has one.
    type Machine: Borrow<BuildMachine>;

    /// Says what the build would take. It is asked before the wait, then about
    /// once a second, and every few seconds far behind; it should be cheap
    /// when nothing has changed.
    fn wish(&mut self) -> Wish<Self::Machine>;

    /// Hears that a machine's slots cannot be used. It is left out for a
    /// while.
    fn trouble(&mut self, error: SlotError);
}

/// How a wait ended.
#[derive(Debug)]
pub enum Waited<M> {
    /// With a slot.
    Taken {
        /// The machine's place in the last wish.
        index: usize,
        /// The machine.
        machine: M,
        /// The right to build there.
        slot: Slot,
    },
    /// The build wished for nothing any more.
    NoWish,
    /// The flag was set.
    Cancelled,
}

/// A build's place in the order, with or without a ticket that shows it.
#[derive(Debug)]
pub struct Place {
    line: Line,
    number: Number,
    version: u32,
    derivation: String,
    held: Vec<Held>,
    /// What the ticket says that others see.
    shown: Vec<String>,
    /// The machines that it was joined for.
    wanted: Vec<String>,
    bell: Bell,
}

impl Place {
    /// Its place in the order.
    pub fn number(&self) -> Number {
        self.number
    }

    /// What wakes the waiter so that it looks at its flag and asks for its wish:
    /// give it to whoever sets that flag or changes the wish.
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Puts the ticket up if the line is short enough. To be done before the
    /// daemon is told that the build is taken.
    pub fn join<M: Borrow<BuildMachine>>(
        &mut self,
        machines: &[M],
        terms: Terms,
    ) -> io::Result<Joined> {
        let slots = machines
            .iter()
            .map(|machine| usize::try_from(slots_of(machine.borrow())).unwrap_or(usize::MAX))
            .fold(0, usize::saturating_add);
        let bound = line::bound(slots, self.line.set);
        if bound == 0 {
            return Ok(Joined::Full { ahead: 0 });
        }
        let ahead = self.line.look().ahead(self, machines);
        if ahead >= bound {
            return Ok(Joined::Full { ahead });
        }
        let expected = line::expected_wait(ahead, slots, terms.usual);
        if !line::is_worth_it(expected, terms.limit) {
            return Ok(Joined::TooLong { expected });
        }
        self.wanted = keys(machines);
        self.show(&Ticket::new(self.number, keys(machines)))?;
        Ok(Joined::InLine { ahead })
    }

    /// Waits for a slot of one of the machines that the build would take, as
    /// long as it takes; joins the line if it has not, at the place it has. A
    /// build that lost its machine so comes before all that came later.
    ///
    /// Uses no time of the processor while nothing happens. `cancelled` is
    /// looked at each time it wakes, once a second at least.
    pub fn wait<C: Candidates>(
        &mut self,
        candidates: &mut C,
        cancelled: &AtomicBool,
    ) -> Waited<C::Machine> {
        let waited = waiting::Waiting::new(self, candidates).run(cancelled);
        self.leave();
        waited
    }

    /// Takes the ticket down; the place in the order stays.
    pub fn leave(&mut self) {
        if self.held.is_empty() {
            return;
        }
        self.held.clear();
        self.tell(&Event::OutOfLine);
    }

    /// Replaces the ticket: first the new one, then away with the old.
    fn show(&mut self, ticket: &Ticket) -> io::Result<()> {
        self.version = self.version.saturating_add(1);
        let name = Name {
            number: self.number,
            version: self.version,
        };
        let later = ticket.clone().or_later(self.wanted.clone());
        let text = later.print(&self.derivation, std::process::id());
        let held = self.line.folder.put_up(name, &text)?;
        self.held.clear();
        self.held.push(held);
        ticket.machines().clone_into(&mut self.shown);
        self.tell(&Event::InLine {
            number: &self.number.to_string(),
            machines: ticket.machines(),
        });
        Ok(())
    }

    fn tell(&self, event: &Event<'_>) {
        if let Some(journal) = &self.line.journal {
            journal.event(event);
        }
    }

    /// Tells whether others see that ticket.
    fn shows(&self, ticket: &Ticket) -> bool {
        self.shown == ticket.machines() && self.held.iter().any(Held::is_there)
    }
}

fn keys<M: Borrow<BuildMachine>>(machines: &[M]) -> Vec<String> {
    let named = machines.iter().map(|machine| key(machine.borrow()));
    named.filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests;
