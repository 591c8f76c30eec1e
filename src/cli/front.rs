//! Called as `guix`: which commands are ours, and handing the others on.
//!
//! guix-daemon starts `guix` not for building alone: signing and checking
//! (`authenticate`), garbage collection (`gc --list-busy`), downloads
//! (`perform-download`, as a build user), substitutes and discovery come
//! through the same name. The real program takes this process over, with its
//! id, descriptors, arguments, environment, directory and umask; nothing is
//! printed and nothing needed: no HOME, no writable directory, no privilege.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::prctl;
use thiserror::Error;

use super::real_guix::{Search, Setting};
use super::{Fatal, base_name, quoted};

/// Passes through a front in one line of descent before it is called a loop.
const MAX_PASSES: i32 = 15;

/// Below this a timer slack says something else than a count of passes.
const LEAST_SLACK: i32 = 1000;

/// Why a command could not be handed to the real guix.
#[derive(Debug, Error)]
pub(super) enum FrontError {
    /// `OFFLOAD_GUIX` names something that cannot be it.
    #[error("{0}")]
    Setting(#[from] Setting),
    /// Nothing was found.
    #[error(
        "no guix found to hand {command} to; looked for {}; \
         set OFFLOAD_GUIX in guix-daemon's environment to its absolute file name",
        listed(.looked)
    )]
    Absent {
        /// The command, quoted.
        command: String,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// The file is there, the kernel refuses to execute it.
    #[error("cannot execute '{}': {source}", .program.display())]
    Exec {
        /// The file.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was taken for the real guix calls us.
    #[error(
        "'{}' calls this program again instead of being the real guix; \
         set OFFLOAD_GUIX in guix-daemon's environment to the real one's absolute file name",
        .0.display()
    )]
    Loop(PathBuf),
}

impl Fatal for FrontError {
    /// As a shell's: 127 not found, 126 found and not to be executed.
    fn status(&self) -> u8 {
        match self {
            Self::Setting(_) | Self::Absent { .. } => 127,
            Self::Exec { .. } | Self::Loop(_) => 126,
        }
    }
}

/// Tells whether `argv[0]` ends in `guix`.
pub(super) fn called_as_guix(program: &OsStr) -> bool {
    base_name(program) == b"guix"
}

/// Tells whether a front answers this command itself.
pub(super) fn is_ours(arguments: &[OsString]) -> bool {
    arguments
        .first()
        .is_some_and(|command| command == "offload")
}

/// Becomes the real guix; returns only if it cannot.
pub(super) fn hand_over(program: &OsStr, arguments: &[OsString]) -> FrontError {
    let search = match Search::new() {
        Ok(search) => search,
        Err(setting) => return setting.into(),
    };
    let mut refused = None;
    for candidate in search.candidates() {
        let passes = match Passes::read() {
            Some(passes) if passes.is_loop() => return FrontError::Loop(candidate),
            passes => passes,
        };
        if let Some(passes) = &passes {
            passes.write(1);
        }
        let source = become_program(&candidate, program, arguments);
        if let Some(passes) = &passes {
            passes.write(0);
        }
        refused.get_or_insert(FrontError::Exec {
            program: candidate,
            source,
        });
    }
    refused.unwrap_or_else(|| FrontError::Absent {
        command: arguments.first().map_or_else(
            || "a call without arguments".to_owned(),
            |word| quoted(word),
        ),
        looked: search.looked(),
    })
}

/// Executes `file` in this process.
///
/// The standard library leaves everything as it is but for one thing that it
/// puts right: at start it made SIGPIPE ignored, here it becomes the default
/// again, as the daemon has it.
fn become_program(file: &Path, called: &OsStr, arguments: &[OsString]) -> io::Error {
    // The daemon's convention: argv[0] is the file that is executed, except
    // for `guix discover`, where it is the plain word.
    let zeroth = if called.as_bytes().contains(&b'/') {
        file.as_os_str()
    } else {
        called
    };
    Command::new(file).arg0(zeroth).args(arguments).exec()
}

/// How often this process came through a front, its ancestors included.
///
/// A script that is taken for the real guix and calls us would be executed
/// for ever. What could stop it must outlive `exec` and `fork`, and neither
/// environment nor arguments nor descriptors may change. The timer slack
/// (prctl(2)) does: the count is kept in its last four bits, a few
/// nanoseconds of a default of 50,000, all of whose bits there are zero.
struct Passes {
    slack: i32,
}

impl Passes {
    /// `None` where the kernel does not say, or where the value is so small
    /// that these bits are part of it.
    fn read() -> Option<Self> {
        let slack = prctl::get_timerslack().ok()?;
        (slack >= LEAST_SLACK).then_some(Self { slack })
    }

    fn is_loop(&self) -> bool {
        self.slack & MAX_PASSES == MAX_PASSES
    }

    /// Sets the count to what was read and `more`; without it a loop is only
    /// not noticed.
    fn write(&self, more: i32) {
        if let Ok(slack) = u64::try_from(self.slack.saturating_add(more)) {
            prctl::set_timerslack(slack).unwrap_or_default();
        }
    }
}

fn listed(files: &[PathBuf]) -> String {
    let names: Vec<_> = files
        .iter()
        .map(|file| format!("'{}'", file.display()))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_last_component() {
        for name in [
            "guix",
            "/usr/local/libexec/offload/guix",
            "./guix",
            "//guix",
        ] {
            assert!(called_as_guix(OsStr::new(name)), "{name}");
        }
        for name in [
            "",
            "offload",
            "/x/guix/offload",
            "guix/",
            "guix-daemon",
            "xguix",
        ] {
            assert!(!called_as_guix(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn only_the_first_word_makes_it_ours() {
        let words = |line: &str| -> Vec<OsString> { line.split(' ').map(Into::into).collect() };
        assert!(is_ours(&words("offload x86_64-linux 0 1 0")));
        assert!(!is_ours(&words("gc offload")));
        assert!(!is_ours(&[]));
    }

    #[test]
    fn a_count_that_is_full_is_a_loop() {
        assert!(Passes { slack: 50_015 }.is_loop());
        assert!(!Passes { slack: 50_014 }.is_loop());
        assert!(!Passes { slack: 50_000 }.is_loop());
    }
}
