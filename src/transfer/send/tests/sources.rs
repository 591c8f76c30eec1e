//! Sources and fixed outputs on their way to a daemon in memory.

use std::os::unix::fs::{PermissionsExt, symlink};

use sha1::Digest as _;

use super::*;
use crate::store::digest::{fixed_path, hex};
use crate::store::nar::parse::parse;
use crate::store::nar::print::single_file;
use crate::transfer::plan::Form;

/// The name that a real daemon gives.
pub(super) fn name(
    dir: &StoreDir,
    name: &str,
    recursive: bool,
    algorithm: &str,
    archive: &[u8],
) -> Option<StorePath> {
    let mut only = Only(Vec::new());
    parse(&mut &*archive, &mut only).unwrap();
    let hashed = if recursive { archive } else { &only.0 };
    let hash = match algorithm {
        "sha256" => sha256(hashed).to_vec(),
        "sha1" => sha1::Sha1::digest(hashed).to_vec(),
        _ => return None,
    };
    fixed_path(dir, name, recursive, algorithm, &hash).ok()
}

pub(super) fn end_of_archive(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    parse(&mut rest, &mut Nothing).ok()?;
    Some(bytes.len() - rest.len())
}

/// The contents of a single file.
struct Only(Vec<u8>);

impl Visitor for Only {
    type Error = io::Error;
    fn directory(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn leave_directory(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn regular(&mut self, _: &[u8], _: bool, _: u64, contents: &mut dyn Read) -> io::Result<()> {
        contents.read_to_end(&mut self.0).map(|_| ())
    }
    fn symlink(&mut self, _: &[u8], _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

impl Store {
    /// A recursive source: a folder with a program, a link and a file.
    fn source(&self, item: &str, size: usize) -> Item {
        let made = self.dir.join(&format!("{}-x", "0".repeat(32))).unwrap();
        let folder = made.as_path();
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        std::fs::write(folder.join("bin/run"), item).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.join("bin/run"), mode).unwrap();
        symlink("bin/run", folder.join("link")).unwrap();
        std::fs::write(folder.join("file"), vec![b'x'; size]).unwrap();
        let hash = row(made.clone(), Vec::new()).nar_hash;
        let path = fixed_path(&self.dir, item, true, "sha256", &hash).unwrap();
        std::fs::rename(folder, path.as_path()).unwrap();
        row(path, Vec::new())
    }

    /// A flat file.
    fn flat(&self, item: &str, contents: &[u8]) -> Item {
        let hash = sha256(contents);
        let path = fixed_path(&self.dir, item, false, "sha256", &hash).unwrap();
        std::fs::write(path.as_path(), contents).unwrap();
        row(path, Vec::new())
    }

    /// A file whose derivation says that its hash is by SHA-1.
    fn fixed(&self, item: &str, recursive: bool, contents: &[u8]) -> Item {
        let archive = single_file(false, contents);
        let hash = sha1::Sha1::digest(if recursive { &archive } else { contents });
        let path = fixed_path(&self.dir, item, recursive, "sha1", &hash).unwrap();
        std::fs::write(path.as_path(), contents).unwrap();
        let kind = if recursive { "r:sha1" } else { "sha1" };
        let text = format!(
            "Derive([(\"out\",\"{path}\",\"{kind}\",\"{}\")],[],[],\"x86_64-linux\",\
             \"builtin:download\",[],[])",
            hex(&hash)
        );
        let mut item = row(path, Vec::new());
        item.deriver = Some(
            self.text(&format!("{}.drv", item.path.name()), text.as_bytes(), &[])
                .path,
        );
        item
    }
}

#[test]
fn each_form_is_named_as_it_was() {
    let store = Store::new();
    let items = [
        store.source("tree", 10),
        store.flat("flat", b"flat"),
        store.fixed("recursive-1", true, b"r1"),
        store.fixed("flat-1", false, b"f1"),
    ];
    let plan = store.plan(&items.iter().collect::<Vec<_>>());
    assert_eq!(plan.sources.len(), 4, "{plan}");
    let mut client = store.open(store.daemon());
    let sent = run(&plan, &mut client).unwrap();
    assert_eq!((sent.items, sent.bytes), (4, plan.bytes()));
    let daemon = client.stream();
    assert_eq!(daemon.writes.len(), 2, "{:?}", daemon.writes);
    let mut forms: Vec<_> = Vec::new();
    for request in &daemon.requests[1..] {
        let Request::Source(_, recursive, algorithm, _) = request else {
            panic!("{request:?}");
        };
        forms.push((*recursive, algorithm.as_str()));
    }
    let expected = [
        (true, "sha256"),
        (false, "sha256"),
        (true, "sha1"),
        (false, "sha1"),
    ];
    assert_eq!(forms, expected);
    assert!(client.is_reusable());
}

#[test]
fn small_ones_go_together_and_large_ones_alone() {
    let store = Store::new();
    let mut items: Vec<_> = (0..100)
        .map(|n| store.source(&format!("s-{n}"), 200))
        .collect();
    items.insert(50, store.source("large", 400_000));
    let plan = store.plan(&items.iter().collect::<Vec<_>>());
    assert_eq!(plan.sources.len(), 101);
    let mut client = store.open(store.daemon());
    let mut told = Vec::new();
    let mut signing = Signing::Here(&signer);
    let sent = send(&plan, &mut client, &mut signing, &mut quiet, &mut |sent| {
        told.push(sent);
    });
    assert_eq!(sent.unwrap().bytes, plan.bytes());
    assert_eq!(told.len(), 101);
    let small: u64 = plan.bytes() - items[50].nar_size;
    let writes = &client.stream().writes[1..];
    let batches = writes.iter().filter(|size| **size <= BATCH_BYTES).count() as u64;
    // Each batch is nearly full; the large one's end is a small write, too.
    assert!(batches <= (small + 100 * 100) / 28_000 + 2, "{writes:?}");
    let Some(Request::Source(_, _, _, archive)) = client.stream().requests.last() else {
        panic!("no source at the end");
    };
    assert_eq!(archive.len() as u64, items[50].nar_size);
}

#[test]
fn what_has_changed_is_not_sent() {
    for size in [100, 400_000] {
        let store = Store::new();
        let item = store.source("s", size);
        let plan = store.plan(&[&item]);
        assert_eq!(plan.sources[0].form, Form::RECURSIVE);
        let file = item.path.as_path().join("file");
        for contents in [vec![b'y'; size], vec![b'x'; size + 40_000], Vec::new()] {
            std::fs::write(&file, contents).unwrap();
            let mut client = store.open(store.daemon());
            let outcome = run(&plan, &mut client);
            assert!(
                matches!(&outcome, Err(SendError::Changed { path }) if *path == item.path),
                "{outcome:?}"
            );
            assert!(!outcome.unwrap_err().is_machine_fault());
            // Never a whole request.
            assert_eq!(client.stream().requests.len(), 1);
        }
        std::fs::remove_dir_all(item.path.as_path()).unwrap();
        let outcome = run(&plan, &mut store.open(store.daemon()));
        assert!(
            matches!(outcome, Err(SendError::Read { .. })),
            "{outcome:?}"
        );
    }
}

#[test]
fn another_name_for_a_source_is_an_error() {
    let store = Store::new();
    for item in [store.source("s", 10), store.source("l", 400_000)] {
        let other = store.flat("other", b"o").path;
        let mut daemon = store.daemon();
        let reply = other.clone();
        daemon.source = Box::new(move |_, _, _, _| Some(reply.clone()));
        let outcome = run(&store.plan(&[&item]), &mut store.open(daemon));
        assert!(
            matches!(&outcome, Err(SendError::Differs { ours, theirs })
                if *ours == item.path && theirs == other.as_str()),
            "{outcome:?}"
        );
        let mut daemon = store.daemon();
        daemon.source = Box::new(|_, _, _, _| None);
        let mut client = store.open(daemon);
        let outcome = run(&store.plan(&[&item]), &mut client);
        assert!(
            matches!(outcome, Err(SendError::Daemon(DaemonError::Refused { .. }))),
            "{outcome:?}"
        );
        // A refusal comes when all is sent: the connection goes on.
        client.add_temp_roots(&[item.path], &mut quiet).unwrap();
    }
}

#[test]
fn a_bundle_signs_sources_too() {
    let store = Store::new();
    let plan = store.plan(&[&store.source("s", 10), &store.flat("f", b"f")]);
    assert_eq!(plan.sources.len(), 2);
    let mut bundle = Vec::new();
    let mut signing = Signing::Here(&signer);
    write_bundle(&mut bundle, plan.items(), &mut signing, &mut |_| {}).unwrap();
    assert_eq!(take_apart(&store.dir, &bundle).unwrap().len(), 2);
}
