//! Machines that are up, and no good: slow, with wrong keys, full, overloaded.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use offload_lab::{Built, Drv, Farm, HostOptions, Line, Machine, check, sys::wait_until};

use crate::dead::{
    AT_ONCE, PROBED, SOON, build_on, came_from, good, once, prefer_w1, reply_within, watched,
};
use crate::pool::cases;

cases![
    slow,
    slow_and_alone,
    explored_again_and_again,
    wrong_host_key_rests_long,
    refused_key_is_not_tried_again_at_once,
    unknown_signing_key_rests_and_is_reported_again,
    overloaded_on_arrival,
    full_on_arrival,
];

/// A line round the world and back.
const FAR: Line = Line {
    round_trip: Duration::from_millis(500),
    rate: None,
};

/// Nobody waits for the slow one, which is let in all the same.
fn slow(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    let line = farm.w1.delay(FAR)?;
    let name = format!("w1:{}", line.port());
    has_inputs(farm)?;
    let w1 = Machine::of(&farm.w1)?.port(line.port()).speed(1000.0);
    farm.head.write_machines(&[w1, Machine::of(&farm.w2)?])?;
    build_on(farm, &farm.w2)?;
    reply_within(farm, PROBED, "one is slow")?;
    // It was let finish, and has told how slow it is.
    wait_until("it is known how slow it is", SOON, || {
        Ok(farm.head.known(&name, "connect").is_some())
    })?;
    let connect = farm.head.known(&name, "connect");
    let connect = connect.context("nothing is known of w1")?.parse()?;
    let connect = Duration::from_micros(connect);
    println!("the slow one takes {connect:?} to connect");
    ensure!(connect > FAR.round_trip * 2, "{connect:?}");
    ensure!(farm.head.known(&name, "rest").is_none(), "w1 rests");
    // What is worth it goes there, without anybody waiting for an answer.
    farm.head.clear_trace()?;
    farm.w2.stop_sshd()?;
    build_on(farm, &farm.w1)?;
    reply_within(farm, AT_ONCE, "the slow one is known")?;
    once(farm)
}

/// With nobody else, it is waited for: not by the first question, but it is
/// known after that.
fn slow_and_alone(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    has_inputs(farm)?;
    let line = farm.w1.delay(FAR)?;
    let w1 = Machine::of(&farm.w1)?.port(line.port());
    farm.head.write_machines(&[w1])?;
    let built = farm.head.add(&Drv::new("alone"))?;
    let answer = farm
        .head
        .ask_daemon(&[&built.path], &[("build-max-jobs", "0")])?
        .ended(0)?;
    came_from(farm, &built, &farm.w1)?;
    ensure!(
        answer.elapsed < SOON,
        "asked for ever: {:?}",
        farm.head.told().replies()
    );
    once(farm)
}

/// A server that punishes those who leave before they have logged in does not
/// punish us for looking whether it is there.
fn explored_again_and_again(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    farm.w1
        .start_sshd(&["PerSourcePenalties=authfail:5s noauth:5s min:10s max:60s"])?;
    let line = farm.w1.delay(FAR)?;
    let port = line.port();
    let machines = [
        Machine::of(&farm.w1)?.port(port),
        Machine::of(&farm.w2)?.speed(1000.0),
    ];
    farm.head.write_machines(&machines)?;
    for _ in 0..8 {
        build_on(farm, &farm.w2)?;
    }
    std::thread::sleep(FAR.round_trip * 2);
    let said = farm.w1.sshd_log();
    ensure!(!said.contains("enalt"), "w1 punishes us: {said}");
    // It lets us in.
    farm.head
        .write_machines(&[Machine::of(&farm.w1)?.port(22)])?;
    build_on(farm, &farm.w1)?;
    Ok(())
}

/// Reported each time that it is met, but not asked again for a long time.
fn wrong_host_key_rests_long(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    let mut machines = farm.machines()?;
    machines[0].host_key = Some(farm.w2.host_key("ed25519")?);
    farm.head.write_machines(&machines)?;
    build_on(farm, &farm.w2)?;
    wait_until("w1 rests", SOON, || {
        Ok(farm.head.known("w1:22", "rest").is_some())
    })?;
    let rest = farm.head.known("w1:22", "rest").unwrap_or_default();
    ensure!(rest.starts_with("host-key "), "w1 rests: {rest}");
    let left = rest_left(&rest)?;
    ensure!(left > Duration::from_secs(20 * 60), "rests for {left:?}");
    let before = farm.head.evidence("w1:22");
    farm.head.clear_trace()?;
    build_on(farm, &farm.w2)?.says("host key")?;
    reply_within(farm, AT_ONCE, "w1 rests")?;
    ensure!(farm.head.evidence("w1:22") == before, "w1 was asked again");
    // The right key in the machine file ends it.
    machines[0] = Machine::of(&farm.w1)?.speed(1000.0);
    farm.head.write_machines(&machines)?;
    farm.w2.stop_sshd()?;
    build_on(farm, &farm.w1)?;
    Ok(())
}

/// sshd punishes each refusal: the first says enough for a minute.
fn refused_key_is_not_tried_again_at_once(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    farm.w1.authorize_ssh(&[])?;
    prefer_w1(farm)?;
    let answer = build_on(farm, &farm.w2)?;
    answer.says("authorized_keys")?;
    let rest = farm.head.known("w1:22", "rest").unwrap_or_default();
    ensure!(rest.starts_with("refused-key "), "w1 rests: {rest}");
    let left = rest_left(&rest)?;
    ensure!(left > Duration::from_secs(55), "rests for {left:?}");
    let before = farm.head.evidence("w1:22");
    for _ in 0..3 {
        build_on(farm, &farm.w2)?;
    }
    ensure!(farm.head.evidence("w1:22") == before, "w1 was asked again");
    Ok(())
}

