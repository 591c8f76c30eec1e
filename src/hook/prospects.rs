//! The machines that an accepted build may have: which are known to be up,
//! which are being asked, which have failed.
//!
//! A build takes no slot of a machine that may be off: it would hold it for as
//! long as connecting may take, while others come free. So machines of which
//! nothing good is known are asked first, by one build at a time, and count
//! from when they greet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::attempts::{Failure, Fault, with_hint};
use super::context::Context;
use super::field::{Field, Sight};
use super::output::Output;
use super::reach::{Heard, Reaching};
use super::reread::Reread;
use crate::machines::record::BuildMachine;
use crate::schedule::choice::{Choice, Verdict};
use crate::schedule::evidence::{FailureKind, Outcome};
use crate::schedule::slots::SlotError;
use crate::schedule::tickets::{Bell, Candidates, Wish};

/// How many machines are asked at once.
const AT_ONCE: usize = 8;

/// How many machines are named where a build tells why it waits.
const EXPLAINED: usize = 8;

/// How often it looks whether there is something else to tell.
const EXPLAIN: Duration = Duration::from_secs(1);

/// How long one that was asked is not asked again, whatever came of it.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What one build may yet have.
pub struct Prospects<'a> {
    context: &'a Context,
    output: &'a Output,
    /// The machines.
    pub field: Field,
    /// Those that are being connected to.
    pub reaching: Reaching,
    reread: Reread,
    /// What has failed in this round.
    failed: BTreeSet<usize>,
    /// What should have greeted by now, and has not.
    silent: BTreeSet<usize>,
    /// When a machine was asked for this build.
    asked: BTreeMap<usize, Instant>,
    /// What became of machines, as it was told.
    lost: Vec<String>,
    /// Until when a machine is waited for, once none was left.
    until: Option<Instant>,
    /// The last wish.
    wished: Vec<usize>,
    /// Why the build waits, as it was last explained, and when that was
    /// looked at.
    told: Vec<String>,
    explained: Option<Instant>,
}

impl<'a> Prospects<'a> {
    /// Those of a build that was taken.
    pub fn new(
        context: &'a Context,
        output: &'a Output,
        (field, reaching, reread): (Field, Reaching, Reread),
    ) -> Self {
        Self {
            context,
            output,
            field,
            reaching,
            reread,
            failed: BTreeSet::new(),
            silent: BTreeSet::new(),
            asked: BTreeMap::new(),
            lost: Vec::new(),
            until: None,
            wished: Vec::new(),
            told: Vec::new(),
            explained: None,
        }
    }

    /// What has failed in this round.
    pub fn failed(&self) -> &BTreeSet<usize> {
        &self.failed
    }

    /// A machine has failed, which was told.
    pub fn fail(&mut self, index: usize, text: String) {
        self.failed.insert(index);
        if !self.lost.contains(&text) {
            self.lost.push(text);
        }
    }

    /// A new round, in which all machines count again, waited for at most so
    /// long.
    pub fn begin_again(&mut self, bell: Bell, at_most: Duration) {
        self.failed.clear();
        self.silent.clear();
        self.asked.clear();
        self.reaching = Reaching::new(bell);
        self.until = Instant::now().checked_add(at_most);
    }

    /// The machine that the last wish had at that place.
    pub fn wished(&self, place: usize) -> Option<usize> {
        self.wished.get(place).copied()
    }

    /// Takes note that a machine should have greeted by now. Nobody counts on
    /// it until it does; what becomes of it is heard.
    pub fn miss(&mut self, index: usize) {
        let Some(machine) = self.field.machine(index) else {
            return;
        };
        self.context.ledger.note(machine, Outcome::Silent);
        self.output.tell(&format!(
            "'{}' does not answer; looking for another machine",
            machine.name
        ));
        self.silent.insert(index);
    }

    /// Tells whether there is another machine that may be up.
    pub fn has_other(&self, than: usize) -> bool {
        let sight = self.field.look(self.context);
        let mut ready = sight.choices.iter().filter(|it| it.verdict.is_ready());
        ready.any(|it| it.machine != than && !self.failed.contains(&it.machine))
    }

    /// Hears what has become of machines, until then.
    pub fn hear(&mut self, until: Instant) {
        while let Some(heard) = self.reaching.hear(until) {
            if let Heard::Failed(index, failure) = heard {
                self.lose(index, &failure);
            }
            if Instant::now() >= until {
                return;
            }
        }
    }

