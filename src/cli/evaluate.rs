//! The command by which a hook has its machine file evaluated by a process
//! that has one thread. It is no part of the program's face.

use std::process::ExitCode;

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};

use crate::machines::{self, Cache, elsewhere};
use crate::settings::Settings;

/// Evaluates the machine file of the settings and prints the report.
pub(super) fn run() -> ExitCode {
    // Its hook is killed when a client goes.
    if let Err(errno) = prctl::set_pdeathsig(Signal::SIGKILL) {
        log::debug!("cannot be tied to the hook: {errno}");
    }
    // The hook has said what is wrong with its environment.
    let (settings, _) = Settings::from_environment();
    let home = User::from_uid(Uid::effective())
        .ok()
        .flatten()
        .map(|user| user.dir);
    let report = machines::report(
        &settings.machine_file,
        home.as_deref(),
        &machines::Limits::from(&settings),
        &Cache::new(&settings.state_dir),
    );
    match elsewhere::print(&report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
