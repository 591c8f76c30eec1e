//! A server that forwards no sockets: the same by commands.

use anyhow::{Result, ensure};
use offload_lab::{Drv, Farm, Machine};

use crate::pool::cases;

cases![refused_by_the_server, refused_for_the_key];

fn refused_by_the_server(farm: &mut Farm) -> Result<()> {
    farm.w1.start_sshd(&["AllowStreamLocalForwarding no"])?;
    everything_works(farm)
}

fn refused_for_the_key(farm: &mut Farm) -> Result<()> {
    farm.w1
        .authorize_ssh(&[&format!("no-port-forwarding {}", farm.head.ssh_key()?)])?;
    everything_works(farm)
}

fn everything_works(farm: &Farm) -> Result<()> {
    farm.head.write_machines(&[Machine::of(&farm.w1)?])?;
    let input = Drv::new("input").script("mkdir $out; echo $out > $out/file");
    let drv = Drv::new("by-command")
        .outputs(&["out", "lib"])
        .input("input", &input)
        .script("echo words; mkdir $lib; ln -s $lib $out; cp $input/file $lib");
    let (built, finished) = farm.build(&drv)?;
    finished.succeeded()?.says("words")?;
    farm.came_back(&built)?;
    let failing = farm
        .head
        .add(&Drv::new("fails").script("seq 1 100000; exit 1"))?;
    farm.head.ask_daemon(&[&failing.path], &[])?.ended(100)?;
    let log = farm.head.build_log(&failing.path)?.unwrap_or_default();
    ensure!(log.contains("\n100000\n"), "the end of the log is lost");
    let silent = farm.head.add(&Drv::new("silent").script("sleep 300"))?;
    farm.head
        .ask_daemon(&[&silent.path], &[("build-max-silent-time", "2")])?
        .ended(101)?;
    Ok(())
}
