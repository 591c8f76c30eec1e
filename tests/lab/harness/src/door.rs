//! A second door to a daemon, where something happens in the middle of a
//! conversation.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

use crate::guix::SOCKET;
use crate::host::Host;
use crate::wire::Daemon;

/// Where the second door is.
pub const DOOR: &str = "/var/guix/daemon-socket/door";

type Work = Box<dyn FnMut(&mut Daemon) -> Result<()> + Send>;

/// What happened at a door.
#[derive(Clone, Default)]
pub struct Door {
    outcome: Arc<Mutex<Option<Result<(), String>>>>,
}

impl Door {
    /// What the work came to; `None` if it was never time for it.
    pub fn outcome(&self) -> Option<Result<(), String>> {
        self.outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Host {
    /// Opens a door to the daemon at [`DOOR`]. When the first client speaks
    /// again after the daemon's first answer, `work` is done before the daemon
    /// hears it.
    pub fn open_door(
        &self,
        work: impl FnMut(&mut Daemon) -> Result<()> + Send + 'static,
    ) -> Result<Door> {
        let path = self.path(DOOR);
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666))?;
        let (door, socket) = (Door::default(), self.path(SOCKET));
        let (result, mut work): (Door, Option<Work>) = (door.clone(), Some(Box::new(work)));
        thread::spawn(move || {
            for near in listener.incoming() {
                let (Ok(near), Ok(far)) = (near, UnixStream::connect(&socket)) else {
                    return;
                };
                let (socket, result, mut work) = (socket.clone(), result.clone(), work.take());
                let between = move || {
                    if let Some(mut work) = work.take() {
                        let done = Daemon::connect(&socket)
                            .and_then(|mut daemon| work(&mut daemon))
                            .map_err(|error| format!("{error:#}"));
                        *result
                            .outcome
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner) = Some(done);
                    }
                };
                thread::spawn(move || pass(near, far, between));
            }
        });
        Ok(door)
    }
}

fn pass(mut near: UnixStream, mut far: UnixStream, mut between: impl FnMut()) -> io::Result<()> {
    let answered = Arc::new(AtomicBool::new(false));
    let (mut from, mut to) = (far.try_clone()?, near.try_clone()?);
    let said = Arc::clone(&answered);
    thread::spawn(move || {
        let mut buffer = [0; 1 << 14];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            said.store(true, Ordering::SeqCst);
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 1 << 14];
    loop {
        let read = near.read(&mut buffer)?;
        if read == 0 {
            return far.shutdown(Shutdown::Both);
        }
        if answered.load(Ordering::SeqCst) {
            between();
        }
        far.write_all(&buffer[..read])?;
    }
}
