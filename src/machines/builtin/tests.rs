use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::machines::engine::{
    Value, boolean, character, empty, foreign, from_bytes, from_list, from_vector, integer,
    keyword, pair, real, set_cdr, symbol, text, unspecified,
};

use super::{function, ports};

/// Those that wait, run programs, change files, or walk along a circle as far
/// as they are told.
const LEFT_OUT: &[&str] = &[
    "list-tail",
    "list-cdr-ref",
    "drop",
    "list-head",
    "take",
    "list-ref",
    "list-set!",
    "list-cdr-set!",
    "sleep",
    "usleep",
    "system",
    "system*",
    "%run-for-output",
    "delete-file",
    "rmdir",
    "mkdir",
    "mkdtemp",
    "chdir",
    "rename-file",
    "copy-file",
    "link",
    "symlink",
    "chmod",
    "umask",
    "open-output-file",
    "open-file",
    "%make-temporary-name!",
];

fn values() -> Vec<Value> {
    let circle = pair(integer(1), empty());
    set_cdr(&circle, circle.clone());
    vec![
        integer(0),
        integer(1),
        integer(-1),
        integer(2),
        integer(5),
        integer(36),
        integer(100),
        integer(i64::MAX),
        integer(i64::MIN),
        function("expt").unwrap()(&[integer(7), integer(300)]).unwrap(),
        function("/").unwrap()(&[integer(-7), integer(3)]).unwrap(),
        real(0.0),
        real(-2.5),
        real(1e300),
        real(f64::NAN),
        real(f64::NEG_INFINITY),
        boolean(true),
        boolean(false),
        character('a'),
        character('\u{10ffff}'),
        text(""),
        text("a"),
        text("Hello, Wörld→ ~a~%~5,2f~{~a~}"),
        text("(a*)+[[:digit:]]{2,3}|b\\1"),
        text("~10:@d~v,'xr~[~;~]~^"),
        text("/nonexistent/x"),
        text("1e400"),
        symbol("a"),
        symbol("trim"),
        symbol("split"),
        keyword("k"),
        empty(),
        from_list(vec![integer(1), integer(2), integer(3)]),
        from_list(vec![character('a'), character('b')]),
        from_list(vec![text("a"), text("b")]),
        from_list(vec![
            pair(symbol("a"), integer(1)),
            pair(text("b"), text("c")),
        ]),
        pair(integer(1), integer(2)),
        circle,
        from_vector(Vec::new()),
        from_vector(vec![integer(1), text("x"), integer(3)]),
        from_vector(vec![integer(1); 11]),
        from_bytes(vec![1, 200, 3]),
        unspecified(),
        ports::current(ports::Standard::Input),
        foreign(ports::Port::reading("a b\n(c \"d\") #\\e".into(), None)).unwrap(),
        function("open-output-string").unwrap()(&[]).unwrap(),
        function("make-hash-table").unwrap()(&[]).unwrap(),
        function("char-set").unwrap()(&[character('a')]).unwrap(),
        function("make-regexp").unwrap()(&[text("(a|b)*c?")]).unwrap(),
        Value::FuncV(function("car").unwrap()),
    ]
}

#[test]
fn no_procedure_panics_on_any_values() {
    let mut chance = fastrand::Rng::with_seed(9);
    let values = values();
    let mut broken = Vec::new();
    let names: Vec<&str> = super::tables()
        .flat_map(|table| table.iter().map(|(name, _)| *name))
        .filter(|name| !LEFT_OUT.contains(name))
        .collect();
    for name in names {
        let procedure = function(name).unwrap();
        for round in 0..48 {
            let count = round % 6;
            let arguments: Vec<Value> = (0..count)
                .map(|_| chance.choice(&values).cloned().unwrap())
                .collect();

            let called = catch_unwind(AssertUnwindSafe(|| {
                // What it gives can be written, too.
                if let Ok(value) = procedure(&arguments) {
                    super::print::written(&value);
                }
            }));
            if called.is_err() {
                let arguments: Vec<String> = arguments.iter().map(super::print::written).collect();
                broken.push(format!("({name} {})", arguments.join(" ")));
                break;
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
