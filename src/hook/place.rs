//! Received outputs become valid: into place, and into the database.

use super::attempts::{Failure, Fault};
use super::context::Context;
use super::local::LocalStore;
use super::work::Work;
use crate::schedule::evidence::FailureKind;
use crate::store::database::Registration;
use crate::store::path::StorePath;
use crate::store::restore::remove;
use crate::transfer::retrieve::Received;

/// Deduplicates, makes canonical, renames and registers everything together.
///
/// Where this process cannot register, the daemon does it when the hook ends
/// with 0 (measured): then the outputs are only put in place.
pub fn register(
    context: &Context,
    work: &Work,
    store: &mut LocalStore,
    received: Vec<Received>,
) -> Result<(), Failure> {
    let local = |error: String| Failure::new(Fault::Local, error);
    check_fixed_output(work, &received)?;
    let mut registrations = Vec::with_capacity(received.len());
    let mut restored = Vec::with_capacity(received.len());
    for mut output in received {
        output.restored.deduplicate(&context.dir);
        output
            .restored
            .canonicalise()
            .map_err(|error| local(format!("cannot finish {}: {error}", output.item.path)))?;
        registrations.push(Registration {
            path: output.item.path,
            nar_hash: output.item.nar_hash,
            nar_size: output.item.nar_size,
            deriver: Some(work.path.clone()),
            references: output.item.references,
        });
        restored.push(output.restored);
    }
    let mut place = |path: &StorePath| {
        let found = registrations.iter().position(|it| it.path == *path);
        match found.and_then(|index| restored.get_mut(index)) {
            Some(restored) => restored.place(path.as_path()),
            None => Err(std::io::ErrorKind::NotFound.into()),
        }
    };
    match store {
        LocalStore::Database(database) => {
            database
                .register(&registrations, &mut place)
                .map_err(|error| {
                    local(format!(
                        "cannot register the outputs of {}: {error}",
                        work.path
                    ))
                })
        }
        LocalStore::Daemon(_) => registrations.iter().try_for_each(|registration| {
            place(&registration.path)
                .map_err(|error| local(format!("cannot place {}: {error}", registration.path)))
        }),
    }
}

/// A fixed output must be what its derivation says. The machine's daemon has
/// checked that too; ours does not look at outputs that are registered.
fn check_fixed_output(work: &Work, received: &[Received]) -> Result<(), Failure> {
    let Some(fixed) = work.derivation.fixed_output() else {
        return Ok(());
    };
    if !fixed.recursive || fixed.algorithm != "sha256" {
        return Ok(());
    }
    let wrong = received.iter().find(|output| {
        output.item.path == *fixed.path && output.item.nar_hash[..] != fixed.hash[..]
    });
    match wrong {
        None => Ok(()),
        Some(output) => Err(Failure::new(
            Fault::Machine(FailureKind::WrongOutput),
            format!(
                "what came as {} is not what its derivation fixes",
                output.item.path
            ),
        )),
    }
}

/// Takes away what a try has left of outputs that are not valid.
pub fn sweep(outputs: &[StorePath]) {
    for output in outputs {
        let path = output.with_suffix(".chroot");
        if let Err(error) = remove(&path) {
            log::debug!("cannot remove {}: {error}", path.display());
        }
    }
}
