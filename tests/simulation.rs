//! A thousand farms on a bad day: whatever fails, each build is done once.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "../benches/simulation/model.rs"]
mod model;

use fastrand::Rng;
use model::BAD;
use model::farm::Farm;
use model::ours::Ours;
use model::stock::Stock;

/// Farms.
const SEEDS: u64 = 1000;

/// Threads that share them.
const THREADS: u64 = 2;

fn farm(seed: u64) -> (Farm, Rng) {
    let mut random = Rng::with_seed(seed);
    (Farm::new(&BAD, &mut random), random)
}

/// What went wrong with these seeds.
fn faults(seeds: impl Iterator<Item = u64>) -> Vec<String> {
    let mut faults = Vec::new();
    for seed in seeds {
        let (farm, random) = farm(seed);
        let report = Ours::new(&farm, &BAD, random).run();
        let wrong = report.wrong.into_iter();
        faults.extend(wrong.map(|wrong| format!("seed {seed}: {wrong}")));
        if report.built + report.failed + report.interrupted != farm.builds.len() {
            faults.push(format!("seed {seed}: {} builds lost", report.lost));
        }
    }
    faults
}

/// No slot leaked, no build lost or done twice, three tries at most in a
/// round, nobody waits while a machine is free that it would take.
#[test]
fn a_thousand_farms_do_all_their_work_once() {
    // A seed of one's own, to look at what has failed.
    let given = std::env::var("OFFLOAD_TEST_SEED").ok();
    let faults = match given.and_then(|seed| seed.parse().ok()) {
        Some(seed) => faults(std::iter::once(seed)),
        None => std::thread::scope(|scope| {
            let parts: Vec<_> = (0..THREADS)
                .map(|part| {
                    let seeds = (part..SEEDS).step_by(usize::try_from(THREADS).unwrap_or(1));
                    scope.spawn(move || faults(seeds))
                })
                .collect();
            let done = parts
                .into_iter()
                .flat_map(|part| part.join().expect("no panic"));
            done.collect()
        }),
    };
    let shown = &faults[..faults.len().min(20)];
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        shown.join("\n")
    );
}

/// The comparison means something: stock loses builds where ours do not.
#[test]
fn stock_loses_builds_to_failing_machines() {
    let lost: usize = (0..20)
        .map(|seed| {
            let (farm, random) = farm(seed);
            Stock::new(&farm, &BAD, random).run().lost
        })
        .sum();
    assert!(lost > 0);
}
