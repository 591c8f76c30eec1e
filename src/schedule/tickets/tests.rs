use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use super::*;
use crate::schedule::sample::machine;

const LONG: Duration = Duration::from_secs(30);

fn with_slots(name: &str, parallel_builds: u32) -> BuildMachine {
    BuildMachine {
        parallel_builds,
        ..machine(name)
    }
}

/// Wishes for these, always, until the time has come.
struct Always {
    machines: Vec<BuildMachine>,
    until: Instant,
    troubles: Vec<String>,
}

impl Always {
    fn of(machines: &[BuildMachine]) -> Self {
        Self {
            machines: machines.to_vec(),
            until: Instant::now() + LONG,
            troubles: Vec::new(),
        }
    }
}

impl Candidates for Always {
    type Machine = BuildMachine;

    fn wish(&mut self) -> Wish<BuildMachine> {
        if Instant::now() >= self.until {
            return Wish::Nothing;
        }
        if self.machines.is_empty() {
            return Wish::Same;
        }
        Wish::Machines(std::mem::take(&mut self.machines))
    }

    fn trouble(&mut self, error: SlotError) {
        self.troubles.push(error.to_string());
    }
}

fn taken(waited: Waited<BuildMachine>) -> (String, Slot) {
    match waited {
        Waited::Taken { machine, slot, .. } => (machine.name, slot),
        other => panic!("{other:?}"),
    }
}

static FREE: AtomicBool = AtomicBool::new(false);

#[test]
fn the_best_free_machine_is_taken_and_the_line_is_left() {
    let state = tempfile::tempdir().unwrap();
    let line = Line::new(state.path(), None);
    let machines = [with_slots("w1", 1), with_slots("w2", 1)];
    let mut place = line.place("x.drv");
    let joined = place.join(&machines, Terms::default()).unwrap();
    assert_eq!(joined, Joined::InLine { ahead: 0 });
    let waiters = line.waiters();
    assert_eq!(waiters[0].derivation, "x.drv");
    assert_eq!(waiters[0].pid, Some(std::process::id()));
    assert_eq!(waiters[0].machines, ["w1:22", "w2:22"]);
    let (name, _slot) = taken(place.wait(&mut Always::of(&machines), &FREE));
    assert_eq!(name, "w1");
    assert!(line.look().is_empty());
    let (name, _slot) = taken(place.wait(&mut Always::of(&machines), &FREE));
    assert_eq!(name, "w2");
}

#[test]
fn who_comes_later_may_not_take_what_is_waited_for() {
    let state = tempfile::tempdir().unwrap();
    let line = Line::new(state.path(), None);
    let w1 = with_slots("w1", 1);
    let mut first = line.place("first.drv");
    let later = line.place("later.drv");
    first.join(&[&w1], Terms::default()).unwrap();
    assert!(!line.look().may_take(&later, &w1));
    assert!(line.look().may_take(&later, &with_slots("w2", 1)));
    assert!(line.look().may_take(&first, &w1));
    first.leave();
    assert!(line.look().may_take(&later, &w1));
}

#[test]
fn the_line_has_an_end_and_can_be_switched_off() {
    let state = tempfile::tempdir().unwrap();
    let w1 = with_slots("w1", 1);
    let off = Line::new(state.path(), Some(0));
    let joined = off.place("x").join(&[&w1], Terms::default()).unwrap();
    assert_eq!(joined, Joined::Full { ahead: 0 });
    let line = Line::new(state.path(), Some(2));
    let mut places: Vec<_> = (0..3).map(|_| line.place("x")).collect();
    let joined: Vec<_> = places
        .iter_mut()
        .map(|place| place.join(&[&w1], Terms::default()).unwrap())
        .collect();
    assert_eq!(joined[1], Joined::InLine { ahead: 1 });
    assert_eq!(joined[2], Joined::Full { ahead: 2 });
    // Those who wait for other machines do not count.
    let joined = places[2].join(&[with_slots("arm", 1)], Terms::default());
    assert_eq!(joined.unwrap(), Joined::InLine { ahead: 0 });
    let terms = Terms {
        usual: Duration::from_secs(60),
        limit: Duration::from_secs(100),
    };
    let joined = line.place("x").join(&[with_slots("arm", 1)], terms);
    assert!(matches!(joined.unwrap(), Joined::TooLong { .. }));
}

