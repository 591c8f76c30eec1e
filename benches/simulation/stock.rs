//! Stock's hook on the same farm, by its rule as facts of Guix 1.5.0 tell it:
//! a slot of every matching machine is taken, the machines are asked one after
//! the other, the fastest first; the first that answers gets the build, and
//! what it loses is lost. All times that are guessed are to its favour.

use std::collections::{BTreeSet, HashSet};

use fastrand::Rng;

use super::clock::{Queue, Time};
use super::farm::{Farm, How, ITEM, SYSTEMS, Scale};

/// Seconds until a new hook process can decide: Guile and its modules.
const START: f64 = 0.3;

/// Seconds for the machine file, each time.
const READ_FILE: f64 = 0.02;

/// Seconds of the Scheme process that tells load and space.
const ASK: f64 = 0.2;

/// Seconds that a connection may take.
const CONNECT_LIMIT: f64 = 30.0;

/// Seconds of the processes around a build: sending, building, retrieving.
const AROUND: f64 = 0.8;

/// The daemon's grid.
const GRID: f64 = 5.0;

/// Seconds after which TCP gives up on a machine that went silent.
const GIVES_UP: f64 = 900.0;

/// The client's limit for silence ends what hangs.
const MAX_SILENT: f64 = 3600.0;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ask(usize),
    Choose {
        client: usize,
        build: usize,
    },
    Chosen {
        client: usize,
        build: usize,
        machine: Option<usize>,
        held: Vec<usize>,
    },
    Grid(usize),
    End {
        build: usize,
        machine: usize,
        built: bool,
    },
}

#[derive(Debug)]
struct Client {
    to_come: std::ops::Range<usize>,
    ready: BTreeSet<usize>,
    postponed: BTreeSet<usize>,
    is_busy: bool,
    has_process: bool,
}

/// How it went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Seconds until the last build that came back had come back.
    pub makespan: f64,
    /// Builds that came back, or whose builder failed.
    pub done: usize,
    /// Builds that a machine's failure ended.
    pub lost: usize,
    /// Questions that were answered with `# postpone`.
    pub postponed: u64,
}

/// A simulation.
pub struct Stock<'a> {
    farm: &'a Farm,
    queue: Queue<Event>,
    random: Rng,
    taken: Vec<u32>,
    there: Vec<HashSet<u64>>,
    clients: Vec<Client>,
    client_of: Vec<usize>,
    report: Report,
}

impl<'a> Stock<'a> {
    /// Before the first event.
    pub fn new(farm: &'a Farm, scale: &Scale, random: Rng) -> Self {
        let count = farm.machines.len();
        let builds = farm.builds.len();
        let each = builds.div_ceil(scale.clients);
        let clients = (0..scale.clients).map(|client| {
            let end = builds.min((client + 1) * each);
            let begin = end.min(client * each);
            let first = end.min(begin + scale.ready);
            Client {
                to_come: first..end,
                ready: (begin..first).collect(),
                postponed: BTreeSet::new(),
                is_busy: false,
                has_process: false,
            }
        });
        Self {
            farm,
            queue: Queue::new(),
            random,
            taken: vec![0; count],
            there: vec![HashSet::new(); count],
            clients: clients.collect(),
            client_of: (0..builds).map(|build| build / each).collect(),
            report: Report::default(),
        }
    }

    /// Runs it to the end.
    pub fn run(mut self) -> Report {
        for client in 0..self.clients.len() {
            self.queue.plan(Time::default(), Event::Ask(client));
        }
        while let Some(event) = self.queue.next() {
            match event {
                Event::Ask(client) => self.ask(client),
                Event::Choose { client, build } => self.choose(client, build),
                Event::Chosen {
                    client,
                    build,
                    machine,
                    held,
                } => self.chosen(client, build, machine, &held),
                Event::Grid(client) => {
                    let worker = &mut self.clients[client];
                    worker.ready.append(&mut worker.postponed);
                    self.ask(client);
                }
                Event::End {
                    build,
                    machine,
                    built,
                } => self.ended(build, machine, built),
            }
        }
        self.report
    }

