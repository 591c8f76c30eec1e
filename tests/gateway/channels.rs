//! What goes through channels: bytes, both ways, all of them.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use offload::gateway::{Connection, GatewayError};
use offload::machines::record::Field;

use crate::Test;
use crate::sshd::{SOON, Sshd, open, slow_link, write_field};

pub fn tests() -> Vec<Test> {
    vec![
        (
            "channels::duplex_through_eight_channels_and_new_keys",
            duplex,
        ),
        ("channels::duplex_compressed", duplex_compressed),
        ("channels::duplex_where_packets_are_half_sent", duplex_slow),
        ("channels::sixty_at_once", sixty),
        ("channels::from_many_threads", many_threads),
        ("channels::half_close_works_both_ways", half_close),
        ("channels::a_command_with_much_output", much_output),
        ("channels::a_command_with_much_input", much_input),
        ("channels::output_and_errors_are_kept_apart", both_streams),
        ("channels::how_a_command_ends", statuses),
        ("channels::a_command_that_takes_too_long", too_long),
        (
            "channels::a_command_that_closes_its_output_early",
            early_close,
        ),
        (
            "channels::more_commands_than_the_server_allows",
            too_many_commands,
        ),
        (
            "channels::a_channel_that_nobody_reads_stops_no_other",
            stalled,
        ),
    ]
}

/// A server behind sshd that sends back what it gets.
pub fn echo(socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut reader = stream.try_clone().unwrap();
                // The other end may go away at any time.
                drop(std::io::copy(&mut reader, &mut stream));
                drop(stream.shutdown(Shutdown::Write));
            });
        }
    });
}

/// Byte number `index` of the stream with this seed.
fn byte(seed: u64, index: u64) -> u8 {
    let mixed = (index ^ seed.rotate_left(17)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed.to_le_bytes()[7]
}

/// Sends `size` bytes and checks that exactly these come back.
fn verify_echo(stream: &UnixStream, seed: u64, size: u64) {
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut stream = stream;
            let mut index = 0;
            // Odd pieces, so that nothing falls together with packets.
            let mut piece = 1;
            while index < size {
                let end = size.min(index + piece);
                let bytes: Vec<u8> = (index..end).map(|i| byte(seed, i)).collect();
                stream.write_all(&bytes).unwrap();
                index = end;
                piece = piece * 7 % 99_991;
            }
            stream.shutdown(Shutdown::Write).unwrap();
        });
        let mut reader = stream;
        let mut index = 0;
        let mut buffer = vec![0; 70_001];
        loop {
            let count = reader.read(&mut buffer).unwrap();
            if count == 0 {
                break;
            }
            for got in &buffer[..count] {
                assert_eq!(*got, byte(seed, index), "byte {index} of stream {seed}");
                index += 1;
            }
        }
        assert_eq!(index, size);
    });
}

fn eight_echoes(connection: &Connection, size: u64) {
    thread::scope(|scope| {
        for seed in 0..8 {
            let stream = connection.daemon().unwrap();
            scope.spawn(move || verify_echo(&stream, seed, size));
        }
    });
}

fn duplex() {
    let server = Sshd::start("RekeyLimit 1M");
    echo(&server.file("socket"));
    eight_echoes(&server.connect(), 6 << 20);
}

fn duplex_compressed() {
    let server = Sshd::start("RekeyLimit 1M");
    echo(&server.file("socket"));
    let mut machine = server.machine();
    write_field(&mut machine, Field::Compression);
    eight_echoes(&open(&machine).unwrap(), 1 << 20);
}

fn duplex_slow() {
    let server = Sshd::start("RekeyLimit 100K");
    echo(&server.file("socket"));
    let mut machine = server.machine();
    machine.port = slow_link(server.port(), Duration::from_micros(200));
    let connection = open(&machine).unwrap();
    eight_echoes(&connection, 300 << 10);
    // A command's stream in between, also with much in flight.
    let exec = connection.exec("head -c 1000000 /dev/zero").unwrap();
    eight_echoes(&connection, 100 << 10);
    assert_eq!(exec.output(u64::MAX, SOON).unwrap().stdout.len(), 1_000_000);
}

fn sixty() {
    let server = Sshd::start("");
    echo(&server.file("socket"));
    let connection = server.connect();
    let streams: Vec<_> = (0..60).map(|_| connection.daemon().unwrap()).collect();
    thread::scope(|scope| {
        for (seed, stream) in (0..).zip(&streams) {
            scope.spawn(move || verify_echo(stream, seed, 100_000));
        }
    });
}

fn many_threads() {
    let server = Sshd::start("");
    echo(&server.file("socket"));
    let connection = &server.connect();
    thread::scope(|scope| {
        for seed in 0..16 {
            scope.spawn(move || {
                for _ in 0..5 {
                    verify_echo(&connection.daemon().unwrap(), seed, 1000);
                    let exec = connection.exec("echo hello").unwrap();
                    assert_eq!(exec.output(100, SOON).unwrap().stdout, b"hello\n");
                }
            });
        }
    });
}

