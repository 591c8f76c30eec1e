//! The command by which a hook has connections held for all hooks of the host.
//! It is no part of the program's face.

use std::process::ExitCode;
use std::time::Duration;

use nix::sys::stat::{Mode, umask};
use nix::unistd::setsid;

use crate::gateway::GatewayError;
use crate::gateway::shared::Doorstep;
use crate::gateway::shared::host::{Porter, run as serve};
use crate::hook::outcome::note_connected;
use crate::machines::BuildMachine;
use crate::schedule::handshakes::Handshakes;
use crate::schedule::ledger::Ledger;
use crate::settings::Settings;

/// Hooks that connect by themselves are waited for, too.
struct Places {
    handshakes: Handshakes,
    patience: Duration,
    ledger: Ledger,
}

impl Porter for Places {
    fn admit(&self, machine: &BuildMachine) -> Box<dyn Send> {
        Box::new(self.handshakes.enter(machine, self.patience))
    }

    fn outcome(&self, machine: &BuildMachine, outcome: Result<Duration, &GatewayError>) {
        note_connected(&self.ledger, machine, outcome);
    }
}

/// Serves hooks until there is nothing to do any more.
pub(super) fn run() -> ExitCode {
    // What a hook has must not live on here: its slot's lock goes with its
    // descriptors, and the daemon waits for the end of the build's log.
    if setsid().is_err() || close_inherited().is_err() {
        return ExitCode::FAILURE;
    }
    umask(Mode::from_bits_truncate(0o077));
    // The hook has said what is wrong with its environment.
    let (settings, _) = Settings::from_environment();
    let places = Places {
        handshakes: Handshakes::new(&settings.state_dir),
        patience: settings.handshake,
        ledger: Ledger::open(&settings.state_dir),
    };
    let doorstep = Doorstep::new(&settings.state_dir, settings.gateway);
    match serve(&doorstep, Box::new(places)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Closes all descriptors but the first three, which are /dev/null.
fn close_inherited() -> std::io::Result<()> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        open.extend(name.to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        // One of them was the directory's, and is closed already.
        if let Err(errno) = nix::unistd::close(fd) {
            log::trace!("descriptor {fd}: {errno}");
        }
    }
    Ok(())
}
