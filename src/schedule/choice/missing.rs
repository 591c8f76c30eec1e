//! What no machine has of what a build needs.

use std::collections::BTreeSet;
use std::fmt;

use super::Requirements;
use crate::machines::record::BuildMachine;

/// Systems that a message lists.
const MAX_LISTED: usize = 5;

/// Why no machine matches, and which comes nearest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No machine is declared for the system.
    System {
        /// The system.
        wanted: String,
        /// Those that are declared.
        declared: BTreeSet<String>,
    },
    /// No machine for the system has all features.
    Features {
        /// The system.
        system: String,
        /// Features that none of its machines has; may be empty.
        nowhere: Vec<String>,
        /// All that are required.
        required: Vec<String>,
        /// The machine that lacks the fewest.
        nearest: String,
        /// What it lacks.
        lacks: Vec<String>,
    },
}

/// What is missing; `None` if a machine matches or there are no machines.
pub fn missing(machines: &[BuildMachine], requirements: &Requirements<'_>) -> Option<Missing> {
    let system = requirements.system;
    let suited = |machine: &&BuildMachine| machine.systems.iter().any(|s| s == system);
    let lacks = |machine: &BuildMachine| -> Vec<String> {
        let wanted = requirements.features.iter();
        wanted
            .filter(|feature| !machine.features.contains(feature))
            .cloned()
            .collect()
    };
    let nearest = machines
        .iter()
        .filter(suited)
        .map(|machine| (machine, lacks(machine)))
        .min_by_key(|(_, lacks)| lacks.len());
    let Some((nearest, lacking)) = nearest else {
        return (!machines.is_empty()).then(|| Missing::System {
            wanted: system.to_owned(),
            declared: machines.iter().flat_map(|m| m.systems.clone()).collect(),
        });
    };
    if lacking.is_empty() {
        return None;
    }
    let somewhere = |feature: &String| {
        let mut suited = machines.iter().filter(suited);
        suited.any(|machine| machine.features.contains(feature))
    };
    Some(Missing::Features {
        system: system.to_owned(),
        // What all of them lack the nearest lacks, too.
        nowhere: lacking
            .iter()
            .filter(|it| !somewhere(it))
            .cloned()
            .collect(),
        required: requirements.features.to_vec(),
        nearest: nearest.name.clone(),
        lacks: lacking,
    })
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { wanted, declared } => {
                write!(f, "no machine is declared for the system '{wanted}'")?;
                if declared.is_empty() {
                    return Ok(());
                }
                let listed: Vec<&str> = declared
                    .iter()
                    .map(String::as_str)
                    .take(MAX_LISTED)
                    .collect();
                let more = if declared.len() > MAX_LISTED {
                    ", …"
                } else {
                    ""
                };
                write!(f, "; they are for {}{more}", listed.join(", "))
            }
            Self::Features {
                system,
                nowhere,
                required,
                nearest,
                lacks,
            } => {
                if nowhere.is_empty() {
                    let required = quoted(required);
                    write!(f, "no machine for {system} has all of {required}")?;
                } else {
                    let nowhere = quoted(nowhere);
                    write!(f, "no machine for {system} has {nowhere}")?;
                }
                write!(f, "; nearest is '{nearest}', which lacks ")?;
                if lacks == nowhere {
                    f.write_str("nothing else")
                } else {
                    f.write_str(&quoted(lacks))
                }
            }
        }
    }
}

fn quoted(features: &[String]) -> String {
    let quoted: Vec<String> = features.iter().map(|it| format!("'{it}'")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::sample::machine;

    fn say(machines: &[(&str, &str, &[&str])], system: &str, features: &[&str]) -> Option<String> {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let machines: Vec<BuildMachine> = machines
            .iter()
            .map(|(name, system, features)| BuildMachine {
                systems: words(&[*system]),
                features: words(features),
                ..machine(name)
            })
            .collect();
        let features = words(features);
        let requirements = Requirements {
            system,
            features: &features,
            closure: &[],
            signed: true,
        };
        missing(&machines, &requirements).map(|missing| missing.to_string())
    }

    #[test]
    fn what_is_missing_everywhere_and_what_is_nearest() {
        let farm: &[(&str, &str, &[&str])] = &[
            ("w1", "x86_64-linux", &["kvm"]),
            ("w2", "x86_64-linux", &["big"]),
            ("a1", "aarch64-linux", &[]),
        ];
        let say = |system, features: &[&str]| say(farm, system, features);
        assert_eq!(say("x86_64-linux", &["kvm"]), None);
        assert_eq!(
            say("riscv64-linux", &[]).unwrap(),
            "no machine is declared for the system 'riscv64-linux'; \
             they are for aarch64-linux, x86_64-linux"
        );
        assert_eq!(
            say("aarch64-linux", &["kvm"]).unwrap(),
            "no machine for aarch64-linux has 'kvm'; nearest is 'a1', which lacks nothing else"
        );
        assert_eq!(
            say("x86_64-linux", &["big", "kvm"]).unwrap(),
            "no machine for x86_64-linux has all of 'big', 'kvm'; nearest is 'w1', \
             which lacks 'big'"
        );
        assert_eq!(
            say("x86_64-linux", &["kvm", "big", "gpu"]).unwrap(),
            "no machine for x86_64-linux has 'gpu'; nearest is 'w1', which lacks 'big', 'gpu'"
        );
    }

    #[test]
    fn without_machines_nothing_is_missing() {
        assert_eq!(say(&[], "x86_64-linux", &["kvm"]), None);
    }
}
