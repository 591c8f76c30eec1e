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
use crate::machines::record::BuildMachine;
use crate::schedule::choice::{Choice, Verdict};
use crate::schedule::evidence::one_line;
use crate::schedule::slots::{Slot, SlotError};
use crate::schedule::tickets::Place;

/// How many machines are asked at once.
const AT_ONCE: usize = 8;

/// After this time without an answer the next ones are asked as well.
const NEXT_AFTER: Duration = Duration::from_millis(100);

/// How long the first answer waits for one of a better machine.
const GRACE: Duration = Duration::from_millis(30);

/// How long it does for one that has greeted already; no longer than the first
/// answer itself took.
const LONG_GRACE: Duration = Duration::from_millis(150);

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
    pub reasons: Vec<Reason>,
}

/// Why a machine cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The machine and what is wrong, without times: the same while nothing
    /// changes.
    pub essence: String,
    /// The text, with a hint if there is one.
    pub text: String,
}

impl Reason {
    fn new(machine: &BuildMachine, what: &str, text: String) -> Self {
        Self {
            essence: format!("{}:{} {}", machine.name, machine.port, one_line(what)),
            text,
        }
    }
}

/// One that has no other words.
impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self {
            essence: one_line(&text),
            text,
        }
    }
}

impl<'a> Pick<'a> {
    /// A slot, as soon as it can be had.
    ///
    /// A machine that answered lately gets the build without being asked. Else
    /// those that may be up are asked, for as long as `limit`; or not at all,
    /// if one is up that has only no free slot and the build `may_wait` for
    /// that.
    pub fn slot(&mut self, reaching: &mut Reaching, limit: Duration, may_wait: bool) -> Picked {
        let (sight, context) = (self.sight, self.context);
        self.log_order();
        let (candidates, is_good_one_full) = self.candidates();
        let mut full = is_good_one_full.is_some();
        for choice in candidates.iter().filter(|it| sight.is_fresh(it, context)) {
            if let Some(slot) = self.take(choice.machine, &mut full) {
                return Picked::Slot(choice.machine, slot);
            }
        }
        if may_wait && is_good_one_full == Some(true) {
            return Picked::Full;
        }
        let asked: Vec<&Choice> = candidates
            .into_iter()
            .filter(|it| !sight.is_fresh(it, context))
            .collect();
        let limit = self.patience(&asked, limit);
        match self.first_to_answer(&asked, reaching, limit, &mut full) {
            Some((machine, slot)) => Picked::Slot(machine, slot),
            None if full => Picked::Full,
            None => {
                self.note_unanswered(&asked, reaching, limit);
                Picked::Nobody
            }
        }
    }

    /// Those that were asked and have said nothing in time.
    fn note_unanswered(&mut self, asked: &[&Choice], reaching: &Reaching, limit: Duration) {
        for choice in asked {
            if let Some(machine) = self.field.machine(choice.machine)
                && reaching.is_pending(choice.machine)
            {
                let what = format!("no answer within {} s", limit.as_secs_f64());
                let text = format!("'{}': {what}", machine.name);
                self.reasons.push(Reason::new(machine, &what, text));
            }
        }
    }

    fn without_slots(&self, machine: &BuildMachine, error: &SlotError) -> Reason {
        let text = with_hint(
            &error.to_string(),
            error.hint(&self.context.user).as_deref(),
        );
        Reason::new(machine, &error.to_string(), text)
    }

    /// Asks the machines that might do better than the one that was taken, so
    /// that later builds know of them.
    pub fn explore(&self, reaching: &mut Reaching, taken: usize) {
        const AT_MOST: usize = 2;
        let mut asked = 0;
        for choice in &self.sight.choices {
            let Verdict::Ready { good, trial, .. } = choice.verdict else {
                return;
            };
            if asked == AT_MOST {
                return;
            }
            let known = choice.machine == taken || (good && !trial);
            let Some(machine) = self.field.machine(choice.machine).filter(|_| !known) else {
                continue;
            };
            // Each build that looks costs the machine a login, and one that
            // ends before it has logged in is taken for an offender.
            if self.context.ledger.explore(machine) {
                reaching.ask(self.context, choice.machine, machine);
                asked += 1;
            }
        }
    }

    /// The machines that can be tried and seem to have a free slot for us, and
    /// whether there are others that have none: `Some(true)` if one of these
    /// is known to be up.
    fn candidates(&mut self) -> (Vec<&'a Choice>, Option<bool>) {
        let sight = self.sight;
        let queue = self.context.line.look();
        let (mut candidates, mut full) = (Vec::new(), None);
        for choice in &sight.choices {
            let Some(machine) = self.field.machine(choice.machine) else {
                continue;
            };
            if self.without.contains(&choice.machine) {
                continue;
            }
            if !choice.verdict.is_ready() {
                let text = format!("'{}': {}", machine.name, choice.verdict);
                let reason = match &choice.verdict {
                    Verdict::Resting { reason, .. } => Reason::new(machine, reason, text),
                    Verdict::Loaded { .. } => Reason::new(machine, "overloaded", text),
                    verdict => Reason::new(machine, &verdict.to_string(), text),
                };
                self.reasons.push(reason);
                continue;
            }
            match self.context.slots.is_any_free(machine) {
                Ok(true) if queue.may_take(self.place, machine) => candidates.push(choice),
                Ok(_) => {
                    let is_good = matches!(choice.verdict, Verdict::Ready { good: true, .. });
                    full = Some(is_good || full == Some(true));
                }
                Err(error) => self.reasons.push(self.without_slots(machine, &error)),
            }
        }
        (candidates, full)
    }

