//! What the hook answers to a request, and with what in hand.
//!
//! A machine is reached before the daemon is told that its build is taken:
//! until then the daemon can still build it itself. What is decided when no
//! machine can be had is in `docs/architecture.md`, "Decline or postpone".

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::attempts::with_hint;
use super::context::Context;
use super::dialogue::Reply;
use super::postponed::Postponed;
use super::request::Request;
use crate::events::Event;
use crate::gateway::{Connection, GatewayError};
use crate::machines::diagnostic::{Diagnostic, Severity};
use crate::machines::record::BuildMachine;
use crate::machines::{self, Evaluation};
use crate::schedule::choice::{Requirements, Verdict, order};
use crate::schedule::slots::Slot;

/// How often and how long all slots may look taken before they are: stock
/// holds a slot of every machine while it chooses.
const LOOKS: u32 = 3;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long a machine that failed is left alone by this process.
const REST: Duration = Duration::from_secs(5);

/// A machine that was reached, and what is needed to keep it.
pub struct Reached {
    /// Its place in [`Taken::machines`].
    pub machine: usize,
    /// The right to build there.
    pub slot: Slot,
    /// The connection.
    pub connection: Connection,
    /// A channel to its daemon; `None` where it does not forward, and
    /// commands have to do.
    pub daemon: Option<UnixStream>,
}

/// A build that is taken.
pub struct Taken {
    /// The machines that match, in the order to try them.
    pub machines: Vec<BuildMachine>,
    /// The one that was reached.
    pub reached: Reached,
}

/// The answer to a request.
pub enum Answer {
    /// The build is taken.
    Take(Box<Taken>),
    /// The daemon may build it itself.
    Decline,
    /// The daemon shall ask again.
    Postpone,
    /// The build is taken only to fail it with these reasons: nobody will
    /// ever build it as things are, and there is no such reply.
    Fail(String),
}

impl Answer {
    /// The reply that goes with it.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Take(_) | Self::Fail(_) => Reply::Accept,
            Self::Decline => Reply::Decline,
            Self::Postpone => Reply::Postpone,
        }
    }
}

/// Answers the requests of one process.
#[derive(Debug, Default)]
pub struct Answerer {
    said: BTreeSet<String>,
    resting: BTreeMap<(String, u16), (Instant, String)>,
}

/// How the search for a machine ended.
enum Search {
    Reached(Reached),
    AllTaken,
    Nobody(Vec<String>),
}

impl Answerer {
    /// Chooses and reaches a machine. To be called while the process has one
    /// thread: the machine file is evaluated in a child that is forked.
    pub fn answer(&mut self, context: &Context, request: &Request) -> Answer {
        let settings = &context.settings;
        let evaluation = machines::load_cached(
            &settings.machine_file,
            context.home.as_deref(),
            &machines::Limits {
                time: settings.evaluation,
                memory: u64::from(settings.evaluation_memory) << 20,
                nesting: settings.evaluation_nesting,
            },
            &machines::Cache::new(&settings.state_dir),
        );
        context.journal.event(&Event::Evaluated {
            machines: evaluation.machines.len(),
        });
        let errors = errors(&evaluation);
        let matching = matching(evaluation.machines, request);
        if matching.is_empty() {
            if errors.is_empty() {
                Postponed::open(&settings.state_dir, &request.derivation).forget();
                return Answer::Decline;
            }
            return refuse(context, request, &errors);
        }
        for error in &errors {
            self.say_once(context, error);
        }
        match self.search(context, &matching) {
            Search::Reached(reached) => {
                Postponed::open(&settings.state_dir, &request.derivation).forget();
                Answer::Take(Box::new(Taken {
                    machines: matching,
                    reached,
                }))
            }
            Search::AllTaken => Answer::Postpone,
            Search::Nobody(reasons) => refuse(context, request, &reasons),
        }
    }

