//! What a connection to a machine will need: keys and sockets.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::surroundings::Surroundings;
use crate::gateway::{HostKey, HostKeyProblem, KeyProblem, Target, read_private_key};
use crate::machines::raw::{Plain, RawField};
use crate::machines::record::Field;
use crate::machines::{Diagnostic, RawMachine};

/// Warns of fields that a connection will fail for.
pub(in crate::cli) fn check(
    machines: &[RawMachine],
    surroundings: &Surroundings,
) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let mut seen = BTreeSet::new();
    for machine in machines {
        warnings.extend(host_key(machine));
        warnings.extend(daemon_socket(machine));
        // Many machines have one key: the first of them is enough.
        if let Some(warning) = private_key(machine, surroundings)
            && (warning.code == "machines::no-private-key" || seen.insert(warning.message.clone()))
        {
            warnings.push(warning);
        }
    }
    warnings
}

fn text(machine: &RawMachine, field: Field) -> Option<(&str, &RawField)> {
    let field = machine.field(field)?;
    match &field.value {
        Plain::Text(text) => Some((text, field)),
        _ => None,
    }
}

fn warning(code: &str, message: String, field: &RawField) -> Diagnostic {
    Diagnostic::warning(code, message)
        .at(field.location.clone())
        .until(field.end)
}

const COPY_ANEW: &str =
    "copy the whole line anew from the machine's /etc/ssh/ssh_host_ed25519_key.pub";

fn host_key(machine: &RawMachine) -> Option<Diagnostic> {
    let (line, field) = text(machine, Field::HostKey)?;
    let problem = match HostKey::parse(line) {
        Ok(key) if key.is_whole() => return None,
        Ok(_) => {
            let message = "this `host-key` cannot be used: it was cut off".into();
            return Some(warning("no-host-key-line", message, field).with_help(COPY_ANEW));
        }
        Err(problem) => problem,
    };
    let (code, help) = match problem {
        HostKeyProblem::UnsupportedType(_) | HostKeyProblem::Certificate => (
            "unsupported-host-key",
            "write the machine's /etc/ssh/ssh_host_ed25519_key.pub here",
        ),
        HostKeyProblem::TypeDiffers { .. } => ("host-key-type", COPY_ANEW),
        _ => (
            "no-host-key-line",
            "write the line of the machine's /etc/ssh/ssh_host_ed25519_key.pub here, such as \
             \"ssh-ed25519 AAAA…\"",
        ),
    };
    let message = format!("this `host-key` cannot be used: {problem}");
    Some(warning(code, message, field).with_help(help))
}

fn daemon_socket(machine: &RawMachine) -> Option<Diagnostic> {
    let (socket, field) = text(machine, Field::DaemonSocket)?;
    let problem = Target::parse(socket).err()?;
    let message = format!("this `daemon-socket` cannot be used: {problem}");
    Some(
        warning("daemon-socket", message, field)
            .with_help("write an absolute file name, unix:///FILE or guix://HOST:PORT"),
    )
}

fn private_key(machine: &RawMachine, surroundings: &Surroundings) -> Option<Diagnostic> {
    let written = machine.field(Field::PrivateKey);
    let file = match written.map(|field| &field.value) {
        Some(Plain::Text(file)) => PathBuf::from(file),
        Some(Plain::Boolean(false)) => {
            return Some(at(
                machine,
                Diagnostic::warning(
                    "no-private-key",
                    "`private-key` is #f: no login is possible",
                )
                .with_help("name the file of a key, such as \"/etc/guix/ssh/id_ed25519\""),
            ));
        }
        // A wrong type, which has been said.
        Some(_) => return None,
        None if surroundings.has_home() => surroundings.home()?.join(".ssh/id_rsa"),
        None => {
            let message = format!(
                "there is no `private-key`, and user {} has no home directory with one",
                surroundings.user()
            );
            let diagnostic = Diagnostic::warning("no-home", message).with_help(
                "add the field, such as (private-key \"/etc/guix/ssh/id_ed25519\"), with a file \
                 that this user may read",
            );
            return Some(at(machine, diagnostic));
        }
    };
    let diagnostic = key_file(&file, surroundings)?;
    Some(at(machine, diagnostic))
}

/// Where the key is named; else at the machine.
fn at(machine: &RawMachine, diagnostic: Diagnostic) -> Diagnostic {
    match machine.field(Field::PrivateKey) {
        Some(field) => diagnostic.at(field.location.clone()).until(field.end),
        None => diagnostic.at(machine.location.clone()).until(machine.end),
    }
}

fn key_file(file: &Path, surroundings: &Surroundings) -> Option<Diagnostic> {
    let Err(problem) = read_private_key(file) else {
        return exposed(file);
    };
    let code = match &problem {
        KeyProblem::Missing => "missing-private-key",
        KeyProblem::Forbidden { .. } | KeyProblem::Hidden { .. } | KeyProblem::Unreadable(_) => {
            if !surroundings.is_daemon() {
                return None;
            }
            "unreadable-private-key"
        }
        KeyProblem::Encrypted => "encrypted-private-key",
        KeyProblem::Lsh => "lsh-private-key",
        KeyProblem::NotAFile
        | KeyProblem::TooLarge
        | KeyProblem::Putty
        | KeyProblem::Public
        | KeyProblem::UnsupportedType(_)
        | KeyProblem::Damaged
        | KeyProblem::NotAKey => "unusable-private-key",
    };
    let message = format!(
        "the private key {} cannot be used: {problem}",
        file.display()
    );
    let mut diagnostic = Diagnostic::warning(code, message);
    diagnostic.help = problem.hint(file);
    Some(diagnostic)
}

/// A key that others may read is nobody's secret.
fn exposed(file: &Path) -> Option<Diagnostic> {
    let mode = fs::metadata(file).ok()?.mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let message = format!(
            "the private key {} is open to others: its mode is {mode:04o}",
            file.display()
        );
        Diagnostic::warning("exposed-private-key", message)
            .with_help(format!("chmod 600 {}", file.display()))
    })
}
