//! The order in which machines are tried for a build, as a pure function.

use std::fmt;

use crate::machines::record::BuildMachine;

/// What a build needs of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Requirements<'a> {
    /// System type of the derivation.
    pub system: &'a str,
    /// Features that it requires.
    pub features: &'a [String],
}

/// What was decided about one machine.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It can do the build.
    Matches {
        /// Its declared speed, by which the order is made.
        speed: f64,
    },
    /// It is not for builds of that system.
    WrongSystem,
    /// It lacks a required feature.
    LacksFeature(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matches { speed } => write!(f, "matches, speed {speed}"),
            Self::WrongSystem => f.write_str("is not declared for that system"),
            Self::LacksFeature(feature) => write!(f, "lacks the feature '{feature}'"),
        }
    }
}

/// Every machine with the verdict about it, by its index in the file: those
/// that match first and in the order to try them, then the others in the
/// file's order.
///
/// Faster machines come first; `chance` gives a number for each machine that
/// breaks ties, so that equal machines share the work.
pub fn order(
    machines: &[BuildMachine],
    requirements: Requirements<'_>,
    chance: &mut dyn FnMut() -> u64,
) -> Vec<(usize, Verdict)> {
    let mut matching = Vec::new();
    let mut others = Vec::new();
    for (index, machine) in machines.iter().enumerate() {
        match judge(machine, requirements) {
            Verdict::Matches { speed } => matching.push((index, speed, chance())),
            verdict => others.push((index, verdict)),
        }
    }
    matching.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.2.cmp(&b.2)));
    matching
        .into_iter()
        .map(|(index, speed, _)| (index, Verdict::Matches { speed }))
        .chain(others)
        .collect()
}

fn judge(machine: &BuildMachine, requirements: Requirements<'_>) -> Verdict {
    if !machine.systems.iter().any(|s| s == requirements.system) {
        return Verdict::WrongSystem;
    }
    let lacking = requirements
        .features
        .iter()
        .find(|wanted| !machine.features.contains(wanted));
    match lacking {
        Some(feature) => Verdict::LacksFeature(feature.clone()),
        None => Verdict::Matches {
            speed: machine.speed,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::sample::machine;
    use proptest::prelude::*;

    fn named(name: &str, speed: f64, systems: &[&str], features: &[&str]) -> BuildMachine {
        BuildMachine {
            speed,
            systems: systems.iter().map(ToString::to_string).collect(),
            features: features.iter().map(ToString::to_string).collect(),
            ..machine(name)
        }
    }

    #[test]
    fn the_fastest_that_matches_comes_first_and_the_rest_has_reasons() {
        let machines = [
            named("slow", 1.0, &["x86_64-linux"], &["kvm"]),
            named("arm", 9.0, &["aarch64-linux"], &["kvm"]),
            named(
                "fast",
                2.5,
                &["i686-linux", "x86_64-linux"],
                &["kvm", "big"],
            ),
            named("plain", 5.0, &["x86_64-linux"], &[]),
        ];
        let features = ["kvm".to_owned()];
        let requirements = Requirements {
            system: "x86_64-linux",
            features: &features,
        };
        assert_eq!(
            order(&machines, requirements, &mut || 0),
            [
                (2, Verdict::Matches { speed: 2.5 }),
                (0, Verdict::Matches { speed: 1.0 }),
                (1, Verdict::WrongSystem),
                (3, Verdict::LacksFeature("kvm".to_owned())),
            ]
        );
    }

    #[test]
    fn equal_machines_are_ordered_by_chance() {
        let machines = [named("a", 1.0, &["x"], &[]), named("b", 1.0, &["x"], &[])];
        let requirements = Requirements {
            system: "x",
            features: &[],
        };
        let first = |numbers: [u64; 2]| {
            let mut numbers = numbers.into_iter();
            order(&machines, requirements, &mut || numbers.next().unwrap())[0].0
        };
        assert_eq!(first([1, 2]), 0);
        assert_eq!(first([2, 1]), 1);
    }

    proptest! {
        #[test]
        fn every_machine_is_judged_once(
            speeds in proptest::collection::vec(any::<f64>(), 0..20),
            seed: u64,
        ) {
            let machines: Vec<_> = speeds
                .iter()
                .enumerate()
                .map(|(i, &s)| named(&i.to_string(), s, if i % 3 == 0 { &["y"] } else { &["x"] }, &[]))
                .collect();
            let mut random = fastrand::Rng::with_seed(seed);
            let requirements = Requirements { system: "x", features: &[] };
            let mut seen: Vec<usize> = order(&machines, requirements, &mut || random.u64(..))
                .into_iter()
                .map(|(index, _)| index)
                .collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..machines.len()).collect::<Vec<_>>());
        }
    }
}
