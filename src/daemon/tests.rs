//! Whole conversations with the daemons of [`super::mock`].

use std::io::{self, Read};

use proptest::prelude::*;

use super::mock::{Canned, FakeDaemon, GREETING, Request, greeting};
use super::operation::{AddText, AddToStore};
use super::wire::{DAEMON_MAGIC, WireError};
use super::{Client, DaemonError, Opened, Opening, Options};
use crate::store::path::{StoreDir, StorePath};

const LOG: u64 = 0x6f6c_6d67;
const WANTS: u64 = 0x6461_7461;
const DATA: u64 = 0x6461_7416;
const LAST: u64 = 0x616c_7473;
const ERROR: u64 = 0x6378_7470;

fn path(name: &str) -> StorePath {
    StoreDir::default()
        .join(&format!("1hqp1kznhm15lxn7h668f9x88i6mzsvc-{name}"))
        .unwrap()
}

fn paths(count: usize) -> Vec<StorePath> {
    (0..count).map(|n| path(&format!("item-{n}"))).collect()
}

#[allow(clippy::unnecessary_wraps)]
fn quiet(_: &[u8]) -> io::Result<()> {
    Ok(())
}

fn open(daemon: FakeDaemon, opening: &Opening) -> (Client<FakeDaemon>, Opened) {
    Client::open(daemon, &StoreDir::default(), opening, &mut quiet).unwrap()
}

fn idle(daemon: FakeDaemon) -> Client<FakeDaemon> {
    open(daemon, &Opening::default()).0
}

fn canned(fill: impl FnOnce(&mut super::wire::Encoder)) -> Client<Canned> {
    let mut stream = Canned::new(|out| {
        greeting(out);
        fill(out);
    });
    stream.pause = GREETING;
    Client::open(
        stream,
        &StoreDir::default(),
        &Opening::default(),
        &mut quiet,
    )
    .unwrap()
    .0
}

#[test]
fn everything_that_fits_is_one_write() {
    let mut daemon = FakeDaemon::new();
    daemon.valid.insert(path("item-3"));
    let opening = Opening {
        options: Options {
            max_silent: 5,
            ..Options::default()
        },
        roots: paths(20),
        query: paths(50),
    };
    let (client, opened) = open(daemon, &opening);
    assert_eq!(opened.version, 0x164);
    assert_eq!(
        opened.valid.into_iter().collect::<Vec<_>>(),
        [path("item-3")]
    );
    let daemon = client.stream();
    assert_eq!(daemon.writes.len(), 1);
    assert_eq!(daemon.requests.len(), 22);
    assert_eq!(
        daemon.requests[0],
        Request::Options(vec![
            ("build-max-silent-time".to_owned(), "5".to_owned()),
            ("build-timeout".to_owned(), "0".to_owned()),
        ])
    );
    assert_eq!(daemon.requests[21], Request::Query(paths(50)));
    assert!(client.is_reusable());
    assert_eq!(client.temp_roots(), 20);
}

#[test]
fn what_does_not_fit_follows_in_batches() {
    for (roots, query) in [(0, 5000), (250, 3000), (2000, 10), (377, 1), (376, 0)] {
        let mut daemon = FakeDaemon::new();
        daemon.valid.extend(paths(4000));
        let opening = Opening {
            options: Options::default(),
            roots: paths(roots),
            query: paths(query),
        };
        // The fake daemon panics where a rule is broken.
        let (client, opened) = open(daemon, &opening);
        assert_eq!(opened.valid.len(), query.min(4000));
        assert_eq!(client.temp_roots(), roots);
        let asked = client
            .stream()
            .requests
            .iter()
            .filter_map(|request| match request {
                Request::Query(paths) => Some(paths.len()),
                _ => None,
            });
        assert_eq!(asked.sum::<usize>(), query);
        assert!(client.stream().writes[0] <= 30_000);
    }
}

