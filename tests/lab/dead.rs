//! Machines that are dead, or die, and what builds lose to them.
//!
//! Times are those of the hook's own events; how long a client takes from
//! start to end tells of this machine's other work as well.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use offload_lab::{Answer, Built, Drv, Farm, Host, Line, Machine, Node, check, sys::wait_until};

use crate::pool::cases;

cases![
    sshd_stopped,
    both_stopped_and_one_comes_back,
    off_while_connecting,
    off_while_sending_building_and_retrieving,
    off_with_the_usual_limits,
    daemon_absent_then_back,
    daemon_stopped_while_sending,
    daemon_stopped_behind_commands,
    accepts_and_says_nothing,
    sixteen_builds_and_one_machine_off,
    more_builds_than_slots_and_one_machine_off,
];

pub const SOON: Duration = Duration::from_secs(30);

/// An answer from what is known: no machine was waited for. One that says
/// nothing would be for 300 ms.
pub const AT_ONCE: Duration = Duration::from_millis(200);

/// A probe's limit, and what this machine's other work may add.
pub const PROBED: Duration = Duration::from_millis(800);

/// So slow that a transfer of 40 MB is still under way when it is seen.
const SLOW: Line = Line {
    round_trip: Duration::from_millis(2),
    rate: Some(8_000_000),
};
const HEAVY: u64 = 40_000_000;

fn sshd_stopped(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    farm.w1.stop_sshd()?;
    build_on(farm, &farm.w2)?;
    reply_within(farm, PROBED, "nothing is known")?;
    let kind = farm.head.known("w1:22", "rest").unwrap_or_default();
    ensure!(kind.starts_with("passing "), "w1 rests: {kind:?}");

    // It rests: nobody asks it, nobody waits for it.
    let before = farm.head.evidence("w1:22");
    farm.head.clear_trace()?;
    build_on(farm, &farm.w2)?;
    reply_within(farm, AT_ONCE, "w1 rests")?;
    ensure!(farm.head.evidence("w1:22") == before, "w1 was asked again");

    // Its rest is over: one success ends it, and nobody waited for that.
    farm.w1.start_sshd(&[])?;
    farm.head.end_rest("w1:22")?;
    farm.head.clear_trace()?;
    build_on(farm, &farm.w2)?;
    reply_within(farm, AT_ONCE, "w1's rest is over")?;
    wait_until("w1 is known to be back", SOON, || {
        Ok(farm.head.known("w1:22", "rest").is_none())
    })?;

    // It is known to be good, but for a while it has not been.
    farm.w2.stop_sshd()?;
    farm.head.clear_trace()?;
    build_on(farm, &farm.w1)?;
    reply_within(farm, AT_ONCE, "w2 seemed to be good")?;
    Ok(())
}

/// Both seemed to be good when the build was taken: it goes to the first that
/// comes back, though that has failed before.
fn both_stopped_and_one_comes_back(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    both_are_good(farm)?;
    farm.w1.stop_sshd()?;
    farm.w2.stop_sshd()?;
    farm.head.clear_trace()?;
    let built = farm.head.add(&Drv::new("waits"))?;
    let client = farm.head.start_build(&[&built.path])?;
    client.wait_for("waiting: ", SOON)?;
    wait_until("both rest", SOON, || {
        let rests = |machine| farm.head.known(machine, "rest").is_some();
        Ok(rests("w1:22") && rests("w2:22"))
    })?;
    farm.w2.start_sshd(&[])?;
    let finished = client.wait(SOON)?.succeeded()?;
    came_from(farm, &built, &farm.w2)?;
    let told = finished.output.matches("waiting: ").count();
    ensure!(told <= 4, "told {told} times: {}", finished.output);
    once(farm)
}

/// It was there a moment ago, so the build is taken for it without asking.
fn off_while_connecting(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    prefer_w1(farm)?;
    farm.head.hold_address(&farm.w1)?;
    farm.w1.drop_packets(true)?;
    farm.head.clear_trace()?;
    build_on(farm, &farm.w2)?;
    reply_within(farm, AT_ONCE, "w1 seemed to be good")?;
    let events = farm.head.told();
    let lost = events.between(("slot", "w1"), ("building", "w2"))?;
    println!("lost to a machine that is off: {lost:?}");
    ensure!(lost < Duration::from_secs(3), "{lost:?} were lost");
    Ok(())
}

