//! What an administrator can set: one table of environment variables.
//!
//! A hook has no command line of its own to spare, so the daemon's environment
//! is where it is configured. A value that cannot be understood is reported
//! and its default taken: a slip in a unit file must not lose builds.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The kind of a variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A file.
    File,
    /// A number of seconds, fractions allowed.
    Seconds,
    /// A whole number.
    Count,
}

/// A variable that this program reads.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// What holds when it is unset, as text.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

macro_rules! variables {
    ($($constant:ident = $name:literal, $kind:ident, $default:literal, $meaning:literal;)*) => {
        $(const $constant: Variable = Variable {
            name: $name, kind: Kind::$kind, default: $default, meaning: $meaning,
        };)*
        /// Every variable, in the order of the documentation.
        pub const VARIABLES: &[Variable] = &[$($constant),*];
    };
}

variables! {
    STORE = "NIX_STORE_DIR", Directory, "/gnu/store", "the store";
    STATE = "GUIX_STATE_DIRECTORY", Directory, "/var/guix", "the daemon's state: slots, database (daemons before 2020: NIX_STATE_DIR)";
    DATABASE = "GUIX_DATABASE_DIRECTORY", Directory, "STATE/db", "the store's database";
    CONFIGURATION = "GUIX_CONFIGURATION_DIRECTORY", Directory, "/etc/guix", "keys, access control list, machine file";
    MACHINES = "OFFLOAD_MACHINES", File, "CONFIGURATION/machines.scm", "the machine file";
    GUIX = "OFFLOAD_GUIX", File, "found", "the real guix, for all other commands of the daemon";
    FRESH = "OFFLOAD_FRESH", Seconds, "30", "how long a machine that has answered needs not be asked again before a build is taken for it";
    PROBE = "OFFLOAD_PROBE", Seconds, "0.3", "how long machines are waited for that have not answered lately, before the daemon is answered";
    LINE = "OFFLOAD_LINE", Count, "4 for each slot, 32 to 256", "most builds that wait for a slot; more are put off; 0: none waits";
    CONNECT = "OFFLOAD_CONNECT_TIMEOUT", Seconds, "30", "limit for a TCP connection, each address";
    HANDSHAKE = "OFFLOAD_HANDSHAKE_TIMEOUT", Seconds, "15", "limit for SSH's key exchange and authentication";
    KEEPALIVE = "OFFLOAD_KEEPALIVE", Seconds, "10", "time between two signs of life on a connection";
    UNACKNOWLEDGED = "OFFLOAD_USER_TIMEOUT", Seconds, "30", "how long sent data may stay unacknowledged before the connection counts as lost";
    SILENCE = "OFFLOAD_SILENCE", Seconds, "300", "how long a machine may say nothing at all, or a transfer stand still, before the connection counts as lost";
    GATEWAY = "OFFLOAD_GATEWAY", Seconds, "60", "how long connections that nobody uses are kept for the next build; 0: each build has its own";
    UNSIGNED = "OFFLOAD_UNSIGNED_LIMIT", Count, "64", "largest source or fixed output in MiB that is sent without a signature: the build machine's daemon holds it in memory meanwhile; 0: all are signed";
    EVALUATION = "OFFLOAD_EVALUATION_TIMEOUT", Seconds, "10", "limit for evaluating the machine file";
    MEMORY = "OFFLOAD_EVALUATION_MEMORY", Count, "512", "limit for its memory in MiB";
    NESTING = "OFFLOAD_EVALUATION_NESTING", Count, "10000", "limit for the nesting of its parentheses";
    TRIES = "OFFLOAD_TRIES", Count, "3", "machines tried for one build before a pause";
    PATIENCE = "OFFLOAD_PATIENCE", Seconds, "600", "how long an accepted build waits for a machine to come back";
    POSTPONE = "OFFLOAD_POSTPONE", Seconds, "600", "how long a build that no machine takes is put off before it fails with the reasons; 0: for ever";
    DATABASE_BUSY = "OFFLOAD_DATABASE_TIMEOUT", Seconds, "60", "how long a locked database is waited for";
    TRACE = "OFFLOAD_TRACE", File, "none", "file that gets a line for each phase of a build";
}

