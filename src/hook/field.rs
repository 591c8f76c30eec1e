//! The machines that a request's build can be done on, and what is known of
//! them.

use super::context::Context;
use super::request::Request;
use crate::clock::Moment;
use crate::machines::record::BuildMachine;
use crate::schedule::choice::{Choice, Requirements, Verdict, order};
use crate::schedule::evidence::Evidence;

/// The machines that match a request, in the order of the machine file.
#[derive(Clone, Debug, Default)]
pub struct Field {
    machines: Vec<BuildMachine>,
    system: String,
    features: Vec<String>,
    /// What the build needs there, once it is known.
    closure: Vec<u64>,
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
            machines: Vec::new(),
            system: request.system.clone(),
            features: request.features.clone(),
            closure: Vec::new(),
        };
        let verdicts = order(
            &machines,
            &[],
            &field.requirements(),
            Moment::default(),
            &mut || 0.0,
        );
        let mut matches = vec![false; machines.len()];
        for choice in verdicts {
            if let Some(it) = matches.get_mut(choice.machine) {
                *it = choice.verdict.matches();
            }
        }
        let paired = machines.into_iter().zip(matches);
        field.machines = paired
            .filter(|(_, it)| *it)
            .map(|(machine, _)| machine)
            .collect();
        field
    }

    /// The machines.
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
        let evidence = context.ledger.read_all(&self.machines);
        let choices = order(
            &self.machines,
            &evidence,
            &self.requirements(),
            now,
            &mut fastrand::f64,
        );
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
