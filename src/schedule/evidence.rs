//! What is known of a machine, and how what happens to a build changes it.
//!
//! Evidence is shared by all hooks of a host and outlives them, so its times
//! are those of the wall clock. That clock may jump: a time that lies further
//! in the future than it can have been set for counts as not there, so that no
//! jump locks a machine out.

mod sent;
mod text;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

pub use sent::{Sample, Sent, prefix};
pub use text::MAX_TEXT;

use crate::clock::Moment;
use crate::machines::record::BuildMachine;

/// Below this a machine's store takes no builds, as in stock.
pub const LEAST_SPACE: u64 = 100 << 20;

/// How long a load is believed: a busy machine is asked again after that.
const LOAD_LASTS: Duration = Duration::from_secs(30);

/// How long a store is believed to be full.
const SPACE_LASTS: Duration = Duration::from_secs(5 * 60);

/// How long a machine that has answered counts as known.
const ANSWER_LASTS: Duration = Duration::from_secs(10 * 60);

/// The first rest, doubled with each failure.
const FIRST_REST: Duration = Duration::from_secs(5);

/// The longest rest after what may pass by itself.
const LONGEST_REST: Duration = Duration::from_secs(5 * 60);

/// The least rest after a refused key: sshd punishes who comes back.
const KEY_REST: Duration = Duration::from_secs(60);

/// The rest after what does not pass by itself.
const LONG_REST: Duration = Duration::from_secs(30 * 60);

/// How long one who tries a machine keeps others from it. A hook that is
/// killed while it tries never takes its claim back.
const TRIAL_LASTS: Duration = Duration::from_secs(20);

/// Failures that lie back so far do not lengthen the next rest.
const FAILURES_LAST: Duration = Duration::from_secs(15 * 60);

/// Build durations that are kept.
const DURATIONS: usize = 16;

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 300;

/// Weight of what is new in a smoothed value.
const NEW: f64 = 0.3;

/// A shorter transfer tells more of round trips than of throughput.
const LEAST_TRANSFER: u64 = 128 << 10;

/// What is known of a machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// When it last authenticated us.
    pub answered: Option<Moment>,
    /// How long connecting takes.
    pub connect: Option<Duration>,
    /// A round trip on a connection.
    pub round_trip: Option<Duration>,
    /// Bytes that go there in a second.
    pub throughput: Option<f64>,
    /// Load and space when it was last asked.
    pub load: Option<Load>,
    /// How long the last builds took, the newest last.
    pub durations: Vec<Duration>,
    /// Failures in a row.
    pub failures: u32,
    /// The last of them.
    pub failed: Option<Moment>,
    /// Until when it is left alone.
    pub rest: Option<Rest>,
    /// Since when somebody tries it whose rest is over.
    pub probing: Option<Moment>,
    /// What it was sent lately.
    pub sent: Sent,
    /// It was taken out of service; kept in a file of its own.
    pub drain: Option<Drain>,
    /// Its free slots and all its slots, if the caller has looked; kept
    /// nowhere.
    pub slots: Option<(u32, u32)>,
}

/// What a machine tells of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Processes that run or want to, averaged over the last minute.
    pub average: f64,
    /// Its processors.
    pub cores: u32,
    /// What is free in the store's file system.
    pub free_bytes: u64,
    /// Its clock less ours.
    pub clock_difference_ms: i64,
    /// When that was.
    pub at: Moment,
}

impl Load {
    /// The load for each processor, at most 1, as stock has it.
    pub fn normalised(&self) -> f64 {
        (self.average / f64::from(self.cores.max(1))).clamp(0.0, 1.0)
    }
}

/// A machine is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Until then.
    pub until: Moment,
    /// After what kind of failure.
    pub kind: FailureKind,
    /// What happened, on one line.
    pub reason: String,
    /// The [`identity`] of the machine that failed. Another key or host key in
    /// the machine file makes it another machine.
    pub identity: Option<u64>,
}

/// A machine takes no new builds by an administrator's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Until then; `None`: until the word is taken back.
    pub until: Option<Moment>,
    /// Why, on one line; may be empty.
    pub reason: String,
}

