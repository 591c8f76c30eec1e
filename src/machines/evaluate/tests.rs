use proptest::prelude::*;

use super::*;

/// Expressions with the value that Guile 3.0.11 gives them.
const VALUES: &[(&str, &str)] = &[
    // Procedures and variables.
    ("((lambda (a . r) r) 1)", "()"),
    ("((lambda args args) 1 2)", "(1 2)"),
    ("(define (f a) a) (define (g . xs) (apply f xs)) (g 1)", "1"),
    (
        "(let ((loop #f)) (set! loop (lambda (n) (if (= n 0) 'done (loop (- n 1))))) (loop 10))",
        "done",
    ),
    ("(define x 1) (define (f) x) (set! x 2) (f)", "2"),
    ("(define x 1) (define x 2) x", "2"),
    (
        "(define (f) (set! x (+ x 1)) x) (define x 1) (list (f) x)",
        "(2 2)",
    ),
    ("(define (f) (g)) (define (g) 7) (f)", "7"),
    ("(define (list . x) (cons 'mine x)) (list 1)", "(mine 1)"),
    (
        "(define old car) (define (car x) (old (old x))) (car '((1)))",
        "1",
    ),
    ("(set! cadr cdr) (cadr '(1 2))", "(2)"),
    ("(let ((if list)) (if 1 2 3))", "(1 2 3)"),
    ("(let ((return! 1) (define 2)) (+ return! define))", "3"),
    ("(let ((f (lambda (a) a))) (f 5))", "5"),
    ("(define (f x) (set! x (+ x 1)) x) (f 1)", "2"),
    (
        "(define (count) (let ((n 0)) (lambda () (set! n (+ n 1)) n))) (define c (count)) (c) (c)",
        "2",
    ),
    ("(define x 1) (list (set! x 2) x)", "(#<unspecified> 2)"),
    ("(let ((x 1)) (list (set! x 2) x))", "(#<unspecified> 2)"),
    ("(list (if #f #f))", "(#<unspecified>)"),
    // Pairs can be changed, and be circular.
    (
        "(define l (list 1 2)) (define m l) (set-car! l 9) m",
        "(9 2)",
    ),
    ("(define l (list 1 2)) (set-cdr! (cdr l) l) (list? l)", "#f"),
    (
        "(define l (list 1 2)) (list-set! l 1 'x) (reverse! l)",
        "(x 1)",
    ),
    ("(append! (list 1) '() (list 2 3))", "(1 2 3)"),
    ("(define v (vector 1 2)) (vector-set! v 0 'x) v", "#(x 2)"),
    // What is nested deep is dropped and compared without recursion.
    (
        "(define (deep n x) (if (= n 0) x (deep (- n 1) (list x)))) \
         (equal? (deep 200000 1) (deep 200000 1))",
        "#t",
    ),
    // Binding.
    ("(let* ((a 1) (b (+ a 1)) (a 5)) (list a b))", "(5 2)"),
    (
        "(let ((x 'outer)) (let ((x 'inner) (y x)) (list x y)))",
        "(inner outer)",
    ),
    (
        "(letrec ((even? (lambda (n) (if (= n 0) #t (odd? (- n 1))))) (odd? (lambda (n) (if (= n 0) #f (even? (- n 1)))))) (even? 101))",
        "#f",
    ),
    (
        "(let loop ((i 0) (out '())) (if (= i 3) (reverse out) (loop (+ i 1) (cons i out))))",
        "(0 1 2)",
    ),
    (
        "(do ((i 0 (+ i 1)) (s '() (cons i s))) ((= i 3) s))",
        "(2 1 0)",
    ),
    (
        "(define (f) (define a 1) (define (b) (+ a 1)) (b)) (f)",
        "2",
    ),
    (
        "(define (f) (define a 1) (set! a 3) (define b a) b) (f)",
        "3",
    ),
    ("(let () 1 (define x 2) x)", "2"),
    // Choices.
    ("(cond ((assv 'b '((a 1) (b 2))) => cadr) (else 'no))", "2"),
    ("(cond (#f 1) ('() 2))", "2"),
    ("(cond (5))", "5"),
    ("(case 3 ((1 2) 'low) ((3 4) 'mid) (else 'high))", "mid"),
    ("(case \"a\" ((\"a\") 1) (else 2))", "2"),
    ("(case 9 ((1) 1) (else => (lambda (x) (* x 2))))", "18"),
    (
        "(list (and) (or) (and 1 2) (or #f 3) (and 1 #f 2))",
        "(#t #f 2 3 #f)",
    ),
    ("(list (when #t 1 2) (unless #f 3))", "(2 3)"),
    ("(let ((else #f)) (cond (else 1) (#t 2)))", "2"),
    ("(if '() 'true 'false)", "true"),
    // Quasiquote.
    ("`(1 ,(+ 1 1) ,@(list 3 4) 5)", "(1 2 3 4 5)"),
    ("`(1 ,@(list 2 3) . 4)", "(1 2 3 . 4)"),
    ("`(1 . ,(+ 1 1))", "(1 . 2)"),
    ("`#(1 ,(+ 1 1))", "#(1 2)"),
    (
        "`(a `(b ,(c ,(+ 1 2))))",
        "(a (quasiquote (b (unquote (c 3)))))",
    ),
    (
        "(let ((x 5)) `(a `(b ,(c ,x))))",
        "(a (quasiquote (b (unquote (c 5)))))",
    ),
    (
        "(let ((x 5)) `(a `(b ,',x)))",
        "(a (quasiquote (b (unquote (quote 5)))))",
    ),
    // Lists.
    ("(map + '(1 2 3) '(10 20 30))", "(11 22 33)"),
    (
        "(use-modules (srfi srfi-1)) (map (lambda (x y) (list x y)) '(1 2) '(a b c))",
        "((1 a) (2 b))",
    ),
    ("(filter odd? '(1 2 3))", "(1 3)"),
    (
        "(let ((s 0)) (for-each (lambda (x y) (set! s (+ s (* x y)))) '(1 2) '(3 4)) s)",
        "11",
    ),
    ("(list-tail '(1 2 3) 2)", "(3)"),
    ("(list-head '(1 2 3) 2)", "(1 2)"),
    ("(assoc-ref '((\"a\" . 1)) \"a\")", "1"),
    ("(assq 'c '((a 1)))", "#f"),
    ("(member 2.0 '(1 2.0))", "(2.0)"),
    ("(memq 'c '(a b c d))", "(c d)"),
    ("(cons* 1 2 '(3))", "(1 2 3)"),
    ("(iota 3 1)", "(1 2 3)"),
    ("(sort '(3 1 2) <)", "(1 2 3)"),
    (
        "(sort '((b . 1) (a . 1) (c . 0)) (lambda (x y) (< (cdr x) (cdr y))))",
        "((c . 0) (b . 1) (a . 1))",
    ),
    ("(append '(1) '(2) '() '(3 . 4))", "(1 2 3 . 4)"),
    ("(apply + 1 2 '(3 4))", "10"),
    ("(last-pair '(1 2 3))", "(3)"),
    ("(delete 2 '(1 2 3 2))", "(1 3)"),
    (
        "(use-modules (srfi srfi-1)) (list (fold cons '() '(1 2)) (fold + 0 '(1 2) '(3 4)) (first '(1 2)) (last '(1 2)))",
        "((2 1) 10 1 2)",
    ),
    (
        "(use-modules (srfi srfi-1)) (append-map (lambda (x) (list x x)) '(1 2))",
        "(1 1 2 2)",
    ),
    (
        "(use-modules (srfi srfi-1)) (list (any even? '(1 2)) (every even? '(2 4)) (every + '()) (find even? '(1 2)) (filter-map (lambda (x) (and (even? x) (* x x))) '(1 2 3 4)))",
        "(#t #t #t 2 (4 16))",
    ),
    (
        "(use-modules (srfi srfi-1)) (list (delete-duplicates '(1 2 1)) (reduce + 0 '(1 2 3)) (fold-right cons '() '(1 2)) (remove odd? '(1 2)))",
        "((1 2) 6 (1 2) (2))",
    ),
    ("((@ (srfi srfi-1) append-map) list '(1 2))", "(1 2)"),
    (
        "(use-modules ((srfi srfi-1) #:select (fold (first . head)))) (head (fold cons '() '(1 2)))",
        "2",
    ),
    (
        "(use-modules ((srfi srfi-1) #:prefix l:)) (l:first '(1))",
        "1",
    ),
    (
        "(use-modules ((srfi srfi-1) #:renamer (symbol-prefix-proc 's:))) (s:first '(1))",
        "1",
    ),
    // Equality.
    (
        "(list (eq? 'a 'a) (eq? '() '()) (eqv? 1.5 1.5) (eqv? \"a\" \"a\") (equal? \"a\" \"a\") (equal? 1 1.0) (equal? '(1 (2 #(3))) '(1 (2 #(3)))))",
        "(#t #t #t #f #t #f #t)",
    ),
    ("(let ((x \"a\")) (eq? x x))", "#t"),
    // Numbers.
    ("(= 1 1 1)", "#t"),
    ("(< 1 2 2)", "#f"),
    ("(/ 1 3)", "1/3"),
    ("(/ 6 3)", "2"),
    ("(* 1.0 2)", "2.0"),
    ("(max 1 2.5)", "2.5"),
    ("(max 3 2.5)", "3.0"),
    ("(* 99999999999 99999999999)", "9999999999800000000001"),
    (
        "123456789012345678901234567890",
        "123456789012345678901234567890",
    ),
    ("#xffffffffffffffffffff", "1208925819614629174706175"),
    ("(+ 1/2 1/3)", "5/6"),
    (
        "(list (quotient -7 2) (remainder -7 2) (modulo -7 2))",
        "(-3 -1 1)",
    ),
    (
        "(list (round 2.5) (round 7/2) (floor -1.5) (abs -3))",
        "(2.0 4 -2.0 3)",
    ),
    (
        "(list (number->string 255 16) (string->number \"#e1.5\") (string->number \"1_000\") (string->number \"abc\"))",
        "(\"ff\" 3/2 #f #f)",
    ),
    (
        "(list (exact->inexact 1/3) (inexact->exact 2.0) (even? 0) (zero? 0.0) (1+ 1) (1- 1))",
        "(0.3333333333333333 2 #t #t 2 0)",
    ),
    (
        "(list (integer? 2.0) (exact? 1/2) (number? 'a) (exact-integer? 2.0))",
        "(#t #t #f #f)",
    ),
    // Strings, characters, symbols.
    ("(string-append \"a\" \"b\")", "\"ab\""),
    (
        "(list (string-length \"é→\") (substring \"hello\" 1 3) (string-upcase \"straße\"))",
        "(2 \"el\" \"STRAßE\")",
    ),
    (
        "(list (string-join '(\"a\" \"b\")) (string-join '(\"a\" \"b\") \",\") (string-split \"a,b,,c\" #\\,))",
        "(\"a b\" \"a,b\" (\"a\" \"b\" \"\" \"c\"))",
    ),
    (
        "(list (string-prefix? \"a\" \"ab\") (string-index \"abc\" #\\c) (string-contains \"héllo\" \"l\") (string-trim-both \" x \"))",
        "(#t 2 2 \"x\")",
    ),
    (
        "(list (string-pad \"7\" 2 #\\0) (string-pad \"123\" 2) (string-pad-right \"7\" 2))",
        "(\"07\" \"23\" \"7 \")",
    ),
    (
        "(list (symbol->string 'a) (string->symbol \"b c\") (symbol-append 'a 'b) (keyword? #:a) (symbol? #:a))",
        "(\"a\" #{b c}# ab #t #f)",
    ),
    (
        "(list #\\a #\\space (char-upcase #\\a) (char->integer #\\A) (string #\\a #\\b))",
        "(#\\a #\\space #\\A 65 \"ab\")",
    ),
    (
        "(list (number->string 2.5) (object->string '(1 \"a\")))",
        "(\"2.5\" \"(1 \\\"a\\\")\")",
    ),
    (
        "(list (format #f \"~a-~s~%\" \"x\" \"y\") (format #f \"~d\" 5))",
        "(\"x-\\\"y\\\"\\n\" \"5\")",
    ),
    // Others.
    (
        "(list ((compose car cdr) '(1 2)) (and=> #f car) (and=> '(1) car) ((const 1) 2) (identity 3) ((negate odd?) 1))",
        "(2 #f 1 1 3 #f)",
    ),
    ("(vector->list (list->vector '(1 2)))", "(1 2)"),
    ("'#vu8(1 2 255)", "#vu8(1 2 255)"),
    (
        "(list (basename \"/a/b.scm\" \".scm\") (dirname \"/a/b\") (dirname \"a\"))",
        "(\"b\" \"/a\" \".\")",
    ),
    ("(->bool 5)", "#t"),
    ("(begin (define x 1) (define y 2)) (+ x y)", "3"),
    (
        "(define-module (x y) #:use-module (srfi srfi-1) #:export (a)) (first '(1))",
        "1",
    ),
    // What is not reached does no harm.
    ("(if #f (nothing-of-the-kind 1) 2)", "2"),
    ("(define (f) (nothing-of-the-kind)) 1", "1"),
];

