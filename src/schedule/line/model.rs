//! Every order in which three builds can stand in line before two machines.
//!
//! A build asks, looks, sleeps, wakes, takes, fails, comes back and is killed
//! in single steps, with what it saw when it looked, which may be old by the
//! time that it acts. All states that can be reached are searched, and what
//! the header of [`super`] says is asserted in each.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Number, Ticket, may_take};

const BUILDS: usize = 3;
const MACHINES: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Not there yet.
    Away,
    /// Its ticket is up and everything is watched; it will look.
    Looking,
    /// It has looked, saw that it may take one of these machines, and will
    /// try their locks. If it was woken since, it looks again instead of
    /// falling asleep.
    Taking {
        may: [bool; MACHINES],
        woken: bool,
    },
    /// It sleeps until it is woken.
    Asleep,
    /// It holds a slot of that machine.
    Building(usize),
    /// It had a machine that failed and has given the slot back.
    Lost,
    Done,
    Killed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    phases: [Phase; BUILDS],
    /// How often each came back.
    returns: [u8; BUILDS],
    /// What a build has failed on, and so does not wish for.
    failed: [[bool; MACHINES]; BUILDS],
    /// How many may still be killed.
    kills: u8,
}

/// One way to set the model up: what each build wishes for.
type Wishes = [[bool; MACHINES]; BUILDS];

impl State {
    fn first() -> Self {
        Self {
            phases: [Phase::Away; BUILDS],
            returns: [0; BUILDS],
            failed: [[false; MACHINES]; BUILDS],
            kills: 1,
        }
    }

    fn in_line(&self, build: usize) -> bool {
        let phase = self.phases[build];
        matches!(phase, Phase::Looking | Phase::Taking { .. } | Phase::Asleep)
    }

    /// What the tickets say. Once everything has failed for a build it wishes
    /// for all again, as after a pause.
    fn ticket(&self, wishes: Wishes, build: usize) -> Ticket<usize> {
        let wished = |machine: &usize| wishes[build][*machine] && !self.failed[build][*machine];
        let mut machines: Vec<usize> = (0..MACHINES).filter(wished).collect();
        if machines.is_empty() {
            machines = (0..MACHINES).filter(|m| wishes[build][*m]).collect();
        }
        let number = Number {
            since: build as u64,
            chance: 0,
        };
        Ticket::new(number, machines)
    }

    fn line(&self, wishes: Wishes) -> Vec<Ticket<usize>> {
        let waiting = (0..BUILDS).filter(|build| self.in_line(*build));
        waiting.map(|build| self.ticket(wishes, build)).collect()
    }

    fn is_free(&self, machine: usize) -> bool {
        !self.phases.contains(&Phase::Building(machine))
    }

    /// What the build may take now, by the rule.
    fn may(&self, wishes: Wishes, build: usize) -> [bool; MACHINES] {
        let own = self.ticket(wishes, build);
        let line = self.line(wishes);
        std::array::from_fn(|machine| {
            own.names(&machine) && may_take(own.number(), &line, &machine)
        })
    }

    /// A slot or a ticket was given back: the kernel tells those who watch.
    fn wake(&mut self) {
        for phase in &mut self.phases {
            match phase {
                Phase::Asleep => *phase = Phase::Looking,
                Phase::Taking { woken, .. } => *woken = true,
                _ => {}
            }
        }
    }

    fn with(&self, build: usize, phase: Phase) -> Self {
        let mut next = self.clone();
        next.phases[build] = phase;
        next
    }

    /// Everything that can happen next.
    fn steps(&self, wishes: Wishes) -> Vec<Self> {
        let mut steps = Vec::new();
        for build in 0..BUILDS {
            let phase = self.phases[build];
            match phase {
                Phase::Away | Phase::Lost => steps.push(self.with(build, Phase::Looking)),
                Phase::Looking => steps.push(self.looked(wishes, build)),
                Phase::Taking { may, woken } => steps.push(self.took(build, may, woken)),
                Phase::Building(machine) => {
                    let mut done = self.with(build, Phase::Done);
                    done.wake();
                    steps.push(done);
                    if self.returns[build] < 2 {
                        let mut lost = self.with(build, Phase::Lost);
                        lost.returns[build] += 1;
                        lost.failed[build][machine] = true;
                        lost.wake();
                        steps.push(lost);
                    }
                }
                Phase::Asleep | Phase::Done | Phase::Killed => {}
            }
            if self.kills > 0 && !matches!(phase, Phase::Done | Phase::Killed) {
                let mut killed = self.with(build, Phase::Killed);
                killed.kills -= 1;
                killed.wake();
                steps.push(killed);
            }
        }
        steps
    }

    /// A look at the line; nothing is taken yet.
    fn looked(&self, wishes: Wishes, build: usize) -> Self {
        let may = self.may(wishes, build);
        if may.contains(&true) {
            self.with(build, Phase::Taking { may, woken: false })
        } else {
            self.with(build, Phase::Asleep)
        }
    }

