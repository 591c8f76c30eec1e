//! Slots shared with Guix's own hook, and slots that cannot be used.

use anyhow::{Context, Result, ensure};
use offload_lab::{DaemonOptions, Drv, Farm, Hook, Running};

use crate::pool::cases;
use crate::queue::{SOON, add, paths, traced, while_asked};

cases![
    thirty_builds_by_both_hooks,
    slot_directory_of_root,
    slot_file_of_root_while_in_line,
    no_slot_of_any_machine_can_be_used,
];

/// Where the daemon with Guix's own hook listens.
const STOCK: &str = "/var/guix/daemon-socket/stock";

/// Two daemons on one store, one for each hook; what runs is counted on the
/// machines.
fn thirty_builds_by_both_hooks(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    let options = DaemonOptions::with_hook(Hook::Stock).socket(STOCK);
    farm.head.start_daemon(&options)?;
    let theirs = add(farm, "stocks-", 4, 0.5)?;
    let ours = add(farm, "ours-", 26, 0.3)?;
    let first = farm.head.guix_build_at(STOCK, &paths(&theirs), &[]);
    let mut first = first.spawn()?;
    offload_lab::sys::wait_until("stock builds", SOON, || {
        let running = [farm.w1.builds_running()?, farm.w2.builds_running()?].concat();
        Ok(!running.is_empty())
    })
    .with_context(|| first.output())?;
    let mut second = farm.head.start_build(&paths(&ours))?;
    let seen = watch(farm, &mut first, &mut second)?;
    let (first, second) = (first.wait(SOON)?, second.wait(SOON)?);
    println!(
        "stock: {:?}, ours: {:?}",
        first.succeeded()?.elapsed,
        second.succeeded()?.elapsed
    );
    ensure!(
        seen.most == 2,
        "{} builds at once on a machine with 2 slots",
        seen.most
    );
    ensure!(seen.both, "the two hooks never built at the same time");
    for built in theirs.iter().chain(&ours) {
        farm.came_back(built)?;
    }
    farm.head.slots_free(SOON)?;
    farm.head.stop_daemon_at(STOCK)
}

/// What was seen of builds on the machines.
#[derive(Default)]
struct Seen {
    /// At once on one machine, at most.
    most: usize,
    /// Builds of both hooks at once.
    both: bool,
}

fn watch(farm: &Farm, first: &mut Running, second: &mut Running) -> Result<Seen> {
    let mut seen = Seen::default();
    while first.runs()? || second.runs()? {
        let (w1, w2) = (farm.w1.builds_running()?, farm.w2.builds_running()?);
        seen.most = seen.most.max(w1.len()).max(w2.len());
        let all = [w1, w2].concat();
        let whose = |name: &str| all.iter().any(|it| it.contains(name));
        seen.both |= whose("-stocks-") && whose("-ours-");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok(seen)
}

/// The command that is said to mend it.
const MEND: &str = "chown -R guix-daemon: /var/guix/offload";

/// Makes what is there root's.
fn spoil(farm: &Farm, names: &[&str]) -> Result<()> {
    for name in names {
        let path = format!("'/var/guix/offload/{name}'");
        let line = format!("chown -R root:root {path}; chmod -R go-w {path}");
        farm.head.shell(&line).ok()?;
    }
    Ok(())
}

/// Lets both machines do a build, so that the faster one comes first.
fn known(farm: &Farm) -> Result<()> {
    let machines = farm.machines()?;
    for machine in &machines {
        farm.head.write_machines(std::slice::from_ref(machine))?;
        farm.build(&Drv::new("before"))?.1.succeeded()?;
    }
    farm.head.write_machines(&machines)
}

/// Makes the slot files of both machines, as earlier builds leave them.
fn make_slots(farm: &Farm) -> Result<()> {
    crate::queue::all_slots(farm).map(drop)
}

fn slot_directory_of_root(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // ends with an error
    }
    known(farm)?;
    for is_new in [true, false] {
        if is_new {
            let line = "rm -rf /var/guix/offload/w1:22; mkdir /var/guix/offload/w1:22";
            farm.head.shell(line).ok()?;
        } else {
            make_slots(farm)?;
        }
        spoil(farm, &["w1:22"])?;
        let built = farm.head.add(&Drv::new("elsewhere"))?;
        let answer = farm.head.ask_daemon(&[&built.path], &[])?.ended(0)?;
        answer.says("cannot use the slots of 'w1'")?.says(MEND)?;
        ensure!(farm.came_back(&built)?.name() == "w2", "not built by w2");
        // What is said to help does.
        farm.head.shell(MEND).ok()?;
        let (built, finished) = farm.build(&Drv::new("mended"))?;
        finished.succeeded()?;
        ensure!(farm.came_back(&built)?.name() == "w1", "not built by w1");
    }
    Ok(())
}

fn slot_file_of_root_while_in_line(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    make_slots(farm)?;
    spoil(farm, &["w1:22/0", "w1:22/1"])?;
    let held = [0, 1].map(|number| farm.head.take_slot("w2:22", number));
    let builds = add(farm, "waits", 3, 0.1)?;
    let answer = while_asked(farm, &builds, &[], || {
        let only_w2 = |it: &offload_lab::Told| it.list("machines") == ["w2:22"];
        farm.head
            .wait_for_events("a ticket for w2", 3, SOON, only_w2)?;
        drop(held);
        Ok(())
    })?;
    answer
        .ended(0)?
        .says("cannot use the slots of 'w1'")?
        .says(MEND)?;
    for built in &builds {
        ensure!(farm.came_back(built)?.name() == "w2", "not built by w2");
    }
    farm.head.shell(MEND).ok().map(drop)
}

fn no_slot_of_any_machine_can_be_used(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    make_slots(farm)?;
    spoil(farm, &["w1:22", "w2:22"])?;
    // The daemon can do it itself.
    let built = farm.head.add(&Drv::new("here"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?.ended(0)?;
    answer.says("'w1'")?.says("'w2'")?.says(MEND)?;
    ensure!(farm.came_back(&built).is_err(), "built elsewhere");
    // And where it cannot, the build is put off until it is mended.
    let builds = add(farm, "put-off", 1, 0.1)?;
    let answer = while_asked(farm, &builds, &[("build-max-jobs", "0")], || {
        farm.head.wait_for_events("put off", 1, SOON, |it| {
            crate::queue::replied(it, "postpone")
        })?;
        farm.head.shell(MEND).ok().map(drop)
    })?;
    answer.ended(0)?.says(MEND)?;
    builds
        .iter()
        .try_for_each(|it| farm.came_back(it).map(drop))
}
