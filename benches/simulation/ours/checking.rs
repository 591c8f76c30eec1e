//! What must be, at any time and at the end.

use super::{NOTICE, Ours, Phase, TRIES};

/// How often what costs much is checked, in large simulations.
const CHECK_EVERY: u64 = 1000;

impl Ours<'_> {
    pub(super) fn wrong(&mut self, what: &str) {
        if self.report.wrong.len() < 10 {
            let at = self.queue.now().seconds();
            self.report.wrong.push(format!("{at:.3} s: {what}"));
        }
    }

    /// Nobody waits while a machine that it would take is good and free, but
    /// for the time until it looks.
    pub(super) fn check(&mut self) {
        let is_large = self.machines.len() > 100;
        if is_large && !self.events.is_multiple_of(CHECK_EVERY) {
            return;
        }
        for machine in 0..self.machines.len() {
            let Some(build) = self.waits_in_vain(machine) else {
                self.idle[machine] = None;
                continue;
            };
            let now = self.queue.now();
            let since = *self.idle[machine].get_or_insert(now);
            let idle = now.since(since).as_secs_f64();
            if idle > 1.1 * NOTICE {
                let text = format!("build {build} waits while {machine} is free, for {idle:.3} s");
                self.wrong(&text);
            }
        }
    }

    pub(super) fn waits_in_vain(&self, machine: usize) -> Option<usize> {
        // After each event, for each machine: what costs least comes first.
        if self.free(machine) == 0 {
            return None;
        }
        let oldest = self.waiting[machine].first()?;
        let (build, _) = self.tickets.get(oldest)?;
        self.is_usable(machine).then_some(*build)
    }

    pub(super) fn check_end(&mut self) {
        for machine in 0..self.machines.len() {
            if self.taken[machine] != 0 {
                self.wrong(&format!("a slot of {machine} is never given back"));
            }
        }
        if !self.tickets.is_empty() {
            self.wrong(&format!("{} are still in line", self.tickets.len()));
        }
        for build in 0..self.hooks.len() {
            let hook = &self.hooks[build];
            let text = match hook.phase {
                Phase::Built if hook.times_built == 1 => continue,
                Phase::Interrupted if hook.times_built == 0 => continue,
                Phase::Failed if self.farm.builds[build].fails => continue,
                phase => format!(
                    "build {build} is {phase:?}, built {} times",
                    hook.times_built
                ),
            };
            self.wrong(&text);
        }
        if self.report.most_in_round > TRIES {
            self.wrong(&format!("{} tries in a round", self.report.most_in_round));
        }
    }
}
