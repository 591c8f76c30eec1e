//! Time, passed in where decisions depend on it.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;

use rustix::time::{ClockId, clock_gettime};

/// Time since the system started, sleep included: the same for all processes,
/// and never set by anybody.
pub fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

/// A moment until which something may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Never.
    pub const NEVER: Self = Self(None);

    /// This long from now.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now().checked_add(duration))
    }

    /// What is left; `None` without a limit, zero when it has passed.
    pub fn remaining(&self) -> Option<Duration> {
        self.0
            .map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Tells whether it has passed.
    pub fn has_passed(&self) -> bool {
        self.remaining().is_some_and(|left| left.is_zero())
    }
}

/// A moment of the wall clock, in milliseconds since 1970.
///
/// For what is kept in files: other processes read it, also after the machine
/// was started anew. That clock can jump, so whoever reads a moment must bear
/// one that lies in the future.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// The present moment.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self::default().plus(since.unwrap_or_default())
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// The time from an earlier moment to this one; `None` if that one is the
    /// later.
    pub fn since(self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_millis)
    }

    /// The time of day in UTC.
    ///
    /// The local time zone is known to no pure function, and the daemon's
    /// need not be that of whoever reads its log.
    pub fn time_of_day(self) -> impl fmt::Display {
        let second = self.seconds() % DAY;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        format!("{hour:02}:{minute:02}:{:02} UTC", second % 60)
    }

    fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

impl fmt::Display for Moment {
    /// Date and time in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.seconds() / DAY);
        write!(f, "{year:04}-{month:02}-{day:02} {}", self.time_of_day())
    }
}

/// The Gregorian date of a day counted from 1970-01-01.
///
/// Years are taken to begin in March, so that the day which some years have
/// more is their last; 400 of them are 146,097 days.
fn date(day: u64) -> (u64, u64, u64) {
    const TO_MARCH_OF_YEAR_0: u64 = 719_468;
    let day = day.saturating_add(TO_MARCH_OF_YEAR_0);
    let (era, day) = (day / 146_097, day % 146_097);
    let leap_days = day / 1460 + day / 146_096 - day / 36_524;
    let year = (day - leap_days) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on the months have 31, 30, 31, 30, 31 days, and again.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let is_next_year = month >= 10;
    let month = if is_next_year { month - 9 } else { month + 3 };
    (era * 400 + year + u64::from(is_next_year), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_text() {
        for (millis, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (978_220_800_000, "2000-12-31 00:00:00 UTC"),
            (1_764_072_790_123, "2025-11-25 12:13:10 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(Moment(millis).to_string(), text);
        }
        assert_eq!(Moment(86_399_000).time_of_day().to_string(), "23:59:59 UTC");
        assert!(!Moment(u64::MAX).to_string().is_empty());
    }

    #[test]
    fn no_arithmetic_overflows() {
        let last = Moment(u64::MAX);
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(Moment(1).since(Moment(2)), None);
        assert_eq!(Moment(1002).since(Moment(2)), Some(Duration::from_secs(1)));
    }
}
