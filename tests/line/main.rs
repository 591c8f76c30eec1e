//! The line before the slots, with real processes that are killed and stopped.
//!
//! Times are readings of the clock that all processes share, taken by the one
//! that gives and the one that gets; what is printed with `--nocapture` is
//! exact, what is demanded leaves room for a busy machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod process;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use nix::sys::signal::Signal;
use offload::clock::since_boot;
use offload::schedule::slots::Slots;
use offload::schedule::tickets::Line;
use process::{Process, machine, machines};

/// How often a time is taken.
const TIMES: usize = 20;

/// What half of the times must keep to, also on a busy machine.
const SOON: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    if process::play_role() {
        return ExitCode::SUCCESS;
    }
    let trials = vec![
        trial("a_killed_holder_wakes_the_waiting", || {
            wakes("killed", process::Process::kill);
        }),
        trial("a_released_slot_wakes_the_waiting", || {
            wakes("released", Process::release);
        }),
        trial("first_come_first_served", first_come_first_served),
        trial("the_dead_in_line_are_passed", the_dead_in_line_are_passed),
        trial("the_stopped_in_line_are_passed", stopped_is_passed),
        trial("a_rare_system_in_front_holds_up_nobody", rare_system),
        trial("a_machine_that_is_added_is_used", added_machine),
        trial("waiting_costs_no_processor_time", idle_waiting),
        trial("no_slot_idles_while_builds_wait", busy_slots),
    ];
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    conclusion.exit_code()
}

fn trial(name: &str, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(format!("line::{name}"), move || {
        run();
        Ok::<(), Failed>(())
    })
}

/// A state directory, and files that say what waiters wish for.
struct Place {
    state: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            state: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.state.path()
    }

    fn wish(&self, name: &str, machines: &str) -> PathBuf {
        let file = self.path().join(name);
        // Renamed into place, so that nobody reads half of it.
        let half = self.path().join(format!("{name}.half"));
        std::fs::write(&half, machines).unwrap();
        std::fs::rename(half, &file).unwrap();
        file
    }

    fn hold(&self, machines: &str) -> Process {
        Process::hold(self.path(), machines)
    }

    fn wait(&self, wish: &Path) -> Process {
        Process::wait(self.path(), wish)
    }

    fn waiting(&self) -> usize {
        Line::new(self.path(), None).look().tickets().count()
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn wakes(how: &str, end: fn(&mut Process) -> Duration) {
    let place = Place::new();
    let wish = place.wish("wish", "w1=1");
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let mut holder = place.hold("w1=1");
        let mut waiter = place.wait(&wish);
        // So that it sleeps: the time of a first look is not meant.
        std::thread::sleep(Duration::from_millis(50));
        let freed = end(&mut holder);
        let (_, took) = waiter.took();
        times.push(took.saturating_sub(freed));
        waiter.release();
    }
    let median = median(&mut times);
    println!(
        "{how}: median {median:?}, least {:?}, most {:?} of {TIMES}",
        times[0],
        times[TIMES - 1]
    );
    assert!(median < SOON, "{times:?}");
    assert_eq!(place.waiting(), 0);
}

fn first_come_first_served() {
    let place = Place::new();
    let wish = place.wish("wish", "w1=1");
    let mut holder = place.hold("w1=1");
    let mut waiters: Vec<Process> = (0..8).map(|_| place.wait(&wish)).collect();
    holder.kill();
    let mut last = Duration::ZERO;
    for waiter in &mut waiters {
        let (_, at) = waiter.took();
        assert!(at > last);
        last = waiter.release();
    }
}

fn the_dead_in_line_are_passed() {
    let place = Place::new();
    let wish = place.wish("wish", "w1=1");
    let mut holder = place.hold("w1=1");
    let mut first = place.wait(&wish);
    let mut second = place.wait(&wish);
    let mut third = place.wait(&wish);
    assert_eq!(place.waiting(), 3);
    first.kill();
    holder.kill();
    let (_, at) = second.took();
    second.kill();
    let (_, later) = third.took();
    assert!(later > at);
    drop(third);
    assert_eq!(place.waiting(), 0);
}

