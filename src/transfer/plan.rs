//! Which way each missing item takes.
//!
//! What has a name that proves its contents is taken by any daemon from
//! anybody, many items in one round trip (measured: 0.2 ms each against 1.4 to
//! 5 ms for a signed import): texts as such, sources and fixed outputs as
//! archives. Everything else goes in signed bundles. An item's references are
//! always sent before it, whichever ways they go.

mod proof;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;

use thiserror::Error;

use crate::store::closure::{Cycle, topological_order};
use crate::store::digest::Sha256;
use crate::store::path::{StoreDir, StorePath};

use proof::Proof;
pub use proof::{Files, Form};

/// The longest file that is sent as a text, derivations excepted.
pub const MAX_TEXT: u64 = 1 << 20;
/// The longest derivation that is sent as a text: it is held in memory twice.
pub const MAX_DERIVATION: u64 = 4 << 20;
/// Bytes that the archive of a plain file has around its padded contents
/// (measured: 12 bytes of contents, 128 of archive).
const SINGLE_FILE: u64 = 112;

/// What the local database knows of an item that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub path: StorePath,
    /// What it refers to, itself included if it does.
    pub references: Vec<StorePath>,
    /// The hash of its archive.
    pub nar_hash: Sha256,
    /// The size of its archive.
    pub nar_size: u64,
    /// The derivation that it was built from.
    pub deriver: Option<StorePath>,
}

/// How items travel that have references to heed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// As texts, which need no signature.
    Text,
    /// In a bundle, each with a signature.
    Signed,
}

impl Way {
    fn other(self) -> Self {
        match self {
            Self::Text => Self::Signed,
            Self::Signed => Self::Text,
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Text => "text",
            Self::Signed => "signed",
        })
    }
}

/// An item that goes as an archive, which needs no signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What goes; it refers to nothing.
    pub item: Item,
    /// What of it its name proves.
    pub form: Form,
}

/// Items that go one way together, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// How they go.
    pub way: Way,
    /// What goes, references first.
    pub items: Vec<Item>,
}

/// Everything that is to be sent: sources, then the steps.
///
/// Sources refer to nothing, so that one step of them before all others is
/// always right, and no order has fewer steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What goes first.
    pub sources: Vec<Source>,
    /// One after the other.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Plans how `missing` travels.
    ///
    /// Sources of up to `limit` bytes go unsigned: the other daemon holds
    /// them in memory.
    pub fn new(
        dir: &StoreDir,
        missing: impl IntoIterator<Item = Item>,
        limit: u64,
        files: &mut dyn Files,
    ) -> Result<Self, PlanError> {
        let mut sources = Vec::new();
        let mut items = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for mut item in missing {
            if !seen.insert(item.path.clone()) {
                continue;
            }
            item.references.sort_unstable();
            item.references.dedup();
            let way = match proof::of(dir, limit, &item, files)? {
                Proof::Source(form) => {
                    sources.push(Source { item, form });
                    continue;
                }
                Proof::Text => Way::Text,
                Proof::None => Way::Signed,
            };
            items.insert(item.path.clone(), (way, item));
        }
        let steps = steps(items)?;
        Ok(Self { sources, steps })
    }

    /// Everything in the order of sending, references first.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        let sources = self.sources.iter().map(|source| &source.item);
        sources.chain(self.steps.iter().flat_map(|step| &step.items))
    }

    /// How many items there are.
    pub fn count(&self) -> u64 {
        self.items().count() as u64
    }

    /// The size of all archives together.
    pub fn bytes(&self) -> u64 {
        self.items()
            .fold(0, |sum, item| sum.saturating_add(item.nar_size))
    }

    /// Tells whether nothing is to be sent.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.steps.is_empty()
    }

    /// Tells whether anything needs a signature.
    pub fn needs_signatures(&self) -> bool {
        self.steps.iter().any(|step| step.way == Way::Signed)
    }
}

impl fmt::Display for Plan {
    /// A line for each item: its way, its size, its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Source { item, .. } in &self.sources {
            writeln!(f, "source {:>12} {}", item.nar_size, item.path)?;
        }
        for step in &self.steps {
            for item in &step.items {
                writeln!(f, "{:<6} {:>12} {}", step.way, item.nar_size, item.path)?;
            }
        }
        Ok(())
    }
}

/// Why there is no plan.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The items refer to each other in a ring.
    #[error(transparent)]
    Cycle(#[from] Cycle),
    /// An item could not be read here.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The item.
        path: StorePath,
        /// Why.
        source: io::Error,
    },
}

/// As few steps as possible: of the two orders one is the shortest.
fn steps(mut items: BTreeMap<StorePath, (Way, Item)>) -> Result<Vec<Step>, PlanError> {
    // Refuses rings, which the grouping below relies on.
    let graph = items
        .iter()
        .map(|(path, (_, item))| (path.clone(), item.references.clone()))
        .collect();
    let order = topological_order(&graph)?;
    let text_first = group(&order, &items, Way::Text);
    let signed_first = group(&order, &items, Way::Signed);
    let groups = if signed_first.len() < text_first.len() {
        signed_first
    } else {
        text_first
    };
    let steps = groups.into_iter().map(|(way, paths)| Step {
        way,
        items: paths
            .iter()
            .filter_map(|path| items.remove(path).map(|(_, item)| item))
            .collect(),
    });
    Ok(steps.collect())
}

/// Puts items that go the same way together, as far as references allow:
/// everything that can go one way goes, then everything the other way.
fn group(
    order: &[StorePath],
    items: &BTreeMap<StorePath, (Way, Item)>,
    first: Way,
) -> Vec<(Way, Vec<StorePath>)> {
    let mut groups: Vec<(Way, Vec<StorePath>)> = Vec::new();
    let mut round: BTreeMap<&StorePath, usize> = BTreeMap::new();
    // An item goes in the first round of its own way that is not before the
    // rounds of what it refers to.
    for path in order {
        let Some((way, item)) = items.get(path) else {
            continue;
        };
        let earliest = item
            .references
            .iter()
            .filter(|reference| *reference != path)
            .filter_map(|reference| round.get(reference))
            .max()
            .copied()
            .unwrap_or(0);
        let mut mine = earliest;
        let way_of = |number: usize| {
            if number.is_multiple_of(2) {
                first
            } else {
                first.other()
            }
        };
        if way_of(mine) != *way {
            mine = mine.saturating_add(1);
        }
        while groups.len() <= mine {
            groups.push((way_of(groups.len()), Vec::new()));
        }
        if let Some((_, members)) = groups.get_mut(mine) {
            members.push(path.clone());
        }
        round.insert(path, mine);
    }
    groups.retain(|(_, members)| !members.is_empty());
    groups
}

#[cfg(test)]
mod tests;
