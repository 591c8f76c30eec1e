//! A real build machine, named by `OFFLOAD_TEST_SSH` as
//! `HOST:PORT:USER:KEYFILE:HOSTKEYFILE`; prints what things take.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::process::Command;
use std::time::{Duration, Instant};

use offload::gateway::Connection;
use offload::machines::record::BuildMachine;

use crate::Test;
use crate::sshd::{machine, open};

/// Names the machine.
pub const VARIABLE: &str = "OFFLOAD_TEST_SSH";

/// The command that cuts the link to it, such as one that sets it down.
pub const CUT: &str = "OFFLOAD_TEST_SSH_CUT";

/// Bytes for each direction of the throughput.
const AMOUNT: usize = 200_000_000;

pub fn tests() -> Vec<Test> {
    vec![
        ("machine::its_daemon_answers", daemon_answers),
        ("machine::sixty_daemon_channels_at_once", sixty),
        ("machine::throughput", throughput),
    ]
}

/// Takes the better part of a minute, with the time limits as they come.
pub fn cutting_tests() -> Vec<Test> {
    vec![("machine::a_cut_link_is_noticed", cut)]
}

fn the_machine() -> BuildMachine {
    let text = std::env::var(VARIABLE).unwrap();
    let parts: Vec<_> = text.split(':').collect();
    let [host, port, user, key, host_key] = parts[..] else {
        panic!("{VARIABLE} is HOST:PORT:USER:KEYFILE:HOSTKEYFILE");
    };
    let mut machine = machine(port.parse().unwrap());
    host.clone_into(&mut machine.name);
    user.clone_into(&mut machine.user);
    machine.private_key = Some(key.into());
    machine.host_key = Some(fs::read_to_string(host_key).unwrap());
    machine
}

fn connect() -> Connection {
    open(&the_machine()).unwrap_or_else(|error| panic!("{error}; {:?}", error.hint()))
}

/// Opens a channel and exchanges the first words of the worker protocol.
fn greet(connection: &Connection) -> (Duration, Duration) {
    let begun = Instant::now();
    let mut stream = connection.daemon().unwrap();
    let opened = begun.elapsed();
    stream.write_all(&0x6e69_7863_u64.to_le_bytes()).unwrap();
    let mut answer = [0; 16];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[..8], 0x6478_696f_u64.to_le_bytes());
    (opened, begun.elapsed())
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn daemon_answers() {
    let (mut connecting, mut first, mut further) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..9 {
        let begun = Instant::now();
        let connection = connect();
        connecting.push(begun.elapsed());
        first.push(greet(&connection));
        further.extend((0..9).map(|_| greet(&connection)));
    }
    let opened = |times: &[(Duration, Duration)]| middle(times.iter().map(|(o, _)| *o).collect());
    let answered = |times: &[(Duration, Duration)]| middle(times.iter().map(|(_, a)| *a).collect());
    println!(
        "connect {:?}; first channel open {:?} answered {:?}; further {:?} {:?}",
        middle(connecting),
        opened(&first),
        answered(&first),
        opened(&further),
        answered(&further)
    );
}

fn sixty() {
    let connection = &connect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..60 {
            scope.spawn(move || greet(connection));
        }
    });
    println!("60 daemon channels answered in {:?}", begun.elapsed());
}

fn throughput() {
    let connection = connect();
    for _ in 0..3 {
        let begun = Instant::now();
        let mut exec = connection.exec("cat >/dev/null").unwrap();
        let buffer = vec![0; 1 << 16];
        let mut left = AMOUNT;
        while left > 0 {
            let count = left.min(buffer.len());
            exec.stream.write_all(&buffer[..count]).unwrap();
            left -= count;
        }
        exec.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(exec.status.wait().unwrap().code, Some(0));
        let up = begun.elapsed();

        let begun = Instant::now();
        let mut exec = connection
            .exec(&format!("head -c {AMOUNT} /dev/zero"))
            .unwrap();
        let mut buffer = vec![0; 1 << 16];
        let mut total = 0;
        while let Ok(count @ 1..) = exec.stream.read(&mut buffer) {
            total += count;
        }
        assert_eq!(total, AMOUNT);
        println!("up {}, down {}", rate(up), rate(begun.elapsed()));
    }
}

fn cut() {
    let connection = connect();
    let mut exec = connection.exec("cat").unwrap();
    let command = std::env::var(CUT).unwrap();
    let status = Command::new("sh").args(["-c", &command]).status().unwrap();
    assert!(status.success());
    let begun = Instant::now();
    let mut byte = [0];
    assert_eq!(exec.stream.read(&mut byte).unwrap_or(0), 0);
    println!(
        "{} after {:?}",
        connection.failure().unwrap(),
        begun.elapsed()
    );
    assert!(begun.elapsed() < Duration::from_secs(60));
}

fn rate(time: Duration) -> String {
    let bytes = u32::try_from(AMOUNT).unwrap();
    format!("{:.0} MB/s", f64::from(bytes) / 1e6 / time.as_secs_f64())
}