    /// One that was only looked at for later builds is lost without a word.
    fn lose(&mut self, index: usize, failure: &Failure) {
        let is_missed = self.silent.remove(&index);
        if !is_missed && !self.asked.contains_key(&index) {
            return;
        }
        // Once no machine was left, all are waited for, whatever they did.
        if self.until.is_none() {
            self.failed.insert(index);
        }
        let text = failure.text();
        if !self.lost.contains(&text) {
            self.output.tell(&text);
            self.lost.push(text);
        }
    }

    /// Takes the machine file as it is now; tells whether it has other
    /// machines.
    fn refresh(&mut self) -> bool {
        let Some(machines) = self.reread.machines(self.context) else {
            return false;
        };
        let changed = self.field.update(machines);
        // What failed was another machine.
        self.failed.retain(|machine| !changed.contains(machine));
        !changed.is_empty()
    }

    /// Those that are known to be up, and whether others may be. The others
    /// are asked.
    fn up(&mut self, sight: &Sight) -> (Vec<usize>, bool) {
        let (mut up, mut hope) = (Vec::new(), false);
        for choice in &sight.choices {
            let index = choice.machine;
            let Verdict::Ready { good, trial, .. } = choice.verdict else {
                continue;
            };
            if self.failed.contains(&index) {
                continue;
            }
            hope = true;
            let is_known = good && !trial && !self.silent.contains(&index);
            if is_known || self.reaching.has_greeted(index) {
                up.push(index);
            } else {
                self.ask(index);
            }
        }
        (up, hope)
    }

    /// Asks a machine whether it is up, unless another build does.
    fn ask(&mut self, index: usize) {
        let Some(machine) = self.field.machine(index) else {
            return;
        };
        let asked = self.asked.get(&index);
        let is_early = asked.is_some_and(|at| at.elapsed() < ASK_AGAIN);
        let is_enough = self.reaching.pending() >= AT_ONCE;
        if is_early || is_enough || self.reaching.is_pending(index) {
            return;
        }
        if self.context.ledger.explore(machine) {
            self.asked.insert(index, Instant::now());
            self.reaching.ask(self.context, index, machine);
        }
    }

    /// Why the build waits, once for each change of the reasons. Numbers and
    /// times are no reasons.
    fn explain(&mut self, sight: &Sight, up: &[usize]) {
        if self.explained.is_some_and(|at| at.elapsed() < EXPLAIN) {
            return;
        }
        self.explained = Some(Instant::now());
        // In the order of the file: that of the choice is partly by chance.
        let mut choices: Vec<&Choice> = sight.choices.iter().collect();
        choices.sort_by_key(|choice| choice.machine);
        let mut parts: Vec<(usize, String, String)> = Vec::new();
        for choice in choices.iter().take(EXPLAINED) {
            if let Some((reason, text)) = self.standing(choice, sight, up) {
                parts.push((choice.machine, reason, text));
            }
        }
        let (reasons, mut texts): (Vec<String>, Vec<String>) = parts
            .into_iter()
            .map(|(index, reason, text)| (format!("{index} {reason}"), text))
            .unzip();
        let more = choices.len().saturating_sub(EXPLAINED);
        if more > 0 {
            texts.push(format!("{more} more"));
        }
        if reasons != self.told {
            self.context
                .journal
                .say(&format!("waiting: {}", texts.join("; ")));
            self.told = reasons;
        }
    }

    /// How it stands with one machine: the reason and the text.
    fn standing(&self, choice: &Choice, sight: &Sight, up: &[usize]) -> Option<(String, String)> {
        let machine = self.field.machine(choice.machine)?;
        let name = &machine.name;
        let rest = sight.evidence.get(choice.machine)?.rest.as_ref();
        Some(match &choice.verdict {
            Verdict::Ready { .. } if self.failed.contains(&choice.machine) => {
                ("failed".to_owned(), format!("{name} has failed"))
            }
            Verdict::Ready { trial: true, .. } if !up.contains(&choice.machine) => {
                let reason = rest.map(|rest| rest.reason.clone()).unwrap_or_default();
                let text = format!("{name} is tried again ({reason})");
                (reason, text)
            }
            Verdict::Ready { .. } if !up.contains(&choice.machine) => (
                "unanswered".to_owned(),
                format!("{name} has not answered yet"),
            ),
            Verdict::Ready { .. } => match self.taken(choice, sight, machine) {
                Ok((taken, all)) => ("slots".to_owned(), format!("{name} {taken}/{all} slots")),
                Err(error) => (error.to_string(), error.to_string()),
            },
            Verdict::Resting { reason, .. } => {
                (reason.clone(), format!("{name} {}", choice.verdict))
            }
            Verdict::Loaded { .. } => ("loaded".to_owned(), format!("{name} {}", choice.verdict)),
            verdict => (verdict.to_string(), format!("{name} {verdict}")),
        })
    }

