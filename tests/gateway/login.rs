//! Host keys, private keys, and servers that do not let us in.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use offload::gateway::{Connection, GatewayError, HostKeyProblem, KeyProblem, Limits};
use offload::machines::record::Field;

use crate::Test;
use crate::sshd::{
    self, SOON, Sshd, accept_one, keygen, limits, machine, open, refused, write_field,
};

pub fn tests() -> Vec<Test> {
    vec![
        ("login::every_type_and_format_of_private_key", every_key),
        ("login::encrypted_keys_are_recognised", encrypted_keys),
        ("login::every_type_of_host_key", every_host_key),
        ("login::a_differing_host_key_is_refused", differing_host_key),
        ("login::a_host_certificate_does_no_harm", host_certificate),
        (
            "login::a_type_of_host_key_that_the_server_lacks",
            missing_type,
        ),
        ("login::an_unusable_host_key_field", unusable_host_key),
        ("login::known_hosts_where_the_field_is_missing", known_hosts),
        ("login::a_key_that_is_not_authorised", not_authorised),
        ("login::an_unknown_user", unknown_user),
        ("login::nobody_listens", nobody_listens),
        ("login::a_server_that_closes_at_once", closes_at_once),
        ("login::a_server_that_has_too_many", too_many),
        ("login::a_server_that_says_nothing", says_nothing),
        ("login::a_server_that_stops_in_the_key_exchange", stops),
        ("login::a_server_of_another_kind", another_kind),
        ("login::a_server_that_floods", floods),
        ("login::compression_as_written", compression),
        ("login::turned_away_and_let_in_later", retried),
    ]
}

fn authorise(dir: &Path, line: &str) {
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(dir.join("authorized_keys"))
        .unwrap();
    writeln!(file, "{}", line.trim()).unwrap();
}

fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// An ed25519 key in PKCS#8, which ssh-keygen of old does not make.
fn pkcs8_ed25519(file: &Path) -> String {
    let name = file.to_str().unwrap();
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", name]);
    let der = openssl(&["pkey", "-in", name, "-pubout", "-outform", "DER"]);
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend_from_slice(&der[der.len() - 32..]);
    format!("ssh-ed25519 {}", BASE64.encode(&blob))
}

fn every_key() {
    let kinds: [(&str, &[&str]); 10] = [
        ("ed25519", &["-t", "ed25519"]),
        ("ecdsa256", &["-t", "ecdsa", "-b", "256"]),
        ("ecdsa384", &["-t", "ecdsa", "-b", "384"]),
        ("ecdsa521", &["-t", "ecdsa", "-b", "521"]),
        ("ecdsa256_pem", &["-t", "ecdsa", "-b", "256", "-m", "PEM"]),
        (
            "ecdsa256_pkcs8",
            &["-t", "ecdsa", "-b", "256", "-m", "PKCS8"],
        ),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("rsa_pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
        ("rsa_pkcs8", &["-t", "rsa", "-b", "2048", "-m", "PKCS8"]),
        ("rsa3072", &["-t", "rsa", "-b", "3072"]),
    ];
    let server = Sshd::start_with("", |dir| {
        for (name, arguments) in kinds {
            keygen(&dir.join(name), arguments);
            authorise(
                dir,
                &fs::read_to_string(dir.join(format!("{name}.pub"))).unwrap(),
            );
        }
        authorise(dir, &pkcs8_ed25519(&dir.join("ed25519_pkcs8")));
    });
    let names = kinds.iter().map(|(name, _)| *name).chain(["ed25519_pkcs8"]);
    for name in names {
        let mut machine = server.machine();
        machine.private_key = Some(server.file(name));
        if let Err(error) = open(&machine) {
            panic!("{name}: {error}\n{}", server.log());
        }
    }
}

fn encrypted_keys() {
    let server = Sshd::start("");
    let mut machine = server.machine();
    for (name, format) in [("a", "RFC4716"), ("b", "PEM"), ("c", "PKCS8")] {
        let file = server.file(name);
        keygen(
            &file,
            &["-t", "rsa", "-b", "2048", "-m", format, "-N", "secret"],
        );
        machine.private_key = Some(file.clone());
        match refused(&machine) {
            GatewayError::PrivateKey {
                problem: KeyProblem::Encrypted,
                ..
            } => {}
            error => panic!("{format}: {error}"),
        }
    }
    machine.private_key = Some(server.file("id.pub"));
    let error = refused(&machine);
    assert!(error.to_string().contains("it is a public key"), "{error}");
    machine.private_key = Some(server.file("none"));
    let error = refused(&machine);
    assert!(
        error.to_string().contains("there is no such file"),
        "{error}"
    );
    // None of these was worth a connection.
    assert!(
        !server.log().contains("Connection from"),
        "{}",
        server.log()
    );
}

fn every_host_key() {
    let server = Sshd::start("");
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let mut machine = server.machine();
        let line = fs::read_to_string(server.file(&format!("host_{kind}.pub"))).unwrap();
        machine.host_key = Some(line);
        if let Err(error) = open(&machine) {
            panic!("{kind}: {error}");
        }
    }
}

