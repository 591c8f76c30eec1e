//! What is counted for a whole process: memory and descriptors. Each runs in
//! a process of its own, this binary again.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::Test;
use crate::channels::echo;
use crate::sshd::Sshd;

/// Names the probe to run instead of the tests.
pub const VARIABLE: &str = "OFFLOAD_GATEWAY_PROBE";

pub fn tests() -> Vec<Test> {
    vec![
        ("probe::stalled_channels_keep_within_their_windows", || {
            ask("stalled");
        }),
        ("probe::a_long_transfer_needs_no_more_memory", || {
            ask("transfer");
        }),
        ("probe::connections_that_end_leave_nothing_behind", || {
            ask("leftovers");
        }),
        ("probe::every_descriptor_is_close_on_exec", || {
            ask("descriptors");
        }),
    ]
}

fn ask(name: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .env(VARIABLE, name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    print!("{}", String::from_utf8_lossy(&output.stdout));
}

pub fn run(name: &str) {
    match name {
        "stalled" => stalled(),
        "transfer" => transfer(),
        "leftovers" => leftovers(),
        "descriptors" => descriptors(),
        other => panic!("no probe {other}"),
    }
}

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn stalled() {
    let server = Sshd::start("");
    let connection = server.connect();
    let before = resident();
    let commands: Vec<_> = (0..16)
        .map(|_| connection.exec("cat /dev/zero").unwrap())
        .collect();
    thread::sleep(Duration::from_secs(2));
    let grown = resident() - before;
    println!("16 channels that nobody reads: {grown} KiB");
    assert!(grown < 24 << 10, "{grown} KiB");
    drop(commands);
}

fn transfer() {
    let server = Sshd::start("");
    let connection = server.connect();
    let before = resident();
    let mut down = connection.exec("head -c 300000000 /dev/zero").unwrap();
    let mut up = connection.exec("cat >/dev/null").unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3000 {
                up.stream.write_all(&vec![0; 100_000]).unwrap();
            }
        });
        let mut buffer = vec![0; 1 << 16];
        let mut total = 0;
        while let Ok(count @ 1..) = down.stream.read(&mut buffer) {
            total += count;
        }
        assert_eq!(total, 300_000_000);
    });
    let grown = resident().saturating_sub(before);
    println!("300 MB each way: {grown} KiB");
    assert!(grown < 8 << 10, "{grown} KiB");
}

fn leftovers() {
    let server = Sshd::start("");
    let listener = UnixListener::bind(server.file("socket")).unwrap();
    thread::spawn(move || {
        // Accepts, never reads.
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            kept.push(stream);
            if kept.len() > 4 {
                drop(kept.remove(0));
            }
        }
    });
    let round = || {
        let connection = server.connect();
        let mut streams: Vec<_> = (0..4).map(|_| connection.daemon().unwrap()).collect();
        let download = connection.exec("cat /dev/zero").unwrap();
        for pid in server.sessions() {
            crate::sshd::signal(pid, nix::sys::signal::Signal::SIGSTOP);
        }
        for stream in &mut streams {
            let limit = Some(Duration::from_millis(50));
            stream.set_write_timeout(limit).unwrap();
            while stream.write_all(&vec![0; 1 << 16]).is_ok() {}
        }
        connection.killer().kill();
        drop(connection);
        drop(download);
        for pid in server.sessions() {
            crate::sshd::signal(pid, nix::sys::signal::Signal::SIGKILL);
        }
    };
    (0..5).for_each(|_| round());
    let (memory, descriptors) = (resident(), numbers().len());
    (0..20).for_each(|_| round());
    let grown = resident().saturating_sub(memory);
    println!("20 connections that died with a packet half sent: {grown} KiB");
    assert!(grown < 1 << 10, "{grown} KiB");
    assert_eq!(numbers().len(), descriptors);
}

/// The numbers of the open descriptors.
fn numbers() -> Vec<i32> {
    let entries = fs::read_dir("/proc/self/fd").unwrap();
    entries
        .map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect()
}

fn descriptors() {
    let inherited = numbers();
    let server = Sshd::start("");
    echo(&server.file("socket"));
    let connection = server.connect();
    let _stream = connection.daemon().unwrap();
    let _exec = connection.exec("cat").unwrap();
    for entry in fs::read_dir("/proc/self/fdinfo").unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let number: i32 = name.parse().unwrap();
        let Ok(text) = fs::read_to_string(entry.path()) else {
            continue;
        };
        let flags = text
            .lines()
            .find(|line| line.starts_with("flags:"))
            .unwrap();
        let flags = flags.split_whitespace().nth(1).unwrap();
        let flags = u32::from_str_radix(flags, 8).unwrap();
        // O_CLOEXEC, as /proc shows it.
        let good = inherited.contains(&number) || flags & 0o2_000_000 != 0;
        assert!(good, "descriptor {number}");
    }
}
