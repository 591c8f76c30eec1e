//! A client that goes away, in each state of its build.
//!
//! The daemon then ends the hook by SIGKILL: nothing of its own cleans up.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use offload_lab::{Built, Drv, Farm, Line, Machine, Node, Running, sys::wait_until};

use crate::pool::cases;

cases![before_the_reply, sending, building, receiving, registering];

const SOON: Duration = Duration::from_secs(30);

/// Slow enough that a transfer of 40 MB is still under way when it is seen.
const SLOW: Line = Line {
    round_trip: Duration::from_millis(2),
    rate: Some(8_000_000),
};
const HEAVY: u64 = 40_000_000;

fn before_the_reply(farm: &mut Farm) -> Result<()> {
    traced(farm)?;
    // Who connects hears nothing: the hook cannot answer yet.
    farm.w1.drop_packets(true)?;
    farm.w2.drop_packets(true)?;
    let built = farm.head.add(&Drv::new("asked"))?;
    let client = farm.head.start_build(&[&built.path])?;
    wait_until("a hook runs", SOON, || Ok(!farm.head.hooks()?.is_empty()))?;
    std::thread::sleep(Duration::from_millis(200));
    interrupted(farm, client, &built)?;
    farm.w1.drop_packets(false)?;
    farm.w2.drop_packets(false)?;
    next_try_works(farm, &built)
}

fn sending(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // tells of no events
    }
    traced(farm)?;
    let line = farm.w1.delay(SLOW)?;
    farm.head
        .write_machines(&[Machine::of(&farm.w1)?.port(line.port())])?;
    let drv = Drv::new("sent")
        .source("noise", Node::noise(HEAVY))
        .script("wc -c $noise > $out");
    let built = farm.head.add(&drv)?;
    let client = farm.head.start_build(&[&built.path])?;
    farm.head.wait_for_event("sending", SOON)?;
    std::thread::sleep(Duration::from_millis(300));
    ensure!(
        !farm.head.trace().contains(" sent "),
        "sent too fast for this test"
    );
    interrupted(farm, client, &built)?;
    farm.head.write_machines(&farm.machines()?)?;
    drop(line);
    next_try_works(farm, &built)
}

fn building(farm: &mut Farm) -> Result<()> {
    traced(farm)?;
    let drv = Drv::new("built").script("echo under way; sleep 4; echo > $out");
    let built = farm.head.add(&drv)?;
    let client = farm.head.start_build(&[&built.path])?;
    wait_until("a builder runs", SOON, || Ok(farm.builders_running()? > 0))?;
    client.wait_for("under way", SOON)?;
    interrupted(farm, client, &built)?;
    next_try_works(farm, &built)
}

fn receiving(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm)?;
    let line = farm.w1.delay(SLOW)?;
    farm.head
        .write_machines(&[Machine::of(&farm.w1)?.port(line.port())])?;
    let drv = Drv::new("received").script(&format!("head -c {HEAVY} /dev/urandom > $out"));
    let built = farm.head.add(&drv)?;
    let client = farm.head.start_build(&[&built.path])?;
    farm.head.wait_for_event("retrieving", SOON)?;
    let half = farm.head.path(format!("{}.chroot", built.out()));
    wait_until("half of it is there", SOON, || Ok(half.exists()))?;
    interrupted(farm, client, &built)?;
    farm.head.write_machines(&farm.machines()?)?;
    drop(line);
    next_try_works(farm, &built)?;
    farm.head.collect_garbage()
}

/// The hook waits for the database, its output complete, when it is killed.
fn registering(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm)?;
    let built = farm.head.add(&Drv::new("registered"))?;
    let locked = farm.head.lock_database()?;
    let client = farm.head.start_build(&[&built.path])?;
    farm.head.wait_for_event("received", SOON)?;
    std::thread::sleep(Duration::from_millis(200));
    interrupted(farm, client, &built)?;
    drop(locked);
    next_try_works(farm, &built)
}

/// Lets the hook tell of its events.
fn traced(farm: &mut Farm) -> Result<()> {
    farm.head_daemon(
        farm.normal_options()
            .variable("OFFLOAD_TRACE", offload_lab::TRACE),
    )?;
    farm.head.clear_trace()
}

/// Interrupts a client and insists that all traces of its build vanish.
fn interrupted(farm: &Farm, client: Running, built: &Built) -> Result<()> {
    let start = Instant::now();
    client.interrupt()?;
    client.wait(Duration::from_secs(5))?.failed()?;
    for machine in [&farm.w1, &farm.w2] {
        machine
            .no_builder_left(Duration::from_secs(2))
            .context("after an interruption")?;
    }
    farm.head.slots_free(Duration::from_secs(2))?;
    wait_until("no hook is left", Duration::from_secs(2), || {
        Ok(farm.head.hooks()?.is_empty())
    })?;
    println!("all is gone after {:?}", start.elapsed());
    for output in built.outputs.values() {
        let valid = farm.head.is_valid(output)?;
        ensure!(!valid, "{output} has a row");
    }
    Ok(())
}

fn next_try_works(farm: &Farm, built: &Built) -> Result<()> {
    farm.head.guix_build(&[&built.path]).run()?.succeeded()?;
    farm.came_back(built)?;
    Ok(())
}
