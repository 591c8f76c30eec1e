//! The expressions of `tests/scheme/` against the results that Guile gives.
//!
//! Each is evaluated in a process of its own with limits on time and memory,
//! in an empty folder, as they were recorded. `tests/scheme/README.md` tells
//! the format.
//!
//! `OFFLOAD_SCHEME=record cargo test --test scheme` writes `known-differences`
//! anew instead of failing; reasons stay, new cases get `not looked at yet`.
//! `OFFLOAD_SCHEME=all` does as if nothing were listed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use nix::sys::resource::{Resource, setrlimit};
use offload::machines::evaluate;

/// What makes this program evaluate its input instead of testing.
const EVALUATE: &str = "OFFLOAD_SCHEME_EVALUATE";
/// An expression that takes longer is taken for endless.
const SECONDS: u64 = 20;
/// Address space of an evaluation; its stack is part of it.
const SPACE: u64 = 4 << 30;
const STACK: usize = 1 << 30;

/// The names of expressions that differ, each with the reason, by area.
type Differences = BTreeMap<String, BTreeMap<String, String>>;

fn main() -> ExitCode {
    if std::env::var_os(EVALUATE).is_some() {
        return evaluate_input();
    }
    let arguments = Arguments::from_args();
    let mode = std::env::var("OFFLOAD_SCHEME").unwrap_or_default();
    let record = mode == "record";
    let known = Arc::new(match &*mode {
        "all" => Differences::new(),
        _ => known_differences(),
    });
    let seen = Arc::new(Mutex::new(Seen::default()));
    let trials = areas()
        .into_iter()
        .map(|(area, file)| {
            let (known, seen) = (Arc::clone(&known), Arc::clone(&seen));
            Trial::test(area.clone(), move || {
                let wrong = compare(&area, &file, known.get(&area), &seen)?;
                if wrong.is_empty() || record {
                    return Ok(());
                }
                Err(wrong.join("\n").into())
            })
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let Ok(seen) = seen.lock() else {
        return ExitCode::FAILURE;
    };
    if seen.cases > 0 {
        println!(
            "{} of {} expressions agree with Guile",
            seen.agree, seen.cases
        );
    }
    if record && let Err(error) = write_differences(&seen.differences) {
        eprintln!("known-differences: {error}");
    }
    conclusion.exit_code()
}

#[derive(Default)]
struct Seen {
    cases: usize,
    agree: usize,
    differences: Differences,
}

/// An expression and what Guile makes of it.
struct Case {
    line: usize,
    text: String,
    result: String,
}

impl Case {
    /// How `known-differences` names it: one line, no longer than it must be.
    fn name(&self) -> String {
        self.text.trim_end().replace('\n', "⏎")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scheme")
}

fn areas() -> BTreeMap<String, PathBuf> {
    let Ok(entries) = fs::read_dir(folder()) else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|extension| extension == "scm"))
        .filter_map(|file| Some((file.file_stem()?.to_str()?.to_owned(), file)))
        .collect()
}

/// Paragraphs: comment lines, the expression's lines, the result's line.
fn cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut first = 1;
    for (number, line) in text.split('\n').chain([""]).enumerate() {
        if !line.is_empty() {
            if lines.is_empty() && line.starts_with(";;;") {
                first = number + 2;
                continue;
            }
            if lines.is_empty() {
                first = number + 1;
            }
            lines.push(line);
            continue;
        }
        if let Some((result, expression)) = lines.split_last() {
            cases.push(Case {
                line: first,
                text: expression.join("\n") + "\n",
                result: (*result).to_owned(),
            });
        }
        lines.clear();
    }
    cases
}

const LIST: &str = "known-differences";

/// `# REASON` goes for the lines that follow it, `[AREA]` begins an area.
fn known_differences() -> Differences {
    let text = fs::read_to_string(folder().join(LIST)).unwrap_or_default();
    let mut known = Differences::new();
    let (mut area, mut reason) = (String::new(), String::new());
    let areas = areas();
    for line in text.lines() {
        let name = line.strip_prefix('[').and_then(|l| l.strip_suffix(']'));
        if let Some(name) = name.filter(|name| areas.contains_key(*name)) {
            name.clone_into(&mut area);
        } else if let Some(line) = line.strip_prefix("# ") {
            line.clone_into(&mut reason);
        } else if !line.is_empty() {
            let area = known.entry(area.clone()).or_default();
            area.insert(line.to_owned(), reason.clone());
        }
    }
    known
}

fn write_differences(differences: &Differences) -> io::Result<()> {
    let mut text = String::new();
    for (area, cases) in differences {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, reason) in cases {
            reasons.entry(reason).or_default().push(name);
        }
        writeln!(text, "[{area}]").map_err(io::Error::other)?;
        for (reason, names) in reasons {
            writeln!(text, "# {reason}\n{}", names.join("\n")).map_err(io::Error::other)?;
        }
        text.push('\n');
    }
    fs::write(folder().join(LIST), text.trim_end().to_owned() + "\n")
}

