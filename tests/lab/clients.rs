//! Several clients at once.

use std::time::Duration;

use anyhow::Result;
use offload_lab::{Drv, Farm};

use crate::pool::cases;

cases![
    two_with_different_work,
    two_with_the_same_work,
    many_builds_of_one
];

const LONG: Duration = Duration::from_secs(90);

fn two_with_different_work(farm: &mut Farm) -> Result<()> {
    let script = "echo started; sleep 1; echo > $out";
    let one = farm.head.add(&Drv::new("one").script(script))?;
    let two = farm.head.add(&Drv::new("two").script(script))?;
    let first = farm.head.start_build(&[&one.path])?;
    let second = farm.head.start_build(&[&two.path])?;
    first.wait(LONG)?.succeeded()?;
    second.wait(LONG)?.succeeded()?;
    farm.came_back(&one)?;
    farm.came_back(&two)?;
    Ok(())
}

fn two_with_the_same_work(farm: &mut Farm) -> Result<()> {
    let built = farm
        .head
        .add(&Drv::new("same").script("echo started; sleep 1; echo > $out"))?;
    let first = farm.head.start_build(&[&built.path])?;
    let second = farm.head.start_build(&[&built.path])?;
    first.wait(LONG)?.succeeded()?;
    second.wait(LONG)?.succeeded()?;
    farm.came_back(&built)?;
    Ok(())
}

fn many_builds_of_one(farm: &mut Farm) -> Result<()> {
    let mut machines = farm.machines()?;
    for machine in &mut machines {
        machine.parallel_builds = 8;
    }
    farm.head.write_machines(&machines)?;
    let drvs: Vec<Drv> = (0..12).map(|i| Drv::new(&format!("many{i}"))).collect();
    let built = drvs
        .iter()
        .map(|d| farm.head.add(d))
        .collect::<Result<Vec<_>>>()?;
    let paths: Vec<&str> = built.iter().map(|b| b.path.as_str()).collect();
    farm.head.start_build(&paths)?.wait(LONG)?.succeeded()?;
    built.iter().try_for_each(|b| farm.came_back(b).map(drop))
}