fn stopped_is_passed() {
    let place = Place::new();
    let wish = place.wish("wish", "w1=1");
    let mut holder = place.hold("w1=1");
    let first = place.wait(&wish);
    let mut second = place.wait(&wish);
    first.signal(Signal::SIGSTOP);
    let freed = holder.kill();
    let (_, at) = second.took();
    println!(
        "a stopped one is passed after {:?}",
        at.saturating_sub(freed)
    );
    assert!(at.saturating_sub(freed) < Duration::from_secs(10));
    // It comes back as the first again.
    first.signal(Signal::SIGCONT);
    let mut first = first;
    second.release();
    first.took();
}

fn rare_system() {
    let place = Place::new();
    let _arm = place.hold("arm=1");
    let mut w1 = place.hold("w1=1");
    let _front = place.wait(&place.wish("rare", "arm=1"));
    let mut other = place.wait(&place.wish("usual", "w1=1"));
    w1.kill();
    assert_eq!(other.took().0, "w1");
    assert_eq!(place.waiting(), 1);
}

fn added_machine() {
    let place = Place::new();
    let wish = place.wish("wish", "w1=1");
    let _holder = place.hold("w1=1");
    let mut waiter = place.wait(&wish);
    let mut behind = place.wait(&wish);
    let added = since_boot();
    place.wish("wish", "w1=1,w2=1,w3=1");
    let (name, at) = waiter.took();
    println!(
        "an added machine is used after {:?}",
        at.saturating_sub(added)
    );
    // Whoever looks first has it, and the other one the next.
    assert_ne!(name, behind.took().0);
    assert_ne!(name, "w1");
    assert!(at.saturating_sub(added) < Duration::from_secs(10));
}

fn idle_waiting() {
    let place = Place::new();
    let names: Vec<String> = (0..10).map(|i| format!("w{i}=4")).collect();
    let all = names.join(",");
    let slots = Slots::new(place.path());
    let held: Vec<_> = machines(&all)
        .iter()
        .flat_map(|machine| (0..4).map(|_| slots.take(machine).unwrap().unwrap()))
        .collect();
    let wish = place.wish("wish", &all);
    let waiters: Vec<Process> = (0..4).map(|_| place.wait(&wish)).collect();
    std::thread::sleep(Duration::from_millis(500));
    let used = || {
        waiters
            .iter()
            .map(Process::processor_time)
            .sum::<Duration>()
            / 4
    };
    let before = used();
    std::thread::sleep(Duration::from_secs(4));
    let used = used().saturating_sub(before) / 4;
    println!("waiting for 40 slots takes {used:?} of a second");
    assert!(used < Duration::from_millis(20), "{used:?}");
    drop(held);
}

/// Thirty builds of 50 ms on two machines of two slots each.
fn busy_slots() {
    let place = Place::new();
    let wish = place.wish("wish", "w1=2,w2=2");
    let slots = Slots::new(place.path());
    let blocked: Vec<_> = [machine("w1", 2), machine("w2", 2)]
        .iter()
        .flat_map(|machine| [(); 2].map(|()| slots.take(machine).unwrap().unwrap()))
        .collect();
    let mut builds: Vec<Process> = (0..30)
        .map(|_| Process::build(place.path(), &wish))
        .collect();
    for build in &mut builds {
        build.says("joined");
    }
    std::thread::sleep(Duration::from_millis(100));
    let begun = since_boot();
    drop(blocked);
    let mut gaps: Vec<Duration> = Vec::new();
    let mut events = Vec::new();
    let mut end = Duration::ZERO;
    for build in &mut builds {
        let took = build.took().1;
        let released = Duration::from_nanos(build.says("released").parse().unwrap());
        events.push((took, released));
        end = end.max(released);
    }
    // Each slot that was given back before the last take was taken again: the
    // n-th release is answered by the take four places behind it.
    events.sort_unstable();
    let mut released: Vec<Duration> = events.iter().map(|event| event.1).collect();
    released.sort_unstable();
    for (freed, taken) in released.iter().zip(events.iter().skip(4)) {
        gaps.push(taken.0.saturating_sub(*freed));
    }
    let median = median(&mut gaps);
    println!(
        "30 builds of 50 ms on 4 slots: {:?} (the slots alone: 400 ms); a slot was idle for {median:?}, at most {:?}",
        end.saturating_sub(begun),
        gaps.last().unwrap()
    );
    assert!(median < SOON);
    assert_eq!(place.waiting(), 0);
}
