//! One try after the other.

use std::time::Duration;

use offload::hook::attempts::{Fault, Next};
use offload::hook::exit::Exit;
use offload::schedule::evidence::{FailureKind, Load, Outcome};

use super::super::clock::{Queue, Time};
use super::super::farm::{How, ITEM};
use super::choosing::PROBE_LIMIT;
use super::{End, Event, Ours, Phase, WAKE};

/// Seconds that a connection after the reply may take.
const CONNECT_LIMIT: f64 = 30.0;

/// Seconds until silence on a connection is noticed.
const SILENCE: f64 = 30.0;

/// Seconds of the machine's processor and ours around a build.
const AROUND: f64 = 0.05;

impl Ours<'_> {
    pub(super) fn attempt(&mut self, build: usize, machine: usize, is_connected: bool) {
        let now = self.queue.now();
        self.taken[machine] += 1;
        if self.taken[machine] > self.machines[machine].parallel_builds {
            self.wrong(&format!("too many builds on {machine}"));
        }
        let hook = &mut self.hooks[build];
        hook.phase = Phase::Trying(machine);
        hook.epoch += 1;
        hook.tries += 1;
        self.report.tries += 1;
        let epoch = hook.epoch;
        let is_trial = self.evidence[machine].is_trial(&self.machines[machine], now.moment());
        let it = &self.farm.machines[machine];
        let what = &self.farm.builds[build];
        let plan = |queue: &mut Queue<Event>, at, end| {
            queue.plan(at, Event::End { build, epoch, end });
        };
        if let Some(outage) = it.outage_at(now) {
            let limit = if is_trial { PROBE_LIMIT } else { CONNECT_LIMIT };
            let after = match outage.how {
                How::Refuses => it.round_trip,
                How::Silent if is_connected => SILENCE,
                How::Silent => limit,
            };
            plan(&mut self.queue, now.after(after), End::Unreachable);
            return;
        }
        let connect = 5.0 * it.round_trip + 0.02;
        let inside = now.after(if is_connected { it.round_trip } else { connect });
        let took = inside.since(now).as_micros();
        let took = u64::try_from(took).unwrap_or(u64::MAX);
        let lacking = what
            .closure
            .iter()
            .filter(|item| !self.there[machine].contains(item));
        #[allow(clippy::cast_precision_loss)] // a few dozen
        let bytes = lacking.count() as f64 * ITEM;
        let sending = bytes / it.throughput + 4.0 * it.round_trip;
        let sent = inside.after(sending);
        let built = sent.after(what.work / it.speed + AROUND);
        if let Some(lost) = it.lost_between(now, built, SILENCE) {
            plan(&mut self.queue, lost.max(now), End::Lost);
            if lost > inside {
                self.queue.plan(inside, Event::In { build, epoch, took });
            }
            return;
        }
        self.queue.plan(inside, Event::In { build, epoch, took });
        if it.is_full {
            plan(&mut self.queue, inside, End::Full);
            return;
        }
        let took = Time::at(sending).0;
        self.queue.plan(sent, Event::Sent { build, epoch, took });
        let end = if it.is_broken {
            End::Broken
        } else if what.fails {
            End::BuilderFailed
        } else {
            End::Built
        };
        plan(&mut self.queue, built, end);
    }

    pub(super) fn sent(&mut self, build: usize, took: u64) {
        let Phase::Trying(machine) = self.hooks[build].phase else {
            return;
        };
        let what = &self.farm.builds[build];
        let there = &mut self.there[machine];
        let new = what
            .closure
            .iter()
            .filter(|item| there.insert(**item))
            .count();
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let bytes = (new as f64 * ITEM) as u64;
        let outcome = Outcome::Sent {
            items: &what.closure,
            bytes,
            took: Duration::from_micros(took),
        };
        self.hooks[build].sent_in = self.queue.now().0;
        self.note(machine, outcome);
    }

    pub(super) fn ended(&mut self, build: usize, end: End) {
        let Phase::Trying(machine) = self.hooks[build].phase else {
            self.wrong(&format!("build {build} ends without a machine"));
            return;
        };
        let fault = match end {
            End::Built => {
                let took = self.queue.now().0 - self.hooks[build].sent_in;
                let took = Duration::from_micros(took);
                self.note(machine, Outcome::Built { took });
                self.release(machine);
                self.hooks[build].times_built += 1;
                self.report.built += 1;
                self.over(build, Phase::Built);
                return;
            }
            End::BuilderFailed => Fault::Builder,
            End::Unreachable | End::Lost => {
                self.note_failure(machine, FailureKind::Passing);
                Fault::Machine(FailureKind::Passing)
            }
            End::Full => {
                let now = self.queue.now().moment();
                let load = Load {
                    average: 0.0,
                    cores: 8,
                    free_bytes: 1 << 20,
                    clock_difference_ms: 0,
                    at: now,
                };
                self.note(machine, Outcome::Load(load));
                self.note_failure(machine, FailureKind::LowSpace);
                Fault::Machine(FailureKind::LowSpace)
            }
            End::Broken => {
                self.note_failure(machine, FailureKind::WrongOutput);
                Fault::Machine(FailureKind::WrongOutput)
            }
        };
        self.release(machine);
        self.after(build, machine, fault);
    }

    pub(super) fn after(&mut self, build: usize, machine: usize, fault: Fault) {
        let now = self.queue.now();
        self.hooks[build].failed.insert(machine);
        let untried = self.ticket(build).machines().len();
        let hook = &mut self.hooks[build];
        hook.epoch += 1;
        // Low on space is no failure.
        hook.in_round += u32::from(fault != Fault::Machine(FailureKind::LowSpace));
        self.report.most_in_round = self.report.most_in_round.max(hook.in_round);
        let since = *hook.first_failure.get_or_insert(now);
        match hook.attempts.after(fault, untried, now.since(since)) {
            Next::Another => self.find_machine(build),
            Next::Line(limit) => {
                hook.failed.clear();
                hook.in_round = 0;
                let until = now.plus(limit);
                hook.until = Some(until);
                self.queue.plan(until, Event::TooLate(build));
                self.find_machine(build);
            }
            Next::End(Exit::BuildFailed) if fault == Fault::Builder => {
                self.report.failed += 1;
                self.over(build, Phase::Failed);
            }
            Next::End(_) => {
                self.report.lost += 1;
                self.over(build, Phase::Lost);
            }
        }
    }

    /// The next machine for a build that is taken; else it stands in line with
    /// the number that it has.
    pub(super) fn find_machine(&mut self, build: usize) {
        for (machine, _) in self.candidates(build) {
            if self.claim(machine) {
                self.attempt(build, machine, false);
                return;
            }
        }
        let ticket = self.ticket(build);
        self.hooks[build].epoch += 1;
        self.join(build, ticket);
    }

    /// No machine came back in time.
    pub(super) fn too_late(&mut self, build: usize) {
        let hook = &self.hooks[build];
        if hook.phase != Phase::InLine || hook.until != Some(self.queue.now()) {
            return;
        }
        self.leave(build);
        self.report.lost += 1;
        self.over(build, Phase::Lost);
    }

    pub(super) fn release(&mut self, machine: usize) {
        self.taken[machine] -= 1;
        self.wake(machine, WAKE);
    }

    pub(super) fn interrupt(&mut self, build: usize) {
        let hook = &self.hooks[build];
        match hook.phase {
            Phase::Trying(machine) => self.release(machine),
            Phase::InLine => self.leave(build),
            _ => return,
        }
        self.report.interrupted += 1;
        self.over(build, Phase::Interrupted);
    }
}
