//! The same for programs: one JSON object.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::Checked;
use crate::machines::check::is_of_wrong_type;
use crate::machines::raw::Plain;
use crate::machines::record::{Field, Location};
use crate::machines::{Diagnostic, RawMachine};

#[derive(Serialize)]
struct Object {
    machines: Vec<Machine>,
    diagnostics: Vec<Finding>,
}

/// A machine under the record's own names, defaults filled in.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Machine {
    name: Value,
    port: Value,
    systems: Value,
    user: Value,
    private_key: Value,
    host_key: Value,
    compression: Value,
    compression_level: Value,
    daemon_socket: Value,
    overload_threshold: Value,
    parallel_builds: Value,
    speed: Value,
    features: Value,
    location: Option<Place>,
}

#[derive(Serialize)]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Finding {
    severity: &'static str,
    code: String,
    message: String,
    file: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    help: Option<String>,
}

/// What was found, as a line of JSON.
pub(super) fn object(checked: &[Checked], home: Option<&Path>) -> String {
    let several = checked.len() > 1;
    let object = Object {
        machines: checked
            .iter()
            .flat_map(|file| {
                let place = move |location: &Location| Place {
                    file: (several || *location.file != *file.shown)
                        .then(|| location.file.to_string()),
                    line: location.line,
                    column: location.column,
                };
                let raw = file.raw.iter();
                raw.map(move |raw| machine(raw, raw.location.as_ref().map(place), home))
            })
            .collect(),
        diagnostics: checked
            .iter()
            .flat_map(|file| {
                let diagnostics = file.diagnostics.iter();
                diagnostics.map(|diagnostic| finding(diagnostic, &file.shown))
            })
            .collect(),
    };
    // Strings and numbers only: nothing that could fail.
    let mut text = serde_json::to_string_pretty(&object).unwrap_or_default();
    text.push('\n');
    text
}

fn finding(diagnostic: &Diagnostic, shown: &str) -> Finding {
    let location = diagnostic.location.clone().unwrap_or(Location {
        file: shown.into(),
        line: 1,
        column: 0,
    });
    let end = diagnostic.end.unwrap_or(location.position());
    Finding {
        severity: diagnostic.severity.word(),
        code: diagnostic.code.clone(),
        message: diagnostic.message.clone(),
        file: location.file.to_string(),
        line: location.line,
        column: location.column,
        end_line: end.line,
        end_column: end.column,
        help: diagnostic.help.clone(),
    }
}

fn machine(raw: &RawMachine, location: Option<Place>, home: Option<&Path>) -> Machine {
    let or = |field: Field, default: Value| match raw.field(field) {
        Some(written) => value(field, &written.value),
        None => default,
    };
    let key = home.map(|home| home.join(".ssh/id_rsa"));
    let key = key.map_or(json!(false), |key| json!(key.to_string_lossy()));
    Machine {
        name: or(Field::Name, json!(false)),
        port: or(Field::Port, json!(22)),
        systems: systems(raw),
        user: or(Field::User, json!(false)),
        private_key: or(Field::PrivateKey, key),
        host_key: or(Field::HostKey, json!(false)),
        compression: or(Field::Compression, json!("zlib@openssh.com,zlib")),
        compression_level: or(Field::CompressionLevel, json!(3)),
        daemon_socket: or(Field::DaemonSocket, json!("/var/guix/daemon-socket/socket")),
        overload_threshold: or(Field::OverloadThreshold, json!(0.8)),
        parallel_builds: or(Field::ParallelBuilds, json!(1)),
        speed: or(Field::Speed, json!(1.0)),
        features: or(Field::Features, json!([])),
        location,
    }
}

/// Of `systems` and the old `system` the one that counts.
fn systems(raw: &RawMachine) -> Value {
    let one = raw.value(Field::System);
    match (raw.value(Field::Systems), one) {
        (Some(systems), _) => value(Field::Systems, systems),
        (None, Some(Plain::Text(system))) => json!([system]),
        (None, Some(system)) => scheme(&Plain::List(vec![system.clone()])),
        // As the accessor gives it.
        (None, None) => json!([false]),
    }
}

fn value(field: Field, value: &Plain) -> Value {
    // #f is the value of a field that has none.
    let none = matches!(field, Field::Systems | Field::HostKey | Field::PrivateKey);
    match value {
        Plain::Boolean(false) if none => json!(false),
        value if is_of_wrong_type(field, value) => scheme(value),
        value => plain(value),
    }
}

fn plain(value: &Plain) -> Value {
    match value {
        Plain::Boolean(truth) => json!(truth),
        Plain::Integer(number) => json!(number),
        Plain::Real(number) if number.is_finite() => json!(number),
        Plain::Text(text) => json!(text),
        Plain::List(items) => items.iter().map(plain).collect(),
        Plain::Real(_) | Plain::Other(_) => scheme(value),
    }
}

/// A value that JSON lacks, or of no use where it stands, as Guile writes it.
fn scheme(value: &Plain) -> Value {
    json!({ "scheme": value.written_in_full() })
}
