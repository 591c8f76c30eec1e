//! Where machines and errors are when macros and other files are about.

use std::fs;

use super::{Report, evaluate};
use crate::machines::diagnostic::Diagnostic;

fn report(text: &str) -> Report {
    evaluate("m", text.as_bytes(), 1000)
}

/// The places of the machines; `?`: none.
fn places(report: &Report) -> Vec<String> {
    let wrong: Vec<String> = report
        .diagnostics
        .iter()
        .map(Diagnostic::one_line)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    report
        .machines
        .iter()
        .map(|machine| match &machine.location {
            Some(location) => format!("{}:{}:{}", location.file, location.line, location.column),
            None => "?".into(),
        })
        .collect()
}

#[test]
fn machines_of_macros_are_where_the_outermost_use_is() {
    for (text, wanted) in [
        (
            "(define-syntax-rule (m n)\n  (build-machine (name n) (user \"u\") (host-key \"k\")))\n(list (m \"a\")\n   (m \"b\"))",
            &["m:3:6", "m:4:3"][..],
        ),
        (
            "(define-syntax-rule (m n) (build-machine (name n) (user \"u\")))\n(define-syntax-rule (two a b) (list (m a) (m b)))\n(two \"a\" \"b\")",
            &["m:3:0", "m:3:0"],
        ),
        (
            "(define-syntax-rule (id x) x)\n(list (id (build-machine (name \"a\") (user \"u\"))))",
            &["m:2:10"],
        ),
        (
            "(define-macro (m n) `(build-machine (name ,n) (user \"u\")))\n(list (m \"a\"))",
            &["m:2:6"],
        ),
        (
            "(define-macro (id x) x)\n(list (id (build-machine (name \"a\") (user \"u\"))))",
            &["m:2:10"],
        ),
        (
            "(define-syntax m (lambda (x) (syntax-case x ()\n ((_ n) #'(build-machine (name n) (user \"u\"))))))\n(list (m \"a\"))",
            &["m:3:6"],
        ),
        (
            "(define-syntax id (lambda (x) (syntax-case x () ((_ n) #'n))))\n(list (id (build-machine (name \"a\") (user \"u\"))))",
            &["m:2:10"],
        ),
        (
            "(list (eval '(build-machine (name \"a\") (user \"u\"))\n (current-module)))",
            &["m:1:13"],
        ),
        (
            "(list (eval `(build-machine (name ,(string-append \"a\" \"b\")) (user \"u\"))\n (current-module)))",
            &["?"],
        ),
        (
            "(map (lambda (f) (eval f (current-module)))\n '((build-machine (name \"a\") (user \"u\"))\n   (build-machine (name \"b\") (user \"u\"))))",
            &["m:2:3", "m:3:3"],
        ),
    ] {
        assert_eq!(places(&report(text)), wanted, "{text}");
    }
}

#[test]
fn fields_of_templates_are_identifiers_of_the_template() {
    // A parameter called as a field replaces the field's name too.
    let report = report(
        "(define-syntax-rule (m name) (build-machine (name \"a\") (user \"u\")))\n(list (m foo))",
    );
    let lines: Vec<String> = report
        .diagnostics
        .iter()
        .map(Diagnostic::one_line)
        .collect();
    assert!(
        lines.len() == 1 && lines[0].starts_with("m:2:") && lines[0].contains("`foo` is no field"),
        "{lines:?}"
    );
}

