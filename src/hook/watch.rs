//! The watch over an accepted build: time limits, SIGTERM, signs of life.
//!
//! The daemons of 2014 and 2015 keep no limits for hooks, so the hook keeps
//! them itself. The build machine's daemon has the same limits and reports
//! first, with a better message; this is what holds when it does not.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::exit::Exit;
use super::progress::Progress;
use crate::events::Journal;

/// How often the watch looks.
const TICK: Duration = Duration::from_millis(100);

/// How much longer than a limit the build machine has to report it.
const GRACE: Duration = Duration::from_secs(2);

/// How long the hook has to end by itself once the watch has ended it.
const LAST_MOMENTS: Duration = Duration::from_secs(3);

/// Longest time without a line while something moves.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// Why the watch ended a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was heard of the build for max-silent-time.
    Silent,
    /// The build took longer than build-timeout.
    TooLong,
    /// SIGTERM came.
    Terminated,
}

impl Verdict {
    /// The status that tells the daemon.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Silent | Self::TooLong => Exit::TimeLimit,
            Self::Terminated => Exit::Trouble,
        }
    }
}

/// What can be ended from outside: a connection.
pub trait Ending: Send {
    /// Ends it at once.
    fn end(&self);
}

/// What there is to do when the watch has to end the process itself.
pub type LastAct = Box<dyn Fn(Exit) + Send>;

/// The watch's face towards the build.
#[derive(Clone)]
pub struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    begun: Instant,
    heard: AtomicU64,
    building: AtomicBool,
    verdict: AtomicU8,
    over: AtomicBool,
    step: Mutex<Progress>,
    journal: Journal,
    connection: Mutex<Option<Box<dyn Ending>>>,
}

/// The limits of a build; zero means none.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest silence of the builder.
    pub silent: Duration,
    /// Longest time since the acceptance.
    pub total: Duration,
}

impl Watch {
    /// Starts to watch.
    pub fn start(
        limits: Limits,
        terminated: Arc<AtomicBool>,
        journal: Journal,
        last_act: LastAct,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            begun: Instant::now(),
            heard: AtomicU64::new(0),
            building: AtomicBool::new(false),
            verdict: AtomicU8::new(0),
            over: AtomicBool::new(false),
            step: Mutex::new(Progress::new("", Instant::now())),
            journal,
            connection: Mutex::new(None),
        });
        let watched = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watch(&watched, limits, &terminated, &last_act))?;
        Ok(Self { shared })
    }

    /// The builder said something.
    pub fn heard(&self) {
        self.shared
            .heard
            .store(self.shared.milliseconds(), Ordering::Relaxed);
    }

    /// A step begins; `doing` is told from time to time while it lasts.
    pub fn doing(&self, doing: &str) {
        self.begin(Progress::new(doing, Instant::now()));
    }

    /// A transfer begins, of so many bytes if that is known.
    pub fn transferring(&self, doing: &str, total: Option<u64>) {
        self.begin(Progress::transfer(doing, total, Instant::now()));
    }

    fn begin(&self, step: Progress) {
        self.shared.building.store(false, Ordering::Relaxed);
        self.shared.next_step(step);
    }

    /// The build begins: from now on silence counts, and it is not broken by
    /// signs of life of ours.
    pub fn building(&self) {
        self.heard();
        self.shared.building.store(true, Ordering::Relaxed);
        self.shared.next_step(Progress::new("", Instant::now()));
    }

    /// So many bytes of the step have moved.
    pub fn moved(&self, bytes: u64) {
        locked(&self.shared.step).moved(bytes);
    }

    /// Tells what to end when the build must end.
    pub fn guard(&self, connection: Box<dyn Ending>) {
        *locked(&self.shared.connection) = Some(connection);
        if self.verdict().is_some() {
            self.shared.end_connection();
        }
    }

    /// What the watch has decided, if anything.
    pub fn verdict(&self) -> Option<Verdict> {
        match self.shared.verdict.load(Ordering::SeqCst) {
            1 => Some(Verdict::Silent),
            2 => Some(Verdict::TooLong),
            3 => Some(Verdict::Terminated),
            _ => None,
        }
    }

    /// Waits, but not beyond a verdict.
    pub fn sleep(&self, duration: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < duration && self.verdict().is_none() {
            std::thread::sleep(TICK.min(duration.saturating_sub(begun.elapsed())));
        }
    }

    /// The build is over: nothing is to be ended any more.
    pub fn over(&self) {
        self.shared.over.store(true, Ordering::SeqCst);
    }

    /// Time since the acceptance.
    pub fn elapsed(&self) -> Duration {
        self.shared.begun.elapsed()
    }
}