fn half_close() {
    let server = Sshd::start("");
    let listener = UnixListener::bind(server.file("socket")).unwrap();
    let other: JoinHandle<()> = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        // First our end closes its half, then, later, the other.
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "question");
        thread::sleep(Duration::from_millis(100));
        stream.write_all(b"answer").unwrap();
        drop(stream);
        let mut stream = listener.accept().unwrap().0;
        // And the other way round.
        stream.write_all(b"greeting").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "questionreply");
    });
    let connection = server.connect();
    let mut text = String::new();
    let mut stream = connection.daemon().unwrap();
    stream.write_all(b"question").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.read_to_string(&mut text).unwrap();
    let mut stream = connection.daemon().unwrap();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "answergreeting");
    stream.write_all(b"reply").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    other.join().unwrap();
}

fn much_output() {
    let server = Sshd::start("");
    let connection = server.connect();
    let exec = connection
        .exec("head -c 10000000 /dev/zero; exit 7")
        .unwrap();
    let output = exec.output(u64::MAX, SOON).unwrap();
    assert_eq!(output.stdout.len(), 10_000_000);
    assert_eq!(output.status.code, Some(7));
    // What nobody wants to keep is taken all the same.
    let exec = connection.exec("head -c 10000000 /dev/zero").unwrap();
    assert_eq!(exec.output(10, SOON).unwrap().stdout.len(), 10);
}

fn much_input() {
    let server = Sshd::start("");
    let connection = server.connect();
    let mut exec = connection.exec("wc -c").unwrap();
    exec.stream.write_all(&vec![0; 10_000_000]).unwrap();
    exec.stream.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    exec.stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "10000000\n");
    assert_eq!(exec.status.wait().unwrap().code, Some(0));
}

fn both_streams() {
    let server = Sshd::start("");
    let connection = server.connect();
    let exec = connection
        .exec("for i in $(seq 20000); do echo out$i; echo err$i >&2; done")
        .unwrap();
    let output = exec.output(u64::MAX, SOON).unwrap();
    let expected = |word: &str| {
        let lines: Vec<_> = (1..=20_000).map(|i| format!("{word}{i}\n")).collect();
        lines.concat().into_bytes()
    };
    assert!(output.stdout == expected("out"));
    assert!(output.stderr == expected("err"));
    // Errors that nobody reads stop nothing.
    let mut exec = connection
        .exec("head -c 5000000 /dev/zero >&2; echo done")
        .unwrap();
    drop(exec.stderr);
    let mut text = String::new();
    exec.stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "done\n");
    assert_eq!(exec.status.wait().unwrap().code, Some(0));
}

fn statuses() {
    let server = Sshd::start("");
    let connection = server.connect();
    let status = |command: &str| {
        connection
            .exec(command)
            .unwrap()
            .output(100, SOON)
            .unwrap()
            .status
    };
    assert_eq!(status("true").code, Some(0));
    assert_eq!(status("exit 100").code, Some(100));
    assert_eq!(status("no-such-command-anywhere").code, Some(127));
    let killed = status("kill -TERM $$");
    assert_eq!(
        (killed.code, killed.signal.as_deref()),
        (None, Some("TERM"))
    );
}

fn too_long() {
    let server = Sshd::start("");
    let connection = server.connect();
    let begun = Instant::now();
    let limit = Duration::from_millis(300);
    let error = connection
        .exec("echo a; sleep 60")
        .unwrap()
        .output(10, limit);
    let error = error.unwrap_err();
    assert!(matches!(error, GatewayError::Silent { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}

fn early_close() {
    let server = Sshd::start("");
    let connection = server.connect();
    let file = server.file("kept");
    let command = format!("exec >&- 2>&-; cat > {}; exit 3", file.display());
    let mut exec = connection.exec(&command).unwrap();
    let mut text = Vec::new();
    exec.stream.write_all(&vec![b'a'; 500_000]).unwrap();
    exec.stream.read_to_end(&mut text).unwrap();
    exec.stream.write_all(&vec![b'b'; 500_000]).unwrap();
    exec.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(exec.status.wait().unwrap().code, Some(3));
    assert_eq!(std::fs::read(file).unwrap().len(), 1_000_000);
}

fn too_many_commands() {
    let server = Sshd::start("MaxSessions 2");
    let connection = server.connect();
    let first = connection.exec("cat").unwrap();
    let second = connection.exec("cat").unwrap();
    let error = connection.exec("cat").err().unwrap();
    assert!(matches!(error, GatewayError::ExecRefused { .. }), "{error}");
    assert!(!error.is_machine_fault());
    drop(first);
    assert_eq!(second.output(10, SOON).unwrap().status.code, Some(0));
}

fn stalled() {
    let server = Sshd::start("");
    echo(&server.file("socket"));
    let connection = server.connect();
    let idle: Vec<_> = (0..4)
        .map(|_| connection.exec("cat /dev/zero").unwrap())
        .collect();
    thread::sleep(Duration::from_millis(200));
    verify_echo(&connection.daemon().unwrap(), 1, 3 << 20);
    drop(idle);
    verify_echo(&connection.daemon().unwrap(), 2, 1 << 20);
}
