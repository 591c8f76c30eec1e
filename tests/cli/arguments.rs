//! What is refused, in which words, and with which status.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::environment::Environment;

#[test]
fn wrong_arguments_are_shown_as_stock_shows_them() {
    let env = Environment::new();
    insta::assert_snapshot!(env.run("offload", &["a", "b"]), @r#"
    status 1
    --- stdout
    --- stderr
    offload: error: invalid arguments: "a" "b"
    "#);
    insta::assert_snapshot!(env.run("guix", &["offload", "a", "b"]), @r#"
    status 1
    --- stdout
    --- stderr
    guix offload: error: invalid arguments: "a" "b"
    "#);
}

#[test]
fn no_arguments_are_wrong_ones() {
    let env = Environment::new();
    insta::assert_snapshot!(env.run::<&str>("offload", &[]), @r"
    status 1
    --- stdout
    --- stderr
    offload: error: invalid arguments:
    ");
}

#[test]
fn bytes_that_are_no_text_are_refused_and_shown() {
    let env = Environment::new();
    let argument = OsStr::from_bytes(b"\xff\n\x1b[31m\"");
    insta::assert_snapshot!(env.run("offload", &[argument]), @r#"
    status 1
    --- stdout
    --- stderr
    offload: error: invalid arguments: "�\n\u{1b}[31m\""
    "#);
    let four = [argument, "0".as_ref(), "1".as_ref(), "0".as_ref()];
    insta::assert_snapshot!(env.run("offload", &four), @r#"
    status 1
    --- stdout
    --- stderr
    offload: error: invalid arguments: "�\n\u{1b}[31m\"" "0" "1" "0"
    "#);
}

#[test]
fn commands_of_later_versions_say_so() {
    let env = Environment::new();
    insta::assert_snapshot!(env.run("offload", &["status"]), @r"
    status 1
    --- stdout
    --- stderr
    offload: error: 'status' is not implemented yet; stock's is still there: call the real guix by its full name with 'offload status'
    ");
    insta::assert_snapshot!(env.run("guix", &["offload", "test", "/etc/machines.scm"]), @r"
    status 1
    --- stdout
    --- stderr
    guix offload: error: 'test' is not implemented yet; stock's is still there: call the real guix by its full name with 'offload test'
    ");
}

#[test]
fn a_daemon_without_questions_is_served_silently() {
    let env = Environment::new();
    let silent = "status 0\n--- stdout\n--- stderr\n";
    for line in [
        "x86_64-linux 3600 true 86400",
        "x86_64-linux 0 1 0",
        "offload x86_64-linux 0 0 0",
    ] {
        let words: Vec<_> = line.split(' ').collect();
        assert_eq!(env.run("offload", &words), silent, "{line}");
    }
    let words = ["offload", "x86_64-linux", "0", "false", "0"];
    assert_eq!(env.run("guix", &words), silent);
}
