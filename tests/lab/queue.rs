//! Builds that wait for a slot: in which order, for how long, and at what
//! price.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use offload_lab::{
    Answer, Built, Course, Drv, Farm, TRACE, Told, processes::Process, since_boot, sys::wait_until,
};

use crate::pool::cases;

cases![
    three_clients_with_thirty_builds_each,
    a_rare_one_in_front_holds_up_nobody,
    waiting_costs_nothing_and_shows_life,
    without_a_line_it_is_put_off,
    more_than_the_line_holds,
    who_would_wait_too_long_does_not_join,
    the_machine_file_changes_between_builds,
    the_machine_file_changes_while_they_wait,
];

pub const SOON: Duration = Duration::from_secs(30);

/// Within what a change reaches those that wait: they look once a second.
pub const NOTICED: Duration = Duration::from_millis(1500);

/// How long waiting is watched.
const WAIT: Duration = Duration::from_secs(5);

/// How long a slot may be free while somebody waits for it.
const IDLE: Duration = Duration::from_millis(50);

/// Lets the hooks tell of their events, and sets variables.
pub fn traced(farm: &mut Farm, variables: &[(&str, &str)]) -> Result<()> {
    let mut options = farm.normal_options().variable("OFFLOAD_TRACE", TRACE);
    for (name, value) in variables {
        options = options.variable(name, value);
    }
    farm.head_daemon(options)?;
    farm.head.clear_trace()
}

/// Adds derivations that take some time.
pub fn add(farm: &Farm, name: &str, many: usize, seconds: f64) -> Result<Vec<Built>> {
    let script = format!("echo started; sleep {seconds}; echo > $out");
    (0..many)
        .map(|i| {
            farm.head
                .add(&Drv::new(&format!("{name}{i}")).script(&script))
        })
        .collect()
}

pub fn paths(builds: &[Built]) -> Vec<&str> {
    builds.iter().map(|built| built.path.as_str()).collect()
}

fn three_clients_with_thirty_builds_each(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // knows no line
    }
    traced(farm, &[])?;
    let works = [0, 1, 2].map(|client| add(farm, &format!("client{client}-"), 30, 0.2));
    let works = works.into_iter().collect::<Result<Vec<_>>>()?;
    let head = &farm.head;
    let ask = |builds: &Vec<Built>| head.ask_daemon(&paths(builds), &[])?.ended(0);
    let ask = &ask;
    let answers: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> = works
            .iter()
            .map(|it| scope.spawn(move || ask(it)))
            .collect();
        clients
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join)
            .collect()
    });
    for answer in answers {
        let answer = answer.map_err(|_| anyhow::anyhow!("a client panicked"))??;
        println!("a client took {:?}", answer.elapsed);
    }
    for built in works.iter().flatten() {
        farm.came_back(built)?;
    }
    let course = Course::of(&farm.head.told(), &[]);
    ensure!(
        course.turns.len() == 90,
        "{} turns for 90 builds",
        course.turns.len()
    );
    ensure!(!course.waiting.is_empty(), "nobody waited");
    for machine in ["w1:22", "w2:22"] {
        let most = course.most_at_once(machine);
        ensure!(most == 2, "{most} builds at once on {machine}");
    }
    let (idle, slot) = course.longest_idle();
    println!("longest idle: {idle:?} ({slot})");
    ensure!(
        idle <= IDLE,
        "idle for {idle:?} while somebody waited: {slot}"
    );
    let overtakings = course.overtakings(IDLE);
    ensure!(overtakings.is_empty(), "overtaken: {overtakings:?}");
    Ok(())
}

