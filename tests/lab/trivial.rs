//! Builds that go through.

use anyhow::{Result, ensure};
use offload_lab::{Drv, Farm, Hook};

use crate::pool::cases;

cases![
    one_build,
    through_an_extension,
    what_is_there_already_is_not_asked_for
];

fn one_build(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("trivial");
    let (built, finished) = farm.build(&drv)?;
    finished
        .succeeded()?
        .says(&format!("building {}", drv.name()))?;
    let machine = farm.came_back(&built)?;
    ensure!(
        machine.name() == "w1",
        "the fastest machine comes first, not {}",
        machine.name()
    );
    let log = farm.head.build_log(&built.path)?.unwrap_or_default();
    ensure!(
        log.contains(&format!("building {}", drv.name())),
        "the log holds {log:?}"
    );
    Ok(())
}

fn through_an_extension(farm: &mut Farm) -> Result<()> {
    let Some(program) = farm.program().cloned() else {
        return Ok(());
    };
    let mut options = farm.normal_options();
    options.hook = Hook::Extension(program);
    farm.head_daemon(options)?;
    let (built, finished) = farm.build(&Drv::new("extension"))?;
    finished.succeeded()?;
    farm.came_back(&built)?;
    Ok(())
}

fn what_is_there_already_is_not_asked_for(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("both")
        .outputs(&["out", "lib"])
        .script("echo 1 > $out; echo 2 > $lib");
    let (built, finished) = farm.build(&drv)?;
    finished.succeeded()?;
    farm.came_back(&built)?;
    let before = farm.head.row(built.out())?;
    farm.head
        .with_daemon(|d| d.collect(&[built.output("lib").to_owned()]))?;
    ensure!(!farm.head.is_valid(built.output("lib"))?, "not collected");
    farm.head.guix_build(&[&built.path]).run()?.succeeded()?;
    ensure!(
        farm.head.row(built.out())? == before,
        "the valid output was touched"
    );
    farm.came_back(&built)?;
    Ok(())
}
