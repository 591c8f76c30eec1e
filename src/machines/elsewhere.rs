//! Evaluation by this program, executed anew.
//!
//! A child that is merely forked by a process with threads has their locks and
//! none of them. So a hook that is connecting to machines, or waits in line,
//! has the file evaluated by a process of its own, which prints the report.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::child::Limits;
use super::diagnostic::Diagnostic;
use super::evaluate::Report;
use super::message;

/// The command that evaluates the machine file and prints [`encode`]d bytes.
///
/// [`encode`]: message::encode
pub const COMMAND: &str = "evaluate-for-hook";

/// How much longer than an evaluation its process may take.
const BEYOND: Duration = Duration::from_secs(2);

/// Asks for the report on the machine file.
pub fn ask(name: &str, limits: &Limits) -> Report {
    let failed = |what: String| {
        Report::failed(Diagnostic::error(
            "child",
            format!("the evaluation of {name} failed: {what}"),
        ))
    };
    let spawned = Command::new("/proc/self/exe")
        .arg(COMMAND)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return failed(format!("starting a process: {error}")),
    };
    let answer = read(&mut child, limits.time.saturating_add(BEYOND));
    // It has ended, or has nothing to say any more.
    drop(child.kill());
    let status = child.wait();
    match answer {
        Ok(bytes) if bytes.is_empty() => failed(status.map_or_else(
            |error| error.to_string(),
            |status| format!("its process said nothing ({status})"),
        )),
        Ok(bytes) => message::decode(&bytes).unwrap_or_else(|error| failed(error.to_string())),
        Err(error) => failed(error.to_string()),
    }
}

/// All that it prints, as far as a message can be long.
fn read(child: &mut Child, limit: Duration) -> io::Result<Vec<u8>> {
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (sender, answer) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("evaluation".to_owned())
        .spawn(move || {
            let mut bytes = Vec::new();
            let most = u64::try_from(message::LENGTH_MAX).unwrap_or(u64::MAX);
            let read = output.take(most).read_to_end(&mut bytes);
            // The other side may have stopped waiting.
            drop(sender.send(read.map(|_| bytes)));
        })?;
    answer
        .recv_timeout(limit)
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "it does not end"))?
}

/// Prints a report for who asked.
pub fn print(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(&message::encode(report))?;
    out.flush()
}
