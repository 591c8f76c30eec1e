//! One process holds the connections of all hooks; what happens when it, or
//! what it holds, breaks.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use offload_lab::{Drv, Farm, Machine, sys::wait_until};

use crate::pool::cases;
use crate::queue::{SOON, add, paths, traced};

cases![
    one_login_for_many_builds,
    fifty_at_once,
    holder_killed_while_building,
    holder_stands_still,
    somebody_else_at_the_door,
    sshd_restarted,
    key_taken_away,
    signer_s_key_taken_away,
    each_has_its_own,
];

/// Only the first machine, with so many slots.
fn only_w1(farm: &mut Farm, slots: u32) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    let machine = Machine::of(&farm.w1)?.slots(slots);
    farm.head.write_machines(&[machine])
}

fn build_one(farm: &Farm, name: &str) -> Result<()> {
    let built = farm.head.add(&Drv::new(name).script("echo > $out"))?;
    farm.head.guix_build(&[&built.path]).run()?.succeeded()?;
    farm.came_back(&built).map(drop)
}

fn one_login_for_many_builds(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // logs in several times for each build
    }
    only_w1(farm, 2)?;
    let before = farm.w1.logins();
    for name in ["first", "second", "third"] {
        build_one(farm, name)?;
    }
    let after = farm.w1.logins();
    ensure!(after == before + 1, "{} logins", after - before);
    let holders = farm.head.holders()?.len();
    ensure!(holders == 1, "{holders} processes hold connections");
    let told = farm.head.told();
    let of = |pid: u32| told.of(pid).between(("looked", ""), ("opened", "w1"));
    let hooks: Vec<u32> = told.named("registered").map(|it| it.pid).collect();
    for pid in hooks {
        println!("from looked up to opened: {:?}", of(pid)?);
    }
    Ok(())
}

fn fifty_at_once(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    only_w1(farm, 25)?;
    let before = farm.w1.logins();
    let builds = add(farm, "fifty", 50, 0.1)?;
    let client = farm.head.ask_daemon(&paths(&builds), &[])?;
    client.ended(0)?;
    for built in &builds {
        farm.came_back(built)?;
    }
    let after = farm.w1.logins();
    ensure!(after == before + 1, "{} logins", after - before);
    Ok(())
}

fn started(
    farm: &Farm,
    name: &str,
    seconds: f64,
) -> Result<(offload_lab::Built, offload_lab::Running)> {
    let built = add(farm, name, 1, seconds)?.pop().context("a build")?;
    let client = farm.head.start_build(&[&built.path])?;
    client.wait_for("started", SOON)?;
    Ok((built, client))
}

fn holder_killed_while_building(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    only_w1(farm, 2)?;
    let (built, client) = started(farm, "held", 2.0)?;
    for holder in farm.head.holders()? {
        holder.signal(Signal::SIGKILL)?;
    }
    client.wait(SOON)?.succeeded()?;
    farm.came_back(&built)?;
    farm.no_builder_left(Duration::from_secs(2))
}

fn holder_stands_still(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    only_w1(farm, 2)?;
    build_one(farm, "before")?;
    let holders = farm.head.holders()?;
    for holder in &holders {
        holder.signal(Signal::SIGSTOP)?;
    }
    let outcome = build_one(farm, "meanwhile");
    for holder in &holders {
        holder.signal(Signal::SIGCONT)?;
    }
    outcome
}

/// A socket that is there, with somebody at it who says nothing.
fn somebody_else_at_the_door(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    only_w1(farm, 2)?;
    build_one(farm, "before")?;
    farm.forget()?;
    let door = farm.head.path("/var/guix/offload/hook/gateway/socket");
    std::fs::remove_file(&door).context("no socket was there")?;
    let _silent = std::os::unix::net::UnixListener::bind(&door)?;
    let outcome = build_one(farm, "anyway");
    drop(std::fs::remove_file(&door));
    outcome
}

fn sshd_restarted(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    only_w1(farm, 2)?;
    build_one(farm, "before")?;
    farm.w1.stop_sshd()?;
    farm.w1.end_sessions()?;
    farm.w1.start_sshd(&[])?;
    build_one(farm, "after")
}

/// The head's own key is replaced: the connection made with the old one is not
/// used for the new one.
fn key_taken_away(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    only_w1(farm, 2)?;
    build_one(farm, "before")?;
    let before = farm.w1.logins();
    let machine = Machine::of(&farm.w1)?.slots(2);
    let faster = machine.speed(9.0);
    farm.head.write_machines(&[faster])?;
    build_one(farm, "faster")?;
    ensure!(
        farm.w1.logins() == before,
        "another speed made another login"
    );
    let key = "/etc/guix/offload-key";
    let find = "grep -o 'private-key \"[^\"]*\"' /etc/guix/machines.scm";
    let text = farm.head.shell(find).ok()?;
    let file = text.split('"').nth(1).unwrap_or(key).to_owned();
    farm.head.shell(&format!("touch {file}")).ok()?;
    build_one(farm, "touched")?;
    let came = farm.w1.logins() - before;
    ensure!(
        came == 1,
        "{came} logins for a key's file that changed once"
    );
    Ok(())
}

/// A key that the machine's list loses counts no longer than a kept daemon
/// connection may be old; here: after its process is gone.
fn signer_s_key_taken_away(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    only_w1(farm, 2)?;
    build_one(farm, "before")?;
    farm.head.deauthorize(&farm.w1)?;
    let built = farm.head.add(&Drv::new("refused").script("echo > $out"))?;
    let refused = farm
        .head
        .ask_daemon(&[&built.path], &[("build-max-jobs", "0")])?;
    ensure!(!farm.head.is_valid(built.out())?, "taken without its key");
    let status = refused.status();
    ensure!(status != 0, "the build ended well");
    Ok(())
}

fn each_has_its_own(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[("OFFLOAD_GATEWAY", "0")])?;
    farm.head.write_machines(&[Machine::of(&farm.w1)?])?;
    let before = farm.w1.logins();
    build_one(farm, "first")?;
    build_one(farm, "second")?;
    ensure!(farm.w1.logins() == before + 2, "connections were shared");
    wait_until("no process holds connections", SOON, || {
        Ok(farm.head.holders()?.is_empty())
    })
    .map(drop)
}
