//! `--help`, `--version`, and readers that went away.

use std::process::Stdio;

use super::environment::Environment;

#[test]
fn help_tells_what_the_daemon_passes() {
    let env = Environment::new();
    insta::assert_snapshot!(env.run("offload", &["--help"]), @r"
    status 0
    --- stdout
    Offloads the builds of guix-daemon to the machines of machines.scm

    Usage: offload SYSTEM MAX-SILENT-TIME PRINT-BUILD-TRACE BUILD-TIMEOUT
           guix offload SYSTEM MAX-SILENT-TIME PRINT-BUILD-TRACE BUILD-TIMEOUT
           offload check-config [FILE...] [--json] [--strict]
           offload explain-code [CODE]
           offload explain --choice SYSTEM [FEATURE...]
           offload drain MACHINE [--for TIME] [--reason TEXT]
           offload undrain MACHINE

    Commands:
      check-config  Says what machine files say, and what is wrong with them
      explain-code  Says more about a code of check-config, with an example
      explain       Says on which machines a build would be tried, in which order and why
      drain         Gives a machine no new builds; those that run go on
      undrain       Gives a machine builds again, also one that rests after failures

    Arguments:
      <SYSTEM>             The daemon's own system, such as x86_64-linux
      <MAX-SILENT-TIME>    Seconds that a build may print nothing; 0: no limit
      <PRINT-BUILD-TRACE>  Whether the client wants traces: true, false, 1 or 0
      <BUILD-TIMEOUT>      Seconds that a build may take; 0: no limit

    Options:
      -h, --help     Print help
      -V, --version  Print version

    guix-daemon starts this program, with requests on standard input: set GUIX in
    its environment to a link named 'guix' to this program (commands other than
    'offload' are handed to the real guix), or NIX_BUILD_HOOK for daemons of before
    2019. The README tells which way fits which installation.
    --- stderr
    ");
}

#[test]
fn help_and_version_are_the_same_by_every_way_in() {
    let env = Environment::new();
    for flag in ["--help", "--version", "-h", "-V"] {
        let plain = env.run("offload", &[flag]);
        assert_eq!(env.run("offload", &["offload", flag]), plain);
        assert_eq!(env.run("guix", &["offload", flag]), plain);
    }
}

#[test]
fn version() {
    let env = Environment::new();
    let expected = format!(
        "status 0\n--- stdout\noffload {}\n--- stderr\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(env.run("offload", &["--version"]), expected);
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let env = Environment::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = env
        .command("offload")
        .arg("--help")
        .stdout(Stdio::from(writer))
        .output()
        .unwrap();
    assert_eq!(env.show(&output), "status 0\n--- stdout\n--- stderr\n");
}

#[test]
fn a_full_disk_is_one() {
    let env = Environment::new();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = env
        .command("offload")
        .arg("--help")
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    insta::assert_snapshot!(env.show(&output), @r"
    status 1
    --- stdout
    --- stderr
    offload: error: cannot write to standard output: No space left on device (os error 28)
    ");
}
