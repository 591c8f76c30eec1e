//! Takes a slot of a machine that is up.
//!
//! Nobody waits for a machine that is known to rest, and for one of which
//! nothing is known no longer than it takes to say that it is there: several
//! are asked at once, and the first answer wins.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::attempts::with_hint;
use super::context::Context;
use super::field::{Field, Sight};
use super::reach::{Heard, Reaching};
use crate::events::Event;
use crate::schedule::choice::{Choice, Verdict};
use crate::schedule::slots::Slot;
use crate::schedule::tickets::Place;

/// How many machines are asked at once.
const AT_ONCE: usize = 8;

/// After this time without an answer the next ones are asked as well.
const NEXT_AFTER: Duration = Duration::from_millis(100);

/// The longest that a machine with a slow line is waited for, beyond the
/// setting.
const LONGEST: Duration = Duration::from_secs(2);

/// How a search ended.
pub enum Picked {
    /// With a slot of that machine.
    Slot(usize, Slot),
    /// No slot is free on the machines that could be tried.
    Full,
    /// None of the machines can be had now.
    Nobody,
}

/// A search for a slot.
pub struct Pick<'a> {
    /// What the hook knows.
    pub context: &'a Context,
    /// The machines.
    pub field: &'a Field,
    /// What is known of them.
    pub sight: &'a Sight,
    /// The build's place in the order of those that wait.
    pub place: &'a Place,
    /// Machines that are not to be tried.
    pub without: &'a BTreeSet<usize>,
    /// Why machines cannot be had.
    pub reasons: Vec<String>,
}

impl<'a> Pick<'a> {
    /// A slot, as soon as it can be had.
    ///
    /// A machine that answered lately gets the build without being asked. Else
    /// those that may be up are asked, for as long as `limit`.
    pub fn slot(&mut self, reaching: &mut Reaching, limit: Duration) -> Picked {
        let (sight, context) = (self.sight, self.context);
        let (candidates, mut full) = self.candidates();
        for choice in candidates.iter().filter(|it| sight.is_fresh(it, context)) {
            match self.take(choice.machine) {
                Some(slot) => return Picked::Slot(choice.machine, slot),
                None => full = true,
            }
        }
        let asked: Vec<&Choice> = candidates
            .into_iter()
            .filter(|it| !sight.is_fresh(it, context))
            .collect();
        let limit = self.patience(&asked, limit);
        match self.first_to_answer(&asked, reaching, limit, &mut full) {
            Some((machine, slot)) => Picked::Slot(machine, slot),
            None if full => Picked::Full,
            None => Picked::Nobody,
        }
    }

    /// Asks the machines that might do better than the one that was taken, so
    /// that later builds know of them.
    pub fn explore(&self, reaching: &mut Reaching, taken: usize) {
        const AT_MOST: usize = 2;
        let mut asked = 0;
        for choice in &self.sight.choices {
            let Verdict::Ready { trial, .. } = choice.verdict else {
                return;
            };
            if asked == AT_MOST {
                return;
            }
            let known = choice.machine == taken || self.sight.is_fresh(choice, self.context);
            let Some(machine) = self.field.machine(choice.machine).filter(|_| !known) else {
                continue;
            };
            if !trial || self.context.ledger.claim(machine) {
                reaching.ask(self.context, choice.machine, machine);
                asked += 1;
            }
        }
    }

    /// The machines that can be tried and seem to have a free slot for us, and
    /// whether there are others that have none.
    fn candidates(&mut self) -> (Vec<&'a Choice>, bool) {
        let sight = self.sight;
        let queue = self.context.line.look();
        let (mut candidates, mut full) = (Vec::new(), false);
        for choice in &sight.choices {
            let Some(machine) = self.field.machine(choice.machine) else {
                continue;
            };
            if self.without.contains(&choice.machine) {
                continue;
            }
            if !choice.verdict.is_ready() {
                let reason = format!("'{}': {}", machine.name, choice.verdict);
                self.reasons.push(reason);
                continue;
            }
            match self.context.slots.is_any_free(machine) {
                Ok(true) if queue.may_take(self.place, machine) => candidates.push(choice),
                Ok(_) => full = true,
                Err(error) => self.reasons.push(with_hint(
                    &error.to_string(),
                    error.hint(&self.context.user).as_deref(),
                )),
            }
        }
        (candidates, full)
    }

    /// A line that is known to be slow needs longer for an answer.
    fn patience(&self, asked: &[&Choice], limit: Duration) -> Duration {
        let slow = asked.iter().filter_map(|choice| {
            let known = self.sight.evidence.get(choice.machine)?;
            known.answered.and(known.connect)
        });
        slow.max()
            .map_or(limit, |slow| limit.max(slow.min(LONGEST)))
    }

    fn first_to_answer(
        &mut self,
        asked: &[&Choice],
        reaching: &mut Reaching,
        limit: Duration,
        full: &mut bool,
    ) -> Option<(usize, Slot)> {
        let begun = Instant::now();
        let mut groups = asked.chunks(AT_ONCE);
        let mut next = begun;
        let mut more = true;
        loop {
            let now = Instant::now();
            if more && now >= next {
                more = match groups.next() {
                    Some(group) => {
                        for choice in group {
                            if let Some((index, slot)) = self.ask(choice, reaching, full) {
                                return Some((index, slot));
                            }
                        }
                        true
                    }
                    None => false,
                };
                next = now.checked_add(NEXT_AFTER).unwrap_or(now);
            }
            let end = begun.checked_add(limit).unwrap_or(begun);
            if now >= end || !(more || reaching.is_waiting()) {
                return None;
            }
            let until = if more { end.min(next) } else { end };
            match reaching.hear(until) {
                Some(Heard::Greeted(index) | Heard::Connected(index))
                    if asked.iter().any(|choice| choice.machine == index) =>
                {
                    match self.take(index) {
                        Some(slot) => return Some((index, slot)),
                        None => *full = true,
                    }
                }
                Some(Heard::Failed(_, failure)) => self.reasons.push(failure.text()),
                Some(_) => {}
                // Nobody is left to wait for before the next group's time.
                None if !reaching.is_waiting() => next = Instant::now(),
                None => {}
            }
        }
    }

    /// Asks one machine; one that has greeted already is asked no more.
    fn ask(
        &mut self,
        choice: &Choice,
        reaching: &mut Reaching,
        full: &mut bool,
    ) -> Option<(usize, Slot)> {
        let machine = self.field.machine(choice.machine)?;
        if reaching.has_greeted(choice.machine) {
            let slot = self.take(choice.machine);
            *full |= slot.is_none();
            return slot.map(|slot| (choice.machine, slot));
        }
        let is_trial = matches!(choice.verdict, Verdict::Ready { trial: true, .. });
        if !is_trial || self.context.ledger.claim(machine) {
            reaching.ask(self.context, choice.machine, machine);
        }
        None
    }

    fn take(&mut self, index: usize) -> Option<Slot> {
        let machine = self.field.machine(index)?;
        match self.context.slots.take(machine) {
            Ok(slot) => {
                if slot.is_some() {
                    self.context.journal.event(&Event::Slot {
                        machine: &machine.name,
                    });
                }
                slot
            }
            Err(error) => {
                self.reasons.push(with_hint(
                    &error.to_string(),
                    error.hint(&self.context.user).as_deref(),
                ));
                None
            }
        }
    }
}
