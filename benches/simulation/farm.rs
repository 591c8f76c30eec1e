//! What is simulated: machines with their failures, the network, the builds.

use std::collections::BTreeMap;

use fastrand::Rng;
use offload::machines::record::BuildMachine;
use offload::store::path::{StoreDir, StorePath};

use super::clock::Time;

/// How large, and how bad.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Machines.
    pub machines: usize,
    /// Builds.
    pub builds: usize,
    /// Clients that ask for them.
    pub clients: usize,
    /// Builds that a client has ready at a time.
    pub ready: usize,
    /// Most slots of a machine.
    pub slots: u32,
    /// A build's work in seconds of a machine of speed 1, from and to.
    pub work: (f64, f64),
    /// Failures of a machine in an hour.
    pub failures: f64,
    /// Every so many-th machine is down from the beginning.
    pub dead: usize,
    /// Every so many-th comes and goes.
    pub flapping: usize,
    /// Every so many-th has a broken disk.
    pub broken: usize,
    /// Every so many-th is full.
    pub full: usize,
    /// Of a thousand builds so many have a builder that fails.
    pub failing: u64,
    /// Of a thousand builds so many are interrupted.
    pub interrupted: u64,
}

/// How a machine is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Its packets are lost.
    Silent,
    /// It is up but its daemon is not: it refuses.
    Refuses,
}

/// A time in which a machine is down.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// When it begins.
    pub from: Time,
    /// When it is over.
    pub to: Time,
    /// How it shows.
    pub how: How,
}

/// A machine as it is.
#[derive(Debug)]
pub struct Machine {
    /// As the machine file has it.
    pub described: BuildMachine,
    /// How fast it is.
    pub speed: f64,
    /// Seconds for a round trip.
    pub round_trip: f64,
    /// Bytes in a second.
    pub throughput: f64,
    /// When it is down, in order.
    pub outages: Vec<Outage>,
    /// What it gives is broken.
    pub is_broken: bool,
    /// Its store is full.
    pub is_full: bool,
}

impl Machine {
    /// The outage in which that moment lies.
    pub fn outage_at(&self, at: Time) -> Option<Outage> {
        let found = self.outages.iter().find(|outage| at < outage.to)?;
        (found.from <= at).then_some(*found)
    }

    /// What ends connections that live from then to then: an outage that is
    /// not just a short silence, as TCP bears one. With it, when that is
    /// noticed here.
    pub fn lost_between(&self, from: Time, to: Time, patience: f64) -> Option<Time> {
        let mut during = self.outages.iter().filter(|outage| outage.to > from);
        during.find_map(|outage| {
            if outage.from >= to {
                return None;
            }
            match outage.how {
                How::Refuses => Some(outage.from),
                How::Silent if outage.to > outage.from.after(patience) => {
                    Some(outage.from.after(patience))
                }
                How::Silent => None,
            }
        })
    }
}

/// A build to be done.
#[derive(Debug)]
pub struct Build {
    /// Its derivation.
    pub path: StorePath,
    /// For which system.
    pub system: usize,
    /// What it requires.
    pub features: Vec<String>,
    /// Seconds of a machine of speed 1.
    pub work: f64,
    /// What must be there.
    pub closure: Vec<u64>,
    /// Its builder fails.
    pub fails: bool,
    /// Its client goes away, so long after the build was taken.
    pub interrupted: Option<f64>,
}

/// Bytes of a store item.
pub const ITEM: f64 = 200e3;

/// The systems, the usual one first.
pub const SYSTEMS: [&str; 2] = ["x86_64-linux", "aarch64-linux"];

/// How long outages are planned ahead.
const HORIZON: f64 = 24.0 * 3600.0;

/// Builds that have most of their closure in common.
const GROUP: usize = 20;

/// Everything that is simulated.
#[derive(Debug)]
pub struct Farm {
    /// The machines.
    pub machines: Vec<Machine>,
    /// The builds.
    pub builds: Vec<Build>,
}

impl Farm {
    /// Makes one by chance.
    pub fn new(scale: &Scale, random: &mut Rng) -> Self {
        let machines = (0..scale.machines)
            .map(|number| machine(scale, number, random))
            .collect();
        let base: Vec<u64> = (0..20).map(|_| random.u64(..)).collect();
        let mut shared = base.clone();
        let builds = (0..scale.builds)
            .map(|number| {
                if number % GROUP == 0 {
                    shared.truncate(base.len());
                    shared.extend((0..25).map(|_| random.u64(..)));
                }
                build(scale, number, &shared, random)
            })
            .collect();
        Self { machines, builds }
    }

    /// The machines as the file has them.
    pub fn described(&self) -> Vec<BuildMachine> {
        let described = self.machines.iter().map(|it| it.described.clone());
        described.collect()
    }

    /// The least time in which all could be done: each system's work divided
    /// by what its machines can do, while they are up.
    pub fn bound(&self) -> f64 {
        let systems = SYSTEMS.iter().enumerate();
        systems
            .map(|(i, name)| self.bound_of(i, name))
            .fold(0.0, f64::max)
    }

