//! Builds on real Guix hosts: a file for each thing that breaks.
//!
//! Needs root and namespaces; without them every test shows as ignored with
//! the reason. All tests of a lane share one farm (a head and two build
//! machines), which is brought back to normal before each, and checked after
//! each: stores and databases sound, no slot held, no process left.
//!
//! `OFFLOAD_LAB_HOOK=stock|extension` runs them on Guix's own hook, or on ours
//! called through an extension, in place of ours in front of `guix`.

mod beside_stock;
mod by_hand;
mod clients;
mod dead;
mod drains;
mod evidence;
mod failing;
mod forwarding;
mod full_disk;
mod graph;
mod handshakes;
mod heads;
mod interrupted;
mod keys;
mod killed;
mod large;
mod limits;
mod nobody;
mod old_daemons;
mod outputs;
mod pool;
mod queue;
mod retries;
mod sharing;
mod sick;
mod slots;
mod trivial;
mod unmatched;
mod unreachable;
mod ways;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::pool::{Case, Pool};

fn main() -> ExitCode {
    if let Some(status) = offload_lab::helper() {
        return status;
    }
    let mut arguments = Arguments::from_args();
    if arguments.test_threads.is_none() {
        arguments.test_threads = Some(pool::lanes());
    }
    let cases: Vec<Case> = [
        trivial::CASES,
        outputs::CASES,
        graph::CASES,
        large::CASES,
        ways::CASES,
        failing::CASES,
        limits::CASES,
        keys::CASES,
        unreachable::CASES,
        full_disk::CASES,
        unmatched::CASES,
        sick::CASES,
        sharing::CASES,
        slots::CASES,
        queue::CASES,
        beside_stock::CASES,
        drains::CASES,
        killed::CASES,
        retries::CASES,
        heads::CASES,
        evidence::CASES,
        handshakes::CASES,
        nobody::CASES,
        clients::CASES,
        dead::CASES,
        interrupted::CASES,
        forwarding::CASES,
        old_daemons::CASES,
        by_hand::CASES,
    ]
    .concat();
    let (pool, obstacle) = (Pool::new(), offload_lab::obstacle());
    let trials = cases
        .into_iter()
        .map(|case| trial(case, &pool, obstacle.as_deref()))
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Hosts end with the farms, and those with the pool.
    drop(pool);
    conclusion.exit_code()
}

fn trial(case: Case, pool: &Pool, obstacle: Option<&str>) -> Trial {
    let Some(reason) = obstacle else {
        let pool = pool.clone();
        return Trial::test(case.name, move || Ok(pool.run(&case)?));
    };
    // The runner prints an ignored test's kind: the place for the reason.
    Trial::test(case.name, || Ok(()))
        .with_ignored_flag(true)
        .with_kind(reason)
}
