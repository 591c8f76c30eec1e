//! Machine files of other people, against what Guix makes of each.
//!
//! The files are not ours to pass on: `OFFLOAD_TEST_CORPUS` names a folder
//! with them in `machines/` and with `expected.json`, made by Guix's own
//! procedure `build-machines`. Without it the test shows as ignored.
//!
//! Each file is evaluated in a process of its own, whose root folder holds
//! nothing but the file, what it loads and what a case says must exist; a
//! thread of ours stands in for the shepherd. That needs root, or user
//! namespaces.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use offload::machines::{BuildMachine, Evaluation, Limits, Location, Severity, load_with};
use serde_json::{Value, json};

/// What makes this program evaluate one file: see `evaluate_in`.
const ROOT: &str = "OFFLOAD_CORPUS_ROOT";
const SOCKET: &str = "var/run/shepherd/socket";

fn main() -> ExitCode {
    if let Some(root) = std::env::var_os(ROOT) {
        return evaluate_in(&root);
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = match std::env::var_os("OFFLOAD_TEST_CORPUS") {
        Some(folder) => match trials(Path::new(&folder)) {
            Ok(trials) => trials,
            Err(error) => {
                eprintln!("{}: {error}", Path::new(&folder).display());
                return ExitCode::FAILURE;
            }
        },
        None => vec![
            Trial::test("corpus", || Ok(()))
                .with_kind("set OFFLOAD_TEST_CORPUS to run")
                .with_ignored_flag(true),
        ],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial for each file and each case.
fn trials(folder: &Path) -> Result<Vec<Trial>, Box<dyn std::error::Error>> {
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("expected.json"))?)?;
    let mut trials = Vec::new();
    for (name, entry) in expected["files"].as_object().ok_or("no files")? {
        let mut add = |what: String, conditions: Value| {
            let (folder, name, entry) = (folder.to_owned(), name.clone(), entry.clone());
            let label = if what.is_empty() {
                name.clone()
            } else {
                format!("{name} ({what})")
            };
            trials.push(Trial::test(label, move || {
                compare(&folder, &name, &entry, &conditions)
            }));
        };
        add(String::new(), Value::Null);
        for (number, case) in entry["cases"].as_array().into_iter().flatten().enumerate() {
            let what = case["what"].as_str();
            add(
                what.map_or_else(|| format!("case {}", number + 1), str::to_owned),
                case.clone(),
            );
        }
    }
    Ok(trials)
}

fn compare(folder: &Path, name: &str, entry: &Value, case: &Value) -> Result<(), Failed> {
    let root = tempfile::tempdir()?;
    furnish(root.path(), folder, name, case)?;
    let listener = match &case["shepherd"] {
        Value::Null => None,
        _ => Some(UnixListener::bind(root.path().join(SOCKET))?),
    };
    if let (Some(listener), Some(answer)) = (listener, case["shepherd"].as_str())
        && answer != "nobody listens"
    {
        let answer = answer.to_owned();
        std::thread::spawn(move || stand_in(&listener, &answer));
    }
    let got = evaluate_apart(root.path(), name)?;
    let expected = if case.is_null() {
        match &entry["wanted"] {
            Value::Null => &entry["stock"],
            wanted => wanted,
        }
    } else {
        &case["stock"]
    };
    let points = if case.is_null() {
        &entry["points"]
    } else {
        &Value::Null
    };
    let differences = differences(expected, points, entry["why"] == "age", &got);
    if differences.is_empty() {
        return Ok(());
    }
    let said: Vec<String> = list(&got["diagnostics"]).map(Value::to_string).collect();
    Err(format!("{}\n{}", differences.join("\n"), said.join("\n")).into())
}

/// Makes the files that the process will see.
fn furnish(root: &Path, folder: &Path, name: &str, case: &Value) -> Result<(), Failed> {
    for folder in ["dev", "etc", "root", "machines", "var/run/shepherd"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::write(root.join("dev/null"), "")?;
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?;
    fs::copy(
        folder.join("machines").join(name),
        root.join("machines").join(name),
    )?;
    for (file, content) in case["files"].as_object().into_iter().flatten() {
        let file = root.join(file.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap_or(root))?;
        let content = content.as_str().unwrap_or_default();
        if content.starts_with("extra/") {
            fs::copy(folder.join("machines").join(content), file)?;
        } else {
            fs::write(file, content)?;
        }
    }
    Ok(())
}

/// Answers every request in the same way.
fn stand_in(listener: &UnixListener, answer: &str) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { return };
        let mut request = [0; 4096];
        if stream.read(&mut request).is_ok() {
            stream.write_all(answer.as_bytes()).unwrap_or_default();
        }
    }
}

/// What this program prints when it evaluates a file.
fn evaluate_apart(root: &Path, name: &str) -> Result<Value, Failed> {
    let program = std::env::current_exe()?;
    let mut command = if nix::unistd::geteuid().is_root() {
        Command::new(&program)
    } else {
        let mut command = Command::new("unshare");
        command.arg("--map-root-user").arg(&program);
        command
    };
    let output = command
        .env(ROOT, root)
        .env("OFFLOAD_CORPUS_FILE", Path::new("/machines").join(name))
        .stdin(Stdio::null())
        .output()?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("no result ({error}): {said}").into()
    })
}