#[test]
fn expressions_have_guiles_values() {
    let mut wrong = Vec::new();
    for (text, expected) in VALUES {
        match value(text) {
            Ok(got) if got == *expected => {}
            Ok(got) => wrong.push(format!("{text}\n  gives {got}\n  not   {expected}")),
            Err(errors) => {
                let lines: Vec<String> = errors.iter().map(Diagnostic::one_line).collect();
                wrong.push(format!("{text}\n  fails: {}", lines.join("\n         ")));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Texts with the first error that they give.
const ERRORS: &[(&str, &str)] = &[
    (
        "(define (f a) a)\n(list (f 1 2))",
        "text:2:6: error: wrong number of arguments",
    ),
    (
        "(define (f a) (+ a 1))\n(list (f))",
        "text:2:6: error: wrong number of arguments",
    ),
    (
        "(let ((f (lambda (a) a)))\n  (f 1 2))",
        "text:2:2: error: wrong number of arguments",
    ),
    (
        "(map (lambda (a b) a)\n '(1))",
        "text:1:0: error: wrong number of arguments",
    ),
    (
        "(define (f x)\n  (car x))\n(list (f 5))",
        "text:2:2: error: car",
    ),
    (
        "(list (string-append 1 \"y\"))",
        "text:1:6: error: string-append: a string is needed, but this is 1",
    ),
    ("(list\n (foo))", "text:2:2: error: unbound variable `foo`"),
    (
        "(list (first '(1)))",
        "text:1:7: error: unbound variable `first` (`first` is in (srfi srfi-1): (use-modules (srfi srfi-1)))",
    ),
    (
        "(strin-append \"a\")",
        "text:1:1: error: unbound variable `strin-append` (did you mean `string-append`?)",
    ),
    (
        "(define (f) (g)) (f) (define (g) 1)",
        "text:1:13: error: `g` is used before its definition",
    ),
    (
        "(define (f) (define a b) (define b 1) a) (f)",
        "text:1:22: error: `b` is used before its definition",
    ),
    (
        "(list (map car 5))",
        "text:1:6: error: map: a list is needed, but this is 5",
    ),
    (
        "(list ((lambda (x) (map x x)) 1))",
        "text:1:19: error: map: argument 1 has the wrong type: 1",
    ),
    (
        "(map list '(1 2) '(a b c))",
        "text:1:0: error: map: the lists differ in length",
    ),
    (
        "(define ((adder n) m) (+ n m))",
        "text:1:8: error: `define` needs a name",
    ),
    (
        "(\"a\" 1)",
        "text:1:1: error: this is called, but its value is no procedure",
    ),
    (
        "(error \"bad thing:\" 1 \"two\")",
        "text:1:0: error: bad thing: 1 \"two\"",
    ),
    ("(throw 'key 1)", "text:1:0: error: exception (key 1)"),
    ("(exit 1)", "text:1:0: error: the file calls `exit`"),
    ("(vector-ref (vector 1) 7)", "text:1:0: error: "),
    (
        "(list-ref '(1) 7)",
        "text:1:0: error: list-ref: argument 2 is out of range: 7",
    ),
    (
        "(quotient 1 0)",
        "text:1:0: error: truncate-quotient: division by zero",
    ),
    ("(/ 1 0)", "text:1:0: error: "),
    ("(if)", "text:1:0: error: `if` takes"),
    (
        "(let ((a 1) (a 2)) a)",
        "text:1:13: error: `a` is bound twice",
    ),
    ("(let ((a 1)))", "text:1:0: error: a body needs"),
    ("(lambda (1) 2)", "text:1:9: error: `1` is no name"),
    ("(+ 1 (define x 2))", "text:1:5: error: a definition stands"),
    ("(list else)", "text:1:6: error: `else` is syntax"),
    (
        "(use-modules (foo bar))\n(baz)",
        "text:1:13: error: no code for module (foo bar)",
    ),
    (
        "(use-modules ((srfi srfi-1) #:select (foo)))",
        "text:1:38: error: no binding `foo`",
    ),
    (
        "(@ (srfi srfi-1) foo)",
        "text:1:17: error: no binding `foo`",
    ),
    (
        "(define-syntax x 1)",
        "text:1:17: error: this makes no macro",
    ),
    ("()", "text:1:0: error: `()` is no expression"),
    ("(list (quote))", "text:1:6: error: `quote` takes one datum"),
    ("(list 1", "text:1:0: error: this `(` is never closed"),
    (
        "(getenv 'HOME)",
        "text:1:0: error: a string is needed, but this is HOME",
    ),
    (
        "(make-list 99999999999 1)",
        "text:1:0: error: make-list: argument 1 is out of range",
    ),
];

#[test]
fn a_missing_file_is_a_warning() {
    for (text, at) in [
        ("(primitive-load \"/nonexistent\")", "m:1:0: warning: "),
        (
            "(list (primitive-load \"/nonexistent\"))",
            "m:1:6: warning: ",
        ),
        ("(load \"/nonexistent\")", "m:1:0: warning: "),
        ("(include \"/nonexistent\")", "m:1:0: warning: "),
        (
            "(call-with-input-file \"/nonexistent\" read-char)",
            "m:1:0: warning: ",
        ),
    ] {
        let report = evaluate("m", text.as_bytes(), 1000);
        let lines: Vec<String> = report
            .diagnostics
            .iter()
            .map(Diagnostic::one_line)
            .collect();
        assert!(
            lines.len() == 1 && lines[0].starts_with(at) && lines[0].contains("No such file"),
            "{text}: {lines:?}"
        );
    }
}

#[test]
fn errors_say_what_and_where() {
    let mut wrong = Vec::new();
    for (text, expected) in ERRORS {
        match value(text) {
            Ok(got) => wrong.push(format!("{text}\n  gives {got}")),
            Err(errors) => {
                let lines: Vec<String> = errors
                    .iter()
                    .filter(|error| error.is_error())
                    .map(Diagnostic::one_line)
                    .collect();
                if !lines.first().is_some_and(|line| line.starts_with(expected)) {
                    wrong.push(format!(
                        "{text}\n  says {}\n  not  {expected}",
                        lines.join("\n       ")
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn several_errors_are_found_in_one_run() {
    let errors = value("(if)\n(list (lambda))\n(let)").unwrap_err();
    assert_eq!(errors.len(), 3);
}

#[test]
fn library_exports_are_all_there() {
    for module in super::super::expand::supported_modules() {
        let missing = super::super::expand::missing_exports(module);
        assert!(missing.is_empty(), "{module}: {missing:?}");
    }
}

/// A field as somebody may write it, constant or not.
fn any_field() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("(port 22)".to_owned()),
        Just("(port (+ 20 2))".to_owned()),
        Just("(speed 1/2)".to_owned()),
        Just("(features '(\"kvm\" \"big\"))".to_owned()),
        Just("(host-key #f)".to_owned()),
        Just("(host-key k)".to_owned()),
        Just("(systems (list \"a\" \"b\"))".to_owned()),
        Just("(systems (list name \"b\"))".to_owned()),
        Just("(parallel-builds 'm)".to_owned()),
        Just("(daemon-socket \"s\")".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_engine_agrees_with_the_way_without_it(
        machines in proptest::collection::vec(proptest::collection::vec(any_field(), 0..3), 0..4),
        define in any::<bool>(),
    ) {
        let forms: Vec<String> = machines
            .iter()
            .map(|fields| format!("(build-machine (name \"m\") (user \"u\") {})", fields.join(" ")))
            .collect();
        let define = if define { "(define k \"key\") (define (f x) x)" } else { "" };
        let text = format!("{define} (list {})", forms.join("\n"));
        let short = evaluate("m", text.as_bytes(), 100);
        let long = evaluate_with_engine("m", text.as_bytes(), 100);
        prop_assert_eq!(short, long);
    }
}

/// Choices inside choices, which Steel's compiler alone would take ages for.
#[test]
fn nested_choices_are_compiled_in_time() {
    let repeat = |count: usize, part: &str| part.repeat(count);
    let texts = [
        format!("(and {} 'end)", repeat(60, "(pair? '(1)) ")),
        format!(
            "{} 'end {}",
            repeat(60, "(when (pair? '(1)) "),
            repeat(60, ")")
        ),
        format!(
            "(cond {} (else 'end))",
            repeat(80, "((null? '(1)) (if (pair? 1) 2 3)) ")
        ),
        format!(
            "{} 'end {}",
            repeat(40, "(if (pair? '(1)) "),
            repeat(40, " (if (null? 1) (if (null? 2) 2 1) 3))")
        ),
        format!(
            "(define (f x) (if (pair? x) {} #f)) (f '(1))",
            format_args!(
                "{} 'end {}",
                repeat(30, "(let ((y (car x))) (if y "),
                repeat(30, "(if (null? x) 1 2)))")
            )
        ),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        let got = value(&text).map_err(|errors| errors.first().map(Diagnostic::one_line));
        assert_eq!(got, Ok("end".into()), "{text}");
        let took = start.elapsed();
        assert!(took.as_secs() < 20, "{took:?} for {text}");
    }
}
