//! What the rules see and what they must not mistake.

use crate::paths::named;
use crate::rules;
use crate::source::Source;

fn source(file: &str, text: &str) -> Source {
    Source::new(file, text)
}

fn ours(file: &str, text: &str) -> Vec<String> {
    named(&source(file, text))
        .into_iter()
        .filter(|path| path.ours)
        .map(|path| path.words.join("::"))
        .collect()
}

fn lines(broken: &[rules::Broken]) -> Vec<usize> {
    broken.iter().map(|broken| broken.line).collect()
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = r###"
        // unsafe { crate::hook::run() }
        /* unsafe /* unsafe */ unsafe */
        let a = "unsafe \" unsafe"; let b = b"unsafe"; let c = r#"unsafe " unsafe"#;
        let d = '"'; let e = '\''; let f: &'static str = r"unsafe\"; let g = br##"unsafe"# unsafe"##;
        let r#unsafe_name = b'\''; let h = '\u{22}'; let i = "a\
            unsafe";
        /// `unsafe`
        unsafe { real() }
    "###;
    let broken = rules::unsafe_code(&source("src/hook.rs", text));
    assert_eq!(lines(&broken), [9]);
}

#[test]
fn tests_are_not_held_to_the_layers() {
    let text = "
        fn a() {}
        #[cfg(test)]
        mod tests {
            use crate::hook::run;
            fn b() { let c = '{'; }
        }
        use crate::gateway::Connection;
    ";
    let source = source("src/store/path.rs", text);
    assert_eq!(lines(&rules::layers(&source)), [8]);
    assert_eq!(source.lines, 4);
}

#[test]
fn groups_and_relative_paths_are_written_out() {
    let text = "
        use crate::{store::{path::StorePath, nar::{self, parse as p}}, daemon};
        use super::super::hook::run;
        use self::inner::Thing;
        pub(crate) fn f() -> crate::events::Event { super::sibling() }
        use std::{fs, io::{self, Read}};
    ";
    assert_eq!(
        ours("src/transfer/plan.rs", text),
        [
            "store::path::StorePath",
            "store::nar",
            "store::nar::parse",
            "daemon",
            "hook::run",
            "transfer::plan::inner::Thing",
            "events::Event",
            "transfer::sibling",
        ]
    );
}

#[test]
fn a_lower_layer_that_names_a_higher_one_is_found() {
    for (file, text) in [
        ("src/store/path.rs", "use crate::daemon::wire;"),
        ("src/daemon/client.rs", "fn f() { crate::gateway::open() }"),
        ("src/daemon.rs", "use super::store::database::Database;"),
        ("src/daemon.rs", "use crate::store;"),
        ("src/machines.rs", "use crate::{clock, schedule};"),
        (
            "src/gateway/session.rs",
            "use super::super::machines::load;",
        ),
        ("src/unknown.rs", ""),
    ] {
        assert_eq!(lines(&rules::layers(&source(file, text))), [1], "{text}");
    }
    for (file, text) in [
        (
            "src/daemon/client.rs",
            "use crate::store::path::{StoreDir, StorePath};",
        ),
        (
            "src/gateway/session.rs",
            "use crate::machines::record::BuildMachine;",
        ),
        (
            "src/machines/record.rs",
            "use crate::clock::Deadline; // crate::hook",
        ),
        ("src/cli.rs", "use crate::hook;"),
        (
            "src/store.rs",
            "pub mod nar; use self::nar::parse; let gateway = store.hook();",
        ),
        (
            "src/store/nar.rs",
            "crate::a_macro!(); use std::process::Command;",
        ),
        ("src/main.rs", "offload::cli::run()"),
    ] {
        assert_eq!(rules::layers(&source(file, text)), [], "{text}");
    }
}

#[test]
fn a_crate_away_from_home_is_found() {
    for text in [
        "use rusqlite::Connection;",
        "use rusqlite;",
        "fn f(e: rusqlite::Error) {}",
        "use {std::fs, rusqlite as r};",
    ] {
        assert_eq!(
            lines(&rules::homes(&source("src/hook.rs", text))),
            [1],
            "{text}"
        );
        assert_eq!(rules::homes(&source("src/store/database.rs", text)), []);
        assert_eq!(
            rules::homes(&source("src/store/database/rows.rs", text)),
            []
        );
    }
    for text in [
        "let rusqlite = 1;",
        "self.clap::<u8>()",
        "mod steel;",
        "// clap::Arg",
    ] {
        assert_eq!(rules::homes(&source("src/hook.rs", text)), [], "{text}");
    }
}

#[test]
fn a_pure_file_that_reads_is_found() {
    for text in [
        "use std::{fmt, fs::File};",
        "let now = Instant::now();",
        "let now = std::time::SystemTime::now();",
        "use std::os::unix::net::UnixStream;",
        "std::process::exit(1)",
    ] {
        assert_eq!(
            lines(&rules::purity(&source("src/store/path.rs", text))),
            [1],
            "{text}"
        );
        assert_eq!(rules::purity(&source("src/store/restore.rs", text)), []);
    }
    let text = "use std::time::Instant; fn f(now: Instant) {} let fs = io::empty();";
    assert_eq!(rules::purity(&source("src/store/path.rs", text)), []);
}

#[test]
fn stubs_and_discarded_errors_are_found() {
    for text in [
        "todo!()",
        "unimplemented!(\"later\")",
        "f().ok();",
        "file\n.sync()\n.ok()\n;",
        "if a == b { f().ok(); }",
        &["//! To be", " written."].concat(),
    ] {
        assert_eq!(
            rules::leftovers(&source("src/hook.rs", text)).len(),
            1,
            "{text}"
        );
    }
    for text in [
        "let a = f().ok();",
        "return f().ok();",
        "f().ok().map(g);",
        "// todo!() and f().ok();",
        "let todo = 1;",
    ] {
        assert_eq!(rules::leftovers(&source("src/hook.rs", text)), [], "{text}");
    }
}

#[test]
fn names_and_sizes_are_found() {
    for file in ["src/util.rs", "src/store/mod.rs", "tests/common/main.rs"] {
        assert_eq!(rules::names(&source(file, "")).len(), 1, "{file}");
    }
    assert_eq!(rules::names(&source("src/hook/communication.rs", "")), []);
    let long = "x\n".repeat(601);
    assert_eq!(rules::size(&source("src/hook.rs", &long)).len(), 1);
    assert_eq!(rules::size(&source("src/hook.rs", &long[2..])), []);
    let tested = format!("{}#[cfg(test)]\nmod tests {{\n{long}}}\n", &long[2..]);
    assert_eq!(rules::size(&source("src/hook.rs", &tested)), []);
}
