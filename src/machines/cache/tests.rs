use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;

use super::*;
use crate::machines::Diagnostic;
use crate::machines::raw::RawMachine;

const QUESTION: Question<'_> = Question {
    name: "/etc/guix/machines.scm",
    text: b"(list)",
    home: None,
    nesting: 100,
};

fn report() -> Report {
    Report {
        machines: vec![RawMachine {
            location: None,
            end: None,
            fields: Vec::new(),
        }],
        diagnostics: vec![Diagnostic::warning("x", "odd")],
        dependencies: Vec::new(),
        traces: Vec::new(),
    }
}

fn state() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path());
    (folder, cache)
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_kept_is_found_by_the_same_question() {
    let (_folder, cache) = state();
    assert_eq!(cache.find(&QUESTION), None);
    cache.keep(&QUESTION, &report());
    assert_eq!(cache.find(&QUESTION), Some(report()));
    let metadata = fs::metadata(cache.path()).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
    for other in [
        Question {
            text: b"(list )",
            ..QUESTION
        },
        Question {
            name: "/etc/machines.scm",
            ..QUESTION
        },
        Question {
            home: Some(Path::new("")),
            ..QUESTION
        },
        Question {
            nesting: 101,
            ..QUESTION
        },
    ] {
        assert_eq!(cache.find(&other), None, "{other:?}");
    }
    // The last one counts.
    cache.keep(&QUESTION, &Report::default());
    assert_eq!(cache.find(&QUESTION), Some(Report::default()));
}

#[test]
fn it_ends_with_what_it_depends_on() {
    let (folder, cache) = state();
    let key = folder.path().join("key.pub");
    fs::write(&key, "one").unwrap();
    let file = |text: Option<&str>| Dependency::File {
        path: key.clone(),
        digest: text.map(|text| Sha256::digest(text).into()),
    };
    let with = |dependencies: Vec<Dependency>| Report {
        dependencies,
        ..report()
    };
    cache.keep(&QUESTION, &with(vec![file(Some("one"))]));
    assert!(cache.find(&QUESTION).is_some());
    fs::write(&key, "two").unwrap();
    assert_eq!(cache.find(&QUESTION), None);
    cache.keep(&QUESTION, &with(vec![file(None)]));
    assert_eq!(cache.find(&QUESTION), None);
    fs::remove_file(&key).unwrap();
    assert!(cache.find(&QUESTION).is_some());
    // What does not last is not written.
    cache.keep(
        &QUESTION,
        &with(vec![Dependency::Uncacheable("clock".into())]),
    );
    assert_eq!(cache.find(&QUESTION).unwrap().dependencies, [file(None)]);
    cache.keep(&QUESTION, &with(vec![file(None), file(Some("one"))]));
    assert_eq!(cache.find(&QUESTION).unwrap().dependencies, [file(None)]);
    assert!(!is_lasting(
        &Report::failed(Diagnostic::error("time", "")).dependencies
    ));
}

#[test]
fn damage_makes_it_absent() {
    let (_folder, cache) = state();
    cache.keep(&QUESTION, &report());
    let good = fs::read(cache.path()).unwrap();
    fs::write(cache.path(), &good[..good.len() - 1]).unwrap();
    assert_eq!(cache.find(&QUESTION), None);
    fs::write(cache.path(), b"").unwrap();
    assert_eq!(cache.find(&QUESTION), None);
    cache.keep(&QUESTION, &report());
    assert!(cache.find(&QUESTION).is_some());
}

#[test]
fn what_others_can_write_is_not_believed() {
    let (folder, cache) = state();
    cache.keep(&QUESTION, &report());
    for (path, good) in [
        (cache.path(), 0o600),
        (cache.folder(), 0o700),
        (folder.path().join("offload"), 0o755),
        (folder.path().to_owned(), 0o700),
    ] {
        for bad in [0o20, 0o02] {
            mode(&path, good | bad);
            assert_eq!(cache.find(&QUESTION), None, "{path:?}");
        }
        mode(&path, good);
        assert!(cache.find(&QUESTION).is_some());
    }
    mode(&cache.folder(), 0o777);
    let before = fs::read(cache.path()).unwrap();
    cache.keep(&QUESTION, &Report::default());
    assert_eq!(fs::read(cache.path()).unwrap(), before);
}

#[test]
fn what_others_own_is_not_believed() {
    if !Uid::effective().is_root() {
        return;
    }
    let (folder, cache) = state();
    cache.keep(&QUESTION, &report());
    for path in [cache.path(), cache.folder(), folder.path().to_owned()] {
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        assert_eq!(cache.find(&QUESTION), None, "{path:?}");
        std::os::unix::fs::chown(&path, Some(0), None).unwrap();
        assert!(cache.find(&QUESTION).is_some());
    }
}

#[test]
fn links_and_pipes_are_not_followed() {
    let (folder, cache) = state();
    cache.keep(&QUESTION, &report());
    let moved = folder.path().join("moved");
    fs::rename(cache.path(), &moved).unwrap();
    symlink(&moved, cache.path()).unwrap();
    assert_eq!(cache.find(&QUESTION), None);
    fs::remove_file(cache.path()).unwrap();
    nix::unistd::mkfifo(&cache.path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(cache.find(&QUESTION), None);
    // A folder in its place: nothing is kept, and nothing half-written left.
    fs::remove_file(cache.path()).unwrap();
    fs::create_dir(cache.path()).unwrap();
    cache.keep(&QUESTION, &report());
    assert_eq!(cache.find(&QUESTION), None);
    assert_eq!(fs::read_dir(cache.folder()).unwrap().count(), 1);
}

#[test]
fn half_written_files_do_not_stay() {
    let (_folder, cache) = state();
    cache.keep(&QUESTION, &report());
    let old = cache.folder().join("machines.cache.1");
    let new = cache.folder().join("machines.cache.2");
    for path in [&old, &new] {
        fs::write(path, "half").unwrap();
    }
    let long_ago = SystemTime::now() - 2 * STALE;
    fs::File::options()
        .append(true)
        .open(&old)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    cache.keep(&QUESTION, &report());
    assert!(!old.exists() && new.exists());
}

#[test]
fn without_a_state_directory_nothing_happens() {
    let cache = Cache::new(Path::new("/nonexistent/state"));
    cache.keep(&QUESTION, &report());
    assert_eq!(cache.find(&QUESTION), None);
}

proptest! {
    #[test]
    fn a_changed_byte_makes_it_another_file(at in any::<prop::sample::Index>(), bit in 0..8u8, tail in 0..2usize) {
        let key = [7; 32];
        let mut bytes = encode(&key, &report());
        prop_assert_eq!(decode(&bytes, &key), Some(report()));
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        prop_assert_eq!(decode(&bytes, &key), None);
        bytes[index] ^= 1 << bit;
        bytes.extend(vec![0; tail + 1]);
        prop_assert_eq!(decode(&bytes, &key), None);
    }

    #[test]
    fn garbage_is_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(decode(&bytes, &[0; 32]), None);
        let framed = [&MAGIC[..], &bytes].concat();
        prop_assert_eq!(decode(&framed, &[0; 32]), None);
    }
}
