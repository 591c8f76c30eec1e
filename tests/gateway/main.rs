//! The gateway against a real SSH server on the loopback address.
//!
//! Needs OpenSSH's server; without it every test shows as ignored. The tests
//! that count memory and descriptors run in a process of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod channels;
mod endings;
mod forwarding;
mod login;
mod probe;
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
    let missing = !Path::new(sshd::SSHD).exists();
    let trials = [
        login::tests(),
        channels::tests(),
        forwarding::tests(),
        endings::tests(),
        probe::tests(),
    ]
    .into_iter()
    .flatten()
    .map(|(name, test)| {
        let trial = Trial::test(name, move || {
            test();
            Ok(())
        });
        if missing {
            trial
                .with_kind("needs /usr/sbin/sshd: install openssh-server")
                .with_ignored_flag(true)
        } else {
            trial
        }
    })
    .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test's name and what it does.
type Test = (&'static str, fn());
