//! Servers that let few begin to log in at a time, and punish.

use std::time::Duration;

use anyhow::{Result, ensure};
use offload_lab::{Built, Drv, Farm, Machine};

use crate::dead::{once, watched};
use crate::nobody::NO_LOCAL;
use crate::pool::cases;

cases![few_at_a_time, penalties];

const CLIENTS: usize = 4;
const BUILDS: usize = 16;

/// From the third on, half of those that have not logged in are turned away.
const FEW: &str = "MaxStartups=2:50:4";

/// As OpenSSH has it since 9.8, but noticed sooner.
const PENALTIES: &str =
    "PerSourcePenalties=authfail:5s noauth:1s refuseconnection:10s min:5s max:60s";

fn few_at_a_time(farm: &mut Farm) -> Result<()> {
    crowd(farm, &[FEW])
}

fn penalties(farm: &mut Farm) -> Result<()> {
    crowd(farm, &[FEW, PENALTIES])
}

fn crowd(farm: &mut Farm, options: &[&str]) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    watched(farm, &[])?;
    for machine in [&farm.w1, &farm.w2] {
        machine.start_sshd(options)?;
    }
    let machines = [
        Machine::of(&farm.w1)?.slots(8),
        Machine::of(&farm.w2)?.slots(8),
    ];
    farm.head.write_machines(&machines)?;
    let drv = |i| Drv::new(&format!("crowd{i}")).script("sleep 0.3; echo > $out");
    let built: Result<Vec<Built>> = (0..BUILDS).map(|i| farm.head.add(&drv(i))).collect();
    let built = built?;
    std::thread::scope(|scope| {
        let clients: Vec<_> = built
            .chunks(BUILDS / CLIENTS)
            .map(|own| {
                let paths: Vec<&str> = own.iter().map(|it| it.path.as_str()).collect();
                let head = &farm.head;
                scope.spawn(move || head.ask_daemon(&paths, &[NO_LOCAL])?.ended(0))
            })
            .collect();
        for client in clients {
            let answer = client.join().unwrap_or_else(|_| unreachable!())?;
            ensure!(!answer.text.contains("turned away"), "{}", answer.text);
        }
        Ok(())
    })?;
    for built in &built {
        farm.came_back(built)?;
    }
    once(farm)?;
    let events = farm.head.told();
    let tries = events.count("building");
    ensure!(tries == BUILDS, "{tries} tries of {BUILDS} builds");
    let slowest = events.named("connected").map(|it| it.at).max();
    println!("the last was logged in after {slowest:?}");
    ensure!(slowest < Some(Duration::from_secs(20)), "{slowest:?}");
    for machine in [&farm.w1, &farm.w2] {
        let name = format!("{}:22", machine.name());
        let said = machine.sshd_log();
        let dropped = said.matches("drop connection").count();
        println!("{name} turned {dropped} away");
        ensure!(!said.contains("penal"), "{name} punishes us: {said}");
        let rest = farm.head.known(&name, "rest");
        ensure!(rest.is_none(), "{name} rests: {rest:?}");
    }
    Ok(())
}
