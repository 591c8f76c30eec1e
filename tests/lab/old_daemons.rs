//! Daemons of 2014 and 2015, which start the hook that `NIX_BUILD_HOOK` names.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use offload_lab::sys::wait_until;
use offload_lab::{Built, Drv, Era, Farm, Host, HostOptions, OldDaemon, came_back, check};

use crate::pool::cases;

cases![
    builds_go_through,
    declined_hook_is_let_go,
    whole_log_and_status,
    fixed_outputs_fail_with_100,
    client_goes_while_building,
    worker_dies_while_building,
    hook_keeps_the_limits_itself,
    valid_outputs_are_left_alone,
];

const SOON: Duration = Duration::from_secs(30);
const ERAS: [Era; 2] = [Era::Of2014, Era::Of2015];

/// Does a thing on a head of its own, whose daemon is root's, for both eras.
fn on_old_head(farm: &Farm, work: impl Fn(&Host, &OldDaemon) -> Result<()>) -> Result<()> {
    // Guix 1.5.0 holds the store; what offers the builds is ours.
    let options = farm.normal_options().privileged();
    let head = farm.further_head("old", &options, &HostOptions::default())?;
    let hook = if let Some(program) = farm.program() {
        head.install_hook(program)?
    } else {
        let script = "#!/bin/sh\nexec guix offload \"$@\"\n";
        head.write("/usr/local/libexec/hook", script)?;
        head.shell("chmod 755 /usr/local/libexec/hook").ok()?;
        "/usr/local/libexec/hook"
    };
    for era in ERAS {
        let daemon = OldDaemon::new(era, hook);
        work(&head, &daemon).with_context(|| format!("daemon {era:?}"))?;
        check(&head, &[&farm.w1, &farm.w2]).with_context(|| format!("daemon {era:?}"))?;
    }
    Ok(())
}

fn builds_go_through(farm: &mut Farm) -> Result<()> {
    on_old_head(farm, |head, daemon| {
        let drv = Drv::new("old")
            .outputs(&["out", "lib"])
            .script("echo words; mkdir $lib; ln -s $lib $out");
        let built = head.add(&drv)?;
        let end = daemon.offer(head, &built, "")?.wait(SOON)?;
        ensure!(end.reply == "accept", "{end:?}");
        ensure!(end.status.context("no status")?.success(), "{end:?}");
        ensure!(end.log.contains("words\n"), "{end:?}");
        came_back(head, &[&farm.w1, &farm.w2], &built)?;
        Ok(())
    })
}

/// 2014 sends SIGTERM and waits for ever, descriptor 0 still open.
fn declined_hook_is_let_go(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    on_old_head(farm, |head, daemon| {
        let built = head.add(&Drv::new("declined").features(&["kvm"]))?;
        let end = daemon.offer(head, &built, "kvm")?.wait(SOON)?;
        ensure!(end.reply == "decline", "{end:?}");
        ensure!(
            end.elapsed < Duration::from_secs(3),
            "took {:?}",
            end.elapsed
        );
        Ok(())
    })
}

fn whole_log_and_status(farm: &mut Farm) -> Result<()> {
    on_old_head(farm, |head, daemon| {
        let built = head.add(&Drv::new("loud").script("seq 1 100000; exit 1"))?;
        let end = daemon.offer(head, &built, "")?.wait(SOON)?;
        ensure!(
            end.status.and_then(|s| s.code()) == Some(100),
            "status {:?}",
            end.status
        );
        let numbers = end.log.lines().filter_map(|l| l.parse::<u32>().ok());
        ensure!(
            numbers.eq(1..=100_000),
            "the log ends with {:?}",
            end.log.lines().last()
        );
        Ok(())
    })
}

/// What the remote daemon reports as status 1 is the builder's failure still.
fn fixed_outputs_fail_with_100(farm: &mut Farm) -> Result<()> {
    on_old_head(farm, |head, daemon| {
        for script in ["echo no network; exit 1", "echo wrong > $out"] {
            let built = head.add(&Drv::new("download").fixed_file(b"right").script(script))?;
            let end = daemon.offer(head, &built, "")?.wait(SOON)?;
            ensure!(end.status.and_then(|s| s.code()) == Some(100), "{end:?}");
        }
        Ok(())
    })
}

