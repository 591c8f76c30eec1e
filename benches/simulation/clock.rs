//! Time and what happens in it: a queue of events.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use offload::clock::Moment;

/// Microseconds since the simulation began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

/// When simulations begin, on the wall clock.
const BEGIN: u64 = 1_764_000_000_000;

impl Time {
    /// The end of all time.
    pub const NEVER: Self = Self(u64::MAX);

    /// So many seconds after the beginning.
    pub fn at(seconds: f64) -> Self {
        Self::default().after(seconds)
    }

    /// So many seconds later.
    pub fn after(self, seconds: f64) -> Self {
        self.plus(Duration::from_secs_f64(seconds))
    }

    /// This much later.
    pub fn plus(self, duration: Duration) -> Self {
        let more = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(more))
    }

    /// The time from an earlier moment to this one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the beginning.
    #[allow(clippy::cast_precision_loss)] // no simulation lasts so long
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// On the wall clock.
    pub fn moment(self) -> Moment {
        Moment(BEGIN + self.0 / 1000)
    }

    /// The first time whose moment is not before that one.
    pub fn of(moment: Moment) -> Self {
        Self(moment.0.saturating_sub(BEGIN).saturating_mul(1000))
    }
}

/// What is to happen, in order; of two things at the same time, the one that
/// was planned first.
#[derive(Debug)]
pub struct Queue<E> {
    now: Time,
    planned: u64,
    heap: BinaryHeap<Reverse<(Time, u64, E)>>,
}

impl<E: Ord> Queue<E> {
    /// Nothing is to happen.
    pub fn new() -> Self {
        Self {
            now: Time::default(),
            planned: 0,
            heap: BinaryHeap::new(),
        }
    }

    /// The present.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Plans something.
    pub fn plan(&mut self, at: Time, event: E) {
        self.planned += 1;
        self.heap
            .push(Reverse((at.max(self.now), self.planned, event)));
    }

    /// What happens next; time goes on to it.
    pub fn next(&mut self) -> Option<E> {
        let Reverse((at, _, event)) = self.heap.pop()?;
        self.now = at;
        Some(event)
    }
}