fn differing_host_key() {
    let server = Sshd::start("");
    let mut machine = server.machine();
    machine.host_key = Some(fs::read_to_string(server.file("id.pub")).unwrap());
    let error = refused(&machine);
    assert!(
        matches!(error, GatewayError::HostKeyDiffers { .. }),
        "{error}"
    );
    let text = error.to_string();
    assert_eq!(text.matches("ssh-ed25519 SHA256:").count(), 2, "{text}");
    assert!(error.is_machine_fault());
    // Nothing was said about who we are.
    assert!(!server.log().contains("publickey"), "{}", server.log());
}

fn host_certificate() {
    let server = Sshd::start_with("HostCertificate DIR/host_ed25519-cert.pub", |dir| {
        // The server's configuration is written after this.
        keygen(&dir.join("ca"), &["-t", "ed25519"]);
        let status = Command::new("ssh-keygen")
            .args(["-q", "-h", "-I", "w1", "-s"])
            .args([dir.join("ca"), dir.join("host_ed25519.pub")])
            .status()
            .unwrap();
        assert!(status.success());
    });
    open(&server.machine()).unwrap();
}

fn missing_type() {
    let server = Sshd::start("HostKeyAlgorithms ssh-ed25519");
    let mut machine = server.machine();
    machine.host_key = Some(fs::read_to_string(server.file("host_rsa.pub")).unwrap());
    let error = refused(&machine);
    assert!(
        matches!(error, GatewayError::NoCommonAlgorithm { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("rsa-sha2-512"), "{error}");
}

fn unusable_host_key() {
    let server = Sshd::start("");
    let mut machine = server.machine();
    machine.host_key = Some("ssh-dss AAAA".to_owned());
    match refused(&machine) {
        GatewayError::HostKeyUnusable {
            problem: HostKeyProblem::UnsupportedType(name),
            ..
        } => assert_eq!(name, "ssh-dss"),
        error => panic!("{error}"),
    }
}

fn known_hosts() {
    let server = Sshd::start("");
    let mut machine = server.machine();
    let key = machine.host_key.take().unwrap();
    let home = server.file("home");
    fs::create_dir_all(home.join(".ssh")).unwrap();
    let open = |text: &str| {
        fs::write(home.join(".ssh/known_hosts"), text).unwrap();
        Connection::open(&machine, Some(&home), &limits())
    };
    let entry = format!("[127.0.0.1]:{}", server.port());
    assert!(open(&format!("{entry} {key}")).is_ok());
    let other = fs::read_to_string(server.file("id.pub")).unwrap();
    let both = open(&format!("{entry} {other}\n{entry} {key}"));
    assert!(both.is_ok());

    let error = open(&format!("{entry} {other}")).err().unwrap();
    assert!(
        matches!(error, GatewayError::HostKeyDiffers { .. }),
        "{error}"
    );
    let error = open(&format!("{entry} {key}\n@revoked * {key}"))
        .err()
        .unwrap();
    assert!(
        matches!(error, GatewayError::HostKeyRevoked { .. }),
        "{error}"
    );
    let error = open(&format!("elsewhere {key}")).err().unwrap();
    assert!(
        matches!(error, GatewayError::HostKeyUnknown { .. }),
        "{error}"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains(&format!(
            "ssh-keyscan -t ed25519 -p {} 127.0.0.1",
            server.port()
        )),
        "{hint}"
    );
}

fn not_authorised() {
    let server = Sshd::start("");
    keygen(&server.file("other"), &["-t", "ed25519"]);
    let mut machine = server.machine();
    machine.private_key = Some(server.file("other"));
    let error = refused(&machine);
    assert!(
        matches!(error, GatewayError::AuthenticationRefused { .. }),
        "{error}"
    );
    // The hint has the very line that is missing.
    let line = fs::read_to_string(server.file("other.pub")).unwrap();
    let line: Vec<_> = line.split(' ').take(2).collect();
    let hint = error.hint().unwrap();
    assert!(hint.ends_with(&line.join(" ")), "{hint}");
}

fn unknown_user() {
    let server = Sshd::start("");
    let mut machine = server.machine();
    "no-such-user".clone_into(&mut machine.user);
    let error = refused(&machine);
    assert!(
        matches!(error, GatewayError::AuthenticationRefused { .. }),
        "{error}"
    );
}

/// A machine at the port of a listener of the test's own.
fn machine_at(
    listener: &TcpListener,
) -> (tempfile::TempDir, offload::machines::record::BuildMachine) {
    let dir = tempfile::tempdir().unwrap();
    keygen(&dir.path().join("id"), &["-t", "ed25519"]);
    let mut machine = machine(listener.local_addr().unwrap().port());
    machine.private_key = Some(dir.path().join("id"));
    machine.host_key = Some(fs::read_to_string(dir.path().join("id.pub")).unwrap());
    (dir, machine)
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn nobody_listens() {
    let listener = listener();
    let (_dir, machine) = machine_at(&listener);
    drop(listener);
    let error = refused(&machine);
    assert!(matches!(error, GatewayError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("connection refused"), "{error}");
}

/// What a server brings about that says this and closes.
fn after(said: &'static [u8]) -> GatewayError {
    let listener = listener();
    let (_dir, machine) = machine_at(&listener);
    let server = thread::spawn(move || {
        let mut stream = accept_one(&listener);
        stream.write_all(said).unwrap();
    });
    let error = refused(&machine);
    server.join().unwrap();
    error
}

fn closes_at_once() {
    let error = after(b"");
    assert!(matches!(error, GatewayError::TurnedAway { .. }), "{error}");
    assert!(error.is_passing());
}

fn too_many() {
    let error = after(b"Exceeded MaxStartups\r\n");
    assert!(
        error
            .to_string()
            .ends_with("saying \"Exceeded MaxStartups\""),
        "{error}"
    );
    let error = after(b"Not allowed at this time\r\n");
    assert!(matches!(error, GatewayError::TurnedAway { .. }), "{error}");
}

fn another_kind() {
    let error = after(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert!(matches!(error, GatewayError::NotSsh { .. }), "{error}");
    let error = after(b"\x1b[2Jgotcha\r\n");
    assert!(!error.to_string().contains('\x1b'), "{error}");
    let error = after(b"SSH-2.0-strange\r\n");
    assert!(
        matches!(
            error,
            GatewayError::HandshakeFailed { .. } | GatewayError::NoCommonAlgorithm { .. }
        ),
        "{error}"
    );
}

/// The error and how long it took, with a time limit of half a second.
fn impatient(listener: &TcpListener) -> (GatewayError, Duration) {
    let (_dir, machine) = machine_at(listener);
    let limits = Limits {
        handshake: Duration::from_millis(500),
        ..limits()
    };
    let begun = Instant::now();
    let error = Connection::open(&machine, None, &limits).err().unwrap();
    (error, begun.elapsed())
}

fn says_nothing() {
    let listener = listener();
    let (error, took) = impatient(&listener);
    assert!(
        matches!(
            error,
            GatewayError::Silent {
                awaited: "a greeting",
                ..
            }
        ),
        "{error}"
    );
    assert!(took < Duration::from_secs(2), "{took:?}");
}

fn stops() {
    let listener = listener();
    let server = thread::spawn({
        let listener = listener.try_clone().unwrap();
        move || {
            let mut stream = accept_one(&listener);
            stream.write_all(b"SSH-2.0-slow\r\n").unwrap();
            thread::sleep(Duration::from_secs(1));
        }
    });
    let (error, took) = impatient(&listener);
    assert!(
        matches!(
            error,
            GatewayError::Silent {
                awaited: "the key exchange",
                ..
            }
        ),
        "{error}"
    );
    assert!(took < Duration::from_secs(2), "{took:?}");
    server.join().unwrap();
}

fn floods() {
    let listener = listener();
    // A byte now and then would keep libssh2's own time limit from ending.
    let server = thread::spawn({
        let listener = listener.try_clone().unwrap();
        move || {
            let mut stream = accept_one(&listener);
            while stream.write_all(b"welcome\r\n").is_ok() {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let (error, took) = impatient(&listener);
    assert!(matches!(error, GatewayError::NotSsh { .. }), "{error}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    server.join().unwrap();
}

fn compression() {
    let server = Sshd::start("LogLevel DEBUG1");
    let compressed = |server: &Sshd| server.log().contains("zlib@openssh.com");
    server
        .connect()
        .exec("true")
        .unwrap()
        .output(10, SOON)
        .unwrap();
    assert!(!compressed(&server), "{}", server.log());
    let mut machine = server.machine();
    write_field(&mut machine, Field::Compression);
    let connection = open(&machine).unwrap();
    let output = connection
        .exec("seq 100000")
        .unwrap()
        .output(1 << 20, SOON)
        .unwrap();
    assert_eq!(output.stdout.len(), 588_895);
    assert!(compressed(&server), "{}", server.log());
}

fn retried() {
    let listener = listener();
    let server = sshd::Sshd::start("");
    let mut machine = server.machine();
    machine.port = listener.local_addr().unwrap().port();
    let port = server.port();
    let relay = thread::spawn(move || {
        drop(accept_one(&listener));
        let client = accept_one(&listener);
        let server = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let copy = |from: &std::net::TcpStream, to: &std::net::TcpStream| {
            let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            thread::spawn(move || {
                drop(std::io::copy(&mut from, &mut to));
                drop(to.shutdown(std::net::Shutdown::Write));
            })
        };
        let threads = [copy(&client, &server), copy(&server, &client)];
        threads.map(thread::JoinHandle::join)
    });
    let limits = Limits {
        retries: 1,
        ..limits()
    };
    let connection = Connection::open(&machine, None, &limits).unwrap();
    drop(connection);
    drop(relay.join().unwrap());
}
