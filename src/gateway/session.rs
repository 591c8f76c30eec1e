//! From a TCP connection to a session that is let in: key exchange, host key,
//! authentication.

use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ssh2::{BlockDirections, ErrorCode, MethodType, Session};

use super::Limits;
use super::error::{GatewayError, printable};
use super::hostkey::{self, Fingerprint, HostKey};
use super::keyfile::{self, PrivateKey};
use super::known_hosts::{self, Known};
use crate::clock::Deadline;
use crate::machines::record::{BuildMachine, Field};

/// The known_hosts file of the whole system.
const SYSTEM_KNOWN_HOSTS: &str = "/etc/ssh/ssh_known_hosts";

// Codes of libssh2.h.
const EAGAIN: i32 = -37;
const SOCKET_DISCONNECT: i32 = -13;
const SOCKET_RECV: i32 = -43;
const SOCKET_SEND: i32 = -7;
const METHOD_NOT_SUPPORTED: i32 = -33;
const KEX_FAILURE: i32 = -5;
const AUTHENTICATION_FAILED: i32 = -18;
const PUBLICKEY_UNVERIFIED: i32 = -19;

/// What is needed before a connection is worth making.
///
/// Made first, so that a bad record or key file costs no connection: servers
/// punish those that come and leave without logging in.
pub struct Credentials {
    expected: Expected,
    key: PrivateKey,
    key_file: PathBuf,
    user: String,
    compression: Option<String>,
}

/// Which host keys are right, and who says so.
struct Expected {
    source: String,
    known: Known,
}

impl Credentials {
    /// Reads what the machine's record names.
    pub fn read(
        machine: &BuildMachine,
        home: Option<&Path>,
        at: &str,
    ) -> Result<Self, GatewayError> {
        let expected = Expected::find(machine, home, at)?;
        let key_file = machine
            .private_key
            .clone()
            .or_else(|| home.map(|home| home.join(".ssh/id_rsa")))
            .ok_or_else(|| GatewayError::NoPrivateKey { at: at.to_owned() })?;
        let key = keyfile::read(&key_file).map_err(|problem| GatewayError::PrivateKey {
            at: at.to_owned(),
            file: key_file.clone(),
            problem,
        })?;
        Ok(Self {
            expected,
            key,
            key_file,
            user: machine.user.clone(),
            compression: compression(machine),
        })
    }
}

impl Expected {
    fn find(machine: &BuildMachine, home: Option<&Path>, at: &str) -> Result<Self, GatewayError> {
        if let Some(line) = &machine.host_key {
            let key = HostKey::parse(line).map_err(|problem| GatewayError::HostKeyUnusable {
                at: at.to_owned(),
                problem,
            })?;
            return Ok(Self {
                source: "the `host-key` field".to_owned(),
                known: Known {
                    keys: vec![key],
                    revoked: Vec::new(),
                },
            });
        }
        let entry = known_hosts::entry_name(&machine.name, machine.port);
        let mut looked = vec![PathBuf::from(SYSTEM_KNOWN_HOSTS)];
        looked.extend(home.map(|home| home.join(".ssh/known_hosts")));
        let mut revoked = Vec::new();
        for file in &looked {
            let mut known = known_hosts::keys_for(&read_lossy(file), &entry);
            revoked.append(&mut known.revoked);
            if !known.keys.is_empty() {
                return Ok(Self {
                    source: file.display().to_string(),
                    known: Known {
                        keys: known.keys,
                        revoked,
                    },
                });
            }
        }
        Err(GatewayError::HostKeyUnknown {
            at: at.to_owned(),
            looked,
            entry: printable(entry.as_bytes()),
            command: keyscan(machine),
        })
    }

    fn check(&self, blob: &[u8], at: &str) -> Result<(), GatewayError> {
        let presented = || Fingerprint::of(blob);
        if self.known.revoked.iter().any(|key| key.matches(blob)) {
            return Err(GatewayError::HostKeyRevoked {
                at: at.to_owned(),
                source_of: self.source.clone(),
                presented: presented(),
            });
        }
        if self.known.keys.iter().any(|key| key.matches(blob)) {
            return Ok(());
        }
        // Of several keys the one of the presented type says most.
        let expected = self
            .known
            .keys
            .iter()
            .find(|key| hostkey::blob_type(blob) == Some(key.kind().name().as_bytes()))
            .or(self.known.keys.first())
            .map_or_else(|| Fingerprint::of(b""), HostKey::fingerprint);
        Err(GatewayError::HostKeyDiffers {
            at: at.to_owned(),
            source_of: self.source.clone(),
            expected,
            presented: presented(),
        })
    }
}

