//! More work than slots.

use std::time::Duration;

use anyhow::{Result, ensure};
use offload_lab::{Drv, Farm, sys::wait_until};

use crate::pool::cases;

cases![all_taken, never_more_builds_than_slots];

fn all_taken(farm: &mut Farm) -> Result<()> {
    let mut held = Vec::new();
    for machine in ["w1:22", "w2:22"] {
        for number in 0..2 {
            held.push(farm.head.take_slot(machine, number)?);
        }
    }
    let built = farm.head.add(&Drv::new("waits"))?;
    let mut client = farm.head.start_build(&[&built.path])?;
    wait_until("a hook runs", Duration::from_secs(10), || {
        Ok(!farm.head.hooks()?.is_empty())
    })?;
    std::thread::sleep(Duration::from_millis(500));
    ensure!(client.runs()?, "it did not wait: {}", client.output());
    ensure!(!farm.head.is_valid(built.out())?, "built without a slot");
    drop(held);
    client.wait(Duration::from_secs(30))?.succeeded()?;
    farm.came_back(&built)?;
    Ok(())
}

fn never_more_builds_than_slots(farm: &mut Farm) -> Result<()> {
    let drvs: Vec<Drv> = (0..6)
        .map(|i| Drv::new(&format!("crowd{i}")).script("echo started; sleep 1; echo > $out"))
        .collect();
    let built = drvs
        .iter()
        .map(|d| farm.head.add(d))
        .collect::<Result<Vec<_>>>()?;
    let paths: Vec<&str> = built.iter().map(|b| b.path.as_str()).collect();
    let mut client = farm.head.start_build(&paths)?;
    let mut most = 0;
    while client.runs()? {
        for machine in [&farm.w1, &farm.w2] {
            most = most.max(machine.builds_running()?.len());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    client.wait(Duration::from_secs(60))?.succeeded()?;
    ensure!(most == 2, "{most} builds at once on a machine with 2 slots");
    built.iter().try_for_each(|b| farm.came_back(b).map(drop))
}