#[test]
fn an_old_daemon_is_noticed_and_can_be_opened_carefully() {
    let old = || {
        Canned::new(|out| {
            out.int(DAEMON_MAGIC);
            out.int(0x10f);
        })
    };
    let dir = StoreDir::default();
    assert!(matches!(
        Client::open(old(), &dir, &Opening::default(), &mut quiet),
        Err(DaemonError::Old { version: 0x10f })
    ));
    for version in [0x10e, 0x10f, 0x163, 0x164, 0x170] {
        let mut daemon = FakeDaemon::new();
        daemon.version = version;
        let opening = Opening {
            roots: paths(3),
            ..Opening::default()
        };
        let (mut client, opened) = Client::open_old(daemon, &dir, &opening, &mut quiet).unwrap();
        assert_eq!(opened.version, version);
        client.build_paths(&paths(1), &mut quiet).unwrap();
    }
}

#[test]
fn strangers_are_refused() {
    let dir = StoreDir::default();
    for version in [0x10d, 0x264, 0x64, u64::MAX] {
        let stream = Canned::new(|out| {
            out.int(DAEMON_MAGIC);
            out.int(version);
        });
        assert!(matches!(
            Client::open(stream, &dir, &Opening::default(), &mut quiet),
            Err(DaemonError::Unsupported { version: seen }) if seen == version
        ));
    }
    let stream = Canned::new(|out| out.raw(b"SSH-2.0-OpenSSH_10.6"));
    assert!(matches!(
        Client::open(stream, &dir, &Opening::default(), &mut quiet),
        Err(DaemonError::Protocol(WireError::Magic(_)))
    ));
    let stream = Canned::new(|_| {});
    assert!(matches!(
        Client::open(stream, &dir, &Opening::default(), &mut quiet),
        Err(DaemonError::Lost(_))
    ));
}

#[test]
fn a_store_that_is_shut_is_a_refusal() {
    let stream = Canned::new(|out| {
        out.int(DAEMON_MAGIC);
        out.int(0x164);
        out.int(ERROR);
        out.string(b"database is locked");
    });
    assert!(matches!(
        Client::open(stream, &StoreDir::default(), &Opening::default(), &mut quiet),
        Err(DaemonError::Refused { status: 1, message }) if message == "database is locked"
    ));
}

#[test]
fn builds_bring_their_log_and_outcome() {
    let mut daemon = FakeDaemon::new();
    daemon.log = vec![
        b"one\n".to_vec(),
        b"\xff\0".to_vec(),
        vec![b'x'; 100_000],
        Vec::new(),
    ];
    daemon
        .builds
        .extend([Ok(()), Err(("build of `x' failed".to_owned(), 100)), Ok(())]);
    let mut client = idle(daemon);
    let mut log = Vec::new();
    let mut take = |bytes: &[u8]| {
        log.extend_from_slice(bytes);
        Ok(())
    };
    client.build_paths(&paths(1), &mut take).unwrap();
    assert_eq!(log.len(), 6 + 100_000);
    assert!(client.is_reusable());
    assert!(matches!(
        client.build_paths(&paths(1), &mut quiet),
        Err(DaemonError::Refused { status: 100, .. })
    ));
    // Good for us, but not for others.
    assert!(!client.is_reusable());
    client.build_paths(&paths(1), &mut quiet).unwrap();
}

#[test]
fn a_log_that_cannot_be_passed_on_ends_the_conversation() {
    let mut daemon = FakeDaemon::new();
    daemon.log = vec![b"one\n".to_vec()];
    let mut client = idle(daemon);
    let outcome = client.build_paths(&paths(1), &mut |_: &[u8]| {
        Err(io::ErrorKind::BrokenPipe.into())
    });
    assert!(matches!(outcome, Err(DaemonError::Log(_))));
    assert!(matches!(
        client.build_paths(&paths(1), &mut quiet),
        Err(DaemonError::Spent)
    ));
}