/// Makes an authenticated session of a connected socket.
pub fn establish(
    socket: &Arc<TcpStream>,
    credentials: &Credentials,
    limits: &Limits,
    at: &str,
    greeted: &mut dyn FnMut(),
) -> Result<Session, GatewayError> {
    let mut stage = Stage {
        at,
        socket,
        limit: limits.handshake,
        deadline: Deadline::after(limits.handshake),
        greeting: None,
        greeted: Some(greeted),
        name: "the SSH greeting",
    };
    let algorithms = hostkey::algorithms(&credentials.expected.known.keys);
    let mut session = stage.prepare(credentials, &algorithms)?;
    let shaken = stage.complete(&mut session, Session::handshake);
    shaken.map_err(|failure| {
        // libssh2 has the last line that came; of a server that is none, what
        // was seen first says more.
        let line = session.banner_bytes().map(<[u8]>::to_vec);
        if stage.greeting.is_none() || line.as_ref().is_some_and(|line| line.starts_with(b"SSH-")) {
            stage.greeting = line;
        }
        stage.explain_handshake(failure, &algorithms)
    })?;

    let (blob, _) = session
        .host_key()
        .ok_or_else(|| stage.failed("key exchange", "no host key came"))?;
    credentials.expected.check(blob, at)?;

    stage.name = "the answer to the key";
    stage.deadline = Deadline::after(limits.handshake);
    let authenticated = stage.complete(&mut session, |session| {
        session.userauth_pubkey_memory(&credentials.user, None, &credentials.key.text, None)
    });
    authenticated.map_err(|failure| stage.explain_authentication(failure, credentials))?;
    if !session.authenticated() {
        return Err(stage.refused(credentials));
    }
    Ok(session)
}

/// A step that failed.
enum Failure {
    TimedOut,
    Library { code: i32, text: String },
}

/// Where the dialogue stands.
struct Stage<'a> {
    at: &'a str,
    socket: &'a Arc<TcpStream>,
    limit: Duration,
    deadline: Deadline,
    /// The first bytes that came, while they could still be looked at.
    greeting: Option<Vec<u8>>,
    /// Called once, when they are SSH's.
    greeted: Option<&'a mut dyn FnMut()>,
    name: &'static str,
}

impl Stage<'_> {
    fn prepare(
        &self,
        credentials: &Credentials,
        algorithms: &str,
    ) -> Result<Session, GatewayError> {
        let wrong = |error: &ssh2::Error| self.failed("setting up", error.message());
        let mut session = Session::new().map_err(|error| wrong(&error))?;
        session
            .method_pref(MethodType::HostKey, algorithms)
            .map_err(|error| self.unsupported(&error, algorithms))?;
        if let Some(methods) = &credentials.compression {
            session.set_compress(true);
            for direction in [MethodType::CompCs, MethodType::CompSc] {
                session
                    .method_pref(direction, methods)
                    .map_err(|error| wrong(&error))?;
            }
        }
        // libssh2 does that too, but only when it begins.
        self.socket
            .set_nonblocking(true)
            .map_err(|error| self.failed("setting up", &error.to_string()))?;
        session.set_tcp_stream(Arc::clone(self.socket));
        session.set_blocking(false);
        Ok(session)
    }

    /// Repeats a step until it is done, waiting for the socket in between.
    ///
    /// Our own waiting, because libssh2's time limit starts anew with every
    /// byte that comes.
    fn complete(
        &mut self,
        session: &mut Session,
        mut step: impl FnMut(&mut Session) -> Result<(), ssh2::Error>,
    ) -> Result<(), Failure> {
        loop {
            self.look_at_greeting();
            match step(session) {
                Ok(()) => return Ok(()),
                Err(error) if error.code() == ErrorCode::Session(EAGAIN) => {}
                Err(error) => return Err(Failure::of(&error)),
            }
            let mut events = PollFlags::POLLIN;
            if matches!(
                session.block_directions(),
                BlockDirections::Outbound | BlockDirections::Both
            ) {
                events |= PollFlags::POLLOUT;
            }
            self.wait(events)?;
        }
    }

    fn wait(&self, events: PollFlags) -> Result<(), Failure> {
        loop {
            let left = self.deadline.remaining().unwrap_or(Duration::MAX);
            if left.is_zero() {
                return Err(Failure::TimedOut);
            }
            // One more millisecond, since poll counts whole ones.
            let timeout = PollTimeout::try_from(left.as_millis().saturating_add(1))
                .unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.socket.as_fd(), events)], timeout) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(errno) => {
                    return Err(Failure::Library {
                        code: SOCKET_RECV,
                        text: errno.to_string(),
                    });
                }
            }
        }
    }

    /// Looks at the server's first bytes before libssh2 takes them: what is
    /// said instead of a version tells the cause of the failure to come.
    fn look_at_greeting(&mut self) {
        if self.greeting.is_some() {
            return;
        }
        let mut bytes = [0; 256];
        if let Ok(count) = self.socket.peek(&mut bytes) {
            let bytes = bytes.get(..count).unwrap_or(&[]);
            if bytes.starts_with(b"SSH-")
                && let Some(greeted) = self.greeted.take()
            {
                greeted();
            }
            self.greeting = Some(bytes.to_vec());
        }
    }

    fn explain_handshake(&self, failure: Failure, algorithms: &str) -> GatewayError {
        let said = self.greeting.as_deref().unwrap_or_default();
        let is_ssh = said.starts_with(b"SSH-");
        let at = self.at.to_owned();
        let (code, text) = match failure {
            Failure::TimedOut if said.is_empty() || is_ssh => {
                return GatewayError::Silent {
                    at,
                    awaited: if is_ssh {
                        "the key exchange"
                    } else {
                        "a greeting"
                    },
                    seconds: self.limit.as_secs(),
                };
            }
            Failure::TimedOut => {
                return GatewayError::NotSsh {
                    at,
                    said: printable(said),
                };
            }
            Failure::Library { code, text } => (code, text),
        };
        match code {
            // sshd says "Exceeded MaxStartups" or "Not allowed at this time"
            // on one line and closes (OpenSSH 9.8, sshd.c).
            SOCKET_DISCONNECT | SOCKET_RECV | SOCKET_SEND
                if said.is_empty() || is_refusal_of_sshd(said) =>
            {
                GatewayError::TurnedAway {
                    at,
                    said: printable(said),
                }
            }
            _ if !said.is_empty() && !is_ssh => GatewayError::NotSsh {
                at,
                said: printable(said),
            },
            KEX_FAILURE => GatewayError::NoCommonAlgorithm {
                at,
                wanted: algorithms.to_owned(),
                detail: text,
            },
            _ => self.failed("key exchange", &text),
        }
    }

    fn explain_authentication(&self, failure: Failure, credentials: &Credentials) -> GatewayError {
        match failure {
            Failure::TimedOut => GatewayError::Silent {
                at: self.at.to_owned(),
                awaited: self.name,
                seconds: self.limit.as_secs(),
            },
            Failure::Library {
                code: AUTHENTICATION_FAILED | PUBLICKEY_UNVERIFIED,
                ..
            } => self.refused(credentials),
            Failure::Library { text, .. } => self.failed("authentication", &text),
        }
    }

    fn refused(&self, credentials: &Credentials) -> GatewayError {
        GatewayError::AuthenticationRefused {
            at: self.at.to_owned(),
            user: printable(credentials.user.as_bytes()),
            file: credentials.key_file.clone(),
            public: credentials.key.public.clone(),
        }
    }

    fn unsupported(&self, error: &ssh2::Error, algorithms: &str) -> GatewayError {
        if error.code() == ErrorCode::Session(METHOD_NOT_SUPPORTED) {
            GatewayError::NoCommonAlgorithm {
                at: self.at.to_owned(),
                wanted: algorithms.to_owned(),
                detail: printable(error.message().as_bytes()),
            }
        } else {
            self.failed("setting up", error.message())
        }
    }

    fn failed(&self, stage: &'static str, detail: &str) -> GatewayError {
        GatewayError::HandshakeFailed {
            at: self.at.to_owned(),
            stage,
            detail: printable(detail.as_bytes()),
        }
    }
}

