//! The checks of the fuzz targets, tried on changed bytes of Guix in each run
//! of the tests.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::sample::Index;

#[path = "../fuzz/checks.rs"]
mod checks;

/// What happens to recorded bytes.
#[derive(Clone, Debug)]
enum Change {
    Byte(Index, u8),
    Bit(Index, u8),
    /// Eight bytes, as lengths and counts are.
    Integer(Index, u64),
    Remove(Index, usize),
    Repeat(Index, usize),
    End(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (at(), 0..8u8).prop_map(|(at, bit)| Change::Bit(at, bit)),
        (
            at(),
            prop_oneof![0..300u64, any::<u64>(), Just(u64::MAX), Just(1 << 63)]
        )
            .prop_map(|(at, integer)| Change::Integer(at, integer)),
        (at(), 1..50usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (at(), 1..50usize).prop_map(|(at, count)| Change::Repeat(at, count)),
        at().prop_map(Change::End),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    match *change {
        Change::Byte(at, byte) => *at.get_mut(bytes.as_mut_slice()) = byte,
        Change::Bit(at, bit) => *at.get_mut(bytes.as_mut_slice()) ^= 1 << bit,
        Change::Integer(at, integer) => {
            // Integers stand at multiples of eight.
            let start = at.index(bytes.len()) / 8 * 8;
            for (place, byte) in bytes.iter_mut().skip(start).zip(integer.to_le_bytes()) {
                *place = byte;
            }
        }
        Change::Remove(at, count) => {
            let start = at.index(bytes.len());
            bytes.drain(start..bytes.len().min(start + count));
        }
        Change::Repeat(at, count) => {
            let start = at.index(bytes.len());
            let piece = bytes[start..bytes.len().min(start + count)].to_vec();
            bytes.splice(start..start, piece);
        }
        Change::End(at) => bytes.truncate(at.index(bytes.len())),
    }
}

fn golden(name: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Checks some thousand changed forms of each seed.
fn check(seeds: Vec<Vec<u8>>, check: fn(&[u8])) {
    for seed in &seeds {
        check(seed);
    }
    check_changed(seeds, 3000, check);
}

fn check_changed(seeds: Vec<Vec<u8>>, cases: u32, check: fn(&[u8])) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let changes = prop::collection::vec(change(), 1..4);
    let input = (prop::sample::select(seeds), changes);
    proptest!(config, |((mut bytes, changes) in input)| {
        for change in &changes {
            apply(&mut bytes, change);
        }
        check(&bytes);
    });
}

#[test]
fn archives() {
    let small = golden("texts.bundle").get(8..).unwrap().to_vec();
    check(vec![golden("tree.nar"), small], checks::nar);
}

#[test]
fn bundles() {
    let item = |name| golden(name).get(8..).unwrap().to_vec();
    check(
        vec![item("tree.bundle"), item("texts.bundle")],
        checks::bundle,
    );
}

#[test]
fn derivations() {
    let seeds = ["tree.drv", "several.drv", "flat.drv", "recursive.drv"];
    check(seeds.map(golden).to_vec(), checks::derivation);
}

#[test]
fn base_32() {
    let hash = b"0ix4jahrkll5zg01wandq78jw3ab30q4nscph67rniqg5x7r0j59".to_vec();
    check(vec![hash.clone(), hash[20..].to_vec()], checks::base32);
}

#[test]
fn evidence() {
    let seeds = [
        "offload evidence 1\nanswered 1764000002000\nfailed 1764000003000\nconnect 40000\n\
         round-trip 800\nthroughput 1048576\nload 0.25 4 132070244352 -12 1764000001000\n\
         failures 1\nrest host-key 1764001443000 5d1f connection refused\nbuilt 10000000\n\
         built 3\nsent 00000007deadbeef\nsent-before 0badcafe\n",
        "offload evidence 1\nprobing 1764000002000\nlater-line x\nsent \nsent-before \n",
    ];
    let seeds = seeds.map(|seed| seed.as_bytes().to_vec());
    check(seeds.to_vec(), checks::evidence);
}

#[test]
fn tickets() {
    let ticket = b"offload-ticket 1\nfor x.drv\npid 12\nmachine a.b:22\nmachine w1:2222\n";
    let name = b"00000000001234567890-0000004321";
    check(vec![ticket.to_vec(), name.to_vec()], checks::ticket);
}

#[test]
fn s_expressions_and_signatures() {
    let names = ["acl", "signature", "signing-key.pub", "signing-key.sec"];
    let seeds: Vec<Vec<u8>> = ["ecc", "rsa"]
        .iter()
        .flat_map(|kind| names.map(|name| golden(&format!("signature/{kind}/{name}"))))
        .collect();
    check(seeds.clone(), checks::sexp);
    check(seeds, checks::signature);
}

/// The files of `fuzz/seeds` for a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn requests() {
    check(seeds("request"), checks::request);
}

#[test]
fn keys() {
    check(seeds("host_key"), checks::host_key);
    check(seeds("key_file"), offload::gateway::fuzz_key_file);
    check(seeds("known_hosts"), offload::gateway::fuzz_known_hosts);
}

#[test]
fn daemons() {
    check(seeds("conversation"), offload::daemon::fuzz_conversation);
    check(seeds("frames"), offload::daemon::wire::fuzz_frames);
    check(seeds("replies"), offload::daemon::operation::fuzz_replies);
}

/// Changed expressions of `tests/scheme`, read and expanded.
#[test]
fn machine_files() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scheme");
    let mut seeds = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "scm") {
            let text = fs::read_to_string(file).unwrap();
            seeds.extend(text.split("\n\n").map(|case| {
                let end = case.find("\n=> ").or(case.find("\n!> "));
                case.as_bytes()[..end.unwrap_or(case.len())].to_vec()
            }));
        }
    }
    check_changed(seeds, 300, offload::machines::fuzz_reader);
}

#[test]
fn load() {
    let seed = b"2.50 1.00 0.50 3/123 4567\n4\nFilesystem 1024-blocks Used Available Capacity \
        Mounted on\n/dev/vda 263112772 73000000 19000000 80% /\nclock=1764000010\n";
    check(vec![seed.to_vec()], checks::load);
}

#[test]
fn speech() {
    let seeds = [
        r#"{"Hello":"0.1.0 1:2:3"}"#,
        r#""Daemon""#,
        r#"{"Open":{"name":"w1","port":22,"user":"u","private_key":"/k","host_key":null,"compression":null,"compression_level":3,"daemon_socket":"/s","home":null,"limits":[1,2,3,4,5,6]}}"#,
        r#"{"Failed":{"text":"t","hint":null,"nature":"Machine"}}"#,
    ];
    let seeds = seeds.map(|seed| seed.as_bytes().to_vec());
    check(seeds.to_vec(), checks::speech);
}
