//! No machine is left: builds wait, are done here, or fail with the reasons.

use std::time::Duration;

use anyhow::{Result, ensure};
use offload_lab::{Drv, Farm};

use crate::dead::{AT_ONCE, SOON, both_are_good, reply_within, watched};
use crate::keys::{built_here, nothing_came};
use crate::pool::cases;

cases![
    off_everywhere,
    refused_everywhere,
    done_here_when_the_daemon_can,
    lost_after_the_reply,
];

/// The daemon builds nothing itself.
pub const NO_LOCAL: (&str, &str) = ("build-max-jobs", "0");

/// Machines that say nothing have an error, too.
fn off_everywhere(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // postpones for ever
    }
    watched(farm, &[("OFFLOAD_POSTPONE", "4")])?;
    for machine in [&farm.w1, &farm.w2] {
        farm.head.hold_address(machine)?;
        machine.drop_packets(true)?;
    }
    let built = farm.head.add(&Drv::new("off"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[NO_LOCAL])?;
    let answer = answer.ended(1)?;
    for machine in ["w1", "w2"] {
        told_once(&answer.text, &format!("'{machine}': no answer within"))?;
    }
    put_off_then_failed(farm, 2)?;
    nothing_came(farm, &built)
}

/// Rests come and go meanwhile; the reason is the same all the time.
fn refused_everywhere(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[("OFFLOAD_POSTPONE", "8")])?;
    farm.w1.stop_sshd()?;
    farm.w2.stop_sshd()?;
    let built = farm.head.add(&Drv::new("refused"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[NO_LOCAL])?;
    let answer = answer.ended(1)?;
    for machine in ["w1", "w2"] {
        let lines = answer.text.lines();
        let lines = lines.filter(|it| it.contains(machine) && it.contains("refused"));
        ensure!(lines.count() >= 1, "no error of {machine}: {}", answer.text);
    }
    put_off_then_failed(farm, 3)?;
    nothing_came(farm, &built)
}

fn done_here_when_the_daemon_can(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    farm.w1.stop_sshd()?;
    farm.w2.stop_sshd()?;
    built_here(farm, "connection refused")?;
    // Both rest: nobody waits for anything.
    farm.head.clear_trace()?;
    built_here(farm, "resting until")?;
    reply_within(farm, AT_ONCE, "both rest")
}

/// They seemed to be good, so the daemon was told that the build is taken.
fn lost_after_the_reply(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[("OFFLOAD_PATIENCE", "8")])?;
    both_are_good(farm)?;
    farm.w1.stop_sshd()?;
    farm.w2.stop_sshd()?;
    let built = farm.head.add(&Drv::new("lost"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?.ended(1)?;
    let answer = answer.says("no machine came back in time")?;
    for machine in ["w1:22", "w2:22"] {
        let error = format!("{machine}: cannot connect");
        let log = farm.head.build_log(&built.path)?.unwrap_or_default();
        ensure!(log.contains(&error), "the log lacks {machine}: {log}");
        ensure!(answer.text.contains(&error), "{}", answer.text);
    }
    // Both rest, are tried again, and rest: all one reason.
    let waits = answer.text.matches("waiting: ").count();
    ensure!(waits == 1, "explained {waits} times: {}", answer.text);
    let took = farm.head.told().named("replied").count();
    ensure!(took == 1, "asked {took} times");
    ensure!(answer.elapsed < SOON, "took {:?}", answer.elapsed);
    nothing_came(farm, &built)
}

/// Insists that a warning came with the first question, and once more with
/// the failure.
fn told_once(text: &str, warning: &str) -> Result<()> {
    let told = text.matches(warning).count();
    ensure!((1..=3).contains(&told), "{told} times {warning:?}: {text}");
    Ok(())
}

/// Insists that the question was answered so often, the last time to fail the
/// build.
fn put_off_then_failed(farm: &Farm, times: usize) -> Result<()> {
    let replies = farm.head.told().replies();
    println!("{replies:?}");
    let (last, before) = replies.split_last().unwrap_or_else(|| unreachable!());
    ensure!(last.0 == "accept", "{replies:?}");
    ensure!(before.iter().all(|it| it.0 == "postpone"), "{replies:?}");
    ensure!(replies.len() == times, "{replies:?}");
    let slowest = farm.head.told().slowest_reply();
    ensure!(slowest < Duration::from_secs(1), "{replies:?}");
    Ok(())
}
