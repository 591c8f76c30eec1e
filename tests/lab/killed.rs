//! The hook killed by SIGKILL, in each state of its build.
//!
//! Nothing of its own cleans up: the kernel frees its slot and its ticket, the
//! machine's sshd ends what it had asked for, and the next in line goes on.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use offload_lab::{
    Answer, Built, Drv, Farm, Line, Machine, Node, Told, since_boot, sys::wait_until,
};

use crate::pool::cases;
use crate::queue::{SOON, add, traced, while_asked};

cases![
    before_the_reply,
    in_line,
    connecting,
    sending,
    building,
    receiving,
    registering,
    holders_one_after_the_other,
];

/// Slow enough that a transfer of 40 MB is still under way when it is seen.
const SLOW: Line = Line {
    round_trip: Duration::from_millis(2),
    rate: Some(8_000_000),
};
const HEAVY: u64 = 40_000_000;

/// Within what it is known that who asked for others is dead; a second is for
/// a hook that has only begun, another for the look that sees it.
const NOTICED_DEAD: Duration = Duration::from_millis(2500);

/// How many holders die one after the other.
const KILLS: usize = 4;

/// Within what a dead holder's slot has a new one.
const TAKEN_OVER: Duration = Duration::from_millis(20);

/// One machine with one slot, and hooks that tell of what they do.
fn one_slot(farm: &mut Farm, port: u16) -> Result<()> {
    traced(farm, &[("OFFLOAD_PROBE", "5")])?;
    let machine = Machine::of(&farm.w1)?.slots(1).port(port);
    farm.head.write_machines(&[machine])
}

/// Kills the one hook that runs, or the oldest; tells when.
fn kill_oldest(farm: &Farm) -> Result<Duration> {
    let mut hooks = farm.head.hooks()?;
    hooks.sort_by_key(|hook| hook.pid);
    let hook = hooks.first().context("no hook runs")?;
    let now = since_boot();
    hook.signal(Signal::SIGKILL)?;
    Ok(now)
}

/// The client has a clean failure, of this build.
fn failed(answer: Answer, built: &Built) -> Result<()> {
    let refused = answer.ended(1)?.refused.map(|it| it.message);
    let refused = refused.unwrap_or_default();
    let whose = refused.contains(&built.path) && refused.contains("failed");
    ensure!(whose, "the daemon says {refused:?}");
    Ok(())
}

/// Kills the hook of a build when it is where it should be, while another
/// build stands in line; that one must go on.
fn killed_when(
    farm: &Farm,
    victim: &Built,
    is_there: impl FnOnce() -> Result<()>,
    before_the_kill: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let next = add(farm, "next", 1, 0.1)?;
    let one = std::slice::from_ref(victim);
    let answer = while_asked(farm, one, &[], || {
        is_there()?;
        let next_one = while_asked(farm, &next, &[], || {
            farm.head
                .wait_for_events("a second hook has its place", 2, SOON, |it| {
                    it.name == "looked"
                })?;
            before_the_kill()?;
            let killed = kill_oldest(farm)?;
            let taken = farm
                .head
                .wait_for_events("a slot", 1, SOON, |it| it.name == "slot" && it.at > killed);
            let after = taken?.first().map(|it| it.at.saturating_sub(killed));
            println!("the next one has the slot after {after:?}");
            ensure!(after <= Some(NOTICED_DEAD), "taken over after {after:?}");
            Ok(())
        })?;
        next_one.ended(0).map(drop)
    })?;
    failed(answer, victim)?;
    for built in &next {
        farm.came_back(built)?;
    }
    nothing_is_left(farm, victim)
}

/// No trace of the build is left, and it can be done.
fn nothing_is_left(farm: &Farm, victim: &Built) -> Result<()> {
    let soon = Duration::from_secs(2);
    farm.w1.no_builder_left(soon)?;
    farm.head.slots_free(soon)?;
    wait_until("no hook is left", soon, || {
        Ok(farm.head.hooks()?.is_empty())
    })?;
    let line = farm.head.path("/var/guix/offload/hook/line");
    for output in victim.outputs.values() {
        ensure!(!farm.head.is_valid(output)?, "{output} has a row");
    }
    farm.head.write_machines(&farm.machines()?)?;
    farm.head.guix_build(&[&victim.path]).run()?.succeeded()?;
    farm.came_back(victim)?;
    let tickets = std::fs::read_dir(line).map_or(0, Iterator::count);
    ensure!(tickets == 0, "{tickets} tickets are left");
    Ok(())
}

fn told(name: &'static str) -> impl Fn(&Told) -> bool {
    move |it: &Told| it.name == name
}

/// The end of the process without a reply is the end of the client's builds;
/// there is no slot yet that anybody could wait for.
fn before_the_reply(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // tells of no events
    }
    one_slot(farm, 22)?;
    farm.w1.drop_packets(true)?;
    let built = farm.head.add(&Drv::new("asked"))?;
    let answer = while_asked(farm, std::slice::from_ref(&built), &[], || {
        farm.head
            .wait_for_events("asked", 1, SOON, told("evaluated"))?;
        kill_oldest(farm).map(drop)
    })?;
    answer.ended(1)?.refused_with("unexpected EOF")?;
    farm.w1.drop_packets(false)?;
    nothing_is_left(farm, &built)
}