/// What happened between a build and a machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// It authenticated us.
    Answered {
        /// How long that took; `None` on a connection that was there already.
        connect: Option<Duration>,
        /// A round trip, where one was measured.
        round_trip: Option<Duration>,
    },
    /// It should have greeted by now, and has not: nobody counts on it until it
    /// answers.
    Silent,
    /// It told its load.
    Load(Load),
    /// It was sent items, or has built them.
    Sent {
        /// [`prefix`]es of their hash parts.
        items: &'a [u64],
        /// Bytes that went over the line.
        bytes: u64,
        /// How long they took.
        took: Duration,
    },
    /// It did a build, and the outputs are good.
    Built {
        /// How long the build took there.
        took: Duration,
    },
    /// It failed.
    Failed {
        /// What that means for it.
        kind: FailureKind,
        /// What happened.
        reason: &'a str,
    },
}

/// What a failure means for the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It may be over soon: no route, silence, a daemon that is absent.
    Passing,
    /// It does not take our key.
    RefusedKey,
    /// It shows another host key than it should.
    HostKey,
    /// One side does not know the other's signing key: only what needs no
    /// signature can be built there.
    UnauthorisedSigningKey,
    /// Its store is full.
    LowSpace,
    /// It is busy with other things.
    Overloaded,
    /// What came from it is not what it should be.
    WrongOutput,
}

/// Whether a machine can be given a build. Whether it has a free slot is for
/// the slots to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It answered lately.
    Good,
    /// Nothing speaks against it.
    Unknown,
    /// Its load is at its threshold.
    Loaded {
        /// Its normalised load, if that was told.
        load: Option<f64>,
    },
    /// Its store is full.
    LowSpace {
        /// What is free, if that was told.
        free_bytes: Option<u64>,
    },
    /// It failed and is left alone, or somebody else is trying it.
    Resting {
        /// Until when.
        until: Moment,
        /// After what kind of failure.
        kind: FailureKind,
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
}

impl FailureKind {
    /// Each kind with its name in files.
    const NAMES: [(Self, &'static str); 7] = [
        (Self::Passing, "passing"),
        (Self::RefusedKey, "refused-key"),
        (Self::HostKey, "host-key"),
        (Self::UnauthorisedSigningKey, "signing-key"),
        (Self::LowSpace, "low-space"),
        (Self::Overloaded, "overloaded"),
        (Self::WrongOutput, "wrong-output"),
    ];

    /// A candidate was lost, but the machine has done nothing wrong.
    pub fn is_circumstance(self) -> bool {
        matches!(self, Self::LowSpace | Self::Overloaded)
    }

    /// That we are logged in again proves it to be over.
    fn ends_with_answer(self) -> bool {
        matches!(self, Self::Passing | Self::RefusedKey | Self::HostKey)
    }

    /// The rest after so many failures in a row.
    fn rest(self, failures: u32) -> Duration {
        let doubled = FIRST_REST
            .saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)))
            .min(LONGEST_REST.mul_f64(0.8));
        match self {
            Self::Passing => doubled,
            Self::RefusedKey | Self::UnauthorisedSigningKey => doubled.max(KEY_REST),
            Self::HostKey | Self::WrongOutput => LONG_REST.mul_f64(0.8),
            Self::LowSpace => SPACE_LASTS.mul_f64(0.8),
            Self::Overloaded => LOAD_LASTS.mul_f64(0.8),
        }
    }

    /// The longest rest that [`Evidence::after`] gives.
    fn longest(self) -> Duration {
        match self {
            Self::Passing | Self::RefusedKey | Self::UnauthorisedSigningKey => LONGEST_REST,
            Self::HostKey | Self::WrongOutput => LONG_REST,
            Self::LowSpace => SPACE_LASTS,
            Self::Overloaded => LOAD_LASTS,
        }
    }
}

