//! `offload explain --choice`: which machines a build would be tried on, in
//! which order and why, from what is known at this moment. Nobody is asked.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::farm::Farm;
use super::{complain, print};
use crate::clock::Moment;
use crate::events::amount;
use crate::machines::BuildMachine;
use crate::machines::diagnostic::escape;
use crate::schedule::choice::{Choice, Requirements, Verdict, missing, order};
use crate::schedule::evidence::Evidence;
use crate::schedule::slots::key;
use crate::schedule::tickets::Waiter;

/// SSH's own port, which names need not tell.
const USUAL_PORT: u16 = 22;

/// What was asked.
#[derive(Debug)]
pub(super) struct Question {
    system: String,
    features: Vec<String>,
}

/// The command line.
pub(super) fn table() -> Command {
    Command::new("explain")
        .about("Says on which machines a build would be tried, in which order and why")
        .after_help(
            "It tells what is known from earlier builds and asks nobody.\n\
             Run it as root, with the environment that guix-daemon has.",
        )
        .arg(
            Arg::new("choice")
                .long("choice")
                .required(true)
                .action(ArgAction::SetTrue)
                .help("Explain the choice for such a build"),
        )
        .arg(
            Arg::new("SYSTEM")
                .required(true)
                .help("The build's system, such as x86_64-linux"),
        )
        .arg(
            Arg::new("FEATURE")
                .num_args(0..)
                .value_delimiter(',')
                .help("Features that it requires, such as kvm"),
        )
}

/// Reads the arguments.
pub(super) fn question(matches: &ArgMatches) -> Question {
    let features = matches.get_many::<String>("FEATURE").unwrap_or_default();
    Question {
        system: matches
            .get_one::<String>("SYSTEM")
            .cloned()
            .unwrap_or_default(),
        features: features.filter(|it| !it.is_empty()).cloned().collect(),
    }
}

/// Prints the order with the reasons.
pub(super) fn run(name: &str, question: &Question) -> ExitCode {
    let farm = match Farm::enter(name) {
        Ok(farm) => farm,
        Err(error) => {
            complain(name, "error", &error.to_string());
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = farm.ledger.readable() {
        let problem = format!("cannot read what earlier builds have left: {error}; run it as root");
        complain(name, "warning", &problem);
    }
    let report = Report {
        question,
        machines: &farm.machines,
        evidence: &known(&farm),
        waiters: &farm.line.waiters(),
        fresh: farm.settings.fresh,
        now: Moment::now(),
    };
    print(name, &report.text())
}

/// What is known of each machine, the slots included where they can be counted.
fn known(farm: &Farm) -> Vec<Evidence> {
    let mut evidence = farm.ledger.read_all(&farm.machines);
    for (machine, evidence) in farm.machines.iter().zip(&mut evidence) {
        evidence.slots = farm.slots.free(machine).ok();
    }
    evidence
}

/// All that an explanation is made of.
struct Report<'a> {
    question: &'a Question,
    machines: &'a [BuildMachine],
    evidence: &'a [Evidence],
    waiters: &'a [Waiter],
    fresh: Duration,
    now: Moment,
}

impl Report<'_> {
    fn text(&self) -> String {
        let requirements = Requirements {
            system: &self.question.system,
            features: &self.question.features,
            closure: &[],
            signed: true,
        };
        if self.machines.is_empty() {
            return "There are no machines: every build is declined.\n".to_owned();
        }
        // Without chance, so that it says the same each time.
        let mut sure = || 0.0;
        let choices = order(
            self.machines,
            self.evidence,
            &requirements,
            self.now,
            &mut sure,
        );
        let group = |belongs: fn(&Verdict) -> bool| -> Vec<&Choice> {
            let all = choices.iter();
            all.filter(|choice| belongs(&choice.verdict)).collect()
        };
        let ready = group(Verdict::is_ready);
        let mut text = String::new();
        let later = group(|verdict| verdict.matches() && !verdict.is_ready());
        let headline = self.headline(!ready.is_empty(), !later.is_empty());
        self.list(&mut text, &headline, &ready, true);
        self.list(&mut text, "Not now:", &later, false);
        self.list(
            &mut text,
            "Not for such builds:",
            &group(|verdict| !verdict.matches()),
            false,
        );
        if let Some(missing) = missing(self.machines, &requirements) {
            let missing = escape(&missing.to_string());
            line(&mut text, &format!("Such a build is declined: {missing}."));
        }
        text
    }

    fn headline(&self, any: bool, any_later: bool) -> String {
        let system = escape(&self.question.system);
        let features = match self.question.features.as_slice() {
            [] => String::new(),
            features => format!(" with {}", escape(&features.join(", "))),
        };
        match (any, any_later) {
            (true, _) => format!("A build for {system}{features} is tried on:"),
            (false, true) => format!("No machine can be tried now for {system}{features}."),
            (false, false) => format!("No machine is for {system}{features}."),
        }
    }

    fn list(&self, text: &mut String, headline: &str, choices: &[&Choice], ready: bool) {
        if choices.is_empty() && !ready {
            return;
        }
        line(text, headline);
        for (number, choice) in choices.iter().enumerate() {
            let (Some(machine), Some(evidence)) = (
                self.machines.get(choice.machine),
                self.evidence.get(choice.machine),
            ) else {
                continue;
            };
            let number = if ready {
                format!("{:3}. ", number.saturating_add(1))
            } else {
                "     ".to_owned()
            };
            let verdict = escape(&choice.verdict.to_string());
            line(text, &format!("{number}{}: {verdict}", called(machine)));
            if choice.verdict.matches() {
                let facts = self.facts(machine, evidence).join(", ");
                line(text, &format!("       {facts}"));
            }
        }
    }

    /// What the decision rests on.
    fn facts(&self, machine: &BuildMachine, evidence: &Evidence) -> Vec<String> {
        let mut facts = Vec::new();
        if let Some((free, all)) = evidence.slots {
            facts.push(format!("{free} of {all} slots free"));
        }
        let waits = |waiter: &&Waiter| key(machine).is_ok_and(|key| waiter.machines.contains(&key));
        match self.waiters.iter().filter(waits).count() {
            0 => {}
            1 => facts.push("1 build waits for it".to_owned()),
            waiters => facts.push(format!("{waiters} builds wait for it")),
        }
        facts.push(format!("speed {}", machine.speed));
        match evidence.answered {
            Some(at) if evidence.is_fresh(self.now, self.fresh) => {
                facts.push(format!("answered {}", self.ago(at)));
            }
            Some(at) => facts.push(format!("answered {} (to be asked first)", self.ago(at))),
            None => facts.push("has not answered yet".to_owned()),
        }
        if let Some(connect) = evidence.connect {
            facts.push(format!("connects in {} ms", connect.as_millis()));
        }
        if let Some(throughput) = evidence.throughput {
            facts.push(format!("takes {}/s", amount(whole(throughput))));
        }
        if let Some(load) = &evidence.load {
            facts.push(format!(
                "load {:.2} on {} processors and {} free {}",
                load.average,
                load.cores,
                amount(load.free_bytes),
                self.ago(load.at)
            ));
        }
        if let Some(took) = evidence.expected_build() {
            facts.push(format!("builds take {}", span(took)));
        }
        match evidence.failures_lately(self.now) {
            0 => {}
            1 => facts.push("failed last".to_owned()),
            failures => facts.push(format!("failed {failures} times in a row")),
        }
        facts
    }

    fn ago(&self, at: Moment) -> String {
        match self.now.since(at) {
            Some(ago) => format!("{} ago", span(ago)),
            None => format!("at {at}, which is to come"),
        }
    }
}

