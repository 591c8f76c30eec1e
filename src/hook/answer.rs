//! What the hook answers to a request, and with what in hand.
//!
//! A machine must be known to be up before the daemon is told that its build
//! is taken: until then the daemon can still build it itself. What is decided
//! when no machine can be had is in `docs/architecture.md`, "Decline or
//! postpone".

use std::collections::BTreeSet;
use std::time::Duration;

use super::context::Context;
use super::dialogue::Reply;
use super::field::{Field, Sight};
use super::pick::{Pick, Picked, Reason};
use super::postponed::Postponed;
use super::reach::Reaching;
use super::request::Request;
use super::reread::Reread;
use crate::events::Event;
use crate::machines::diagnostic::{Diagnostic, Severity};
use crate::machines::{self, Evaluation};
use crate::schedule::choice::missing;
use crate::schedule::evidence::Evidence;
use crate::schedule::slots::Slot;
use crate::schedule::tickets::{Joined, Place, Terms};

/// How often and how long all slots may look taken before they are, where
/// there is no line: stock holds a slot of every machine while it chooses.
const LOOKS: u32 = 3;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long a build holds its slot, where nothing has told.
const USUAL_BUILD: Duration = Duration::from_secs(30);

/// A build that is taken.
pub struct Taken {
    /// The machines that match.
    pub field: Field,
    /// The slot it has; without one it stands in line.
    pub slot: Option<(usize, Slot)>,
    /// Its place in the order.
    pub place: Place,
    /// The connections that were begun.
    pub reaching: Reaching,
    /// The machine file as it was.
    pub reread: Reread,
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
#[derive(Default)]
pub struct Answerer {
    said: BTreeSet<String>,
}

impl Answerer {
    /// Chooses a machine.
    pub fn answer(&mut self, context: &Context, request: &Request) -> Answer {
        let reread = Reread::before_reading(&context.settings.machine_file);
        let evaluation = evaluate(context);
        let errors = errors(&evaluation);
        let mut notes = Postponed::open(&context.settings.state_dir, &request.derivation);
        let all = evaluation.machines;
        let field = Field::of(all.clone(), request);
        if field.machines().is_empty() {
            if !errors.is_empty() {
                let reasons = errors.into_iter().map(Reason::from).collect();
                return refuse(context, request, &mut notes, ("file", reasons));
            }
            if let Some(missing) = missing(&all, &field.requirements()) {
                self.say_once(context, &missing.to_string());
            }
            notes.forget();
            return Answer::Decline;
        }
        for error in &errors {
            self.say_once(context, error);
        }
        self.take(context, request, (field, reread), &mut notes)
    }

    fn take(
        &mut self,
        context: &Context,
        request: &Request,
        (field, reread): (Field, Reread),
        notes: &mut Postponed,
    ) -> Answer {
        let mut place = context.line.place(request.derivation.as_str());
        let mut reaching = Reaching::new(place.bell());
        for look in 1..=LOOKS {
            let sight = field.look(context);
            let mut pick = Pick {
                context,
                field: &field,
                sight: &sight,
                place: &place,
                without: &BTreeSet::new(),
                reasons: Vec::new(),
            };
            let picked = pick.slot(&mut reaching, context.settings.probe, look == 1);
            let reasons = pick.reasons;
            match picked {
                Picked::Slot(machine, slot) => {
                    for reason in &reasons {
                        if self.said.insert(reason.essence.clone()) {
                            context.journal.say(&reason.text);
                        }
                    }
                    notes.forget();
                    return Answer::Take(Box::new(Taken {
                        field,
                        slot: Some((machine, slot)),
                        place,
                        reaching,
                        reread,
                    }));
                }
                Picked::Nobody => {
                    return refuse(context, request, notes, ("machines", reasons));
                }
                Picked::Full if join(context, &field, &sight, &mut place) => {
                    notes.forget();
                    return Answer::Take(Box::new(Taken {
                        field,
                        slot: None,
                        place,
                        reaching,
                        reread,
                    }));
                }
                // Machines are up: what comes later is another story.
                Picked::Full => notes.forget(),
            }
            if look < LOOKS {
                std::thread::sleep(LOOK_AGAIN);
            }
        }
        Answer::Postpone
    }

    fn say_once(&mut self, context: &Context, text: &str) {
        if self.said.insert(text.to_owned()) {
            context.journal.say(text);
        }
    }
}

/// The machine file as it is now.
pub fn evaluate(context: &Context) -> Evaluation {
    let settings = &context.settings;
    let limits = machines::Limits::from(settings);
    let cache = machines::Cache::new(&settings.state_dir);
    let load = if is_alone() {
        machines::load_cached
    } else {
        machines::load_elsewhere
    };
    let home = context.home.as_deref();
    let evaluation = load(&settings.machine_file, home, &limits, &cache);
    context.journal.event(&Event::Evaluated {
        machines: evaluation.machines.len(),
    });
    evaluation
}

/// Tells whether this process has one thread, and so may fork. One whose
/// threads cannot be counted has several.
fn is_alone() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}

/// Stands in line for the machines that could be tried, if it is short enough.
fn join(context: &Context, field: &Field, sight: &Sight, place: &mut Place) -> bool {
    let ready: Vec<_> = sight
        .choices
        .iter()
        .filter(|choice| choice.verdict.is_ready())
        .filter_map(|choice| field.machine(choice.machine))
        .collect();
    let known = sight.evidence.iter().filter_map(Evidence::expected_build);
    let terms = Terms {
        usual: known.max().unwrap_or(USUAL_BUILD),
        limit: Duration::from_secs(context.arguments.build_timeout),
    };
    match place.join(&ready, terms) {
        Ok(Joined::InLine { .. }) => true,
        Ok(joined) => {
            log::debug!("does not stand in line: {joined:?}");
            false
        }
        Err(error) => {
            log::debug!("cannot stand in line: {error}");
            false
        }
    }
}

/// What to answer when machines match, or may match, and none can be had.
///
/// A decline ends the build where the daemon cannot do it, so it is said only
/// where the daemon is willing and able.
fn refuse(
    context: &Context,
    request: &Request,
    notes: &mut Postponed,
    (kind, mut reasons): (&str, Vec<Reason>),
) -> Answer {
    reasons.sort_unstable();
    reasons.dedup_by(|one, other| one.essence == other.essence);
    let (essences, texts): (Vec<String>, Vec<String>) = reasons
        .into_iter()
        .map(|reason| (reason.essence, reason.text))
        .unzip();
    let reason = texts.join("\n");
    let noted = notes.note(kind, &essences.join("\n"));
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

/// The file's errors, each on a line.
pub fn errors(evaluation: &Evaluation) -> Vec<String> {
    evaluation
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(Diagnostic::one_line)
        .collect()
}
