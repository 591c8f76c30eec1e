//! What the arguments ask for.

use std::ffi::{OsStr, OsString};

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};
use thiserror::Error;

use super::{check_config, drain, explain, quoted};
use crate::gateway::shared;
use crate::hook::Arguments;
use crate::machines::diagnostic::escape;
use crate::machines::elsewhere;

/// Commands of later versions; stock's have the same names.
const RESERVED: [&str; 2] = ["test", "status"];

/// What the program shall do.
#[derive(Debug)]
pub(super) enum Asked {
    /// Serve the daemon as its build hook.
    Hook(Arguments),
    /// Print this text and succeed.
    Print(String),
    /// Say what machine files say, and what is wrong with them.
    CheckConfig(check_config::Options),
    /// Take a machine out of service.
    Drain(drain::Order),
    /// Take one into service again.
    Undrain(String),
    /// Say which machines a build would be given to.
    ExplainChoice(explain::Question),
    /// Hold connections for all hooks.
    HoldConnections,
    /// Evaluate the machine file for a hook that cannot do it in a child of
    /// its own.
    Evaluate,
    /// Say more about a diagnostic's code, or list all.
    ExplainCode(Option<String>),
}

/// Why the arguments ask for nothing that is known.
#[derive(Debug, Error)]
pub(super) enum Refused {
    /// No form of the command line fits; worded as stock words it.
    #[error("invalid arguments:{}", listed(.0))]
    Invalid(Vec<OsString>),
    /// The command belongs to a version that does not exist yet.
    #[error(
        "'{0}' is not implemented yet; stock's is still there: \
         call the real guix by its full name with 'offload {0}'"
    )]
    Reserved(String),
    /// A command is there, but its arguments are wrong.
    #[error("{problem} (see '{command} --help')")]
    Usage {
        /// The command.
        command: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// Parses the arguments behind the program's name and the word `offload`.
pub(super) fn parse(arguments: &[OsString]) -> Result<Asked, Refused> {
    // The daemon's own form first: a hook starts for every build, and the
    // table below costs it more than all the rest of this.
    if let Some(hook) = hook_arguments(arguments) {
        return Ok(Asked::Hook(hook));
    }
    if let Some(first) = arguments.first().and_then(|first| first.to_str())
        && RESERVED.contains(&first)
    {
        return Err(Refused::Reserved(first.to_owned()));
    }
    match arguments.split_first() {
        Some((first, [])) if first == shared::COMMAND => return Ok(Asked::HoldConnections),
        Some((first, [])) if first == elsewhere::COMMAND => return Ok(Asked::Evaluate),
        Some((first, rest)) if first == "check-config" => {
            return parse_check_config(rest);
        }
        Some((first, rest)) if first == "explain-code" => {
            return parse_explain_code(rest);
        }
        Some((first, rest)) if first == "drain" => {
            let asked = |matches: &ArgMatches| Asked::Drain(drain::order(matches));
            return subcommand(drain::drain_table(), "offload drain", rest, asked);
        }
        Some((first, rest)) if first == "undrain" => {
            let asked = |matches: &ArgMatches| Asked::Undrain(drain::machine(matches));
            return subcommand(drain::undrain_table(), "offload undrain", rest, asked);
        }
        Some((first, rest)) if first == "explain" => {
            let asked = |matches: &ArgMatches| Asked::ExplainChoice(explain::question(matches));
            return subcommand(explain::table(), "offload explain", rest, asked);
        }
        _ => {}
    }
    let name = OsString::from("offload");
    match table().try_get_matches_from(std::iter::once(&name).chain(arguments)) {
        Err(answer)
            if matches!(
                answer.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            Ok(Asked::Print(answer.render().to_string()))
        }
        _ => Err(Refused::Invalid(arguments.to_vec())),
    }
}

fn parse_check_config(arguments: &[OsString]) -> Result<Asked, Refused> {
    subcommand(
        check_config_table(),
        "offload check-config",
        arguments,
        |matches| {
            let files = matches.get_many::<OsString>("FILE");
            Asked::CheckConfig(check_config::Options {
                files: files.unwrap_or_default().cloned().collect(),
                json: matches.get_flag("json"),
                strict: matches.get_flag("strict"),
            })
        },
    )
}

fn parse_explain_code(arguments: &[OsString]) -> Result<Asked, Refused> {
    subcommand(
        explain_code_table(),
        "offload explain-code",
        arguments,
        |matches| Asked::ExplainCode(matches.get_one::<String>("CODE").cloned()),
    )
}

fn subcommand(
    table: Command,
    command: &'static str,
    arguments: &[OsString],
    asked: impl FnOnce(&ArgMatches) -> Asked,
) -> Result<Asked, Refused> {
    let table = table.bin_name(command);
    let name = OsString::from(command);
    match table.try_get_matches_from(std::iter::once(&name).chain(arguments)) {
        Ok(matches) => Ok(asked(&matches)),
        Err(answer) if answer.kind() == ErrorKind::DisplayHelp => {
            Ok(Asked::Print(answer.render().to_string()))
        }
        Err(answer) => {
            let text = answer.render().to_string();
            // What is missing is listed on lines of its own.
            let lines = text.lines().map(str::trim);
            let first: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
            let first = first.join(" ");
            let problem = first.strip_prefix("error: ").unwrap_or(&first);
            Err(Refused::Usage {
                command,
                problem: escape(problem),
            })
        }
    }
}

fn check_config_table() -> Command {
    Command::new("check-config")
        .about("Says what machine files say, and what is wrong with them")
        .after_help(
            "Exit status: 0 if the files can be used, 1 if there are errors (with --strict also\n\
             if there are warnings), 2 for wrong usage or a file that is not there.\n\
             As root it looks as the user whom guix-daemon runs as.",
        )
        .arg(
            Arg::new("FILE")
                .num_args(0..)
                .value_parser(clap::value_parser!(OsString))
                .help("Machine files; '-' is standard input [default: /etc/guix/machines.scm]"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print one JSON object"),
        )
        .arg(
            Arg::new("strict")
                .long("strict")
                .action(ArgAction::SetTrue)
                .help("Warnings count as errors"),
        )
}

fn explain_code_table() -> Command {
    Command::new("explain-code")
        .about("Says more about a code of check-config, with an example")
        .arg(Arg::new("CODE").help("Such as machines::unknown-field; without it all are listed"))
}

/// The command line as data.
pub(super) fn table() -> Command {
    Command::new("offload")
        .subcommand(check_config_table())
        .subcommand(explain_code_table())
        .subcommand(explain::table())
        .subcommand(drain::drain_table())
        .subcommand(drain::undrain_table())
        .disable_help_subcommand(true)
        .subcommand_negates_reqs(true)
        .args_conflicts_with_subcommands(true)
        .version(env!("CARGO_PKG_VERSION"))
        .about("Offloads the builds of guix-daemon to the machines of machines.scm")
        .override_usage(
            "offload SYSTEM MAX-SILENT-TIME PRINT-BUILD-TRACE BUILD-TIMEOUT\n       \
             guix offload SYSTEM MAX-SILENT-TIME PRINT-BUILD-TRACE BUILD-TIMEOUT\n       \
             offload check-config [FILE...] [--json] [--strict]\n       \
             offload explain-code [CODE]\n       \
             offload explain --choice SYSTEM [FEATURE...]\n       \
             offload drain MACHINE [--for TIME] [--reason TEXT]\n       \
             offload undrain MACHINE",
        )
        .after_help(
            "guix-daemon starts this program, with requests on standard input: set GUIX in\n\
             its environment to a link named 'guix' to this program (commands other than\n\
             'offload' are handed to the real guix), or NIX_BUILD_HOOK for daemons of before\n\
             2019. The README tells which way fits which installation.",
        )
        .arg(
            Arg::new("SYSTEM")
                .required(true)
                .help("The daemon's own system, such as x86_64-linux"),
        )
        .arg(
            Arg::new("MAX-SILENT-TIME")
                .required(true)
                .help("Seconds that a build may print nothing; 0: no limit"),
        )
        .arg(
            Arg::new("PRINT-BUILD-TRACE")
                .required(true)
                .help("Whether the client wants traces: true, false, 1 or 0"),
        )
        .arg(
            Arg::new("BUILD-TIMEOUT")
                .required(true)
                .help("Seconds that a build may take; 0: no limit"),
        )
}

/// Reads the four arguments of the daemon.
fn hook_arguments(arguments: &[OsString]) -> Option<Arguments> {
    let [system, max_silent, print_trace, build_timeout] = arguments else {
        return None;
    };
    Some(Arguments {
        system: system_name(system)?,
        max_silent: seconds(max_silent)?,
        print_trace: truth(print_trace)?,
        build_timeout: seconds(build_timeout)?,
    })
}

/// The characters are those that stock's request pattern allows.
fn system_name(text: &OsStr) -> Option<String> {
    let text = text.to_str()?;
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    let fits = !text.is_empty() && !text.starts_with('-') && text.chars().all(known);
    fits.then(|| text.to_owned())
}

/// A count of seconds. The daemon prints its own variable, so whatever number
/// a client has set must be taken: refusing ends the client's whole call.
fn seconds(text: &OsStr) -> Option<u64> {
    let text = text.to_str()?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if negative {
        0
    } else {
        digits.parse().unwrap_or(u64::MAX)
    })
}

/// `true` and `false` come from 1.5.0, `1` and `0` from those before.
fn truth(text: &OsStr) -> Option<bool> {
    match text.to_str()? {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn listed(arguments: &[OsString]) -> String {
    let mut list = String::new();
    for argument in arguments {
        list.push(' ');
        list.push_str(&quoted(argument));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::ffi::OsStringExt;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn hook(line: &str) -> Option<Arguments> {
        hook_arguments(&words(line))
    }

    #[test]
    fn arguments_of_every_daemon_are_read() {
        let new = hook("x86_64-linux 3600 true 86400").unwrap();
        assert_eq!(
            (
                new.system.as_str(),
                new.max_silent,
                new.print_trace,
                new.build_timeout
            ),
            ("x86_64-linux", 3600, true, 86400)
        );
        let old = hook("i686-linux 0 0 0").unwrap();
        assert!(!old.print_trace);
        assert!(hook("x86_64-linux 0 1 0").unwrap().print_trace);
        assert!(!hook("x86_64-linux 0 false 0").unwrap().print_trace);
    }

    #[test]
    fn numbers_beyond_all_reason_do_not_end_the_call() {
        let odd = hook("x86_64-linux -1 1 99999999999999999999999").unwrap();
        assert_eq!((odd.max_silent, odd.build_timeout), (0, u64::MAX));
    }

    #[test]
    fn other_forms_are_refused() {
        for line in [
            "",
            "x86_64-linux 0 1",
            "x86_64-linux 0 1 0 0",
            "x86_64-linux a 1 0",
            "x86_64-linux 0 yes 0",
            "x86_64-linux 0 1 -",
            "x86_64-linux 0 1 +1",
            "--help 0 1 0",
            "X 0 1 0",
        ] {
            assert!(hook(line).is_none(), "{line}");
        }
    }

    #[test]
    fn the_message_quotes_as_stock_does() {
        let error = parse(&words("a b")).unwrap_err();
        assert_eq!(error.to_string(), r#"invalid arguments: "a" "b""#);
    }

    #[test]
    fn the_table_is_sound() {
        table().debug_assert();
    }

    proptest! {
        #[test]
        fn nothing_panics(arguments in proptest::collection::vec(
            proptest::collection::vec(1u8.., 0..12), 0..6)) {
            let arguments: Vec<_> = arguments.into_iter().map(OsString::from_vec).collect();
            drop(parse(&arguments).map_err(|refused| refused.to_string()));
        }
    }
}
