//! An accepted build: its machines one after the other, until its outputs are
//! registered or it has failed.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::answer::Taken;
use super::attempt::Attempt;
use super::attempts::{Attempts, Failure, Fault, Next};
use super::context::Context;
use super::dialogue::Job;
use super::exit::Exit;
use super::load::Arrival;
use super::local::LocalStore;
use super::output::Output;
use super::place;
use super::reach::Reached;
use super::signer::Signer;
use super::waiting::Search;
use super::watch::{Ending, Verdict, Watch};
use super::work::Work;
use crate::events::Event;
use crate::gateway::Ender;
use crate::machines::record::BuildMachine;
use crate::schedule::evidence::{Outcome, prefix};
use crate::store::authenticate::Keyring;

/// A build under way.
pub struct Build<'a> {
    /// What the hook knows.
    pub context: &'a Context,
    /// Where the log goes.
    pub output: &'a Output,
    /// Who looks after limits.
    pub watch: &'a Watch,
}

impl Ending for Ender {
    fn end(&self) {
        Self::end(self);
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
        let mut attempts = Attempts::new(settings.tries, settings.patience);
        let mut search = Search::new(self.context, self.output, self.watch, taken);
        search.needs(work.closure.keys());
        let mut reasons: Vec<String> = Vec::new();
        let mut first_failure: Option<Instant> = None;
        loop {
            let (index, outcome) = match search.next(&reasons) {
                Ok(reached) => {
                    let index = reached.machine;
                    (
                        Some(index),
                        self.attempt(work, &search, reached, store, keyring),
                    )
                }
                Err((index, failure)) => (index, Err(failure)),
            };
            let failure = match outcome {
                Ok(()) => {
                    let exit = self.done(work, search.machine(index));
                    // Who holds the connections for all lets logins finish.
                    if !self.context.is_sharing() {
                        search.finish();
                    }
                    return exit;
                }
                Err(failure) => failure,
            };
            if let Some(verdict) = self.watch.verdict() {
                return self.ended(work, verdict);
            }
            if failure.fault == Fault::Holder {
                self.context.stop_sharing();
            } else {
                search.failed(index, &failure);
            }
            let waited = first_failure.get_or_insert_with(Instant::now).elapsed();
            let next = attempts.after(failure.fault, search.untried(), waited);
            let text = failure.text();
            match next {
                Next::End(exit) => {
                    for earlier in reasons.iter().filter(|earlier| !text.contains(*earlier)) {
                        self.output.tell(earlier);
                    }
                    self.output.tell(&text);
                    return exit;
                }
                Next::Another => self.output.tell(&text),
                Next::Line(at_most) => {
                    self.output.tell(&text);
                    search.begin_again(at_most);
                }
            }
            if !reasons.contains(&text) {
                reasons.push(text);
            }
        }
    }

    /// One try: there, built, back, registered.
    fn attempt(
        &self,
        work: &Work,
        search: &Search<'_>,
        reached: Reached,
        store: &mut LocalStore,
        keyring: &Keyring,
    ) -> Result<(), Failure> {
        let Some(machine) = search.machine(Some(reached.machine)) else {
            return Err(Failure::new(Fault::Local, "no machine matches any more"));
        };
        let Reached {
            slot,
            connection,
            daemon,
            ..
        } = reached;
        let ender = connection.ender();
        self.watch.guard(Box::new(connection.ender()));
        let connection = Arc::new(connection);
        let attempt = Attempt {
            context: self.context,
            work,
            machine,
            connection: &connection,
            signer: Signer::new(self.context, &connection),
            arrival: Mutex::new(Arrival::ask(self.context, machine, &connection)),
            keyring,
            output: self.output,
            watch: self.watch,
        };
        let begun = Instant::now();
        let outcome = match daemon {
            Some(stream) => attempt.run(stream),
            None => attempt.run_by_commands(),
        };
        drop(attempt);
        let received = outcome.inspect_err(|_| {
            // Whoever else still uses the connection: a builder that may be
            // left behind ends with it.
            ender.end();
        })?;
        let took = begun.elapsed();
        // The machine is done; the next build may have it while we register.
        drop(connection);
        drop(slot);
        let outputs: Vec<u64> = work
            .outputs
            .iter()
            .map(|it| prefix(it.hash_part()))
            .collect();
        let outcomes = [
            Outcome::Sent {
                items: &outputs,
                bytes: 0,
                took: Duration::ZERO,
            },
            Outcome::Built { took },
        ];
        self.context.ledger.note_all(machine, &outcomes);
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