/// The first in line wants a machine whose slots stay taken; those behind go
/// on with the other.
fn a_rare_one_in_front_holds_up_nobody(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    let mut machines = farm.machines()?;
    machines[1].features = vec!["rare".into()];
    farm.head.write_machines(&machines)?;
    let mut held = Vec::new();
    for slot in [("w1:22", 0), ("w1:22", 1), ("w2:22", 0), ("w2:22", 1)] {
        held.push(farm.head.take_slot(slot.0, slot.1)?);
    }
    let rare = farm.head.add(&Drv::new("rare").features(&["rare"]))?;
    let first = farm.head.start_build(&[&rare.path])?;
    farm.head
        .wait_for_events("a ticket", 1, SOON, |it| it.name == "in-line")?;
    let others = add(farm, "usual", 4, 0.1)?;
    let second = farm.head.start_build(&paths(&others))?;
    farm.head
        .wait_for_events("a ticket", 5, SOON, |it| it.name == "in-line")?;
    // Both slots of the machine that is not rare.
    held.drain(..2);
    second.wait(SOON)?.succeeded()?;
    for built in &others {
        ensure!(farm.came_back(built)?.name() == "w1", "not built by w1");
    }
    ensure!(!farm.head.is_valid(rare.out())?, "the rare one was built");
    drop(held);
    first.wait(SOON)?.succeeded()?;
    ensure!(farm.came_back(&rare)?.name() == "w2", "not built by w2");
    wait_until("no hook is left", SOON, || {
        Ok(farm.head.hooks()?.is_empty())
    })?;
    let course = Course::of(&farm.head.told(), &[]);
    let overtaken = course.overtakings(IDLE);
    ensure!(overtaken.is_empty(), "overtaken: {overtaken:?}");
    let rare = course.waiting.first().map(|it| it.machines.clone());
    ensure!(rare == Some(vec!["w2:22".to_owned()]), "it names {rare:?}");
    Ok(())
}

/// Five seconds in line: next to no processor time, and a client that ends
/// builds which are silent for two seconds bears it.
fn waiting_costs_nothing_and_shows_life(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    let held = all_slots(farm)?;
    let builds = add(farm, "patient", 3, 0.1)?;
    let answer = while_asked(farm, &builds, &[("build-max-silent-time", "2")], || {
        let is_in_line = |it: &Told| it.name == "in-line";
        farm.head.wait_for_events("a ticket", 3, SOON, is_in_line)?;
        let hooks = farm.head.hooks()?;
        let before: Vec<_> = hooks.iter().map(Process::time).collect();
        std::thread::sleep(WAIT);
        for (hook, before) in hooks.iter().zip(before) {
            let used = hook
                .time()
                .zip(before)
                .map(|(after, before)| after.saturating_sub(before));
            let used = used.context("a hook has ended")?;
            println!("a waiting hook used {used:?} in {WAIT:?}");
            // The kernel counts in hundredths of a second.
            ensure!(used <= WAIT / 100, "waiting took {used:?} of the processor");
        }
        drop(held);
        Ok(())
    })?;
    let answer = answer.ended(0)?.says("offload: waiting: w")?;
    let signs = answer.text.matches("still waiting for a slot").count();
    ensure!(
        (6..=18).contains(&signs),
        "{signs} signs of life of three in five seconds"
    );
    let reasons = answer.text.matches("offload: waiting: ").count();
    ensure!(reasons <= 9, "the reason was told {reasons} times by three");
    builds
        .iter()
        .try_for_each(|it| farm.came_back(it).map(drop))
}

fn without_a_line_it_is_put_off(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[("OFFLOAD_LINE", "0")])?;
    let held = all_slots(farm)?;
    let builds = add(farm, "put-off", 2, 0.1)?;
    let answer = while_asked(farm, &builds, &[], || {
        farm.head
            .wait_for_events("put off", 2, SOON, |it| replied(it, "postpone"))?;
        drop(held);
        Ok(())
    })?;
    answer.ended(0)?;
    let waited = farm.head.told().iter().any(|it| it.name == "in-line");
    ensure!(!waited, "somebody waited in a line of no length");
    builds
        .iter()
        .try_for_each(|it| farm.came_back(it).map(drop))
}

fn more_than_the_line_holds(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[("OFFLOAD_LINE", "2")])?;
    let held = all_slots(farm)?;
    let builds = add(farm, "bounded", 5, 0.1)?;
    let answer = while_asked(farm, &builds, &[], || {
        farm.head
            .wait_for_events("put off", 3, SOON, |it| replied(it, "postpone"))?;
        let taken = farm.head.told();
        let taken = taken.iter().filter(|it| replied(it, "accept")).count();
        ensure!(taken == 2, "{taken} stand in a line for 2");
        drop(held);
        Ok(())
    })?;
    answer.ended(0)?;
    builds
        .iter()
        .try_for_each(|it| farm.came_back(it).map(drop))
}

