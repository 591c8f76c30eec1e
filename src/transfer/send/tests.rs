//! Sending to a daemon in memory, from a store in a temporary directory.

mod sources;

use super::*;
use crate::daemon::Opening;
use crate::daemon::mock::{FakeDaemon, Request};
use crate::store::base32;
use crate::store::bundle::{self, Outgoing, read_item, read_more};
use crate::store::digest::{HashingWriter, sha256, text_path};
use crate::store::nar::Visitor;
use crate::store::path::StoreDir;
use crate::transfer::files::StoreFiles;

const LIMIT: u64 = 1 << 20;
const SIGNATURE: &[u8] = b"(signature of it)";

#[allow(clippy::unnecessary_wraps)]
fn quiet(_: &[u8]) -> io::Result<()> {
    Ok(())
}

#[allow(clippy::unnecessary_wraps)]
fn signer(_: &Sha256) -> io::Result<Vec<u8>> {
    Ok(SIGNATURE.to_vec())
}

struct Store {
    dir: StoreDir,
    _files: tempfile::TempDir,
}

impl Store {
    fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        Self {
            dir: StoreDir::new(files.path().to_str().unwrap()).unwrap(),
            _files: files,
        }
    }

    fn text(&self, name: &str, contents: &[u8], references: &[&Item]) -> Item {
        let references: Vec<_> = references.iter().map(|item| item.path.clone()).collect();
        let path = text_path(&self.dir, name, &sha256(contents), &references).unwrap();
        std::fs::write(path.as_path(), contents).unwrap();
        row(path, references)
    }

    fn tree(&self, name: &str, size: usize, references: &[&Item]) -> Item {
        let hash = base32::encode(&sha256(name.as_bytes())[..20]);
        let path = self.dir.join(&format!("{hash}-{name}")).unwrap();
        std::fs::create_dir(path.as_path()).unwrap();
        std::fs::write(path.as_path().join("file"), vec![b'x'; size]).unwrap();
        let references = references.iter().map(|item| item.path.clone()).collect();
        row(path, references)
    }

    fn plan(&self, items: &[&Item]) -> Plan {
        let items = items.iter().map(|item| (*item).clone());
        Plan::new(&self.dir, items, LIMIT, &mut StoreFiles(&self.dir)).unwrap()
    }

    fn daemon(&self) -> FakeDaemon {
        let mut daemon = FakeDaemon::new();
        daemon.dir = self.dir.clone();
        let dir = self.dir.clone();
        daemon.text = Box::new(move |name, contents, references| {
            text_path(&dir, name, &sha256(contents), references).ok()
        });
        let dir = self.dir.clone();
        daemon.source = Box::new(move |name, recursive, algorithm, archive| {
            sources::name(&dir, name, recursive, algorithm, archive)
        });
        daemon.archive = Box::new(sources::end_of_archive);
        let dir = self.dir.clone();
        daemon.import = Box::new(move |bundle| take_apart(&dir, bundle).map(Ok));
        daemon
    }

    fn open(&self, daemon: FakeDaemon) -> Client<FakeDaemon> {
        Client::open(daemon, &self.dir, &Opening::default(), &mut quiet)
            .unwrap()
            .0
    }
}

fn row(path: StorePath, references: Vec<StorePath>) -> Item {
    let mut hashed = HashingWriter::new(io::sink());
    dump(path.as_path(), &mut hashed).unwrap();
    let (_, nar_hash, nar_size) = hashed.finish();
    Item {
        path,
        references,
        nar_hash,
        nar_size,
        deriver: None,
    }
}

struct Nothing;