/// The one that dies in line was before another.
fn in_line(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    one_slot(farm, 22)?;
    let slot = farm.head.take_slot("w1:22", 0)?;
    let built = farm.head.add(&Drv::new("waited"))?;
    let in_line = || {
        let tickets = farm
            .head
            .wait_for_events("a ticket", 1, SOON, told("in-line"));
        tickets.map(drop)
    };
    let free_later = || {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            drop(slot);
        });
        Ok(())
    };
    killed_when(farm, &built, in_line, free_later)
}

/// The machine answered just now, and does not any more.
fn connecting(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    one_slot(farm, 22)?;
    farm.build(&Drv::new("before"))?.1.succeeded()?;
    farm.head.clear_trace()?;
    farm.w1.drop_packets(true)?;
    let built = farm.head.add(&Drv::new("connects"))?;
    let has_slot = || {
        let slots = farm.head.wait_for_events("a slot", 1, SOON, told("looked"));
        slots.map(drop)
    };
    killed_when(farm, &built, has_slot, || farm.w1.drop_packets(false))?;
    let events = farm.head.told();
    let first = events.first().context("no events")?.pid;
    let connected = events
        .iter()
        .any(|it| it.pid == first && it.name == "connected");
    ensure!(!connected, "it had connected");
    Ok(())
}

fn sending(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let line = farm.w1.delay(SLOW)?;
    one_slot(farm, line.port())?;
    let drv = Drv::new("sent")
        .source("noise", Node::noise(HEAVY))
        .script("wc -c $noise > $out");
    let built = farm.head.add(&drv)?;
    let sends = || {
        farm.head
            .wait_for_events("it sends", 1, SOON, told("sending"))
            .map(drop)
    };
    let still_sends = || {
        let sent = farm.head.told().iter().any(told("sent"));
        ensure!(!sent, "sent too fast for this test");
        Ok(())
    };
    killed_when(farm, &built, sends, still_sends)
}

fn building(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    one_slot(farm, 22)?;
    let built = farm
        .head
        .add(&Drv::new("built").script("echo under way; sleep 4; echo > $out"))?;
    let builds = || {
        wait_until("a builder runs", SOON, || {
            Ok(!farm.w1.builds_running()?.is_empty())
        })
        .map(drop)
    };
    let still_builds = || {
        ensure!(farm.w1.builders_running()? > 0, "built too fast");
        Ok(())
    };
    killed_when(farm, &built, builds, still_builds)
}

fn receiving(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let line = farm.w1.delay(SLOW)?;
    one_slot(farm, line.port())?;
    let script = format!("head -c {HEAVY} /dev/urandom > $out");
    let built = farm.head.add(&Drv::new("received").script(&script))?;
    let half = farm.head.path(format!("{}.chroot", built.out()));
    let receives = || wait_until("half of it is there", SOON, || Ok(half.exists())).map(drop);
    let still_receives = || {
        let received = farm.head.told().iter().any(told("received"));
        ensure!(!received, "received too fast for this test");
        Ok(())
    };
    killed_when(farm, &built, receives, still_receives)?;
    farm.head.collect_garbage()
}

/// It has given its slot back, and waits for the database with its output
/// complete.
fn registering(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    one_slot(farm, 22)?;
    let built = farm.head.add(&Drv::new("registered"))?;
    let locked = farm.head.lock_database()?;
    let answer = while_asked(farm, std::slice::from_ref(&built), &[], || {
        farm.head
            .wait_for_events("its slot is free", 1, SOON, told("released"))?;
        std::thread::sleep(Duration::from_millis(100));
        kill_oldest(farm).map(drop)
    })?;
    failed(answer, &built)?;
    drop(locked);
    nothing_is_left(farm, &built)
}

/// Four that build are killed, each as soon as it does: how soon the next one
/// has the slot.
fn holders_one_after_the_other(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    one_slot(farm, 22)?;
    let builds = add(farm, "held", KILLS, 20.0)?;
    let last = add(farm, "last", 1, 0.1)?;
    let farm = &*farm;
    let mut times = Vec::new();
    std::thread::scope(|scope| {
        let in_order = builds.iter().chain(&last).zip(1..);
        let mut clients = Vec::new();
        for (built, number) in in_order {
            clients.push(scope.spawn(move || farm.head.ask_daemon(&[&built.path], &[])));
            farm.head
                .wait_for_events("its place", number, SOON, told("looked"))?;
        }
        for kills in 1..=KILLS {
            farm.head
                .wait_for_events("it builds", kills, SOON, told("building"))?;
            wait_until("a builder runs", SOON, || {
                Ok(!farm.w1.builds_running()?.is_empty())
            })?;
            let killed = kill_oldest(farm)?;
            let taken = farm.head.wait_for_events("taken over", 1, SOON, |it| {
                it.name == "slot" && it.at > killed
            })?;
            times.extend(taken.first().map(|it| it.at.saturating_sub(killed)));
        }
        let last = clients.pop().context("no clients")?;
        for (client, built) in clients.into_iter().zip(&builds) {
            let answer = client.join().map_err(|_| anyhow::anyhow!("panicked"))??;
            failed(answer, built)?;
        }
        last.join()
            .map_err(|_| anyhow::anyhow!("panicked"))??
            .ended(0)
    })?;
    println!("taken over after {times:?}");
    let middle = offload_lab::median(&times);
    ensure!(middle <= TAKEN_OVER, "taken over after {times:?}");
    farm.came_back(&last[0])?;
    for built in &builds {
        ensure!(
            !farm.head.is_valid(built.out())?,
            "{} has a row",
            built.out()
        );
    }
    Ok(())
}
