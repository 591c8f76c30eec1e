//! What can go wrong between here and a channel on a build machine.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::hostkey::{Fingerprint, HostKeyProblem};
use super::keyfile::KeyProblem;

/// Longest text of the other side that a message repeats, in characters.
const MAX_QUOTED: usize = 200;

/// Why a machine could not be reached, or a channel on it not be had.
///
/// Every message begins with the machine as `NAME:PORT`, with the address
/// that was tried behind it once one is known. What to do is not in the
/// message: see [`GatewayError::hint`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GatewayError {
    /// The name has no address.
    #[error("{at}: cannot find the address: {detail}")]
    UnknownHost {
        /// The machine.
        at: String,
        /// The resolver's reason.
        detail: String,
    },
    /// No address of the machine takes a TCP connection.
    #[error("{at}: cannot connect: {detail}")]
    Unreachable {
        /// The machine.
        at: String,
        /// Each address with its reason.
        detail: String,
    },
    /// The connection is there, but nothing is said on it in time.
    #[error("{at}: connected, but {awaited} did not come within {seconds} s")]
    Silent {
        /// The machine.
        at: String,
        /// What was waited for.
        awaited: &'static str,
        /// For how long.
        seconds: u64,
    },
    /// The SSH server closes the connection before the dialogue begins.
    #[error("{at}: the SSH server closes the connection at once{}", quoted(.said))]
    TurnedAway {
        /// The machine.
        at: String,
        /// What it said before, escaped; may be empty.
        said: String,
    },
    /// Something else than an SSH server answers.
    #[error("{at}: this is no SSH server: it answers \"{said}\"")]
    NotSsh {
        /// The machine.
        at: String,
        /// The beginning of what came, escaped.
        said: String,
    },
    /// The key exchange fails: no algorithm in common, as a rule.
    #[error(
        "{at}: key exchange failed ({detail}): no host key of type {wanted} there, or no other algorithm in common"
    )]
    NoCommonAlgorithm {
        /// The machine.
        at: String,
        /// The types of host key that were asked for.
        wanted: String,
        /// What the library says.
        detail: String,
    },
    /// Nothing says which host key the machine must have.
    #[error("{at}: its host key is not known: the machine has no `host-key` field, and {} has no entry for {entry}", files(.looked))]
    HostKeyUnknown {
        /// The machine.
        at: String,
        /// The files that were looked at.
        looked: Vec<PathBuf>,
        /// The name that was looked for in them.
        entry: String,
        /// The command that prints the missing line.
        command: String,
    },
    /// The `host-key` field cannot be used.
    #[error("{at}: cannot use the `host-key` field: {problem}")]
    HostKeyUnusable {
        /// The machine.
        at: String,
        /// What is wrong with it.
        problem: HostKeyProblem,
    },
    /// The machine has another host key than it must have.
    #[error(
        "{at}: the host key differs: {source_of} has {expected}, the machine presented {presented}"
    )]
    HostKeyDiffers {
        /// The machine.
        at: String,
        /// The field or the file that says which key it must have.
        source_of: String,
        /// That key.
        expected: Fingerprint,
        /// The key that came.
        presented: Fingerprint,
    },
    /// The machine's host key is marked as revoked.
    #[error("{at}: the host key {presented} is revoked by {source_of}")]
    HostKeyRevoked {
        /// The machine.
        at: String,
        /// The file that says so.
        source_of: String,
        /// The key that came.
        presented: Fingerprint,
    },
    /// The private key cannot be used.
    #[error("{at}: cannot use the private key {}: {problem}", .file.display())]
    PrivateKey {
        /// The machine.
        at: String,
        /// Its file.
        file: PathBuf,
        /// What is wrong with it.
        problem: KeyProblem,
    },
    /// The machine file names no private key and there is no home directory.
    #[error(
        "{at}: no private key: the machine has no `private-key` field and this user has no home directory"
    )]
    NoPrivateKey {
        /// The machine.
        at: String,
    },
    /// The machine does not let this user in with this key.
    #[error("{at}: user {user} is not let in with the key {}{}", .file.display(), named(.public.as_deref()))]
    AuthenticationRefused {
        /// The machine.
        at: String,
        /// The user who wanted in.
        user: String,
        /// The private key's file.
        file: PathBuf,
        /// The line that belongs in `authorized_keys`, where it is known.
        public: Option<String>,
    },
    /// The SSH dialogue fails in another way before it is established.
    #[error("{at}: {stage} failed: {detail}")]
    HandshakeFailed {
        /// The machine.
        at: String,
        /// Where.
        stage: &'static str,
        /// The library's reason.
        detail: String,
    },
    /// An established connection is gone.
    #[error("{at}: the connection was lost: {detail}")]
    Lost {
        /// The machine.
        at: String,
        /// How that showed.
        detail: String,
    },
    /// The connection was ended from here.
    #[error("{at}: the connection has been closed")]
    Closed {
        /// The machine.
        at: String,
    },
    /// The server does not forward to the daemon's socket, which is there.
    #[error("{at}: the SSH server does not forward to {socket}")]
    ForwardingRefused {
        /// The machine.
        at: String,
        /// The daemon's socket.
        socket: String,
    },
    /// Nobody listens at the daemon's socket.
    #[error("{at}: no guix-daemon at {socket}")]
    DaemonAbsent {
        /// The machine.
        at: String,
        /// The daemon's socket.
        socket: String,
    },
    /// The server does not open a channel, and it is not known why.
    #[error("{at}: no channel to {purpose}: {detail}")]
    ChannelRefused {
        /// The machine.
        at: String,
        /// What for.
        purpose: String,
        /// The server's reason.
        detail: String,
    },
    /// The server does not run commands for this key.
    #[error("{at}: the SSH server does not run commands: {detail}")]
    ExecRefused {
        /// The machine.
        at: String,
        /// The server's reason.
        detail: String,
    },
    /// The `daemon-socket` field cannot be used.
    #[error("{at}: cannot use the `daemon-socket` field \"{socket}\": {detail}")]
    DaemonSocketUnusable {
        /// The machine.
        at: String,
        /// The field's value, escaped.
        socket: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The process that holds the connections met this.
    #[error("{text}")]
    Told {
        /// The message.
        text: String,
        /// What to do.
        hint: Option<String>,
        /// What it means.
        nature: Nature,
    },
    /// The process that holds the connections is gone, or does not answer.
    #[error("{at}: the process that holds the connections is gone: {detail}")]
    HolderGone {
        /// The machine.
        at: String,
        /// How that showed.
        detail: String,
    },
    /// This machine, the head, lacks something: descriptors, threads.
    #[error("{at}: not possible here: {detail}")]
    Local {
        /// The machine.
        at: String,
        /// What failed.
        detail: String,
    },
}

