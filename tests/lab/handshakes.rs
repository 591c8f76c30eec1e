//! Servers that let few begin to log in at a time, and punish.

use std::time::Duration;

use anyhow::{Result, ensure};
use offload_lab::{Built, Drv, Farm, Line, Machine};

use crate::dead::{once, watched};
use crate::nobody::NO_LOCAL;
use crate::pool::cases;

cases![few_at_a_time_and_penalties];

const BUILDS: usize = 16;

const LINE: Line = Line {
    round_trip: Duration::from_millis(60),
    rate: None,
};

/// From the third on, half of those that have not logged in are turned away.
const FEW: &str = "MaxStartups=2:50:4";

/// As OpenSSH has it since 9.8, but noticed sooner.
const PENALTIES: &str =
    "PerSourcePenalties=authfail:5s noauth:1s refuseconnection:10s min:5s max:60s";

fn few_at_a_time_and_penalties(farm: &mut Farm) -> Result<()> {
    if farm.is_stock() {
        return Ok(());
    }
    // Each hook logs in by itself: shared, one login does for all.
    watched(farm, &[("OFFLOAD_GATEWAY", "0")])?;
    for machine in [&farm.w1, &farm.w2] {
        machine.start_sshd(&[FEW, PENALTIES])?;
    }
    // So long a line that those who log in at once are seen at once.
    let lines = [farm.w1.delay(LINE)?, farm.w2.delay(LINE)?];
    let machines = [
        Machine::of(&farm.w1)?.slots(8).port(lines[0].port()),
        Machine::of(&farm.w2)?.slots(8).port(lines[1].port()),
    ];
    farm.head.write_machines(&machines)?;
    let drv = |i| Drv::new(&format!("crowd{i}")).script("sleep 0.3; echo > $out");
    let built: Result<Vec<Built>> = (0..BUILDS).map(|i| farm.head.add(&drv(i))).collect();
    let built = built?;
    std::thread::scope(|scope| {
        let clients: Vec<_> = built
            .iter()
            .map(|own| {
                let head = &farm.head;
                scope.spawn(move || head.ask_daemon(&[&own.path], &[NO_LOCAL])?.ended(0))
            })
            .collect();
        for client in clients {
            let answer = client.join().unwrap_or_else(|_| unreachable!())?;
            // Who was turned away has come again, and not in vain.
            let vain = answer.text.contains("closes the connection at once");
            ensure!(!vain, "{}", answer.text);
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
    let begun = events.named("asked").map(|it| it.at).min();
    let slowest = events.named("connected").map(|it| it.at).max();
    let slowest = slowest
        .zip(begun)
        .map(|(last, first)| last.saturating_sub(first));
    println!("the last was logged in after {slowest:?}");
    ensure!(slowest < Some(Duration::from_secs(20)), "{slowest:?}");
    for (machine, line) in [&farm.w1, &farm.w2].into_iter().zip(&lines) {
        let name = format!("{}:{}", machine.name(), line.port());
        let said = machine.sshd_log();
        let dropped = said.matches("drop connection").count();
        println!("{name} turned {dropped} away");
        ensure!(!said.contains("penal"), "{name} punishes us: {said}");
        let rest = farm.head.known(&name, "rest");
        ensure!(rest.is_none(), "{name} rests: {rest:?}");
    }
    Ok(())
}
