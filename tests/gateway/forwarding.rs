//! Where the daemon's socket is not to be had.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

use offload::gateway::GatewayError;

use crate::Test;
use crate::channels::echo;
use crate::sshd::{SOON, Sshd, open};

pub fn tests() -> Vec<Test> {
    vec![
        (
            "forwarding::refused_with_the_socket_there",
            refused_with_socket,
        ),
        (
            "forwarding::refused_without_the_socket",
            refused_without_socket,
        ),
        ("forwarding::refused_to_this_key", refused_to_key),
        ("forwarding::no_socket", no_socket),
        ("forwarding::a_socket_whose_daemon_ended", stale_socket),
        ("forwarding::a_daemon_that_ends_later", stale_socket_later),
        ("forwarding::a_field_that_cannot_be_used", unusable_field),
        ("forwarding::to_a_tcp_port", tcp),
        ("forwarding::to_a_tcp_port_where_nobody_listens", tcp_nobody),
        ("forwarding::to_a_tcp_port_refused", tcp_refused),
        ("forwarding::a_name_that_a_shell_would_misread", odd_name),
    ]
}

fn refused_with_socket() {
    let server = Sshd::start("AllowStreamLocalForwarding no");
    echo(&server.file("socket"));
    let connection = server.connect();
    for _ in 0..2 {
        let error = connection.daemon().unwrap_err();
        assert!(
            matches!(error, GatewayError::ForwardingRefused { .. }),
            "{error}"
        );
        assert!(!error.is_machine_fault());
    }
    // The connection serves for commands.
    let output = connection
        .exec("echo still here")
        .unwrap()
        .output(100, SOON);
    assert_eq!(output.unwrap().stdout, b"still here\n");
    assert_eq!(connection.failure(), None);
}

fn refused_without_socket() {
    let server = Sshd::start("AllowStreamLocalForwarding no");
    let error = server.connect().daemon().unwrap_err();
    assert!(
        matches!(error, GatewayError::DaemonAbsent { .. }),
        "{error}"
    );
}

fn refused_to_key() {
    let server = Sshd::start_with("", |dir| {
        let line = std::fs::read_to_string(dir.join("id.pub")).unwrap();
        std::fs::write(dir.join("authorized_keys"), format!("restrict {line}")).unwrap();
    });
    echo(&server.file("socket"));
    let error = server.connect().daemon().unwrap_err();
    assert!(
        matches!(error, GatewayError::ForwardingRefused { .. }),
        "{error}"
    );
}

fn no_socket() {
    let server = Sshd::start("");
    let connection = server.connect();
    let error = connection.daemon().unwrap_err();
    assert!(
        matches!(error, GatewayError::DaemonAbsent { .. }),
        "{error}"
    );
    assert!(error.is_machine_fault());
    // It may be started later.
    echo(&server.file("socket"));
    connection.daemon().unwrap();
}

fn stale_socket() {
    let server = Sshd::start("");
    let connection = server.connect();
    let listener = UnixListener::bind(server.file("socket")).unwrap();
    drop(listener);
    // The name is still there.
    let error = connection.daemon().unwrap_err();
    assert!(
        matches!(error, GatewayError::DaemonAbsent { .. }),
        "{error}"
    );
}

fn stale_socket_later() {
    let server = Sshd::start("");
    let connection = server.connect();
    let listener = UnixListener::bind(server.file("socket")).unwrap();
    connection.daemon().unwrap();
    drop(listener);
    let error = connection.daemon().unwrap_err();
    assert!(
        matches!(error, GatewayError::DaemonAbsent { .. }),
        "{error}"
    );
}

fn unusable_field() {
    let server = Sshd::start("");
    let mut machine = server.machine();
    "ssh://elsewhere".clone_into(&mut machine.daemon_socket);
    let error = open(&machine).unwrap().daemon().unwrap_err();
    assert!(
        matches!(error, GatewayError::DaemonSocketUnusable { .. }),
        "{error}"
    );
}

fn tcp_machine(server: &Sshd, listener: &TcpListener) -> offload::machines::record::BuildMachine {
    let mut machine = server.machine();
    machine.daemon_socket = format!("guix://{}", listener.local_addr().unwrap());
    machine
}

fn tcp() {
    let server = Sshd::start("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let machine = tcp_machine(&server, &listener);
    thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.write_all(b"hello").unwrap();
    });
    let mut text = String::new();
    let connection = open(&machine).unwrap();
    let begun = Instant::now();
    connection
        .daemon()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "hello");
    // What comes together with the answer to the opening is seen at once.
    assert!(begun.elapsed() < Duration::from_secs(2));
}

fn tcp_nobody() {
    let server = Sshd::start("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let machine = tcp_machine(&server, &listener);
    drop(listener);
    let error = open(&machine).unwrap().daemon().unwrap_err();
    assert!(
        matches!(error, GatewayError::DaemonAbsent { .. }),
        "{error}"
    );
}

fn tcp_refused() {
    let server = Sshd::start("AllowTcpForwarding no");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let machine = tcp_machine(&server, &listener);
    let error = open(&machine).unwrap().daemon().unwrap_err();
    assert!(
        matches!(error, GatewayError::ForwardingRefused { .. }),
        "{error}"
    );
}

fn odd_name() {
    let server = Sshd::start("AllowStreamLocalForwarding no");
    let mut machine = server.machine();
    let name = server.file("it's; $(touch here)");
    echo(&name);
    name.to_str()
        .unwrap()
        .clone_into(&mut machine.daemon_socket);
    let error = open(&machine).unwrap().daemon().unwrap_err();
    assert!(
        matches!(error, GatewayError::ForwardingRefused { .. }),
        "{error}"
    );
}
