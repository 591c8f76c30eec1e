//! Items of 200 MB, and many.

use anyhow::{Result, ensure};
use offload_lab::{Drv, Farm, Node};

use crate::pool::cases;

cases![both_ways_in_little_memory, many_inputs];

const SIZE: u64 = 200 << 20;

fn both_ways_in_little_memory(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("large")
        .source("noise", Node::noise(SIZE))
        .script("mkdir $out; cat $noise > $out/noise; echo $noise > $out/name");
    let built = farm.head.add(&drv)?;
    let watch = farm.head.watch_memory(farm.hook());
    let finished = farm.head.guix_build(&[&built.path]).run()?.succeeded()?;
    let peak = watch.kib();
    println!("200 MB both ways in {:?}, {peak} KiB", finished.elapsed);
    farm.came_back(&built)?;
    for host in farm.hosts() {
        host.collect_garbage()?;
    }
    ensure!(
        farm.is_stock() || peak < 64 << 10,
        "the hook had {peak} KiB resident"
    );
    ensure!(peak > 0, "no hook was seen");
    Ok(())
}

fn many_inputs(farm: &mut Farm) -> Result<()> {
    let mut drv = Drv::new("many").script("cat $s* > $out; set | grep -c '^s[0-9]' >> $out");
    for i in 0..500 {
        drv = drv.text(&format!("s{i}"), format!("{i}\n"));
    }
    let (built, finished) = farm.build(&drv)?;
    finished.succeeded()?;
    farm.came_back(&built)?;
    Ok(())
}
