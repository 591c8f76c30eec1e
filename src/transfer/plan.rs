//! Which way each missing item takes.
//!
//! A text whose name proves its contents is taken by any daemon from anybody,
//! many in one round trip (measured: 0.2 ms each against 1.4 to 5 ms for a
//! signed import). Everything else goes in signed bundles. An item's
//! references are always sent before it, whichever ways they go.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use thiserror::Error;

use crate::store::closure::{Cycle, topological_order};
use crate::store::digest::{Sha256, source_path, text_path};
use crate::store::path::{StoreDir, StorePath};

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

/// How items travel.
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

/// Items that go one way together, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// How they go.
    pub way: Way,
    /// What goes, references first.
    pub items: Vec<Item>,
}

/// Everything that is to be sent, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One after the other.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Plans how `missing` travels.
    ///
    /// `text_hash` is asked for the SHA-256 of a file's contents and answers
    /// `None` where the item is no plain, non-executable file of at most
    /// [`MAX_TEXT`] bytes; only items that can be texts are asked about.
    pub fn new(
        dir: &StoreDir,
        missing: impl IntoIterator<Item = Item>,
        text_hash: &mut dyn FnMut(&StorePath) -> io::Result<Option<Sha256>>,
    ) -> Result<Self, PlanError> {
        let mut items = BTreeMap::new();
        for mut item in missing {
            item.references.sort_unstable();
            item.references.dedup();
            let way = way(dir, &item, text_hash)?;
            items.insert(item.path.clone(), (way, item));
        }
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
        let steps = groups
            .into_iter()
            .map(|(way, paths)| Step {
                way,
                items: paths
                    .iter()
                    .filter_map(|path| items.remove(path).map(|(_, item)| item))
                    .collect(),
            })
            .collect();
        Ok(Self { steps })
    }

    /// Everything in the order of sending, references first.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.steps.iter().flat_map(|step| &step.items)
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
        self.steps.is_empty()
    }

    /// Tells whether anything needs a signature.
    pub fn needs_signatures(&self) -> bool {
        self.steps.iter().any(|step| step.way == Way::Signed)
    }
}