#[test]
fn a_wait_ends_when_it_is_told_to_or_nothing_is_wished_for() {
    let state = tempfile::tempdir().unwrap();
    let line = Line::new(state.path(), None);
    let slots = Slots::new(state.path());
    let w1 = with_slots("w1", 1);
    let _held = slots.take(&w1).unwrap().unwrap();
    let mut place = line.place("x");
    let cancelled = Arc::new(AtomicBool::new(false));
    let (flag, bell) = (Arc::clone(&cancelled), place.bell());
    let teller = thread::spawn(move || {
        flag.store(true, Ordering::SeqCst);
        bell.ring();
    });
    let waited = place.wait(&mut Always::of(std::slice::from_ref(&w1)), &cancelled);
    assert!(matches!(waited, Waited::Cancelled));
    teller.join().unwrap();
    let mut wishes = Always::of(std::slice::from_ref(&w1));
    wishes.until = Instant::now() + Duration::from_millis(500);
    assert!(matches!(place.wait(&mut wishes, &FREE), Waited::NoWish));
    assert!(line.look().is_empty());
}

#[test]
fn a_machine_whose_slots_cannot_be_used_is_left_out() {
    let state = tempfile::tempdir().unwrap();
    let line = Line::new(state.path(), None);
    std::fs::create_dir(state.path().join("offload")).unwrap();
    // A file where the directory should be: an obstacle for root as well.
    std::fs::write(state.path().join("offload/w1:22"), "").unwrap();
    let machines = [
        with_slots("bad/name", 1),
        with_slots("w1", 1),
        with_slots("w2", 1),
    ];
    let mut wishes = Always::of(&machines);
    let (name, _slot) = taken(line.place("x").wait(&mut wishes, &FREE));
    assert_eq!(name, "w2");
    assert_eq!(wishes.troubles.len(), 2, "{:?}", wishes.troubles);
}

/// Without a folder for tickets nobody sees the waiting, but they wait.
#[test]
fn without_a_folder_there_is_no_line_but_slots() {
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(state.path().join("offload/hook")).unwrap();
    std::fs::write(state.path().join("offload/hook/line"), "").unwrap();
    let line = Line::new(state.path(), None);
    let slots = Slots::new(state.path());
    let w1 = with_slots("w1", 1);
    let held = slots.take(&w1).unwrap().unwrap();
    let mut place = line.place("x");
    assert!(place.join(&[&w1], Terms::default()).is_err());
    let giver = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        drop(held);
    });
    let (name, _slot) = taken(place.wait(&mut Always::of(&[w1]), &FREE));
    assert_eq!(name, "w1");
    giver.join().unwrap();
}

/// More than the kernel is asked to wake: those at the end look by the clock.
#[test]
fn a_long_line_ends_in_order_of_coming() {
    const WAITING: usize = 60;
    let state = tempfile::tempdir().unwrap();
    let line = Line::new(state.path(), Some(1000));
    let slots = Slots::new(state.path());
    let w1 = with_slots("w1", 1);
    let held = slots.take(&w1).unwrap().unwrap();
    let mut places: Vec<Place> = (0..WAITING).map(|_| line.place("x")).collect();
    for place in &mut places {
        place.join(&[&w1], Terms::default()).unwrap();
    }
    let numbers: Vec<Number> = places.iter().map(Place::number).collect();
    let took = Arc::new(std::sync::Mutex::new(Vec::new()));
    let threads: Vec<_> = places
        .into_iter()
        .map(|mut place| {
            let (took, w1) = (Arc::clone(&took), w1.clone());
            thread::spawn(move || {
                let (_, slot) = taken(place.wait(&mut Always::of(&[w1]), &FREE));
                took.lock().unwrap().push(place.number());
                drop(slot);
            })
        })
        .collect();
    thread::sleep(Duration::from_millis(100));
    drop(held);
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*took.lock().unwrap(), numbers);
}
