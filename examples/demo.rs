//! `cargo demo`: a real build, offloaded from one Guix machine to another.
//!
//! Needs root on a Debian machine. Makes what it needs (a root file system
//! with Guix, once; three hosts on it in namespaces of this machine), shows
//! each step with its time, and leaves nothing running.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use offload_lab::{Built, Drv, Finished, Node, Paired, Side, Suite, median, roots};

/// How often each hook does the same work.
const ROUNDS: usize = 3;

fn main() -> ExitCode {
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("demo: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Result<()> {
    if let Some(reason) = offload_lab::obstacle() {
        bail!("this machine cannot hold the demo's hosts: {reason}");
    }
    println!("offload, the build hook, beside Guix's own on real Guix hosts.\n");
    let begun = Instant::now();
    let program = step("the program, optimised", compile)?;
    step("a root file system with Guix 1.5.0", || {
        roots::root(Suite::Sid, &mut |text| println!("    {text} ..."))
    })?;
    let paired = step("hosts head, w1 and w2: daemons, sshd, keys", || {
        Paired::new(&program)
    })?;
    let head = &paired.farm.head;
    println!("\n  head's /etc/guix/machines.scm begins");
    for line in head
        .read_text("/etc/guix/machines.scm")?
        .lines()
        .skip(1)
        .take(6)
    {
        println!("    {line}");
    }
    println!("\n  head$ guix build …-greeting.drv");
    let (built, finished) = round(&paired, Side::Ours)?;
    for line in finished
        .output
        .lines()
        .filter(|l| !l.trim_start().starts_with("/gnu/store"))
    {
        println!("    {line}");
    }
    let machine = paired.farm.came_back(&built)?;
    println!(
        "\n  built on {}, and registered on head as its own build would be:",
        machine.name()
    );
    println!("    {}", built.out());
    println!(
        "    {}",
        head.read_text(format!("{}/text", built.out()))?.trim_end()
    );
    head.gc_verify()?;
    println!("    guix gc --verify=contents: clean\n");
    compare(&paired)?;
    let hosts: Vec<PathBuf> = paired.farm.hosts().map(|h| h.path("/")).into();
    step("everything ended and removed", || {
        drop(paired);
        ensure!(hosts.iter().all(|h| !h.exists()), "a host is left");
        Ok(())
    })?;
    println!(
        "\n{:.1} s in all. Next: `cargo test`, and README.md for your own machines.",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The same work with both hooks, by turns.
fn compare(paired: &Paired) -> Result<()> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (side, times) in Side::BOTH.into_iter().zip(&mut times) {
            times.push(round(paired, side)?.1.elapsed);
        }
    }
    println!("  the same work with both hooks, by turns ({ROUNDS} rounds, medians):");
    let [stock, ours] = times.map(|t| median(&t));
    for (name, time) in [("guix offload", stock), ("offload", ours)] {
        println!("    {name:14}{:8.3} s", time.as_secs_f64());
    }
    println!(
        "    {:14}{:8.1}",
        "ratio",
        stock.as_secs_f64() / ours.as_secs_f64()
    );
    Ok(())
}

/// A new derivation with some inputs, built elsewhere.
fn round(paired: &Paired, side: Side) -> Result<(Built, Finished)> {
    let drv = Drv::new("greeting")
        .text("words", "hello from a build machine\n")
        .source("tree", Node::directory([("more", Node::noise(100_000))]))
        .script(
            "echo unpacking; mkdir $out; cp $words $out/text; echo installing
             cp $tree/more $out; echo $(wc -c < $out/more) bytes installed",
        );
    let built = paired.farm.head.add(&drv)?;
    let finished = paired.build(side, std::slice::from_ref(&built))?;
    Ok((built, finished))
}

/// Does something and tells how long it took.
fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let value = work().with_context(|| what.to_owned())?;
    let took: Duration = start.elapsed();
    println!("  {what:60}{:7.2} s", took.as_secs_f64());
    Ok(value)
}

/// Compiles the program; gives where it lies.
fn compile() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let status = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--quiet",
            "--bin",
            "offload",
            "--manifest-path",
        ])
        .arg(manifest)
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "cargo build ended with {status}");
    // target/release/examples/demo -> target/release/offload
    let own = std::env::current_exe()?;
    let release = own
        .parent()
        .and_then(Path::parent)
        .context("no target directory")?;
    Ok(release.join("offload"))
}
