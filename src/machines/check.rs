//! Raw machines to build machines: types, ranges, defaults.
//!
//! A machine with a wrong field is left out, the others stay. Stock checks
//! nothing here: a wrong value ends the hook later, or matches nothing.

mod advice;
mod deploy;
mod field;
mod pinpoint;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::diagnostic::Diagnostic;
use super::raw::{Plain, RawField, RawMachine};
use super::record::{BuildMachine, Field};
use field::{Checked, Wrong};

pub use advice::advise;
pub use deploy::{drop_lost_fields, is_lost_field, recognise_deploy_file};
pub use pinpoint::pinpoint;

/// Makes build machines, and says what is wrong with those that cannot be.
pub fn check(raw: &[RawMachine], home: Option<&Path>) -> (Vec<BuildMachine>, Vec<Diagnostic>) {
    let mut machines = Vec::new();
    let mut diagnostics = Vec::new();
    for machine in raw {
        let mut checker = Checker {
            raw: machine,
            diagnostics: Vec::new(),
        };
        let machine = checker.machine(home);
        diagnostics.append(&mut checker.diagnostics);
        machines.extend(machine);
    }
    (machines, merged(diagnostics))
}

/// One diagnostic of several that say the same of one place: a procedure makes
/// many machines of one field, and others inherit it.
pub fn merged(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut known: HashMap<_, (usize, usize)> = HashMap::new();
    let mut out: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        if diagnostic.location.is_none() {
            out.push(diagnostic);
            continue;
        }
        let Diagnostic {
            code,
            message,
            location,
            ..
        } = diagnostic.clone();
        let (_, count) = known
            .entry((code, message, location))
            .and_modify(|(_, count)| *count = count.saturating_add(1))
            .or_insert((out.len(), 1));
        if *count == 1 {
            out.push(diagnostic);
        }
    }
    for (at, count) in known.into_values() {
        if count > 1
            && let Some(help) = out.get_mut(at).and_then(|one| one.help.as_mut())
            && let Some(machine) = help.strip_suffix(LEFT_OUT)
        {
            let more = count.saturating_sub(1);
            *help = format!("{machine} and {more} more are left out");
        }
    }
    out
}

/// How the help about a wrong field ends.
const LEFT_OUT: &str = " is left out";

/// Tells whether a field could never hold such a value, whatever its range.
pub fn is_of_wrong_type(field: Field, value: &Plain) -> bool {
    wrong_type(field, value).is_some()
}

/// The fields whose values have a wrong type, of a machine that may lack any.
pub fn wrong_types(machine: &RawMachine) -> Vec<Diagnostic> {
    let optional = |field| {
        matches!(
            field,
            Field::PrivateKey | Field::HostKey | Field::System | Field::Systems
        )
    };
    let fields = machine.fields.iter();
    fields
        .filter(|field| field.value != Plain::Boolean(false) || !optional(field.field))
        .filter_map(|field| {
            let wrong = wrong_type(field.field, &field.value)?;
            Some(wrong_field(field, &wrong))
        })
        .collect()
}

/// What is said of a machine without systems.
pub fn lacks_systems(machine: &RawMachine) -> Diagnostic {
    Diagnostic::error(
        "missing-field",
        format!(
            "{} lacks the field systems: no build matches it",
            called(machine)
        ),
    )
    .with_help("for instance (systems '(\"x86_64-linux\"))")
    .at(machine.location.clone())
    .until(machine.end)
}

/// What to call a machine in a message.
fn called(machine: &RawMachine) -> String {
    match machine.field(Field::Name).map(|field| &field.value) {
        Some(Plain::Text(name)) => format!("build machine `{name}`"),
        _ => "this build machine".into(),
    }
}

