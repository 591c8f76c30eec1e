//! Builders that fail: the client gets the status and the whole log, and no
//! other machine is tried in vain.

use anyhow::{Result, ensure};
use offload_lab::{Built, Drv, Farm};

use crate::pool::cases;

cases![
    status_and_log,
    a_hundred_thousand_lines_in_the_last_instant,
    a_hundred_thousand_lines_of_a_good_build,
    fixed_output_whose_builder_fails,
    fixed_output_with_the_wrong_hash,
    no_output,
    guix_build_says_so,
];

fn status_and_log(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("fails").script("echo first words; echo last words >&2; exit 3");
    let built = fails(farm, &drv, 100)?;
    let log = farm.head.build_log(&built.path)?.unwrap_or_default();
    ensure!(
        log.contains("first words\nlast words\n"),
        "the log holds {log:?}"
    );
    let tried = [&farm.w1, &farm.w2].map(|host| host.build_log(&built.path));
    let logs = tried.into_iter().collect::<Result<Vec<_>>>()?;
    ensure!(logs.iter().flatten().count() == 1, "tried on: {logs:?}");
    Ok(())
}

fn a_hundred_thousand_lines_in_the_last_instant(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("loud").script("seq 1 100000; exit 1");
    let built = fails(farm, &drv, 100)?;
    whole_log(farm, &built)
}

fn a_hundred_thousand_lines_of_a_good_build(farm: &mut Farm) -> Result<()> {
    let (built, finished) = farm.build(&Drv::new("talks").script("echo > $out; seq 1 100000"))?;
    finished.succeeded()?;
    farm.came_back(&built)?;
    whole_log(farm, &built)
}

fn fixed_output_whose_builder_fails(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("download")
        .fixed_file(b"x")
        .script("echo no network; exit 1");
    // The daemon makes 1 of the hook's 100 where the output is fixed.
    let built = fails(farm, &drv, 1)?;
    let log = farm.head.build_log(&built.path)?.unwrap_or_default();
    let tries = log.matches("no network").count();
    ensure!(tries == 2, "{tries} machines tried; the log holds {log:?}");
    Ok(())
}

fn fixed_output_with_the_wrong_hash(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("forged")
        .fixed_file(b"right")
        .script("echo -n wrong > $out");
    let built = fails(farm, &drv, 1)?;
    let log = farm.head.build_log(&built.path)?.unwrap_or_default();
    let tries = log.matches("hash mismatch").count();
    ensure!(tries == 1, "{tries} machines tried; the log holds {log:?}");
    Ok(())
}

fn no_output(farm: &mut Farm) -> Result<()> {
    fails(farm, &Drv::new("empty").script("echo done nothing"), 100)?;
    Ok(())
}

fn guix_build_says_so(farm: &mut Farm) -> Result<()> {
    let (built, finished) = farm.build(&Drv::new("fails").script("echo these words; exit 9"))?;
    finished
        .failed()?
        .says("these words")?
        .says(&format!("build of {} failed", built.path))?;
    Ok(())
}

/// Insists that a build fails with a status; nothing is then registered.
fn fails(farm: &Farm, drv: &Drv, status: u64) -> Result<Built> {
    let built = farm.head.add(drv)?;
    let answer = farm.head.ask_daemon(&[&built.path], &[])?;
    answer.ended(status)?;
    for output in built.outputs.values() {
        ensure!(!farm.head.is_valid(output)?, "{output} is valid");
        ensure!(!farm.head.path(output).exists(), "{output} is there");
    }
    Ok(built)
}

/// Insists that the log has all lines of `seq 1 100000`, in order.
fn whole_log(farm: &Farm, built: &Built) -> Result<()> {
    let log = farm.head.build_log(&built.path)?.unwrap_or_default();
    let numbers = log.lines().filter_map(|l| l.parse::<u32>().ok());
    ensure!(
        numbers.eq(1..=100_000),
        "the log ends with {:?}",
        log.lines().last()
    );
    Ok(())
}
