//! Machines that are down, and daemons that are.

use std::time::Duration;

use anyhow::{Result, ensure};
use offload_lab::{DaemonOptions, Drv, Farm, Host};

use crate::keys::built_here;
use crate::pool::cases;

cases![
    no_sshd,
    no_sshd_anywhere,
    nobody_and_no_local_builds,
    packets_vanish,
    daemon_absent,
    daemon_stands_still,
    machine_dies_while_building,
    machine_vanishes_while_building,
];

fn no_sshd(farm: &mut Farm) -> Result<()> {
    farm.w1.stop_sshd()?;
    built_by_w2(farm)
}

fn no_sshd_anywhere(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // postpones for ever
    }
    farm.w1.stop_sshd()?;
    farm.w2.stop_sshd()?;
    built_here(farm, "w1")
}

/// With `--max-jobs=0` a decline would end the build: it is put off, and
/// fails with the reasons when that has lasted.
fn nobody_and_no_local_builds(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    farm.w1.stop_sshd()?;
    farm.w2.stop_sshd()?;
    farm.head_daemon(farm.normal_options().variable("OFFLOAD_POSTPONE", "3"))?;
    let built = farm.head.add(&Drv::new("nobody"))?;
    let answer = farm
        .head
        .ask_daemon(&[&built.path], &[("build-max-jobs", "0")])?;
    let answer = answer.ended(1)?.says("w1")?.says("w2")?;
    ensure!(answer.elapsed > Duration::from_secs(3), "not put off");
    ensure!(
        answer.elapsed < Duration::from_secs(30),
        "took {:?}",
        answer.elapsed
    );
    // The machines come back: so do builds.
    farm.w1.start_sshd(&[])?;
    farm.head
        .ask_daemon(&[&built.path], &[("build-max-jobs", "0")])?
        .ended(0)?;
    farm.came_back(&built)?;
    Ok(())
}

fn packets_vanish(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // waits half a minute
    }
    farm.w1.drop_packets(true)?;
    built_by_w2(farm)
}

fn daemon_absent(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // fails
    }
    farm.w1.stop_daemon()?;
    let result = built_by_w2(farm);
    farm.w1.start_daemon(&DaemonOptions::default())?;
    result
}

fn daemon_stands_still(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // waits for it
    }
    farm.head_daemon(
        farm.normal_options()
            .variable("OFFLOAD_HANDSHAKE_TIMEOUT", "3"),
    )?;
    farm.w1.pause_daemon(true)?;
    let result = built_by_w2(farm);
    farm.w1.pause_daemon(false)?;
    result
}

fn machine_dies_while_building(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // fails
    }
    lost_while_building(farm, offload_lab::Host::stop_sshd)
}

fn machine_vanishes_while_building(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let options = farm
        .normal_options()
        .variable("OFFLOAD_KEEPALIVE", "1")
        .variable("OFFLOAD_USER_TIMEOUT", "3");
    farm.head_daemon(options)?;
    lost_while_building(farm, |w1| w1.drop_packets(true))?;
    // Its builder works on: nobody could tell it.
    farm.w1.drop_packets(false)?;
    farm.w1.end_sessions()
}

fn built_by_w2(farm: &Farm) -> Result<()> {
    let (built, finished) = farm.build(&Drv::new("elsewhere"))?;
    let finished = finished.succeeded()?;
    ensure!(farm.came_back(&built)?.name() == "w2", "not built by w2");
    ensure!(
        finished.elapsed < Duration::from_secs(20),
        "took {:?}",
        finished.elapsed
    );
    Ok(())
}

/// Loses w1 while it builds; the build must then be done by w2.
fn lost_while_building(farm: &Farm, lose: impl Fn(&Host) -> Result<()>) -> Result<()> {
    let drv = Drv::new("lost").script("echo under way; sleep 3; echo > $out");
    let built = farm.head.add(&drv)?;
    let client = farm.head.start_build(&[&built.path])?;
    client.wait_for("under way", Duration::from_secs(20))?;
    lose(&farm.w1)?;
    client.wait(Duration::from_secs(60))?.succeeded()?;
    ensure!(
        farm.head.row(built.out())? == farm.w2.row(built.out())?,
        "not built by w2"
    );
    ensure!(farm.head.is_valid(built.out())?, "not valid");
    Ok(())
}
