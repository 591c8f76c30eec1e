//! How channels and connections end, from either side.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use offload::gateway::{Connection, GatewayError, Limits};

use crate::Test;
use crate::channels::echo;
use crate::sshd::{Sshd, limits, signal};

pub fn tests() -> Vec<Test> {
    vec![
        ("endings::a_closed_socket_closes_its_channel", closed_socket),
        (
            "endings::also_while_the_other_side_takes_nothing",
            closed_while_full,
        ),
        ("endings::also_after_half_close", closed_after_half_close),
        ("endings::a_command_whose_socket_is_closed", closed_command),
        ("endings::a_server_that_dies", server_dies),
        ("endings::a_server_that_stops_is_given_up", server_stops),
        (
            "endings::an_idle_connection_answers_the_server",
            idle_answers,
        ),
        ("endings::a_fresh_connection_sees_its_end", fresh_end),
        ("endings::killed", killed),
        ("endings::dropping_is_prompt", dropping),
        (
            "endings::dropping_is_prompt_with_a_stopped_server",
            dropping_stopped,
        ),
        ("endings::requests_after_the_end", requests_after),
    ]
}

/// A server behind sshd that hands each connection to the test.
fn handing(server: &Sshd) -> mpsc::Receiver<UnixStream> {
    let listener = UnixListener::bind(server.file("socket")).unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            if sender.send(stream).is_err() {
                break;
            }
        }
    });
    receiver
}

/// How long it takes until the other side's socket ends.
fn time_to_end(mut stream: &UnixStream) -> Duration {
    let begun = Instant::now();
    let limit = Some(Duration::from_secs(5));
    stream.set_read_timeout(limit).unwrap();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return begun.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                return begun.elapsed();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn closed_socket() {
    let server = Sshd::start("");
    let streams = handing(&server);
    let connection = server.connect();
    let ours = connection.daemon().unwrap();
    let theirs = streams.recv().unwrap();
    drop(ours);
    let took = time_to_end(&theirs);
    assert!(took < Duration::from_millis(500), "{took:?}");
}

fn closed_while_full() {
    let server = Sshd::start("");
    let streams = handing(&server);
    let connection = server.connect();
    let mut ours = connection.daemon().unwrap();
    let theirs = streams.recv().unwrap();
    // Until every buffer on the way is full.
    ours.set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    while ours.write_all(&vec![0; 1 << 16]).is_ok() {}
    drop(ours);
    thread::sleep(Duration::from_millis(100));
    let took = time_to_end(&theirs);
    assert!(took < Duration::from_secs(1), "{took:?}");
    // The connection is none the worse for it.
    let mut ours = connection.daemon().unwrap();
    let mut theirs = streams.recv().unwrap();
    theirs.write_all(b"hello").unwrap();
    let mut bytes = [0; 5];
    ours.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"hello");
}

fn closed_after_half_close() {
    let server = Sshd::start("");
    let connection = server.connect();
    let file = server.file("pid");
    let exec = connection
        .exec(&format!("echo $$ > {}; exec sleep 60", file.display()))
        .unwrap();
    exec.stream.shutdown(std::net::Shutdown::Write).unwrap();
    thread::sleep(Duration::from_millis(200));
    drop(exec.stream);
    // sshd does not kill the command, but the channel must be closed.
    let mut status = exec.status;
    let status = status.wait().unwrap();
    assert_eq!((status.code, status.signal), (None, None));
    let pid = std::fs::read_to_string(file).unwrap();
    signal(pid.trim().parse().unwrap(), Signal::SIGKILL);
}

fn closed_command() {
    let server = Sshd::start("");
    let connection = server.connect();
    let file = server.file("end");
    let exec = connection
        .exec(&format!("cat; echo over > {}", file.display()))
        .unwrap();
    drop(exec);
    let begun = Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < Duration::from_secs(2), "{}", server.log());
        thread::sleep(Duration::from_millis(5));
    }
}

