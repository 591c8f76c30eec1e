//! Evidence and drains in files, shared by all hooks of the host.
//!
//! `STATE/offload/hook/evidence/NAME:PORT` holds what is known of a machine,
//! `STATE/offload/hook/drained/NAME` an administrator's word that it gets no
//! builds. Files are replaced whole, by renaming, so that nobody reads half of
//! one. What is damaged, too long or another user's counts as not there.
//!
//! A ledger is never worth a build: all that goes wrong here is told to the
//! log and otherwise passed over. Only drains, which a person asks for, fail.

mod drains;
mod folder;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use drains::{Drained, names};

use self::folder::{File, Folder};
use super::evidence::{Drain, Evidence, MAX_TEXT, Outcome, State, identity};
use super::handshakes::Handshakes;
use crate::clock::Moment;
use crate::machines::record::BuildMachine;

/// How long a change waits for those of others. Whoever holds the lock has it
/// for a fraction of a millisecond, unless he was stopped with it.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// Who tries a machine for longer than that has begun to greet it, or is dead.
const BEGUN_AFTER: Duration = Duration::from_secs(1);

/// The files about all machines.
#[derive(Debug)]
pub struct Ledger {
    evidence: PathBuf,
    drained: PathBuf,
    handshakes: Handshakes,
    /// Whose word counts beside root's.
    owner: u32,
}

impl Ledger {
    /// The ledger below the daemon's state directory. Nothing is made until
    /// something is to be written.
    pub fn open(state_dir: &Path) -> Self {
        let ours = state_dir.join("offload/hook");
        Self {
            evidence: ours.join("evidence"),
            drained: ours.join("drained"),
            handshakes: Handshakes::new(state_dir),
            owner: folder::owner(&state_dir.join("db")),
        }
    }

    /// Tells why what earlier builds have left cannot be read, if so.
    pub fn readable(&self) -> io::Result<()> {
        match Folder::open(&self.evidence, self.owner) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What is known of a machine, with the word about its service.
    pub fn read(&self, machine: &BuildMachine) -> Evidence {
        let mut all = self.read_all(std::slice::from_ref(machine));
        all.pop().unwrap_or_default()
    }

    /// What is known of each machine.
    pub fn read_all(&self, machines: &[BuildMachine]) -> Vec<Evidence> {
        let folder = self.folder(&self.evidence);
        let drains = self.drains();
        let mut bytes = Vec::with_capacity(MAX_TEXT);
        let evidence = machines.iter().map(|machine| {
            let mut evidence = match (&folder, file_name(machine)) {
                (Some(folder), Some(name)) => read(folder, &name, &mut bytes),
                _ => Evidence::default(),
            };
            self.forget_the_dead(machine, &mut evidence);
            evidence.drain = drains
                .iter()
                .find(|drained| drained.names(machine))
                .map(|drained| drained.drain.clone());
            evidence
        });
        evidence.collect()
    }

    /// Takes an outcome into account.
    pub fn note(&self, machine: &BuildMachine, outcome: Outcome<'_>) {
        self.note_all(machine, &[outcome]);
    }

    /// Takes several into account, with one change of the file.
    pub fn note_all(&self, machine: &BuildMachine, outcomes: &[Outcome<'_>]) {
        self.change(machine, |evidence| {
            let now = Moment::now();
            for outcome in outcomes {
                evidence.after(*outcome, now, &mut fastrand::f64);
                if matches!(outcome, Outcome::Failed { .. })
                    && let Some(rest) = &mut evidence.rest
                {
                    rest.identity.get_or_insert_with(|| identity(machine));
                }
            }
            true
        });
    }

    /// Tells whether the machine may be tried now. If its rest is over and
    /// nobody has seen it work again, one at a time may.
    pub fn claim(&self, machine: &BuildMachine) -> bool {
        let mut is_ours = true;
        self.change(machine, |evidence| {
            let before = evidence.probing;
            self.forget_the_dead(machine, evidence);
            is_ours = evidence.claim(machine, Moment::now());
            evidence.probing != before
        });
        is_ours
    }

    /// Tells whether the caller may look whether the machine is there, without
    /// having a build for it: one at a time does.
    pub fn explore(&self, machine: &BuildMachine) -> bool {
        let mut is_ours = true;
        self.change(machine, |evidence| {
            self.forget_the_dead(machine, evidence);
            is_ours = evidence.explore(Moment::now());
            is_ours
        });
        is_ours
    }

    /// Forgets that somebody tries the machine, if he was killed: the kernel
    /// has then given back his right to greet it.
    fn forget_the_dead(&self, machine: &BuildMachine, evidence: &mut Evidence) {
        let since = evidence.probing.and_then(|at| Moment::now().since(at));
        if since.is_some_and(|since| since > BEGUN_AFTER) && !self.handshakes.is_any(machine) {
            evidence.probing = None;
        }
    }

    /// Ends a machine's rest: somebody says that it is mended. Tells whether
    /// it was resting.
    pub fn forgive(&self, machine: &BuildMachine) -> bool {
        let mut was_resting = false;
        self.change(machine, |evidence| {
            let now = Moment::now();
            was_resting = matches!(evidence.state(machine, now), State::Resting { .. });
            evidence.failures = 0;
            evidence.probing = None;
            evidence.rest.take().is_some()
        });
        was_resting
    }

    /// Reads, changes and writes under a lock; `change` tells whether there is
    /// something to write.
    fn change(&self, machine: &BuildMachine, change: impl FnOnce(&mut Evidence) -> bool) {
        let Some(name) = file_name(machine) else {
            return;
        };
        let changed = self.changed(&name, change);
        if let Err(error) = changed {
            log::debug!(
                "cannot keep what is known of '{}' in {}: {error}",
                machine.name,
                self.evidence.display()
            );
        }
    }

    fn changed(&self, name: &str, change: impl FnOnce(&mut Evidence) -> bool) -> io::Result<()> {
        let folder = Folder::make(&self.evidence, self.owner)?;
        let deadline = Instant::now().checked_add(LOCK_PATIENCE);
        let _lock = folder.lock(deadline)?;
        let mut evidence = read(&folder, name, &mut Vec::new());
        if change(&mut evidence) {
            folder.write(name, evidence.print().as_bytes())?;
        }
        Ok(())
    }

    fn folder(&self, path: &Path) -> Option<Folder> {
        Folder::open(path, self.owner)
            .inspect_err(|error| {
                if error.kind() != io::ErrorKind::NotFound {
                    log::debug!("cannot read {}: {error}", path.display());
                }
            })
            .ok()
    }
}

fn read(folder: &Folder, name: &str, bytes: &mut Vec<u8>) -> Evidence {
    let evidence = match folder.read(name, MAX_TEXT, bytes) {
        Ok(File::Absent) => return Evidence::default(),
        Ok(File::Foreign) => None,
        Ok(File::Read) => Evidence::parse(bytes),
        Err(error) => {
            log::debug!("cannot read {name}: {error}");
            None
        }
    };
    evidence.unwrap_or_else(|| {
        log::debug!("{name} is no evidence");
        Evidence::default()
    })
}

/// Named as the slots are: machines of one name and port are one.
fn file_name(machine: &BuildMachine) -> Option<String> {
    let name = format!("{}:{}", machine.name, machine.port);
    folder::is_name(&name).then_some(name)
}

#[cfg(test)]
mod tests;
