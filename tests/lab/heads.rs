//! Heads and machines of other kinds.

use anyhow::{Result, ensure};
use offload_lab::{Drv, Farm, HostOptions, Machine, Suite, came_back, check};

use crate::pool::cases;

cases![
    head_as_root,
    machine_with_guix_1_2,
    no_private_key_field,
    database_that_is_not_for_us,
];

fn head_as_root(farm: &mut Farm) -> Result<()> {
    let options = farm.normal_options().privileged();
    let head = farm.further_head("rooted", &options, &HostOptions::default())?;
    let input = Drv::new("input").script("mkdir $out; echo > $out/file");
    let drv = Drv::new("by-root")
        .input("input", &input)
        .script("cp -a $input $out");
    let built = head.add(&drv)?;
    head.guix_build(&[&built.path]).run()?.succeeded()?;
    came_back(&head, &[&farm.w1, &farm.w2], &built)?;
    let owner = head
        .exec(&["find", built.out(), "!", "-user", "root"])
        .ok()?;
    ensure!(owner.is_empty(), "not root's: {owner}");
    let failing = head.add(&Drv::new("fails").script("echo words; exit 1"))?;
    head.ask_daemon(&[&failing.path], &[])?
        .ended(100)?
        .says("words")?;
    check(&head, &[&farm.w1, &farm.w2])
}

fn machine_with_guix_1_2(farm: &mut Farm) -> Result<()> {
    let old = farm.machine(
        "old",
        &HostOptions {
            suite: Suite::Bullseye,
            disk: None,
        },
    )?;
    farm.head.write_machines(&[Machine::of(&old)?])?;
    let input = Drv::new("input").script("mkdir $out; echo $out > $out/file");
    let drv = Drv::new("by-old")
        .outputs(&["out", "lib"])
        .input("input", &input)
        .script("echo words; mkdir $lib; ln -s $lib $out; cp $input/file $lib");
    let (built, finished) = farm.build(&drv)?;
    finished.succeeded()?.says("words")?;
    came_back(&farm.head, &[&old], &built)?;
    let failing = farm
        .head
        .add(&Drv::new("fails").script("echo words; exit 1"))?;
    farm.head
        .ask_daemon(&[&failing.path], &[])?
        .ended(100)?
        .says("words")?;
    check(&farm.head, &[&old])
}

/// The default is the key of the daemon's user, in his home of the passwd
/// file, whatever `HOME` says.
fn no_private_key_field(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    let options = farm
        .normal_options()
        .privileged()
        .variable("HOME", "/nonexistent");
    let head = farm.further_head("homely", &options, &HostOptions::default())?;
    head.shell("mkdir -p /root/.ssh; cp /etc/guix/ssh/id /root/.ssh/id_rsa")
        .ok()?;
    let form = Machine::of(&farm.w1)?
        .form()
        .replace("(private-key \"/etc/guix/ssh/id\")", "");
    head.write("/etc/guix/machines.scm", format!("(list {form})"))?;
    let built = head.add(&Drv::new("default-key"))?;
    head.guix_build(&[&built.path]).run()?.succeeded()?;
    came_back(&head, &[&farm.w1], &built)?;
    check(&head, &[&farm.w1])
}

/// Where the hook cannot use the database the daemon is asked, and registers
/// what was brought.
fn database_that_is_not_for_us(farm: &mut Farm) -> Result<()> {
    let Some(program) = farm.program().cloned() else {
        return Ok(());
    };
    let options = farm.normal_options();
    let head = farm.further_head("shut", &options, &HostOptions::default())?;
    let installed = head.install_hook(&program)?;
    // The same program behind the daemon's back, with another database's name.
    let front = std::path::Path::new(installed).with_file_name("guix");
    let (front, behind) = (front.display(), "/usr/local/libexec/behind/guix");
    head.shell(&format!(
        "mkdir -p /usr/local/libexec/behind; ln -s {installed} {behind}; rm {front}
         printf '#!/bin/sh\nGUIX_DATABASE_DIRECTORY=/nowhere exec {behind} \"$@\"\n' > {front}
         chmod 755 {front}"
    ))
    .ok()?;
    let input = Drv::new("input").script("mkdir $out; echo > $out/file");
    let drv = Drv::new("registered-by-the-daemon")
        .outputs(&["out", "lib"])
        .input("input", &input)
        .script("mkdir $lib; cp -a $input $lib/copy; ln -s $lib $out");
    let built = head.add(&drv)?;
    head.guix_build(&[&built.path]).run()?.succeeded()?;
    came_back(&head, &[&farm.w1, &farm.w2], &built)?;
    check(&head, &[&farm.w1, &farm.w2])
}