fn wrong_field(field: &RawField, wrong: &Wrong) -> Diagnostic {
    let written = match &field.value {
        // A symbol might be a word of the sentence.
        Plain::Other(text) => format!("`{text}`"),
        value => value.written(),
    };
    let mut diagnostic = Diagnostic::error(
        wrong.code(),
        format!(
            "`{}` must be {}, but it is {written}",
            field.field.name(),
            wrong.expected(),
        ),
    )
    .at(field.location.clone())
    .until(field.end);
    diagnostic.help = wrong.help().map(str::to_owned);
    diagnostic
}

fn wrong_type(field: Field, value: &Plain) -> Option<Wrong> {
    let wrong = match field {
        Field::Name => field::host_name(value).err(),
        Field::User | Field::System => field::word(value).err(),
        Field::Port => field::port(value).err(),
        Field::Systems => field::systems(value).err(),
        Field::Features => field::texts(value).err(),
        Field::PrivateKey | Field::HostKey | Field::Compression | Field::DaemonSocket => {
            field::text(value).err()
        }
        Field::CompressionLevel => field::level(value).err(),
        Field::OverloadThreshold => field::threshold(value).err(),
        Field::ParallelBuilds => field::count(value).err(),
        Field::Speed => field::speed(value).err(),
        Field::SshOptions | Field::Location => None,
    };
    wrong.filter(Wrong::is_type)
}

/// The value of a field; `None` if it is wrong, which has been said.
type Usable<T> = Option<T>;

