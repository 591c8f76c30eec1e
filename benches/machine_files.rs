//! From the start of a process to the machines of a file, ours and Guix's.
//!
//! `cargo bench --bench machine_files`. `OFFLOAD_BENCH_GUILE` names a Guile
//! that sees Guix's modules: then Guix's own time for the same file stands
//! beside. Each figure is the median of 21 processes, started by turns.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use offload::machines::cache::Cache;
use offload::machines::{Limits, load, load_cached};

/// What makes this program load one file and end.
const FILE: &str = "OFFLOAD_BENCH_FILE";
const CACHE: &str = "OFFLOAD_BENCH_CACHE";
const COUNT: &str = "OFFLOAD_BENCH_COUNT";
const ROUNDS: usize = 21;

/// Writes standard input to a file and has Guix read it. The name is one that
/// nothing else can have taken.
const STOCK: &str = "
(use-modules (ice-9 textual-ports))
(let* ((text (get-string-all (current-input-port)))
       (port (mkstemp! (string-copy \"/tmp/machines-XXXXXX\")))
       (file (port-filename port)))
  (display text port)
  (close-port port)
  (let ((machines ((@@ (guix scripts offload) build-machines) file)))
    (delete-file file)
    (primitive-exit (if (= (length machines) COUNT) 0 1))))";

/// A file, and what the time to its machines may be.
struct Case {
    what: &'static str,
    text: String,
    count: usize,
    cached: bool,
    budget: Duration,
}

fn main() -> ExitCode {
    if let Some(file) = std::env::var_os(FILE) {
        return load_one(Path::new(&file));
    }
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("machine_files: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the processes do that are timed.
fn load_one(file: &Path) -> ExitCode {
    let home = Some(Path::new("/root"));
    let limits = Limits::default();
    let evaluation = match std::env::var_os(CACHE) {
        Some(folder) => load_cached(file, home, &limits, &Cache::new(Path::new(&folder))),
        None => load(file, home, &limits),
    };
    for diagnostic in &evaluation.diagnostics {
        if diagnostic.is_error() {
            eprintln!("{}", diagnostic.one_line());
        }
    }
    let count = std::env::var(COUNT).ok().and_then(|n| n.parse().ok());
    ExitCode::from(u8::from(count != Some(evaluation.machines.len())))
}

fn bench() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let guile = std::env::var_os("OFFLOAD_BENCH_GUILE");
    println!("{:44}{:>10}{:>10}{:>10}", "", "ours", "at most", "Guix");
    for case in cases() {
        let file = folder.path().join("machines.scm");
        std::fs::write(&file, &case.text)?;
        let state = tempfile::tempdir_in(folder.path())?;
        let cache = case.cached.then(|| state.path().to_owned());
        let ours = || ours(&file, cache.as_ref(), case.count);
        // The first fills caches.
        ours().context(case.what)?;
        let (mut times, mut stock_times) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            times.push(ours().context(case.what)?);
            if let Some(guile) = &guile {
                stock_times.push(stock(guile.as_ref(), &case).context(case.what)?);
            }
        }
        let cell = |time: Option<Duration>| {
            time.map_or("-".into(), |time| {
                format!("{:.1} ms", time.as_secs_f64() * 1000.0)
            })
        };
        println!(
            "{:44}{:>10}{:>10}{:>10}",
            case.what,
            cell(median(times)),
            cell(Some(case.budget)),
            cell(median(stock_times))
        );
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

fn ours(file: &Path, cache: Option<&PathBuf>, count: usize) -> Result<Duration> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env(FILE, file).env(COUNT, count.to_string());
    if let Some(cache) = cache {
        command.env(CACHE, cache);
    }
    let start = Instant::now();
    let status = command.stdin(Stdio::null()).status()?;
    let time = start.elapsed();
    ensure!(status.success(), "not all machines came");
    Ok(time)
}

fn stock(guile: &Path, case: &Case) -> Result<Duration> {
    let program = STOCK.replace("COUNT", &case.count.to_string());
    let start = Instant::now();
    let mut child = Command::new(guile)
        .args(["--no-auto-compile", "-c", &program])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(case.text.as_bytes())?;
    }
    if !child.wait()?.success() {
        bail!("Guix does not give the same machines");
    }
    Ok(start.elapsed())
}

fn cases() -> Vec<Case> {
    let case = |what, text, count, cached, budget| Case {
        what,
        text,
        count,
        cached,
        budget: Duration::from_millis(budget),
    };
    vec![
        case("10 machines, constants", constants(10), 10, false, 15),
        case("10 machines by a procedure", procedure(10), 10, false, 15),
        case(
            "1,000 machines, constants",
            constants(1000),
            1000,
            false,
            100,
        ),
        case(
            "1,000 machines by a procedure",
            procedure(1000),
            1000,
            false,
            100,
        ),
        case(
            "10 machines, (ice-9 match) and (srfi srfi-1)",
            matched(),
            10,
            false,
            25,
        ),
        case("10 machines, from the cache", procedure(10), 10, true, 3),
        case(
            "1,000 machines, from the cache",
            procedure(1000),
            1000,
            true,
            10,
        ),
    ]
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

fn constants(count: usize) -> String {
    let mut text = String::from("(list\n");
    for n in 0..count {
        writeln!(
            text,
            "  (build-machine\n    (name \"node{n}.example.org\")\n    (systems '(\"x86_64-linux\" \
             \"i686-linux\"))\n    (user \"offload\")\n    (host-key \"{KEY} root@node{n}\")\n    \
             (private-key \"/etc/guix/offload/key\")\n    (port {})\n    (parallel-builds 4)\n    \
             (speed 1.5)\n    (features '(\"kvm\")))",
            2200 + n % 1000
        )
        .unwrap_or_default();
    }
    text + ")\n"
}

fn procedure(count: usize) -> String {
    let mut text = String::from(
        "(define (node n)\n  (string-append \"node\" (number->string n) \".example.org\"))\n(list\n",
    );
    for n in 0..count {
        writeln!(
            text,
            "  (build-machine\n    (name (node {n}))\n    (systems '(\"x86_64-linux\"))\n    (user \
             \"offload\")\n    (host-key \"{KEY} root@node{n}\")\n    (private-key \
             \"/etc/guix/offload/key\")\n    (parallel-builds 4)\n    (speed 1.5))"
        )
        .unwrap_or_default();
    }
    text + ")\n"
}

fn matched() -> String {
    let mut rows = String::new();
    for n in 0..5 {
        writeln!(
            rows,
            "    (\"node{n}\" 2222 1.5 (\"x86_64-linux\" \"aarch64-linux\"))"
        )
        .unwrap_or_default();
    }
    format!(
        "(use-modules (ice-9 match) (srfi srfi-1))\n\n(define hosts\n  '(\n{rows}))\n\n(append-map\n \
         (match-lambda\n   ((host port speed (systems ...))\n    (filter-map\n     (lambda (this)\n       \
         (and (string? this)\n            (build-machine\n             (name host)\n             (port \
         port)\n             (systems (list this))\n             (user \"offload\")\n             (speed \
         speed)\n             (host-key \"{KEY}\"))))\n     systems)))\n hosts)\n"
    )
}
