//! One build, several machines: what follows a failure, as a pure function.

use std::time::Duration;

use super::exit::Exit;
use crate::schedule::evidence::FailureKind;

/// Whose fault a failure is, and with that what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The machine, the way to it, or its daemon: another may do better.
    Machine(FailureKind),
    /// The builder failed: it would fail everywhere.
    Builder,
    /// The builder of a fixed output failed, as a download does when a
    /// machine has no network: one more machine may try.
    Download,
    /// A time limit of the client's ended the build.
    TimeLimit,
    /// The process that held the connection is gone: the same machine again,
    /// at once.
    Holder,
    /// Our own disk, database or keys.
    Local,
}

/// Why a try failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whose fault it is.
    pub fault: Fault,
    /// What happened, for an administrator.
    pub message: String,
    /// What to do about it: a command or a line of configuration.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
            hint: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Message and hint as lines.
    pub fn text(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}

/// A message, and a hint on a line of its own.
pub fn with_hint(message: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{message}\nhint: {hint}"),
        None => message.to_owned(),
    }
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try a machine that has not failed in this round.
    Another,
    /// Stand in line again, for the first machine that comes back, also one
    /// that was tried before; at most for so long.
    Line(Duration),
    /// Give up with this status.
    End(Exit),
}

/// The tries of one build.
#[derive(Debug)]
pub struct Attempts {
    limit: u32,
    patience: Duration,
    in_round: u32,
    passing: bool,
    download_retried: bool,
}

impl Attempts {
    /// At most `limit` machines in a round, rounds for as long as `patience`.
    pub fn new(limit: u32, patience: Duration) -> Self {
        Self {
            limit,
            patience,
            in_round: 0,
            passing: false,
            download_retried: false,
        }
    }

    /// Decides after a failure; `untried` machines match and have not failed
    /// in this round, `waited` is the time since the first failure.
    pub fn after(&mut self, fault: Fault, untried: usize, waited: Duration) -> Next {
        match fault {
            Fault::Builder => return Next::End(Exit::BuildFailed),
            Fault::TimeLimit => return Next::End(Exit::TimeLimit),
            Fault::Local => return Next::End(Exit::Trouble),
            Fault::Holder => return Next::Another,
            Fault::Download => {
                if self.download_retried || untried == 0 {
                    return Next::End(Exit::BuildFailed);
                }
                self.download_retried = true;
                return Next::Another;
            }
            Fault::Machine(kind) => {
                if !kind.is_circumstance() {
                    self.in_round = self.in_round.saturating_add(1);
                }
                self.passing |= may_pass(kind);
            }
        }
        if untried > 0 && self.in_round < self.limit {
            return Next::Another;
        }
        if self.passing && waited < self.patience {
            self.in_round = 0;
            self.passing = false;
            return Next::Line(self.patience.saturating_sub(waited));
        }
        Next::End(Exit::Trouble)
    }
}

/// Tells whether it may be over by itself: a machine that is down comes back,
/// a wrong key does not.
fn may_pass(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Passing | FailureKind::LowSpace | FailureKind::Overloaded
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOON: Duration = Duration::from_secs(1);
    const DOWN: Fault = Fault::Machine(FailureKind::Passing);
    const BUSY: Fault = Fault::Machine(FailureKind::Overloaded);
    const MISCONFIGURED: Fault = Fault::Machine(FailureKind::RefusedKey);
    const ALL: [FailureKind; 7] = [
        FailureKind::Passing,
        FailureKind::RefusedKey,
        FailureKind::HostKey,
        FailureKind::UnauthorisedSigningKey,
        FailureKind::LowSpace,
        FailureKind::Overloaded,
        FailureKind::WrongOutput,
    ];

    fn attempts() -> Attempts {
        Attempts::new(3, Duration::from_secs(600))
    }

    #[test]
    fn a_builder_s_failure_is_final() {
        assert_eq!(
            attempts().after(Fault::Builder, 5, SOON),
            Next::End(Exit::BuildFailed)
        );
        assert_eq!(
            attempts().after(Fault::TimeLimit, 5, SOON),
            Next::End(Exit::TimeLimit)
        );
        assert_eq!(
            attempts().after(Fault::Local, 5, SOON),
            Next::End(Exit::Trouble)
        );
    }

    #[test]
    fn a_download_may_try_one_more_machine() {
        let mut tries = attempts();
        assert_eq!(tries.after(Fault::Download, 2, SOON), Next::Another);
        assert_eq!(
            tries.after(Fault::Download, 1, SOON),
            Next::End(Exit::BuildFailed)
        );
        assert_eq!(
            attempts().after(Fault::Download, 0, SOON),
            Next::End(Exit::BuildFailed)
        );
    }

    #[test]
    fn three_machines_then_the_line_then_all_again() {
        let mut tries = attempts();
        assert_eq!(tries.after(DOWN, 9, SOON), Next::Another);
        assert_eq!(tries.after(MISCONFIGURED, 8, SOON), Next::Another);
        let left = Duration::from_secs(599);
        assert_eq!(tries.after(DOWN, 7, SOON), Next::Line(left));
        assert_eq!(tries.after(DOWN, 9, SOON), Next::Another);
    }

    #[test]
    fn a_busy_machine_is_no_failure() {
        let mut tries = attempts();
        for untried in (1..9).rev() {
            assert_eq!(tries.after(BUSY, untried, SOON), Next::Another);
        }
        assert!(matches!(tries.after(BUSY, 0, SOON), Next::Line(_)));
    }

    #[test]
    fn what_does_not_pass_is_not_waited_for() {
        assert_eq!(
            attempts().after(MISCONFIGURED, 0, SOON),
            Next::End(Exit::Trouble)
        );
    }

    #[test]
    fn patience_ends() {
        let mut tries = attempts();
        assert_eq!(
            tries.after(DOWN, 0, Duration::from_secs(598)),
            Next::Line(Duration::from_secs(2))
        );
        assert_eq!(
            tries.after(DOWN, 0, Duration::from_secs(600)),
            Next::End(Exit::Trouble)
        );
    }

    proptest! {
        /// Machines' faults never become the build's.
        #[test]
        fn machines_never_fail_a_derivation(
            faults in proptest::collection::vec((0..ALL.len(), 0_usize..4, 0_u64..2000), 1..50)
        ) {
            let mut tries = attempts();
            for (kind, untried, waited) in faults {
                let next = tries.after(
                    Fault::Machine(ALL[kind]),
                    untried,
                    Duration::from_secs(waited),
                );
                prop_assert!(!matches!(next, Next::End(exit) if exit != Exit::Trouble));
            }
        }
    }
}
