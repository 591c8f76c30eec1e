//! Our reading and writing against bytes recorded from Guix 1.5.0;
//! `tests/golden/README.md` tells how each was made.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use offload::store::bundle::{self, Item, Outgoing};
use offload::store::derivation::Derivation;
use offload::store::digest;
use offload::store::nar::Visitor;
use offload::store::nar::dump::dump;
use offload::store::nar::parse;
use offload::store::nar::print::Printer;
use offload::store::path::{StoreDir, StorePath};

fn golden(name: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The store path that `paths` has for a name.
fn path(name: &str) -> StorePath {
    let paths = String::from_utf8(golden("paths")).unwrap();
    let text = paths
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap();
    StorePath::parse(&StoreDir::default(), text.as_bytes()).unwrap()
}

/// All items of a bundle, each with its archive as we print it.
fn items(bundle: &[u8]) -> Vec<(Item, Vec<u8>)> {
    let mut rest = bundle;
    let mut items = Vec::new();
    while bundle::read_more::<_, ()>(&mut rest).unwrap() {
        let mut printer = Printer::new(Vec::new());
        let item = bundle::read_item(&StoreDir::default(), &mut rest, &mut printer).unwrap();
        items.push((item, printer.finish().unwrap().0));
    }
    assert!(rest.is_empty(), "{} bytes behind the bundle", rest.len());
    items
}

#[test]
fn the_archive_is_printed_as_the_daemon_does() {
    let nar = golden("tree.nar");
    let mut rest = nar.as_slice();
    let mut printer = Printer::new(Vec::new());
    parse::parse(&mut rest, &mut printer).unwrap();
    assert!(rest.is_empty());
    let (printed, size) = printer.finish().unwrap();
    assert!(printed == nar, "the printed archive differs");
    let info = String::from_utf8(golden("tree.info")).unwrap();
    assert_eq!(
        info.trim(),
        format!("{} {size}", digest::hex(&digest::sha256(&printed)))
    );
}

/// Makes the files of an archive, as simply as possible.
struct Files(PathBuf);

impl Files {
    fn at(&self, name: &[u8]) -> PathBuf {
        if name.is_empty() {
            self.0.clone()
        } else {
            self.0.join(OsStr::from_bytes(name))
        }
    }
}

impl Visitor for Files {
    type Error = io::Error;

    fn directory(&mut self, name: &[u8]) -> io::Result<()> {
        self.0 = self.at(name);
        fs::create_dir(&self.0)
    }

    fn leave_directory(&mut self) -> io::Result<()> {
        self.0.pop();
        Ok(())
    }

    fn regular(
        &mut self,
        name: &[u8],
        executable: bool,
        size: u64,
        contents: &mut dyn Read,
    ) -> io::Result<()> {
        let mut file = fs::File::create_new(self.at(name))?;
        assert_eq!(io::copy(contents, &mut file)?, size);
        let mode = if executable { 0o555 } else { 0o444 };
        file.set_permissions(fs::Permissions::from_mode(mode))
    }

    fn symlink(&mut self, name: &[u8], target: &[u8]) -> io::Result<()> {
        symlink(OsStr::from_bytes(target), self.at(name))
    }
}

#[test]
fn files_are_dumped_as_the_daemon_does() {
    let nar = golden("tree.nar");
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    parse::parse(&mut nar.as_slice(), &mut Files(root.clone())).unwrap();
    let mut dumped = Vec::new();
    let size = dump(&root, &mut dumped).unwrap();
    assert_eq!(size, nar.len() as u64);
    assert!(dumped == nar, "the dumped archive differs");
}

#[test]
fn a_bundle_says_what_the_database_says() {
    let items = items(&golden("tree.bundle"));
    let [(item, nar)] = items.as_slice() else {
        panic!("{} items", items.len());
    };
    assert!(*nar == golden("tree.nar"));
    assert_eq!(item.path, path("tree"));
    assert_eq!(item.references, [path("text"), path("tree")]);
    assert_eq!(item.deriver, Some(path("tree.drv")));
    assert_eq!(item.nar_hash, digest::sha256(nar));
    assert_eq!(item.nar_size, nar.len() as u64);
}

/// The hash in the signature is the one that the daemon signed.
#[test]
fn the_signed_hash_is_the_signed_one() {
    for name in ["tree.bundle", "texts.bundle"] {
        for (item, _) in items(&golden(name)) {
            let signature = String::from_utf8(item.signature.unwrap()).unwrap();
            let signed = digest::hex(&item.signed_hash).to_uppercase();
            assert!(
                signature.contains(&format!("(hash sha256 #{signed}#)")),
                "{}: {signed} not in {signature}",
                item.path
            );
        }
    }
}

#[test]
fn a_bundle_is_written_as_the_daemon_does() {
    for name in ["tree.bundle", "texts.bundle"] {
        let recorded = golden(name);
        let mut written = Vec::new();
        for (item, nar) in items(&recorded) {
            bundle::write_more(&mut written, true).unwrap();
            let outgoing = Outgoing {
                path: &item.path,
                references: &item.references,
                deriver: item.deriver.as_ref(),
            };
            let mut hash = None;
            let archive = bundle::write_item(
                &mut written,
                &mut |sink| sink.write_all(&nar).map(|()| nar.len() as u64),
                &outgoing,
                &mut |signed| {
                    hash = Some(*signed);
                    Ok(item.signature.clone().unwrap())
                },
            )
            .unwrap();
            assert_eq!(hash, Some(item.signed_hash));
            assert_eq!(archive.nar_hash, item.nar_hash);
            assert_eq!(archive.nar_size, item.nar_size);
        }
        bundle::write_more(&mut written, false).unwrap();
        assert!(written == recorded, "{name} differs");
    }
}

#[test]
fn derivations_are_printed_as_guix_does() {
    for name in ["tree", "several", "flat", "recursive", "flat-sha1"] {
        let file = format!("{name}.drv");
        let text = golden(&file);
        let derivation = Derivation::parse(&StoreDir::default(), &text).unwrap();
        assert_eq!(
            derivation.print().escape_ascii().to_string(),
            text.escape_ascii().to_string()
        );
        // A derivation is a text item: its name proves the references.
        let references: Vec<StorePath> = derivation.references().into_iter().collect();
        let known = path(&file);
        let named = digest::text_path(
            &StoreDir::default(),
            known.name(),
            &digest::sha256(&text),
            &references,
        );
        assert_eq!(named.unwrap(), known);
    }
}

#[test]
fn a_derivation_is_understood() {
    let dir = StoreDir::default();
    let tree = Derivation::parse(&dir, &golden("tree.drv")).unwrap();
    assert_eq!(tree.system, "x86_64-linux");
    assert_eq!(tree.env(b"letters"), Some(b"caf\xe9 ;b".as_slice()));
    assert_eq!(
        tree.env(b"lines"),
        Some(b"one\ntwo\r\n\tthree\n".as_slice())
    );
    assert_eq!(
        tree.env(b"quotes"),
        Some(b"\"double\" 'single' back\\slash".as_slice())
    );
    assert_eq!(tree.env(b"empty"), Some(b"".as_slice()));
    assert_eq!(tree.env(b"absent"), None);
    assert!(tree.env_flag(b"preferLocalBuild"));
    assert_eq!(tree.fixed_output(), None);

    let several = Derivation::parse(&dir, &golden("several.drv")).unwrap();
    assert_eq!(
        several.outputs.keys().collect::<Vec<_>>(),
        ["debug", "lib", "out"]
    );
    assert_eq!(
        several.input_drvs.keys().collect::<Vec<_>>(),
        [&path("tree.drv")]
    );
    assert_eq!(
        several.args.last().map(Vec::as_slice),
        Some(b"tab\tnewline\nquote\"backslash\\".as_slice())
    );
}

#[test]
fn fixed_outputs_have_the_names_that_guix_gives() {
    for (name, recursive, algorithm) in [
        ("flat", false, "sha256"),
        ("recursive", true, "sha256"),
        ("flat-sha1", false, "sha1"),
    ] {
        let text = golden(&format!("{name}.drv"));
        let derivation = Derivation::parse(&StoreDir::default(), &text).unwrap();
        let fixed = derivation.fixed_output().unwrap();
        assert_eq!((fixed.recursive, fixed.algorithm), (recursive, algorithm));
        assert_eq!(*fixed.path, path(name));
        let named = digest::fixed_path(
            &StoreDir::default(),
            fixed.path.name(),
            fixed.recursive,
            fixed.algorithm,
            &fixed.hash,
        );
        assert_eq!(named.unwrap(), *fixed.path);
    }
}

#[test]
fn texts_have_the_names_that_guix_gives() {
    let items = items(&golden("texts.bundle"));
    assert_eq!(
        items.iter().map(|(item, _)| &item.path).collect::<Vec<_>>(),
        [&path("text"), &path("text-reference")]
    );
    let contents = format!("see {}\n", path("text"));
    let named = digest::text_path(
        &StoreDir::default(),
        "golden-reference",
        &digest::sha256(contents.as_bytes()),
        &items[1].0.references,
    );
    assert_eq!(named.unwrap(), path("text-reference"));
}
