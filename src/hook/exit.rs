//! How the hook ends, and what the daemon makes of it.

/// The exit statuses of the hook.
///
/// Meaning: measured with guix-daemon 1.2.0 to 1.5.0 and with two daemons of
/// 2014 and 2015.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: every output asked for is there.
    Success,
    /// 1: trouble of ours or of the machines; the daemon calls it a failure
    /// of the hook, and never remembers it against the derivation.
    Trouble,
    /// 100: the builder failed; may be remembered as a failure of the
    /// derivation (`--cache-failures`), so never for anything else.
    BuildFailed,
    /// 101: a time limit ended the build; the daemon of 2014 takes it as 1.
    TimeLimit,
}

impl Exit {
    /// The status as a number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Trouble => 1,
            Self::BuildFailed => 100,
            Self::TimeLimit => 101,
        }
    }
}