impl Evidence {
    /// Takes an outcome into account; `chance` gives numbers from 0 to 1.
    ///
    /// An answer ends the rest, but only a build ends the row of failures: a
    /// machine that lets everybody in and then loses each build would get one
    /// after the other, since its slots are always free.
    pub fn after(&mut self, outcome: Outcome<'_>, now: Moment, chance: &mut dyn FnMut() -> f64) {
        match outcome {
            Outcome::Answered {
                connect,
                round_trip,
            } => {
                self.answered = Some(now);
                self.probing = None;
                smooth(&mut self.connect, connect);
                smooth(&mut self.round_trip, round_trip);
                if let Some(rest) = &self.rest
                    && (rest.kind.ends_with_answer() || rest.until <= now)
                {
                    self.rest = None;
                }
            }
            Outcome::Silent => self.answered = None,
            Outcome::Load(load) => self.told(load, now),
            Outcome::Sent { items, bytes, took } => {
                self.sent.note(items);
                if bytes >= LEAST_TRANSFER && !took.is_zero() {
                    self.carried(bytes, took);
                }
            }
            Outcome::Built { took } => {
                self.answered = Some(now);
                self.probing = None;
                self.failures = 0;
                self.failed = None;
                self.durations.push(took);
                let surplus = self.durations.len().saturating_sub(DURATIONS);
                self.durations.drain(..surplus);
                // A broken disk may do other builds well.
                if let Some(rest) = &self.rest
                    && rest.kind != FailureKind::WrongOutput
                {
                    self.rest = None;
                }
            }
            Outcome::Failed { kind, reason } => self.fail(kind, reason, now, chance),
        }
    }

    fn told(&mut self, load: Load, now: Moment) {
        self.load = Some(Load { at: now, ..load });
        let is_over = |rest: &Rest| match rest.kind {
            FailureKind::LowSpace => load.free_bytes >= LEAST_SPACE,
            // The load speaks for itself.
            FailureKind::Overloaded => true,
            _ => false,
        };
        if self.rest.as_ref().is_some_and(is_over) {
            self.rest = None;
        }
    }

    #[allow(clippy::cast_precision_loss)] // an estimate
    fn carried(&mut self, bytes: u64, took: Duration) {
        let seen = bytes as f64 / took.as_secs_f64();
        self.throughput = Some(match self.throughput {
            Some(before) => before + NEW * (seen - before),
            None => seen,
        });
    }

    fn fail(
        &mut self,
        kind: FailureKind,
        reason: &str,
        now: Moment,
        chance: &mut dyn FnMut() -> f64,
    ) {
        self.probing = None;
        // Many builds lose one machine together: that is one failure.
        let is_resting = self
            .active_rest(now)
            .is_some_and(|rest| !rest.kind.is_circumstance());
        if !kind.is_circumstance() && !is_resting {
            if self.failures_lately(now) == 0 {
                self.failures = 0;
            }
            self.failures = self.failures.saturating_add(1);
            self.failed = Some(now);
        }
        let jitter = 1.0 + 0.25 * chance().clamp(0.0, 1.0);
        let duration = kind.rest(self.failures).mul_f64(jitter);
        let until = now.plus(duration.min(kind.longest()));
        if self
            .active_rest(now)
            .is_some_and(|rest| rest.until >= until)
        {
            return;
        }
        self.rest = Some(Rest {
            until,
            kind,
            reason: one_line(reason),
            identity: None,
        });
    }

    /// Failures in a row, none of which lies far back.
    pub fn failures_lately(&self, now: Moment) -> u32 {
        let lately = within(self.failed, now, FAILURES_LAST);
        if lately { self.failures } else { 0 }
    }

    /// Tells whether it answered so lately that nobody needs to ask again.
    pub fn is_fresh(&self, now: Moment, lasts: Duration) -> bool {
        within(self.answered, now, lasts)
    }

    /// The mean of the last builds' durations.
    pub fn expected_build(&self) -> Option<Duration> {
        let count = u32::try_from(self.durations.len()).ok()?;
        let sum = self
            .durations
            .iter()
            .fold(Duration::ZERO, |sum, took| sum.saturating_add(*took));
        sum.checked_div(count)
    }

    /// Its load, if it is new enough to be believed.
    pub fn current_load(&self, now: Moment) -> Option<&Load> {
        let load = self.load.as_ref()?;
        within(Some(load.at), now, LOAD_LASTS).then_some(load)
    }

