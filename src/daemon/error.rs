//! What can go wrong between us and a daemon, and whose fault it is.

use std::io;

use thiserror::Error;

use super::wire::{Failure, WireError};

/// Status of a build whose builder failed (measured, 1.2.0 to 1.5.0).
pub const STATUS_BUILD_FAILED: u64 = 100;
/// Status of a build that was silent or took too long.
pub const STATUS_TIMED_OUT: u64 = 101;

/// Why an operation has no result.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// The daemon says that it failed; the connection may still be good.
    #[error("{message}")]
    Refused {
        /// Its words, control characters escaped.
        message: String,
        /// Its status: 100 and 101 are outcomes of a build, 1 anything.
        status: u64,
    },
    /// The connection broke or kept silent beyond its limit.
    #[error("connection to the daemon lost: {}", lost(.0))]
    Lost(#[source] io::Error),
    /// The daemon said something that it may not say.
    #[error("the daemon violates the protocol: {0}")]
    Protocol(#[source] WireError),
    /// A daemon from before 2020: ask again with [`Client::open_old`] on a new
    /// stream, since this one has already been told too much.
    ///
    /// [`Client::open_old`]: super::Client::open_old
    #[error("the daemon speaks the older protocol {version:#x}")]
    Old {
        /// What it announced.
        version: u64,
    },
    /// A daemon that we cannot talk to.
    #[error("the daemon speaks protocol {version:#x}, which is not supported")]
    Unsupported {
        /// What it announced.
        version: u64,
    },
    /// What was to be sent could not be read or made here.
    #[error("cannot produce what is to be sent: {0}")]
    Source(#[source] io::Error),
    /// The log could not be passed on here.
    #[error("cannot pass the build log on: {0}")]
    Log(#[source] io::Error),
    /// An earlier operation was left in its middle.
    #[error("the connection cannot be used any more")]
    Spent,
}

impl DaemonError {
    /// Tells whether the machine is to blame, so that another may do better.
    ///
    /// A refused build with status 1 counts here; its log may say otherwise.
    pub fn is_machine_fault(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                !matches!(*status, STATUS_BUILD_FAILED | STATUS_TIMED_OUT)
            }
            Self::Lost(_) | Self::Protocol(_) | Self::Old { .. } | Self::Unsupported { .. } => true,
            Self::Source(_) | Self::Log(_) | Self::Spent => false,
        }
    }

    /// Tells whether an import was refused because the machine does not know
    /// the signing key.
    ///
    /// The words are those of its `guix authenticate`.
    pub fn is_unauthorised_key(&self) -> bool {
        matches!(self, Self::Refused { message, .. } if tells_of_unauthorised_key(message))
    }
}

/// Tells whether words of a daemon, or of a `guix` command, are that a key is
/// not authorised.
pub fn tells_of_unauthorised_key(words: &str) -> bool {
    words.contains("unauthorized public key")
}

impl From<WireError> for DaemonError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Io(error) => Self::Lost(error),
            other => Self::Protocol(other),
        }
    }
}

impl From<Failure> for DaemonError {
    fn from(failure: Failure) -> Self {
        Self::Refused {
            message: failure.message,
            status: failure.status,
        }
    }
}

fn lost(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it was closed".to_owned(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            "no answer within the time limit".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_of_builds_are_no_machine_faults() {
        let refused = |status| DaemonError::Refused {
            message: "build failed".to_owned(),
            status,
        };
        assert!(!refused(100).is_machine_fault());
        assert!(!refused(101).is_machine_fault());
        assert!(refused(1).is_machine_fault());
        let ended = WireError::Io(io::ErrorKind::UnexpectedEof.into());
        assert!(DaemonError::from(ended).is_machine_fault());
    }
}
