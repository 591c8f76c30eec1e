//! What the hook keeps of machines is damaged, foreign, or from another time:
//! builds go on, and nothing outside is followed or written.

use anyhow::{Context, Result, ensure};
use offload_lab::{EVIDENCE, Farm, milliseconds};

use crate::dead::{PROBED, both_are_good, build_on, good, once, prefer_w1, reply_within, watched};
use crate::pool::cases;

cases![
    damaged_foreign_or_too_long,
    links_pipes_and_directories,
    folder_that_cannot_be_used,
    times_ahead_and_long_past,
];

const DAY: u64 = 24 * 60 * 60 * 1000;
const FILE: &str = "/var/guix/offload/hook/evidence/w1:22";

fn damaged_foreign_or_too_long(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    prefer_w1(farm)?;
    farm.w2.stop_sshd()?;
    let whole = good();
    let half = &whole[..whole.len() / 2 + 3];
    let long = format!("{whole}{}", "x".repeat(1 << 20));
    // Each tells of a machine that rests; none of them counts.
    let rests = resting(&whole, milliseconds() + 60_000);
    for (what, text) in [
        ("half", half),
        ("another version", "offload evidence 2\n"),
        ("no text", "\u{0}\u{1}\u{fffd}"),
        ("empty", ""),
        ("long", long.as_str()),
    ] {
        farm.head.keep_evidence("w1:22", text)?;
        build_on(farm, &farm.w1).context(what)?;
        mended(farm).context(what)?;
    }
    farm.head.keep_evidence("w1:22", &rests)?;
    farm.head
        .shell(&format!("chown nobody '{FILE}'; chmod 644 '{FILE}'"))
        .ok()?;
    build_on(farm, &farm.w1).context("another's")?;
    mended(farm).context("another's")?;
    // Read-only says nothing: files are replaced.
    farm.head.keep_evidence("w1:22", &whole)?;
    farm.head.shell(&format!("chmod 400 '{FILE}'")).ok()?;
    build_on(farm, &farm.w1).context("read-only")?;
    mended(farm).context("read-only")?;
    once(farm)
}

fn links_pipes_and_directories(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    prefer_w1(farm)?;
    farm.w2.stop_sshd()?;
    let outside = "/var/guix/outside";
    let rests = resting(&good(), milliseconds() + 60_000);
    farm.head.write(outside, &rests)?;
    let own = format!("chown --reference=/var/guix {outside}; rm -rf '{FILE}'");
    for (what, line) in [
        ("a link", format!("ln -s {outside} '{FILE}'")),
        ("a dangling link", format!("ln -s /var/guix/none '{FILE}'")),
        ("a pipe", format!("mkfifo '{FILE}'")),
        ("a directory", format!("mkdir '{FILE}'")),
        ("a full directory", format!("mkdir -p '{FILE}/within'")),
    ] {
        farm.head.shell(&format!("{own}; {line}")).ok()?;
        build_on(farm, &farm.w1).context(what)?;
        ensure!(
            farm.head.read_text(outside)? == rests,
            "{what}: overwritten"
        );
        ensure!(!farm.head.path("/var/guix/none").exists(), "{what}: made");
    }
    farm.head
        .shell(&format!("rm -rf '{FILE}' {outside}"))
        .ok()?;
    once(farm)
}

/// Without what was learnt each build asks anew, and ends as well.
fn folder_that_cannot_be_used(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    let hook = "/var/guix/offload/hook";
    for (what, line) in [
        (
            "read-only",
            format!(
                "mkdir -p {EVIDENCE}; chown --reference=/var/guix {hook} {EVIDENCE}; chmod 500 {EVIDENCE}"
            ),
        ),
        (
            "another's",
            format!("mkdir -p {EVIDENCE}; chown nobody {EVIDENCE}"),
        ),
        (
            "a link",
            format!(
                "mkdir -p /var/guix/elsewhere; chown --reference=/var/guix /var/guix/elsewhere; ln -s /var/guix/elsewhere {EVIDENCE}"
            ),
        ),
        ("a file", format!("touch {EVIDENCE}")),
        ("all read-only", format!("chmod 500 {hook}")),
    ] {
        farm.head
            .shell(&format!("rm -rf {EVIDENCE}; {line}"))
            .ok()?;
        farm.head.clear_trace()?;
        farm.w1.stop_sshd()?;
        build_on(farm, &farm.w2).context(what)?;
        reply_within(farm, PROBED, what)?;
        farm.w1.start_sshd(&[])?;
        once(farm).context(what)?;
        let elsewhere = farm.head.path("/var/guix/elsewhere");
        let entries = std::fs::read_dir(&elsewhere).map_or(0, Iterator::count);
        ensure!(entries == 0, "{what}: files were made elsewhere");
    }
    farm.head
        .shell(&format!(
            "chmod 700 {hook}; rm -rf {EVIDENCE} /var/guix/elsewhere"
        ))
        .ok()?;
    Ok(())
}

/// The wall clock was set, there or back.
fn times_ahead_and_long_past(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    let now = milliseconds();
    // The clock was set back since: no rest lasts so long.
    prefer_w1(farm)?;
    farm.w2.stop_sshd()?;
    for (what, text) in [
        ("a rest ahead", resting(&good(), now + 2 * DAY)),
        ("all ahead", resting(&at(now + DAY), now + 2 * DAY)),
        ("all past", resting(&at(1), 2)),
        ("the end of time", resting(&at(u64::MAX), u64::MAX)),
    ] {
        farm.head.keep_evidence("w1:22", &text)?;
        farm.head.clear_trace()?;
        build_on(farm, &farm.w1).context(what)?;
        reply_within(farm, PROBED, what)?;
        mended(farm).context(what)?;
        once(farm).context(what)?;
    }
    // An answer from the future is none: the machine is asked.
    both_are_good(farm)?;
    farm.w2.start_sshd(&[])?;
    farm.w1.stop_sshd()?;
    farm.head.keep_evidence("w1:22", &at(now + DAY))?;
    farm.head.clear_trace()?;
    build_on(farm, &farm.w2)?;
    let events = farm.head.told();
    let slots = events.named("slot");
    let taken: Vec<_> = slots.filter_map(|it| it.machine()).collect();
    ensure!(taken == ["w2"], "taken: {taken:?}");
    Ok(())
}

/// What is kept of a machine that answered, failed and was tried then.
fn at(moment: u64) -> String {
    format!(
        "offload evidence 1\nanswered {moment}\nfailed {moment}\nprobing {moment}\n\
         connect 20000\nload 9.5 2 5 0 {moment}\nfailures 3\nsent \nsent-before \n"
    )
}

/// The same with a rest.
fn resting(text: &str, until: u64) -> String {
    text.replacen(
        "\nsent ",
        &format!("\nrest passing {until} - connection refused\nsent "),
        1,
    )
}

/// Insists that what is kept of w1 is whole again, and today's.
fn mended(farm: &Farm) -> Result<()> {
    let answered = farm.head.known("w1:22", "answered");
    let answered: u64 = answered.context("not kept")?.parse()?;
    let age = milliseconds().checked_sub(answered);
    ensure!(age.is_some_and(|age| age < 60_000), "{age:?} old");
    ensure!(farm.head.known("w1:22", "rest").is_none(), "it rests");
    Ok(())
}
