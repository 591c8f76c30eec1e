//! Keys that are wrong, unknown or refused.

use anyhow::{Result, ensure};
use offload_lab::{Built, Drv, Farm};

use crate::pool::cases;

cases![
    wrong_host_key,
    wrong_host_keys_everywhere,
    ssh_key_refused,
    ssh_key_refused_everywhere,
    machine_does_not_know_our_signature,
    no_machine_knows_our_signature,
    we_do_not_know_the_machines_signature,
    we_know_no_machines_signature,
];

fn wrong_host_key(farm: &mut Farm) -> Result<()> {
    let mut machines = farm.machines()?;
    machines[0].host_key = Some(farm.w2.host_key("ed25519")?);
    farm.head.write_machines(&machines)?;
    let (built, finished) = farm.build(&Drv::new("imposter"))?;
    finished.succeeded()?;
    ensure!(
        farm.came_back(&built)?.name() == "w2",
        "built where the host key is wrong"
    );
    Ok(())
}

fn wrong_host_keys_everywhere(farm: &mut Farm) -> Result<()> {
    let mut machines = farm.machines()?;
    machines[0].host_key = Some(farm.w2.host_key("ed25519")?);
    machines[1].host_key = Some(farm.w1.host_key("ed25519")?);
    farm.head.write_machines(&machines)?;
    if farm.is_stock() {
        return Ok(()); // postpones for ever
    }
    built_here(farm, "host key")
}

fn ssh_key_refused(farm: &mut Farm) -> Result<()> {
    farm.w1.authorize_ssh(&[])?;
    let (built, finished) = farm.build(&Drv::new("refused"))?;
    finished.succeeded()?;
    ensure!(
        farm.came_back(&built)?.name() == "w2",
        "built where the key is refused"
    );
    Ok(())
}

fn ssh_key_refused_everywhere(farm: &mut Farm) -> Result<()> {
    farm.w1.authorize_ssh(&[])?;
    farm.w2.authorize_ssh(&[])?;
    if farm.is_stock() {
        return Ok(()); // postpones for ever
    }
    built_here(farm, "authorized_keys")
}

fn machine_does_not_know_our_signature(farm: &mut Farm) -> Result<()> {
    farm.w1.deauthorize(&farm.head)?;
    if farm.is_stock() {
        return Ok(()); // fails
    }
    let built = needs_signature(farm)?;
    let finished = farm.head.guix_build(&[&built.path]).run()?.succeeded()?;
    finished.says("guix archive --authorize")?;
    ensure!(
        farm.came_back(&built)?.name() == "w2",
        "built where we are not known"
    );
    Ok(())
}

fn no_machine_knows_our_signature(farm: &mut Farm) -> Result<()> {
    farm.w1.deauthorize(&farm.head)?;
    farm.w2.deauthorize(&farm.head)?;
    impatient(farm)?;
    let built = needs_signature(farm)?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?.ended(1)?;
    let q = curve_point(&farm.head.signing_key()?);
    if !farm.is_stock() {
        answer.says(&q)?.says("guix archive --authorize")?;
    }
    nothing_came(farm, &built)
}

fn we_do_not_know_the_machines_signature(farm: &mut Farm) -> Result<()> {
    farm.head.deauthorize(&farm.w1)?;
    if farm.is_stock() {
        return Ok(()); // fails
    }
    let (built, finished) = farm.build(&Drv::new("unknown"))?;
    finished.succeeded()?.says("guix archive --authorize")?;
    let row = farm.head.row(built.out())?;
    ensure!(row.is_some(), "not valid");
    ensure!(row == farm.w2.row(built.out())?, "not that of w2");
    Ok(())
}

fn we_know_no_machines_signature(farm: &mut Farm) -> Result<()> {
    farm.head.deauthorize_all()?;
    impatient(farm)?;
    let built = farm.head.add(&Drv::new("unknown"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?.ended(1)?;
    if !farm.is_stock() {
        let q = curve_point(&farm.w1.signing_key()?);
        answer.says(&q)?.says("guix archive --authorize")?;
    }
    nothing_came(farm, &built)
}

/// The part of a public signing key that no other key shares.
fn curve_point(key: &str) -> String {
    key.split('#').nth(1).unwrap_or(key).to_owned()
}

/// A derivation one of whose inputs only the head can vouch for.
fn needs_signature(farm: &Farm) -> Result<Built> {
    let input = Drv::new("input").script("mkdir $out; echo > $out/file");
    let built = farm.head.add(&input)?;
    farm.head
        .guix_build_at(offload_lab::SOCKET, &[&built.path], &["--no-offload"])
        .ok()?;
    farm.head.add(&Drv::new("signed").input("input", &input))
}

/// Lets hooks give up at once when no machine is left.
pub fn impatient(farm: &mut Farm) -> Result<()> {
    let options = farm.normal_options().variable("OFFLOAD_PATIENCE", "0");
    farm.head_daemon(options)
}

pub fn nothing_came(farm: &Farm, built: &Built) -> Result<()> {
    for output in built.outputs.values() {
        ensure!(!farm.head.is_valid(output)?, "{output} is valid");
        ensure!(!farm.head.path(output).exists(), "{output} is there");
        ensure!(
            !farm.head.path(format!("{output}.chroot")).exists(),
            "half of {output} is there"
        );
    }
    Ok(())
}

/// Insists that a build is done by the head itself, after telling why.
pub fn built_here(farm: &Farm, reason: &str) -> Result<()> {
    let built = farm.head.add(&Drv::new("here"))?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?.ended(0)?;
    ensure!(farm.head.is_valid(built.out())?, "not valid");
    for machine in [&farm.w1, &farm.w2] {
        ensure!(
            !machine.is_valid(built.out())?,
            "{} has built it",
            machine.name()
        );
    }
    answer.says(reason)?;
    Ok(())
}