    fn bound_of(&self, system: usize, name: &str) -> f64 {
        let builds = self.builds.iter().filter(|build| build.system == system);
        let work: f64 = builds.map(|build| build.work).sum();
        let suited = |machine: &&Machine| {
            machine.described.systems.iter().any(|s| s == name)
                && !machine.is_broken
                && !machine.is_full
        };
        let power =
            |machine: &Machine| machine.speed * f64::from(machine.described.parallel_builds);
        // What comes and what goes, in order.
        let mut changes: Vec<(Time, f64)> = Vec::new();
        let mut now = 0.0;
        for machine in self.machines.iter().filter(suited) {
            now += power(machine);
            for outage in &machine.outages {
                changes.push((outage.from, -power(machine)));
                changes.push((outage.to, power(machine)));
            }
        }
        changes.sort_by_key(|change| change.0);
        let (mut left, mut since) = (work, Time::default());
        for (at, change) in changes {
            let done = now * at.since(since).as_secs_f64();
            if done >= left {
                break;
            }
            left -= done;
            since = at;
            now += change;
        }
        since.seconds() + left / now.max(1e-9)
    }
}

fn machine(scale: &Scale, number: usize, random: &mut Rng) -> Machine {
    let is_every = |every: usize| every > 0 && number % every == every - 1;
    // One of each system is always there: a build that nobody can do is
    // rightly given up.
    let is_sure = number < SYSTEMS.len();
    let is_arm = number == 1 || (number > 1 && random.u32(..100) < 10);
    let speed = 1.0 + random.f64();
    let is_dead = !is_sure && is_every(scale.dead);
    let outages = if is_sure {
        Vec::new()
    } else if is_dead {
        vec![Outage {
            from: Time::default(),
            to: Time::NEVER,
            how: how(random),
        }]
    } else if is_every(scale.flapping) {
        flapping(random)
    } else {
        failing(scale.failures, random)
    };
    Machine {
        described: described(scale, number, is_arm, speed, random),
        speed: speed * (0.9 + 0.2 * random.f64()),
        round_trip: if random.bool() {
            0.0005
        } else {
            0.05 * random.f64()
        },
        throughput: 5e6 + 95e6 * random.f64(),
        outages,
        is_broken: !is_sure && is_every(scale.broken),
        is_full: !is_sure && is_every(scale.full),
    }
}

fn described(
    scale: &Scale,
    number: usize,
    is_arm: bool,
    speed: f64,
    random: &mut Rng,
) -> BuildMachine {
    BuildMachine {
        name: format!("w{number}"),
        port: 22,
        systems: vec![SYSTEMS[usize::from(is_arm)].to_owned()],
        user: "root".to_owned(),
        private_key: None,
        host_key: None,
        compression: String::new(),
        compression_level: 3,
        daemon_socket: String::new(),
        overload_threshold: Some(0.8),
        parallel_builds: random.u32(1..=scale.slots),
        // As somebody has noted it down once.
        speed: (speed * 4.0).round() / 4.0,
        features: if number < SYSTEMS.len() || random.bool() {
            vec!["kvm".to_owned()]
        } else {
            Vec::new()
        },
        location: None,
        written: BTreeMap::new(),
    }
}

fn how(random: &mut Rng) -> How {
    if random.bool() {
        How::Silent
    } else {
        How::Refuses
    }
}

fn flapping(random: &mut Rng) -> Vec<Outage> {
    let mut outages = Vec::new();
    let mut at = 120.0 * random.f64();
    while at < HORIZON {
        let end = at + 20.0 + 60.0 * random.f64();
        outages.push(Outage {
            from: Time::at(at),
            to: Time::at(end),
            how: how(random),
        });
        at = end + 60.0 + 120.0 * random.f64();
    }
    outages
}

/// Failures that come by chance, each over after some minutes.
fn failing(in_an_hour: f64, random: &mut Rng) -> Vec<Outage> {
    let mut outages = Vec::new();
    let mut at = 0.0;
    loop {
        at += -(1.0 - random.f64()).ln() * 3600.0 / in_an_hour.max(1e-9);
        if at >= HORIZON {
            return outages;
        }
        let end = at + 60.0 + 600.0 * random.f64();
        outages.push(Outage {
            from: Time::at(at),
            to: Time::at(end),
            how: how(random),
        });
        at = end;
    }
}

fn build(scale: &Scale, number: usize, shared: &[u64], random: &mut Rng) -> Build {
    let mut closure = shared.to_vec();
    closure.extend((0..5).map(|_| random.u64(..)));
    let (least, most) = scale.work;
    let in_thousand = |random: &mut Rng, of: u64| random.u64(..1000) < of;
    let hash = format!("{number:032}");
    let name = format!("{hash}-b{number}.drv");
    Build {
        path: StoreDir::default().join(&name).expect("a store path"),
        // Less than the share of the machines, for of them some are down.
        system: usize::from(random.u32(..100) < 5),
        features: if random.u32(..100) < 10 {
            vec!["kvm".to_owned()]
        } else {
            Vec::new()
        },
        work: least + (most - least) * random.f64(),
        closure,
        fails: in_thousand(random, scale.failing),
        interrupted: in_thousand(random, scale.interrupted).then(|| 90.0 * random.f64()),
    }
}
