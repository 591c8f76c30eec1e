//! Plans, and graphs of every shape.

use std::collections::BTreeSet;
use std::io;

use proptest::prelude::*;

use super::*;
use crate::store::derivation::{Derivation, Output};
use crate::store::digest::{fixed_path, hex, sha256, source_path, text_path};

const LIMIT: u64 = 1 << 21;

/// Files that exist here only.
#[derive(Default)]
struct Fake {
    /// Plain ones, and what is in them.
    plain: Vec<(StorePath, Vec<u8>)>,
    derivations: Vec<(StorePath, Derivation)>,
    /// What was asked about, and up to which size.
    hashed: Vec<(StorePath, u64)>,
}

impl Files for Fake {
    fn hash(&mut self, path: &StorePath, limit: u64) -> io::Result<Option<Sha256>> {
        self.hashed.push((path.clone(), limit));
        let plain = self.plain.iter().find(|(known, _)| known == path);
        let plain = plain.filter(|(_, contents)| contents.len() as u64 <= limit);
        Ok(plain.map(|(_, contents)| sha256(contents)))
    }

    fn is_plain(&mut self, path: &StorePath) -> io::Result<bool> {
        Ok(self.plain.iter().any(|(known, _)| known == path))
    }

    fn derivation(&mut self, path: &StorePath) -> Option<Derivation> {
        let mut known = self.derivations.iter();
        Some(known.find(|(known, _)| known == path)?.1.clone())
    }
}

/// Must not be asked for the hash of anything.
struct Unreadable;

impl Files for Unreadable {
    fn hash(&mut self, _: &StorePath, _: u64) -> io::Result<Option<Sha256>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn is_plain(&mut self, _: &StorePath) -> io::Result<bool> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn derivation(&mut self, _: &StorePath) -> Option<Derivation> {
        None
    }
}

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

fn source(name: &str, size: u64) -> Item {
    let nar_hash = sha256(name.as_bytes());
    Item {
        path: source_path(&dir(), name, &nar_hash).unwrap(),
        references: Vec::new(),
        nar_hash,
        nar_size: size,
        deriver: None,
    }
}

/// Plans with the given contents behind paths.
fn plan(items: &[Item], texts: &[(&Item, &str)]) -> Plan {
    let mut files = Fake::default();
    for (item, contents) in texts {
        let contents = contents.as_bytes().to_vec();
        files.plain.push((item.path.clone(), contents));
    }
    Plan::new(&dir(), items.iter().cloned(), LIMIT, &mut files).unwrap()
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
    let plan = Plan::new(&dir(), [drv], LIMIT, &mut Unreadable).unwrap();
    assert_eq!(shape(&plan), [(Way::Text, 1)]);
    assert!(!plan.needs_signatures());
}

#[test]
fn what_the_row_rules_out_is_not_read() {
    let other = built(8, &[]);
    let mut with_deriver = built(1, &[&other]);
    with_deriver.deriver = Some(derivation_path(9));
    let mut large = built(2, &[]);
    large.nar_size = LIMIT + 1;
    let mut own = built(3, &[]);
    own.references.push(own.path.clone());
    let items = [with_deriver, large, own];
    let plan = Plan::new(&dir(), items, LIMIT, &mut Unreadable).unwrap();
    assert_eq!(shape(&plan), [(Way::Signed, 3)]);
}

#[test]
fn recursive_sources_go_first_unread() {
    let mut small = source("small", 200);
    // Whoever built it: the name is proof enough.
    small.deriver = Some(derivation_path(9));
    let edge = source("edge", LIMIT);
    let large = source("large", LIMIT + 1);
    let unknown = source("unknown", 0);
    let items = [&large, &small, &unknown, &edge, &small].map(Clone::clone);
    let plan = Plan::new(&dir(), items.clone(), LIMIT, &mut Unreadable).unwrap();
    let forms: Vec<_> = plan.sources.iter().map(|s| (&s.item, s.form)).collect();
    assert_eq!(forms, [(&small, Form::RECURSIVE), (&edge, Form::RECURSIVE)]);
    assert_eq!(shape(&plan), [(Way::Signed, 2)]);
    assert_eq!(plan.count(), 4);
    let plan = Plan::new(&dir(), items, 0, &mut Unreadable).unwrap();
    assert!(plan.sources.is_empty());
}

