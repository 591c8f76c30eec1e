//! Machine files of our own, against what Guix 1.5.0 makes of each.
//!
//! `tests/machine-files/NAME.json` is what Guix's procedure `build-machines`
//! gave for `NAME.scm`: machines with all fields and places, or the error.
//! What differs stands in `known-differences`, a line for each file; a
//! difference that is gone must be taken out there.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where Guix looks for a private key if the file names none; HOME was /root.
const DEFAULT_KEY: &str = "/root/.ssh/id_rsa";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machine-files")
}

/// What check-config says about a file.
fn checked(file: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_offload"))
        .args(["check-config", "--json"])
        .arg(file)
        .env_remove("NOT_SET_ANYWHERE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn differences(file: &Path) -> Vec<String> {
    let name = file.file_name().unwrap().to_string_lossy();
    let expected = fs::read(file.with_extension("json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let got = checked(file);
    let diagnostics = got["diagnostics"].as_array().unwrap();
    // Guix looks at no ranges; the machine is listed all the same.
    let error = diagnostics
        .iter()
        .find(|one| one["severity"] == "error" && one["code"] != "machines::out-of-range");
    let Some(machines) = expected["machines"].as_array() else {
        return match error {
            Some(_) => Vec::new(),
            None => vec![format!(
                "{name}: no error, but Guix says {}",
                expected["error"]
            )],
        };
    };
    let warned = expected["warnings"].as_array().is_some_and(|all| {
        all.iter().any(|one| {
            one.to_string()
                .contains("did not return a list of build machines")
        })
    });
    let got = got["machines"].as_array().unwrap();
    let mut out = Vec::new();
    // What Guix ignores with a warning is an error here.
    if let Some(error) = error.filter(|_| !warned) {
        out.push(format!("{name}: {error}"));
    }
    if machines.len() != got.len() {
        out.push(format!(
            "{name}: {} machines, not {}",
            got.len(),
            machines.len()
        ));
    }
    for (number, (machine, got)) in machines.iter().zip(got).enumerate() {
        for (field, value) in machine.as_object().unwrap() {
            if !same(value, &got[field]) {
                out.push(format!(
                    "{name}: machine {number}: {field}: {}, not {value}",
                    got[field]
                ));
            }
        }
    }
    out
}

fn same(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-12 * a.abs().max(1.0)
        }
        // Another home than root's.
        (Value::String(a), Value::String(b)) if a == DEFAULT_KEY => b.ends_with("/.ssh/id_rsa"),
        // Another file: Guix was given another folder.
        (Value::Object(a), Value::Object(b)) => {
            let file = |place: &serde_json::Map<String, Value>| {
                let file = place.get("file")?.as_str()?;
                Some(Path::new(file).file_name()?.to_owned())
            };
            a.get("line") == b.get("line")
                && a.get("column") == b.get("column")
                && file(a) == file(b)
        }
        _ => expected == got,
    }
}

#[test]
fn they_mean_what_they_mean_to_guix() {
    let known = fs::read_to_string(folder().join("known-differences")).unwrap();
    let known: BTreeSet<String> = known
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "scm"))
        .collect();
    files.sort();
    let mut wrong = Vec::new();
    let mut differing = BTreeSet::new();
    for file in &files {
        let differences = differences(file);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !differences.is_empty() {
            differing.insert(name.clone());
        }
        if !known.contains(&name) {
            wrong.extend(differences);
        }
    }
    let agreeing = files.len() - differing.len();
    println!("{agreeing} of {} files agree", files.len());
    for name in known.difference(&differing) {
        wrong.push(format!(
            "{name}: agrees now: take it out of known-differences"
        ));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
