//! Builds that are silent, or take, too long.

use std::time::Duration;

use anyhow::{Result, ensure};
use offload_lab::{Drv, Farm};

use crate::pool::cases;

cases![silent, too_long];

fn silent(farm: &mut Farm) -> Result<()> {
    let built = farm
        .head
        .add(&Drv::new("silent").script("echo once; sleep 300"))?;
    let answer = farm
        .head
        .ask_daemon(&[&built.path], &[("build-max-silent-time", "2")])?;
    let answer = answer.ended(101)?;
    ensure!(
        answer.elapsed < Duration::from_secs(15),
        "took {:?}",
        answer.elapsed
    );
    farm.no_builder_left(Duration::from_secs(2))?;
    ensure!(
        farm.w2.build_log(&built.path)?.is_none(),
        "tried on both machines"
    );
    Ok(())
}

fn too_long(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("endless").script("while true; do echo on; sleep 0.2; done");
    let built = farm.head.add(&drv)?;
    let answer = farm
        .head
        .ask_daemon(&[&built.path], &[("build-timeout", "3")])?;
    let answer = answer.ended(101)?;
    ensure!(
        answer.elapsed < Duration::from_secs(15),
        "took {:?}",
        answer.elapsed
    );
    farm.no_builder_left(Duration::from_secs(2))?;
    Ok(())
}