fn evaluate_in(root: &OsStr) -> ExitCode {
    let file = PathBuf::from(std::env::var_os("OFFLOAD_CORPUS_FILE").unwrap_or_default());
    if let Err(error) = nix::unistd::chroot(root).and_then(|()| nix::unistd::chdir("/")) {
        eprintln!("chroot: {error}");
        return ExitCode::FAILURE;
    }
    let mut printed = Vec::new();
    let evaluation = load_with(
        &file,
        Some(Path::new("/root")),
        &Limits::default(),
        &mut |line| printed.push(line.to_owned()),
    );
    println!("{}", shown(&evaluation, &file, &printed));
    ExitCode::SUCCESS
}

/// An evaluation in the form of `expected.json`.
fn shown(evaluation: &Evaluation, file: &Path, printed: &[String]) -> Value {
    let machines: Vec<Value> = evaluation
        .machines
        .iter()
        .map(|machine| machine_shown(machine, file))
        .collect();
    let diagnostics: Vec<Value> = evaluation
        .diagnostics
        .iter()
        .map(|diagnostic| {
            json!({
                "severity": match diagnostic.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                },
                "code": diagnostic.code,
                "message": diagnostic.message,
                "line": diagnostic.location.as_ref().map(|location| location.line),
                "column": diagnostic.location.as_ref().map(|location| location.column),
            })
        })
        .collect();
    json!({"machines": machines, "diagnostics": diagnostics, "stdout": printed})
}

fn machine_shown(machine: &BuildMachine, file: &Path) -> Value {
    let or_false = |value: Option<Value>| value.unwrap_or(Value::Bool(false));
    json!({
        "name": machine.name,
        "port": machine.port,
        "systems": machine.systems,
        "user": machine.user,
        "private-key": or_false(machine.private_key.as_ref().map(|file| json!(file))),
        "host-key": or_false(machine.host_key.as_ref().map(|key| json!(key))),
        "compression": machine.compression,
        "compression-level": machine.compression_level,
        "daemon-socket": machine.daemon_socket,
        "overload-threshold": or_false(machine.overload_threshold.map(|load| json!(load))),
        "parallel-builds": machine.parallel_builds,
        "speed": machine.speed,
        "features": machine.features,
        "location": machine.location.as_ref().map(|location| location_shown(location, file)),
    })
}

fn location_shown(location: &Location, file: &Path) -> Value {
    let mut shown = json!({"line": location.line, "column": location.column});
    if Path::new(&*location.file) != file {
        let file = location.file.trim_start_matches("/machines/");
        shown["file"] = json!(file);
    }
    shown
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What is not as the rules of comparison want it.
fn differences(expected: &Value, points: &Value, is_old: bool, got: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let of = |severity: &'static str| {
        list(&got["diagnostics"]).filter(move |diagnostic| diagnostic["severity"] == severity)
    };
    let stands_at = |diagnostic: &Value, line: &Value, column: &Value| {
        diagnostic["line"] == *line && diagnostic["column"] == *column
    };
    if !expected["error"].is_null() {
        if list(&got["machines"]).next().is_some() {
            wrong.push("it gives machines, but must be an error".into());
        }
        if of("error").next().is_none() {
            wrong.push("it gives no error".into());
        }
    }
    for group in list(points) {
        let found = list(group)
            .any(|point| of("error").any(|error| stands_at(error, &point[0], &point[1])));
        if !found {
            wrong.push(format!("no error stands at one of {group}"));
        }
    }
    for warning in list(&expected["warnings"]).filter(|warning| !warning["line"].is_null()) {
        if !of("warning").any(|ours| stands_at(ours, &warning["line"], &warning["column"])) {
            wrong.push(format!("a warning is missing: {warning}"));
        }
    }
    if is_old {
        let about_keys = of("warning")
            .filter(|warning| {
                warning["message"].to_string().contains("host key")
                    || warning["message"].to_string().contains("host-key")
            })
            .count();
        if about_keys < list(&expected["machines"]).count() {
            wrong.push("not every machine without a host key has a warning".into());
        }
    }
    for line in list(&expected["stdout"]) {
        if !list(&got["stdout"]).any(|ours| ours == line) {
            wrong.push(format!("it does not print {line}"));
        }
    }
    machines_differ(expected, got, &mut wrong);
    wrong
}

fn machines_differ(expected: &Value, got: &Value, wrong: &mut Vec<String>) {
    if !expected["error"].is_null() {
        return;
    }
    // A field that has no place in JSON is an error, and its machine left out.
    let (bad, good): (Vec<&Value>, Vec<&Value>) =
        list(&expected["machines"]).partition(|machine| {
            machine
                .as_object()
                .is_some_and(|fields| fields.values().any(|value| !value["scheme"].is_null()))
        });
    let errors = list(&got["diagnostics"]).filter(|diagnostic| diagnostic["severity"] == "error");
    if errors.count() < bad.len() {
        wrong.push("a field of the wrong type is no error".into());
    }
    let ours: Vec<&Value> = list(&got["machines"]).collect();
    if ours.len() != good.len() {
        wrong.push(format!("{} machines instead of {}", ours.len(), good.len()));
    }
    for (number, (theirs, ours)) in good.iter().zip(&ours).enumerate() {
        for (field, value) in theirs.as_object().into_iter().flatten() {
            if !same(value, &ours[field]) {
                wrong.push(format!(
                    "machine {}, {field}: expected {value}, got {}",
                    number + 1,
                    ours[field]
                ));
            }
        }
    }
}

/// Numbers are the same by value, all else as it is.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * a.abs().max(b.abs()),
        _ => a == b,
    }
}