impl fmt::Display for Plan {
    /// A line for each item: its way, its size, its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// Tells how an item can go.
fn way(
    dir: &StoreDir,
    item: &Item,
    text_hash: &mut dyn FnMut(&StorePath) -> io::Result<Option<Sha256>>,
) -> Result<Way, PlanError> {
    let contents = item.nar_size.saturating_sub(SINGLE_FILE);
    if item.path.is_derivation() {
        // Always a text; the daemon's reply is compared with its name.
        return Ok(if contents <= MAX_DERIVATION {
            Way::Text
        } else {
            Way::Signed
        });
    }
    if !may_be_text(dir, item, contents) {
        return Ok(Way::Signed);
    }
    let hash = text_hash(&item.path).map_err(|source| PlanError::Read {
        path: item.path.clone(),
        source,
    })?;
    let proven = hash.is_some_and(|hash| {
        text_path(dir, item.path.name(), &hash, &item.references).as_ref() == Ok(&item.path)
    });
    Ok(if proven { Way::Text } else { Way::Signed })
}

/// Rules out, from the database's row alone, most of what is no text: what
/// was built, what is too large, what is a source by its name.
fn may_be_text(dir: &StoreDir, item: &Item, contents: u64) -> bool {
    item.deriver.is_none()
        && contents <= MAX_TEXT
        && !item.references.contains(&item.path)
        && source_path(dir, item.path.name(), &item.nar_hash).as_ref() != Ok(&item.path)
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
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::store::digest::sha256;

    fn dir() -> StoreDir {
        StoreDir::default()
    }

    /// An item that looks built; `references` are others of the same kind.
    fn built(number: u32, references: &[&Item]) -> Item {
        let hash = crate::store::base32::encode(&sha256(&number.to_le_bytes())[..20]);
        Item {
            path: dir().join(&format!("{hash}-built-{number}")).unwrap(),
            references: references.iter().map(|item| item.path.clone()).collect(),
            nar_hash: [1; 32],
            nar_size: 1000,
            deriver: None,
        }
    }

    fn text(contents: &str, references: &[&Item]) -> Item {
        let references: Vec<_> = references.iter().map(|item| item.path.clone()).collect();
        let hash = sha256(contents.as_bytes());
        Item {
            path: text_path(&dir(), "text", &hash, &references).unwrap(),
            references,
            nar_hash: [2; 32],
            nar_size: 128,
            deriver: None,
        }
    }

    /// Plans with the given contents behind paths.
    fn plan(items: &[Item], texts: &[(&Item, &str)]) -> Plan {
        Plan::new(&dir(), items.iter().cloned(), &mut |path| {
            Ok(texts
                .iter()
                .find(|(item, _)| item.path == *path)
                .map(|(_, contents)| sha256(contents.as_bytes())))
        })
        .unwrap()
    }

    fn shape(plan: &Plan) -> Vec<(Way, usize)> {
        plan.steps
            .iter()
            .map(|step| (step.way, step.items.len()))
            .collect()
    }

    #[test]
    fn texts_go_first_and_the_rest_in_one_run() {
        let a = built(1, &[]);
        let b = built(2, &[&a]);
        let t = text("hello", &[]);
        let u = text("world", &[&t]);
        let plan = plan(
            &[a, b, t.clone(), u.clone()],
            &[(&t, "hello"), (&u, "world")],
        );
        assert_eq!(shape(&plan), [(Way::Text, 2), (Way::Signed, 2)]);
        assert!(plan.needs_signatures());
        assert_eq!(plan.count(), 4);
        assert_eq!(plan.bytes(), 2256);
    }

    #[test]
    fn a_text_that_refers_to_a_built_item_goes_behind_it() {
        let a = built(1, &[]);
        let t = text("hello", &[&a]);
        let b = built(2, &[&t]);
        let c = built(3, &[]);
        let plan = plan(&[a.clone(), t.clone(), b.clone(), c], &[(&t, "hello")]);
        assert_eq!(
            shape(&plan),
            [(Way::Signed, 2), (Way::Text, 1), (Way::Signed, 1)]
        );
        assert_eq!(plan.steps[2].items[0].path, b.path);
    }

    #[test]
    fn every_derivation_is_a_text_unread() {
        let mut drv = built(1, &[]);
        drv.path = dir()
            .join(&format!("{}.drv", drv.path.base_name()))
            .unwrap();
        let plan = Plan::new(&dir(), [drv], &mut |_| {
            Err(io::Error::other("must not be asked"))
        })
        .unwrap();
        assert_eq!(shape(&plan), [(Way::Text, 1)]);
        assert!(!plan.needs_signatures());
    }

    #[test]
    fn what_the_row_rules_out_is_not_read() {
        let mut with_deriver = built(1, &[]);
        with_deriver.deriver = Some(
            dir()
                .join(&format!("{}.drv", built(9, &[]).path.base_name()))
                .unwrap(),
        );
        let mut large = built(2, &[]);
        large.nar_size = MAX_TEXT + 113;
        let mut own = built(3, &[]);
        own.references.push(own.path.clone());
        let mut source = built(4, &[]);
        source.path = source_path(&dir(), "source", &source.nar_hash).unwrap();
        let items = [with_deriver, large, own, source];
        let plan = Plan::new(&dir(), items, &mut |_| {
            Err(io::Error::other("must not be asked"))
        })
        .unwrap();
        assert_eq!(shape(&plan), [(Way::Signed, 4)]);
    }

    #[test]
    fn contents_that_the_name_does_not_prove_are_signed() {
        let t = text("hello", &[]);
        let plan = plan(std::slice::from_ref(&t), &[(&t, "other")]);
        assert_eq!(shape(&plan), [(Way::Signed, 1)]);
    }

    #[test]
    fn rings_and_unreadable_items_are_errors() {
        let mut a = built(1, &[]);
        let b = built(2, &[&a]);
        a.references.push(b.path.clone());
        let outcome = Plan::new(&dir(), [a, b], &mut |_| Ok(None));
        assert!(matches!(outcome, Err(PlanError::Cycle(_))));
        let outcome = Plan::new(&dir(), [built(1, &[])], &mut |_| {
            Err(io::ErrorKind::NotFound.into())
        });
        assert!(matches!(outcome, Err(PlanError::Read { .. })));
    }

    #[test]
    fn it_prints_a_line_for_each_item() {
        let t = text("hello", &[]);
        let path = t.path.clone();
        let plan = plan(std::slice::from_ref(&t), &[(&t, "hello")]);
        assert_eq!(plan.to_string(), format!("text            128 {path}\n"));
    }

    proptest! {
        /// Whatever the graph: everything goes once, references first, and
        /// neighbouring steps go different ways.
        #[test]
        fn references_always_go_first(
            graph in proptest::collection::vec((any::<bool>(), any::<u64>()), 0..40)
        ) {
            let mut items: Vec<Item> = Vec::new();
            for (number, (is_drv, references)) in graph.iter().enumerate() {
                let refers: Vec<&Item> = items
                    .iter()
                    .rev()
                    .enumerate()
                    .filter(|(bit, _)| references >> (bit % 64) & 1 == 1 && *bit < 64)
                    .map(|(_, item)| item)
                    .collect();
                let mut item = built(u32::try_from(number).unwrap(), &refers);
                if *is_drv {
                    item.path = dir().join(&format!("{}.drv", item.path.base_name())).unwrap();
                }
                items.push(item);
            }
            let plan = plan(&items, &[]);
            let mut sent = BTreeSet::new();
            for item in plan.items() {
                for reference in &item.references {
                    prop_assert!(sent.contains(reference));
                }
                prop_assert!(sent.insert(item.path.clone()));
            }
            prop_assert_eq!(sent.len(), items.len());
            for pair in plan.steps.windows(2) {
                prop_assert_ne!(pair[0].way, pair[1].way);
            }
            for step in &plan.steps {
                for item in &step.items {
                    prop_assert_eq!(item.path.is_derivation(), step.way == Way::Text);
                }
            }
        }
    }
}