impl Visitor for Nothing {
    type Error = io::Error;
    fn directory(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn leave_directory(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn regular(&mut self, _: &[u8], _: bool, _: u64, contents: &mut dyn Read) -> io::Result<()> {
        io::copy(contents, &mut io::sink()).map(|_| ())
    }
    fn symlink(&mut self, _: &[u8], _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// The paths of a bundle, once it is whole.
fn take_apart(dir: &StoreDir, mut bundle: &[u8]) -> Option<Vec<StorePath>> {
    let mut paths = Vec::new();
    while read_more::<_, io::Error>(&mut bundle).ok()? {
        let item = read_item(dir, &mut bundle, &mut Nothing).ok()?;
        assert_eq!(item.signature.as_deref(), Some(SIGNATURE));
        paths.push(item.path);
    }
    Some(paths)
}

fn run(plan: &Plan, client: &mut Client<FakeDaemon>) -> Result<Sent, SendError> {
    send(
        plan,
        client,
        &mut Signing::Here(&signer),
        &mut quiet,
        &mut |_| {},
    )
}

#[test]
fn everything_goes_its_way_in_order() {
    let store = Store::new();
    let a = store.tree("a", 100_000, &[]);
    let t = store.text("t", b"hello", &[&a]);
    let b = store.tree("b", 10, &[&t]);
    let c = store.tree("c", 10, &[&a]);
    let plan = store.plan(&[&a, &b, &c, &t]);
    let mut client = store.open(store.daemon());
    let mut told = Vec::new();
    let sent = send(
        &plan,
        &mut client,
        &mut Signing::Here(&signer),
        &mut quiet,
        &mut |sent| told.push(sent),
    )
    .unwrap();
    assert_eq!(sent.items, 4);
    assert_eq!(told.last(), Some(&sent));
    let requests = &client.stream().requests[1..];
    let [
        Request::Import(first),
        Request::Text(name, contents, references),
        Request::Import(last),
    ] = requests
    else {
        panic!("{requests:?}");
    };
    let first = take_apart(&store.dir, first).unwrap();
    assert_eq!(first.len(), 2);
    assert!(first.contains(&a.path) && first.contains(&c.path));
    assert_eq!(
        (name.as_str(), contents.as_slice()),
        ("t", b"hello".as_slice())
    );
    assert_eq!(*references, [a.path]);
    assert_eq!(take_apart(&store.dir, last).unwrap(), [b.path]);
}

#[test]
fn many_texts_are_few_writes() {
    let store = Store::new();
    let texts: Vec<_> = (0..200)
        .map(|n| store.text(&format!("t-{n}"), format!("{n:500}").as_bytes(), &[]))
        .chain([store.text("large", &vec![b'x'; 1 << 20], &[])])
        .collect();
    let plan = store.plan(&texts.iter().collect::<Vec<_>>());
    assert!(!plan.needs_signatures());
    let mut client = store.open(store.daemon());
    run(&plan, &mut client).unwrap();
    let writes = &client.stream().writes[1..];
    assert!(writes.len() <= 7, "{writes:?}");
}

#[test]
fn a_reply_that_names_something_else_is_an_error() {
    let store = Store::new();
    let t = store.text("t", b"hello", &[]);
    let other = store.text("other", b"hello", &[]);
    let mut daemon = store.daemon();
    let reply = other.path.clone();
    daemon.text = Box::new(move |_, _, _| Some(reply.clone()));
    let outcome = run(&store.plan(&[&t]), &mut store.open(daemon));
    assert!(matches!(&outcome, Err(SendError::Differs { ours, theirs })
            if *ours == t.path && theirs == other.path.as_str()));
    assert!(outcome.unwrap_err().is_machine_fault());
    let a = store.tree("a", 10, &[]);
    for reply in [
        vec![],
        vec![other.path.clone()],
        vec![a.path.clone(), other.path],
    ] {
        let mut daemon = store.daemon();
        let dir = store.dir.clone();
        daemon.import = Box::new(move |bundle| take_apart(&dir, bundle).map(|_| Ok(reply.clone())));
        let outcome = run(&store.plan(&[&a]), &mut store.open(daemon));
        assert!(
            matches!(outcome, Err(SendError::Differs { .. })),
            "{outcome:?}"
        );
    }
}

#[test]
fn changed_files_get_no_signature() {
    let store = Store::new();
    let mut a = store.tree("a", 100_000, &[]);
    a.nar_hash = [0; 32];
    let mut client = store.open(store.daemon());
    let outcome = run(&store.plan(&[&a]), &mut client);
    assert!(matches!(&outcome, Err(SendError::Changed { path }) if *path == a.path));
    assert!(!outcome.unwrap_err().is_machine_fault());
    let Some(Request::Import(bundle)) = client.stream().requests.last() else {
        panic!("no import");
    };
    assert!(
        !bundle
            .windows(SIGNATURE.len())
            .any(|bytes| bytes == SIGNATURE)
    );
    client.add_temp_roots(&[a.path], &mut quiet).unwrap();
}

#[test]
fn changed_texts_are_not_sent() {
    let store = Store::new();
    let t = store.text("t", b"hello", &[]);
    let plan = store.plan(&[&t]);
    std::fs::write(t.path.as_path(), b"jello").unwrap();
    let mut client = store.open(store.daemon());
    let outcome = run(&plan, &mut client);
    assert!(matches!(&outcome, Err(SendError::Changed { path }) if *path == t.path));
    assert!(!outcome.unwrap_err().is_machine_fault());
    assert_eq!(client.stream().requests.len(), 1);
    assert!(client.is_reusable());
}

#[test]
fn failures_are_told_apart() {
    let store = Store::new();
    let a = store.tree("a", 100_000, &[]);
    let plan = store.plan(&[&a]);
    let mut client = store.open(store.daemon());
    let refuses = |_: &Sha256| Err(io::Error::from(io::ErrorKind::PermissionDenied));
    let mut signing = Signing::Here(&refuses);
    let outcome = send(&plan, &mut client, &mut signing, &mut quiet, &mut |_| {});
    assert!(matches!(outcome, Err(SendError::Sign { path, source })
        if path == a.path && source.kind() == io::ErrorKind::PermissionDenied));
    std::fs::remove_file(a.path.as_path().join("file")).unwrap();
    std::fs::remove_dir(a.path.as_path()).unwrap();
    let outcome = run(&plan, &mut client);
    assert!(matches!(outcome, Err(SendError::Read { path, .. }) if path == a.path));
    // The connection has survived both.
    let b = store.tree("b", 10, &[]);
    run(&store.plan(&[&b]), &mut client).unwrap();
    let mut full = [0_u8; 50];
    let outcome = write_bundle(
        &mut full.as_mut_slice(),
        [&b],
        &mut Signing::Here(&signer),
        &mut |_| {},
    );
    assert!(
        matches!(outcome, Err(SendError::Sink { .. })),
        "{outcome:?}"
    );
    let mut daemon = store.daemon();
    daemon.import = Box::new(|_| Some(Err("unauthorized public key: x".to_owned())));
    let outcome = run(&store.plan(&[&b]), &mut store.open(daemon));
    assert!(matches!(outcome, Err(SendError::Daemon(error)) if error.is_unauthorised_key()));
}

#[test]
fn the_local_daemon_can_sign_instead() {
    let store = Store::new();
    let a = store.tree("a", 100_000, &[]);
    let b = store.tree("b", 10, &[&a]);
    let mut signing_daemon = store.daemon();
    for item in [&a, &b] {
        let mut exported = Vec::new();
        let outgoing = Outgoing {
            path: &item.path,
            references: &item.references,
            deriver: None,
        };
        bundle::write_item(
            &mut exported,
            &mut |out| dump(item.path.as_path(), out),
            &outgoing,
            &mut |hash| signer(hash),
        )
        .unwrap();
        signing_daemon.exports.insert(item.path.clone(), exported);
    }
    let mut local = store.open(signing_daemon);
    let mut client = store.open(store.daemon());
    let plan = store.plan(&[&a, &b]);
    let mut exporter = LocalDaemon {
        client: &mut local,
        log: &mut quiet,
    };
    let mut signing = Signing::Exported(&mut exporter);
    let sent = send(&plan, &mut client, &mut signing, &mut quiet, &mut |_| {}).unwrap();
    assert_eq!(sent.items, 2);
    // What the local daemon does not have is its word, not the other's.
    let c = store.tree("c", 10, &[]);
    let outcome = send(
        &store.plan(&[&c]),
        &mut client,
        &mut signing,
        &mut quiet,
        &mut |_| {},
    );
    assert!(matches!(outcome, Err(SendError::Export { path, .. }) if path == c.path));
    let outcome = send(&plan, &mut client, &mut signing, &mut quiet, &mut |_| {});
    assert!(outcome.is_ok(), "{outcome:?}");
}