impl Shared {
    fn milliseconds(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn since(&self, moment: &AtomicU64) -> Duration {
        let then = moment.load(Ordering::Relaxed);
        Duration::from_millis(self.milliseconds().saturating_sub(then))
    }

    /// Ends a step, with a word if it was a long one.
    fn next_step(&self, step: Progress) {
        let before = std::mem::replace(&mut *locked(&self.step), step);
        if let Some(line) = before.end(Instant::now()) {
            self.journal.say(&line);
        }
    }

    fn end_connection(&self) {
        if let Some(connection) = locked(&self.connection).as_ref() {
            connection.end();
        }
    }

    fn judge(&self, limits: Limits, terminated: &AtomicBool) -> Option<Verdict> {
        let passed = |limit: Duration, time: Duration| {
            !limit.is_zero() && time > limit.saturating_add(GRACE)
        };
        if terminated.load(Ordering::SeqCst) {
            Some(Verdict::Terminated)
        } else if passed(limits.total, self.begun.elapsed()) {
            Some(Verdict::TooLong)
        } else if self.building.load(Ordering::Relaxed)
            && passed(limits.silent, self.since(&self.heard))
        {
            Some(Verdict::Silent)
        } else {
            None
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch(shared: &Shared, limits: Limits, terminated: &AtomicBool, last_act: &LastAct) {
    let sign = if limits.silent.is_zero() {
        SIGN_OF_LIFE
    } else {
        SIGN_OF_LIFE.min(limits.silent / 2)
    };
    loop {
        std::thread::sleep(TICK);
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        if let Some(verdict) = shared.judge(limits, terminated) {
            let code = match verdict {
                Verdict::Silent => 1,
                Verdict::TooLong => 2,
                Verdict::Terminated => 3,
            };
            shared.verdict.store(code, Ordering::SeqCst);
            shared.end_connection();
            std::thread::sleep(LAST_MOMENTS);
            if !shared.over.load(Ordering::SeqCst) {
                last_act(verdict.exit());
            }
            return;
        }
        if !shared.building.load(Ordering::Relaxed) {
            let line = locked(&shared.step).line(Instant::now(), sign);
            if let Some(line) = line {
                shared.journal.say(&line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Flag(Arc<AtomicBool>);

    impl Ending for Flag {
        fn end(&self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    fn start(limits: Limits, terminated: &Arc<AtomicBool>) -> Watch {
        Watch::start(
            limits,
            Arc::clone(terminated),
            Journal::new(None),
            Box::new(|_| {}),
        )
        .unwrap()
    }

    fn wait_for(what: impl Fn() -> bool) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if what() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    #[test]
    fn sigterm_ends_the_connection() {
        let terminated = Arc::new(AtomicBool::new(false));
        let none = Limits {
            silent: Duration::ZERO,
            total: Duration::ZERO,
        };
        let watch = start(none, &terminated);
        let ended = Arc::new(AtomicBool::new(false));
        watch.guard(Box::new(Flag(Arc::clone(&ended))));
        assert_eq!(watch.verdict(), None);
        terminated.store(true, Ordering::SeqCst);
        assert!(wait_for(|| ended.load(Ordering::SeqCst)));
        assert_eq!(watch.verdict(), Some(Verdict::Terminated));
        watch.over();
    }

    #[test]
    fn silence_counts_while_building_only() {
        let terminated = Arc::new(AtomicBool::new(false));
        let limits = Limits {
            silent: Duration::from_millis(1),
            total: Duration::ZERO,
        };
        let watch = start(limits, &terminated);
        watch.doing("sending");
        std::thread::sleep(GRACE + TICK * 3);
        assert_eq!(watch.verdict(), None);
        watch.building();
        assert!(wait_for(|| watch.verdict() == Some(Verdict::Silent)));
        watch.over();
    }
}