#[test]
fn flat_files_are_known_by_their_contents() {
    let mut flat = built(1, &[]);
    let hash = sha256(b"contents");
    flat.path = fixed_path(&dir(), "flat", false, "sha256", &hash).unwrap();
    let mut files = Fake::default();
    files.plain.push((flat.path.clone(), b"contents".to_vec()));
    // A deriver that cannot be read tells nothing.
    for deriver in [None, Some(derivation_path(9))] {
        flat.deriver = deriver;
        let plan = Plan::new(&dir(), [flat.clone()], LIMIT, &mut files).unwrap();
        assert_eq!(plan.sources[0].form, Form::FLAT);
        assert!(plan.steps.is_empty() && !plan.is_empty() && !plan.needs_signatures());
    }
    assert_eq!(files.hashed.len(), 2);
    // With a limit below, it is read once for being a text, no further.
    flat.deriver = None;
    let plan = Plan::new(&dir(), [flat], 5, &mut files).unwrap();
    assert_eq!(shape(&plan), [(Way::Signed, 1)]);
    assert_eq!(files.hashed[2].1, MAX_TEXT);
}

#[test]
fn fixed_outputs_are_known_by_their_derivations() {
    for (algorithm, recursive, plain, proven) in [
        ("sha1", true, false, true),
        ("sha1", false, true, true),
        ("sha512", false, true, true),
        ("sha256", false, true, true),
        ("md5", false, true, true),
        // Executable, or no file at all.
        ("sha1", false, false, false),
        // Not known to every daemon.
        ("sha384", true, false, false),
        ("blake2s-256", false, true, false),
    ] {
        let (item, derivation) = fixed(algorithm, recursive);
        let mut files = Fake::default();
        if plain {
            files.plain.push((item.path.clone(), Vec::new()));
        }
        let deriver = item.deriver.clone().unwrap();
        files.derivations.push((deriver, derivation));
        let plan = Plan::new(&dir(), [item], LIMIT, &mut files).unwrap();
        let expected = proven.then_some((recursive, algorithm));
        let form = plan.sources.first().map(|source| source.form);
        let found = form.map(|form| (form.recursive, form.algorithm));
        assert_eq!(found, expected, "{algorithm} {recursive}");
        assert!(files.hashed.is_empty(), "read for nothing");
    }
}

#[test]
fn a_derivation_that_names_something_else_proves_nothing() {
    let (item, derivation) = fixed("sha1", true);
    let mut wrong_hash = derivation.clone();
    wrong_hash.outputs.get_mut("out").unwrap().hash = "00".repeat(20);
    let mut not_fixed = derivation.clone();
    let out = not_fixed.outputs.get_mut("out").unwrap();
    (out.hash, out.hash_algo) = (String::new(), String::new());
    let deriver = item.deriver.clone().unwrap();
    for derivation in [wrong_hash, not_fixed] {
        let mut files = Fake::default();
        files.derivations.push((deriver.clone(), derivation));
        let plan = Plan::new(&dir(), [item.clone()], LIMIT, &mut files).unwrap();
        assert_eq!(shape(&plan), [(Way::Signed, 1)]);
    }
}

fn derivation_path(number: u32) -> StorePath {
    let name = built(number, &[]).path.base_name().to_owned();
    dir().join(&format!("{name}.drv")).unwrap()
}

/// A fixed output and its derivation.
fn fixed(algorithm: &str, recursive: bool) -> (Item, Derivation) {
    let hash = [7; 20];
    let mut item = built(1, &[]);
    item.path = fixed_path(&dir(), "fixed", recursive, algorithm, &hash).unwrap();
    item.deriver = Some(derivation_path(9));
    let text = b"Derive([],[],[],\"x86_64-linux\",\"builtin:download\",[],[])";
    let mut derivation = Derivation::parse(&dir(), text).unwrap();
    let output = Output {
        path: item.path.clone(),
        hash_algo: format!("{}{algorithm}", if recursive { "r:" } else { "" }),
        hash: hex(&hash),
    };
    derivation.outputs.insert("out".to_owned(), output);
    (item, derivation)
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
    let outcome = Plan::new(&dir(), [a, b], LIMIT, &mut Fake::default());
    assert!(matches!(outcome, Err(PlanError::Cycle(_))));
    let outcome = Plan::new(&dir(), [built(1, &[])], LIMIT, &mut Unreadable);
    assert!(matches!(outcome, Err(PlanError::Read { .. })));
}

