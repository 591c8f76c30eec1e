//! This program's hooks on a simulated farm.
//!
//! What decides is the real thing: the dialogue, the order of the machines,
//! what outcomes do to the evidence, the rule of the line, what follows a
//! failure. What it decides about (machines, network, time, chance) is
//! simulated, and so is what carries decisions out.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use fastrand::Rng;
use offload::hook::attempts::Attempts;
use offload::hook::dialogue::{Action, Dialogue, Reply};
use offload::machines::record::BuildMachine;
use offload::schedule::evidence::{Evidence, FailureKind, Outcome};
use offload::schedule::line::{Number, Ticket};
use offload::store::path::StoreDir;

use super::clock::{Queue, Time};
use super::farm::{Farm, SYSTEMS, Scale};

mod checking;
mod choosing;
mod trying;

/// Seconds until a new hook process has been started and asked.
const START: f64 = 0.005;

/// Seconds for a decision.
const DECIDE: f64 = 0.001;

/// Seconds until who waits is awake, and until it sees what nobody tells it.
const WAKE: f64 = 0.001;
const NOTICE: f64 = 1.0;

/// The daemon's grid.
const GRID: f64 = 5.0;

/// Machines that a build may lose in a round, and how long in all.
const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(600);

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A client's worker asks for its next build.
    Ask(usize),
    /// Its hook decides.
    Choose(usize, usize),
    /// What was put off is asked for again.
    Grid(usize),
    /// The next machines are probed.
    Round {
        build: usize,
        epoch: u32,
        from: usize,
    },
    /// No more answers are waited for.
    EndOfProbes { build: usize, epoch: u32 },
    /// A probe was answered, or not.
    Probe {
        build: usize,
        epoch: u32,
        machine: usize,
        took: u64,
        good: bool,
    },
    /// A machine let a build in.
    In { build: usize, epoch: u32, took: u64 },
    /// All it lacked is there.
    Sent { build: usize, epoch: u32, took: u64 },
    /// A try is over.
    End { build: usize, epoch: u32, end: End },
    /// A build has waited long enough for a machine to come back.
    TooLate(usize),
    /// Something may have changed for who waits for that machine.
    Wake(usize),
    /// Who waits for that machine looks whether it can be used by now.
    Look(usize),
    /// The client of a build goes away.
    Interrupt(usize),
}

/// How a try ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Built,
    BuilderFailed,
    Unreachable,
    Lost,
    Full,
    Broken,
}

/// What a build's hook is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Away,
    Probing,
    InLine,
    Trying(usize),
    Built,
    Failed,
    Interrupted,
    /// Given up though no builder failed.
    Lost,
}

/// One build and its hook.
#[derive(Debug)]
struct Hook {
    client: usize,
    number: Number,
    phase: Phase,
    /// What was planned before it last changed its mind is void.
    epoch: u32,
    probed: Vec<usize>,
    answers: usize,
    attempts: Attempts,
    failed: BTreeSet<usize>,
    first_failure: Option<Time>,
    in_round: u32,
    until: Option<Time>,
    tries: u32,
    times_built: u32,
    accepted: Option<Time>,
    sent_in: u64,
}

/// A client's worker, and the hook process that is not tied to a build yet.
#[derive(Debug)]
struct Client {
    to_come: std::ops::Range<usize>,
    ready: BTreeSet<usize>,
    postponed: BTreeSet<usize>,
    is_busy: bool,
    process: Option<Dialogue>,
    begun: Time,
}

/// How it went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Seconds until the last build had ended.
    pub makespan: f64,
    /// Builds that were done.
    pub built: usize,
    /// Builds whose builder failed.
    pub failed: usize,
    /// Builds whose client went away.
    pub interrupted: usize,
    /// Builds given up.
    pub lost: usize,
    /// Tries in all.
    pub tries: u64,
    /// Most machines that one build lost in a round.
    pub most_in_round: u32,
    /// Questions that were answered with `# postpone`.
    pub postponed: u64,
    /// Seconds of each reply with `# accept`.
    pub replies: Vec<f64>,
    /// What must not be.
    pub wrong: Vec<String>,
}

