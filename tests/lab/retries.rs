//! Builds that lose their machine after they were accepted: the daemon never
//! asks again, so nothing may be given up lightly.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use offload_lab::{DaemonOptions, Drv, Farm, Machine, Told, sys::wait_until};

use crate::pool::cases;
use crate::queue::{SOON, add, replied, traced, while_asked};

cases![
    the_first_that_comes_back,
    patience_ends_with_every_reason,
    who_lost_its_machine_is_first_in_line,
    three_in_a_row_are_lost,
];

/// Lets both machines answer, so that the next build is accepted unasked.
fn well_known(farm: &Farm) -> Result<()> {
    let builds = add(farm, "before", 4, 0.5)?;
    let paths = crate::queue::paths(&builds);
    farm.head.guix_build(&paths).run()?.succeeded()?;
    for machine in [&farm.w1, &farm.w2] {
        let built = builds
            .iter()
            .any(|it| machine.is_valid(it.out()).unwrap_or(false));
        ensure!(built, "{} has built nothing", machine.name());
    }
    farm.head.clear_trace()
}

fn no_daemons(farm: &Farm) -> Result<()> {
    farm.w1.stop_daemon()?;
    farm.w2.stop_daemon()
}

/// Both daemons are gone, and one comes back while the build waits.
fn the_first_that_comes_back(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // fails
    }
    traced(farm, &[])?;
    well_known(farm)?;
    no_daemons(farm)?;
    let builds = add(farm, "waits", 1, 0.1)?;
    let answer = while_asked(farm, &builds, &[], || {
        let head = &farm.head;
        head.wait_for_events("accepted", 1, SOON, |it| replied(it, "accept"))?;
        // Tried on both, one after the other.
        head.wait_for_events("a slot", 2, SOON, |it| it.name == "slot")?;
        head.wait_for_events("given back", 2, SOON, |it| it.name == "released")?;
        head.wait_for_events("a ticket", 1, SOON, |it| it.name == "in-line")?;
        ensure!(head.slots_taken()?.is_empty(), "it waits and holds a slot");
        farm.w2.start_daemon(&DaemonOptions::default())
    })?;
    farm.w1.start_daemon(&DaemonOptions::default())?;
    let answer = answer.ended(0)?.says("w1:22")?.says("w2:22")?;
    let answer = answer.says("waiting: w1 resting until")?;
    let log = farm.head.build_log(&builds[0].path)?.unwrap_or_default();
    for machine in ["w1:22", "w2:22"] {
        ensure!(
            log.contains(machine),
            "the log does not tell of {machine}: {log}"
        );
    }
    ensure!(
        farm.came_back(&builds[0])?.name() == "w2",
        "not built by w2"
    );
    println!("built after {:?}", answer.elapsed);
    Ok(())
}

fn patience_ends_with_every_reason(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[("OFFLOAD_PATIENCE", "2")])?;
    well_known(farm)?;
    no_daemons(farm)?;
    let built = farm.head.add(&Drv::new("in-vain"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?;
    on_both(farm)?;
    let answer = answer.ended(1)?.says("no machine came back in time")?;
    let text = answer
        .text
        .rsplit("came back in time")
        .next()
        .unwrap_or_default();
    for machine in ["w1:22", "w2:22"] {
        ensure!(text.contains(machine), "no reason of {machine}: {text}");
    }
    let within = Duration::from_secs(2)..Duration::from_secs(8);
    ensure!(
        within.contains(&answer.elapsed),
        "after {:?}",
        answer.elapsed
    );
    Ok(())
}

fn on_both(farm: &Farm) -> Result<()> {
    farm.w1.start_daemon(&DaemonOptions::default())?;
    farm.w2.start_daemon(&DaemonOptions::default())
}

/// The machine of both is lost while one builds there and another waits: when
/// it is back, it is the first one's again.
fn who_lost_its_machine_is_first_in_line(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    farm.head
        .write_machines(&[Machine::of(&farm.w1)?.slots(1)])?;
    let first = add(farm, "first", 1, 2.0)?;
    let second = add(farm, "second", 1, 0.1)?;
    let key = farm.head.ssh_key()?;
    let head = &farm.head;
    let answer = while_asked(farm, &first, &[], || {
        wait_until("it builds", SOON, || {
            Ok(!farm.w1.builds_running()?.is_empty())
        })?;
        let other = while_asked(farm, &second, &[], || {
            head.wait_for_events("a ticket", 1, SOON, |it| it.name == "in-line")?;
            farm.w1.stop_sshd()?;
            head.wait_for_events("lost", 1, SOON, |it| it.name == "released")?;
            farm.w1.authorize_ssh(&[&key])?;
            farm.w1.start_sshd(&[])
        })?;
        other.ended(0).map(drop)
    })?;
    answer.ended(0)?;
    let events = head.told();
    let order: Vec<i32> = events.named("built").map(|it| it.pid).collect();
    let of_first = events.first().context("no events")?.pid;
    ensure!(order.len() == 2, "built {} times", order.len());
    ensure!(
        order.first() == Some(&of_first),
        "the one that came later was first"
    );
    farm.came_back(&first[0])?;
    farm.came_back(&second[0]).map(drop)
}

/// The third one does it.
fn three_in_a_row_are_lost(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[("OFFLOAD_FRESH", "300")])?;
    let third = farm.machine("third", &offload_lab::HostOptions::default())?;
    let mut machines = farm.machines()?;
    // The slowest, so that it is tried last.
    machines.push(Machine::of(&third)?.speed(0.01));
    well_known(farm)?;
    farm.head.write_machines(&machines[2..])?;
    farm.build(&Drv::new("before"))?.1.succeeded()?;
    farm.head.write_machines(&machines)?;
    farm.head.clear_trace()?;
    no_daemons(farm)?;
    let built = farm.head.add(&Drv::new("third-time"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?;
    on_both(farm)?;
    answer.ended(0)?.says("w1:22")?.says("w2:22")?;
    ensure!(third.is_valid(built.out())?, "not built by the third");
    let events = farm.head.told();
    let tried: Vec<_> = events.named("slot").filter_map(Told::machine).collect();
    ensure!(tried == ["w1", "w2", "third"], "tried {tried:?}");
    offload_lab::check(&farm.head, &[&farm.w1, &farm.w2, &third])
}