    /// The order and its reasons, for whoever turns the log up.
    fn log_order(&self) {
        for (place, choice) in (1..).zip(&self.sight.choices) {
            if let Some(machine) = self.field.machine(choice.machine) {
                log::debug!("choice {place}: '{}' {}", machine.name, choice.verdict);
            }
        }
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

    /// Asks the machines group by group. The first answer wins, unless one
    /// that is expected to do better answers almost at once as well.
    fn first_to_answer(
        &mut self,
        asked: &[&Choice],
        reaching: &mut Reaching,
        limit: Duration,
        full: &mut bool,
    ) -> Option<(usize, Slot)> {
        let begun = Instant::now();
        let after = |begun: Instant, time| begun.checked_add(time).unwrap_or(begun);
        let mut groups = asked.chunks(AT_ONCE).peekable();
        let mut next = begun;
        let mut answered: Option<Instant> = None;
        loop {
            let now = Instant::now();
            if answered.is_none() && now >= next {
                for choice in groups.next().unwrap_or_default() {
                    self.ask(choice, reaching);
                }
                next = after(now, NEXT_AFTER);
            }
            if answered.is_none() && asked.iter().any(|it| is_answer(it, reaching)) {
                answered = Some(now);
            }
            let end = match answered {
                Some(first) => {
                    let mut better = asked.iter().take_while(|it| !is_answer(it, reaching));
                    let is_near = better.any(|it| reaching.has_greeted(it.machine));
                    let took = first.saturating_duration_since(begun).min(LONG_GRACE);
                    after(first, if is_near { GRACE.max(took) } else { GRACE })
                }
                None => after(begun, limit_now(asked, reaching, limit)),
            };
            let mut better = asked.iter().take_while(|it| !is_answer(it, reaching));
            let is_best = !better.any(|it| reaching.is_pending(it.machine));
            let waits = reaching.is_waiting() || (groups.peek().is_some() && answered.is_none());
            if now >= end || !waits || (answered.is_some() && is_best) {
                let there = asked.iter().filter(|it| is_answer(it, reaching));
                for choice in there {
                    if let Some(slot) = self.take(choice.machine, full) {
                        return Some((choice.machine, slot));
                    }
                }
                if now >= end || !waits {
                    return None;
                }
                answered = None;
            }
            let until = if groups.peek().is_some() && answered.is_none() {
                end.min(next)
            } else {
                end
            };
            if let Some(Heard::Failed(index, failure)) = reaching.hear(until) {
                if let Some(machine) = self.field.machine(index) {
                    let reason = Reason::new(machine, &failure.message, failure.text());
                    self.reasons.push(reason);
                }
            } else if !reaching.is_waiting() {
                // Nobody is left to wait for before the next group's time.
                next = Instant::now();
            }
        }
    }

    /// Asks one machine; one whose rest is over only if nobody else does.
    fn ask(&self, choice: &Choice, reaching: &mut Reaching) {
        let Some(machine) = self.field.machine(choice.machine) else {
            return;
        };
        let is_trial = matches!(choice.verdict, Verdict::Ready { trial: true, .. });
        if !is_trial || self.context.ledger.claim(machine) {
            reaching.ask(self.context, choice.machine, machine);
        }
    }

    /// A slot of the machine; `full` becomes true where all are taken, which is
    /// not so where they cannot be used at all.
    fn take(&mut self, index: usize, full: &mut bool) -> Option<Slot> {
        let machine = self.field.machine(index)?;
        match self.context.slots.take(machine) {
            Ok(slot) => {
                *full |= slot.is_none();
                slot
            }
            Err(error) => {
                self.reasons.push(self.without_slots(machine, &error));
                None
            }
        }
    }
}

/// Tells whether a machine has said enough to be given a build: one that let us
/// in before has, when it greets; of another nothing is known before it has let
/// us in.
fn is_answer(choice: &Choice, reaching: &Reaching) -> bool {
    let is_good = matches!(choice.verdict, Verdict::Ready { good: true, .. });
    reaching.is_connected(choice.machine) || (is_good && reaching.has_greeted(choice.machine))
}

/// Who has greeted is there, and is let finish.
fn limit_now(asked: &[&Choice], reaching: &Reaching, limit: Duration) -> Duration {
    if asked
        .iter()
        .any(|choice| reaching.has_greeted(choice.machine))
    {
        limit.max(LONGEST)
    } else {
        limit
    }
}
