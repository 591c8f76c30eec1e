use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;

use crate::machines::evaluate::value;

const IMPORTS: &str = "(use-modules (gnu services herd) (srfi srfi-34))\n";

/// The value of an expression while a shepherd that gives this reply listens,
/// and what it was asked.
fn asked(reply: &'static str, expression: &str) -> (Result<String, String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let shepherd = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).unwrap();
        stream.write_all(reply.as_bytes()).unwrap();
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    });
    let text = format!(
        "{IMPORTS}(parameterize ((%shepherd-socket-file \"{}\")) {expression})",
        socket.display()
    );
    let got = value(&text).map_err(|errors| errors[0].message.clone());
    (got, shepherd.join().unwrap())
}

const RUNNING: &str = "(reply (version 0 1) (result ((service (version 0 3) (provides (build-vm)) (requires (user-processes)) (running 5) (transient? #f)))) (error #f) (messages (\"one\" \"two\")))";
const STOPPED: &str = "(reply (version 0) (result ((service (version 0) (provides (build-vm)) (requires ()) (running #f)))) (error #f) (messages ()))";
const UNKNOWN: &str = "(reply (version 0) (result #f) (error (error (version 0) service-not-found build-vm)) (messages ()))";
const NO_ACTION: &str = "(reply (version 0) (result #f) (error (error (version 0) action-not-found status build-vm)) (messages ()))";
const ALL: &str = "(reply (version 0) (result (((service (version 0) (provides (a)) (requires ()) (running #t)) (service (version 0) (provides (b)) (requires (a)) (running #f))))) (error #f) (messages ()))";

#[test]
fn a_service_is_asked_for() {
    let (got, asked) = asked(
        RUNNING,
        "(let ((s (current-service 'build-vm))) (list (live-service-running s) (live-service-provision s) (live-service-requirement s) (live-service-transient? s) (live-service? s)))",
    );
    assert_eq!(got.unwrap(), "(5 (build-vm) (user-processes) #f #t)");
    assert!(
        asked.starts_with("(shepherd-command (version 0) (action status) (service build-vm) (arguments ()) (directory \""),
        "{asked}"
    );
}

#[test]
fn replies_mean_what_they_mean_to_guix() {
    let file = "(guard (c ((service-not-found-error? c) (list 'unknown (service-not-found-error-service c)))) (->bool (live-service-running (current-service 'build-vm))))";
    assert_eq!(asked(RUNNING, file).0.unwrap(), "#t");
    assert_eq!(asked(STOPPED, file).0.unwrap(), "#f");
    assert_eq!(asked(UNKNOWN, file).0.unwrap(), "(unknown build-vm)");
    assert!(
        asked(NO_ACTION, file)
            .0
            .unwrap_err()
            .contains("action-not-found")
    );
    let garbage = asked("garbage", file).0.unwrap_err();
    assert!(garbage.contains("live-service-running"), "{garbage}");
    assert!(asked("", file).0.is_err());
    let all = "(map live-service-canonical-name (current-services))";
    assert_eq!(asked(ALL, all).0.unwrap(), "(a b)");
}

#[test]
fn without_a_socket_it_is_an_error_of_the_system() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{IMPORTS}(catch 'system-error (lambda () (parameterize ((%shepherd-socket-file \"{}/none\")) (current-service 'a))) (lambda args (list (car args) (system-error-errno args))))",
        folder.path().display()
    );
    assert_eq!(value(&text).unwrap(), "(system-error 2)");
}
