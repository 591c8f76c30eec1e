//! Machines taken out of service while builds run and wait.

use anyhow::{Context, Result, ensure};
use offload_lab::{Course, Drv, Farm, Machine, since_boot, system};

use crate::pool::cases;
use crate::queue::{NOTICED, SOON, add, all_slots, paths, replied, traced, while_asked};

cases![
    running_builds_end_and_new_ones_go_elsewhere,
    the_only_machine,
    those_in_line,
];

fn offload(farm: &Farm, words: &[&str]) -> Result<String> {
    let program = ["/usr/local/libexec/offload/offload"];
    let line: Vec<&str> = program.into_iter().chain(words.iter().copied()).collect();
    farm.head.exec(&line).ok()
}

fn drain(farm: &Farm, machine: &str) -> Result<String> {
    offload(
        farm,
        &["drain", machine, "--for", "2h", "--reason", "new disk"],
    )
}

fn running_builds_end_and_new_ones_go_elsewhere(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    let running = add(farm, "runs", 2, 2.0)?;
    let machines = farm.machines()?;
    farm.head.write_machines(&machines[..1])?;
    let client = farm.head.start_build(&paths(&running))?;
    let builds = |it: &offload_lab::Told| it.name == "building";
    farm.head.wait_for_events("builds", 2, SOON, builds)?;
    farm.head.write_machines(&machines)?;
    let said = drain(farm, "w1")?;
    ensure!(said.contains("w1 gets no new builds until"), "{said}");
    let explained = offload(farm, &["explain", "--choice", &system()])?;
    ensure!(
        explained.contains("drained until") && explained.contains("(new disk)"),
        "{explained}"
    );
    let new = add(farm, "new", 3, 0.1)?;
    farm.head
        .start_build(&paths(&new))?
        .wait(SOON)?
        .succeeded()?;
    for built in &new {
        ensure!(farm.came_back(built)?.name() == "w2", "built by w1");
    }
    client.wait(SOON)?.succeeded()?;
    for built in &running {
        ensure!(farm.came_back(built)?.name() == "w1", "built again");
    }
    ensure!(
        Course::of(&farm.head.told(), &[]).turns.len() == 5,
        "tried twice"
    );
    offload(farm, &["undrain", "w1"])?;
    let (built, finished) = farm.build(&Drv::new("after"))?;
    finished.succeeded()?;
    ensure!(farm.came_back(&built)?.name() == "w1", "not built by w1");
    Ok(())
}

/// The daemon does what it can itself, and waits with what it cannot.
fn the_only_machine(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    farm.head.write_machines(&[Machine::of(&farm.w1)?])?;
    drain(farm, "w1")?;
    let built = farm.head.add(&Drv::new("here"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?.ended(0)?;
    answer.says("drained until")?.says("(new disk)")?;
    ensure!(!farm.w1.is_valid(built.out())?, "built by w1");
    let builds = add(farm, "waits", 1, 0.1)?;
    let answer = while_asked(farm, &builds, &[("build-max-jobs", "0")], || {
        let put_off = |it: &offload_lab::Told| replied(it, "postpone");
        farm.head.wait_for_events("put off", 2, SOON, put_off)?;
        offload(farm, &["undrain", "w1"]).map(drop)
    })?;
    let answer = answer.ended(0)?;
    let told = answer.text.matches("(new disk)").count();
    ensure!(
        told == 1,
        "the reason was told {told} times: {}",
        answer.text
    );
    builds
        .iter()
        .try_for_each(|it| farm.came_back(it).map(drop))
}

/// Those that wait let a drained machine's free slot lie, and take it when it
/// is in service again.
fn those_in_line(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    let mut held = all_slots(farm)?;
    let builds = add(farm, "waits", 2, 0.1)?;
    let answer = while_asked(farm, &builds, &[], || {
        let names = |machines: &'static [&'static str]| {
            move |it: &offload_lab::Told| it.list("machines") == machines
        };
        let head = &farm.head;
        head.wait_for_events("tickets for both", 2, SOON, names(&["w1:22", "w2:22"]))?;
        drain(farm, "w1")?;
        head.wait_for_events("tickets for w2", 2, SOON, names(&["w2:22"]))?;
        held.drain(..2);
        std::thread::sleep(NOTICED);
        ensure!(
            head.slots_taken()?.len() == 2,
            "a drained machine was taken"
        );
        let undrained = since_boot();
        offload(farm, &["undrain", "w1"])?;
        let taken = head.wait_for_events("slots", 2, SOON, |it| it.name == "slot")?;
        let first = taken.first().context("none")?;
        let after = first.at.saturating_sub(undrained);
        println!("taken {after:?} after it came into service");
        ensure!(after <= NOTICED, "taken after {after:?} only");
        Ok(())
    })?;
    let answer = answer.ended(0)?;
    answer.says("w1 drained until")?.says("(new disk)")?;
    for built in &builds {
        ensure!(farm.came_back(built)?.name() == "w1", "not built by w1");
    }
    Ok(())
}
