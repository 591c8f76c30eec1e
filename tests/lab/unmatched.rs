//! Derivations that no machine is for, and machine files that name none.

use anyhow::{Result, ensure};
use offload_lab::{Drv, Farm};

use crate::pool::cases;

cases![
    feature,
    feature_of_one,
    system,
    no_machine_file,
    empty_machine_file,
    broken_machine_file
];

fn feature(farm: &mut Farm) -> Result<()> {
    let built = farm.head.add(&Drv::new("wants-kvm").features(&["kvm"]))?;
    farm.head.ask_daemon(&[&built.path], &[])?.ended(0)?;
    ensure!(farm.head.is_valid(built.out())?, "not built here");
    ensure!(!farm.w1.is_valid(built.out())?, "built by w1");
    Ok(())
}

fn feature_of_one(farm: &mut Farm) -> Result<()> {
    let mut machines = farm.machines()?;
    machines[1].features = vec!["kvm".into(), "big-parallel".into()];
    farm.head.write_machines(&machines)?;
    let (built, finished) = farm.build(&Drv::new("wants-kvm").features(&["kvm"]))?;
    finished.succeeded()?;
    ensure!(
        farm.came_back(&built)?.name() == "w2",
        "built where the feature is missing"
    );
    Ok(())
}

fn system(farm: &mut Farm) -> Result<()> {
    let foreign = if offload_lab::system() == "x86_64-linux" {
        "powerpc64le-linux"
    } else {
        "x86_64-linux"
    };
    let built = farm.head.add(&Drv::new("foreign").system(foreign))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?;
    // Declined: today's daemon tries it itself, since the kernel may run it.
    ensure!(!answer.text.contains("EOF"), "no reply: {}", answer.text);
    ensure!(!farm.w1.is_valid(built.out())?, "built by w1");
    ensure!(!farm.w2.is_valid(built.out())?, "built by w2");
    Ok(())
}

fn no_machine_file(farm: &mut Farm) -> Result<()> {
    std::fs::remove_file(farm.head.path("/etc/guix/machines.scm"))?;
    let text = built_here(farm)?;
    ensure!(!text.contains("offload:"), "not silent: {text}");
    Ok(())
}

fn empty_machine_file(farm: &mut Farm) -> Result<()> {
    farm.head.write("/etc/guix/machines.scm", "'()\n")?;
    built_here(farm)?;
    Ok(())
}

fn broken_machine_file(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(()); // fails the build
    }
    let text = format!("{}\n(list (car 'x\n", farm.machines()?[0].form());
    farm.head.write("/etc/guix/machines.scm", text)?;
    let text = built_here(farm)?;
    ensure!(
        text.contains("/etc/guix/machines.scm:"),
        "no place is named: {text}"
    );
    Ok(())
}

fn built_here(farm: &Farm) -> Result<String> {
    let built = farm.head.add(&Drv::new("here"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?.ended(0)?;
    ensure!(farm.head.is_valid(built.out())?, "not valid");
    ensure!(!farm.w1.is_valid(built.out())?, "built by w1");
    ensure!(!farm.w2.is_valid(built.out())?, "built by w2");
    Ok(answer.text)
}