fn client_goes_while_building(farm: &mut Farm) -> Result<()> {
    on_old_head(farm, |head, daemon| {
        let built = endless(head)?;
        let build = daemon.offer(head, &built, "")?;
        wait_until("a builder runs", SOON, || Ok(farm.builders_running()? > 0))?;
        let start = Instant::now();
        build.client_goes()?;
        let end = build.wait(Duration::from_secs(10))?;
        farm.no_builder_left(Duration::from_secs(2))?;
        ensure!(
            start.elapsed() < Duration::from_secs(5),
            "took {:?}",
            start.elapsed()
        );
        if daemon.era == Era::Of2015 {
            ensure!(end.status.and_then(|s| s.signal()) == Some(9), "{end:?}");
        }
        ensure!(!head.is_valid(built.out())?, "valid");
        Ok(())
    })
}

/// In 2014 the hook is not told, and another worker could build the same.
fn worker_dies_while_building(farm: &mut Farm) -> Result<()> {
    on_old_head(farm, |head, daemon| {
        if farm.is_stock() && daemon.era == Era::Of2014 {
            return Ok(()); // runs on
        }
        let built = endless(head)?;
        let build = daemon.offer(head, &built, "")?;
        wait_until("a builder runs", SOON, || Ok(farm.builders_running()? > 0))?;
        build.worker_dies()?;
        let gone = || Ok(head.hooks()?.is_empty());
        wait_until(
            "the hook ends with its worker",
            Duration::from_secs(2),
            gone,
        )?;
        farm.no_builder_left(Duration::from_secs(2))?;
        Ok(())
    })
}

fn hook_keeps_the_limits_itself(farm: &mut Farm) -> Result<()> {
    on_old_head(farm, |head, daemon| {
        let wanted = if farm.is_stock() { 100 } else { 101 };
        let silent = OldDaemon {
            max_silent: 2,
            ..daemon.clone()
        };
        let built = head.add(&Drv::new("silent").script("echo once; sleep 300"))?;
        let end = silent.offer(head, &built, "")?.wait(SOON)?;
        ensure!(end.status.and_then(|s| s.code()) == Some(wanted), "{end:?}");
        let timed = OldDaemon {
            timeout: 3,
            ..daemon.clone()
        };
        let end = timed.offer(head, &endless(head)?, "")?.wait(SOON)?;
        let code = end.status.and_then(|s| s.code());
        ensure!(
            code == Some(wanted) || farm.is_stock() && code == Some(1),
            "{end:?}"
        );
        farm.no_builder_left(Duration::from_secs(2))?;
        Ok(())
    })
}

/// 2014 lists valid outputs too; what is valid must not be written anew.
fn valid_outputs_are_left_alone(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    on_old_head(farm, |head, daemon| {
        let drv = Drv::new("partly")
            .outputs(&["out", "lib"])
            .script("echo 1 > $out; echo 2 > $lib");
        let built = head.add(&drv)?;
        daemon.offer(head, &built, "")?.wait(SOON)?;
        came_back(head, &[&farm.w1, &farm.w2], &built)?;
        head.with_daemon(|d| d.collect(&[built.output("lib").to_owned()]))?;
        let before = head.path(built.out()).metadata()?;
        let end = daemon.offer(head, &built, "")?.wait(SOON)?;
        ensure!(end.status.context("no status")?.success(), "{end:?}");
        let after = head.path(built.out()).metadata()?;
        ensure!(
            (before.ino(), before.ctime_nsec()) == (after.ino(), after.ctime_nsec()),
            "written anew"
        );
        came_back(head, &[&farm.w1, &farm.w2], &built)?;
        Ok(())
    })
}

fn endless(head: &Host) -> Result<Built> {
    head.add(&Drv::new("endless").script("while true; do echo on; sleep 0.2; done"))
}