fn off_while_sending_building_and_retrieving(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let limits = [
        ("OFFLOAD_KEEPALIVE", "1"),
        ("OFFLOAD_USER_TIMEOUT", "2"),
        ("OFFLOAD_CONNECT_TIMEOUT", "2"),
    ];
    watched(farm, &limits)?;
    let line = farm.w1.delay(SLOW)?;
    let w1 = Machine::of(&farm.w1)?.port(line.port()).speed(1000.0);
    let name = format!("w1:{}", line.port());
    farm.head.keep_evidence(&name, &good())?;
    farm.head
        .write_machines(&[w1.slots(4), Machine::of(&farm.w2)?.slots(4)])?;
    let script = "echo under way; sleep 5; echo > $out";
    let builds = farm.head.add(&Drv::new("builds").script(script))?;
    let script = format!("head -c {HEAVY} /dev/urandom > $out");
    let retrieves = farm.head.add(&Drv::new("retrieves").script(&script))?;
    let drv = Drv::new("sends").source("noise", Node::noise(HEAVY));
    let sends = farm.head.add(&drv.script("wc -c $noise > $out"))?;
    let all = [&builds, &retrieves, &sends];
    let mut clients = Vec::new();
    for (built, event) in all.into_iter().zip(["building", "retrieving", "sending"]) {
        let seen = farm.head.told().count(event);
        clients.push(farm.head.start_build(&[&built.path])?);
        wait_until(&format!("one more is {event}"), SOON, || {
            Ok(farm.head.told().count(event) > seen)
        })?;
    }
    let events = farm.head.told();
    ensure!(events.count("received") == 0, "too fast for this test");
    farm.w1.drop_packets(true)?;
    for client in clients {
        client.wait(SOON)?.succeeded()?;
    }
    let events = farm.head.told();
    for (built, event) in all.into_iter().zip(["building", "retrieving", "sending"]) {
        came_from(farm, built, &farm.w2)?;
        let asked = events.named("building");
        let mut own = asked.filter(|it| it.value("derivation") == Some(&built.path));
        let pid = own.next().context("not built")?.pid;
        let lost = events
            .of(pid)
            .between((event, "w1"), ("building", "w2"))
            .with_context(|| format!("lost while {event}"))?;
        println!("from {event} there to building elsewhere: {lost:?}");
        ensure!(lost < Duration::from_secs(12), "{lost:?} were lost");
    }
    once(farm)?;
    forget_builders(farm)
}

/// Nothing is on the way while a builder is silent, so this takes longest.
fn off_with_the_usual_limits(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    prefer_w1(farm)?;
    let script = "echo under way; sleep 3; echo > $out";
    let built = farm.head.add(&Drv::new("usual").script(script))?;
    let client = farm.head.start_build(&[&built.path])?;
    client.wait_for("under way", SOON)?;
    farm.head.hold_address(&farm.w1)?;
    farm.w1.drop_packets(true)?;
    client.wait(Duration::from_secs(90))?.succeeded()?;
    came_from(farm, &built, &farm.w2)?;
    let events = farm.head.told();
    let lost = events.between(("building", "w1"), ("building", "w2"))?;
    println!("lost with the usual limits: {lost:?}");
    ensure!(lost < Duration::from_secs(60), "{lost:?} were lost");
    once(farm)?;
    forget_builders(farm)
}

fn daemon_absent_then_back(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[("OFFLOAD_HANDSHAKE_TIMEOUT", "1")])?;
    for what in ["absent", "stopped"] {
        prefer_w1(farm)?;
        if what == "absent" {
            farm.w1.stop_daemon()?;
        } else {
            farm.w1.pause_daemon(true)?;
        }
        farm.head.clear_trace()?;
        build_on(farm, &farm.w2)?;
        let lost = farm
            .head
            .told()
            .between(("connected", "w1"), ("building", "w2"))?;
        println!("lost to a daemon that is {what}: {lost:?}");
        ensure!(lost < Duration::from_secs(3), "{lost:?} were lost");
        let kind = farm.head.known("w1:22", "rest").unwrap_or_default();
        ensure!(kind.starts_with("passing "), "w1 rests: {kind:?}");
        // That its sshd lets us in does not end that rest.
        farm.head.clear_trace()?;
        build_on(farm, &farm.w2)?;
        ensure!(
            farm.head.told().named("slot").count() == 1,
            "w1 was taken again at once"
        );
        if what == "absent" {
            farm.w1
                .start_daemon(&offload_lab::DaemonOptions::default())?;
        } else {
            farm.w1.pause_daemon(false)?;
        }
        farm.head.end_rest("w1:22")?;
        // Explored by the first, used by the second.
        build(farm)?;
        wait_until("w1 is known to be back", SOON, || {
            Ok(farm.head.known("w1:22", "rest").is_none())
        })?;
    }
    Ok(())
}

