//! Child processes.
//!
//! Their standard input is empty; what they print goes where the file's own
//! output goes, which is never the reply. The parent of the evaluation ends
//! those that do not end.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::Table;
use super::arguments::Arguments;
use super::ports::Port;
use super::system::{changed_environment, name_of};
use crate::machines::dependency;
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, foreign, integer, raise, text, view,
};

pub const TABLE: Table = &[
    ("system", system),
    ("system*", system_star),
    ("%run-for-output", run_for_output),
    ("status:exit-val", |values| {
        decoded("status:exit-val", values, |status| status.code())
    }),
    ("status:term-sig", |values| {
        decoded("status:term-sig", values, |status| status.signal())
    }),
    ("status:stop-sig", |values| {
        decoded("status:stop-sig", values, |status| status.stopped_signal())
    }),
];

/// What a child process may say.
const OUTPUT_MAX: u64 = 64 << 20;
/// What Guile reports for a program that cannot be run: exit value 127.
const NOT_RUN: i32 = 127 << 8;

fn command(program: &str, arguments: &[String]) -> Command {
    dependency::note_uncacheable("a child process");
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    for (name, value) in changed_environment() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn shell(line: &str) -> Command {
    command("/bin/sh", &["-c".into(), line.into()])
}

/// The command that the arguments from one on are.
fn of_arguments(arguments: &Arguments<'_>, from: usize) -> Result<Command, Fault> {
    let mut words = Vec::new();
    for index in from..arguments.all().len() {
        words.push(name_of(arguments, index)?.to_string());
    }
    let Some((program, rest)) = words.split_first() else {
        return Err(raise::wrong_number_of_args(text("system*")));
    };
    Ok(command(program, rest))
}

/// Runs a command to its end; its status as the system gives it.
fn run(mut command: Command) -> i32 {
    match command.status() {
        Ok(status) => status.into_raw(),
        Err(_) => NOT_RUN,
    }
}

fn system(values: &[Value]) -> Answer {
    let arguments = Arguments::between("system", values, 0, 1)?;
    if arguments.optional(0).is_none() {
        return Ok(boolean(true));
    }
    let line = name_of(&arguments, 0)?;
    Ok(integer(i64::from(run(shell(&line)))))
}

fn system_star(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("system*", values, 1)?;
    let command = of_arguments(&arguments, 0)?;
    Ok(integer(i64::from(run(command))))
}

/// `(%run-for-output #f LINE)` or `(%run-for-output #t PROGRAM ARGUMENT …)`:
/// a port with what it said, which knows its status.
fn run_for_output(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("open-pipe*", values, 2)?;
    let direct = !matches!(view(arguments.value(0)?), View::Boolean(false));
    let mut command = if direct {
        of_arguments(&arguments, 1)?
    } else {
        shell(&name_of(&arguments, 1)?)
    };
    let (said, status) = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => output_of(child)?,
        Err(_) => (String::new(), NOT_RUN),
    };
    foreign(Port::of_process(said, status))
}

fn output_of(mut child: Child) -> Result<(String, i32), Fault> {
    let failed = |error: std::io::Error| {
        raise::system_error(
            "open-process",
            error.raw_os_error().unwrap_or(5),
            Vec::new(),
        )
    };
    let mut bytes = Vec::new();
    if let Some(output) = child.stdout.take() {
        output
            .take(OUTPUT_MAX)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    let status = child.wait().map_err(failed)?;
    Ok((
        String::from_utf8_lossy(&bytes).into_owned(),
        status.into_raw(),
    ))
}

fn decoded(name: &'static str, values: &[Value], part: fn(ExitStatus) -> Option<i32>) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    let raw = i32::try_from(arguments.integer(0)?).unwrap_or_default();
    let part = part(ExitStatus::from_raw(raw));
    Ok(part.map_or_else(|| boolean(false), |part| integer(i64::from(part))))
}