struct Checker<'a> {
    raw: &'a RawMachine,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    /// The machine, unless one of its fields is wrong; all fields are looked
    /// at in any case.
    fn machine(&mut self, home: Option<&Path>) -> Option<BuildMachine> {
        let name = self.required(Field::Name, field::host_name);
        let user = self.required(Field::User, field::word);
        let port = self.or(Field::Port, 22, field::port);
        let systems = self.systems();
        let private_key = self.private_key(home);
        let host_key = self.host_key();
        let compression = self.or(
            Field::Compression,
            "zlib@openssh.com,zlib".to_owned(),
            field::text,
        );
        let compression_level = self.or(Field::CompressionLevel, 3, field::level);
        let daemon_socket = self.or(
            Field::DaemonSocket,
            "/var/guix/daemon-socket/socket".to_owned(),
            field::text,
        );
        let overload_threshold = self.or(Field::OverloadThreshold, Some(0.8), field::threshold);
        let parallel_builds = self.or(Field::ParallelBuilds, 1, field::count);
        let speed = self.or(Field::Speed, 1.0, field::speed);
        let features = self.or(Field::Features, Vec::new(), field::texts);
        self.ssh_options();
        Some(BuildMachine {
            name: name?,
            port: port?,
            systems: systems?,
            user: user?,
            private_key: private_key?,
            host_key: host_key?,
            compression: compression?,
            compression_level: compression_level?,
            daemon_socket: daemon_socket?,
            overload_threshold: overload_threshold?,
            parallel_builds: parallel_builds?,
            speed: speed?,
            features: features?,
            location: self.raw.location.clone(),
            written: self.written(),
        })
    }

    fn field(&self, field: Field) -> Option<&'a RawField> {
        self.raw.field(field)
    }

    fn written(&self) -> BTreeMap<Field, Option<super::record::Location>> {
        self.raw
            .fields
            .iter()
            .map(|field| (field.field, field.location.clone()))
            .collect()
    }

    fn called(&self) -> String {
        called(self.raw)
    }

    fn wrong(&mut self, field: &RawField, wrong: &Wrong) {
        let mut diagnostic = wrong_field(field, wrong);
        if diagnostic.help.is_none() {
            diagnostic.help = Some(format!("{}{LEFT_OUT}", self.called()));
        }
        self.diagnostics.push(diagnostic);
    }

    /// The value of a field, or the default where it is not written.
    fn or<T>(
        &mut self,
        field: Field,
        default: T,
        read: impl Fn(&Plain) -> Checked<T>,
    ) -> Option<T> {
        let Some(raw) = self.field(field) else {
            return Some(default);
        };
        match read(&raw.value) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.wrong(raw, &wrong);
                None
            }
        }
    }

    fn required<T>(&mut self, field: Field, read: fn(&Plain) -> Checked<T>) -> Option<T> {
        if self.field(field).is_none() {
            let diagnostic = Diagnostic::error(
                "missing-field",
                format!("this build machine lacks the field {}", field.name()),
            );
            let location = self.raw.location.clone();
            self.diagnostics
                .push(diagnostic.at(location).until(self.raw.end));
            return None;
        }
        self.or(field, None, |value| read(value).map(Some))
            .flatten()
    }

    /// `systems` wins unless it is #f; else the obsolete `system` (source:
    /// build-machine-systems in guix/scripts/offload.scm).
    fn systems(&mut self) -> Option<Vec<String>> {
        let systems = self.field(Field::Systems);
        let system = self.field(Field::System);
        match (systems, system) {
            (Some(systems), _) if systems.value != Plain::Boolean(false) => {
                self.or(Field::Systems, Vec::new(), field::systems)
            }
            (_, Some(system)) if system.value != Plain::Boolean(false) => {
                // Stock gives the place of the form.
                let diagnostic =
                    Diagnostic::warning("obsolete-field", "the field `system` is deprecated")
                        .with_help(format!(
                            "write (systems '({})) instead",
                            system.value.written()
                        ));
                self.diagnostics
                    .push(diagnostic.at(self.raw.location.clone()).until(self.raw.end));
                let one = self.or(Field::System, String::new(), field::word)?;
                Some(vec![one])
            }
            _ => {
                self.diagnostics.push(lacks_systems(self.raw));
                None
            }
        }
    }

    fn private_key(&mut self, home: Option<&Path>) -> Usable<Option<PathBuf>> {
        let default = home.map(|home| home.join(".ssh/id_rsa"));
        self.or(Field::PrivateKey, default, |value| {
            Ok(match value {
                Plain::Boolean(false) => None,
                value => Some(field::text(value)?.into()),
            })
        })
    }

    /// A missing one is allowed, for files of before November 2016.
    fn host_key(&mut self) -> Usable<Option<String>> {
        let missing = self
            .field(Field::HostKey)
            .is_none_or(|field| field.value == Plain::Boolean(false));
        if !missing {
            return self.or(Field::HostKey, None, |value| field::text(value).map(Some));
        }
        let diagnostic = Diagnostic::warning(
            "missing-host-key",
            format!("{} lacks the field host-key", self.called()),
        );
        let mut help = "its key must be in /etc/ssh/ssh_known_hosts or in the known_hosts of \
                        the daemon's user"
            .to_owned();
        if let Some(command) = self.keyscan() {
            help.push_str("; better write what `");
            help.push_str(&command);
            help.push_str("` prints, without the name, into host-key");
        }
        self.diagnostics.push(
            diagnostic
                .with_help(help)
                .at(self.raw.location.clone())
                .until(self.raw.end),
        );
        Some(None)
    }

    /// The command that prints the machine's host key.
    fn keyscan(&self) -> Option<String> {
        let value = |field| self.raw.value(field);
        let name = value(Field::Name).and_then(|name| field::host_name(name).ok())?;
        let plain = |c: char| c.is_ascii_alphanumeric() || ".:_-%".contains(c);
        if name.starts_with('-') || !name.chars().all(plain) {
            return None;
        }
        Some(match value(Field::Port).map(field::port) {
            None | Some(Ok(22)) => format!("ssh-keyscan -t ed25519 {name}"),
            Some(Ok(port)) => format!("ssh-keyscan -t ed25519 -p {port} {name}"),
            Some(Err(_)) => return None,
        })
    }

    fn ssh_options(&mut self) {
        if let Some(field) = self.field(Field::SshOptions) {
            let (location, end) = (field.location.clone(), field.end);
            self.diagnostics.push(
                Diagnostic::warning("obsolete-field", "the field `ssh-options` is ignored")
                    .with_help("port, user and private-key have fields of their own")
                    .at(location)
                    .until(end),
            );
        }
    }
}

#[cfg(test)]
mod tests;
