//! Sets of items under their references.

use std::collections::{BTreeMap, HashMap};

use thiserror::Error;

use super::path::StorePath;

/// Items that refer to each other in a ring; no store has such.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("store items refer to each other in a ring: {}", .ring.iter().map(StorePath::as_str).collect::<Vec<_>>().join(" -> "))]
pub struct Cycle {
    /// Each refers to the next, the last to the first.
    pub ring: Vec<StorePath>,
}

/// Orders items so that each stands behind what it refers to, which is the
/// order in which a store takes them.
///
/// References to the item itself and to what is no key of the map are passed
/// over. Equal maps give equal orders.
pub fn topological_order(
    items: &BTreeMap<StorePath, Vec<StorePath>>,
) -> Result<Vec<StorePath>, Cycle> {
    let nodes: Vec<(&StorePath, &[StorePath])> = items
        .iter()
        .map(|(path, references)| (path, references.as_slice()))
        .collect();
    let numbers: HashMap<&StorePath, usize> = nodes
        .iter()
        .enumerate()
        .map(|(number, (path, _))| (*path, number))
        .collect();
    let mut states = vec![State::Unseen; nodes.len()];
    let mut order = Vec::with_capacity(nodes.len());
    // By an explicit stack: a chain of items may be as long as it likes.
    let mut stack = Vec::new();
    for start in 0..nodes.len() {
        if states.get(start) != Some(&State::Unseen) {
            continue;
        }
        enter(&nodes, &mut states, &mut stack, start);
        while let Some((number, path, rest)) = stack.last_mut() {
            let Some(reference) = rest.next() else {
                set(&mut states, *number, State::Done);
                order.push((*path).clone());
                stack.pop();
                continue;
            };
            let Some(&next) = numbers.get(reference) else {
                continue;
            };
            match states.get(next) {
                Some(State::Unseen) => enter(&nodes, &mut states, &mut stack, next),
                Some(State::Open) if next != *number => {
                    let ring = stack.iter().skip_while(|(number, ..)| *number != next);
                    return Err(Cycle {
                        ring: ring.map(|(_, path, _)| (*path).clone()).collect(),
                    });
                }
                _ => {}
            }
        }
    }
    Ok(order)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    /// On the stack.
    Open,
    /// In the order.
    Done,
}

type Frame<'a> = (usize, &'a StorePath, std::slice::Iter<'a, StorePath>);

fn enter<'a>(
    nodes: &[(&'a StorePath, &'a [StorePath])],
    states: &mut [State],
    stack: &mut Vec<Frame<'a>>,
    number: usize,
) {
    if let Some((path, references)) = nodes.get(number) {
        set(states, number, State::Open);
        stack.push((number, path, references.iter()));
    }
}

fn set(states: &mut [State], number: usize, state: State) {
    if let Some(place) = states.get_mut(number) {
        *place = state;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::path::StoreDir;

    fn item(number: usize) -> StorePath {
        StoreDir::default()
            .join(&format!("{number:032}-item"))
            .unwrap()
    }

    fn map(edges: &[(usize, &[usize])]) -> BTreeMap<StorePath, Vec<StorePath>> {
        edges
            .iter()
            .map(|(from, to)| (item(*from), to.iter().copied().map(item).collect()))
            .collect()
    }

    #[test]
    fn references_come_first() {
        let items = map(&[(1, &[3, 2, 1]), (2, &[4]), (3, &[2, 9]), (4, &[4])]);
        let order = topological_order(&items).unwrap();
        assert_eq!(order, [4, 2, 3, 1].map(item));
        assert_eq!(topological_order(&BTreeMap::new()).unwrap(), []);
    }

    #[test]
    fn a_ring_is_named() {
        let items = map(&[(0, &[1]), (1, &[2]), (2, &[3]), (3, &[1])]);
        let cycle = topological_order(&items).unwrap_err();
        assert_eq!(cycle.ring, [1, 2, 3].map(item));
        assert!(cycle.to_string().contains("-item -> /gnu/store/"));
    }

    #[test]
    fn a_long_chain_needs_no_native_stack() {
        let count = 100_000;
        let items: BTreeMap<_, _> = (0..count)
            .map(|number| (item(number), vec![item(number + 1)]))
            .collect();
        let order = topological_order(&items).unwrap();
        assert_eq!(order.len(), count);
        assert_eq!(order.first(), Some(&item(count - 1)));
    }

    proptest! {
        #[test]
        fn every_item_once_and_behind_its_references(
            edges in prop::collection::vec((0usize..40, 0usize..40), 0..200)
        ) {
            // References to smaller numbers only: no rings.
            let mut items: BTreeMap<StorePath, Vec<StorePath>> = BTreeMap::new();
            for (a, b) in &edges {
                items.entry(item(*a.max(b))).or_default().push(item(*a.min(b)));
            }
            let order = topological_order(&items).unwrap();
            prop_assert_eq!(order.len(), items.len());
            for (place, path) in order.iter().enumerate() {
                for reference in &items[path] {
                    if let Some(other) = order.iter().position(|path| path == reference) {
                        prop_assert!(other <= place);
                    }
                }
            }
        }

        #[test]
        fn any_graph_ends(edges in prop::collection::vec((0usize..12, 0usize..12), 0..60)) {
            let mut items: BTreeMap<StorePath, Vec<StorePath>> = BTreeMap::new();
            for (a, b) in &edges {
                items.entry(item(*a)).or_default().push(item(*b));
            }
            if let Err(cycle) = topological_order(&items) {
                prop_assert!(cycle.ring.len() > 1);
                let next = cycle.ring.iter().skip(1).chain(cycle.ring.first());
                for (from, to) in cycle.ring.iter().zip(next) {
                    prop_assert!(items[from].contains(to));
                }
            }
        }
    }
}
