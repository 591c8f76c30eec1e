//! The build machine that a `build-machine` form makes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A build machine as the machine file describes it, defaults filled in.
///
/// Fields and defaults: facts of Guix 1.5.0, `guix/scripts/offload.scm`.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildMachine {
    /// Host name or address; also part of the slot files' directory.
    pub name: String,
    /// TCP port of its SSH server.
    pub port: u16,
    /// System types it builds for, such as `x86_64-linux`.
    pub systems: Vec<String>,
    /// User to log in as.
    pub user: String,
    /// File of the private key; `None` only where no home directory is known.
    pub private_key: Option<PathBuf>,
    /// Its public host key, a line in OpenSSH's format; files of before
    /// November 2016 have none.
    pub host_key: Option<String>,
    /// Compression methods for SSH, in libssh's syntax.
    pub compression: String,
    /// Compression level from 0 to 9.
    pub compression_level: u8,
    /// Where its guix-daemon listens: a file name, `unix://…` or `guix://…`.
    pub daemon_socket: String,
    /// Normalised load from which on it takes no builds; `None`: load does
    /// not matter.
    pub overload_threshold: Option<f64>,
    /// How many builds it may do at once.
    pub parallel_builds: u32,
    /// Relative speed.
    pub speed: f64,
    /// Features that derivations may require.
    pub features: Vec<String>,
    /// Where the form stands; `None` for one made at run time.
    pub location: Option<Location>,
    /// The fields that the file writes, each with the place of its value.
    pub written: BTreeMap<Field, Option<Location>>,
}

impl BuildMachine {
    /// Tells whether the file writes this field (rather than the default
    /// standing for it).
    pub fn is_written(&self, field: Field) -> bool {
        self.written.contains_key(&field)
    }
}

/// A place in a machine file.
///
/// Line from 1, column from 0 in characters with tabs to the next multiple of
/// 8, as Guix counts them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file, as it was named; a thousand machines share it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 0.
    pub column: u32,
}

/// A place in a file that is known otherwise, counted as in [`Location`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 0.
    pub column: u32,
}

impl Location {
    /// The same without the file.
    pub fn position(&self) -> Position {
        Position {
            line: self.line,
            column: self.column,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The names of a machine's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `name`
    Name,
    /// `port`
    Port,
    /// `systems`
    Systems,
    /// `system`, obsolete since 2020
    System,
    /// `user`
    User,
    /// `private-key`
    PrivateKey,
    /// `host-key`
    HostKey,
    /// `compression`
    Compression,
    /// `compression-level`
    CompressionLevel,
    /// `daemon-socket`
    DaemonSocket,
    /// `overload-threshold`
    OverloadThreshold,
    /// `parallel-builds`
    ParallelBuilds,
    /// `speed`
    Speed,
    /// `features`
    Features,
    /// `ssh-options`, of 2015 and 2016; ignored
    SshOptions,
    /// `location`
    Location,
}

impl Field {
    /// All fields with their names, in the record's order.
    pub const ALL: [(Self, &'static str); 16] = [
        (Self::Name, "name"),
        (Self::Port, "port"),
        (Self::Systems, "systems"),
        (Self::System, "system"),
        (Self::User, "user"),
        (Self::PrivateKey, "private-key"),
        (Self::HostKey, "host-key"),
        (Self::Compression, "compression"),
        (Self::CompressionLevel, "compression-level"),
        (Self::DaemonSocket, "daemon-socket"),
        (Self::OverloadThreshold, "overload-threshold"),
        (Self::ParallelBuilds, "parallel-builds"),
        (Self::Speed, "speed"),
        (Self::Features, "features"),
        (Self::SshOptions, "ssh-options"),
        (Self::Location, "location"),
    ];

    /// Its name in machine files.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(field, _)| *field == self)
            .map_or("", |(_, name)| name)
    }

    /// The field of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(field, _)| *field)
    }
}