#[test]
fn a_lost_connection_is_told_wherever_it_breaks() {
    let mut whole = FakeDaemon::new();
    whole.exports.insert(path("x"), vec![7; 100_000]);
    let total = {
        let mut client = idle(whole);
        let mut log = quiet;
        let mut export = client.export_path(&path("x"), true, &mut log).unwrap();
        io::copy(&mut export, &mut io::sink()).unwrap();
        export.finish().unwrap();
        // Greeting, options, two pieces with head and padding, end.
        32 + 2 * 16 + 100_000 + 16
    };
    for cut in (0..total).step_by(997).chain([total - 1]) {
        let mut daemon = FakeDaemon::new();
        daemon.exports.insert(path("x"), vec![7; 100_000]);
        daemon.cut = Some(cut);
        let opened = Client::open(
            daemon,
            &StoreDir::default(),
            &Opening::default(),
            &mut quiet,
        );
        let (mut client, _) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                assert!(matches!(error, DaemonError::Lost(_)), "{error}");
                continue;
            }
        };
        let mut log = quiet;
        let mut export = client.export_path(&path("x"), true, &mut log).unwrap();
        assert!(io::copy(&mut export, &mut io::sink()).is_err(), "{cut}");
        assert!(
            matches!(export.finish(), Err(DaemonError::Lost(_))),
            "{cut}"
        );
        assert!(matches!(
            client.is_valid(&path("x"), &mut quiet),
            Err(DaemonError::Spent)
        ));
    }
}

fn name_text(name: &str, contents: &[u8], _: &[StorePath]) -> Option<StorePath> {
    (contents != b"bad").then(|| path(name))
}

#[test]
fn texts_go_many_in_a_write_and_large_ones_alone() {
    let mut daemon = FakeDaemon::new();
    daemon.text = Box::new(name_text);
    let mut client = idle(daemon);
    let large = vec![b'x'; 100_000];
    let names: Vec<_> = (0..200).map(|n| format!("text-{n}")).collect();
    let texts: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| AddText {
            name,
            contents: if n == 100 { &large } else { &large[..500] },
            references: &[],
        })
        .collect();
    let replies = client.add_texts(&texts, &mut quiet).unwrap();
    assert_eq!(
        replies,
        names.iter().map(|name| path(name)).collect::<Vec<_>>()
    );
    let writes = &client.stream().writes[1..];
    // 544 bytes each, 55 in a batch: 55, 45, one alone, 55, 44.
    assert_eq!(writes.len(), 5, "{writes:?}");
    assert_eq!(writes[2], texts[100].encoded_size());
    assert_eq!(
        writes[0],
        texts[..55].iter().map(AddText::encoded_size).sum::<usize>()
    );
}

#[test]
fn a_refusal_in_a_batch_does_not_lose_the_rest_of_its_replies() {
    let mut daemon = FakeDaemon::new();
    daemon.text = Box::new(name_text);
    daemon.valid.insert(path("a"));
    let mut client = idle(daemon);
    let text = |name, contents| AddText {
        name,
        contents,
        references: &[],
    };
    let texts = [
        text("a", b"1"),
        text("b", b"bad"),
        text("c", b"bad"),
        text("d", b"4"),
    ];
    assert!(matches!(
        client.add_texts(&texts, &mut quiet),
        Err(DaemonError::Refused { status: 1, .. })
    ));
    assert_eq!(
        client.valid_paths(&[path("a")], &mut quiet).unwrap().len(),
        1
    );
}

#[test]
fn a_daemon_that_leaves_after_a_refusal_is_quoted() {
    let mut client = canned(|out| {
        out.int(ERROR);
        out.string(b"invalid operation 8");
        out.int(1);
    });
    let text = AddText {
        name: "a",
        contents: b"",
        references: &[],
    };
    assert!(matches!(
        client.add_texts(&[text, text], &mut quiet),
        Err(DaemonError::Refused { message, .. }) if message == "invalid operation 8"
    ));
}