    fn ask(&mut self, client: usize) {
        let worker = &mut self.clients[client];
        if worker.is_busy {
            return;
        }
        let Some(build) = worker.ready.pop_first() else {
            return;
        };
        worker.is_busy = true;
        let start = if worker.has_process { 0.0 } else { START };
        worker.has_process = true;
        let at = self.queue.now().after(start + READ_FILE);
        self.queue.plan(at, Event::Choose { client, build });
    }

    fn choose(&mut self, client: usize, build: usize) {
        let what = &self.farm.builds[build];
        let mut held: Vec<usize> = (0..self.farm.machines.len())
            .filter(|machine| {
                let described = &self.farm.machines[*machine].described;
                self.taken[*machine] < described.parallel_builds
                    && described.systems.iter().any(|s| s == SYSTEMS[what.system])
                    && what
                        .features
                        .iter()
                        .all(|it| described.features.contains(it))
            })
            .collect();
        self.random.shuffle(&mut held);
        held.sort_by(|a, b| {
            let speed = |machine: &usize| self.farm.machines[*machine].described.speed;
            speed(b).total_cmp(&speed(a))
        });
        let mut at = self.queue.now();
        let mut found = None;
        for machine in &held {
            self.taken[*machine] += 1;
            if found.is_some() {
                continue;
            }
            let it = &self.farm.machines[*machine];
            match it.outage_at(at).map(|outage| outage.how) {
                Some(How::Silent) => at = at.after(CONNECT_LIMIT),
                Some(How::Refuses) => at = at.after(it.round_trip),
                None => {
                    at = at.after(5.0 * it.round_trip + ASK);
                    if !it.is_full {
                        found = Some(*machine);
                    }
                }
            }
        }
        let chosen = Event::Chosen {
            client,
            build,
            machine: found,
            held,
        };
        self.queue.plan(at, chosen);
    }

    fn chosen(&mut self, client: usize, build: usize, machine: Option<usize>, held: &[usize]) {
        let now = self.queue.now();
        for other in held.iter().filter(|held| Some(**held) != machine) {
            self.taken[*other] -= 1;
        }
        let worker = &mut self.clients[client];
        worker.is_busy = false;
        self.queue.plan(now, Event::Ask(client));
        let Some(machine) = machine else {
            worker.postponed.insert(build);
            self.report.postponed += 1;
            if worker.postponed.len() == 1 {
                let tick = (now.seconds() / GRID).floor() + 1.0;
                self.queue.plan(Time::at(tick * GRID), Event::Grid(client));
            }
            return;
        };
        worker.has_process = false;
        let it = &self.farm.machines[machine];
        let what = &self.farm.builds[build];
        let there = &mut self.there[machine];
        let new = what
            .closure
            .iter()
            .filter(|item| there.insert(**item))
            .count();
        #[allow(clippy::cast_precision_loss)] // a few dozen
        let sending = 10.0 * it.round_trip + new as f64 * ITEM / it.throughput;
        let built = now.after(sending + what.work / it.speed + AROUND);
        let mut during = it
            .outages
            .iter()
            .filter(|it| it.to > now && it.from < built);
        let (at, built) = match during.next() {
            None => (built, !it.is_broken),
            Some(outage) if outage.how == How::Refuses => (outage.from.max(now), false),
            // The connection bears it.
            Some(outage) if outage.to <= outage.from.after(GIVES_UP) => {
                (built.max(outage.to.after(1.0)), !it.is_broken)
            }
            Some(outage) => (outage.from.after(MAX_SILENT), false),
        };
        let end = Event::End {
            build,
            machine,
            built,
        };
        self.queue.plan(at, end);
    }

    fn ended(&mut self, build: usize, machine: usize, built: bool) {
        let now = self.queue.now();
        self.taken[machine] -= 1;
        if built {
            self.report.done += 1;
            self.report.makespan = now.seconds();
        } else {
            self.report.lost += 1;
        }
        let client = self.client_of[build];
        if let Some(next) = self.clients[client].to_come.next() {
            self.clients[client].ready.insert(next);
            self.queue.plan(now, Event::Ask(client));
        }
    }
}