/// The settings of this process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The store's directory.
    pub store_dir: String,
    /// The daemon's state directory.
    pub state_dir: PathBuf,
    /// The directory of the database.
    pub database_dir: PathBuf,
    /// The directory of keys and access control list.
    pub configuration_dir: PathBuf,
    /// The machine file.
    pub machine_file: PathBuf,
    /// The real guix, if told.
    pub guix: Option<PathBuf>,
    /// How long a machine's answer is fresh.
    pub fresh: Duration,
    /// Limit for an answer of machines before the reply.
    pub probe: Duration,
    /// Most builds in line; `None`: by the number of slots.
    pub line: Option<usize>,
    /// Limit for a TCP connection.
    pub connect: Duration,
    /// Limit for key exchange and authentication.
    pub handshake: Duration,
    /// Interval of keepalives.
    pub keepalive: Duration,
    /// Limit for unacknowledged data.
    pub user_timeout: Duration,
    /// Limit for a silent machine.
    pub silence: Duration,
    /// How long unused connections are kept; zero: they are not shared.
    pub gateway: Duration,
    /// Bytes of the largest archive that is sent without a signature.
    pub unsigned_limit: u64,
    /// Limit for evaluating the machine file.
    pub evaluation: Duration,
    /// Limit for its memory in MiB.
    pub evaluation_memory: u32,
    /// Limit for the nesting of its parentheses.
    pub evaluation_nesting: u32,
    /// Machines tried before a pause.
    pub tries: u32,
    /// How long an accepted build waits for a machine.
    pub patience: Duration,
    /// How long a build is put off; `None`: for ever.
    pub postpone: Option<Duration>,
    /// How long a locked database is waited for.
    pub database_busy: Duration,
    /// Where the phases go.
    pub trace: Option<PathBuf>,
}

impl Settings {
    /// Reads the process's environment; the second part tells what in it
    /// could not be understood.
    pub fn from_environment() -> (Self, Vec<String>) {
        Self::read(&|name| std::env::var_os(name))
    }

    /// Reads variables by `lookup`.
    pub fn read(lookup: &dyn Fn(&str) -> Option<OsString>) -> (Self, Vec<String>) {
        let mut reader = Reader {
            lookup,
            complaints: Vec::new(),
        };
        let state_dir = reader
            .path(STATE)
            .or_else(|| reader.named("NIX_STATE_DIR"))
            .unwrap_or_else(|| PathBuf::from(STATE.default));
        let configuration_dir = reader
            .path(CONFIGURATION)
            .unwrap_or_else(|| PathBuf::from(CONFIGURATION.default));
        let settings = Self {
            store_dir: reader.store(),
            database_dir: reader
                .path(DATABASE)
                .unwrap_or_else(|| state_dir.join("db")),
            machine_file: reader
                .path(MACHINES)
                .unwrap_or_else(|| configuration_dir.join("machines.scm")),
            state_dir,
            configuration_dir,
            guix: reader.path(GUIX),
            fresh: reader.seconds(FRESH),
            probe: reader.seconds(PROBE),
            line: reader.optional_count(LINE),
            connect: reader.seconds(CONNECT),
            handshake: reader.seconds(HANDSHAKE),
            keepalive: reader.seconds(KEEPALIVE),
            user_timeout: reader.seconds(UNACKNOWLEDGED),
            silence: reader.seconds(SILENCE),
            gateway: reader.seconds(GATEWAY),
            unsigned_limit: u64::from(reader.count(UNSIGNED)) << 20,
            evaluation: reader.seconds(EVALUATION),
            evaluation_memory: reader.count(MEMORY),
            evaluation_nesting: reader.count(NESTING),
            tries: reader.count(TRIES).max(1),
            patience: reader.seconds(PATIENCE),
            postpone: Some(reader.seconds(POSTPONE)).filter(|limit| !limit.is_zero()),
            database_busy: reader.seconds(DATABASE_BUSY),
            trace: reader.path(TRACE),
        };
        (settings, reader.complaints)
    }
}

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
    complaints: Vec<String>,
}