fn called(machine: &BuildMachine) -> String {
    if machine.port == USUAL_PORT {
        escape(&machine.name)
    } else {
        format!("{}:{}", escape(&machine.name), machine.port)
    }
}

/// A time, as exactly as somebody wants to know it.
fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
fn whole(number: f64) -> u64 {
    number as u64
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::evidence::{FailureKind, Outcome};
    use crate::schedule::sample::machine;

    #[test]
    fn all_that_is_known_is_told() {
        let now = Moment(1_764_000_000_000);
        let machines = [machine("w1"), machine("w2")];
        let mut good = Evidence {
            slots: Some((0, 1)),
            ..Evidence::default()
        };
        let answered = Outcome::Answered {
            connect: Some(Duration::from_millis(12)),
            round_trip: None,
        };
        good.after(answered, Moment(now.0 - 20_000), &mut || 0.0);
        let mut bad = Evidence::default();
        for _ in 0..2 {
            let failed = Outcome::Failed {
                kind: FailureKind::HostKey,
                reason: "another host key",
            };
            bad.after(failed, now, &mut || 0.0);
        }
        let waiter = |machine: &str| Waiter {
            derivation: String::new(),
            pid: None,
            waits: Duration::ZERO,
            machines: vec![machine.to_owned()],
        };
        let report = Report {
            question: &Question {
                system: "x86_64-linux".to_owned(),
                features: Vec::new(),
            },
            machines: &machines,
            evidence: &[good, bad],
            waiters: &[waiter("w1:22"), waiter("w1:22"), waiter("w3:22")],
            fresh: Duration::from_secs(30),
            now,
        };
        insta::assert_snapshot!(report.text(), @r"
        A build for x86_64-linux is tried on:
          1. w1: good, expected to take 45 s
               0 of 1 slots free, 2 builds wait for it, speed 1, answered 20 s ago, connects in 12 ms
        Not now:
             w2: resting until 16:24:00 UTC (another host key)
               speed 1, has not answered yet, failed last
        ");
    }

    #[test]
    fn times_as_exact_as_needed() {
        let say = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(say(119), "119 s");
        assert_eq!(say(120), "2 min");
        assert_eq!(say(7200), "2 h");
        assert_eq!(say(200_000), "2 days");
    }
}
