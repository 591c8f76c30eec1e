//! The command line: what the program was called as, and what is asked of it.
//!
//! guix-daemon knows this program under two names. As `offload` it is the
//! build hook itself. As `guix` it stands in front of the real `guix`: the
//! command `offload` is ours, everything else is handed on (`front`).

mod arguments;
mod check_config;
mod drain;
mod evaluate;
mod explain;
mod explain_code;
mod farm;
mod front;
mod hold;
mod real_guix;
mod render;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use self::arguments::{Asked, Refused};

/// Runs the program on the process's own arguments.
pub fn run() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    // Nothing may be initialised before this: the real guix must find the
    // process as the daemon made it.
    if front::called_as_guix(&program) && !front::is_ours(&arguments) {
        return fail("guix offload", &front::hand_over(&program, &arguments));
    }
    let name = if front::called_as_guix(&program) {
        "guix offload"
    } else {
        "offload"
    };
    match arguments::parse(without_leading_word(&arguments)) {
        Ok(Asked::Hook(arguments)) => crate::hook::run(&arguments),
        Ok(Asked::Print(text)) => print(name, &text),
        Ok(Asked::CheckConfig(options)) => check_config::run(name, &options),
        Ok(Asked::Drain(order)) => drain::drain(name, &order),
        Ok(Asked::Undrain(machine)) => drain::undrain(name, &machine),
        Ok(Asked::ExplainChoice(question)) => explain::run(name, &question),
        Ok(Asked::HoldConnections) => hold::run(),
        Ok(Asked::Evaluate) => evaluate::run(),
        Ok(Asked::ExplainCode(code)) => explain_code::run(name, code.as_deref()),
        Err(refused) => fail(name, &refused),
    }
}

/// A failure that ends the program, with the exit status that tells it.
trait Fatal: std::error::Error {
    /// The status to exit with.
    fn status(&self) -> u8;
}

impl Fatal for Refused {
    fn status(&self) -> u8 {
        match self {
            Self::Invalid(_) | Self::Reserved(_) => 1,
            Self::Usage { .. } => 2,
        }
    }
}

/// Strips the word `offload`, which daemons since about 2019 put before the
/// hook's arguments and those of before do not (facts: build.cc of either).
fn without_leading_word(arguments: &[OsString]) -> &[OsString] {
    match arguments.split_first() {
        Some((first, rest)) if first == "offload" => rest,
        _ => arguments,
    }
}

/// Writes to standard output; a reader that went away is no error.
fn print(name: &str, text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(
                name,
                "error",
                &format!("cannot write to standard output: {error}"),
            );
            ExitCode::FAILURE
        }
    }
}

fn fail(name: &str, error: &dyn Fatal) -> ExitCode {
    complain(name, "error", &error.to_string());
    ExitCode::from(error.status())
}

/// Writes one message in stock's form, by one `write`.
fn complain(name: &str, severity: &str, message: &str) {
    let line = format!("{name}: {severity}: {message}\n");
    // Nobody is left to tell when standard error is closed.
    drop(io::stderr().write_all(line.as_bytes()));
}

/// An argument as messages show it: in quotes, with nothing in it that a
/// terminal would obey.
fn quoted(argument: &OsStr) -> String {
    format!("{:?}", argument.to_string_lossy())
}

/// The last component of a program's name, as `argv[0]` gives it.
fn base_name(program: &OsStr) -> &[u8] {
    let bytes = program.as_bytes();
    bytes.rsplit(|byte| *byte == b'/').next().unwrap_or(bytes)
}
