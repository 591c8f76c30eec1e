//! The reply, and the line.

use std::time::Duration;

use offload::hook::dialogue::{Action, Reply};
use offload::schedule::choice::{Requirements, Verdict, order};
use offload::schedule::evidence::{FailureKind, State};
use offload::schedule::line::{Number, Ticket, bound, expected_wait, is_worth_it, may_take};

use super::super::clock::Time;
use super::super::farm::{Build, How, SYSTEMS};
use super::{Event, NOTICE, Ours, Phase, WAKE};

/// How fresh evidence must be for a reply without a probe.
const FRESH: Duration = Duration::from_secs(30);

/// Machines probed at once, seconds until the next, and in all.
const PROBES: usize = 8;
const NEXT_PROBES: f64 = 0.1;
const ALL_PROBES: f64 = 0.3;

/// Seconds that a probe may take.
pub(super) const PROBE_LIMIT: f64 = 2.0;

/// The builds' time limit.
const TIME_LIMIT: Duration = Duration::from_secs(86_400);

impl Ours<'_> {
    pub(super) fn choose(&mut self, client: usize, build: usize) {
        let path = &self.farm.builds[build].path;
        let what = &self.farm.builds[build];
        let request = format!(
            "0 {} {path} {}",
            SYSTEMS[what.system],
            what.features.join(",")
        );
        let dialogue = self.clients[client].process.as_mut().expect("a process");
        let asked = dialogue.line(request.as_bytes()).expect("a request");
        assert!(matches!(asked, Action::Choose(_)));
        if self.hooks[build].number.since == 0 {
            self.hooks[build].number = Number {
                since: self.queue.now().0 + 1,
                chance: self.random.u32(..),
            };
        }
        self.hooks[build].probed.clear();
        self.hooks[build].answers = 0;
        let now = self.queue.now().moment();
        for (machine, trial) in self.candidates(build) {
            if !trial && self.evidence[machine].is_fresh(now, FRESH) {
                self.reply(build, Reply::Accept);
                self.attempt(build, machine, true);
                return;
            }
            self.hooks[build].probed.push(machine);
        }
        if self.hooks[build].probed.is_empty() {
            self.without_answer(build);
            return;
        }
        let hook = &mut self.hooks[build];
        hook.phase = Phase::Probing;
        let epoch = hook.epoch;
        let end = self.queue.now().after(ALL_PROBES);
        self.queue.plan(end, Event::EndOfProbes { build, epoch });
        self.probe(build, 0);
    }

    /// Machines with a free slot that is for this build, the best first, and
    /// whether it would be a trial.
    pub(super) fn candidates(&mut self, build: usize) -> Vec<(usize, bool)> {
        // Most often there is none, and no order is needed to know.
        let mut suited = self.suited(build).iter();
        if !suited.any(|machine| self.free(*machine) > 0 && self.is_usable(*machine)) {
            return Vec::new();
        }
        let what = &self.farm.builds[build];
        let requirements = requirements(what);
        let random = &mut self.random;
        let choices = order(
            &self.machines,
            &self.evidence,
            &requirements,
            self.queue.now().moment(),
            &mut || random.f64(),
        );
        let hook = &self.hooks[build];
        let tickets = || self.tickets.values().map(|(_, ticket)| ticket);
        choices
            .iter()
            .filter_map(|choice| match choice.verdict {
                Verdict::Ready { trial, .. } => Some((choice.machine, trial)),
                _ => None,
            })
            .filter(|(machine, _)| {
                self.free(*machine) > 0
                    && !hook.failed.contains(machine)
                    && may_take(hook.number, tickets(), machine)
            })
            .collect()
    }

    pub(super) fn probe(&mut self, build: usize, from: usize) {
        let now = self.queue.now();
        let epoch = self.hooks[build].epoch;
        let machines = self.hooks[build].probed.clone();
        let end = machines.len().min(from + PROBES);
        for machine in &machines[from..end] {
            let machine = *machine;
            if !self.claim(machine) {
                self.hooks[build].answers += 1;
                continue;
            }
            let it = &self.farm.machines[machine];
            let (took, good) = match it.outage_at(now).map(|outage| outage.how) {
                None => (2.0 * it.round_trip + 0.005, true),
                Some(How::Refuses) => (it.round_trip, false),
                Some(How::Silent) => (PROBE_LIMIT, false),
            };
            let event = Event::Probe {
                build,
                epoch,
                machine,
                took: Time::at(took).0,
                good,
            };
            self.queue.plan(now.after(took), event);
        }
        if end < machines.len() {
            let round = Event::Round {
                build,
                epoch,
                from: end,
            };
            self.queue.plan(now.after(NEXT_PROBES), round);
        }
    }

    pub(super) fn probed(
        &mut self,
        build: usize,
        epoch: u32,
        machine: usize,
        took: u64,
        good: bool,
    ) {
        if good {
            self.note_answer(machine, Some(took));
        } else {
            self.note_failure(machine, FailureKind::Passing);
        }
        if !self.is_current(build, epoch) {
            return;
        }
        let hook = &mut self.hooks[build];
        hook.answers += 1;
        let (number, all) = (hook.number, hook.answers == hook.probed.len());
        let tickets = self.tickets.values().map(|(_, ticket)| ticket);
        if good && self.free(machine) > 0 && may_take(number, tickets, &machine) {
            self.reply(build, Reply::Accept);
            self.attempt(build, machine, true);
        } else if all {
            self.without_answer(build);
        }
    }

    /// No machine answered that has a free slot: into the line, if any that
    /// is up will have one.
    pub(super) fn without_answer(&mut self, build: usize) {
        let hook = &mut self.hooks[build];
        hook.phase = Phase::Away;
        hook.epoch += 1;
        let ticket = self.ticket(build);
        let up: Vec<usize> = ticket
            .machines()
            .iter()
            .copied()
            .filter(|machine| self.is_usable(*machine))
            .collect();
        let slots: u32 = up.iter().map(|m| self.machines[*m].parallel_builds).sum();
        let slots = usize::try_from(slots).unwrap_or(usize::MAX);
        let limit = bound(slots, None);
        // More than the bound is as good as all.
        let mut shared = self
            .tickets
            .values()
            .filter(|(_, other)| other.shares(&ticket));
        let ahead = shared.by_ref().take(limit).count();
        let usual = up.iter().find_map(|m| self.evidence[*m].expected_build());
        let wait = expected_wait(ahead, slots, usual.unwrap_or_default());
        if up.is_empty() || ahead >= limit || !is_worth_it(wait, TIME_LIMIT) {
            self.reply(build, Reply::Postpone);
            return;
        }
        self.reply(build, Reply::Accept);
        self.join(build, ticket);
    }

    pub(super) fn is_usable(&self, machine: usize) -> bool {
        let state =
            self.evidence[machine].state(&self.machines[machine], self.queue.now().moment());
        matches!(state, State::Good | State::Unknown)
    }

    pub(super) fn free(&self, machine: usize) -> u32 {
        self.machines[machine].parallel_builds - self.taken[machine]
    }

    /// All that match and that the build has not failed on in this round.
    pub(super) fn ticket(&self, build: usize) -> Ticket<usize> {
        let hook = &self.hooks[build];
        let machines = self.suited(build).iter();
        let left = machines.filter(|machine| !hook.failed.contains(machine));
        Ticket::new(hook.number, left.copied().collect())
    }

    pub(super) fn suited(&self, build: usize) -> &[usize] {
        let what = &self.farm.builds[build];
        &self.suited[what.system][usize::from(!what.features.is_empty())]
    }

    pub(super) fn join(&mut self, build: usize, ticket: Ticket<usize>) {
        self.hooks[build].phase = Phase::InLine;
        // What was freed meanwhile is looked at once the ticket is up.
        for machine in ticket.machines() {
            if self.machines[*machine].parallel_builds > self.taken[*machine] {
                self.wake(*machine, WAKE);
            }
        }
        self.take_down(ticket.number());
        for machine in ticket.machines() {
            self.waiting[*machine].insert(ticket.number());
        }
        self.tickets.insert(ticket.number(), (build, ticket));
    }

    fn take_down(&mut self, number: Number) -> Option<Ticket<usize>> {
        let (_, ticket) = self.tickets.remove(&number)?;
        for machine in ticket.machines() {
            self.waiting[*machine].remove(&number);
        }
        Some(ticket)
    }

    pub(super) fn leave(&mut self, build: usize) {
        let number = self.hooks[build].number;
        let Some(ticket) = self.take_down(number) else {
            return;
        };
        for machine in ticket.machines() {
            if self.free(*machine) > 0 {
                self.wake(*machine, WAKE);
            }
        }
    }

    pub(super) fn wake(&mut self, machine: usize, seconds: f64) {
        let at = self.queue.now().after(seconds);
        self.queue.plan(at, Event::Wake(machine));
    }

    /// Gives a machine's free slots to those whose turn it is.
    pub(super) fn serve(&mut self, machine: usize) {
        while self.free(machine) > 0 {
            let oldest = self
                .tickets
                .values()
                .find(|(_, ticket)| ticket.names(&machine));
            let Some((build, ticket)) = oldest else {
                return;
            };
            let (build, number) = (*build, ticket.number());
            let tickets = self.tickets.values().map(|(_, ticket)| ticket);
            if !may_take(number, tickets, &machine) {
                self.wrong(&format!("the oldest may not take a slot of {machine}"));
                return;
            }
            if !self.is_usable(machine) || !self.claim(machine) {
                self.wake_when_usable(machine);
                return;
            }
            self.take_down(number);
            self.attempt(build, machine, false);
        }
    }

    pub(super) fn claim(&mut self, machine: usize) -> bool {
        let now = self.queue.now().moment();
        self.evidence[machine].claim(&self.machines[machine], now)
    }

    pub(super) fn wake_when_usable(&mut self, machine: usize) {
        let now = self.queue.now();
        let state = self.evidence[machine].state(&self.machines[machine], now.moment());
        let until = match state {
            State::Resting { until, .. } => Time::of(until).max(now),
            _ => now,
        };
        let at = until.after(NOTICE);
        if self.looks[machine].is_none_or(|next| next > at) {
            self.looks[machine] = Some(at);
            self.queue.plan(at, Event::Look(machine));
        }
    }
}

fn requirements(build: &Build) -> Requirements<'_> {
    Requirements {
        system: SYSTEMS[build.system],
        features: &build.features,
        closure: &build.closure,
        signed: true,
    }
}
