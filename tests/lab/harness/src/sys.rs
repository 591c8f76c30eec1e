//! Programs run on the machine itself, and waiting with a limit.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs a program to its end and gives what it wrote to standard output.
///
/// A status other than 0 is an error that holds its standard error.
pub fn run(command: &mut Command) -> Result<String> {
    let name = format!("{command:?}");
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        bail!(
            "{name} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a line of shell on the machine itself.
pub fn shell(line: &str) -> Result<String> {
    run(Command::new("sh").arg("-ec").arg(line))
}

/// Waits until a condition holds; tells how long that took.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut holds: impl FnMut() -> Result<bool>,
) -> Result<Duration> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if holds().with_context(|| format!("while waiting: {what}"))? {
            return Ok(start.elapsed());
        }
        if start.elapsed() > limit {
            bail!("not within {limit:?}: {what}");
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Gives a tag that no earlier call gave, short enough for a store item's name.
pub fn unique() -> String {
    format!("{:010x}", fastrand::u64(..1 << 40))
}
