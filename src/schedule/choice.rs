//! The order in which machines are tried for a build, as a pure function.
//!
//! Machines that match and can be tried come first, the one that is expected
//! to have finished the build soonest before all: what connecting costs, what
//! has to be sent there, and the work at its speed with the capacity it has
//! free. What is not known is taken to be as usual. None of these figures is
//! exact, so machines that are nearly equal share the work by chance.

mod missing;

use std::fmt;
use std::time::Duration;

pub use missing::{Missing, missing};

use super::evidence::{Evidence, FailureKind, Load, Sample, State};
use crate::clock::Moment;
use crate::events::amount;
use crate::machines::record::BuildMachine;

/// What one machine must be better than another for chance not to decide.
const NEARLY: f64 = 0.1;

/// The usual build on a machine of speed 1, where none has told.
const USUAL_WORK: f64 = 30.0;

/// Connecting to a machine, where that is not known.
const USUAL_CONNECT: f64 = 0.3;

/// A round trip, likewise.
const USUAL_ROUND_TRIP: f64 = 0.01;

/// Bytes in a second, likewise.
const USUAL_THROUGHPUT: f64 = 10e6;

/// Bytes of a store item.
const USUAL_ITEM: f64 = 256.0 * 1024.0;

/// Round trips of a build that is sent, done and brought back.
const ROUND_TRIPS: f64 = 8.0;

/// What each failure in a row adds, as a part of the whole: some of what is
/// begun there will have to be begun again elsewhere.
const FAILURE_COST: f64 = 0.5;

/// What other builds there add, if they have all slots but one: enough that
/// equal machines share the work, not so much that a slow one that is idle
/// comes before a fast one.
const NEIGHBOURS_COST: f64 = 0.5;

/// The least part of a machine that a build gets.
const LEAST_SHARE: f64 = 0.1;

/// How long a load still hints at what a machine has free.
const HINT_LASTS: Duration = Duration::from_secs(5 * 60);

/// What a build needs of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Requirements<'a> {
    /// System type of the derivation.
    pub system: &'a str,
    /// Features that it requires.
    pub features: &'a [String],
    /// What must be there for the build, as far as it is known: prefixes of
    /// hash parts (see [`super::evidence::prefix`]).
    pub closure: &'a [u64],
    /// Something may have to go there or come back by a signature. Unless it
    /// is known that nothing has, it is true.
    pub signed: bool,
}

/// One machine, and what was decided about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its place in the list.
    pub machine: usize,
    /// The decision with its reason.
    pub verdict: Verdict,
}

/// What was decided about one machine.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It can be tried.
    Ready {
        /// Seconds until the build is expected to be done there.
        expected: f64,
        /// It answered lately; else nothing speaks against it.
        good: bool,
        /// It failed and its rest is over: one at a time tries it, so it must
        /// be claimed first.
        trial: bool,
    },
    /// It is busy with other things.
    Loaded {
        /// Its normalised load, if it told.
        load: Option<f64>,
        /// From which on it takes no builds.
        threshold: Option<f64>,
    },
    /// Its store is full.
    LowSpace {
        /// What is free there, if it told.
        free_bytes: Option<u64>,
    },
    /// It failed and is left alone.
    Resting {
        /// Until when.
        until: Moment,
        /// What happened.
        reason: String,
    },
    /// It was taken out of service.
    Drained {
        /// Until when, if that was said.
        until: Option<Moment>,
        /// Why; may be empty.
        reason: String,
    },
    /// It is not for builds of that system.
    WrongSystem,
    /// It lacks a required feature.
    LacksFeature(String),
}