/// Not tried again at once; who reads the next build's log is told, too.
fn unknown_signing_key_rests_and_is_reported_again(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    farm.w1.deauthorize(&farm.head)?;
    prefer_w1(farm)?;
    let needs_signature = |name: &str| -> Result<Built> {
        let input = Drv::new("input").script("mkdir $out; echo > $out/file");
        let built = farm.head.add(&input)?;
        farm.head
            .guix_build_at(offload_lab::SOCKET, &[&built.path], &["--no-offload"])
            .ok()?;
        farm.head.add(&Drv::new(name).input("input", &input))
    };
    let first = needs_signature("first")?;
    let answer = farm.head.ask_daemon(&[&first.path], &[])?.ended(0)?;
    answer.says("guix archive --authorize")?;
    came_from(farm, &first, &farm.w2)?;
    let rest = farm.head.known("w1:22", "rest").unwrap_or_default();
    ensure!(rest.starts_with("signing-key "), "w1 rests: {rest}");
    let left = rest_left(&rest)?;
    ensure!(left > Duration::from_secs(55), "rests for {left:?}");
    // The next that needs one is not sent there; that it was refused before is
    // said again, for whoever reads this build's log.
    farm.head.clear_trace()?;
    let second = needs_signature("second")?;
    let answer = farm.head.ask_daemon(&[&second.path], &[])?.ended(0)?;
    came_from(farm, &second, &farm.w2)?;
    let slots = farm.head.told();
    ensure!(slots.named("slot").count() == 1, "w1 was taken again");
    answer.says("signing key")?;
    Ok(())
}

/// One more candidate lost: no failure, of the machine or of the build.
fn overloaded_on_arrival(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[("OFFLOAD_TRIES", "1")])?;
    let w1 = Machine::of(&farm.w1)?.speed(1000.0).threshold(0.8);
    farm.head.write_machines(&[w1, Machine::of(&farm.w2)?])?;
    farm.w1.pretend_load(999.0)?;
    let result = overloaded(farm).and_then(|()| all_overloaded(farm));
    farm.w1.end_pretence()?;
    result
}

fn overloaded(farm: &Farm) -> Result<()> {
    farm.head.keep_evidence("w1:22", &good())?;
    build_on(farm, &farm.w2)?.says("'w1' is overloaded")?;
    for line in ["failures", "failed"] {
        let failed = farm.head.known("w1:22", line);
        ensure!(failed.is_none(), "w1 has {line} {failed:?}");
    }
    once(farm)?;
    // It is not asked again for a while, and nobody waits for it.
    farm.head.clear_trace()?;
    build_on(farm, &farm.w2)?;
    reply_within(farm, AT_ONCE, "w1 is overloaded")?;
    let events = farm.head.told();
    ensure!(events.count("slot") == 1, "w1 was taken again");
    Ok(())
}

/// The build has been taken, so it waits for the first that is not any more.
fn all_overloaded(farm: &Farm) -> Result<()> {
    farm.forget()?;
    let w1 = Machine::of(&farm.w1)?.threshold(0.8);
    let w2 = Machine::of(&farm.w2)?;
    let busy = [w1.clone(), w2.clone().threshold(0.8)];
    farm.head.write_machines(&busy)?;
    farm.w2.pretend_load(999.0)?;
    farm.head.clear_trace()?;
    let built = farm.head.add(&Drv::new("waits"))?;
    let client = farm.head.start_build(&[&built.path])?;
    let waits = client.wait_for("waiting: ", SOON);
    farm.w2.end_pretence()?;
    waits?;
    farm.head.write_machines(&[w1, w2])?;
    farm.head.keep_evidence("w2:22", &good())?;
    client.wait(SOON)?.succeeded()?;
    came_from(farm, &built, &farm.w2)?;
    once(farm)
}

/// Room enough for this build, and not for the next: as in stock, 100 MiB.
fn full_on_arrival(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[("OFFLOAD_TRIES", "1")])?;
    let small = HostOptions {
        disk: Some(400),
        ..HostOptions::default()
    };
    let small = farm.machine("w3", &small)?;
    let machines = [Machine::of(&small)?.speed(1000.0), Machine::of(&farm.w2)?];
    farm.head.write_machines(&machines)?;
    small.fill_disk(60 << 10)?;
    farm.head.keep_evidence("w3:22", &good())?;
    build_on(farm, &farm.w2)?.says("'w3' is low on space")?;
    ensure!(farm.head.known("w3:22", "failures").is_none(), "failed");
    once(farm)?;
    farm.head.clear_trace()?;
    build_on(farm, &farm.w2)?;
    reply_within(farm, AT_ONCE, "w3 is full")?;
    let events = farm.head.told();
    ensure!(events.count("slot") == 1, "w3 was taken again");
    small.empty_disk()?;
    check(&farm.head, &[&small])
}

/// Lets w1 have what each of these builds needs: sending two megabytes takes
/// a minute on a line as long as this.
fn has_inputs(farm: &Farm) -> Result<()> {
    farm.head.write_machines(&[Machine::of(&farm.w1)?])?;
    build_on(farm, &farm.w1)?;
    farm.forget()?;
    farm.head.clear_trace()
}

/// How long a rest lasts yet.
fn rest_left(rest: &str) -> Result<Duration> {
    let until = rest.split(' ').nth(1).context("no time")?.parse::<u64>()?;
    Ok(Duration::from_millis(
        until.saturating_sub(offload_lab::milliseconds()),
    ))
}
