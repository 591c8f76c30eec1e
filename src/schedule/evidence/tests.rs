use super::*;
use crate::schedule::sample::machine;
use proptest::prelude::*;

const START: Moment = Moment(1_764_000_000_000);

fn after(seconds: u64) -> Moment {
    START.plus(Duration::from_secs(seconds))
}

fn failed(kind: FailureKind) -> Outcome<'static> {
    Outcome::Failed {
        kind,
        reason: "connection refused",
    }
}

const ANSWERED: Outcome<'static> = Outcome::Answered {
    connect: Some(Duration::from_millis(40)),
    round_trip: None,
};

const BUILT: Outcome<'static> = Outcome::Built {
    took: Duration::from_secs(10),
};

fn load(average: f64, free_bytes: u64) -> Outcome<'static> {
    Outcome::Load(Load {
        average,
        cores: 4,
        free_bytes,
        clock_difference_ms: 0,
        at: START,
    })
}

fn evidence(outcomes: &[(u64, Outcome<'_>)]) -> Evidence {
    let mut evidence = Evidence::default();
    for (seconds, outcome) in outcomes {
        evidence.after(*outcome, after(*seconds), &mut || 0.0);
    }
    evidence
}

fn rest_of(evidence: &Evidence, now: Moment) -> Option<Duration> {
    match evidence.state(&machine("w1"), now) {
        State::Resting { until, .. } => until.since(now),
        _ => None,
    }
}

#[test]
fn a_machine_is_unknown_then_good_then_unknown_again() {
    let state = |evidence: &Evidence, at| evidence.state(&machine("w1"), after(at));
    assert_eq!(state(&Evidence::default(), 0), State::Unknown);
    let known = evidence(&[(0, ANSWERED)]);
    assert_eq!(state(&known, 30), State::Good);
    assert_eq!(state(&known, 3600), State::Unknown);
    assert!(known.is_fresh(after(30), Duration::from_secs(30)));
    assert!(!known.is_fresh(after(31), Duration::from_secs(30)));
}

#[test]
fn rest_doubles_to_five_minutes() {
    let mut evidence = Evidence::default();
    let mut now = START;
    let mut rests = Vec::new();
    for _ in 0..9 {
        evidence.after(failed(FailureKind::Passing), now, &mut || 0.0);
        let rest = rest_of(&evidence, now).unwrap();
        rests.push(rest.as_secs());
        now = now.plus(rest);
        assert_eq!(evidence.state(&machine("w1"), now), State::Unknown);
    }
    assert_eq!(rests, [5, 10, 20, 40, 80, 160, 240, 240, 240]);
    evidence.after(failed(FailureKind::Passing), now, &mut || 1.0);
    assert_eq!(rest_of(&evidence, now), Some(LONGEST_REST));
}

#[test]
fn many_builds_that_lose_a_machine_together_are_one_failure() {
    let down = failed(FailureKind::Passing);
    let lost = evidence(&[(0, ANSWERED), (1, down), (1, down), (2, down), (3, down)]);
    assert_eq!(lost.failures, 1);
    // The last of them still counts its rest from its own time.
    assert_eq!(rest_of(&lost, after(3)), Some(Duration::from_secs(5)));
}

#[test]
fn an_answer_ends_the_rest_and_a_build_the_row_of_failures() {
    let down = failed(FailureKind::Passing);
    let mut evidence = evidence(&[(0, down), (6, down), (20, ANSWERED)]);
    assert_eq!(evidence.state(&machine("w1"), after(20)), State::Good);
    assert_eq!(evidence.failures_lately(after(20)), 2);
    evidence.after(down, after(21), &mut || 0.0);
    assert_eq!(
        rest_of(&evidence, after(21)),
        Some(Duration::from_secs(20)),
        "who lets everybody in and loses each build rests longer and longer"
    );
    evidence.after(BUILT, after(50), &mut || 0.0);
    assert_eq!(evidence.failures, 0);
    assert_eq!(evidence.state(&machine("w1"), after(50)), State::Good);
    assert_eq!(evidence.expected_build(), Some(Duration::from_secs(10)));
}

#[test]
fn failures_of_long_ago_are_forgotten() {
    let down = failed(FailureKind::Passing);
    let evidence = evidence(&[(0, down), (6, down), (20, down), (7200, down)]);
    assert_eq!(evidence.failures, 1);
    assert_eq!(rest_of(&evidence, after(7200)), Some(FIRST_REST));
}

#[test]
fn what_does_not_pass_by_itself_rests_longer() {
    let rest = |kind| rest_of(&evidence(&[(0, failed(kind))]), START).unwrap();
    assert_eq!(rest(FailureKind::RefusedKey), Duration::from_secs(60));
    assert_eq!(
        rest(FailureKind::UnauthorisedSigningKey),
        Duration::from_secs(60)
    );
    assert_eq!(rest(FailureKind::HostKey), LONG_REST.mul_f64(0.8));
    assert_eq!(rest(FailureKind::WrongOutput), LONG_REST.mul_f64(0.8));
}

#[test]
fn a_shorter_rest_does_not_shorten_a_longer_one() {
    let key = failed(FailureKind::HostKey);
    let down = failed(FailureKind::Passing);
    let evidence = evidence(&[(0, key), (1, down), (1, failed(FailureKind::Overloaded))]);
    assert_eq!(evidence.rest.unwrap().kind, FailureKind::HostKey);
}

#[test]
fn logging_in_proves_neither_outputs_nor_signing_keys() {
    for kind in [
        FailureKind::WrongOutput,
        FailureKind::UnauthorisedSigningKey,
    ] {
        let evidence = evidence(&[(0, failed(kind)), (1, ANSWERED)]);
        assert!(rest_of(&evidence, after(1)).is_some(), "{kind:?}");
    }
    let evidence = evidence(&[(0, failed(FailureKind::WrongOutput)), (1, BUILT)]);
    assert!(rest_of(&evidence, after(1)).is_some());
}

#[test]
fn another_key_in_the_machine_file_is_another_machine() {
    let mut evidence = evidence(&[(0, failed(FailureKind::RefusedKey))]);
    let refused = machine("w1");
    if let Some(rest) = &mut evidence.rest {
        rest.identity = Some(identity(&refused));
    }
    assert!(matches!(
        evidence.state(&refused, START),
        State::Resting { .. }
    ));
    let mended = BuildMachine {
        private_key: Some("/etc/guix/ssh/new".into()),
        ..refused
    };
    assert_eq!(evidence.state(&mended, START), State::Unknown);
    assert!(evidence.claim(&mended, START));
}

#[test]
fn one_at_a_time_tries_a_machine_whose_rest_is_over() {
    let machine = machine("w1");
    let mut evidence = evidence(&[(0, failed(FailureKind::Passing))]);
    assert!(evidence.is_trial(&machine, after(5)));
    assert!(evidence.claim(&machine, after(5)));
    assert!(!evidence.claim(&machine, after(6)));
    assert_eq!(
        evidence.state(&machine, after(6)),
        State::Resting {
            until: after(25),
            kind: FailureKind::Passing,
            reason: "connection refused".to_owned(),
        }
    );
    // Whoever tried it was killed.
    assert!(evidence.claim(&machine, after(26)));
    evidence.after(ANSWERED, after(27), &mut || 0.0);
    assert!(evidence.claim(&machine, after(27)));
    assert!(evidence.claim(&machine, after(27)));
    assert_eq!(evidence.probing, None);
}

#[test]
fn a_machine_that_is_busy_or_full_has_not_failed() {
    for kind in [FailureKind::LowSpace, FailureKind::Overloaded] {
        let evidence = evidence(&[(0, ANSWERED), (1, failed(kind))]);
        assert_eq!(evidence.failures, 0);
        assert!(!evidence.is_trial(&machine("w1"), after(7200)));
    }
    let busy = evidence(&[(0, ANSWERED), (1, failed(FailureKind::Overloaded))]);
    let state = |at| busy.state(&machine("w1"), after(at));
    assert_eq!(state(2), State::Loaded { load: None });
    assert_eq!(state(40), State::Good);
}

#[test]
fn load_counts_from_the_threshold_on_and_for_half_a_minute() {
    let busy = evidence(&[(0, ANSWERED), (0, load(3.2, 1 << 40))]);
    let state = |threshold, at| {
        let machine = BuildMachine {
            overload_threshold: threshold,
            ..machine("w1")
        };
        busy.state(&machine, after(at))
    };
    assert_eq!(state(Some(0.8), 0), State::Loaded { load: Some(0.8) });
    assert_eq!(state(Some(0.9), 0), State::Good);
    assert_eq!(state(None, 0), State::Good);
    assert_eq!(state(Some(0.8), 31), State::Good);
}

#[test]
fn a_full_store_is_believed_until_the_machine_says_otherwise() {
    let mut evidence = evidence(&[(0, ANSWERED), (0, failed(FailureKind::LowSpace))]);
    let machine = machine("w1");
    let state = |evidence: &Evidence, at| evidence.state(&machine, after(at));
    assert_eq!(state(&evidence, 0), State::LowSpace { free_bytes: None });
    evidence.after(load(0.0, LEAST_SPACE - 1), after(1), &mut || 0.0);
    let low = State::LowSpace {
        free_bytes: Some(LEAST_SPACE - 1),
    };
    assert_eq!(state(&evidence, 1), low);
    assert_eq!(state(&evidence, 299), low);
    assert_eq!(state(&evidence, 302), State::Good);
    evidence.after(load(0.0, LEAST_SPACE), after(300), &mut || 0.0);
    assert_eq!(state(&evidence, 300), State::Good);
}

#[test]
fn a_drained_machine_is_drained_whatever_else_is_known() {
    let mut evidence = evidence(&[(0, ANSWERED)]);
    evidence.drain = Some(Drain {
        until: Some(after(60)),
        reason: "disk swap".to_owned(),
    });
    let state = |at| evidence.state(&machine("w1"), after(at));
    assert_eq!(
        state(59),
        State::Drained {
            until: Some(after(60)),
            reason: "disk swap".to_owned(),
        }
    );
    assert_eq!(state(60), State::Good);
}

#[test]
fn a_clock_that_jumped_back_locks_nobody_out() {
    let machine = machine("w1");
    let mut future = evidence(&[
        (100_000, ANSWERED),
        (100_000, load(4.0, 0)),
        (100_000, failed(FailureKind::HostKey)),
    ]);
    assert!(future.claim(&machine, after(200_000)));
    future.probing = Some(after(200_000));
    assert_eq!(future.state(&machine, START), State::Unknown);
    assert!(future.claim(&machine, START));
    assert!(!future.is_fresh(START, LONG_REST));
    assert_eq!(future.failures_lately(START), 0);
}

#[test]
fn smoothed_values_follow_what_is_seen() {
    let mut evidence = Evidence::default();
    for _ in 0..30 {
        evidence.after(ANSWERED, START, &mut || 0.0);
        let sent = Outcome::Sent {
            items: &[1 << 40],
            bytes: 10_000_000,
            took: Duration::from_secs(2),
        };
        evidence.after(sent, START, &mut || 0.0);
    }
    assert_eq!(evidence.connect.unwrap().as_millis(), 40);
    assert!((evidence.throughput.unwrap() - 5e6).abs() < 1.0);
    let little = Outcome::Sent {
        items: &[],
        bytes: 10,
        took: Duration::from_secs(2),
    };
    evidence.after(little, START, &mut || 0.0);
    assert!((evidence.throughput.unwrap() - 5e6).abs() < 1.0);
}

#[test]
fn text_and_back() {
    let mut evidence = evidence(&[
        (0, ANSWERED),
        (1, load(0.25, 123 << 30)),
        (2, BUILT),
        (3, failed(FailureKind::HostKey)),
    ]);
    let sent = Outcome::Sent {
        items: &[0xdead_beef << 32, 7 << 32],
        bytes: 1 << 20,
        took: Duration::from_secs(1),
    };
    evidence.after(sent, after(4), &mut || 0.0);
    let text = evidence.print();
    assert_eq!(
        text,
        "offload evidence 1\n\
         answered 1764000002000\n\
         failed 1764000003000\n\
         connect 40000\n\
         throughput 1048576\n\
         load 0.25 4 132070244352 0 1764000001000\n\
         failures 1\n\
         rest host-key 1764001443000 - connection refused\n\
         built 10000000\n\
         sent 00000007deadbeef\n\
         sent-before \n"
    );
    assert_eq!(Evidence::parse(text.as_bytes()), Some(evidence));
}

#[test]
fn damaged_text_is_refused_and_later_versions_lines_are_not() {
    let parse = |lines: &str| Evidence::parse(format!("offload evidence 1\n{lines}").as_bytes());
    assert_eq!(parse(""), Some(Evidence::default()));
    assert_eq!(parse("colour blue\n"), Some(Evidence::default()));
    for damaged in [
        "answered 17",
        "answered x\n",
        "connect -1\n",
        "throughput NaN\n",
        "load 1 2 3\n",
        "load 1 2 3 4 5 6\n",
        "rest tired 5 - x\n",
        "sent 123\n",
        "sent 0000000g\n",
        "sent 0000000200000001\n",
        "\u{0}\n\u{0}failures x\n failures\nfailures -1\n",
    ] {
        assert_eq!(parse(damaged), None, "{damaged}");
    }
    for damaged in [&b""[..], b"offload evidence 2\n", b"\xff\xfe\n"] {
        assert_eq!(Evidence::parse(damaged), None);
    }
    assert_eq!(parse(&"built 1\n".repeat(DURATIONS + 1)), None);
    assert_eq!(parse(&"x\n".repeat(MAX_TEXT)), None);
}

#[test]
fn reasons_are_one_short_line() {
    assert_eq!(one_line("a\nb\u{1b}[31m\t"), "a b [31m");
    assert_eq!(one_line(&"ä".repeat(1000)).chars().count(), MAX_REASON);
}

#[test]
fn the_longest_text_can_be_read_again() {
    let mut evidence = Evidence {
        answered: Some(Moment(u64::MAX)),
        failures: u32::MAX,
        throughput: Some(f64::MAX),
        durations: vec![Duration::MAX; DURATIONS],
        ..Evidence::default()
    };
    for round in 0..20 {
        let items: Vec<u64> = (0..256)
            .map(|i: u64| (i + 256 * round).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        evidence.sent.note(&items);
    }
    evidence.rest = Some(Rest {
        until: Moment(u64::MAX),
        kind: FailureKind::UnauthorisedSigningKey,
        reason: one_line(&"\u{10ffff}".repeat(1000)),
        identity: Some(u64::MAX),
    });
    assert!(Evidence::parse(evidence.print().as_bytes()).is_some());
}

fn any_kind() -> impl Strategy<Value = FailureKind> {
    prop::sample::select(FailureKind::NAMES.map(|(kind, _)| kind).to_vec())
}

#[derive(Clone, Debug)]
enum Happened {
    Answered,
    Load(f64, u64),
    Sent(Vec<u64>, u64),
    Built(u64),
    Failed(FailureKind, String),
    Claimed,
}

fn happened() -> impl Strategy<Value = Happened> {
    prop_oneof![
        Just(Happened::Answered),
        (0.0..100.0, any::<u64>()).prop_map(|(load, free)| Happened::Load(load, free)),
        (prop::collection::vec(any::<u64>(), 0..40), any::<u64>())
            .prop_map(|(items, bytes)| Happened::Sent(items, bytes)),
        (0_u64..100_000).prop_map(Happened::Built),
        (any_kind(), ".{0,40}").prop_map(|(kind, reason)| Happened::Failed(kind, reason)),
        Just(Happened::Claimed),
    ]
}

fn apply(evidence: &mut Evidence, what: &Happened, now: Moment, chance: f64) {
    let outcome = match what {
        Happened::Answered => ANSWERED,
        Happened::Load(average, free) => load(*average, *free),
        Happened::Sent(items, bytes) => Outcome::Sent {
            items,
            bytes: *bytes,
            took: Duration::from_secs(1),
        },
        Happened::Built(seconds) => Outcome::Built {
            took: Duration::from_secs(*seconds),
        },
        Happened::Failed(kind, reason) => Outcome::Failed {
            kind: *kind,
            reason,
        },
        Happened::Claimed => {
            evidence.claim(&machine("w1"), now);
            return;
        }
    };
    evidence.after(outcome, now, &mut || chance);
}

proptest! {
    /// Whatever happens, at whatever time the clock shows: the text can be
    /// read again, and no machine is out for longer than the longest rest.
    #[test]
    fn nothing_locks_a_machine_out(
        events in prop::collection::vec((happened(), any::<u64>(), 0.0..1.0), 0..30),
        now in 0..u64::MAX / 2,
    ) {
        let mut evidence = Evidence::default();
        for (what, at, chance) in &events {
            apply(&mut evidence, what, Moment(*at), *chance);
            let again = Evidence::parse(evidence.print().as_bytes());
            prop_assert_eq!(again.as_ref().map(Evidence::print), Some(evidence.print()));
        }
        let machine = machine("w1");
        let mut now = Moment(now);
        let end = now.plus(LONG_REST);
        while let State::Resting { until, .. } = evidence.state(&machine, now) {
            prop_assert!(until > now && until <= end);
            now = until;
        }
        if !matches!(evidence.state(&machine, now), State::Loaded { .. } | State::LowSpace { .. }) {
            prop_assert!(evidence.claim(&machine, now.plus(TRIAL_LASTS).plus(Duration::from_secs(1))));
        }
    }

    /// With a clock that runs, a success makes a machine usable at once.
    #[test]
    fn one_success_ends_a_rest(
        failures in prop::collection::vec((0_u64..400, 0.0..1.0), 1..20),
        refused: bool,
    ) {
        let mut evidence = Evidence::default();
        let mut now = START;
        let kind = if refused { FailureKind::RefusedKey } else { FailureKind::Passing };
        for (pause, chance) in failures {
            now = now.plus(Duration::from_secs(pause));
            evidence.after(failed(kind), now, &mut || chance);
            let rest = rest_of(&evidence, now).unwrap();
            prop_assert!((FIRST_REST..=LONGEST_REST).contains(&rest), "{:?}", rest);
        }
        evidence.after(ANSWERED, now, &mut || 0.0);
        prop_assert_eq!(evidence.state(&machine("w1"), now), State::Good);
    }

    #[test]
    fn every_item_is_read_as_it_was_written(items in prop::collection::vec(any::<u64>(), 0..300)) {
        let mut evidence = Evidence::default();
        evidence.sent.note(&items);
        prop_assert_eq!(Evidence::parse(evidence.print().as_bytes()), Some(evidence));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut text = b"offload evidence 1\n".to_vec();
        text.extend(bytes);
        drop(Evidence::parse(&text));
    }
}
