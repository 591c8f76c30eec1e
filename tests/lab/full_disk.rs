//! Disks without room.

use anyhow::{Result, ensure};
use offload_lab::{Drv, Farm, HostOptions, Machine, Node, check};

use crate::pool::cases;

cases![there_while_building, there_on_arrival, here];

const SMALL: HostOptions = HostOptions {
    suite: offload_lab::Suite::Sid,
    disk: Some(400),
};

/// The machine's daemon gives status 1 for this, as for much else.
fn there_while_building(farm: &mut Farm) -> Result<()> {
    let small = farm.machine("w3", &SMALL)?;
    farm.head
        .write_machines(&[Machine::of(&small)?.speed(9.0), Machine::of(&farm.w2)?])?;
    small.fill_disk(20 << 10)?;
    let drv = Drv::new("heavy").script("head -c 60000000 /dev/urandom > $out");
    if farm.is_stock() {
        return Ok(()); // fails with status 1
    }
    let (built, finished) = farm.build(&drv)?;
    finished.succeeded()?;
    ensure!(farm.came_back(&built)?.name() == "w2", "not built by w2");
    small.empty_disk()?;
    check(&farm.head, &[&small])
}

fn there_on_arrival(farm: &mut Farm) -> Result<()> {
    let small = farm.machine("w3", &SMALL)?;
    farm.head
        .write_machines(&[Machine::of(&small)?.speed(9.0), Machine::of(&farm.w2)?])?;
    small.fill_disk(20 << 10)?;
    if farm.is_stock() {
        return Ok(());
    }
    let drv = Drv::new("fed")
        .source("noise", Node::noise(60_000_000))
        .script("wc -c $noise > $out");
    let (built, finished) = farm.build(&drv)?;
    finished.succeeded()?;
    ensure!(farm.came_back(&built)?.name() == "w2", "not built by w2");
    small.empty_disk()?;
    check(&farm.head, &[&small])
}

fn here(farm: &mut Farm) -> Result<()> {
    let head = farm.further_head("small", &farm.normal_options(), &SMALL)?;
    let built = head.add(&Drv::new("heavy").script("head -c 60000000 /dev/urandom > $out"))?;
    head.fill_disk(30 << 10)?;
    let answer = head.ask_daemon(&[&built.path], &[])?;
    head.empty_disk()?;
    let answer = answer.ended(1)?;
    ensure!(!head.is_valid(built.out())?, "valid");
    ensure!(!head.path(built.out()).exists(), "the output is there");
    if !farm.is_stock() {
        answer.says("space")?;
    }
    // With room again the next try works.
    head.ask_daemon(&[&built.path], &[])?.ended(0)?;
    check(&head, &[&farm.w1, &farm.w2])
}