/// A simulation.
pub struct Ours<'a> {
    farm: &'a Farm,
    machines: Vec<BuildMachine>,
    /// Those for each system, without and with the feature that some require.
    suited: Vec<[Vec<usize>; 2]>,
    queue: Queue<Event>,
    random: Rng,
    evidence: Vec<Evidence>,
    taken: Vec<u32>,
    there: Vec<HashSet<u64>>,
    hooks: Vec<Hook>,
    tickets: BTreeMap<Number, (usize, Ticket<usize>)>,
    /// Who waits for each machine; the same once more, to be checked quickly.
    waiting: Vec<BTreeSet<Number>>,
    clients: Vec<Client>,
    /// Since when each machine is seen to idle though somebody waits.
    idle: Vec<Option<Time>>,
    /// When those who wait for each machine look next.
    looks: Vec<Option<Time>>,
    events: u64,
    report: Report,
}

impl<'a> Ours<'a> {
    /// Before the first event.
    pub fn new(farm: &'a Farm, scale: &Scale, random: Rng) -> Self {
        let count = farm.machines.len();
        let each = farm.builds.len().div_ceil(scale.clients);
        let hooks = (0..farm.builds.len()).map(|build| hook(build / each));
        let clients = (0..scale.clients).map(|client| {
            let end = farm.builds.len().min((client + 1) * each);
            let begin = end.min(client * each);
            let first = end.min(begin + scale.ready);
            Client {
                to_come: first..end,
                ready: (begin..first).collect(),
                postponed: BTreeSet::new(),
                is_busy: false,
                process: None,
                begun: Time::default(),
            }
        });
        let machines = farm.described();
        let mut simulation = Self {
            farm,
            queue: Queue::new(),
            random,
            evidence: vec![Evidence::default(); count],
            taken: vec![0; count],
            there: vec![HashSet::new(); count],
            hooks: hooks.collect(),
            tickets: BTreeMap::new(),
            waiting: vec![BTreeSet::new(); count],
            clients: clients.collect(),
            idle: vec![None; count],
            looks: vec![None; count],
            suited: suited(&machines),
            machines,
            events: 0,
            report: Report::default(),
        };
        for client in 0..simulation.clients.len() {
            simulation.queue.plan(Time::default(), Event::Ask(client));
        }
        simulation
    }