    /// Tries the locks of the machines that were its turn when it looked.
    fn took(&self, build: usize, may: [bool; MACHINES], woken: bool) -> Self {
        let free = (0..MACHINES).find(|machine| may[*machine] && self.is_free(*machine));
        match free {
            Some(machine) => {
                let mut next = self.with(build, Phase::Building(machine));
                // Its ticket goes.
                next.wake();
                next
            }
            None if woken => self.with(build, Phase::Looking),
            None => self.with(build, Phase::Asleep),
        }
    }

    fn is_over(&self) -> bool {
        let over = |phase: &Phase| matches!(phase, Phase::Done | Phase::Killed);
        self.phases.iter().all(over)
    }
}

/// All states that can be reached, each with the places of its successors.
struct Found {
    wishes: Wishes,
    states: Vec<State>,
    steps: Vec<Vec<usize>>,
}

fn explore(wishes: Wishes) -> Found {
    let first = State::first();
    let mut places = HashMap::from([(first.clone(), 0)]);
    let mut found = Found {
        wishes,
        states: vec![first],
        steps: Vec::new(),
    };
    while let Some(state) = found.states.get(found.steps.len()).cloned() {
        let mut steps = Vec::new();
        for step in state.steps(wishes) {
            let new = found.states.len();
            let place = *places.entry(step.clone()).or_insert(new);
            if place == new {
                found.states.push(step);
            }
            steps.push(place);
        }
        found.steps.push(steps);
    }
    found
}

/// Everything that can happen with any wishes.
static ALL: LazyLock<Vec<Found>> = LazyLock::new(|| {
    let one = [[true, false], [false, true], [true, true]];
    let mut all = Vec::new();
    for a in one {
        for b in one {
            for c in one {
                all.push(explore([a, b, c]));
            }
        }
    }
    all
});

/// What must hold in one state.
fn check(state: &State, wishes: Wishes) {
    for machine in 0..MACHINES {
        let holds = |phase: &&Phase| **phase == Phase::Building(machine);
        assert!(state.phases.iter().filter(holds).count() <= 1);
        // A free machine that is wished for: the one whose turn it is does
        // not sleep.
        let line = state.line(wishes);
        let oldest = line.iter().find(|ticket| ticket.names(&machine));
        if let Some(oldest) = oldest.filter(|_| state.is_free(machine)) {
            let build = usize::try_from(oldest.number().since).unwrap();
            assert_ne!(
                state.phases[build],
                Phase::Asleep,
                "machine {machine} idles in {state:?}, {wishes:?}"
            );
            assert!(state.may(wishes, build)[machine]);
        }
    }
}

#[test]
fn no_slot_idles_and_nothing_deadlocks_in_any_order() {
    let mut states = 0;
    for found in ALL.iter() {
        states += found.states.len();
        for (state, steps) in found.states.iter().zip(&found.steps) {
            check(state, found.wishes);
            assert!(
                !steps.is_empty() || state.is_over(),
                "nothing goes on in {state:?}, {:?}",
                found.wishes
            );
        }
    }
    println!("{states} states");
    assert!(states > 10_000, "{states}");
}

/// No state comes again, so whatever happens all builds end after finitely
/// many steps, and nobody starves.
#[test]
fn everybody_gets_its_turn_in_any_order() {
    for found in ALL.iter() {
        let mut before = vec![0_u32; found.states.len()];
        for step in found.steps.iter().flatten() {
            before[*step] += 1;
        }
        // Whoever has nothing before it is put first; in a circle all have.
        let mut open = vec![0];
        let mut ordered = 0;
        while let Some(place) = open.pop() {
            ordered += 1;
            for step in &found.steps[place] {
                before[*step] -= 1;
                if before[*step] == 0 {
                    open.push(*step);
                }
            }
        }
        let stuck = before.iter().position(|before| *before > 0);
        assert!(
            stuck.is_none() && ordered == found.states.len(),
            "{:?} may go on for ever, {:?}",
            stuck.map(|place| &found.states[place]),
            found.wishes
        );
    }
}

/// Who looks while an older one is in line never takes what that one wants.
#[test]
fn nobody_overtakes_knowingly_in_any_order() {
    for found in ALL.iter() {
        for state in &found.states {
            for build in 0..BUILDS {
                if state.phases[build] != Phase::Looking {
                    continue;
                }
                let Phase::Taking { may, .. } = state.looked(found.wishes, build).phases[build]
                else {
                    continue;
                };
                for older in (0..build).filter(|older| state.in_line(*older)) {
                    let ticket = state.ticket(found.wishes, older);
                    assert!((0..MACHINES).all(|machine| !may[machine] || !ticket.names(&machine)));
                }
            }
        }
    }
}
