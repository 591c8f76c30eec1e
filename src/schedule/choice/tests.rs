use super::*;
use crate::schedule::evidence::{Drain, Outcome, Rest};
use crate::schedule::sample::{machine, processor_time};
use proptest::prelude::*;

const NOW: Moment = Moment(1_764_000_000_000);

fn named(name: &str, speed: f64, systems: &[&str], features: &[&str]) -> BuildMachine {
    BuildMachine {
        speed,
        systems: systems.iter().map(ToString::to_string).collect(),
        features: features.iter().map(ToString::to_string).collect(),
        ..machine(name)
    }
}

fn plain(speed: f64) -> BuildMachine {
    named("w", speed, &["x"], &[])
}

const X: Requirements<'static> = Requirements {
    system: "x",
    features: &[],
    closure: &[],
    signed: true,
};

fn answered() -> Evidence {
    Evidence {
        answered: Some(NOW),
        ..Evidence::default()
    }
}

fn resting(kind: FailureKind, seconds: u64) -> Evidence {
    Evidence {
        rest: Some(Rest {
            until: NOW.plus(Duration::from_secs(seconds)),
            kind,
            reason: "connection refused".to_owned(),
            identity: None,
        }),
        ..Evidence::default()
    }
}

fn load(average: f64, free_bytes: u64) -> Evidence {
    Evidence {
        load: Some(Load {
            average,
            cores: 4,
            free_bytes,
            clock_difference_ms: 0,
            at: NOW,
        }),
        ..answered()
    }
}

/// The machines' places in the order, without chance.
fn places(machines: &[BuildMachine], evidence: &[Evidence]) -> Vec<usize> {
    let choices = order(machines, evidence, &X, NOW, &mut || 0.0);
    choices.iter().map(|choice| choice.machine).collect()
}

fn reasons(machines: &[BuildMachine], evidence: &[Evidence], wanted: &Requirements<'_>) -> String {
    let choices = order(machines, evidence, wanted, NOW, &mut || 0.0);
    let line = |choice: &Choice| format!("{}: {}\n", choice.machine, choice.verdict);
    choices.iter().map(line).collect()
}

