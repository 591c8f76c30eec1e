//! What a machine tells of itself, over the connection of the build.
//!
//! No connection exists only to ask: a command runs there while the daemon is
//! greeted and items are sent. Only where nothing is known of late is its
//! answer waited for, before much is sent or anything is built.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::attempts::{Failure, Fault};
use super::context::Context;
use crate::clock::Moment;
use crate::events::amount;
use crate::gateway::Route;
use crate::machines::record::BuildMachine;
use crate::schedule::evidence::{FailureKind, LEAST_SPACE, Load, Outcome};
use crate::store::path::StoreDir;

/// How long a machine may take to tell; then it counts as unknown.
const LIMIT: Duration = Duration::from_secs(10);

/// How long a build waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long what it told before is believed.
const LASTS: Duration = Duration::from_secs(30);

/// Most of its answer that is looked at.
const MAX_ANSWER: u64 = 4 * 1024;

/// More processors than this are none.
const MAX_CORES: u32 = 1 << 16;

/// A machine that was asked.
pub struct Arrival {
    answer: Option<Receiver<Option<Load>>>,
    threshold: Option<f64>,
    machine: String,
}

impl Arrival {
    /// Asks over a connection; what comes is evidence in any case.
    pub fn ask(context: &Context, machine: &BuildMachine, connection: &Arc<Route>) -> Self {
        let (sender, answer) = mpsc::sync_channel(1);
        let (ledger, subject) = (Arc::clone(&context.ledger), machine.clone());
        let (connection, dir) = (Arc::clone(connection), context.dir.clone());
        let known = ledger.read(machine).load;
        let is_fresh = known.is_some_and(|load| {
            let ago = Moment::now().since(load.at);
            ago.is_some_and(|ago| ago <= LASTS)
        });
        let asking = thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || {
                let load = tell(&connection, &dir);
                drop(connection);
                // First whoever waits.
                let _nobody_waits = sender.send(load);
                if let Some(load) = load {
                    ledger.note(&subject, Outcome::Load(load));
                }
            });
        if let Err(error) = asking {
            log::debug!("cannot ask '{}' for its load: {error}", machine.name);
        }
        Self {
            // The choice was made by what it told before.
            answer: Some(answer).filter(|_| !is_fresh),
            threshold: machine.overload_threshold,
            machine: machine.name.clone(),
        }
    }

    /// Tells, once, whether the machine can take a build now. What it does not
    /// tell in time speaks for it.
    pub fn judge(&mut self, ended: &dyn Fn() -> bool) -> Result<(), Failure> {
        const TURN: Duration = Duration::from_millis(50);
        let Some(answer) = self.answer.take() else {
            return Ok(());
        };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && !ended() {
            match answer.recv_timeout(TURN) {
                Ok(Some(load)) => return self.verdict(&load),
                Ok(None) | Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
        Ok(())
    }

    fn verdict(&self, load: &Load) -> Result<(), Failure> {
        let machine = &self.machine;
        if load.free_bytes < LEAST_SPACE {
            return Err(Failure::new(
                Fault::Machine(FailureKind::LowSpace),
                format!(
                    "'{machine}' is low on space: {} are free in its store",
                    amount(load.free_bytes)
                ),
            )
            .with_hint(Some(format!("run on '{machine}': guix gc"))));
        }
        let normalised = load.normalised();
        match self.threshold {
            Some(threshold) if normalised >= threshold => Err(Failure::new(
                Fault::Machine(FailureKind::Overloaded),
                format!(
                    "'{machine}' is overloaded: its load is {normalised:.2} for each processor, \
                     its `overload-threshold` {threshold}"
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Runs the command there.
fn tell(connection: &Route, dir: &StoreDir) -> Option<Load> {
    // Only what every shell takes alike, and each part has lines of its own
    // form, so that one that is missing is no other.
    let command = format!(
        "cat /proc/loadavg; nproc; df -Pk '{}'; date +clock=%s",
        dir.as_str()
    );
    let output = connection
        .exec(&command)
        .and_then(|exec| exec.output(MAX_ANSWER, LIMIT))
        .map_err(|error| log::debug!("the load is unknown: {error}"))
        .ok()?;
    parse(&output.stdout, Moment::now())
}

/// Reads what the command printed; `None` when it tells neither load nor
/// space. What is missing speaks for the machine.
pub fn parse(bytes: &[u8], now: Moment) -> Option<Load> {
    let text = String::from_utf8_lossy(bytes);
    let (mut average, mut cores, mut free, mut clock) = (None, None, None, None);
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words.as_slice() {
            [first, _, _, running, _] if running.contains('/') && average.is_none() => {
                average = parse_average(first);
            }
            [number] if cores.is_none() && !number.starts_with("clock=") => {
                cores = number
                    .parse()
                    .ok()
                    .filter(|cores| (1..=MAX_CORES).contains(cores));
            }
            [word] => {
                clock = word
                    .strip_prefix("clock=")
                    .and_then(|seconds| seconds.parse::<u32>().ok());
            }
            // POSIX, `df -P -k`: device, blocks, used, free, per cent, place.
            [_, _, _, kib, percent, _, ..] if percent.ends_with('%') || *percent == "-" => {
                free = kib.parse::<u64>().ok().map(|kib| kib.saturating_mul(1024));
            }
            _ => {}
        }
    }
    if average.is_none() && free.is_none() {
        return None;
    }
    Some(Load {
        average: average.unwrap_or_default(),
        cores: cores.unwrap_or(1),
        free_bytes: free.unwrap_or(u64::MAX),
        clock_difference_ms: clock.map_or(0, |seconds| difference(seconds, now)),
        at: now,
    })
}

fn parse_average(word: &str) -> Option<f64> {
    let average: f64 = word.parse().ok()?;
    (average.is_finite() && (0.0..1e6).contains(&average)).then_some(average)
}

/// Its clock less ours; it tells whole seconds.
fn difference(seconds: u32, now: Moment) -> i64 {
    let theirs = i64::from(seconds).saturating_mul(1000).saturating_add(500);
    let difference = theirs.saturating_sub(i64::try_from(now.0).unwrap_or(i64::MAX));
    if difference.abs() <= 600 {
        return 0;
    }
    difference
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Moment = Moment(1_764_000_000_000);

    const DF: &str = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n\
        /dev/vda         263112772 73000000  19000000      80% /\n";

    #[test]
    fn all_is_told() {
        let text = format!("2.50 1.00 0.50 3/123 4567\n4\n{DF}clock=1764000010\n");
        assert_eq!(
            parse(text.as_bytes(), NOW),
            Some(Load {
                average: 2.5,
                cores: 4,
                free_bytes: 19_000_000 * 1024,
                clock_difference_ms: 10_500,
                at: NOW,
            })
        );
    }

    #[test]
    fn what_is_missing_speaks_for_the_machine() {
        let only_space = parse(DF.as_bytes(), NOW).unwrap();
        assert!(only_space.normalised() <= f64::EPSILON);
        assert_eq!(only_space.clock_difference_ms, 0);
        let only_load = parse(b"0.10 0.1 0.1 1/99 3\nclock=1764000000\n", NOW).unwrap();
        assert_eq!((only_load.cores, only_load.free_bytes), (1, u64::MAX));
        assert_eq!(only_load.clock_difference_ms, 0);
    }

    #[test]
    fn what_tells_nothing_is_nothing() {
        for text in ["", "bash: cat: command not found", "4\n", "inf 1 1 1/1 1"] {
            assert_eq!(parse(text.as_bytes(), NOW), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_machine_says_is_bounded(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            words in "([0-9./%-]{0,9}[ \n]{0,2}|clock=[0-9]{0,12}\n){0,30}",
        ) {
            for told in [bytes.as_slice(), words.as_bytes()] {
                if let Some(load) = parse(told, NOW) {
                    prop_assert!((0.0..=1.0).contains(&load.normalised()));
                    prop_assert!(load.cores >= 1);
                }
            }
        }
    }
}