/// Its sshd answers, so the connection lives: what does not move is noticed.
fn daemon_stopped_while_sending(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[("OFFLOAD_SILENCE", "3")])?;
    let line = farm.w1.delay(SLOW)?;
    let w1 = Machine::of(&farm.w1)?.port(line.port()).speed(1000.0);
    let name = format!("w1:{}", line.port());
    farm.head.keep_evidence(&name, &good())?;
    farm.head.write_machines(&[w1, Machine::of(&farm.w2)?])?;
    let drv = Drv::new("stuck").source("noise", Node::noise(HEAVY));
    let built = farm.head.add(&drv.script("wc -c $noise > $out"))?;
    let client = farm.head.start_build(&[&built.path])?;
    farm.head.wait_for_event("sending", SOON)?;
    std::thread::sleep(Duration::from_millis(200));
    farm.w1.pause_daemon(true)?;
    let ended = client.wait(SOON);
    farm.w1.pause_daemon(false)?;
    ended?.succeeded()?;
    came_from(farm, &built, &farm.w2)?;
    let lost = farm
        .head
        .told()
        .between(("sending", "w1"), ("building", "w2"))?;
    println!("lost to a daemon that was stopped while it received: {lost:?}");
    once(farm)
}

/// The same where sshd forwards no sockets, and commands wait for the daemon.
fn daemon_stopped_behind_commands(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[("OFFLOAD_SILENCE", "2")])?;
    farm.w1.start_sshd(&["AllowStreamLocalForwarding no"])?;
    prefer_w1(farm)?;
    farm.w1.pause_daemon(true)?;
    let built = build_on(farm, &farm.w2);
    farm.w1.pause_daemon(false)?;
    built?.says("stands still")?;
    let events = farm.head.told();
    let lost = events.between(("connected", "w1"), ("building", "w2"))?;
    println!("lost to commands that wait for a daemon: {lost:?}");
    once(farm)
}

fn accepts_and_says_nothing(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    let port = farm.w1.silent_port()?;
    let number = port.local_addr()?.port();
    let w1 = Machine::of(&farm.w1)?.port(number).speed(100.0);
    farm.head.write_machines(&[w1, Machine::of(&farm.w2)?])?;
    build_on(farm, &farm.w2)?;
    reply_within(farm, PROBED, "nothing is known")?;

    // And one that seemed to be good.
    let name = format!("w1:{number}");
    farm.forget()?;
    farm.head.keep_evidence(&name, &good())?;
    farm.head.clear_trace()?;
    build_on(farm, &farm.w2)?;
    let lost = farm
        .head
        .told()
        .between(("slot", "w1"), ("building", "w2"))?;
    println!("lost to a machine that says nothing: {lost:?}");
    ensure!(lost < Duration::from_secs(3), "{lost:?} were lost");
    Ok(())
}

fn sixteen_builds_and_one_machine_off(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let w3 = crowd_with_one_off(farm, 8)?;
    let built = crowd(farm, 16)?;
    let events = farm.head.told();
    let asked: Duration = events.replies().iter().map(|(_, took)| *took).sum();
    println!("all replies together: {asked:?}");
    ensure!(asked < Duration::from_secs(1), "{asked:?} were lost to it");
    ensure!(events.count("building") == built, "tried more than once");
    once(farm)?;
    check(&farm.head, &[&w3])
}

/// Who stands in line does not wait for the dead one instead.
fn more_builds_than_slots_and_one_machine_off(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let w3 = crowd_with_one_off(farm, 2)?;
    crowd(farm, 10)?;
    let events = farm.head.told();
    let asked: Duration = events.replies().iter().map(|(_, took)| *took).sum();
    println!("all replies together: {asked:?}");
    ensure!(asked < Duration::from_secs(1), "{asked:?} were lost to it");
    // Ten builds of half a second on four slots.
    for told in events.named("done") {
        println!("hook {} took {:?}", told.pid, told.since_start);
        ensure!(told.since_start < Duration::from_secs(5), "{told:?}");
    }
    once(farm)?;
    check(&farm.head, &[&w3])
}