#[test]
fn other_files_have_their_own_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(
        path("more.scm"),
        "(define-syntax-rule (mk n)\n  (build-machine (name n) (user \"u\")))\n (define more (list (build-machine (name \"x\") (user \"u\"))))\n",
    )
    .unwrap();
    fs::write(
        path("value.scm"),
        "(define one 1)\n(list one (current-filename))",
    )
    .unwrap();
    fs::create_dir(path("my")).unwrap();
    fs::write(
        path("my/hosts.scm"),
        "(define-module (my hosts) #:use-module (guix scripts offload) #:export (hosts mk))\n(define helper \"h\")\n(define-syntax-rule (mk n) (build-machine (name (string-append helper n)) (user \"u\")))\n(define hosts (list (build-machine (name helper) (user \"u\"))))\n",
    )
    .unwrap();
    let main = path("machines.scm").to_string_lossy().into_owned();
    let more = path("more.scm").to_string_lossy().into_owned();
    let hosts = path("my/hosts.scm").to_string_lossy().into_owned();
    let directory = folder.path().to_string_lossy().into_owned();
    for (text, wanted) in [
        (
            "(load \"more.scm\")\n(append more (list (mk \"y\")))".to_owned(),
            vec![format!("{more}:3:20"), format!("{main}:2:19")],
        ),
        (
            "(include \"more.scm\")\n(append more (list (mk \"y\")))".to_owned(),
            vec![format!("{more}:3:20"), format!("{main}:2:19")],
        ),
        (
            "(load (string-append (dirname (current-filename)) \"/more.scm\"))\n(append more (list (mk \"y\")))".to_owned(),
            vec![format!("{more}:3:20"), format!("{main}:2:19")],
        ),
        (
            format!("(primitive-load \"{more}\")\nmore"),
            vec![format!("{more}:3:20")],
        ),
        (
            "(define (get f) (load f) 1)\n(get \"more.scm\")\nmore".to_owned(),
            vec![format!("{more}:3:20")],
        ),
        (
            "(for-each load '(\"more.scm\"))\nmore".to_owned(),
            vec![format!("{more}:3:20")],
        ),
        (
            format!("(add-to-load-path \"{directory}\")\n(use-modules (my hosts))\n(append hosts (list (mk \"y\")))"),
            vec![format!("{hosts}:4:20"), format!("{main}:3:20")],
        ),
        (
            "(add-to-load-path (dirname (current-filename)))\n(use-modules ((my hosts) #:prefix p:))\np:hosts".to_owned(),
            vec![format!("{hosts}:4:20")],
        ),
        (
            "(if (equal? (load \"value.scm\") (list 1 (string-append (dirname (current-filename)) \"/value.scm\"))) '() 'no)".to_owned(),
            vec![],
        ),
    ] {
        let report = evaluate(&main, text.as_bytes(), 1000);
        assert_eq!(places(&report), wanted, "{text}");
    }
}

#[test]
fn endless_macros_are_errors() {
    let text = "(define-syntax-rule (f x) (f (f x)))\n(f 1)";
    // As deep as the text may be nested.
    let report = evaluate("m", text.as_bytes(), 50);
    let lines: Vec<String> = report
        .diagnostics
        .iter()
        .map(Diagnostic::one_line)
        .collect();
    assert!(
        lines.len() == 1 && lines[0].starts_with("m:2:0: error: the use of this macro never ends"),
        "{lines:?}"
    );
}

#[test]
fn errors_are_where_the_macro_is_used() {
    for (text, wanted) in [
        (
            "(define-syntax-rule (m x) (if))\n\n(list (m 1))",
            &["m:3:6: error"][..],
        ),
        (
            "(define-syntax-rule (m x) (car x))\n(list\n (m 1))",
            &["m:3:1: error"],
        ),
        (
            "(define-syntax-rule (m x) x)\n(m)",
            &["m:2:0: error: this use of `m` matches no pattern"],
        ),
        (
            "(define-syntax-rule (m x) (begin x))\n(m (if))",
            &["m:2:3: error"],
        ),
        // Effects come first, then the error; nothing after it is run.
        ("(car 1)\n(if)", &["m:1:0: error", "m:2:0: error"]),
        ("(if)\n(car 1)", &["m:1:0: error"]),
        ("(car 1)\n(list 1", &["m:1:0: error", "m:2:0: error"]),
        (
            "(define x (car 1))\n(cdr x)\n(if)",
            &["m:1:10: error", "m:3:0: error"],
        ),
        // All that is wrong with a machine in one run.
        (
            "(list (build-machine (nmae \"x\") (user (if)) (user 2) (port)))",
            &[
                "m:1:21: error: `nmae` is no field",
                "m:1:38: error: `if` takes",
                "m:1:53: error: `(port)` is no field",
                "m:1:50: error: `user` must be a string",
            ],
        ),
        (
            "(build-machine (name \"x\") (naem 1) (name 2))",
            &[
                "m:1:26: error: `naem` is no field",
                "m:1:35: error: the field `name` is given twice",
                "m:1:41: error: `name` must be a string",
            ],
        ),
        // One word about syntax whose module is missing.
        (
            "(match 1 ((x y) z) (_ w))",
            &["m:1:1: error: unbound variable `match`"],
        ),
    ] {
        let report = report(text);
        let lines: Vec<String> = report
            .diagnostics
            .iter()
            .map(Diagnostic::one_line)
            .collect();
        let right = lines.len() == wanted.len()
            && lines
                .iter()
                .zip(wanted)
                .all(|(line, wanted)| line.starts_with(wanted));
        assert!(right, "{text}\n{lines:?}");
    }
}
