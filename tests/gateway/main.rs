//! The gateway against a real SSH server on the loopback address.
//!
//! Needs OpenSSH's server; without it every test shows as ignored. The tests
//! that count memory and descriptors run in a process of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod channels;
mod endings;
mod forwarding;
mod login;
mod machine;
mod probe;
mod several;
mod sshd;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Some(name) = std::env::var_os(probe::VARIABLE) {
        probe::run(&name.to_string_lossy());
        return ExitCode::SUCCESS;
    }
    let mut arguments = Arguments::from_args();
    // Each test has a server, client and server threads of its own.
    arguments.test_threads.get_or_insert(2);
    let server =
        (!Path::new(sshd::SSHD).exists()).then_some("needs /usr/sbin/sshd: install openssh-server");
    let machine = std::env::var_os(machine::VARIABLE)
        .is_none()
        .then_some("needs OFFLOAD_TEST_SSH");
    let cut = std::env::var_os(machine::CUT)
        .is_none()
        .then_some("needs OFFLOAD_TEST_SSH and OFFLOAD_TEST_SSH_CUT");
    let trials = [
        (server, login::tests()),
        (server, channels::tests()),
        (server, forwarding::tests()),
        (server, endings::tests()),
        (server, probe::tests()),
        (server, several::tests()),
        (machine, machine::tests()),
        (cut, machine::cutting_tests()),
    ]
    .into_iter()
    .flat_map(|(missing, tests)| tests.into_iter().map(move |test| trial(missing, test)))
    .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test, ignored where something is missing.
fn trial(missing: Option<&str>, (name, test): Test) -> Trial {
    let trial = Trial::test(name, move || {
        test();
        Ok(())
    });
    match missing {
        None => trial,
        Some(reason) => trial.with_kind(reason).with_ignored_flag(true),
    }
}

/// A test's name and what it does.
type Test = (&'static str, fn());