    /// The first machine that has a free slot and can be reached.
    fn search(&mut self, context: &Context, matching: &[BuildMachine]) -> Search {
        let mut reasons = Vec::new();
        for look in 0..LOOKS {
            let mut taken = false;
            reasons.clear();
            for (index, machine) in matching.iter().enumerate() {
                if let Some(reason) = self.resting(machine) {
                    reasons.push(reason);
                    continue;
                }
                let slot = match context.slots.take(machine) {
                    Ok(Some(slot)) => slot,
                    Ok(None) => {
                        taken = true;
                        continue;
                    }
                    Err(error) => {
                        reasons.push(with_hint(
                            &error.to_string(),
                            error.hint(&context.user).as_deref(),
                        ));
                        continue;
                    }
                };
                context.journal.event(&Event::Slot {
                    machine: &machine.name,
                });
                match reach(context, machine, true) {
                    Ok((connection, daemon)) => {
                        return Search::Reached(Reached {
                            machine: index,
                            slot,
                            connection,
                            daemon,
                        });
                    }
                    Err(error) => {
                        let reason = with_hint(&error.to_string(), error.hint().as_deref());
                        self.say_once(context, &reason);
                        self.rest(machine, reason.clone());
                        reasons.push(reason);
                    }
                }
            }
            if !taken {
                return Search::Nobody(reasons);
            }
            if look.saturating_add(1) < LOOKS {
                std::thread::sleep(LOOK_AGAIN);
            }
        }
        for reason in &reasons {
            self.say_once(context, reason);
        }
        Search::AllTaken
    }

    fn resting(&self, machine: &BuildMachine) -> Option<String> {
        let (until, reason) = self.resting.get(&(machine.name.clone(), machine.port))?;
        (Instant::now() < *until).then(|| reason.clone())
    }

    fn rest(&mut self, machine: &BuildMachine, reason: String) {
        if let Some(until) = Instant::now().checked_add(REST) {
            self.resting
                .insert((machine.name.clone(), machine.port), (until, reason));
        }
    }

    fn say_once(&mut self, context: &Context, text: &str) {
        if self.said.insert(text.to_owned()) {
            context.journal.say(text);
        }
    }
}

/// Logs in to a machine and opens a channel to its daemon.
///
/// A machine that refuses to forward is reached all the same: commands do the
/// rest.
pub fn reach(
    context: &Context,
    machine: &BuildMachine,
    before_reply: bool,
) -> Result<(Connection, Option<UnixStream>), GatewayError> {
    let limits = context.gateway_limits(before_reply);
    let connection = Connection::open(machine, context.home.as_deref(), &limits)?;
    context.journal.event(&Event::Connected {
        machine: &machine.name,
    });
    match connection.daemon() {
        Ok(daemon) => Ok((connection, Some(daemon))),
        Err(GatewayError::ForwardingRefused { .. }) => Ok((connection, None)),
        Err(error) => Err(error),
    }
}

/// What to answer when machines match, or may match, and none can be had.
///
/// A decline ends the build where the daemon cannot do it, so it is said only
/// where the daemon is willing and able.
fn refuse(context: &Context, request: &Request, reasons: &[String]) -> Answer {
    let mut notes = Postponed::open(&context.settings.state_dir, &request.derivation);
    let reason = reasons.join("\n");
    let noted = notes.note(&reason);
    if noted.is_new {
        context.journal.say(&reason);
    }
    if request.willing && context.is_native(&request.system) {
        notes.forget();
        return Answer::Decline;
    }
    let limit = context.settings.postpone;
    if limit.is_some_and(|limit| noted.waited >= limit) {
        notes.forget();
        return Answer::Fail(reason);
    }
    Answer::Postpone
}

fn matching(machines: Vec<BuildMachine>, request: &Request) -> Vec<BuildMachine> {
    let requirements = Requirements {
        system: &request.system,
        features: &request.features,
    };
    let verdicts = order(&machines, requirements, &mut || fastrand::u64(..));
    let mut machines: Vec<Option<BuildMachine>> = machines.into_iter().map(Some).collect();
    verdicts
        .into_iter()
        .filter(|(_, verdict)| matches!(verdict, Verdict::Matches { .. }))
        .filter_map(|(index, _)| machines.get_mut(index)?.take())
        .collect()
}

fn errors(evaluation: &Evaluation) -> Vec<String> {
    evaluation
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(Diagnostic::one_line)
        .collect()
}
