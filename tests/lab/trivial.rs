//! Builds that go through.

use anyhow::Result;
use offload_lab::{Drv, Farm};

use crate::pool::cases;

cases![one_build];

fn one_build(farm: &mut Farm) -> Result<()> {
    let (built, finished) = farm.build(&Drv::new("trivial"))?;
    finished.succeeded()?;
    farm.came_back(&built)?;
    Ok(())
}
