//! The program as a person, or another part of the daemon, calls it.

use anyhow::{Context, Result, ensure};
use offload_lab::{Drv, Exec, Farm, system};

use crate::pool::cases;

cases![
    version_and_help,
    wrong_arguments,
    wrong_request,
    end_of_input,
    without_descriptor_4,
    other_commands_go_to_guix,
    front_without_guix,
];

const PROGRAM: &str = "/usr/local/libexec/offload/offload";
const FRONT: &str = "/usr/local/libexec/offload/guix";

fn ours(farm: &Farm, words: &[&str]) -> Exec {
    let line: Vec<&str> = if farm.is_stock() {
        ["guix", "offload"].iter().chain(words).copied().collect()
    } else {
        std::iter::once(&PROGRAM).chain(words).copied().collect()
    };
    farm.head.exec(&line)
}

fn version_and_help(farm: &mut Farm) -> Result<()> {
    ours(farm, &["--version"])
        .run()?
        .succeeded()?
        .says("offload")?;
    ours(farm, &["--help"]).run()?.succeeded()?.says("SYSTEM")?;
    Ok(())
}

fn wrong_arguments(farm: &mut Farm) -> Result<()> {
    let finished = ours(farm, &["a", "b"]).run()?;
    ensure!(finished.code() == Some(1), "{finished:?}");
    finished.says("invalid arguments: \"a\" \"b\"")?;
    Ok(())
}

fn wrong_request(farm: &mut Farm) -> Result<()> {
    let finished = hook(farm).input("nonsense\n").run()?;
    ensure!(finished.code() == Some(1), "{finished:?}");
    finished.says("invalid request line: \"nonsense\"")?;
    Ok(())
}

fn end_of_input(farm: &mut Farm) -> Result<()> {
    let finished = hook(farm).input("").run()?.succeeded()?;
    ensure!(finished.output.is_empty(), "{finished:?}");
    Ok(())
}

/// As the daemon's user, or files of root's would be in the daemon's way.
fn without_descriptor_4(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let built = farm.head.add(&Drv::new("by-hand"))?;
    let request = format!(
        "1 {} {} \n{} \n{} \n",
        system(),
        built.path,
        built.path,
        built.out()
    );
    let own = system();
    let as_daemon = [
        "setpriv",
        "--reuid=guix-daemon",
        "--regid=guix-daemon",
        "--clear-groups",
    ];
    let line: Vec<&str> = as_daemon
        .into_iter()
        .chain([PROGRAM, &own, "0", "1", "0"])
        .collect();
    farm.head
        .exec(&line)
        .input(request)
        .run()?
        .says("# accept")?;
    Ok(())
}

fn other_commands_go_to_guix(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let finished = farm
        .head
        .exec(&[FRONT, "hash", "/etc/hostname"])
        .run()?
        .succeeded()?;
    let expected = farm.head.exec(&["guix", "hash", "/etc/hostname"]).ok()?;
    ensure!(finished.output == expected, "{finished:?}");
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let line: Vec<&str> = nobody
        .into_iter()
        .chain([FRONT, "hash", "/etc/hostname"])
        .collect();
    let finished = farm.head.exec_with(&[], &line).run()?.succeeded()?;
    ensure!(finished.output == expected, "{finished:?}");
    // Input, output and status are the real one's.
    let finished = farm
        .head
        .exec(&[FRONT, "hash", "-"])
        .input("words")
        .run()?
        .succeeded()?;
    ensure!(finished.output.trim().len() == 52, "{finished:?}");
    farm.head
        .exec(&[FRONT, "no-such-command"])
        .run()?
        .failed()?;
    Ok(())
}

fn front_without_guix(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let variables = [("OFFLOAD_GUIX".to_owned(), "/nonexistent/guix".to_owned())];
    let finished = farm
        .head
        .exec_with(&variables, &[FRONT, "hash", "/etc/hostname"])
        .run()?;
    let finished = finished.failed()?;
    finished
        .output
        .find("/nonexistent/guix")
        .context("does not say what is missing")?;
    Ok(())
}

fn hook(farm: &Farm) -> Exec {
    let system = system();
    ours(farm, &[&system, "3600", "1", "86400"])
}