    /// How many slots of a machine are taken, of how many.
    fn taken(
        &self,
        choice: &Choice,
        sight: &Sight,
        machine: &BuildMachine,
    ) -> Result<(u32, u32), SlotError> {
        let known = sight.evidence.get(choice.machine);
        let (free, all) = match known.and_then(|known| known.slots) {
            Some(counted) => counted,
            None => self.context.slots.free(machine)?,
        };
        Ok((all.saturating_sub(free), all))
    }

    /// None of the machines can be had: for good, or in this round.
    pub fn nobody(&mut self, reasons: &[String]) -> Failure {
        let sight = self.field.look(self.context);
        let mut text = if self.until.is_some() {
            "no machine came back in time".to_owned()
        } else {
            "no other machine can be had now".to_owned()
        };
        let known = |reason: &String| reasons.iter().any(|it| it.contains(reason));
        if self.until.is_some() {
            for reason in reasons {
                text.push('\n');
                text.push_str(reason);
            }
        }
        for reason in self.lost.iter().filter(|reason| !known(reason)) {
            text.push('\n');
            text.push_str(reason);
        }
        for choice in &sight.choices {
            let is_told = match &choice.verdict {
                Verdict::Resting { reason, .. } => text.contains(reason),
                verdict => verdict.is_ready(),
            };
            if let Some(machine) = self.field.machine(choice.machine)
                && !is_told
            {
                let line = format!("\n'{}': {}", machine.name, choice.verdict);
                text.push_str(&line);
            }
        }
        if self.until.is_some() {
            return Failure::new(Fault::Local, text);
        }
        // Whether it is worth waiting for any is for the attempts to say.
        self.failed = (0..self.field.machines().len()).collect();
        Failure::new(Fault::Machine(hope(&sight)), text)
    }
}

/// What is most likely to pass of all that is wrong.
fn hope(sight: &Sight) -> FailureKind {
    const KINDS: [FailureKind; 6] = [
        FailureKind::Passing,
        FailureKind::Overloaded,
        FailureKind::LowSpace,
        FailureKind::UnauthorisedSigningKey,
        FailureKind::RefusedKey,
        FailureKind::HostKey,
    ];
    let rests = |kind| {
        let mut rests = sight.evidence.iter().filter_map(|it| it.rest.as_ref());
        rests.any(|rest| rest.kind == kind)
    };
    let kind = KINDS.into_iter().find(|kind| rests(*kind));
    kind.unwrap_or(FailureKind::Passing)
}

impl Candidates for Prospects<'_> {
    type Machine = BuildMachine;

    fn wish(&mut self) -> Wish<BuildMachine> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Wish::Nothing;
        }
        let is_new = self.refresh();
        self.hear(Instant::now());
        let sight = self.field.look(self.context);
        let (up, hope) = self.up(&sight);
        if !hope && self.until.is_none() {
            return Wish::Nothing;
        }
        let is_free = |index: &usize| {
            let machine = self.field.machine(*index);
            machine.is_some_and(|it| self.context.slots.is_any_free(it).unwrap_or(false))
        };
        // Else there is nothing to wait for.
        if !up.iter().any(is_free) {
            self.explain(&sight, &up);
        }
        let (mut before, mut now) = (self.wished.clone(), up.clone());
        before.sort_unstable();
        now.sort_unstable();
        if before == now && !before.is_empty() && !is_new {
            return Wish::Same;
        }
        let machines = up
            .iter()
            .filter_map(|index| self.field.machine(*index).cloned())
            .collect();
        self.wished = up;
        Wish::Machines(machines)
    }

    fn trouble(&mut self, error: SlotError) {
        let hint = error.hint(&self.context.user);
        let text = with_hint(&error.to_string(), hint.as_deref());
        self.context.journal.say(&text);
    }
}
