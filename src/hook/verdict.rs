//! What a build machine's refusal means: the builder's failure, a time limit,
//! or trouble of that machine.

use std::path::Path;
use std::time::Duration;

use super::attempts::{Failure, Fault};
use super::work::Work;
use crate::daemon::error::{STATUS_BUILD_FAILED, STATUS_TIMED_OUT};
use crate::events::{amount, printable};
use crate::gateway::Route;
use crate::schedule::evidence::FailureKind;
use crate::store::path::StoreDir;

/// Below this a failure is blamed on the disk, as stock does.
const LOW_SPACE: u64 = 10 << 20;

/// How long a machine may take to tell its free space.
const LOOK: Duration = Duration::from_secs(10);

/// Most of a command's output that is looked at.
const MAX_OUTPUT: u64 = 16 * 1024;

/// A build that the remote daemon did not do.
pub struct Refused<'a> {
    /// The build.
    pub work: &'a Work,
    /// The machine.
    pub machine: &'a str,
    /// The daemon's last word.
    pub message: &'a str,
    /// Its status.
    pub status: u64,
    /// The end of the log.
    pub log_tail: &'a str,
    /// What is free in the machine's store, if it can be told.
    pub free_bytes: Option<u64>,
}

/// Judges a refused build.
///
/// Free space is looked at first: a full disk makes builders fail. Then the
/// status; a fixed output's failure comes as 1 like any trouble of the
/// daemon's, and only its own last words tell (measured, 1.5.0).
pub fn of_refused_build(refused: &Refused<'_>) -> Failure {
    let Refused {
        work,
        machine,
        message,
        ..
    } = refused;
    let text = format!(
        "derivation '{}' offloaded to '{machine}' failed: {message}",
        work.path
    );
    if let Some(free) = refused.free_bytes.filter(|free| *free < LOW_SPACE) {
        return Failure::new(
            Fault::Machine(FailureKind::LowSpace),
            format!(
                "{text}; that may be for lack of disk space on '{machine}': {} are free",
                amount(free)
            ),
        )
        .with_hint(Some(format!("run on '{machine}': guix gc")));
    }
    match refused.status {
        STATUS_BUILD_FAILED => Failure::new(Fault::Builder, text),
        STATUS_TIMED_OUT => Failure::new(Fault::TimeLimit, text),
        _ => match own_words(work, refused.log_tail) {
            Some(Words::Builder) if work.derivation.fixed_output().is_some() => {
                Failure::new(Fault::Download, text)
            }
            Some(_) => Failure::new(Fault::Builder, text),
            None => Failure::new(Fault::Machine(FailureKind::Passing), text),
        },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    Builder,
    Output,
}

/// The remote daemon's own last words about this very derivation.
fn own_words(work: &Work, tail: &str) -> Option<Words> {
    const LINES: usize = 6;
    let derivation = work.path.as_str();
    for line in tail
        .lines()
        .rev()
        .filter(|line| !line.is_empty())
        .take(LINES)
    {
        let names_it = line.contains(derivation);
        if names_it
            && line.contains("builder for")
            && line.contains("failed to produce output path")
        {
            return Some(Words::Output);
        }
        if names_it && line.contains("builder for") && line.contains("failed") {
            return Some(Words::Builder);
        }
        let names_output = work
            .derivation
            .output_paths()
            .any(|output| line.contains(output.as_str()));
        if names_output
            && (line.contains("hash mismatch for store item")
                || line.contains("failed to produce output path"))
        {
            return Some(Words::Output);
        }
    }
    None
}

/// The machine does not take what this host signs.
pub fn unauthorised(machine: &str, configuration_dir: &Path) -> Failure {
    let file = configuration_dir.join("signing-key.pub");
    let key = std::fs::read_to_string(&file).map_or_else(
        |_| format!("the contents of {}", file.display()),
        |key| key.split_whitespace().collect::<Vec<_>>().join(" "),
    );
    Failure::new(
        Fault::Machine(FailureKind::UnauthorisedSigningKey),
        format!(
            "'{machine}' does not authorise this host's signing key {}",
            file.display()
        ),
    )
    .with_hint(Some(format!(
        "run as root on '{machine}': echo '{}' | guix archive --authorize",
        printable(&key)
    )))
}

/// What is free in the machine's store; `None` where no command can tell.
pub fn free_bytes(connection: &Route, dir: &StoreDir) -> Option<u64> {
    let command = format!("df -Pk '{}'", dir.as_str());
    let output = connection
        .exec(&command)
        .and_then(|exec| exec.output(MAX_OUTPUT, LOOK))
        .map_err(|error| log::debug!("free space is unknown: {error}"))
        .ok()?;
    parse_df(&String::from_utf8_lossy(&output.stdout))
}

/// Reads the fourth column of the last line, in KiB (POSIX, `df -P -k`).
fn parse_df(text: &str) -> Option<u64> {
    let line = text.lines().last()?;
    let free: u64 = line.split_whitespace().nth(3)?.parse().ok()?;
    Some(free.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::derivation::Derivation;
    use std::collections::{BTreeMap, BTreeSet};

    const DRV: &str = "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-f1.drv";
    const OUT: &str = "/gnu/store/3n2ndm96wd31b5sg5fz8yflwahzp9yb6-f1";

    fn work(fixed: bool) -> Work {
        let dir = StoreDir::default();
        let hash = if fixed {
            (
                "r:sha256",
                "34ca3ac63094d1d5751f741101692a78f95eedf10744b088129fc324dfd0f603",
            )
        } else {
            ("", "")
        };
        let text = format!(
            "Derive([(\"out\",\"{OUT}\",\"{}\",\"{}\")],[],[],\"x86_64-linux\",\"/bin/sh\",[],[(\"out\",\"{OUT}\")])",
            hash.0, hash.1
        );
        Work {
            path: crate::store::path::StorePath::parse(&dir, DRV.as_bytes()).unwrap(),
            derivation: Derivation::parse(&dir, text.as_bytes()).unwrap(),
            outputs: Vec::new(),
            closure: BTreeMap::new(),
            direct: Vec::new(),
            references: BTreeSet::new(),
        }
    }

    fn judge(fixed: bool, status: u64, tail: &str, free: Option<u64>) -> Fault {
        let work = work(fixed);
        of_refused_build(&Refused {
            work: &work,
            machine: "w1",
            message: "build failed",
            status,
            log_tail: tail,
            free_bytes: free,
        })
        .fault
    }

    #[test]
    fn the_status_counts_unless_the_disk_is_full() {
        let machine = Fault::Machine(FailureKind::Passing);
        let full = Fault::Machine(FailureKind::LowSpace);
        assert_eq!(judge(false, 100, "", None), Fault::Builder);
        assert_eq!(judge(false, 100, "", Some(LOW_SPACE)), Fault::Builder);
        assert_eq!(judge(false, 100, "", Some(LOW_SPACE - 1)), full);
        assert_eq!(judge(false, 101, "", None), Fault::TimeLimit);
        assert_eq!(judge(false, 1, "", None), machine);
        assert_eq!(judge(false, 1, "cannot fork", None), machine);
    }

    #[test]
    fn a_fixed_output_s_failure_is_told_by_the_daemon_s_own_words() {
        let failed = format!("blah\nbuilder for `{DRV}' failed with exit code 3\n");
        assert_eq!(judge(true, 1, &failed, None), Fault::Download);
        let missing = format!("builder for `{DRV}' failed to produce output path `{OUT}'\n");
        assert_eq!(judge(false, 1, &missing, None), Fault::Builder);
        let mismatch =
            format!("hash mismatch for store item '{OUT}':\n  expected: 1\n  actual: 2\n");
        assert_eq!(judge(true, 1, &mismatch, None), Fault::Builder);
        let other = "builder for `/gnu/store/x-other.drv' failed with exit code 3\n";
        assert_eq!(
            judge(true, 1, other, None),
            Fault::Machine(FailureKind::Passing)
        );
    }

    #[test]
    fn free_space_as_posix_prints_it() {
        let text =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 100 60 40 60% /\n";
        assert_eq!(parse_df(text), Some(40 * 1024));
        assert_eq!(parse_df(""), None);
        assert_eq!(parse_df("a b c d"), None);
    }
}
