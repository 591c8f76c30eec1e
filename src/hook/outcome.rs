//! What an outcome means for the machine: the words of the other parts in
//! those of the evidence.

use std::time::Duration;

use crate::gateway::{GatewayError, Nature};
use crate::machines::record::BuildMachine;
use crate::schedule::evidence::{FailureKind, Outcome};
use crate::schedule::ledger::Ledger;
use crate::store::authenticate::SignatureError;
use crate::transfer::retrieve::RetrieveError;

/// What it means for a machine that it cannot be connected to.
pub fn kind_of(error: &GatewayError) -> FailureKind {
    match error.nature() {
        Nature::HostKey => FailureKind::HostKey,
        Nature::Key => FailureKind::RefusedKey,
        _ => FailureKind::Passing,
    }
}

/// Takes note of what came of connecting to a machine.
pub fn note_connected(
    ledger: &Ledger,
    machine: &BuildMachine,
    outcome: Result<Duration, &GatewayError>,
) {
    let reason;
    let outcome = match outcome {
        Ok(took) => Outcome::Answered {
            connect: Some(took),
            round_trip: None,
        },
        Err(error) if error.is_machine_fault() => {
            reason = error.to_string();
            Outcome::Failed {
                kind: kind_of(error),
                reason: &reason,
            }
        }
        Err(_) => return,
    };
    ledger.note(machine, outcome);
}

/// What it means for a machine that its output was not taken.
pub fn kind_of_output(error: &RetrieveError) -> FailureKind {
    match error {
        RetrieveError::Signature {
            source: SignatureError::Unauthorised { .. },
            ..
        } => FailureKind::UnauthorisedSigningKey,
        error if error.is_broken_stream() => FailureKind::Passing,
        RetrieveError::Daemon(_) | RetrieveError::Here(_) | RetrieveError::Absent { .. } => {
            FailureKind::Passing
        }
        _ => FailureKind::WrongOutput,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_host_key_is_told_from_a_machine_that_is_down() {
        let at = || "w1:22".to_owned();
        let down = GatewayError::Unreachable {
            at: at(),
            detail: "refused".into(),
        };
        assert_eq!(kind_of(&down), FailureKind::Passing);
        let no_key = GatewayError::NoPrivateKey { at: at() };
        assert_eq!(kind_of(&no_key), FailureKind::RefusedKey);
    }
}
