//! Several machines asked at once.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use offload::gateway::probe::{News, Probe};
use offload::machines::record::BuildMachine;

use crate::Test;
use crate::sshd::{SOON, Sshd, limits};

pub fn tests() -> Vec<Test> {
    vec![
        ("several::each_tells_what_it_is", each_tells),
        ("several::what_nobody_wants_logs_in_first", logs_in_first),
    ]
}

fn each_tells() {
    let sshd = Sshd::start("");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = closed.local_addr().unwrap().port();
    drop(closed);
    let mut probe = Probe::new(|| {});
    let begun = Instant::now();
    let ports = [sshd.port(), silent.local_addr().unwrap().port(), nobody];
    for (number, port) in ports.into_iter().enumerate() {
        let machine = BuildMachine {
            port,
            ..sshd.machine()
        };
        probe.begin(number, &machine, None, &limits(), ());
    }
    let (mut greeted, mut connected, mut failed) = (None, false, false);
    while !(connected && failed) {
        match probe.next(begun + SOON).expect("news") {
            (0 | 1, News::Accepted) => {}
            (0, News::Greeted(after)) => greeted = Some(after),
            (0, News::Connected(connection)) => {
                assert!(greeted.is_some(), "connected before the greeting");
                assert!(connection.machine().starts_with("127.0.0.1:"));
                connected = true;
            }
            (2, News::Failed(_)) => failed = true,
            (number, news) => panic!("{number}: {news:?}"),
        }
    }
    assert_eq!(probe.running(), 1);
    while let Some((number, news)) = probe.next(Instant::now()) {
        assert!(matches!(news, News::Accepted), "{number}: {news:?}");
    }
}

/// A connection that is left before it is authenticated counts as an offence.
fn logs_in_first() {
    let sshd = Sshd::start("");
    let mut probe = Probe::new(|| {});
    probe.begin(0, &sshd.machine(), None, &limits(), ());
    let mut news = probe.next(Instant::now() + SOON);
    if matches!(news, Some((0, News::Accepted))) {
        news = probe.next(Instant::now() + SOON);
    }
    assert!(matches!(news, Some((0, News::Greeted(_)))), "{news:?}");
    drop(probe);
    let until = Instant::now() + SOON;
    while !sshd.log().contains("Accepted publickey") {
        assert!(Instant::now() < until, "{}", sshd.log());
        thread::sleep(Duration::from_millis(10));
    }
    for offence in ["closed by", "reset by", "disconnect"] {
        let log = sshd.log();
        assert!(!log.contains(&format!("{offence} authenticating")), "{log}");
    }
}