impl Failure {
    fn of(error: &ssh2::Error) -> Self {
        Self::Library {
            code: match error.code() {
                ErrorCode::Session(code) | ErrorCode::SFTP(code) => code,
            },
            text: printable(error.message().as_bytes()),
        }
    }
}

/// Tells whether this is what sshd says before it closes on a client that it
/// does not want now.
fn is_refusal_of_sshd(said: &[u8]) -> bool {
    [
        &b"Exceeded MaxStartups"[..],
        b"Not allowed at this time",
        b"exceeded MaxStartups",
    ]
    .iter()
    .any(|text| said.starts_with(text))
}

/// The compression that the machine's record asks for, if it does.
///
/// The default of the field is `zlib@openssh.com,zlib`, which would divide
/// the throughput of a local network by six (measured), so it counts only
/// where the file writes it. `none` is always allowed, since OpenSSH refuses
/// `zlib` alone.
fn compression(machine: &BuildMachine) -> Option<String> {
    if !machine.is_written(Field::Compression) || machine.compression_level == 0 {
        return None;
    }
    let text = machine.compression.trim();
    let mut methods: Vec<&str> = if text == "yes" {
        vec!["zlib@openssh.com", "zlib"]
    } else {
        text.split(',')
            .map(str::trim)
            .filter(|method| matches!(*method, "zlib@openssh.com" | "zlib" | "none"))
            .collect()
    };
    if methods.first().is_none_or(|first| *first == "none") {
        return None;
    }
    methods.push("none");
    methods.dedup();
    Some(methods.join(","))
}

/// The command that prints the line that is missing.
fn keyscan(machine: &BuildMachine) -> String {
    let name = printable(machine.name.as_bytes());
    if machine.port == 22 {
        format!("ssh-keyscan -t ed25519 {name}")
    } else {
        format!("ssh-keyscan -t ed25519 -p {} {name}", machine.port)
    }
}

/// A file's text, or nothing where it cannot be read.
fn read_lossy(file: &Path) -> String {
    let mut bytes = Vec::new();
    let read = fs::File::open(file)
        .and_then(|opened| opened.take(known_hosts::MAX_FILE).read_to_end(&mut bytes));
    if let Err(error) = read {
        log::debug!("{}: {error}", file.display());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