#[test]
fn it_prints_a_line_for_each_item() {
    let t = text("hello", &[]);
    let path = t.path.clone();
    let s = source("s", 200);
    let plan = plan(&[t.clone(), s.clone()], &[(&t, "hello")]);
    let lines = format!(
        "source          200 {}\ntext            128 {path}\n",
        s.path
    );
    assert_eq!(plan.to_string(), lines);
}

/// The fewest steps that any plan has: breadth first, by what may still go.
fn fewest(items: &[Item]) -> usize {
    let kind = |item: &Item| {
        if item.path.is_derivation() {
            0
        } else if source_path(&dir(), item.path.name(), &item.nar_hash).as_ref() == Ok(&item.path) {
            1
        } else {
            2
        }
    };
    let mut states = BTreeSet::from([BTreeSet::<StorePath>::new()]);
    for steps in 0.. {
        if states.iter().any(|sent| sent.len() == items.len()) {
            return steps;
        }
        let mut next = BTreeSet::new();
        for sent in &states {
            for way in 0..3 {
                let mut sent = sent.clone();
                // As much as can go this way; items are in order already.
                for item in items {
                    let ready = item.references.iter().all(|path| sent.contains(path));
                    if kind(item) == way && ready {
                        sent.insert(item.path.clone());
                    }
                }
                next.insert(sent);
            }
        }
        states = next;
    }
    unreachable!("steps are without end")
}

/// Items of the three kinds that refer to earlier ones as the bits say.
fn graph(shape: &[(u8, u64)]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (number, (kind, references)) in shape.iter().enumerate() {
        if kind % 3 == 1 {
            items.push(source(&format!("source-{number}"), 200));
            continue;
        }
        let refers: Vec<&Item> = items
            .iter()
            .rev()
            .enumerate()
            .filter(|(bit, _)| *bit < 64 && references >> bit & 1 == 1)
            .map(|(_, item)| item)
            .collect();
        let mut item = built(u32::try_from(number).unwrap(), &refers);
        if kind % 3 == 0 {
            let name = format!("{}.drv", item.path.base_name());
            item.path = dir().join(&name).unwrap();
        }
        items.push(item);
    }
    items
}

proptest! {
    /// Whatever the graph: everything goes once, its own way, references
    /// first, and neighbouring steps go different ways.
    #[test]
    fn references_always_go_first(
        shape in proptest::collection::vec((any::<u8>(), any::<u64>()), 0..40)
    ) {
        let items = graph(&shape);
        let plan = plan(&items, &[]);
        let mut sent = BTreeSet::new();
        for item in plan.items() {
            for reference in &item.references {
                prop_assert!(sent.contains(reference));
            }
            prop_assert!(sent.insert(item.path.clone()));
        }
        prop_assert_eq!(sent.len(), items.len());
        let sources = shape.iter().filter(|(kind, _)| kind % 3 == 1).count();
        prop_assert_eq!(plan.sources.len(), sources);
        for pair in plan.steps.windows(2) {
            prop_assert_ne!(pair[0].way, pair[1].way);
        }
        for step in &plan.steps {
            for item in &step.items {
                prop_assert_eq!(item.path.is_derivation(), step.way == Way::Text);
            }
        }
    }

    /// No plan has fewer steps.
    #[test]
    fn there_is_no_shorter_plan(
        shape in proptest::collection::vec((any::<u8>(), any::<u64>()), 0..12)
    ) {
        let items = graph(&shape);
        let plan = plan(&items, &[]);
        let steps = plan.steps.len() + usize::from(!plan.sources.is_empty());
        prop_assert_eq!(steps, fewest(&items));
    }
}
