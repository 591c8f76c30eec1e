//! The machines that a request's build can be done on, and what is known of
//! them.

use std::collections::BTreeSet;

use super::context::Context;
use super::request::Request;
use crate::clock::Moment;
use crate::machines::record::BuildMachine;
use crate::schedule::choice::{Choice, Requirements, Verdict, order};
use crate::schedule::evidence::Evidence;

/// Of so many machines the slots are counted before they are ordered, so that
/// equal ones share the work; each slot is a file to look at.
const FEW: usize = 64;

/// The machines that match a request, in the order of the machine file.
#[derive(Clone, Debug, Default)]
pub struct Field {
    machines: Vec<BuildMachine>,
    system: String,
    features: Vec<String>,
    /// What the build needs there, once it is known.
    closure: Vec<u64>,
    /// Machines that the file does not declare any more, by their numbers,
    /// which do not change.
    gone: BTreeSet<usize>,
}

/// What was decided about the machines of a field at one moment.
pub struct Sight {
    /// When that was.
    pub now: Moment,
    /// What is known of each machine.
    pub evidence: Vec<Evidence>,
    /// The machines in the order to try them.
    pub choices: Vec<Choice>,
}

impl Field {
    /// Those of the machines that the file declares for such builds.
    pub fn of(machines: Vec<BuildMachine>, request: &Request) -> Self {
        let mut field = Self {
            system: request.system.clone(),
            features: request.features.clone(),
            ..Self::default()
        };
        field.machines = field.matching(machines);
        field
    }

    fn matching(&self, machines: Vec<BuildMachine>) -> Vec<BuildMachine> {
        let (now, mut chance) = (Moment::default(), || 0.0);
        let choices = order(&machines, &[], &self.requirements(), now, &mut chance);
        let mut matches = vec![false; machines.len()];
        for choice in choices {
            if let Some(it) = matches.get_mut(choice.machine) {
                *it = choice.verdict.matches();
            }
        }
        let paired = machines.into_iter().zip(matches);
        paired
            .filter_map(|(machine, matches)| matches.then_some(machine))
            .collect()
    }

    /// Takes the machines that the file declares now. Those that it had keep
    /// their numbers; tells which are others than before.
    pub fn update(&mut self, machines: Vec<BuildMachine>) -> BTreeSet<usize> {
        let mut changed = BTreeSet::new();
        let mut left: BTreeSet<usize> = (0..self.machines.len()).collect();
        for machine in self.matching(machines) {
            let is_same = |it: &&usize| {
                self.machines
                    .get(**it)
                    .is_some_and(|known| known.name == machine.name && known.port == machine.port)
            };
            let number = left.iter().find(is_same).copied();
            let number = number.unwrap_or(self.machines.len());
            left.remove(&number);
            match self.machines.get_mut(number) {
                Some(known) if *known == machine => {
                    if self.gone.remove(&number) {
                        changed.insert(number);
                    }
                    continue;
                }
                Some(known) => *known = machine,
                None => self.machines.push(machine),
            }
            changed.insert(number);
        }
        self.gone = left;
        changed
    }

    /// How many machines there are beside these.
    pub fn others(&self, than: &BTreeSet<usize>) -> usize {
        (0..self.machines.len())
            .filter(|it| !self.gone.contains(it) && !than.contains(it))
            .count()
    }

    /// The machines, also those that are gone from the file.
    pub fn machines(&self) -> &[BuildMachine] {
        &self.machines
    }

    /// One of them.
    pub fn machine(&self, index: usize) -> Option<&BuildMachine> {
        self.machines.get(index)
    }

    /// Tells what the build needs, by prefixes of hash parts: machines that
    /// have most of it come first.
    pub fn needs(&mut self, closure: Vec<u64>) {
        self.closure = closure;
    }

    /// What the choosing function wants to know of the build.
    pub fn requirements(&self) -> Requirements<'_> {
        Requirements {
            system: &self.system,
            features: &self.features,
            closure: &self.closure,
            signed: true,
        }
    }

    /// Looks at what is known now, and orders the machines by it.
    pub fn look(&self, context: &Context) -> Sight {
        let now = Moment::now();
        let mut evidence = context.ledger.read_all(&self.machines);
        if self.machines.len() <= FEW {
            for (known, machine) in evidence.iter_mut().zip(&self.machines) {
                known.slots = context.slots.free(machine).ok();
            }
        }
        let mut choices = order(
            &self.machines,
            &evidence,
            &self.requirements(),
            now,
            &mut fastrand::f64,
        );
        choices.retain(|choice| !self.gone.contains(&choice.machine));
        Sight {
            now,
            evidence,
            choices,
        }
    }
}

impl Sight {
    /// Tells whether a machine has answered so lately that it need not be
    /// asked before the daemon is told that its build is taken.
    pub fn is_fresh(&self, choice: &Choice, context: &Context) -> bool {
        let known = self.evidence.get(choice.machine);
        matches!(
            choice.verdict,
            Verdict::Ready {
                good: true,
                trial: false,
                ..
            }
        ) && known.is_some_and(|it| it.is_fresh(self.now, context.settings.fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::sample;

    fn field(machines: Vec<BuildMachine>) -> Field {
        let mut field = Field {
            system: "x86_64-linux".to_owned(),
            ..Field::default()
        };
        field.update(machines);
        field
    }

    #[test]
    fn machines_keep_their_numbers_while_the_file_changes() {
        let [w1, w2, w3] = ["w1", "w2", "w3"].map(sample::machine);
        let mut field = field(vec![w1.clone(), w2.clone()]);
        assert_eq!(field.others(&BTreeSet::new()), 2);
        assert!(field.update(vec![w2.clone(), w1.clone()]).is_empty());
        assert_eq!(field.update(vec![w3, w2.clone()]), BTreeSet::from([2]));
        assert_eq!(field.others(&BTreeSet::from([1])), 1);
        assert_eq!(field.machine(0).map(|it| it.name.as_str()), Some("w1"));
        let faster = BuildMachine { speed: 9.0, ..w2 };
        assert_eq!(field.update(vec![w1, faster]), BTreeSet::from([0, 1]));
        assert_eq!(field.machine(1).map(|it| it.speed), Some(9.0));
        assert_eq!(field.others(&BTreeSet::new()), 2);
    }

    #[test]
    fn machines_for_other_builds_do_not_count() {
        let mut other = sample::machine("a1");
        other.systems = vec!["aarch64-linux".to_owned()];
        let mut field = field(vec![sample::machine("w1")]);
        assert!(field.update(vec![sample::machine("w1"), other]).is_empty());
        assert_eq!(field.machines().len(), 1);
    }
}