/// What an error means, whatever its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Nature {
    /// The machine is down, or something is in the way to it.
    Machine,
    /// It has another host key than it should, or none is known.
    HostKey,
    /// It will not let us in before a file changes.
    Key,
    /// It turns connections away for the moment.
    TurnedAway,
    /// It does not forward to its daemon's socket.
    ForwardingRefused,
    /// It runs no commands.
    ExecRefused,
    /// The connection was ended from here.
    Closed,
    /// Something is lacking here.
    Local,
}

impl GatewayError {
    /// What it means for the machine, the build, the next try.
    pub fn nature(&self) -> Nature {
        match self {
            Self::UnknownHost { .. }
            | Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::NotSsh { .. }
            | Self::HandshakeFailed { .. }
            | Self::Lost { .. }
            | Self::DaemonAbsent { .. }
            | Self::ChannelRefused { .. } => Nature::Machine,
            Self::TurnedAway { .. } => Nature::TurnedAway,
            Self::HostKeyUnknown { .. }
            | Self::HostKeyUnusable { .. }
            | Self::HostKeyDiffers { .. }
            | Self::HostKeyRevoked { .. } => Nature::HostKey,
            // What stands in the machine file or the key files does not mend
            // itself; but another key there makes it another machine.
            Self::AuthenticationRefused { .. }
            | Self::PrivateKey { .. }
            | Self::NoPrivateKey { .. }
            | Self::DaemonSocketUnusable { .. }
            | Self::NoCommonAlgorithm { .. } => Nature::Key,
            Self::ForwardingRefused { .. } => Nature::ForwardingRefused,
            Self::ExecRefused { .. } => Nature::ExecRefused,
            Self::Closed { .. } => Nature::Closed,
            Self::HolderGone { .. } | Self::Local { .. } => Nature::Local,
            Self::Told { nature, .. } => *nature,
        }
    }

    /// Tells whether the machine (or the way to it, or its record) is at
    /// fault, so that it should rest and another one be tried.
    ///
    /// Otherwise another way to the same machine may work, or the fault is
    /// this machine's.
    pub fn is_machine_fault(&self) -> bool {
        matches!(
            self.nature(),
            Nature::Machine | Nature::HostKey | Nature::Key | Nature::TurnedAway
        )
    }

    /// Tells whether a second try in a moment has a fair chance: the server
    /// turns connections away when too many come at once.
    pub fn is_passing(&self) -> bool {
        self.nature() == Nature::TurnedAway
    }