impl Verdict {
    /// The machine can be tried now.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready { .. })
    }

    /// The machine file says that such builds can be done there, now or later.
    pub fn matches(&self) -> bool {
        !matches!(self, Self::WrongSystem | Self::LacksFeature(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = |reason: &str| match reason {
            "" => String::new(),
            reason => format!(" ({reason})"),
        };
        match self {
            Self::Ready {
                expected,
                good,
                trial,
            } => {
                let standing = match (trial, good) {
                    (true, _) => "to be tried again",
                    (false, true) => "good",
                    (false, false) => "not known yet",
                };
                write!(f, "{standing}, expected to take {}", seconds(*expected))
            }
            Self::Loaded { load, threshold } => {
                f.write_str("overloaded")?;
                if let (Some(load), Some(threshold)) = (load, threshold) {
                    write!(f, " (load {load:.2}, threshold {threshold})")?;
                }
                Ok(())
            }
            Self::LowSpace { free_bytes } => {
                f.write_str("low on disk space")?;
                match free_bytes {
                    Some(free) => write!(f, " ({} free)", amount(*free)),
                    None => Ok(()),
                }
            }
            Self::Resting { until, reason } => {
                write!(
                    f,
                    "resting until {}{}",
                    until.time_of_day(),
                    because(reason)
                )
            }
            Self::Drained { until, reason } => {
                f.write_str("drained")?;
                if let Some(until) = until {
                    write!(f, " until {until}")?;
                }
                f.write_str(&because(reason))
            }
            Self::WrongSystem => f.write_str("is not declared for that system"),
            Self::LacksFeature(feature) => write!(f, "lacks the feature '{feature}'"),
        }
    }
}

fn seconds(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 600.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

/// Every machine with the decision about it: those that can be tried in the
/// order to try them, then those that match and cannot be tried now, then the
/// others.
///
/// `evidence` stands beside the machines; what is missing at its end is taken
/// as empty. Where the caller fills in the slots of some machines he does so
/// for all that he wants to compare. `chance` gives numbers from 0 to 1.
pub fn order(
    machines: &[BuildMachine],
    evidence: &[Evidence],
    requirements: &Requirements<'_>,
    now: Moment,
    chance: &mut dyn FnMut() -> f64,
) -> Vec<Choice> {
    let nothing = Evidence::default();
    let known = evidence.iter().chain(std::iter::repeat(&nothing));
    let estimate = Estimate {
        work: usual_work(machines, evidence),
        items: requirements.closure.len(),
        sample: Sample::of(requirements.closure),
        now,
    };
    let mut choices: Vec<(f64, Choice)> = machines
        .iter()
        .zip(known)
        .enumerate()
        .map(|(machine, (described, evidence))| {
            let verdict = judge(described, evidence, requirements, &estimate);
            let time = match verdict {
                Verdict::Ready { expected, .. } => expected * (1.0 + NEARLY * chance()),
                _ => 0.0,
            };
            (time, Choice { machine, verdict })
        })
        .collect();
    choices.sort_by(|(a, one), (b, other)| {
        let by_place = place(&one.verdict).cmp(&place(&other.verdict));
        by_place.then(a.total_cmp(b))
    });
    choices.into_iter().map(|(_, choice)| choice).collect()
}

/// Where a machine stands: its group, and in it the one first that is back
/// first.
fn place(verdict: &Verdict) -> (u8, Moment) {
    let at_once = Moment::default();
    match verdict {
        Verdict::Ready { .. } => (0, at_once),
        Verdict::Loaded { .. } | Verdict::LowSpace { .. } => (1, at_once),
        Verdict::Resting { until, .. } => (1, *until),
        Verdict::Drained { .. } => (2, at_once),
        Verdict::WrongSystem | Verdict::LacksFeature(_) => (3, at_once),
    }
}

fn judge(
    machine: &BuildMachine,
    evidence: &Evidence,
    requirements: &Requirements<'_>,
    estimate: &Estimate,
) -> Verdict {
    if !machine.systems.iter().any(|s| s == requirements.system) {
        return Verdict::WrongSystem;
    }
    let lacking = requirements
        .features
        .iter()
        .find(|wanted| !machine.features.contains(wanted));
    if let Some(feature) = lacking {
        return Verdict::LacksFeature(feature.clone());
    }
    let ready = |good, trial| Verdict::Ready {
        expected: estimate.seconds(machine, evidence),
        good,
        trial,
    };
    let now = estimate.now;
    match evidence.state(machine, now) {
        State::Good => ready(true, false),
        State::Unknown => ready(false, evidence.is_trial(machine, now)),
        State::Resting {
            kind: FailureKind::UnauthorisedSigningKey,
            ..
        } if !requirements.signed => ready(false, false),
        State::Loaded { load } => Verdict::Loaded {
            load,
            threshold: machine.overload_threshold,
        },
        State::LowSpace { free_bytes } => Verdict::LowSpace { free_bytes },
        State::Resting { until, reason, .. } => Verdict::Resting { until, reason },
        State::Drained { until, reason } => Verdict::Drained { until, reason },
    }
}

/// What the expectation for each machine rests on.
struct Estimate {
    /// Seconds of a machine of speed 1.
    work: f64,
    items: usize,
    sample: Sample,
    now: Moment,
}

impl Estimate {
    /// How long the build is expected to take with everything around it.
    #[allow(clippy::cast_precision_loss)] // an estimate
    fn seconds(&self, machine: &BuildMachine, evidence: &Evidence) -> f64 {
        let span = |span: Option<Duration>, usual| span.map_or(usual, |span| span.as_secs_f64());
        let connect = span(evidence.connect, USUAL_CONNECT);
        let round_trips = ROUND_TRIPS * span(evidence.round_trip, USUAL_ROUND_TRIP);
        let bytes = evidence.sent.lacking(&self.sample) * self.items as f64 * USUAL_ITEM;
        let throughput = evidence.throughput.unwrap_or(USUAL_THROUGHPUT).max(1e3);
        let work = self.work / (speed(machine) * self.share(evidence)) * neighbours(evidence);
        let failures = f64::from(evidence.failures_lately(self.now).min(10));
        (connect + round_trips + bytes / throughput + work) * (1.0 + FAILURE_COST * failures)
    }

    /// The part of the machine that is free.
    fn share(&self, evidence: &Evidence) -> f64 {
        let hint = evidence.load.as_ref().filter(|load| {
            let age = self.now.since(load.at);
            age.is_some_and(|age| age <= HINT_LASTS)
        });
        (1.0 - hint.map_or(0.0, Load::normalised)).max(LEAST_SHARE)
    }
}

/// How much longer a build takes for those that run beside it. The load tells
/// that too, but is an average of the last minute.
fn neighbours(evidence: &Evidence) -> f64 {
    let Some((free, all)) = evidence.slots else {
        return 1.0;
    };
    let taken = f64::from(all.saturating_sub(free)) / f64::from(all.max(1));
    1.0 + NEIGHBOURS_COST * taken
}

/// A declared speed as a number that can be reckoned with.
fn speed(machine: &BuildMachine) -> f64 {
    let declared = machine.speed;
    if declared.is_nan() {
        return 1.0;
    }
    declared.clamp(1e-3, 1e6)
}

/// The work of a build as the machines have seen it lately, in seconds of a
/// machine of speed 1.
fn usual_work(machines: &[BuildMachine], evidence: &[Evidence]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (machine, evidence) in machines.iter().zip(evidence) {
        if let Some(took) = evidence.expected_build() {
            sum += took.as_secs_f64() * speed(machine);
            count += 1.0;
        }
    }
    if count > 0.0 { sum / count } else { USUAL_WORK }
}

#[cfg(test)]
mod tests;
