//! How many connections to a machine may be beginning at a time.
//!
//! sshd turns connections away while several have not logged in yet
//! (`MaxStartups`, from 10 on by chance) and shuts out addresses that offend
//! (`PerSourcePenalties`), so all hooks of a host share three places for each
//! machine: `STATE/offload/hook/handshakes/NAME:PORT.N`, whose lock is the
//! right to greet.
//!
//! It is a courtesy, never worth a build: where the places cannot be had or
//! come too late, the connection begins without one.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;

use super::locks::{is_locked, lock, open_to_look, unlock};
use super::slots;
use crate::machines::record::BuildMachine;

/// Handshakes with one machine at a time.
const AT_ONCE: u32 = 3;

/// The first pause between two looks, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(20));

/// The places of all machines.
#[derive(Clone, Debug)]
pub struct Handshakes {
    folder: PathBuf,
}

/// The right to greet a machine, until it is dropped.
#[derive(Debug)]
pub struct Passage {
    locked: File,
}

impl Drop for Passage {
    fn drop(&mut self) {
        unlock(&self.locked);
    }
}

impl Handshakes {
    /// The places below the daemon's state directory; nothing is made yet.
    pub fn new(state_dir: &Path) -> Self {
        Self {
            folder: state_dir.join("offload/hook/handshakes"),
        }
    }

    /// Waits for a place, so long at most.
    pub fn enter(&self, machine: &BuildMachine, patience: Duration) -> Option<Passage> {
        let begun = Instant::now();
        let (mut pause, longest) = PAUSES;
        loop {
            match self.try_enter(machine) {
                Ok(Some(passage)) => return Some(passage),
                Ok(None) if begun.elapsed() < patience => {}
                Ok(None) => {
                    log::debug!("no place to greet '{}' came free", machine.name);
                    return None;
                }
                Err(error) => {
                    let folder = self.folder.display();
                    log::debug!("no places to greet machines in {folder}: {error}");
                    return None;
                }
            }
            // By chance, so that those who wait do not look together.
            std::thread::sleep(pause.mul_f64(0.5 + fastrand::f64()));
            pause = pause.saturating_mul(2).min(longest);
        }
    }

    /// Tells whether anybody is about to greet the machine, or does. Looks
    /// without taking.
    pub fn is_any(&self, machine: &BuildMachine) -> bool {
        let Ok(key) = slots::key(machine) else {
            return false;
        };
        (0..AT_ONCE).any(|number| {
            let place = self.folder.join(format!("{key}.{number}"));
            open_to_look(&place).is_ok_and(|file| is_locked(&file).unwrap_or(false))
        })
    }

    fn try_enter(&self, machine: &BuildMachine) -> io::Result<Option<Passage>> {
        let key = slots::key(machine).map_err(io::Error::other)?;
        for number in 0..AT_ONCE {
            let file = self.open(&self.folder.join(format!("{key}.{number}")))?;
            if lock(&file)? {
                return Ok(Some(Passage { locked: file }));
            }
        }
        Ok(None)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        let open = || {
            OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
                .open(path)
        };
        match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut folder = DirBuilder::new();
                folder.recursive(true);
                if let Some(stock) = self.folder.parent().and_then(Path::parent) {
                    folder.mode(0o755).create(stock)?;
                }
                folder.mode(0o700).create(&self.folder)?;
                open()
            }
            opened => opened,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::sample;

    const NO_TIME: Duration = Duration::ZERO;

    #[test]
    fn three_at_a_time_for_each_machine() {
        let state = tempfile::tempdir().unwrap();
        let places = Handshakes::new(state.path());
        let (one, other) = (sample::machine("w1"), sample::machine("w2"));
        let mut inside: Vec<_> = (0..3).map(|_| places.enter(&one, NO_TIME)).collect();
        assert!(inside.iter().all(Option::is_some));
        assert!(places.enter(&one, NO_TIME).is_none());
        assert!(places.is_any(&one) && !places.is_any(&other));
        assert!(places.enter(&other, NO_TIME).is_some());
        inside.pop();
        assert!(places.enter(&one, NO_TIME).is_some());
    }

    #[test]
    fn a_place_is_waited_for() {
        let state = tempfile::tempdir().unwrap();
        let places = Handshakes::new(state.path());
        let machine = sample::machine("w1");
        let inside: Vec<_> = (0..3).map(|_| places.enter(&machine, NO_TIME)).collect();
        let waiting = {
            let (places, machine) = (places.clone(), machine.clone());
            std::thread::spawn(move || places.enter(&machine, Duration::from_secs(20)).is_some())
        };
        std::thread::sleep(Duration::from_millis(30));
        drop(inside);
        assert!(waiting.join().unwrap());
    }

    #[test]
    fn where_nothing_can_be_made_nobody_is_kept() {
        let state = tempfile::tempdir().unwrap();
        std::fs::write(state.path().join("offload"), "").unwrap();
        let places = Handshakes::new(state.path());
        let long = Duration::from_secs(60);
        assert!(places.enter(&sample::machine("w1"), long).is_none());
    }
}
