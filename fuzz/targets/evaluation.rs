#![no_main]

use std::path::Path;
use std::time::Duration;

use offload::machines::{Limits, fuzz_reader, load_text};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evaluation(bytes));

/// Evaluating a machine file ends in time and never takes the interpreter
/// down.
///
/// First reader and expander in this process, so that the fuzzer sees where
/// it gets; then all of it in a child, as the hook does it.
fn evaluation(bytes: &[u8]) {
    fuzz_reader(bytes);
    let text = String::from_utf8_lossy(bytes);
    if OUTSIDE.iter().any(|name| text.contains(name)) {
        return;
    }
    let limits = Limits {
        time: Duration::from_millis(500),
        memory: 64 << 20,
        ..Limits::default()
    };
    let home = Some(Path::new("/root"));
    let evaluation = load_text("fuzz.scm", bytes, home, &limits, &mut |_| {});
    for diagnostic in &evaluation.diagnostics {
        assert_ne!(diagnostic.code, "machines::interpreter", "{diagnostic:?}");
        assert_ne!(diagnostic.code, "machines::internal", "{diagnostic:?}");
    }
}

/// Parts of the names of procedures that change something outside.
const OUTSIDE: &[&str] = &[
    "system",
    "pipe",
    "open-output",
    "output-file",
    "open-file",
    "to-file",
    "mkstemp",
    "delete",
    "rename",
    "copy-file",
    "mkdir",
    "rmdir",
    "link",
    "chmod",
    "chown",
    "chdir",
    "kill",
    "exec",
    "fork",
    "umask",
    "sleep",
    "shepherd",
    "service",
];