/// The time limit runs while a build waits. Nobody has told how long builds
/// take, so half a minute is expected: for one of four slots 7.5 seconds.
fn who_would_wait_too_long_does_not_join(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    traced(farm, &[])?;
    let held = all_slots(farm)?;
    let builds = add(farm, "hasty", 2, 0.1)?;
    let [hasty, patient] = &builds[..] else {
        anyhow::bail!("two were asked for")
    };
    let one = std::slice::from_ref;
    let answer = while_asked(farm, one(hasty), &[("build-timeout", "70")], || {
        farm.head
            .wait_for_events("put off", 1, SOON, |it| replied(it, "postpone"))?;
        let other = while_asked(farm, one(patient), &[("build-timeout", "80")], || {
            farm.head
                .wait_for_events("a ticket", 1, SOON, |it| it.name == "in-line")?;
            drop(held);
            Ok(())
        })?;
        other.ended(0).map(drop)
    })?;
    answer.ended(0)?;
    builds
        .iter()
        .try_for_each(|it| farm.came_back(it).map(drop))
}

fn the_machine_file_changes_between_builds(farm: &mut Farm) -> Result<()> {
    let machines = farm.machines()?;
    for index in [0, 1, 0] {
        let wanted = machines.get(index).context("two machines")?;
        farm.head.write_machines(std::slice::from_ref(wanted))?;
        let (built, finished) = farm.build(&Drv::new("changed"))?;
        finished.succeeded()?;
        let by = farm.came_back(&built)?.name();
        ensure!(by == wanted.name, "built by {by}, not by {}", wanted.name);
    }
    Ok(())
}

/// Who waits uses a machine that comes, and none that has gone.
fn the_machine_file_changes_while_they_wait(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // reads it anew each time it is asked
    }
    traced(farm, &[])?;
    let machines = farm.machines()?;
    farm.head.write_machines(&machines[..1])?;
    let mut held = all_slots(farm)?;
    let builds = add(farm, "waits", 3, 0.1)?;
    let answer = while_asked(farm, &builds, &[], || {
        let head = &farm.head;
        let name = |wanted: &'static [&'static str]| {
            move |it: &Told| it.name == "in-line" && it.list("machines") == wanted
        };
        head.wait_for_events("tickets for w1", 3, SOON, name(&["w1:22"]))?;
        head.write_machines(&machines)?;
        let written = since_boot();
        let tickets = name(&["w1:22", "w2:22"]);
        let tickets = head.wait_for_events("tickets for both", 3, SOON, tickets)?;
        // The first asks it; the others hear at their next look.
        let first = tickets.first().context("no ticket")?.at;
        println!("used after {:?}", first.saturating_sub(written));
        ensure!(first.saturating_sub(written) <= NOTICED, "noticed late");
        head.write_machines(&machines[1..])?;
        head.wait_for_events("tickets for w2", 3, SOON, name(&["w2:22"]))?;
        held.drain(..2);
        std::thread::sleep(Duration::from_millis(500));
        ensure!(
            head.slots_taken()?.len() == 2,
            "took a machine that is gone"
        );
        drop(held);
        Ok(())
    })?;
    answer.ended(0)?;
    for built in &builds {
        ensure!(farm.came_back(built)?.name() == "w2", "not built by w2");
    }
    Ok(())
}

/// Takes all slots of both machines.
pub fn all_slots(farm: &Farm) -> Result<Vec<std::fs::File>> {
    let slots = ["w1:22", "w2:22"]
        .into_iter()
        .flat_map(|it| [(it, 0), (it, 1)]);
    slots
        .map(|(machine, number)| farm.head.take_slot(machine, number))
        .collect()
}

/// Tells whether a hook gave this reply.
pub fn replied(happened: &Told, reply: &str) -> bool {
    happened.name == "replied" && happened.value("reply") == Some(reply)
}

/// Has the daemon build, and does something meanwhile.
pub fn while_asked(
    farm: &Farm,
    builds: &[Built],
    options: &[(&str, &str)],
    meanwhile: impl FnOnce() -> Result<()>,
) -> Result<Answer> {
    std::thread::scope(|scope| {
        let client = scope.spawn(|| farm.head.ask_daemon(&paths(builds), options));
        let done = meanwhile();
        let answer = client
            .join()
            .map_err(|_| anyhow::anyhow!("the client panicked"))?;
        match done {
            Ok(()) => answer,
            Err(error) => Err(error.context(format!("the client: {answer:?}"))),
        }
    })
}
