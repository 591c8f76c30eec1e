//! Derivations that need others.

use anyhow::{Result, ensure};
use offload_lab::{Built, DOOR, Drv, Farm, Machine};

use crate::pool::cases;

cases![
    chain,
    diamond,
    input_that_was_built_here,
    input_that_is_collected_there_meanwhile,
];

fn chain(farm: &mut Farm) -> Result<()> {
    let first = step("first", &[]);
    let second = step("second", &[("a", &first)]);
    let third = step("third", &[("a", &second)]);
    all_come_back(farm, &third, &[&first, &second])
}

fn diamond(farm: &mut Farm) -> Result<()> {
    let base = step("base", &[]);
    let left = step("left", &[("a", &base)]);
    let right = step("right", &[("a", &base)]);
    let top = step("top", &[("a", &left), ("b", &right)]);
    all_come_back(farm, &top, &[&base, &left, &right])
}

/// What only the head has built must be signed to be sent.
fn input_that_was_built_here(farm: &mut Farm) -> Result<()> {
    let input = step("here", &[]);
    let built = farm.head.add(&input)?;
    let socket = offload_lab::SOCKET;
    farm.head
        .guix_build_at(socket, &[&built.path], &["--no-offload"])
        .ok()?;
    let (built, finished) = farm.build(&step("needs-here", &[("a", &input)]))?;
    finished.succeeded()?;
    farm.came_back(&built)?;
    Ok(())
}

/// A collector there takes what only the rest of the closure refers to after
/// we were told that it is valid: it is sent after all.
fn input_that_is_collected_there_meanwhile(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let base = step("indirect", &[]);
    let middle = step("direct", &[("a", &base)]);
    let built = farm.head.add(&middle)?;
    let socket = offload_lab::SOCKET;
    farm.head
        .guix_build_at(socket, &[&built.path], &["--no-offload"])
        .ok()?;
    let door = format!("(daemon-socket \"{DOOR}\")");
    let w1 = Machine::of(&farm.w1)?;
    farm.head.write_machines(std::slice::from_ref(&w1))?;
    let first = Drv::new("forgets").input("a", &base).script("echo > $out");
    let (_, finished) = farm.build(&first)?;
    finished.succeeded()?;
    let base = farm.head.add(&base)?.out().to_owned();
    ensure!(farm.w1.is_valid(&base)?, "not sent");
    let vanishing = base.clone();
    let opened = farm
        .w1
        .open_door(move |daemon| daemon.collect(std::slice::from_ref(&vanishing)))?;
    farm.head.write_machines(&[w1.more(&door)])?;
    let (built, finished) = farm.build(&step("needs-both", &[("a", &middle)]))?;
    finished.succeeded()?;
    ensure!(opened.outcome() == Some(Ok(())), "{:?}", opened.outcome());
    ensure!(farm.w1.is_valid(&base)?, "not sent again");
    farm.came_back(&built)?;
    Ok(())
}

fn step(name: &str, inputs: &[(&str, &Drv)]) -> Drv {
    let mut drv = Drv::new(name).script(&format!(
        "mkdir $out; echo {name} > $out/name; for i in $a $b; do ln -s $i $out/; cat $i/name; done"
    ));
    for (variable, input) in inputs {
        drv = drv.input(variable, input);
    }
    drv
}

fn all_come_back(farm: &Farm, top: &Drv, others: &[&Drv]) -> Result<()> {
    let (built, finished) = farm.build(top)?;
    finished.succeeded()?;
    let mut all: Vec<Built> = vec![built];
    for drv in others {
        all.push(farm.head.add(drv)?);
    }
    all.iter().try_for_each(|b| farm.came_back(b).map(drop))
}
