//! The rules of docs/architecture.md, checked by reading the sources.
//!
//! The tables come first; a new module or a new home for a crate is entered
//! there, with the reason in docs/architecture.md.

#![allow(clippy::unwrap_used, clippy::panic)]

mod paths;
mod reader_tests;
mod rules;
mod source;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use rules::Broken;
use source::Source;

/// Each layer with what it may name beside itself and `EVERYBODY`; `*`: all.
const LAYERS: &[(&str, &[&str])] = &[
    ("cli", &["*"]),
    (
        "hook",
        &[
            "schedule", "transfer", "gateway", "daemon", "store", "machines",
        ],
    ),
    ("transfer", &["daemon", "store"]),
    ("schedule", &["machines::record"]),
    ("gateway", &["machines::record"]),
    ("daemon", &["store::path", "store::derivation"]),
    ("machines", &[]),
    ("store", &[]),
    ("events", &[]),
    ("settings", &[]),
    ("clock", &[]),
];

/// What any layer may name.
const EVERYBODY: &[&str] = &["events", "settings", "clock"];

/// Crates that can be replaced in a day, because only these files name them.
/// A name that ends in a slash is a folder.
const HOMES: &[(&str, &[&str])] = &[
    (
        "ssh2",
        &[
            "src/gateway/session.rs",
            "src/gateway/pump.rs",
            "src/gateway/channel.rs",
            "src/gateway/channel/link.rs",
        ],
    ),
    (
        "libssh2_sys",
        &["src/gateway/channel.rs", "src/gateway/channel/link.rs"],
    ),
    (
        "rusqlite",
        &["src/store/database.rs", "src/store/database/"],
    ),
    ("steel", &["src/machines/engine.rs", "src/machines/engine/"]),
    (
        "steel_parser",
        &["src/machines/engine.rs", "src/machines/engine/"],
    ),
    ("clap", &["src/cli.rs", "src/cli/"]),
    ("libloading", &["src/store/gcrypt.rs"]),
];

/// Where `unsafe` may stand: foreign functions, and fork.
const UNSAFE: &[&str] = &[
    "src/store/gcrypt.rs",
    "src/gateway/channel.rs",
    "src/gateway/channel/link.rs",
    "src/machines/child.rs",
    "src/machines/child/",
];

/// Files that only compute: no files, sockets, processes, clocks.
const PURE: &[&str] = &[
    "src/daemon/operation.rs",
    "src/daemon/wire.rs",
    "src/gateway/hostkey.rs",
    "src/hook/attempts.rs",
    "src/hook/dialogue.rs",
    "src/hook/request.rs",
    "src/machines/core.rs",
    "src/machines/diagnostic.rs",
    "src/machines/expand.rs",
    "src/machines/expand/",
    "src/machines/reader.rs",
    "src/machines/reader/",
    "src/machines/record.rs",
    "src/schedule/choice.rs",
    "src/schedule/choice/missing.rs",
    "src/schedule/evidence.rs",
    "src/schedule/evidence/",
    "src/schedule/line.rs",
    "src/store/base32.rs",
    "src/store/bundle.rs",
    "src/store/closure.rs",
    "src/store/derivation.rs",
    "src/store/nar.rs",
    "src/store/nar/parse.rs",
    "src/store/nar/print.rs",
    "src/store/path.rs",
    "src/store/signature.rs",
    "src/store/signature/",
    "src/transfer/plan.rs",
    "src/transfer/plan/",
];

/// What pure files do not name.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::os::unix::fs",
    "std::os::unix::net",
    "std::os::unix::process",
];

/// Calls that read a clock, wherever their path begins.
const CLOCKS: &[[&str; 2]] = &[["Instant", "now"], ["SystemTime", "now"]];

/// Lines of a file in src/ without its tests.
const MAX_LINES: usize = 600;

/// Names that tell nothing about what a file is for.
const EMPTY_NAMES: &[&str] = &[
    "util", "utils", "helper", "helpers", "manager", "misc", "common", "mod",
];

/// Folders with Rust sources.
const FOLDERS: &[&str] = &["src", "tests", "benches", "examples", "fuzz"];

/// The folder that has layers.
const PROGRAM: &[&str] = &["src"];

/// All sources, read once.
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(read);

fn read() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut open: Vec<_> = FOLDERS.iter().map(|name| root.join(name)).collect();
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    found
}

/// The sources below these folders.
fn sources(folders: &[&str]) -> impl Iterator<Item = &'static Source> {
    SOURCES.iter().filter(move |source| {
        let folder = source.file.split('/').next().unwrap_or_default();
        folders.contains(&folder)
    })
}

/// Fails with one line for each breach.
fn demand(folders: &[&str], rule: impl Fn(&Source) -> Vec<Broken>) {
    let mut broken: Vec<String> = sources(folders)
        .filter(|source| folders != PROGRAM || !source.is_test())
        .flat_map(|source| {
            let at = |broken: Broken| format!("{}:{}: {}", source.file, broken.line, broken.why);
            rule(source).into_iter().map(at).collect::<Vec<_>>()
        })
        .collect();
    broken.dedup();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn imports_go_downwards() {
    demand(PROGRAM, rules::layers);
}

#[test]
fn each_foreign_crate_has_one_home() {
    demand(PROGRAM, rules::homes);
}

#[test]
fn unsafe_stands_where_foreign_functions_are_called() {
    demand(PROGRAM, rules::unsafe_code);
}

#[test]
fn pure_files_do_no_input_or_output() {
    demand(PROGRAM, rules::purity);
}

#[test]
fn files_are_small() {
    demand(PROGRAM, rules::size);
}

#[test]
fn names_tell_what_a_file_is_for() {
    demand(FOLDERS, rules::names);
}

#[test]
fn nothing_is_left_to_be_done() {
    demand(FOLDERS, rules::leftovers);
}

#[test]
fn the_tables_name_what_is_there() {
    let homes = HOMES.iter().flat_map(|(_, files)| files.iter());
    let missing: Vec<_> = homes
        .chain(UNSAFE)
        .chain(PURE)
        .filter(|name| !name.ends_with('/'))
        .filter(|name| sources(PROGRAM).all(|source| source.file != **name))
        .collect();
    assert!(missing.is_empty(), "not in src/: {missing:?}");
}
