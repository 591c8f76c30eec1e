//! What is told of a step while it lasts: of a transfer how far it is, of
//! everything else that it lasts.

use std::time::{Duration, Instant};

use crate::events::amount;

/// A transfer that is over sooner is told of only at its beginning.
const LONG: Duration = Duration::from_secs(3);

/// How often a transfer that moves is told of.
const EACH: Duration = Duration::from_secs(1);

/// One step of a build.
#[derive(Clone, Debug)]
pub struct Progress {
    doing: String,
    transfer: Option<Transfer>,
    begun: Instant,
    spoken: Instant,
}

/// Bytes on their way.
#[derive(Clone, Copy, Debug, Default)]
struct Transfer {
    /// How many there are, if that is known.
    total: Option<u64>,
    /// How many have moved.
    moved: u64,
    /// How many had, when it was last told.
    told: u64,
}

impl Progress {
    /// A step; nothing is told of one without a name.
    pub fn new(doing: &str, now: Instant) -> Self {
        Self {
            doing: doing.to_owned(),
            transfer: None,
            begun: now,
            spoken: now,
        }
    }

    /// A transfer, of so many bytes if that is known.
    pub fn transfer(doing: &str, total: Option<u64>, now: Instant) -> Self {
        Self {
            transfer: Some(Transfer {
                total,
                ..Transfer::default()
            }),
            ..Self::new(doing, now)
        }
    }

    /// So many bytes have moved so far.
    pub fn moved(&mut self, bytes: u64) {
        if let Some(transfer) = &mut self.transfer {
            transfer.moved = bytes;
        }
    }

    /// The line for now, if it is time for one; without news there is one
    /// each `sign`.
    pub fn line(&mut self, now: Instant, sign: Duration) -> Option<String> {
        let silent = now.saturating_duration_since(self.spoken);
        if self.doing.is_empty() {
            return None;
        }
        let lasted = now.saturating_duration_since(self.begun);
        let line = match &mut self.transfer {
            Some(transfer) if transfer.moved > transfer.told => {
                if lasted < LONG || silent < EACH {
                    return None;
                }
                transfer.told = transfer.moved;
                format!("{}: {}", self.doing, transfer.shown(lasted))
            }
            _ if silent < sign => return None,
            Some(transfer) => {
                let total = transfer.total.map(|total| format!(" of {}", amount(total)));
                format!(
                    "still {}, {}{} so far",
                    self.doing,
                    amount(transfer.moved),
                    total.unwrap_or_default()
                )
            }
            None => format!("still {}", self.doing),
        };
        self.spoken = now;
        Some(line)
    }

    /// What is to be said at the end of the step, if it was a long transfer.
    pub fn end(&self, now: Instant) -> Option<String> {
        let lasted = now.saturating_duration_since(self.begun);
        let transfer = self.transfer.filter(|it| it.moved > 0 && lasted >= LONG)?;
        Some(format!(
            "done {}: {} in {:.1} s, {}/s",
            self.doing,
            amount(transfer.moved),
            lasted.as_secs_f64(),
            amount(transfer.rate(lasted))
        ))
    }
}

impl Transfer {
    /// Bytes in a second.
    fn rate(self, lasted: Duration) -> u64 {
        let millis = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX).max(1);
        self.moved.saturating_mul(1000) / millis
    }

    fn shown(self, lasted: Duration) -> String {
        let rate = self.rate(lasted);
        let moved = amount(self.moved);
        match self.total {
            Some(total) => {
                let left = total.saturating_sub(self.moved) / rate.max(1);
                format!(
                    "{moved} of {}, {}/s, {left} s left",
                    amount(total),
                    amount(rate)
                )
            }
            None => format!("{moved}, {}/s", amount(rate)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGN: Duration = Duration::from_secs(30);

    fn at(begun: Instant, seconds: f64) -> Instant {
        begun + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_long_transfer_is_told_of_each_second() {
        let begun = Instant::now();
        let mut sending = Progress::transfer("sending to 'w1'", Some(512 << 20), begun);
        sending.moved(64 << 20);
        assert_eq!(sending.line(at(begun, 2.9), SIGN), None);
        assert_eq!(
            sending.line(at(begun, 4.0), SIGN).as_deref(),
            Some("sending to 'w1': 64.0 MiB of 512.0 MiB, 16.0 MiB/s, 28 s left")
        );
        sending.moved(96 << 20);
        assert_eq!(sending.line(at(begun, 4.5), SIGN), None);
        assert!(sending.line(at(begun, 5.0), SIGN).is_some());
        // Nothing moves: the long silence counts.
        assert_eq!(sending.line(at(begun, 7.0), SIGN), None);
        assert_eq!(
            sending.line(at(begun, 36.0), SIGN).as_deref(),
            Some("still sending to 'w1', 96.0 MiB of 512.0 MiB so far")
        );
        assert_eq!(
            sending.end(at(begun, 48.0)).as_deref(),
            Some("done sending to 'w1': 96.0 MiB in 48.0 s, 2.0 MiB/s")
        );
    }

    #[test]
    fn a_short_transfer_is_not_told_of() {
        let begun = Instant::now();
        let mut sending = Progress::transfer("retrieving", None, begun);
        sending.moved(5);
        assert_eq!(sending.line(at(begun, 1.0), SIGN), None);
        assert_eq!(sending.end(at(begun, 2.0)), None);
    }

    #[test]
    fn what_moves_nothing_shows_signs_of_life() {
        let begun = Instant::now();
        let mut waiting = Progress::new("waiting for a slot", begun);
        assert_eq!(waiting.line(at(begun, 29.0), SIGN), None);
        assert_eq!(
            waiting.line(at(begun, 30.0), SIGN).as_deref(),
            Some("still waiting for a slot")
        );
        assert_eq!(waiting.line(at(begun, 31.0), SIGN), None);
        let mut nameless = Progress::new("", begun);
        assert_eq!(nameless.line(at(begun, 99.0), SIGN), None);
    }
}