    /// Runs it to the end.
    pub fn run(mut self) -> Report {
        while let Some(event) = self.queue.next() {
            self.events += 1;
            self.happen(event);
            self.check();
        }
        self.check_end();
        self.report
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ask(client) => self.ask(client),
            Event::Choose(client, build) => self.choose(client, build),
            Event::Grid(client) => {
                let client_of = &mut self.clients[client];
                client_of.ready.append(&mut client_of.postponed);
                self.ask(client);
            }
            Event::Round { build, epoch, from } => {
                if self.is_current(build, epoch) {
                    self.probe(build, from);
                }
            }
            Event::EndOfProbes { build, epoch } => {
                if self.is_current(build, epoch) {
                    self.without_answer(build);
                }
            }
            Event::Probe {
                build,
                epoch,
                machine,
                took,
                good,
            } => self.probed(build, epoch, machine, took, good),
            Event::In { build, epoch, took } => {
                if let (true, Phase::Trying(machine)) =
                    (self.is_current(build, epoch), self.hooks[build].phase)
                {
                    self.note_answer(machine, Some(took));
                }
            }
            Event::Sent { build, epoch, took } => {
                if self.is_current(build, epoch) {
                    self.sent(build, took);
                }
            }
            Event::End { build, epoch, end } => {
                if self.is_current(build, epoch) {
                    self.ended(build, end);
                }
            }
            Event::TooLate(build) => self.too_late(build),
            Event::Wake(machine) => self.serve(machine),
            Event::Look(machine) => {
                if self.looks[machine].is_some_and(|at| at <= self.queue.now()) {
                    self.looks[machine] = None;
                }
                self.serve(machine);
            }
            Event::Interrupt(build) => self.interrupt(build),
        }
    }

    fn is_current(&self, build: usize, epoch: u32) -> bool {
        self.hooks[build].epoch == epoch
    }

    fn ask(&mut self, client: usize) {
        let now = self.queue.now();
        let worker = &mut self.clients[client];
        if worker.is_busy {
            return;
        }
        let Some(build) = worker.ready.pop_first() else {
            return;
        };
        worker.is_busy = true;
        let mut cost = DECIDE;
        if worker.process.is_none() {
            worker.process = Some(Dialogue::new(StoreDir::default()));
            cost += START;
        }
        worker.begun = now;
        self.queue
            .plan(now.after(cost), Event::Choose(client, build));
    }

    fn reply(&mut self, build: usize, reply: Reply) {
        let now = self.queue.now();
        let client = self.hooks[build].client;
        let worker = &mut self.clients[client];
        let dialogue = worker.process.as_mut().expect("a process that was asked");
        let mut action = dialogue.replied(reply);
        if reply == Reply::Accept {
            // Both lines, after which the process belongs to the build.
            let path = &self.farm.builds[build].path;
            for _ in 0..2 {
                assert!(matches!(action, Action::Read(_)));
                action = dialogue.line(format!("{path} ").as_bytes()).expect("paths");
            }
            let Action::Build(job) = action else {
                panic!("{action:?} instead of a build")
            };
            assert_eq!(job.request.derivation, *path);
            worker.process = None;
            self.hooks[build].accepted = Some(now);
            let took = now.since(worker.begun).as_secs_f64();
            self.report.replies.push(took);
            if let Some(after) = self.farm.builds[build].interrupted {
                self.queue.plan(now.after(after), Event::Interrupt(build));
            }
        } else {
            worker.postponed.insert(build);
            self.report.postponed += 1;
            let tick = (now.seconds() / GRID).floor() + 1.0;
            if worker.postponed.len() == 1 {
                self.queue.plan(Time::at(tick * GRID), Event::Grid(client));
            }
        }
        self.clients[client].is_busy = false;
        self.queue.plan(now, Event::Ask(client));
    }

    /// A build has ended: its client has another one ready.
    fn over(&mut self, build: usize, phase: Phase) {
        let now = self.queue.now();
        let hook = &mut self.hooks[build];
        hook.phase = phase;
        hook.epoch += 1;
        self.report.makespan = now.seconds();
        let worker = &mut self.clients[hook.client];
        if let Some(next) = worker.to_come.next() {
            worker.ready.insert(next);
            self.queue.plan(now, Event::Ask(hook.client));
        }
    }

    fn note(&mut self, machine: usize, outcome: Outcome<'_>) {
        let now = self.queue.now().moment();
        let was_usable = self.is_usable(machine);
        let random = &mut self.random;
        self.evidence[machine].after(outcome, now, &mut || random.f64());
        match (was_usable, self.is_usable(machine)) {
            (false, true) => self.wake(machine, NOTICE),
            (_, false) => self.wake_when_usable(machine),
            (true, true) => {}
        }
    }

    fn note_answer(&mut self, machine: usize, took: Option<u64>) {
        let round_trip = self.farm.machines[machine].round_trip;
        let outcome = Outcome::Answered {
            connect: took.map(Duration::from_micros),
            round_trip: Some(Duration::from_secs_f64(round_trip)),
        };
        self.note(machine, outcome);
    }

    fn note_failure(&mut self, machine: usize, kind: FailureKind) {
        let reason = "it failed";
        self.note(machine, Outcome::Failed { kind, reason });
    }
}

fn hook(client: usize) -> Hook {
    Hook {
        client,
        number: Number {
            since: 0,
            chance: 0,
        },
        phase: Phase::Away,
        epoch: 0,
        probed: Vec::new(),
        answers: 0,
        attempts: Attempts::new(TRIES, PATIENCE),
        failed: BTreeSet::new(),
        first_failure: None,
        in_round: 0,
        until: None,
        tries: 0,
        times_built: 0,
        accepted: None,
        sent_in: 0,
    }
}

fn suited(machines: &[BuildMachine]) -> Vec<[Vec<usize>; 2]> {
    let for_system = |system: &&str| {
        let all = machines.iter().enumerate();
        let suits = |it: &BuildMachine| it.systems.iter().any(|s| s == system);
        let suited: Vec<_> = all.filter(|(_, it)| suits(it)).collect();
        let with = suited.iter().filter(|(_, it)| !it.features.is_empty());
        let with = with.map(|(place, _)| *place).collect();
        [suited.iter().map(|(place, _)| *place).collect(), with]
    };
    SYSTEMS.iter().map(for_system).collect()
}
