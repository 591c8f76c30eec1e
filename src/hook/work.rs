//! What an accepted build consists of, as the local store tells.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::attempts::{Failure, Fault};
use super::dialogue::Job;
use super::local::LocalStore;
use crate::store::database::ItemInfo;
use crate::store::derivation::Derivation;
use crate::store::path::{StoreDir, StorePath};

/// Longest derivation file that is read.
const MAX_DERIVATION: u64 = 256 << 20;

/// A build, known in every part.
pub struct Work {
    /// Its file's name.
    pub path: StorePath,
    /// What it says.
    pub derivation: Derivation,
    /// The outputs to bring.
    pub outputs: Vec<StorePath>,
    /// What the inputs are made of, the derivation itself included.
    pub closure: BTreeMap<StorePath, ItemInfo>,
    /// What the builder is given directly.
    pub direct: Vec<StorePath>,
    /// What outputs may refer to.
    pub references: BTreeSet<StorePath>,
}

impl Work {
    /// Looks everything up; `None` when there is nothing left to bring.
    ///
    /// The daemon of early 2014 lists valid outputs too: those are left alone.
    pub fn look_up(
        dir: &StoreDir,
        store: &mut LocalStore,
        job: &Job,
    ) -> Result<Option<Self>, Failure> {
        let local = |what: String| Failure::new(Fault::Local, what);
        let path = job.request.derivation.clone();
        let derivation = read_derivation(dir, &path).map_err(local)?;
        let valid = store.valid(&job.outputs)?;
        let mut outputs = Vec::new();
        for output in &job.outputs {
            if !derivation.output_paths().any(|path| path == output) {
                return Err(local(format!("{output} is no output of {path}")));
            }
            if !valid.contains(output) {
                outputs.push(output.clone());
            }
        }
        if outputs.is_empty() {
            return Ok(None);
        }
        let mut wanted = job.inputs.clone();
        wanted.push(path.clone());
        let closure = store.closure(&wanted)?;
        if let Some(missing) = wanted.iter().find(|path| !closure.contains_key(*path)) {
            return Err(local(format!("{missing} is not valid in the local store")));
        }
        let mut references: BTreeSet<_> = closure.keys().cloned().collect();
        references.extend(derivation.output_paths().cloned());
        Ok(Some(Self {
            direct: direct_inputs(dir, &derivation),
            path,
            derivation,
            outputs,
            closure,
            references,
        }))
    }

    /// What a daemon's collector must leave alone while it builds this.
    pub fn roots(&self) -> Vec<StorePath> {
        let mut roots = vec![self.path.clone()];
        roots.extend(self.derivation.output_paths().cloned());
        roots.extend(self.direct.iter().cloned());
        roots
    }
}

fn read_derivation(dir: &StoreDir, path: &StorePath) -> Result<Derivation, String> {
    let cannot = |error: &dyn std::fmt::Display| format!("cannot read {path}: {error}");
    let text = read_bounded(path).map_err(|error| cannot(&error))?;
    Derivation::parse(dir, &text).map_err(|error| cannot(&error))
}

fn read_bounded(path: &StorePath) -> io::Result<Vec<u8>> {
    let size = std::fs::symlink_metadata(path.as_path())?;
    if !size.is_file() || size.len() > MAX_DERIVATION {
        return Err(io::Error::other("it is no file of a sensible size"));
    }
    std::fs::read(path.as_path())
}

/// Sources, and the outputs that are used of the inputs. An input derivation
/// that cannot be read only means fewer roots.
fn direct_inputs(dir: &StoreDir, derivation: &Derivation) -> Vec<StorePath> {
    let mut direct: Vec<StorePath> = derivation.input_srcs.iter().cloned().collect();
    for (path, names) in &derivation.input_drvs {
        match read_derivation(dir, path) {
            Ok(input) => direct.extend(
                input
                    .outputs
                    .iter()
                    .filter(|(name, _)| names.contains(*name))
                    .map(|(_, output)| output.path.clone()),
            ),
            Err(error) => log::debug!("{error}"),
        }
    }
    direct
}
