//! A thousand machines and twenty thousand builds in simulated time: how long
//! the work takes by our rules, by stock's, and at least.
//!
//! `cargo bench --bench simulation -- [SEED]...`; without seeds, one by chance,
//! which is printed.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "simulation/model.rs"]
mod model;

use std::process::ExitCode;
use std::time::Instant;

use fastrand::Rng;
use model::farm::{Farm, Scale};
use model::ours::Ours;
use model::stock::Stock;
use model::{BAD, LARGE};

/// Of the least time, what ours may take.
const AT_MOST: f64 = 1.1;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let scale = if arguments.iter().any(|it| it == "--small") {
        BAD
    } else {
        LARGE
    };
    let mut seeds: Vec<u64> = arguments.iter().filter_map(|it| it.parse().ok()).collect();
    if seeds.is_empty() {
        seeds.push(fastrand::u64(..1_000_000));
    }
    let mut are_good = true;
    for seed in seeds {
        are_good &= compare(&scale, seed);
    }
    if are_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Does the work both ways; tells whether ours is as good as it must be.
fn compare(scale: &Scale, seed: u64) -> bool {
    let mut random = Rng::with_seed(seed);
    let farm = Farm::new(scale, &mut random);
    let bound = farm.bound();
    println!(
        "seed {seed}: {} machines, {} builds, {} clients; at least {bound:.0} s",
        scale.machines, scale.builds, scale.clients
    );
    let begun = Instant::now();
    let ours = Ours::new(&farm, scale, random.fork()).run();
    let ratio = ours.makespan / bound;
    let mut replies = ours.replies.clone();
    replies.sort_by(f64::total_cmp);
    let reply = |part: f64| {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let index = (replies.len() as f64 * part) as usize;
        replies.get(index).copied().unwrap_or_default() * 1000.0
    };
    println!(
        "  ours:  {:7.0} s ({ratio:.3} of it); {} built, {} failed, {} interrupted, {} lost, {} tries, {} postponed; replies {:.1} ms, 95 % within {:.1} ms, all within {:.0} ms  [{:.1} s]",
        ours.makespan,
        ours.built,
        ours.failed,
        ours.interrupted,
        ours.lost,
        ours.tries,
        ours.postponed,
        reply(0.5),
        reply(0.95),
        reply(0.999_999),
        begun.elapsed().as_secs_f64()
    );
    for wrong in &ours.wrong {
        println!("  WRONG: {wrong}");
    }
    let begun = Instant::now();
    let stock = Stock::new(&farm, scale, random.fork()).run();
    println!(
        "  stock: {:7.0} s ({:.3} of it); {} done, {} lost, {} postponed  [{:.1} s]",
        stock.makespan,
        stock.makespan / bound,
        stock.done,
        stock.lost,
        stock.postponed,
        begun.elapsed().as_secs_f64()
    );
    let is_good = ours.wrong.is_empty() && ratio <= AT_MOST && ours.makespan < stock.makespan;
    if !is_good {
        println!("  NOT GOOD ENOUGH with seed {seed}");
    }
    is_good
}