/// A farm with a third machine, the best of all, that is off.
fn crowd_with_one_off(farm: &mut Farm, slots: u32) -> Result<Host> {
    watched(farm, &[])?;
    let w3 = farm.machine("w3", &offload_lab::HostOptions::default())?;
    let mut machines = farm.machines()?;
    machines.push(Machine::of(&w3)?.speed(9.0));
    for machine in &mut machines {
        machine.parallel_builds = slots;
    }
    farm.head.write_machines(&machines)?;
    farm.head.hold_address(&w3)?;
    w3.drop_packets(true)?;
    Ok(w3)
}

/// Builds so many at once for one client.
fn crowd(farm: &Farm, count: usize) -> Result<usize> {
    let drv = |i| Drv::new(&format!("crowd{i}")).script("sleep 0.5; echo > $out");
    let built: Result<Vec<Built>> = (0..count).map(|i| farm.head.add(&drv(i))).collect();
    let built = built?;
    let paths: Vec<&str> = built.iter().map(|it| it.path.as_str()).collect();
    farm.head.ask_daemon(&paths, &[])?.ended(0)?;
    for built in &built {
        farm.came_back(built)?;
    }
    Ok(built.len())
}

/// Lets hooks tell of their events, with these variables.
pub fn watched(farm: &mut Farm, variables: &[(&str, &str)]) -> Result<()> {
    let mut options = farm
        .normal_options()
        .variable("OFFLOAD_TRACE", offload_lab::TRACE);
    for (name, value) in variables {
        options = options.variable(name, value);
    }
    farm.head_daemon(options)?;
    farm.head.clear_trace()
}

/// Lets builds be taken for w1 without asking, whatever w2 is like.
pub fn prefer_w1(farm: &Farm) -> Result<()> {
    farm.head.keep_evidence("w1:22", &good())?;
    let machines = [Machine::of(&farm.w1)?.speed(1000.0), Machine::of(&farm.w2)?];
    farm.head.write_machines(&machines)
}

/// What is kept of a machine that answered just now.
pub fn good() -> String {
    let now = offload_lab::milliseconds();
    format!("offload evidence 1\nanswered {now}\nconnect 20000\nsent \nsent-before \n")
}

/// Lets both machines be known to be good.
pub fn both_are_good(farm: &Farm) -> Result<()> {
    for machine in ["w1:22", "w2:22"] {
        farm.head.keep_evidence(machine, &good())?;
    }
    Ok(())
}

/// Builds something small; it must end well, on whichever machine.
pub fn build(farm: &Farm) -> Result<(Built, Answer)> {
    let built = farm.head.add(&Drv::new("small"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?.ended(0)?;
    Ok((built, answer))
}

/// Builds something small; it must end well, on that machine.
pub fn build_on(farm: &Farm, machine: &Host) -> Result<Answer> {
    let (built, answer) = build(farm)?;
    came_from(farm, &built, machine).with_context(|| answer.text.clone())?;
    Ok(answer)
}

/// Insists that the outputs on the head are that machine's.
pub fn came_from(farm: &Farm, built: &Built, machine: &Host) -> Result<()> {
    for output in built.outputs.values() {
        let row = farm.head.row(output)?;
        ensure!(row.is_some(), "{output} is not valid");
        let theirs = machine.row(output)?;
        ensure!(row == theirs, "{output} is not from {}", machine.name());
    }
    Ok(())
}

/// Insists that no reply took longer.
pub fn reply_within(farm: &Farm, limit: Duration, what: &str) -> Result<()> {
    let events = farm.head.told();
    let slowest = events.slowest_reply();
    println!("{what}: replied in {slowest:?}");
    ensure!(!events.replies().is_empty(), "no reply was told of");
    ensure!(slowest < limit, "{what}: replied in {slowest:?}");
    Ok(())
}

/// Insists that what was accepted was registered once and no more.
pub fn once(farm: &Farm) -> Result<()> {
    let events = farm.head.told();
    let replies = events.replies();
    let accepted = replies.iter().filter(|(reply, _)| reply == "accept");
    let (accepted, done) = (accepted.count(), events.count("done"));
    let registered = events.count("registered");
    ensure!(accepted > 0, "nothing was accepted");
    ensure!(
        done == accepted && registered == accepted,
        "{accepted} accepted, {done} done, {registered} registered"
    );
    Ok(())
}

/// Ends what a machine that was cut off still builds: nobody could tell it.
fn forget_builders(farm: &Farm) -> Result<()> {
    farm.w1.drop_packets(false)?;
    farm.w1.end_sessions()
}
