use crate::machines::diagnostic::Diagnostic;
use crate::machines::evaluate::{Report, evaluate};
use crate::machines::raw::{Plain, RawMachine};
use crate::machines::record::Field;

fn report(text: &str) -> Report {
    evaluate("m", text.as_bytes(), 1000)
}

fn machines(text: &str) -> Vec<RawMachine> {
    let report = report(text);
    let errors: Vec<String> = report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .map(Diagnostic::one_line)
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    report.machines
}

fn get(machine: &RawMachine, field: Field) -> Option<&Plain> {
    machine
        .fields
        .iter()
        .find(|other| other.field == field)
        .map(|field| &field.value)
}

fn text(value: &str) -> Plain {
    Plain::Text(value.into())
}

#[test]
fn examples_are_the_same_with_and_without_the_engine() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "scm") {
            let text = std::fs::read(&path).unwrap();
            let short = evaluate("m", &text, 1000);
            let long = crate::machines::evaluate::evaluate_with_engine("m", &text, 1000);
            assert_eq!(short, long, "{}", path.display());
        }
    }
}

fn place(machine: &RawMachine) -> (u32, u32) {
    let location = machine.location.as_ref().unwrap();
    (location.line, location.column)
}

fn errors(text: &str) -> Vec<String> {
    let report = report(text);
    assert!(report.machines.is_empty());
    report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .map(Diagnostic::one_line)
        .collect()
}

#[test]
fn later_fields_see_earlier_names() {
    let all =
        machines("(list (build-machine (name \"m\") (user (string-append name \"-u\")) (port 5)))");
    assert_eq!(get(&all[0], Field::User), Some(&text("m-u")));
    let all = machines("(list (build-machine (name (string-append \"a\" \"!\")) (user name)))");
    assert_eq!(get(&all[0], Field::User), Some(&text("a!")));
}

