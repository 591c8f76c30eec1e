//! The machine file, looked at again while a build waits: a machine that it
//! gains is used by those already in line, and one that it loses is not.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::answer::{errors, evaluate};
use super::context::Context;
use crate::machines::record::BuildMachine;

/// How often it is evaluated although it looks the same: files that it reads
/// may have changed.
const AT_LEAST: Duration = Duration::from_secs(60);

/// What a file looks like from outside; `None`: it is not there.
type Looks = Option<(u64, u64, i64, i64, i64, i64)>;

/// When the machine file was read, and what it looked like then.
#[derive(Clone, Debug)]
pub struct Reread {
    looks: Looks,
    at: Instant,
    told: Vec<String>,
}

impl Reread {
    /// To be made before the file is read.
    pub fn before_reading(file: &Path) -> Self {
        Self {
            looks: looks(file),
            at: Instant::now(),
            told: Vec::new(),
        }
    }

    /// The machines of the file, if it may have changed.
    ///
    /// While it is wrong as a whole, those of before count: somebody is at
    /// work on it.
    pub fn machines(&mut self, context: &Context) -> Option<Vec<BuildMachine>> {
        let now = looks(&context.settings.machine_file);
        if now == self.looks && self.at.elapsed() < AT_LEAST {
            return None;
        }
        self.looks = now;
        self.at = Instant::now();
        let evaluation = evaluate(context);
        let errors = errors(&evaluation);
        for error in errors.iter().filter(|error| !self.told.contains(error)) {
            context.journal.say(error);
        }
        let is_wrong = !errors.is_empty() && evaluation.machines.is_empty();
        self.told = errors;
        (!is_wrong).then_some(evaluation.machines)
    }
}

fn looks(file: &Path) -> Looks {
    let seen = std::fs::metadata(file).ok()?;
    Some((
        seen.ino(),
        seen.size(),
        seen.mtime(),
        seen.mtime_nsec(),
        seen.ctime(),
        seen.ctime_nsec(),
    ))
}
