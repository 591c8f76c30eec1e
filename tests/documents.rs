//! What the documents say must be what is there.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use offload::settings::VARIABLES;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "docs/architecture.md",
    "docs/diagnostics.md",
];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap()
}

/// What stands between two lines that begin with these words.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, after) = text.split_once(begin).unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    after.split_once(end).unwrap().0
}

#[test]
fn the_readme_lists_every_setting() {
    let mut table = String::from("| variable | default | meaning |\n|---|---|---|\n");
    for variable in VARIABLES {
        let (name, default, meaning) = (variable.name, variable.default, variable.meaning);
        writeln!(table, "| `{name}` | {default} | {meaning} |").unwrap();
    }
    let readme = read("README.md");
    let written = between(&readme, "<!-- settings: begin", "<!-- settings: end -->");
    assert!(written == table, "the table must be:\n{table}");
}

#[test]
fn links_lead_to_files() {
    for name in DOCUMENTS {
        let text = read(name);
        for target in text.split("](").skip(1) {
            let target = target.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = file(name).parent().unwrap().join(target);
            assert!(path.exists(), "{name} names {target}");
        }
    }
}

#[test]
fn what_the_readme_installs_is_there() {
    let readme = read("README.md");
    let installed: Vec<_> = readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix("install -D -m 644 "))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert!(installed.len() >= 4);
    for name in installed {
        assert!(file(name).is_file(), "{name}");
    }
}

#[test]
fn the_extension_and_the_examples_name_the_installed_program() {
    let readme = read("README.md");
    for (name, program) in [
        (
            "share/guix/extensions/offload.scm",
            "/usr/local/libexec/offload/offload",
        ),
        (
            "etc/systemd/guix-daemon.service.d/offload.conf",
            "/usr/local/libexec/offload/guix",
        ),
        (
            "etc/systemd/guix-daemon.service.d/offload-extension.conf",
            "/usr/local/share/offload/guix/extensions",
        ),
        (
            "etc/systemd/guix-daemon.service.d/offload-2014.conf",
            "/usr/local/libexec/offload/offload",
        ),
        (
            "etc/apparmor.d/local/guix-daemon",
            "/usr/local/libexec/offload/",
        ),
    ] {
        assert!(read(name).contains(program), "{name}");
        assert!(readme.contains(program), "README.md lacks {program}");
    }
}

#[test]
fn the_architecture_tells_why_each_crate_is_there() {
    let manifest = read("Cargo.toml");
    let architecture = read("docs/architecture.md");
    let dependencies = between(&manifest, "[dependencies]", "[");
    let names = dependencies
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name);
    for name in names {
        assert!(architecture.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_architecture_names_every_module() {
    let architecture = read("docs/architecture.md");
    for line in read("src/lib.rs").lines() {
        if let Some(name) = line.strip_prefix("pub mod ") {
            let name = name.trim_end_matches(';');
            assert!(architecture.contains(&format!("`{name}`")), "{name}");
        }
    }
}