fn server_dies() {
    let server = Sshd::start("");
    echo(&server.file("socket"));
    let connection = server.connect();
    let mut ours = connection.daemon().unwrap();
    let exec = connection.exec("sleep 60").unwrap();
    for pid in server.sessions() {
        signal(pid, Signal::SIGKILL);
    }
    let mut buffer = [0; 10];
    assert_eq!(ours.read(&mut buffer).unwrap_or(0), 0);
    // Whoever sees the end can ask at once.
    let failure = connection.failure().unwrap();
    assert!(matches!(failure, GatewayError::Lost { .. }), "{failure}");
    let mut status = exec.status;
    assert_eq!(status.wait(), Err(failure.clone()));
    assert_eq!(connection.daemon().unwrap_err(), failure);
}

fn server_stops() {
    let server = Sshd::start("");
    let limits = Limits {
        keepalive: Duration::from_secs(2),
        silent: Duration::from_secs(3),
        ..limits()
    };
    let connection = Connection::open(&server.machine(), None, &limits).unwrap();
    let mut exec = connection.exec("cat").unwrap();
    // Keepalives are answered as long as it runs.
    thread::sleep(Duration::from_secs(6));
    assert_eq!(connection.failure(), None);
    for pid in server.sessions() {
        signal(pid, Signal::SIGSTOP);
    }
    let begun = Instant::now();
    let mut buffer = [0; 10];
    assert_eq!(exec.stream.read(&mut buffer).unwrap_or(0), 0);
    let took = begun.elapsed();
    let failure = connection.failure().unwrap();
    assert!(
        failure.to_string().contains("nothing came for"),
        "{failure}"
    );
    assert!(took < Duration::from_secs(8), "{took:?}");
}

fn idle_answers() {
    let server = Sshd::start("ClientAliveInterval 1\nClientAliveCountMax 2");
    echo(&server.file("socket"));
    let connection = server.connect();
    // One channel has been and is gone.
    drop(connection.daemon().unwrap());
    thread::sleep(Duration::from_secs(5));
    assert_eq!(connection.failure(), None);
    connection.daemon().unwrap();
}

fn fresh_end() {
    let server = Sshd::start("");
    let connection = server.connect();
    for pid in server.sessions() {
        signal(pid, Signal::SIGKILL);
    }
    let begun = Instant::now();
    while connection.failure().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(2));
        thread::sleep(Duration::from_millis(5));
    }
}

fn killed() {
    let server = Sshd::start("");
    echo(&server.file("socket"));
    let connection = server.connect();
    let mut ours = connection.daemon().unwrap();
    let killer = connection.killer();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        killer.kill();
    });
    let mut buffer = [0; 10];
    assert_eq!(ours.read(&mut buffer).unwrap_or(0), 0);
    let failure = connection.failure().unwrap();
    assert!(matches!(failure, GatewayError::Closed { .. }), "{failure}");
    assert!(!failure.is_machine_fault());
}

fn dropping() {
    let server = Sshd::start("");
    let streams = handing(&server);
    let connection = server.connect();
    let _ours: Vec<_> = (0..10).map(|_| connection.daemon().unwrap()).collect();
    let theirs: Vec<_> = (0..10).map(|_| streams.recv().unwrap()).collect();
    let begun = Instant::now();
    drop(connection);
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(250), "{took:?}");
    for stream in &theirs {
        assert!(time_to_end(stream) < Duration::from_secs(1));
    }
}

fn dropping_stopped() {
    let server = Sshd::start("");
    echo(&server.file("socket"));
    let connection = server.connect();
    let mut ours = connection.daemon().unwrap();
    for pid in server.sessions() {
        signal(pid, Signal::SIGSTOP);
    }
    ours.set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    // Until a packet is half sent.
    while ours.write_all(&vec![0; 1 << 16]).is_ok() {}
    let begun = Instant::now();
    drop(connection);
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(300), "{took:?}");
    let mut buffer = [0; 10];
    assert_eq!(ours.read(&mut buffer).unwrap_or(0), 0);
}

fn requests_after() {
    let server = Sshd::start("");
    let connection = server.connect();
    connection.killer().kill();
    let error = connection.daemon().unwrap_err();
    assert!(matches!(error, GatewayError::Closed { .. }), "{error}");
    let error = connection.exec("true").err().unwrap();
    assert!(matches!(error, GatewayError::Closed { .. }), "{error}");
}
