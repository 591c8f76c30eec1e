//! An accepted build: its machines one after the other, until its outputs are
//! registered or it has failed.

use std::time::{Duration, Instant};

use super::answer::{Reached, Taken, reach};
use super::attempt::{Attempt, gateway_failure};
use super::attempts::{Attempts, Failure, Fault, Next};
use super::context::Context;
use super::dialogue::Job;
use super::exit::Exit;
use super::local::LocalStore;
use super::output::Output;
use super::place;
use super::watch::{Ending, Verdict, Watch};
use super::work::Work;
use crate::events::Event;
use crate::gateway::Killer;
use crate::machines::record::BuildMachine;
use crate::store::authenticate::Keyring;

/// How often a slot of another machine is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A build under way.
pub struct Build<'a> {
    /// What the hook knows.
    pub context: &'a Context,
    /// Where the log goes.
    pub output: &'a Output,
    /// Who looks after limits.
    pub watch: &'a Watch,
}

impl Ending for Killer {
    fn end(&self) {
        self.kill();
    }
}

impl Build<'_> {
    /// Does the build, and tells how it ended.
    pub fn run(&self, job: &Job, taken: Taken) -> Exit {
        match self.prepared(job, taken) {
            Ok(exit) => exit,
            Err(failure) => {
                self.output.tell(&failure.text());
                Exit::Trouble
            }
        }
    }

    fn prepared(&self, job: &Job, taken: Taken) -> Result<Exit, Failure> {
        let settings = &self.context.settings;
        let mut store = LocalStore::open(self.context)?;
        let Some(work) = Work::look_up(&self.context.dir, &mut store, job)? else {
            log::debug!("all outputs of {} are valid", job.request.derivation);
            return Ok(Exit::Success);
        };
        self.context.journal.event(&Event::Looked);
        let keyring = Keyring::open(&settings.configuration_dir, settings.guix.as_deref());
        Ok(self.try_machines(&work, taken, &mut store, &keyring))
    }

    fn try_machines(
        &self,
        work: &Work,
        taken: Taken,
        store: &mut LocalStore,
        keyring: &Keyring,
    ) -> Exit {
        let settings = &self.context.settings;
        let machines = taken.machines;
        let mut attempts = Attempts::new(settings.tries, settings.patience);
        let mut failed = vec![false; machines.len()];
        let mut reasons: Vec<String> = Vec::new();
        let mut first_failure: Option<Instant> = None;
        let mut reached = Some(taken.reached);
        loop {
            let (index, outcome) =
                self.one_try(&machines, reached.take(), &failed, |machine, it| {
                    self.attempt(work, machine, it, store, keyring)
                });
            let failure = match outcome {
                Ok(()) => return self.done(work, machines.get(index)),
                Err(failure) => failure,
            };
            if let Some(verdict) = self.watch.verdict() {
                return self.ended(work, verdict);
            }
            if let Some(failed) = failed.get_mut(index) {
                *failed = true;
            }
            let untried = failed.iter().filter(|failed| !**failed).count();
            let waited = first_failure.get_or_insert_with(Instant::now).elapsed();
            let next = attempts.after(failure.fault, untried, waited);
            let text = failure.text();
            match next {
                Next::End(exit) => {
                    for earlier in reasons.iter().filter(|earlier| **earlier != text) {
                        self.output.tell(earlier);
                    }
                    self.output.tell(&text);
                    return exit;
                }
                Next::Another => self.context.journal.say(&text),
                Next::Pause(pause) => {
                    self.context.journal.say(&format!(
                        "{text}\nno machine is left for '{}'; trying again in {} s",
                        work.path,
                        pause.as_secs()
                    ));
                    self.watch.doing("waiting for a machine");
                    self.watch.sleep(pause);
                    failed.fill(false);
                }
            }
            if !reasons.contains(&text) {
                reasons.push(text);
            }
        }
    }

    /// Tries the machine that is at hand, else the next one that is free.
    fn one_try(
        &self,
        machines: &[BuildMachine],
        reached: Option<Reached>,
        failed: &[bool],
        run: impl FnOnce(&BuildMachine, Reached) -> Result<(), Failure>,
    ) -> (usize, Result<(), Failure>) {
        let (index, reached) = match reached {
            Some(reached) => (reached.machine, Ok(reached)),
            None => self.next_machine(machines, failed),
        };
        let outcome = match (machines.get(index), reached) {
            (Some(machine), Ok(reached)) => run(machine, reached),
            (_, Err(failure)) => Err(failure),
            (None, _) => Err(Failure::new(Fault::Local, "no machine matches any more")),
        };
        (index, outcome)
    }

    /// Waits for a slot of a machine that has not failed, and reaches it.
    fn next_machine(
        &self,
        machines: &[BuildMachine],
        failed: &[bool],
    ) -> (usize, Result<Reached, Failure>) {
        loop {
            let candidates = machines
                .iter()
                .enumerate()
                .filter(|(index, _)| !failed.get(*index).copied().unwrap_or(true));
            for (index, machine) in candidates {
                let slot = match self.context.slots.take(machine) {
                    Ok(Some(slot)) => slot,
                    Ok(None) => continue,
                    Err(error) => {
                        let failure =
                            Failure::new(Fault::Machine { passing: true }, error.to_string())
                                .with_hint(error.hint(&self.context.user));
                        return (index, Err(failure));
                    }
                };
                self.watch
                    .doing(&format!("connecting to '{}'", machine.name));
                let reached = reach(self.context, machine, false)
                    .map(|(connection, daemon)| Reached {
                        machine: index,
                        slot,
                        connection,
                        daemon,
                    })
                    .map_err(|error| gateway_failure(&error));
                return (index, reached);
            }
            self.watch.doing("waiting for a free slot");
            self.watch.sleep(LOOK_AGAIN);
            if self.watch.verdict().is_some() {
                return (0, Err(Failure::new(Fault::Local, "the build was ended")));
            }
        }
    }

    /// One try: there, built, back, registered.
    fn attempt(
        &self,
        work: &Work,
        machine: &BuildMachine,
        reached: Reached,
        store: &mut LocalStore,
        keyring: &Keyring,
    ) -> Result<(), Failure> {
        let Reached {
            slot,
            connection,
            daemon,
            ..
        } = reached;
        self.watch.guard(Box::new(connection.killer()));
        let attempt = Attempt {
            context: self.context,
            work,
            machine,
            connection: &connection,
            keyring,
            output: self.output,
            watch: self.watch,
        };
        let received = match daemon {
            Some(stream) => attempt.run(stream),
            None => attempt.run_by_commands(),
        }?;
        // The machine is done; the next build may have it while we register.
        drop(connection);
        drop(slot);
        self.watch.doing("registering");
        place::register(self.context, work, store, received)?;
        self.context.journal.event(&Event::Registered);
        Ok(())
    }

    fn done(&self, work: &Work, machine: Option<&BuildMachine>) -> Exit {
        self.context.journal.event(&Event::Done {
            derivation: work.path.as_str(),
            machine: machine.map_or("", |machine| machine.name.as_str()),
            took: self.watch.elapsed(),
        });
        Exit::Success
    }

    fn ended(&self, work: &Work, verdict: Verdict) -> Exit {
        let arguments = &self.context.arguments;
        let text = match verdict {
            Verdict::Silent => format!(
                "building of '{}' timed out after {} seconds of silence",
                work.path, arguments.max_silent
            ),
            Verdict::TooLong => format!(
                "building of '{}' timed out after {} seconds",
                work.path, arguments.build_timeout
            ),
            Verdict::Terminated => format!("building of '{}' was ended by a signal", work.path),
        };
        if verdict == Verdict::Terminated {
            self.output.abandon();
            self.context.journal.say(&text);
        } else {
            self.output.tell(&text);
        }
        verdict.exit()
    }
}