impl Reader<'_> {
    fn named(&self, name: &str) -> Option<PathBuf> {
        (self.lookup)(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    }

    fn path(&mut self, variable: Variable) -> Option<PathBuf> {
        let path = self.named(variable.name)?;
        if path.is_absolute() {
            return Some(path);
        }
        self.complain(variable, &path.to_string_lossy(), "an absolute file name");
        None
    }

    fn store(&mut self) -> String {
        let told = self
            .path(STORE)
            .and_then(|path| path.into_os_string().into_string().ok());
        told.unwrap_or_else(|| STORE.default.to_owned())
    }

    fn seconds(&mut self, variable: Variable) -> Duration {
        let default = parse_seconds(variable.default).unwrap_or_default();
        let Some(text) = (self.lookup)(variable.name) else {
            return default;
        };
        let text = text.to_string_lossy();
        parse_seconds(&text).unwrap_or_else(|| {
            self.complain(variable, &text, "a number of seconds");
            default
        })
    }

    fn count(&mut self, variable: Variable) -> u32 {
        let default = variable.default.parse().unwrap_or_default();
        let Some(text) = (self.lookup)(variable.name) else {
            return default;
        };
        let text = text.to_string_lossy();
        text.trim().parse().unwrap_or_else(|_| {
            self.complain(variable, &text, "a whole number");
            default
        })
    }

    /// A number that has no default of its own.
    fn optional_count(&mut self, variable: Variable) -> Option<usize> {
        let text = (self.lookup)(variable.name)?;
        let text = text.to_string_lossy();
        let number = text.trim().parse().ok();
        if number.is_none() {
            self.complain(variable, &text, "a whole number");
        }
        number
    }

    fn complain(&mut self, variable: Variable, value: &str, wanted: &str) {
        self.complaints.push(format!(
            "the environment variable {}='{}' is not {wanted}; using {}",
            variable.name,
            value.escape_debug(),
            variable.default
        ));
    }
}

fn parse_seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    // A hundred years stand for no limit and keep the arithmetic of clocks
    // free of overflow.
    Duration::try_from_secs_f64(seconds.min(3.2e9)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (Settings, Vec<String>) {
        Settings::read(&|name| {
            pairs
                .iter()
                .find(|pair| pair.0 == name)
                .map(|pair| OsString::from(pair.1))
        })
    }

    #[test]
    fn defaults_hold_when_nothing_is_set() {
        let (settings, complaints) = read(&[]);
        assert_eq!(complaints, Vec::<String>::new());
        assert_eq!(settings.store_dir, "/gnu/store");
        assert_eq!(settings.database_dir, PathBuf::from("/var/guix/db"));
        assert_eq!(
            settings.machine_file,
            PathBuf::from("/etc/guix/machines.scm")
        );
        assert_eq!(settings.connect, Duration::from_secs(30));
        assert_eq!(settings.postpone, Some(Duration::from_secs(600)));
        assert_eq!(settings.tries, 3);
        assert_eq!(settings.unsigned_limit, 64 << 20);
    }

    #[test]
    fn a_slip_is_reported_and_its_default_taken() {
        let (settings, complaints) = read(&[
            ("OFFLOAD_CONNECT_TIMEOUT", "soon"),
            ("OFFLOAD_TRIES", "-1"),
            ("OFFLOAD_MACHINES", "machines.scm"),
            ("OFFLOAD_PATIENCE", "-3"),
        ]);
        assert_eq!(settings.connect, Duration::from_secs(30));
        assert_eq!(settings.tries, 3);
        assert_eq!(settings.patience, Duration::from_secs(600));
        assert_eq!(complaints.len(), 4, "{complaints:?}");
        assert!(complaints.iter().any(|c| c.contains("OFFLOAD_TRIES='-1'")));
    }

    #[test]
    fn fractions_and_for_ever() {
        let (settings, complaints) = read(&[
            ("OFFLOAD_CONNECT_TIMEOUT", "0.25"),
            ("OFFLOAD_POSTPONE", "0"),
            ("OFFLOAD_PATIENCE", "1e300"),
            ("NIX_STATE_DIR", "/nix/var"),
        ]);
        assert!(complaints.is_empty());
        assert_eq!(settings.connect, Duration::from_millis(250));
        assert_eq!(settings.postpone, None);
        assert!(settings.patience > Duration::from_secs(1_000_000));
        assert_eq!(settings.state_dir, PathBuf::from("/nix/var"));
    }
}
