use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;
use crate::store::base32;
use crate::store::digest::sha256;
use crate::store::nar::dump::dump;
use crate::store::nar::parse::parse;
use crate::store::nar::print::single_file;
use crate::store::path::StoreDir;

/// A store in a temporary directory.
struct Store {
    root: tempfile::TempDir,
    dir: StoreDir,
}

impl Store {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("store");
        fs::create_dir_all(dir.join(".links")).unwrap();
        let dir = StoreDir::new(dir.to_str().unwrap()).unwrap();
        Self { root, dir }
    }

    fn item(&self, name: &str) -> StorePath {
        self.dir
            .join(&format!("1hqp1kznhm15lxn7h668f9x88i6mzsvc-{name}"))
            .unwrap()
    }

    /// Restores and places what lies elsewhere.
    fn take(&self, item: &StorePath, from: &Path) -> Restored {
        let mut restorer = begin(item);
        parse(&mut nar(from).as_slice(), &mut restorer).unwrap();
        let mut restored = restorer.finish().unwrap();
        restored.deduplicate(&self.dir);
        restored.place(item.as_path()).unwrap();
        restored
    }

    fn links(&self) -> usize {
        fs::read_dir(self.dir.as_path().join(".links"))
            .unwrap()
            .count()
    }

    /// Names in the store but `.links`.
    fn entries(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.dir.as_path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != ".links")
            .collect();
        names.sort();
        names
    }

    fn source(&self, name: &str) -> PathBuf {
        let path = self.root.path().join("sources").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }
}

fn begin(item: &StorePath) -> Restorer {
    Restorer::create(&item.with_suffix(".chroot"), []).unwrap()
}

fn nar(path: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    dump(path, &mut out).unwrap();
    out
}

/// Mode, time, owner: the whole of what must be canonical.
fn assert_canonical(path: &Path) {
    let meta = path.symlink_metadata().unwrap();
    assert_eq!((meta.mtime(), meta.mtime_nsec()), (1, 0), "{path:?}");
    assert_eq!(meta.uid(), nix::unistd::geteuid().as_raw());
    assert_eq!(meta.gid(), nix::unistd::getegid().as_raw());
    let mode = meta.mode() & 0o7777;
    if meta.is_dir() {
        assert_eq!(mode, 0o555, "{path:?}");
        for entry in fs::read_dir(path).unwrap() {
            assert_canonical(&entry.unwrap().path());
        }
    } else if meta.is_file() {
        assert!(matches!(mode, 0o444 | 0o555), "{path:?}");
    }
}