#[test]
fn the_fastest_that_matches_comes_first_and_the_rest_has_reasons() {
    let machines = [
        named("slow", 1.0, &["x86_64-linux"], &["kvm"]),
        named("arm", 9.0, &["aarch64-linux"], &["kvm"]),
        named(
            "fast",
            2.5,
            &["i686-linux", "x86_64-linux"],
            &["kvm", "big"],
        ),
        named("plain", 5.0, &["x86_64-linux"], &[]),
    ];
    let features = ["kvm".to_owned()];
    let wanted = Requirements {
        system: "x86_64-linux",
        features: &features,
        ..X
    };
    insta::assert_snapshot!(reasons(&machines, &[answered()], &wanted), @r"
    2: not known yet, expected to take 12 s
    0: good, expected to take 30 s
    1: is not declared for that system
    3: lacks the feature 'kvm'
    ");
}

#[test]
fn every_reason_not_to_try_a_machine_is_said() {
    let machines: Vec<_> = (0..8).map(|_| plain(1.0)).collect();
    let drained = |until, reason: &str| Evidence {
        drain: Some(Drain {
            until,
            reason: reason.to_owned(),
        }),
        ..answered()
    };
    let evidence = [
        drained(None, ""),
        drained(Some(NOW.plus(Duration::from_secs(7200))), "disk swap"),
        load(3.7, 1 << 40),
        load(0.0, 40 << 20),
        resting(FailureKind::Overloaded, 20),
        resting(FailureKind::LowSpace, 20),
        resting(FailureKind::Passing, 300),
        resting(FailureKind::RefusedKey, 42),
    ];
    insta::assert_snapshot!(reasons(&machines, &evidence, &X), @r"
    2: overloaded (load 0.93, threshold 0.8)
    3: low on disk space (40.0 MiB free)
    4: overloaded
    5: low on disk space
    7: resting until 16:00:42 UTC (connection refused)
    6: resting until 16:05:00 UTC (connection refused)
    0: drained
    1: drained until 2025-11-24 18:00:00 UTC (disk swap)
    ");
}

#[test]
fn a_machine_whose_rest_is_over_is_a_trial() {
    let machines = [plain(1.0)];
    let evidence = [resting(FailureKind::Passing, 0)];
    let choices = order(&machines, &evidence, &X, NOW, &mut || 0.0);
    assert!(matches!(
        choices[0].verdict,
        Verdict::Ready {
            trial: true,
            good: false,
            ..
        }
    ));
    assert!(
        choices[0]
            .verdict
            .to_string()
            .starts_with("to be tried again")
    );
}

#[test]
fn an_unknown_signing_key_matters_only_where_something_is_signed() {
    let machines = [plain(1.0)];
    let evidence = [resting(FailureKind::UnauthorisedSigningKey, 60)];
    let ready = |signed| {
        let wanted = Requirements { signed, ..X };
        order(&machines, &evidence, &wanted, NOW, &mut || 0.0)[0]
            .verdict
            .is_ready()
    };
    assert!(!ready(true));
    assert!(ready(false));
}

#[test]
fn equal_machines_are_ordered_by_chance() {
    let machines = [plain(1.0), plain(1.0)];
    let first = |numbers: [f64; 2]| {
        let mut numbers = numbers.into_iter();
        order(&machines, &[], &X, NOW, &mut || numbers.next().unwrap())[0].machine
    };
    assert_eq!(first([0.1, 0.2]), 0);
    assert_eq!(first([0.2, 0.1]), 1);
}

#[test]
fn chance_decides_between_nearly_equal_machines_only() {
    let machines = [plain(1.0), plain(1.05), plain(2.0)];
    let mut seen = [0; 3];
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..1000 {
        let choices = order(&machines[..2], &[], &X, NOW, &mut || random.f64());
        seen[choices[0].machine] += 1;
        let choices = order(&machines, &[], &X, NOW, &mut || random.f64());
        assert_eq!(choices[0].machine, 2);
    }
    assert!(seen[0] > 50 && seen[1] > seen[0], "{seen:?}");
}

#[test]
fn a_loaded_machine_counts_for_what_it_has_free() {
    let machines = [plain(2.0), plain(1.5)];
    assert_eq!(
        places(&machines, &[load(0.0, 1 << 40), load(0.0, 1 << 40)]),
        [0, 1]
    );
    assert_eq!(
        places(&machines, &[load(2.0, 1 << 40), load(0.0, 1 << 40)]),
        [1, 0]
    );
}

#[test]
fn equal_machines_share_the_work_before_one_is_full() {
    let machines = [plain(1.0), plain(1.0), plain(2.0)];
    let mut taken = [0_u32; 3];
    for _ in 0..8 {
        let evidence = taken.map(|taken| Evidence {
            slots: Some((4 - taken, 4)),
            ..answered()
        });
        let free = places(&machines, &evidence).into_iter();
        let first = free.into_iter().find(|machine| taken[*machine] < 4);
        taken[first.unwrap()] += 1;
    }
    assert_eq!(taken, [2, 2, 4]);
}

#[test]
fn a_machine_that_failed_lately_comes_later() {
    let failed = Evidence {
        failures: 2,
        failed: Some(NOW),
        ..answered()
    };
    let machines = [plain(1.5), plain(1.0)];
    assert_eq!(places(&machines, &[answered(), answered()]), [0, 1]);
    assert_eq!(places(&machines, &[failed, answered()]), [1, 0]);
}

#[test]
fn a_machine_that_has_the_closure_comes_first_where_sending_is_slow() {
    let closure: Vec<u64> = (0..500_u64)
        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    let mut has_it = answered();
    let sent = Outcome::Sent {
        items: &closure,
        bytes: 0,
        took: Duration::ZERO,
    };
    has_it.after(sent, NOW, &mut || 0.0);
    has_it.throughput = Some(1e6);
    let lacks_it = Evidence {
        throughput: Some(1e6),
        ..answered()
    };
    let machines = [plain(1.5), plain(1.0)];
    let wanted = Requirements {
        closure: &closure,
        ..X
    };
    let first =
        |evidence: &[Evidence]| order(&machines, evidence, &wanted, NOW, &mut || 0.0)[0].machine;
    assert_eq!(first(&[lacks_it.clone(), has_it.clone()]), 1);
    assert_eq!(first(&[has_it.clone(), has_it]), 0);
    assert_eq!(first(&[lacks_it.clone(), lacks_it]), 0);
}

#[test]
fn work_is_what_the_machines_have_seen() {
    let built = |seconds| Evidence {
        durations: vec![Duration::from_secs(seconds)],
        ..answered()
    };
    let machines = [plain(2.0), plain(1.0), plain(1.0)];
    assert!((usual_work(&machines, &[built(10), built(40)]) - 30.0).abs() < 1e-9);
    assert!((usual_work(&machines, &[]) - USUAL_WORK).abs() < 1e-9);
}

fn any_speed() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), 0.1..10.0]
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        Just(Evidence::default()),
        Just(answered()),
        (0.0..5.0, 0_u64..300 << 20).prop_map(|(average, free)| load(average, free)),
        (0_u64..400).prop_map(|seconds| resting(FailureKind::Passing, seconds)),
        (0_u32..9).prop_map(|failures| Evidence {
            failures,
            failed: Some(NOW),
            ..answered()
        }),
        Just(Evidence {
            drain: Some(Drain {
                until: None,
                reason: String::new()
            }),
            ..answered()
        }),
    ]
}