#[test]
fn a_name_is_bound_after_its_own_value() {
    let all = machines(
        "(define (mk name port)
           (build-machine (name name) (port (+ port 1)) (user \"u\")))
         (list (mk \"a\" 1) (mk \"b\" 2))",
    );
    assert_eq!(get(&all[1], Field::Name), Some(&text("b")));
    assert_eq!(get(&all[1], Field::Port), Some(&Plain::Integer(3)));
    assert_eq!(place(&all[0]), place(&all[1]));
}

#[test]
fn fields_shadow_what_the_file_calls_so() {
    let all = machines(
        "(define systems '(\"a\"))
         (list (build-machine (systems (list \"b\")) (name \"m\") (user \"u\") (features systems)))",
    );
    assert_eq!(
        get(&all[0], Field::Features),
        Some(&Plain::List(vec![text("b")]))
    );
}

#[test]
fn fields_are_evaluated_in_written_order() {
    let all = machines(
        "(define seen '())
         (define (note x) (set! seen (append seen (list x))) x)
         (define m (build-machine
           (user (note \"1\")) (name (note \"2\")) (host-key user) (daemon-socket (note \"3\"))))
         (list (build-machine (inherit m) (features seen)))",
    );
    assert_eq!(
        get(&all[0], Field::Features),
        Some(&Plain::List(vec![text("1"), text("2"), text("3")]))
    );
    assert_eq!(get(&all[0], Field::HostKey), Some(&text("1")));
}

#[test]
fn inheriting_takes_the_parents_fields_and_not_its_place() {
    let all = machines(
        "(define p (build-machine (name \"p\") (user \"u\") (port 7)))
         (define q (build-machine (inherit p) (name \"q\")))
         (list p q
           (build-machine (inherit q)))",
    );
    assert_eq!(get(&all[1], Field::Name), Some(&text("q")));
    assert_eq!(get(&all[2], Field::Port), Some(&Plain::Integer(7)));
    assert_eq!(place(&all[2]), (4, 11));
    assert_eq!(all[2].fields.len(), 3);
}

#[test]
fn the_parent_sees_the_new_fields_names() {
    let all = machines(
        "(define (parent n) (build-machine (name \"p\") (user n)))
         (list (build-machine (inherit (parent name)) (name \"q\")))",
    );
    assert_eq!(get(&all[0], Field::User), Some(&text("q")));
}

#[test]
fn with_inherit_the_last_of_two_equal_fields_counts() {
    let all = machines(
        "(define p (build-machine (name \"p\") (user \"u\")))
         (list (build-machine (inherit p) (port 1) (port 2)))",
    );
    assert_eq!(get(&all[0], Field::Port), Some(&Plain::Integer(2)));
}

#[test]
fn wrong_forms_are_told_apart() {
    assert_eq!(
        errors("(list (build-machine (name \"m\") (nmae \"x\") (foo 1)))"),
        [
            "m:1:32: error: `nmae` is no field of build-machine (did you mean `name`? The fields are \
             name, port, systems, user, private-key, host-key, compression, compression-level, \
             daemon-socket, overload-threshold, parallel-builds, speed, features)",
            "m:1:43: error: `foo` is no field of build-machine (the fields are name, port, \
             systems, user, private-key, host-key, compression, compression-level, \
             daemon-socket, overload-threshold, parallel-builds, speed, features)"
        ]
    );
    assert_eq!(
        errors("(list (build-machine (port 22)))"),
        [
            "m:1:6: error: this build machine lacks the fields name, user",
            "m:1:6: error: this build machine lacks the field systems: no build matches it (for \
             instance (systems '(\"x86_64-linux\")))"
        ]
    );
    assert_eq!(
        errors("(list (build-machine (name \"m\") (user \"u\") (systems '()) (name \"n\")))"),
        ["m:1:57: error: the field `name` is given twice"]
    );
    assert_eq!(
        errors("(list (build-machine (name \"m\") (systems \"a\" \"b\")))"),
        [
            "m:1:32: error: `(systems \"a\" \"b\")` is no field: a field must be (FIELD VALUE) \
             (for several values write (list VALUE …) or '(VALUE …))"
        ]
    );
    assert_eq!(
        errors("(list (build-machine (name \"m\") (inherit 1) (user \"u\")))"),
        [
            "m:1:32: error: `inherit` is no field of build-machine (`inherit` must be the first \
             clause)"
        ]
    );
    assert_eq!(
        errors("(list (build-machine (inherit\n 5) (name \"m\")))"),
        ["m:2:1: error: `inherit` needs a build machine, but this is 5"]
    );
    assert_eq!(
        errors("(map build-machine '())"),
        [
            "m:1:5: error: `build-machine` is syntax and no procedure: it can only stand first \
             in a list"
        ]
    );
}

#[test]
fn the_value_must_be_a_list_of_machines() {
    let machine = "(build-machine (name \"m\") (user \"u\"))";
    for (text, what) in [
        (machine.to_owned(), "a single build machine"),
        ("#f".into(), "it is #f"),
        (format!("(list {machine} #f)"), "a list that contains #f"),
        (format!("(list (list {machine}))"), "use `append`"),
        (format!("(cons {machine} 5)"), "(#<build-machine m> . 5)"),
        (format!("(define ms (list {machine}))"), "no value"),
        (format!("(vector {machine})"), "#(#<build-machine m>)"),
        (String::new(), "no value"),
    ] {
        let errors = errors(&text);
        assert!(errors[0].contains(what), "{text}: {errors:?}");
    }
    assert!(machines("'()").is_empty());
}

#[test]
fn accessors_know_the_defaults() {
    let all = machines(
        "(define m (build-machine (name \"m\") (user \"u\") (system \"s\")))
         (list (build-machine (inherit m)
           (name (string-append (build-machine-name m) \"2\"))
           (port (+ 1 (build-machine-port m)))
           (features (build-machine-systems m))))",
    );
    assert_eq!(get(&all[0], Field::Name), Some(&text("m2")));
    assert_eq!(get(&all[0], Field::Port), Some(&Plain::Integer(23)));
    assert_eq!(
        get(&all[0], Field::Features),
        Some(&Plain::List(vec![text("s")]))
    );
}

#[test]
fn the_forms_name_can_be_taken() {
    let all = machines(
        "(define (build-machine . x) '())
         (build-machine 1 2)",
    );
    assert!(all.is_empty());
}

#[test]
fn files_that_guix_system_writes_work() {
    let all = machines(
        "((@ (srfi srfi-1) append-map) (lambda (entry) (if (build-machine? entry) (list entry) \
         entry)) (list (list (build-machine (name \"a\") (user \"u\"))) (build-machine (name \
         \"b\") (user \"u\")) (if #f 1 '())))",
    );
    assert_eq!(all.len(), 2);
}

#[test]
fn tabs_and_wide_characters_count_as_in_guile() {
    let all = machines(
        "(list \"é→\"\n\t(build-machine (name \"m\") (user \"u\")))\n(list\n  \t (build-machine (name \"→\") (user \"u\")))",
    );
    assert_eq!(place(&all[0]), (4, 9));
}

#[test]
fn another_encoding_is_an_error_at_its_first_byte() {
    let report = evaluate("m", b"(list\n \"\xe9\")", 1000);
    assert_eq!(
        report.diagnostics[0].one_line(),
        "m:2:2: error: this is not UTF-8 (save the file as UTF-8)"
    );
}

#[test]
fn names_in_dead_code_are_warnings() {
    let report = report("(if #f (foo))\n'()");
    assert!(report.machines.is_empty());
    assert_eq!(
        report.diagnostics[0].one_line(),
        "m:1:8: warning: unbound variable `foo`"
    );
}
