//! Machines taken out of service: a file each, named after the machine.

use std::io;

use super::folder::{File, Folder, is_name};
use super::{Drain, Ledger};
use crate::clock::Moment;
use crate::machines::record::BuildMachine;
use crate::schedule::evidence::one_line;

/// The first line.
const VERSION: &str = "offload drain 1";

/// Longest file.
const MAX_TEXT: usize = 4096;

/// More machines than these are not drained one by one.
const MAX_DRAINS: usize = 10_000;

/// A machine that is out of service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drained {
    /// As it was named: by its name or as `NAME:PORT`.
    pub name: String,
    /// Until when and why.
    pub drain: Drain,
}

impl Drained {
    /// Tells whether it is this machine.
    pub fn names(&self, machine: &BuildMachine) -> bool {
        names(&self.name, machine)
    }
}

/// Tells whether a machine is called so, by its name or as `NAME:PORT`.
pub fn names(name: &str, machine: &BuildMachine) -> bool {
    let Some(rest) = name.strip_prefix(machine.name.as_str()) else {
        return false;
    };
    rest.is_empty() || rest.strip_prefix(':') == Some(machine.port.to_string().as_str())
}

impl Ledger {
    /// The word about a machine's service, if there is one that holds.
    pub fn drained(&self, machine: &BuildMachine) -> Option<Drain> {
        let drains = self.drains().into_iter();
        let mut ours = drains.filter(|drained| drained.names(machine));
        ours.next().map(|drained| drained.drain)
    }

    /// All machines that are out of service, by name.
    pub fn drains(&self) -> Vec<Drained> {
        let Some(folder) = self.folder(&self.drained) else {
            return Vec::new();
        };
        let mut names = folder.names().unwrap_or_default();
        names.sort_unstable();
        names.truncate(MAX_DRAINS);
        let now = Moment::now();
        let mut bytes = Vec::new();
        let drains = names.into_iter().filter_map(|name| {
            let read = folder.read(&name, MAX_TEXT, &mut bytes);
            let drain = match read {
                Ok(File::Read) => parse(&bytes),
                _ => None,
            };
            if drain.is_none() {
                log::debug!("the drain of '{name}' cannot be read");
            }
            Some(Drained {
                name,
                drain: drain?,
            })
        });
        drains
            .filter(|drained| !drained.drain.is_over(now))
            .collect()
    }

    /// Takes a machine out of service: it gets no new builds.
    pub fn drain(&self, name: &str, until: Option<Moment>, reason: &str) -> io::Result<()> {
        if !is_name(name) {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let drain = Drain {
            until,
            reason: one_line(reason),
        };
        Folder::make(&self.drained, self.owner)?.write(name, print(&drain).as_bytes())
    }

    /// Takes it into service again; tells whether it was out of it.
    pub fn undrain(&self, name: &str) -> io::Result<bool> {
        if !is_name(name) {
            return Ok(false);
        }
        match Folder::open(&self.drained, self.owner) {
            Ok(folder) => folder.remove(name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn print(drain: &Drain) -> String {
    let until = drain
        .until
        .map_or("-".to_owned(), |until| until.0.to_string());
    format!("{VERSION}\nuntil {until}\nreason {}\n", drain.reason)
}

fn parse(text: &[u8]) -> Option<Drain> {
    let text = std::str::from_utf8(text).ok()?;
    let mut lines = text.lines();
    if lines.next()? != VERSION {
        return None;
    }
    let until = match lines.next()?.strip_prefix("until ")? {
        "-" => None,
        millis => Some(Moment(millis.parse().ok()?)),
    };
    let reason = one_line(lines.next()?.strip_prefix("reason ")?);
    Some(Drain { until, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::sample::machine;
    use proptest::prelude::*;

    #[test]
    fn machines_are_called_by_name_or_with_their_port() {
        let odd = BuildMachine {
            port: 2222,
            ..machine("::1")
        };
        assert!(names("::1", &odd));
        assert!(names("::1:2222", &odd));
        assert!(!names("::1:22", &odd));
        assert!(!names("::12222", &odd));
        assert!(names("w1:22", &machine("w1")));
        assert!(!names("w10", &machine("w1")));
        assert!(!names("w", &machine("w1")));
        assert!(!names("", &machine("w1")));
    }

    proptest! {
        #[test]
        fn drains_come_back(until: Option<u64>, reason in ".{0,50}") {
            let drain = Drain { until: until.map(Moment), reason: one_line(&reason) };
            prop_assert_eq!(parse(print(&drain).as_bytes()), Some(drain));
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            drop(parse(&bytes));
            let mut text = format!("{VERSION}\nuntil ").into_bytes();
            text.extend(bytes);
            drop(parse(&text));
        }
    }
}