fn colourful_tree(path: &Path) {
    fs::create_dir_all(path.join("bin/empty")).unwrap();
    fs::create_dir_all(path.join("share/déjà")).unwrap();
    fs::write(path.join("bin/run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(path.join("bin/run"), PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(path.join("share/empty"), "").unwrap();
    fs::write(path.join("share/large"), vec![b'x'; 300_000]).unwrap();
    fs::write(path.join("share/déjà/large"), vec![b'x'; 300_000]).unwrap();
    let odd = OsStr::from_bytes(b"share/\xff\xfe");
    fs::write(path.join(odd), vec![7; 8192]).unwrap();
    symlink("../bin/run", path.join("share/link")).unwrap();
    symlink("/nowhere", path.join("share/broken")).unwrap();
}

#[test]
fn trees_come_out_as_they_were_and_canonical() {
    let store = Store::new();
    let source = store.source("tree");
    colourful_tree(&source);
    let item = store.item("tree");
    drop(store.take(&item, &source));
    assert_eq!(nar(item.as_path()), nar(&source));
    assert_canonical(item.as_path());
    assert_eq!(store.entries(), [item.base_name()]);
}

#[test]
fn an_item_can_be_a_file_or_a_link() {
    let store = Store::new();
    for size in [0_usize, 5, 8191, 8192, 200_001] {
        let source = store.source("file");
        fs::write(&source, vec![b'a'; size]).unwrap();
        let item = store.item(&format!("file{size}"));
        drop(store.take(&item, &source));
        assert_eq!(nar(item.as_path()), nar(&source));
        assert_canonical(item.as_path());
    }
    assert_eq!(store.links(), 2);
    let source = store.source("link");
    symlink("target", &source).unwrap();
    let item = store.item("link");
    drop(store.take(&item, &source));
    assert_eq!(nar(item.as_path()), nar(&source));
    assert_canonical(item.as_path());
}

#[test]
fn names_in_links_are_hashes_of_single_file_archives() {
    let store = Store::new();
    let contents = vec![b'z'; 9000];
    for executable in [false, true] {
        let source = store.source("file");
        fs::write(&source, &contents).unwrap();
        let mode = if executable { 0o755 } else { 0o644 };
        fs::set_permissions(&source, PermissionsExt::from_mode(mode)).unwrap();
        let item = store.item(&format!("file{mode}"));
        drop(store.take(&item, &source));
        let name = base32::encode(&sha256(&single_file(executable, &contents)));
        let link = store.dir.as_path().join(".links").join(name);
        let (link, item) = (link.metadata().unwrap(), item.as_path().metadata().unwrap());
        assert_eq!(link.ino(), item.ino());
        assert_eq!(item.nlink(), 2);
    }
}

#[test]
fn equal_files_become_one() {
    let store = Store::new();
    let source = store.source("tree");
    colourful_tree(&source);
    let first = store.item("first");
    let second = store.item("second");
    for item in [&first, &second] {
        drop(store.take(item, &source));
        assert_eq!(nar(item.as_path()), nar(&source));
        assert_canonical(item.as_path());
    }
    let inode = |item: &StorePath, file| item.as_path().join(file).metadata().unwrap().ino();
    let large = inode(&first, "share/large");
    for (item, file) in [
        (&first, "share/déjà/large"),
        (&second, "share/large"),
        (&second, "share/déjà/large"),
    ] {
        assert_eq!(inode(item, file), large);
    }
    assert_ne!(inode(&first, "bin/run"), inode(&second, "bin/run"));
    assert_eq!(store.links(), 2);
}

#[test]
fn a_damaged_link_is_replaced() {
    let store = Store::new();
    let source = store.source("file");
    fs::write(&source, vec![b'a'; 10_000]).unwrap();
    let name = base32::encode(&sha256(&nar(&source)));
    let link = store.dir.as_path().join(".links").join(name);
    fs::write(&link, "damaged").unwrap();
    let item = store.item("file");
    drop(store.take(&item, &source));
    assert_eq!(nar(item.as_path()), nar(&source));
    assert_eq!(
        link.metadata().unwrap().ino(),
        item.as_path().metadata().unwrap().ino()
    );
}

#[test]
fn no_links_no_deduplication() {
    let store = Store::new();
    fs::remove_dir(store.dir.as_path().join(".links")).unwrap();
    let source = store.source("tree");
    colourful_tree(&source);
    let item = store.item("tree");
    drop(store.take(&item, &source));
    assert_canonical(item.as_path());
    assert_eq!(store.entries(), [item.base_name()]);
}

#[test]
fn what_was_left_before_is_removed_and_what_lies_there_displaced() {
    let store = Store::new();
    let item = store.item("tree");
    let leftover = item.with_suffix(".chroot");
    fs::create_dir_all(leftover.join("old/deep")).unwrap();
    fs::set_permissions(leftover.join("old"), PermissionsExt::from_mode(0o555)).unwrap();
    fs::create_dir_all(item.as_path().join("older/deep")).unwrap();
    fs::set_permissions(
        item.as_path().join("older"),
        PermissionsExt::from_mode(0o555),
    )
    .unwrap();
    let source = store.source("tree");
    colourful_tree(&source);
    let restored = store.take(&item, &source);
    assert_eq!(nar(item.as_path()), nar(&source));
    drop(restored);
    assert_eq!(store.entries(), [item.base_name()]);
}

#[test]
fn a_failure_leaves_nothing() {
    let store = Store::new();
    let source = store.source("tree");
    colourful_tree(&source);
    let item = store.item("tree");
    let whole = nar(&source);
    for end in [0, 100, 500, whole.len() / 2, whole.len() - 1] {
        let mut restorer = begin(&item);
        parse(&mut &whole[..end], &mut restorer).unwrap_err();
        drop(restorer);
        assert!(store.entries().is_empty(), "{end}");
    }
    let mut restorer = begin(&item);
    parse(&mut whole.as_slice(), &mut restorer).unwrap();
    drop(restorer.finish().unwrap());
    assert!(store.entries().is_empty());
}

#[test]
fn an_item_given_up_takes_its_links_with_it() {
    let store = Store::new();
    let source = store.source("tree");
    colourful_tree(&source);
    let kept = store.item("kept");
    drop(store.take(&kept, &source));
    assert_eq!(store.links(), 2);
    fs::write(source.join("new"), vec![b'n'; 9000]).unwrap();
    let item = store.item("tree");
    let mut restorer = begin(&item);
    parse(&mut nar(&source).as_slice(), &mut restorer).unwrap();
    let mut restored = restorer.finish().unwrap();
    restored.deduplicate(&store.dir);
    assert_eq!(store.links(), 3);
    drop(restored);
    assert_eq!(store.links(), 2);
    // Also when it was placed and removed again.
    let restored = store.take(&item, &source);
    remove(item.as_path()).unwrap();
    assert_eq!(store.links(), 3);
    drop(restored);
    assert_eq!(store.links(), 2);
    assert_eq!(store.entries(), [kept.base_name()]);
}

#[test]
fn truncated_contents_are_the_senders_fault() {
    let store = Store::new();
    let mut restorer = begin(&store.item("file"));
    let error = restorer
        .regular(b"", false, 100, &mut &b"short"[..])
        .unwrap_err();
    assert!(matches!(error, RestoreError::Contents(_)), "{error}");
    assert!(matches!(
        begin(&store.item("file")).finish(),
        Err(RestoreError::Incomplete)
    ));
}

#[test]
fn nothing_outside_can_be_reached() {
    let store = Store::new();
    let item = store.item("tree");
    for name in [&b".."[..], b".", b"", b"a/b", b"/etc", b"a\0b"] {
        let mut restorer = begin(&item);
        restorer.directory(b"").unwrap();
        let error = restorer.directory(name).unwrap_err();
        assert!(matches!(error, RestoreError::Name(_)), "{error}");
        assert!(error.is_senders_fault(), "{error}");
    }
    // A name that exists is refused, whatever it is made as.
    let mut restorer = begin(&item);
    restorer.directory(b"").unwrap();
    restorer.symlink(b"a", b"/").unwrap();
    for error in [
        restorer.directory(b"a").unwrap_err(),
        restorer.symlink(b"a", b"b").unwrap_err(),
        restorer
            .regular(b"a", false, 1, &mut &b"x"[..])
            .unwrap_err(),
    ] {
        let RestoreError::Write { source, path } = error else {
            panic!("{error}");
        };
        assert_eq!(source.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(path, item.with_suffix(".chroot").join("a"));
    }
    // There is one root, and it is left once.
    let mut restorer = begin(&item);
    restorer.symlink(b"", b"a").unwrap();
    assert!(restorer.symlink(b"", b"a").is_err());
    assert!(restorer.leave_directory().is_err());
}

#[test]
fn deep_trees_are_taken_as_far_as_paths_go() {
    let store = Store::new();
    let item = store.item("deep");
    let mut restorer = begin(&item);
    restorer.directory(b"").unwrap();
    let mut depth = 0;
    while restorer.directory(b"d").is_ok() {
        depth += 1;
    }
    assert!(depth > 1900, "{depth}");
    restorer
        .regular(b"f", false, 9000, &mut io::repeat(1))
        .unwrap_err();
    for _ in 0..500 {
        restorer.leave_directory().unwrap();
    }
    for name in [b"f", b"g"] {
        restorer
            .regular(name, false, 9000, &mut io::repeat(1))
            .unwrap();
    }
    for _ in 500..=depth {
        restorer.leave_directory().unwrap();
    }
    let mut restored = restorer.finish().unwrap();
    let done = restored.deduplicate(&store.dir);
    assert_eq!((done.first, done.shared, done.left), (1, 1, 0));
    restored.place(item.as_path()).unwrap();
    remove(item.as_path()).unwrap();
}

/// Gives its last bytes a few at a time.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(if self.0.len() < 100 { 3 } else { BLOCK });
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn references_are_found_in_names_targets_and_contents() {
    let store = Store::new();
    let parts = [
        "3n2ndm96wd31b5sg5fz8yflwahzp9yb6",
        "ihvy8v8kwxj6rr4w6swaiyl55s1ii8ar",
        "j8gxjg6z48dmmm5b1f4snfd401prpg4j",
        "xwm4ald4pd20y5vglh5awix7p0mk158n",
    ];
    let candidates: Vec<_> = parts
        .iter()
        .map(|part| store.dir.join(&format!("{part}-x")).unwrap())
        .collect();
    let item = store.item("refs");
    let mut restorer = Restorer::create(&item.with_suffix(".chroot"), &candidates).unwrap();
    restorer.directory(b"").unwrap();
    restorer
        .symlink(format!("lib{}", parts[0]).as_bytes(), b"a")
        .unwrap();
    restorer
        .symlink(b"link", candidates[1].as_str().as_bytes())
        .unwrap();
    // Over the border of two blocks, and of many short reads.
    let mut contents = vec![b'0'; BLOCK - 10];
    contents.extend_from_slice(parts[2].as_bytes());
    restorer
        .regular(b"z", false, contents.len() as u64, &mut Slow(&contents))
        .unwrap();
    restorer.leave_directory().unwrap();
    let restored = restorer.finish().unwrap();
    let found: Vec<_> = restored.references().iter().collect();
    assert_eq!(found, [&candidates[0], &candidates[1], &candidates[2]]);
}
