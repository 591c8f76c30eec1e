//! The way to a machine: a connection of our own, or one that another process
//! holds.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::shared::Doorstep;
use super::shared::guest::Guest;
use super::{Connection, Exec, GatewayError, Killer, Limits, Usher};
use crate::machines::record::BuildMachine;

/// A way to a machine.
#[derive(Debug)]
pub enum Route {
    /// Its connection is this process's.
    Own(Box<Connection>),
    /// Its connection is shared.
    Shared(Guest),
}

impl Route {
    /// Connects, through the process at the doorstep where it can be had.
    pub fn open(
        doorstep: Option<&Doorstep>,
        machine: &BuildMachine,
        home: Option<&Path>,
        limits: &Limits,
        usher: &mut dyn Usher,
    ) -> Result<Self, GatewayError> {
        if let Some(doorstep) = doorstep.filter(|doorstep| !doorstep.stays.is_zero())
            && let Some(guest) = Guest::open(doorstep, machine, home, limits, usher)
        {
            return guest.map(Self::Shared);
        }
        Connection::open_by(machine, home, limits, usher)
            .map(|connection| Self::Own(Box::new(connection)))
    }

    /// The machine as messages name it.
    pub fn machine(&self) -> &str {
        match self {
            Self::Own(connection) => connection.machine(),
            Self::Shared(guest) => guest.machine(),
        }
    }

    /// Opens a channel to the machine's daemon.
    pub fn daemon(&self) -> Result<UnixStream, GatewayError> {
        match self {
            Self::Own(connection) => connection.daemon(),
            Self::Shared(guest) => guest.daemon(),
        }
    }

    /// Starts a command on the machine.
    pub fn exec(&self, command: &str) -> Result<Exec, GatewayError> {
        match self {
            Self::Own(connection) => connection.exec(command),
            Self::Shared(guest) => guest.exec(command),
        }
    }

    /// Why the connection ended, if it did.
    pub fn failure(&self) -> Option<GatewayError> {
        match self {
            Self::Own(connection) => connection.failure(),
            Self::Shared(guest) => guest.failure(),
        }
    }

    /// Something that ends all streams of this route from any thread.
    pub fn ender(&self) -> Ender {
        match self {
            Self::Own(connection) => Ender::Connection(connection.killer()),
            Self::Shared(guest) => match guest.control() {
                Ok(control) => Ender::Control(control),
                Err(error) => {
                    log::debug!("no way to end a shared connection: {error}");
                    Ender::Nothing
                }
            },
        }
    }

    /// The connection as one that others use as well, if it is.
    pub fn as_shared(&self) -> Option<&Guest> {
        match self {
            Self::Own(_) => None,
            Self::Shared(guest) => Some(guest),
        }
    }
}

/// Ends a route from another thread.
#[derive(Debug)]
pub enum Ender {
    /// Its own connection.
    Connection(Killer),
    /// Its place at the process that holds the connection.
    Control(UnixStream),
    /// Nothing: descriptors are short.
    Nothing,
}

impl Ender {
    /// Ends it at once.
    pub fn end(&self) {
        match self {
            Self::Connection(killer) => killer.kill(),
            // It fails when it has ended already.
            Self::Control(control) => drop(control.shutdown(Shutdown::Both)),
            Self::Nothing => {}
        }
    }
}