    /// Says what a person can do about it, if there is something to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownHost { .. } => {
                "check the machine's `name` field and /etc/hosts or the name server".to_owned()
            }
            Self::Unreachable { .. } => {
                "check that the machine is up and that its SSH server listens on this port (`port` field)".to_owned()
            }
            Self::Silent { .. } => {
                "check that it is an SSH server's port and that the machine is not overloaded".to_owned()
            }
            Self::TurnedAway { .. } => {
                "too many connections at once (MaxStartups), or this host is penalised after failed logins (PerSourcePenalties): see the server's log; it passes by itself".to_owned()
            }
            Self::NotSsh { .. } => "check the machine's `port` field".to_owned(),
            Self::NoCommonAlgorithm { .. } => {
                "put a host key that the server has into the `host-key` field (ssh-keyscan prints them); the server must also offer a key exchange such as curve25519-sha256".to_owned()
            }
            Self::HostKeyUnknown { command, .. } => format!(
                "check the key that `{command}` prints against the machine's own, and put it into the `host-key` field"
            ),
            Self::HostKeyUnusable { .. } => {
                "write the contents of the machine's /etc/ssh/ssh_host_ed25519_key.pub into the field".to_owned()
            }
            Self::HostKeyDiffers { .. } => {
                "somebody may be in between, or the machine was installed anew: compare with its /etc/ssh/ssh_host_*_key.pub before changing anything".to_owned()
            }
            Self::HostKeyRevoked { .. } => {
                "the machine must get another host key".to_owned()
            }
            Self::PrivateKey { file, problem, .. } => return problem.hint(file),
            Self::NoPrivateKey { .. } => {
                "add a `private-key` field to the machine".to_owned()
            }
            Self::AuthenticationRefused { user, file, public, .. } => match public {
                Some(line) => format!(
                    "add this line to ~{user}/.ssh/authorized_keys on the machine: {line}"
                ),
                None => format!(
                    "add what `ssh-keygen -y -f {}` prints to ~{user}/.ssh/authorized_keys on the machine",
                    file.display()
                ),
            },
            Self::ForwardingRefused { .. } => {
                "set AllowStreamLocalForwarding and AllowTcpForwarding to yes in the machine's sshd_config, and remove `restrict` and `no-port-forwarding` from the key's line in authorized_keys".to_owned()
            }
            Self::DaemonAbsent { .. } => {
                "start guix-daemon on the machine, or correct the `daemon-socket` field".to_owned()
            }
            Self::ExecRefused { .. } => {
                "see MaxSessions in the machine's sshd_config and `restrict` or `command=` in authorized_keys".to_owned()
            }
            Self::DaemonSocketUnusable { .. } => {
                "write an absolute file name, unix:///FILE or guix://HOST:PORT".to_owned()
            }
            Self::Told { hint, .. } => return hint.clone(),
            Self::HandshakeFailed { .. }
            | Self::Lost { .. }
            | Self::Closed { .. }
            | Self::ChannelRefused { .. }
            | Self::HolderGone { .. }
            | Self::Local { .. } => return None,
        })
    }
}

/// Text of the other side, safe to print: control characters escaped, at most
/// 200 characters, on one line.
pub(super) fn printable(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text.get(..4 * MAX_QUOTED).unwrap_or(text));
    let mut out = String::new();
    for (count, c) in text.trim_end().chars().enumerate() {
        if count == MAX_QUOTED {
            out.push('…');
            break;
        }
        if is_harmless(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    out
}

/// Tells whether a character neither moves the cursor nor hides or turns
/// what stands beside it.
fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn quoted(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(", saying \"{said}\"")
    }
}

fn named(public: Option<&str>) -> String {
    // The type is enough here; the hint has the whole line.
    public
        .and_then(|line| line.split(' ').next())
        .map_or_else(String::new, |kind| format!(" ({kind})"))
}

fn files(looked: &[PathBuf]) -> String {
    let names: Vec<_> = looked
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    if names.is_empty() {
        "no known_hosts file".to_owned()
    } else {
        names.join(" nor ")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_and_cuts_foreign_text() {
        assert_eq!(
            printable(b"Not allowed at this time\r\n"),
            "Not allowed at this time"
        );
        assert_eq!(printable(b"a\x1b[31mb\nc"), "a\\u{1b}[31mb\\nc");
        assert_eq!(printable("zu\u{202e}rück".as_bytes()), "zu\\u{202e}rück");
        assert_eq!(printable(&[b'x'; 1000]).chars().count(), MAX_QUOTED + 1);
    }

    #[test]
    fn says_whose_fault() {
        let at = || "w1:22".to_owned();
        assert!(
            GatewayError::Lost {
                at: at(),
                detail: String::new()
            }
            .is_machine_fault()
        );
        assert!(!GatewayError::Closed { at: at() }.is_machine_fault());
        let refused = GatewayError::ForwardingRefused {
            at: at(),
            socket: "/s".to_owned(),
        };
        assert!(!refused.is_machine_fault());
        assert!(refused.hint().is_some());
        let away = GatewayError::TurnedAway {
            at: at(),
            said: String::new(),
        };
        assert!(away.is_passing());
        assert_eq!(
            away.to_string(),
            "w1:22: the SSH server closes the connection at once"
        );
    }

    proptest! {
        #[test]
        fn printable_never_holds_control_characters(text in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(printable(&text).chars().all(is_harmless));
        }
    }
}
