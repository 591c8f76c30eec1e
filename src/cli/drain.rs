//! `offload drain` and `offload undrain`: machines out of service without
//! editing the machine file. What runs there goes on.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command};

use super::farm::Farm;
use super::{complain, print};
use crate::clock::Moment;
use crate::schedule::ledger::Drained;

/// The longest time that can be said.
const LONGEST: u64 = 366 * 24 * 60 * 60;

/// What was asked for.
#[derive(Debug)]
pub(super) struct Order {
    machine: String,
    time: Option<Duration>,
    reason: String,
}

/// The command line of `drain`.
pub(super) fn drain_table() -> Command {
    Command::new("drain")
        .about("Gives a machine no new builds; those that run go on")
        .after_help("Run it as root, with the environment that guix-daemon has.")
        .arg(machine_argument())
        .arg(
            Arg::new("for")
                .long("for")
                .value_name("TIME")
                .value_parser(time)
                .help("Such as 90m, 2h or 1d12h; without it until 'offload undrain'"),
        )
        .arg(
            Arg::new("reason")
                .long("reason")
                .value_name("TEXT")
                .default_value("")
                .hide_default_value(true)
                .help("Shown where a build waits for the machine"),
        )
}

/// The command line of `undrain`.
pub(super) fn undrain_table() -> Command {
    Command::new("undrain")
        .about("Gives a machine builds again, also one that rests after failures")
        .after_help("Run it as root, with the environment that guix-daemon has.")
        .arg(machine_argument())
}

fn machine_argument() -> Arg {
    Arg::new("MACHINE")
        .required(true)
        .help("Its name in the machine file, or NAME:PORT")
}

/// Reads the arguments of `drain`.
pub(super) fn order(matches: &ArgMatches) -> Order {
    Order {
        machine: machine(matches),
        time: matches.get_one("for").copied(),
        reason: matches
            .get_one::<String>("reason")
            .cloned()
            .unwrap_or_default(),
    }
}

/// The machine that was named.
pub(super) fn machine(matches: &ArgMatches) -> String {
    let named = matches.get_one::<String>("MACHINE");
    named.cloned().unwrap_or_default()
}

/// Takes a machine out of service.
pub(super) fn drain(name: &str, order: &Order) -> ExitCode {
    finish(name, drained(name, order))
}

fn drained(name: &str, order: &Order) -> Result<String, String> {
    let farm = Farm::enter(name).map_err(|error| error.to_string())?;
    let machine = &order.machine;
    // With a broken file nobody knows which machines there are.
    if farm.called(machine).is_empty() && !farm.is_broken {
        return Err(farm.nobody(machine));
    }
    let until = order.time.map(|time| Moment::now().plus(time));
    farm.ledger
        .drain(machine, until, &order.reason)
        .map_err(|error| format!("cannot take {machine:?} out of service: {}", told(&error)))?;
    Ok(match until {
        Some(until) => format!("{machine} gets no new builds until {until}\n"),
        None => format!("{machine} gets no new builds until 'offload undrain {machine}'\n"),
    })
}

/// Takes a machine into service again.
pub(super) fn undrain(name: &str, machine: &str) -> ExitCode {
    finish(name, undrained(name, machine))
}

fn undrained(name: &str, machine: &str) -> Result<String, String> {
    let farm = Farm::enter(name).map_err(|error| error.to_string())?;
    let called = farm.called(machine);
    let concerns = |drained: &Drained| {
        drained.name == machine || called.iter().any(|machine| drained.names(machine))
    };
    let drains: Vec<Drained> = farm.ledger.drains().into_iter().filter(concerns).collect();
    if drains.is_empty() && called.is_empty() && !farm.is_broken {
        return Err(farm.nobody(machine));
    }
    for drained in &drains {
        farm.ledger
            .undrain(&drained.name)
            .map_err(|error| format!("cannot take {machine:?} into service: {}", told(&error)))?;
    }
    let rested = called
        .iter()
        .filter(|machine| farm.ledger.forgive(machine))
        .count();
    Ok(match (drains.is_empty(), rested) {
        (false, _) => format!("{machine} gets builds again\n"),
        (true, 0) => format!("{machine} was not out of service\n"),
        (true, _) => format!("{machine} was not drained; its rest is over\n"),
    })
}

fn finish(name: &str, done: Result<String, String>) -> ExitCode {
    match done {
        Ok(text) => print(name, &text),
        Err(problem) => {
            complain(name, "error", &problem);
            ExitCode::FAILURE
        }
    }
}

fn told(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied {
        format!("{error}; run it as root")
    } else {
        error.to_string()
    }
}

/// Reads a time such as `90m` or `1d12h`; a number alone is seconds.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is such as 90m, 2h or 1d12h".to_owned();
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let mut unit = after.chars();
        let scale = match unit.next() {
            None if seconds == 0 => 1,
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 60 * 60,
            Some('d') => 24 * 60 * 60,
            _ => return Err(wrong()),
        };
        rest = unit.as_str();
        seconds = seconds.saturating_add(number.saturating_mul(scale));
    }
    match seconds {
        0 => Err(wrong()),
        1..=LONGEST => Ok(Duration::from_secs(seconds)),
        _ => Err("a year is the longest".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("90m", 5400),
            ("2h", 7200),
            ("1d12h", 129_600),
            ("366d", LONGEST),
        ] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "0",
            "h",
            "2x",
            "-1h",
            "1h30",
            "1.5h",
            "2 h",
            "367d",
            "99999999999999999999s",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9smhdxä]{0,30}") {
            drop(time(&text));
        }
    }
}