    /// Whether the machine can be given a build.
    pub fn state(&self, machine: &BuildMachine, now: Moment) -> State {
        if let Some(drain) = self.drain.as_ref().filter(|drain| !drain.is_over(now)) {
            return State::Drained {
                until: drain.until,
                reason: drain.reason.clone(),
            };
        }
        if let Some(rest) = self.rest.as_ref().filter(|rest| rest.concerns(machine)) {
            if rest.is_active(now) {
                return self.rest_state(rest, rest.until);
            }
            if let Some(until) = self.trial_until(now)
                && !rest.kind.is_circumstance()
            {
                return self.rest_state(rest, until);
            }
        }
        if let Some(load) = &self.load
            && within(Some(load.at), now, SPACE_LASTS)
            && load.free_bytes < LEAST_SPACE
        {
            return State::LowSpace {
                free_bytes: Some(load.free_bytes),
            };
        }
        if let Some(load) = self.current_load(now).map(Load::normalised)
            && machine
                .overload_threshold
                .is_some_and(|threshold| load >= threshold)
        {
            return State::Loaded { load: Some(load) };
        }
        if within(self.answered, now, ANSWER_LASTS) && !self.is_trial(machine, now) {
            State::Good
        } else {
            State::Unknown
        }
    }

    fn rest_state(&self, rest: &Rest, until: Moment) -> State {
        match rest.kind {
            FailureKind::LowSpace => State::LowSpace {
                free_bytes: self.load.map(|load| load.free_bytes),
            },
            FailureKind::Overloaded => State::Loaded {
                load: self.load.map(|load| load.normalised()),
            },
            kind => State::Resting {
                until,
                kind,
                reason: rest.reason.clone(),
            },
        }
    }

    /// Tells whether its rest is over but nobody has seen it work again: one
    /// at a time may [`Evidence::claim`] it then.
    pub fn is_trial(&self, machine: &BuildMachine, now: Moment) -> bool {
        let rest = self.rest.as_ref().filter(|rest| rest.concerns(machine));
        rest.is_some_and(|rest| !rest.kind.is_circumstance() && !rest.is_active(now))
    }

    /// Tells whether the caller may try it, and keeps others from it meanwhile
    /// if it is a trial.
    pub fn claim(&mut self, machine: &BuildMachine, now: Moment) -> bool {
        if !self.is_trial(machine, now) {
            return true;
        }
        if self.trial_until(now).is_some() {
            return false;
        }
        self.probing = Some(now);
        true
    }

    /// Tells whether the caller may look whether it is there, and keeps others
    /// from looking meanwhile.
    pub fn explore(&mut self, now: Moment) -> bool {
        let is_free = self.trial_until(now).is_none();
        if is_free {
            self.probing = Some(now);
        }
        is_free
    }

    /// Until when others keep off because somebody tries it.
    fn trial_until(&self, now: Moment) -> Option<Moment> {
        let since = self.probing?;
        within(Some(since), now, TRIAL_LASTS).then(|| since.plus(TRIAL_LASTS))
    }

    fn active_rest(&self, now: Moment) -> Option<&Rest> {
        self.rest.as_ref().filter(|rest| rest.is_active(now))
    }
}

impl Rest {
    /// It is not over, nor so far off that the clock must have jumped.
    fn is_active(&self, now: Moment) -> bool {
        self.until > now && self.until <= now.plus(self.kind.longest())
    }

    fn concerns(&self, machine: &BuildMachine) -> bool {
        self.identity
            .is_none_or(|failed| failed == identity(machine))
    }
}

impl Drain {
    /// Its time has come.
    pub fn is_over(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// A number for what is needed to get at a machine. When the machine file
/// changes it, what failed before says nothing.
pub fn identity(machine: &BuildMachine) -> u64 {
    let mut hasher = DefaultHasher::new();
    (
        &machine.user,
        &machine.private_key,
        &machine.host_key,
        &machine.daemon_socket,
    )
        .hash(&mut hasher);
    hasher.finish()
}

/// The text on one line and of bounded length, without what a terminal obeys.
pub fn one_line(text: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.chars().take(MAX_REASON).map(printable).collect();
    text.trim().to_owned()
}

/// Tells whether it happened, not longer ago than that and not in the future.
fn within(at: Option<Moment>, now: Moment, lasts: Duration) -> bool {
    at.and_then(|at| now.since(at))
        .is_some_and(|ago| ago <= lasts)
}

fn smooth(value: &mut Option<Duration>, seen: Option<Duration>) {
    let Some(seen) = seen else { return };
    *value = Some(match *value {
        Some(before) => before.mul_f64(1.0 - NEW).saturating_add(seen.mul_f64(NEW)),
        None => seen,
    });
}

#[cfg(test)]
mod tests;