/// Evaluates the cases of an area; gives what is not as it should be.
fn compare(
    area: &str,
    file: &Path,
    known: Option<&BTreeMap<String, String>>,
    seen: &Mutex<Seen>,
) -> Result<Vec<String>, Failed> {
    let cases = cases(&fs::read_to_string(file)?);
    let mut wrong = Vec::new();
    let mut differences = BTreeMap::new();
    for case in &cases {
        let got = evaluate_apart(&case.text)?;
        let same = agrees(&case.result, &got);
        let name = case.name();
        let reason = known.and_then(|known| known.get(&name));
        if same == reason.is_some() {
            let what = if same {
                ": agrees, but known-differences lists it".into()
            } else {
                format!("\n  Guile: {}\n  ours:  {got}", case.result)
            };
            wrong.push(format!("{area}.scm:{}: {name}{what}", case.line));
        }
        if !same {
            let reason = reason.map_or("not looked at yet", String::as_str);
            differences.insert(name, reason.to_owned());
        }
    }
    for name in known.into_iter().flat_map(BTreeMap::keys) {
        if !cases.iter().any(|case| case.name() == *name) {
            wrong.push(format!("known-differences lists what is not there: {name}"));
        }
    }
    let agree = cases.len().saturating_sub(differences.len());
    println!("{area}: {agree} of {} agree", cases.len());
    let mut seen = seen.lock().map_err(|error| error.to_string())?;
    seen.cases += cases.len();
    seen.agree += agree;
    seen.differences.insert(area.to_owned(), differences);
    Ok(wrong)
}

/// Reader and expander have words of their own; of most other
/// exceptions key and message must be Guile's.
fn agrees(expected: &str, got: &str) -> bool {
    let key = |result: &str| {
        let rest = result.strip_prefix("!> ")?;
        Some(rest.split(": ").next()?.to_owned())
    };
    match key(expected).as_deref() {
        Some("syntax-error" | "read-error" | "wrong-number-of-args") => key(got) == key(expected),
        _ => expected == got,
    }
}

/// The result of an expression, evaluated in a process of its own.
fn evaluate_apart(text: &str) -> io::Result<String> {
    let folder = tempfile::tempdir()?;
    copy(&self::folder().join("files"), folder.path())?;
    fs::write(folder.path().join("text"), text)?;
    let mut child = Command::new(std::env::current_exe()?)
        .env_clear()
        .env(EVALUATE, "1")
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/root")
        .env("TZ", "UTC")
        .env("LANG", "C.UTF-8")
        .env("STEEL_HOME", "/dev/null/steel")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let status = wait(&mut child)?;
    let mut result = String::new();
    if let Some(mut output) = child.stderr.take() {
        output.read_to_string(&mut result)?;
    }
    // What the expression itself printed stands before.
    let result = result.split(MARK).nth(1).unwrap_or_default();
    if !result.is_empty() {
        return Ok(without_addresses(result));
    }
    Ok(match status {
        None => "!> killed: it did not end in time".into(),
        Some(status) => match status.code() {
            Some(code) => format!("!> exit: {code}"),
            None => format!("!> killed: {status}"),
        },
    })
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn wait(child: &mut Child) -> io::Result<Option<std::process::ExitStatus>> {
    let deadline = Instant::now() + Duration::from_secs(SECONDS);
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Guile shows addresses of this form: those of mapped memory.
fn without_addresses(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let begin = |rest: &str| rest.find("7f").into_iter().chain(rest.find("7e")).min();
    while let Some(at) = begin(rest) {
        let address = rest.get(at..at + 12).filter(|address| {
            address
                .chars()
                .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
        });
        let (before, after) = rest.split_at(at + address.map_or(2, |_| 12));
        out.push_str(if address.is_some() {
            &before[..at]
        } else {
            before
        });
        if address.is_some() {
            out.push_str("ADDRESS");
        }
        rest = after;
    }
    out + rest
}

/// Stands before the result.
const MARK: &str = "\u{1}result\u{1}";

/// Evaluates standard input and prints the result to standard error.
fn evaluate_input() -> ExitCode {
    let mut text = String::new();
    if io::stdin().read_to_string(&mut text).is_err() {
        return ExitCode::FAILURE;
    }
    let limits = [
        (Resource::RLIMIT_AS, SPACE),
        (Resource::RLIMIT_CPU, SECONDS),
        (Resource::RLIMIT_CORE, 0),
    ];
    for (resource, limit) in limits {
        if setrlimit(resource, limit, limit).is_err() {
            return ExitCode::FAILURE;
        }
    }
    let evaluated = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || evaluate::outcome(&text))
        .map(std::thread::JoinHandle::join);
    let result = match evaluated {
        Ok(Ok(Ok(value))) => format!("=> {value}"),
        Ok(Ok(Err((key, message)))) => format!("!> {key}: {message}"),
        _ => "!> panic: ".into(),
    };
    eprint!("{MARK}{}", result.replace('\n', "\\n"));
    ExitCode::SUCCESS
}