proptest! {
    #[test]
    fn every_machine_is_judged_once_and_the_ready_ones_come_first(
        farm in prop::collection::vec((any_speed(), 0..3_usize, any_evidence()), 0..30),
        seed: u64,
    ) {
        let machines: Vec<_> = farm
            .iter()
            .map(|(speed, system, _)| named("w", *speed, &[["x", "y", "x"][*system]], &[]))
            .collect();
        let evidence: Vec<_> = farm.iter().map(|(_, _, evidence)| evidence.clone()).collect();
        let mut random = fastrand::Rng::with_seed(seed);
        let choices = order(&machines, &evidence, &X, NOW, &mut || random.f64());

        let mut seen: Vec<usize> = choices.iter().map(|choice| choice.machine).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..machines.len()).collect::<Vec<_>>());

        let readiness: Vec<_> = choices.iter().map(|choice| !choice.verdict.is_ready()).collect();
        prop_assert!(readiness.is_sorted());
        let matching: Vec<_> = choices.iter().map(|choice| !choice.verdict.matches()).collect();
        prop_assert!(matching.is_sorted());

        for choice in &choices {
            let state = evidence[choice.machine].state(&machines[choice.machine], NOW);
            let usable = matches!(state, State::Good | State::Unknown);
            prop_assert_eq!(choice.verdict.is_ready(), usable && choice.verdict.matches());
        }
        // Nobody who is worse by more than chance may decide comes first.
        let expected: Vec<f64> = choices
            .iter()
            .filter_map(|choice| match choice.verdict {
                Verdict::Ready { expected, .. } => Some(expected),
                _ => None,
            })
            .collect();
        for (place, earlier) in expected.iter().enumerate() {
            prop_assert!(earlier.is_finite() && *earlier > 0.0);
            for later in &expected[place..] {
                prop_assert!(*earlier <= later * (1.0 + NEARLY) * 1.0001);
            }
        }
    }

    /// What only makes a machine better never puts it further back.
    #[test]
    fn better_is_never_later(
        speeds in prop::collection::vec(0.1..10.0, 1..12),
        chosen: prop::sample::Index,
        faster in 1.0..5.0,
    ) {
        let machines: Vec<_> = speeds.iter().map(|speed| plain(*speed)).collect();
        let chosen = chosen.index(machines.len());
        let place = |machines: &[BuildMachine], evidence: &[Evidence]| {
            let places = places(machines, evidence);
            places.iter().position(|machine| *machine == chosen)
        };
        let evidence = vec![answered(); machines.len()];
        let before = place(&machines, &evidence);
        let mut improved = machines.clone();
        improved[chosen].speed *= faster;
        prop_assert!(place(&improved, &evidence) <= before);
        let mut nearer = evidence.clone();
        nearer[chosen].connect = Some(Duration::from_millis(1));
        prop_assert!(place(&machines, &nearer) <= before);
        let mut failed = evidence;
        failed[chosen].failures = 1;
        failed[chosen].failed = Some(NOW);
        prop_assert!(place(&machines, &failed) >= before);
    }
}

/// A thousand machines, each with all the evidence there can be.
#[test]
fn a_thousand_machines_are_ordered_quickly() {
    let items = |seed: u64| -> Vec<u64> {
        (0..400_u64)
            .map(|i| (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect()
    };
    let machines: Vec<_> = (0..1000_u32)
        .map(|i| plain(1.0 + f64::from(i % 7)))
        .collect();
    let evidence: Vec<_> = (0..1000)
        .map(|i| {
            let mut evidence = load(0.5, 1 << 40);
            let items = items(i * 10);
            for half in items.chunks(200) {
                let sent = Outcome::Sent {
                    items: half,
                    bytes: 1 << 20,
                    took: Duration::from_secs(1),
                };
                evidence.after(sent, NOW, &mut || 0.5);
            }
            evidence.durations = vec![Duration::from_secs(20); 16];
            evidence
        })
        .collect();
    let closure = items(50);
    let wanted = Requirements {
        closure: &closure,
        ..X
    };
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begun = processor_time();
        let choices = order(&machines, &evidence, &wanted, NOW, &mut fastrand::f64);
        best = best.min(processor_time().saturating_sub(begun));
        assert_eq!(choices.len(), 1000);
    }
    println!("ordered 1000 machines in {best:?}");
    // A millisecond is the budget of an optimised build on an idle machine.
    let limit = if cfg!(debug_assertions) { 500 } else { 5 };
    assert!(best < Duration::from_millis(limit), "{best:?}");
}
