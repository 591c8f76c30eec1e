//! Whole outputs of drain and undrain.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::environment::Environment;

/// Machines w1 and w2, and `w3` on a port of its own.
pub const FARM: &str = r#"
(define key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJPuAaGbCvYOeTzBdxLUxTuTkDhoWqYwuJTcqEQ/pOqs")
(define* (machine n #:optional (features '()) #:key (port 22) (speed 1) (system "x86_64-linux"))
  (build-machine (name n) (user "u") (systems (list system)) (host-key key)
                 (private-key "/key") (port port) (speed speed) (parallel-builds 2)
                 (features features)))
(list (machine "w1" '("kvm") #:speed 2.5) (machine "w2" '("kvm" "big"))
      (machine "w3" #:port 2222) (machine "a1" #:system "aarch64-linux"))
"#;

pub fn environment() -> Environment {
    let env = Environment::new();
    env.file("configuration/machines.scm", FARM);
    fs::create_dir(env.path("state")).unwrap();
    env
}

#[test]
fn a_machine_is_drained_and_taken_back() {
    let env = environment();
    insta::assert_snapshot!(env.run("offload", &["drain", "w1", "--reason", "disk swap"]), @r"
    status 0
    --- stdout
    w1 gets no new builds until 'offload undrain w1'
    --- stderr
    ");
    assert_eq!(
        fs::read_to_string(env.path("state/offload/hook/drained/w1")).unwrap(),
        "offload drain 1\nuntil -\nreason disk swap\n"
    );
    insta::assert_snapshot!(env.run("offload", &["undrain", "w1"]), @r"
    status 0
    --- stdout
    w1 gets builds again
    --- stderr
    ");
    insta::assert_snapshot!(env.run("guix", &["offload", "undrain", "w1"]), @r"
    status 0
    --- stdout
    w1 was not out of service
    --- stderr
    ");
}

#[test]
fn a_drain_can_have_an_end() {
    let env = environment();
    let shown = env.run("offload", &["drain", "w3:2222", "--for", "2h"]);
    let (before, until) = shown.split_once("until ").unwrap();
    assert_eq!(before, "status 0\n--- stdout\nw3:2222 gets no new builds ");
    assert!(until.contains(" UTC\n"), "{until}");
    insta::assert_snapshot!(env.run("offload", &["undrain", "w3"]), @r"
    status 0
    --- stdout
    w3 gets builds again
    --- stderr
    ");
}

#[test]
fn a_machine_that_is_not_there_is_a_slip() {
    let env = environment();
    insta::assert_snapshot!(env.run("offload", &["drain", "w1.example.org"]), @r#"
    status 1
    --- stdout
    --- stderr
    offload: error: DIR/configuration/machines.scm has no machine "w1.example.org"
    "#);
    insta::assert_snapshot!(env.run("offload", &["undrain", "w4"]), @r#"
    status 1
    --- stdout
    --- stderr
    offload: error: DIR/configuration/machines.scm has no machine "w4"; did you mean 'w1'?
    "#);
    assert!(!env.path("state/offload").exists());
}

#[test]
fn a_machine_that_left_the_file_can_be_taken_back() {
    let env = environment();
    env.run("offload", &["drain", "w1"]);
    env.file("configuration/machines.scm", "'()");
    insta::assert_snapshot!(env.run("offload", &["undrain", "w1"]), @r"
    status 0
    --- stdout
    w1 gets builds again
    --- stderr
    ");
}

#[test]
fn with_a_broken_machine_file_it_works_all_the_same() {
    let env = environment();
    env.file("configuration/machines.scm", "(list (build-machine");
    let shown = env.run("offload", &["drain", "w1"]);
    let told = "status 0\n--- stdout\nw1 gets no new builds until 'offload undrain w1'\n\
                --- stderr\noffload: error: DIR/configuration/machines.scm:1:";
    assert!(shown.starts_with(told), "{shown}");
}

#[test]
fn a_rest_ends_when_somebody_says_so() {
    let env = environment();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let until = now.as_millis() + 100_000;
    env.file(
        "state/offload/hook/evidence/w1:22",
        &format!("offload evidence 1\nfailures 3\nrest passing {until} - no route to host\n"),
    );
    insta::assert_snapshot!(env.run("offload", &["undrain", "w1"]), @r"
    status 0
    --- stdout
    w1 was not drained; its rest is over
    --- stderr
    ");
}

#[test]
fn wrong_usage_is_told() {
    let env = environment();
    insta::assert_snapshot!(env.run("offload", &["drain"]), @r"
    status 2
    --- stdout
    --- stderr
    offload: error: the following required arguments were not provided: <MACHINE> (see 'offload drain --help')
    ");
    insta::assert_snapshot!(env.run("offload", &["drain", "w1", "--for", "soon"]), @r"
    status 2
    --- stdout
    --- stderr
    offload: error: invalid value 'soon' for '--for <TIME>': a time is such as 90m, 2h or 1d12h (see 'offload drain --help')
    ");
    insta::assert_snapshot!(env.run("offload", &["drain", "a/b"]), @r#"
    status 1
    --- stdout
    --- stderr
    offload: error: DIR/configuration/machines.scm has no machine "a/b"
    "#);
}

#[test]
fn help() {
    let env = Environment::new();
    insta::assert_snapshot!(env.run("offload", &["drain", "--help"]), @r"
    status 0
    --- stdout
    Gives a machine no new builds; those that run go on

    Usage: offload drain [OPTIONS] <MACHINE>

    Arguments:
      <MACHINE>  Its name in the machine file, or NAME:PORT

    Options:
          --for <TIME>     Such as 90m, 2h or 1d12h; without it until 'offload undrain'
          --reason <TEXT>  Shown where a build waits for the machine
      -h, --help           Print help

    Run it as root, with the environment that guix-daemon has.
    --- stderr
    ");
}

/// As root on a machine whose daemon is not root's, files become the daemon's.
#[test]
fn root_becomes_the_owner_of_the_database() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let env = environment();
    fs::create_dir(env.path("state/db")).unwrap();
    for name in ["state", "state/db"] {
        std::os::unix::fs::chown(env.path(name), Some(12345), Some(12345)).unwrap();
    }
    fs::set_permissions(env.path("."), Permissions::from_mode(0o755)).unwrap();
    env.run("offload", &["drain", "w1"]);
    let file = env.path("state/offload/hook/drained/w1");
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(file).unwrap());
    assert_eq!(owner, 12345);
}

#[test]
fn where_it_cannot_be_written_it_fails_and_says_so() {
    let env = environment();
    env.file("state/offload/hook", "in the way");
    insta::assert_snapshot!(env.run("offload", &["drain", "w1"]), @r#"
    status 1
    --- stdout
    --- stderr
    offload: error: cannot take "w1" out of service: Not a directory (os error 20)
    "#);
}