#[test]
fn last_words_are_heard_when_writing_fails() {
    let mut client = canned(|out| {
        out.int(LOG);
        out.string(b"about to fail");
        out.int(ERROR);
        out.string(b"bad archive");
        out.int(1);
    });
    client.stream_mut().deaf_after = Some(0);
    let item = AddToStore {
        name: "a",
        recursive: true,
        algorithm: "sha256",
    };
    let outcome = client.add_to_store(
        &item,
        &mut |sink| {
            sink.write_all(&vec![0; 200_000])?;
            Ok(200_000)
        },
        &mut quiet,
    );
    assert!(
        matches!(outcome, Err(DaemonError::Refused { message, .. }) if message == "bad archive")
    );
}

#[test]
fn a_tree_goes_inline() {
    let mut client = canned(|out| {
        out.int(LAST);
        out.path(&path("a"));
    });
    let item = AddToStore {
        name: "a",
        recursive: true,
        algorithm: "sha256",
    };
    let nar = vec![5; 200_000];
    let reply = client
        .add_to_store(
            &item,
            &mut |sink| sink.write_all(&nar).map(|()| 200_000),
            &mut quiet,
        )
        .unwrap();
    assert_eq!(reply, path("a"));
    assert!(client.stream().heard.ends_with(&nar));
    let outcome = client.add_to_store(
        &item,
        &mut |_| Err(io::ErrorKind::NotFound.into()),
        &mut quiet,
    );
    assert!(matches!(outcome, Err(DaemonError::Source(_))));
    assert!(matches!(
        client.is_valid(&path("a"), &mut quiet),
        Err(DaemonError::Spent)
    ));
}

#[test]
fn exports_are_read_without_being_kept() {
    let item: Vec<u8> = (0..200_001_u32).map(|n| n.to_le_bytes()[0]).collect();
    let mut daemon = FakeDaemon::new();
    daemon.exports.insert(path("x"), item.clone());
    let mut client = idle(daemon);
    for piece in [1, 7, 4096, 300_000] {
        let mut log = quiet;
        let mut export = client.export_path(&path("x"), false, &mut log).unwrap();
        let mut read = Vec::new();
        let mut buffer = vec![0; piece];
        while read.len() < item.len() {
            let n = export.read(&mut buffer).unwrap();
            assert_ne!(n, 0);
            read.extend_from_slice(&buffer[..n]);
        }
        assert_eq!(read, item);
        export.finish().unwrap();
        assert!(client.is_reusable());
    }
    assert!(matches!(
        client
            .export_path(&path("y"), true, &mut quiet)
            .unwrap()
            .finish(),
        Err(DaemonError::Refused { .. })
    ));
    let mut log = quiet;
    let mut export = client.export_path(&path("y"), true, &mut log).unwrap();
    assert!(export.read(&mut [0; 10]).is_err());
    assert!(matches!(export.finish(), Err(DaemonError::Refused { .. })));
    // The daemon's refusal leaves the connection good.
    client.export_path(&path("x"), true, &mut quiet).unwrap();
    // An export that nobody read does not.
    assert!(matches!(
        client.is_valid(&path("x"), &mut quiet),
        Err(DaemonError::Spent)
    ));
}

#[test]
fn more_data_than_the_item_is_a_violation() {
    let mut client = canned(|out| {
        out.int(DATA);
        out.string(b"12345678");
        out.int(DATA);
        out.string(b"more");
        out.int(LAST);
        out.int(1);
    });
    let mut log = quiet;
    let mut export = client.export_path(&path("x"), true, &mut log).unwrap();
    export.read_exact(&mut [0; 8]).unwrap();
    assert!(matches!(
        export.finish(),
        Err(DaemonError::Protocol(WireError::Unexpected { .. }))
    ));
}

/// A bundle for tests: anything that ends with `END`.
fn whole(bundle: &[u8]) -> Option<Result<Vec<StorePath>, String>> {
    if bundle.starts_with(b"bad") {
        return Some(Err("unauthorized public key: x".to_owned()));
    }
    bundle.ends_with(b"END").then(|| Ok(vec![path("imported")]))
}

