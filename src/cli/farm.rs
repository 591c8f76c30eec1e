//! What commands about machines begin with: the settings, the daemon's user,
//! the machine file, and what earlier builds have left.

use std::io;

use nix::unistd::{Uid, User};

use super::complain;
use crate::hook::process::become_owner;
use crate::machines::{self, BuildMachine, Diagnostic, nearest};
use crate::schedule::ledger::{Ledger, names};
use crate::schedule::slots::Slots;
use crate::schedule::tickets::Line;
use crate::settings::Settings;

/// The machines and all that is known of them.
pub(super) struct Farm {
    /// What the administrator set.
    pub(super) settings: Settings,
    /// The machines that can be used.
    pub(super) machines: Vec<BuildMachine>,
    /// The machine file has errors, so that some may be missing.
    pub(super) is_broken: bool,
    /// What earlier builds have left.
    pub(super) ledger: Ledger,
    /// Who builds where.
    pub(super) slots: Slots,
    /// Who waits.
    pub(super) line: Line,
}

impl Farm {
    /// Goes where the hook is, as root to the daemon's user, and reads what
    /// the hook would read. Errors of the machine file are told.
    pub(super) fn enter(name: &str) -> io::Result<Self> {
        let (settings, complaints) = Settings::from_environment();
        for complaint in complaints {
            complain(name, "warning", &complaint);
        }
        std::env::set_current_dir("/")?;
        become_owner(&settings.state_dir, &settings.database_dir)?;
        let user = User::from_uid(Uid::effective()).ok().flatten();
        let home = user.map(|user| user.dir);
        let evaluation = machines::load(
            &settings.machine_file,
            home.as_deref(),
            &machines::Limits::from(&settings),
        );
        for error in evaluation.diagnostics.iter().filter(|it| it.is_error()) {
            complain(name, "error", &Diagnostic::one_line(error));
        }
        Ok(Self {
            is_broken: evaluation.has_errors(),
            machines: evaluation.machines,
            ledger: Ledger::open(&settings.state_dir),
            slots: Slots::new(&settings.state_dir),
            line: Line::new(&settings.state_dir, None),
            settings,
        })
    }

    /// The machines that are called so.
    pub(super) fn called(&self, machine: &str) -> Vec<&BuildMachine> {
        let all = self.machines.iter();
        all.filter(|it| names(machine, it)).collect()
    }

    /// What to say where no machine is called so.
    pub(super) fn nobody(&self, machine: &str) -> String {
        let file = self.settings.machine_file.display();
        let known = self.machines.iter().map(|machine| machine.name.as_str());
        let nobody = format!("{file} has no machine {machine:?}");
        match nearest(machine, known) {
            Some(near) => format!("{nobody}; did you mean '{near}'?"),
            None => nobody,
        }
    }
}
