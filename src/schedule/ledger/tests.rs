use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::schedule::evidence::FailureKind;
use crate::schedule::sample::{machine, processor_time};

struct Place {
    state: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            state: tempfile::tempdir().unwrap(),
        }
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(self.state.path())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.state.path().join("offload/hook").join(name)
    }
}

fn failed(kind: FailureKind) -> Outcome<'static> {
    Outcome::Failed {
        kind,
        reason: "connection refused",
    }
}

fn built(seconds: u64) -> Outcome<'static> {
    Outcome::Built {
        took: Duration::from_secs(seconds),
    }
}

fn is_resting(evidence: &Evidence, machine: &BuildMachine) -> bool {
    matches!(
        evidence.state(machine, Moment::now()),
        State::Resting { .. }
    )
}

#[test]
fn what_one_process_notes_another_reads() {
    let place = Place::new();
    let machine = machine("w1");
    assert_eq!(place.ledger().read(&machine), Evidence::default());
    assert!(!place.file("evidence").exists(), "reading makes nothing");
    place.ledger().note_all(
        &machine,
        &[
            Outcome::Answered {
                connect: Some(Duration::from_millis(40)),
                round_trip: None,
            },
            built(7),
        ],
    );
    let evidence = place.ledger().read(&machine);
    assert_eq!(evidence.expected_build(), Some(Duration::from_secs(7)));
    assert_eq!(evidence.state(&machine, Moment::now()), State::Good);
    let mode = |name| fs::metadata(place.file(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(".."), 0o755, "slots are everybody's to see");
    assert_eq!(mode("evidence"), 0o700);
    assert_eq!(mode("evidence/w1:22"), 0o600);
    let names: Vec<_> = fs::read_dir(place.file("evidence")).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing unfinished is left");
}

#[test]
fn what_many_processes_note_at_once_is_not_lost() {
    let place = Place::new();
    let machines: Vec<_> = (0..5).map(|i| machine(&format!("w{i}"))).collect();
    std::thread::scope(|scope| {
        for number in 0..30_u64 {
            let (place, machines) = (&place, &machines);
            scope.spawn(move || {
                let machine = &machines[usize::try_from(number % 5).unwrap()];
                place.ledger().note(machine, built(number));
            });
        }
    });
    for machine in &machines {
        let evidence = place.ledger().read(machine);
        assert_eq!(evidence.durations.len(), 6, "of six builds");
    }
    let left: Vec<_> = fs::read_dir(place.file("evidence")).unwrap().collect();
    assert_eq!(left.len(), 5);
}

#[test]
fn a_stopped_holder_of_the_lock_is_not_waited_for() {
    let place = Place::new();
    let machine = machine("w1");
    place.ledger().note(&machine, built(1));
    let folder = Folder::open(&place.file("evidence"), place.ledger().owner).unwrap();
    let _lock = folder.lock(None).unwrap();
    let begun = Instant::now();
    place.ledger().note(&machine, built(2));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(place.ledger().read(&machine).durations.len(), 2);
}

#[test]
fn damaged_files_count_as_not_there_and_are_mended() {
    let place = Place::new();
    let machine = machine("w1");
    let file = place.file("evidence/w1:22");
    let long = vec![b'x'; 1 << 20];
    for damage in [
        &b""[..],
        b"\xff\xff",
        b"offload evidence 1\nbuilt x\n",
        &long,
    ] {
        place.ledger().note(&machine, built(1));
        fs::write(&file, damage).unwrap();
        assert_eq!(place.ledger().read(&machine), Evidence::default());
        place.ledger().note(&machine, built(2));
        assert_eq!(place.ledger().read(&machine).durations.len(), 1);
    }
}

#[test]
fn links_pipes_and_folders_are_no_evidence() {
    let place = Place::new();
    let machine = machine("w1");
    place.ledger().note(&machine, built(1));
    let file = place.file("evidence/w1:22");
    fs::rename(&file, place.file("evidence/real")).unwrap();
    symlink("real", &file).unwrap();
    assert_eq!(place.ledger().read(&machine), Evidence::default());
    place.ledger().note(&machine, built(2));
    let replaced = place.ledger().read(&machine);
    assert_eq!(replaced.expected_build(), Some(Duration::from_secs(2)));

    fs::remove_file(&file).unwrap();
    let path = std::ffi::CString::new(file.to_str().unwrap()).unwrap();
    nix::unistd::mkfifo(path.as_c_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(place.ledger().read(&machine), Evidence::default());

    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(place.ledger().read(&machine), Evidence::default());
    place.ledger().note(&machine, built(2));
}

#[test]
fn files_of_other_users_count_for_nothing() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let place = Place::new();
    let machine = machine("w1");
    place.ledger().note(&machine, failed(FailureKind::HostKey));
    place.ledger().drain("w1", None, "").unwrap();
    assert!(
        is_resting(&place.ledger().read(&machine), &machine)
            || place.ledger().drained(&machine).is_some()
    );
    for name in ["evidence/w1:22", "drained/w1"] {
        std::os::unix::fs::chown(place.file(name), Some(12345), None).unwrap();
    }
    assert_eq!(place.ledger().read(&machine), Evidence::default());
    // The owner of the database is trusted beside root.
    fs::create_dir(place.state.path().join("db")).unwrap();
    std::os::unix::fs::chown(place.state.path().join("db"), Some(12345), None).unwrap();
    assert_eq!(place.ledger().read(&machine).failures, 1);
    assert!(place.ledger().drained(&machine).is_some());
    std::os::unix::fs::chown(place.file("evidence"), Some(54321), None).unwrap();
    assert_eq!(place.ledger().read(&machine).failures, 0);
    place.ledger().note(&machine, built(1));
}

#[test]
fn where_nothing_can_be_written_nothing_fails() {
    let ledger = Ledger::open(Path::new("/dev/null"));
    let machine = machine("w1");
    ledger.note(&machine, built(1));
    assert!(ledger.claim(&machine));
    assert!(ledger.readable().is_err());
    assert_eq!(ledger.read(&machine), Evidence::default());
    assert!(ledger.drain("w1", None, "").is_err());
}

#[test]
fn a_name_cannot_leave_the_folder() {
    let place = Place::new();
    for name in ["../../etc", "a/b", "", ".new-1", &"x".repeat(300)] {
        let odd = BuildMachine {
            name: name.to_owned(),
            ..machine("w")
        };
        place.ledger().note(&odd, built(1));
        if !name.is_empty() {
            assert_eq!(place.ledger().read(&odd), Evidence::default(), "{name}");
        }
        assert!(place.ledger().drain(name, None, "").is_err(), "{name}");
        assert!(!place.ledger().undrain(name).unwrap());
    }
}

#[test]
fn a_rest_is_that_of_the_machine_as_it_was_described() {
    let place = Place::new();
    let refused = machine("w1");
    place
        .ledger()
        .note(&refused, failed(FailureKind::RefusedKey));
    assert!(is_resting(&place.ledger().read(&refused), &refused));
    let mended = BuildMachine {
        private_key: Some("/etc/guix/ssh/new".into()),
        ..refused
    };
    assert!(!is_resting(&place.ledger().read(&mended), &mended));
}

#[test]
fn one_at_a_time_claims_a_machine_whose_rest_is_over() {
    let place = Place::new();
    let machine = machine("w1");
    assert!(place.ledger().claim(&machine));
    assert!(!place.file("evidence/w1:22").exists(), "nothing to note");
    place.ledger().note(&machine, failed(FailureKind::Passing));
    place.ledger().change(&machine, |evidence| {
        evidence.rest.as_mut().unwrap().until = Moment::now();
        true
    });
    let claims: Vec<bool> = std::thread::scope(|scope| {
        let claim = || place.ledger().claim(&machine);
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(claim)).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(claims.iter().filter(|claim| **claim).count(), 1);
    assert!(is_resting(&place.ledger().read(&machine), &machine));
    assert!(place.ledger().forgive(&machine));
    assert!(!place.ledger().forgive(&machine));
    assert!(!is_resting(&place.ledger().read(&machine), &machine));
    assert!(place.ledger().claim(&machine));
}

#[test]
fn who_was_killed_while_he_tried_keeps_nobody_off() {
    let place = Place::new();
    let (dead, greeted) = (machine("w1"), machine("w2"));
    assert!(place.ledger().explore(&dead) && place.ledger().explore(&greeted));
    let passage = Handshakes::new(place.state.path()).enter(&greeted, Duration::ZERO);
    assert!(passage.is_some());
    assert!(!place.ledger().explore(&dead), "he may not have begun");
    std::thread::sleep(BEGUN_AFTER + Duration::from_millis(100));
    assert!(place.ledger().explore(&dead));
    assert!(!place.ledger().explore(&greeted));
}

#[test]
fn a_drain_holds_until_its_time_or_until_it_is_taken_back() {
    let place = Place::new();
    let (w1, w2) = (machine("w1"), machine("w2"));
    assert_eq!(place.ledger().drains(), []);
    assert!(!place.ledger().undrain("w1").unwrap());
    place.ledger().drain("w1", None, "disk\nswap").unwrap();
    let drain = place.ledger().drained(&w1).unwrap();
    assert_eq!((drain.until, drain.reason.as_str()), (None, "disk swap"));
    assert_eq!(place.ledger().drained(&w2), None);
    assert_eq!(place.ledger().read(&w1).drain, Some(drain));

    let past = Moment(Moment::now().0 - 1);
    place.ledger().drain("w2:22", Some(past), "").unwrap();
    assert_eq!(place.ledger().drained(&w2), None);
    let later = Moment::now().plus(Duration::from_secs(60));
    place.ledger().drain("w2:22", Some(later), "").unwrap();
    assert_eq!(place.ledger().drained(&w2).unwrap().until, Some(later));
    let names: Vec<_> = place
        .ledger()
        .drains()
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(names, ["w1", "w2:22"]);
    assert!(place.ledger().undrain("w1").unwrap());
    assert_eq!(place.ledger().drained(&w1), None);
}

/// All that there can be about a thousand machines.
#[test]
fn a_thousand_files_are_read_quickly() {
    let place = Place::new();
    let machines: Vec<_> = (0..1000).map(|i| machine(&format!("w{i}"))).collect();
    let mut evidence = Evidence::default();
    let now = Moment::now();
    let items: Vec<u64> = (0..256_u64)
        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    for part in items.chunks(128) {
        let sent = Outcome::Sent {
            items: part,
            bytes: 1 << 20,
            took: Duration::from_secs(1),
        };
        evidence.after(sent, now, &mut || 0.5);
    }
    for _ in 0..16 {
        evidence.after(built(10), now, &mut || 0.5);
    }
    fs::create_dir_all(place.file("evidence")).unwrap();
    for i in 0..1000 {
        let name = place.file(&format!("evidence/w{i}:22"));
        fs::write(name, evidence.print()).unwrap();
    }
    let ledger = place.ledger();
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let begun = processor_time();
        let read = ledger.read_all(&machines);
        best = best.min(processor_time().saturating_sub(begun));
        assert!(read.iter().all(|it| *it == evidence));
    }
    println!(
        "read 1000 files of {} bytes in {best:?}",
        evidence.print().len()
    );
    // Ten milliseconds is the budget of an optimised build on an idle machine.
    let limit = if cfg!(debug_assertions) { 2000 } else { 50 };
    assert!(best < Duration::from_millis(limit), "{best:?}");
}