#[test]
fn imports_answer_each_wish_with_no_more_than_was_wanted() {
    for (piece, length) in [
        (32_768, 0),
        (32_768, 100_000),
        (100, 5000),
        (1 << 20, 32_680),
    ] {
        let mut daemon = FakeDaemon::new();
        daemon.import = Box::new(whole);
        daemon.piece = piece;
        let mut client = idle(daemon);
        let mut bundle = vec![b'x'; length];
        bundle.extend_from_slice(b"END");
        let imported = client
            .import_paths(&mut bundle.as_slice(), &mut quiet)
            .unwrap();
        assert_eq!(imported, [path("imported")]);
        assert_eq!(
            client.stream().requests.last(),
            Some(&Request::Import(bundle))
        );
        assert!(client.is_reusable());
    }
}

#[test]
fn a_failing_source_is_told_apart_and_leaves_the_connection_good() {
    let mut daemon = FakeDaemon::new();
    daemon.import = Box::new(whole);
    let mut client = idle(daemon);
    for length in [0, 10, 50_000, 98_040] {
        let outcome = client.import(
            &mut |sink| {
                sink.write_all(&vec![b'x'; length])?;
                Err(io::Error::other("disk on fire"))
            },
            &mut quiet,
        );
        assert!(
            matches!(&outcome, Err(DaemonError::Source(error)) if error.to_string() == "disk on fire")
        );
        client.add_temp_roots(&paths(1), &mut quiet).unwrap();
    }
}

#[test]
fn a_refused_import_is_told_apart_from_its_source() {
    let mut daemon = FakeDaemon::new();
    daemon.import = Box::new(whole);
    let mut client = idle(daemon);
    let mut bundle = b"bad".to_vec();
    bundle.resize(200_000, 0);
    let refused = client.import_paths(&mut bundle.as_slice(), &mut quiet);
    assert!(matches!(&refused, Err(error) if error.is_unauthorised_key()));
    // A bundle that ends too early is the daemon's word, too.
    assert!(matches!(
        client.import_paths(&mut &b"short"[..], &mut quiet),
        Err(DaemonError::Refused { message, .. }) if message == "unexpected end-of-file"
    ));
    client.import_paths(&mut &b"END"[..], &mut quiet).unwrap();
}

#[test]
fn an_import_that_ends_before_its_bundle_is_a_violation() {
    let mut client = canned(|out| {
        out.int(WANTS);
        out.int(8);
        out.int(LAST);
        out.paths(&[]);
    });
    assert!(matches!(
        client.import_paths(&mut &b"0123456789abcdef"[..], &mut quiet),
        Err(DaemonError::Protocol(_))
    ));
    let mut client = canned(|out| {
        out.int(WANTS);
        out.int(0);
    });
    assert!(matches!(
        client.import_paths(&mut &b"0123"[..], &mut quiet),
        Err(DaemonError::Protocol(WireError::Value { .. }))
    ));
}

#[test]
fn frames_where_they_cannot_stand_are_violations() {
    for kind in [WANTS, DATA, 0x1234] {
        let mut client = canned(|out| {
            out.int(kind);
            out.int(0);
        });
        assert!(matches!(
            client.is_valid(&path("x"), &mut quiet),
            Err(DaemonError::Protocol(_))
        ));
    }
    // What nobody asked for is noticed at the next request.
    let mut client = canned(|out| {
        out.int(LAST);
        out.int(1);
        out.int(LAST);
    });
    assert!(client.is_valid(&path("x"), &mut quiet).unwrap());
    assert!(matches!(
        client.is_valid(&path("x"), &mut quiet),
        Err(DaemonError::Protocol(WireError::Unexpected { .. }))
    ));
}

proptest! {
    #[test]
    fn a_malicious_daemon_causes_errors_only(
        greets in any::<bool>(),
        kinds in proptest::collection::vec(0_usize..5, 0..12),
        data in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let stream = Canned::new(|out| {
            if greets {
                greeting(out);
            }
            for kind in kinds {
                out.int([LOG, WANTS, DATA, LAST, ERROR][kind]);
                out.string(&data);
            }
        });
        super::fuzz_conversation(&stream.replies.into_inner());
    }
}
