//! Whole outputs of explain.

use std::time::{SystemTime, UNIX_EPOCH};

use super::drain::environment;
use super::environment::Environment;

fn millis(ago: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap() - ago * 1000
}

#[test]
fn without_evidence_the_declared_speed_counts() {
    let env = environment();
    insta::assert_snapshot!(env.run("offload", &["explain", "--choice", "x86_64-linux", "kvm"]), @r"
    status 0
    --- stdout
    A build for x86_64-linux with kvm is tried on:
      1. w1: not known yet, expected to take 12 s
           2 of 2 slots free, speed 2.5, has not answered yet
      2. w2: not known yet, expected to take 30 s
           2 of 2 slots free, speed 1, has not answered yet
    Not for such builds:
         w3:2222: lacks the feature 'kvm'
         a1: is not declared for that system
    --- stderr
    ");
}

#[test]
fn what_earlier_builds_have_left_is_told() {
    let env = environment();
    let hour = millis(2 * 3600 + 1);
    env.file(
        "state/offload/hook/evidence/w2:22",
        &format!(
            "offload evidence 1\nanswered {hour}\nconnect 40000\nthroughput 52428800\n\
             load 1.5 4 13207024435 0 {hour}\nbuilt 600000000\n"
        ),
    );
    env.file(
        "state/offload/hook/evidence/w3:2222",
        &format!(
            "offload evidence 1\nanswered {hour}\nload 0.1 4 1048576 0 {}\n",
            millis(1)
        ),
    );
    env.run("offload", &["drain", "w1", "--reason", "disk swap"]);
    let shown = env.run("offload", &["explain", "--choice", "x86_64-linux"]);
    insta::assert_snapshot!(shown.replace("free 2 s ago", "free 1 s ago"), @r"
    status 0
    --- stdout
    A build for x86_64-linux is tried on:
      1. w2: not known yet, expected to take 10 min
           2 of 2 slots free, speed 1, answered 2 h ago (to be asked first), connects in 40 ms, takes 50.0 MiB/s, load 1.50 on 4 processors and 12.3 GiB free 2 h ago, builds take 10 min
    Not now:
         w3:2222: low on disk space (1.0 MiB free)
           2 of 2 slots free, speed 1, answered 2 h ago (to be asked first), load 0.10 on 4 processors and 1.0 MiB free 1 s ago
         w1: drained (disk swap)
           2 of 2 slots free, speed 2.5, has not answered yet
    Not for such builds:
         a1: is not declared for that system
    --- stderr
    ");
}

#[test]
fn what_no_machine_has_is_told() {
    let env = environment();
    insta::assert_snapshot!(
        env.run("offload", &["explain", "--choice", "x86_64-linux", "kvm,gpu"]), @r"
    status 0
    --- stdout
    No machine is for x86_64-linux with kvm, gpu.
    Not for such builds:
         w1: lacks the feature 'gpu'
         w2: lacks the feature 'gpu'
         w3:2222: lacks the feature 'kvm'
         a1: is not declared for that system
    Such a build is declined: no machine for x86_64-linux has 'gpu'; nearest is 'w1', which lacks nothing else.
    --- stderr
    ");
    insta::assert_snapshot!(
        env.run("offload", &["explain", "--choice", "riscv64-linux"]), @r"
    status 0
    --- stdout
    No machine is for riscv64-linux.
    Not for such builds:
         w1: is not declared for that system
         w2: is not declared for that system
         w3:2222: is not declared for that system
         a1: is not declared for that system
    Such a build is declined: no machine is declared for the system 'riscv64-linux'; they are for aarch64-linux, x86_64-linux.
    --- stderr
    ");
}

#[test]
fn no_machines_at_all() {
    let env = Environment::new();
    insta::assert_snapshot!(env.run("offload", &["explain", "--choice", "x86_64-linux"]), @r"
    status 0
    --- stdout
    There are no machines: every build is declined.
    --- stderr
    ");
}

#[test]
fn usage() {
    let env = Environment::new();
    insta::assert_snapshot!(env.run("offload", &["explain", "x86_64-linux"]), @r"
    status 2
    --- stdout
    --- stderr
    offload: error: the following required arguments were not provided: --choice (see 'offload explain --help')
    ");
    insta::assert_snapshot!(env.run("offload", &["explain", "--help"]), @r"
    status 0
    --- stdout
    Says on which machines a build would be tried, in which order and why

    Usage: offload explain --choice <SYSTEM> [FEATURE]...

    Arguments:
      <SYSTEM>      The build's system, such as x86_64-linux
      [FEATURE]...  Features that it requires, such as kvm

    Options:
          --choice  Explain the choice for such a build
      -h, --help    Print help

    It tells what is known from earlier builds and asks nobody.
    Run it as root, with the environment that guix-daemon has.
    --- stderr
    ");
}
