use proptest::prelude::*;

use crate::machines::Diagnostic;
use crate::machines::evaluate::value;

/// Expressions with the value that Guile 3.0.11 gives them.
const VALUES: &[(&str, &str)] = &[
    ("(match '(1 2 3) (`(1 . ,rest) rest) (_ 'no))", "(2 3)"),
    ("(match '(1 2 3) (`(1 ,x ...) x) (_ 'no))", "no"),
    (
        "(match '(a (1 2) b) (`(a ,(x y) b) (list x y)) (_ 'no))",
        "(1 2)",
    ),
    ("(match '(1 (1)) ((x (x)) 'same) (_ 'no))", "same"),
    ("(match '(1 (2)) ((x (x)) 'same) (_ 'no))", "no"),
    ("(match '((1 2) 1 2) ((a a ...) 'same) (_ 'no))", "same"),
    (
        "(match '(1 2 3 4) ((a ... b c) (list a b c)))",
        "((1 2) 3 4)",
    ),
    (
        "(match '(1 2 3 . 4) ((a ... b c) (list a b c)) (_ 'no))",
        "no",
    ),
    (
        "(match '((1 a) (2 b)) (((x y) ...) (list x y)))",
        "((1 2) (a b))",
    ),
    (
        "(match '((1 a b) (2 c)) (((x y ...) ...) (list x y)))",
        "((1 2) ((a b) (c)))",
    ),
    ("(match '() ((x ..1) x) (_ 'no))", "no"),
    ("(match '(1) ((x ..1) x) (_ 'no))", "(1)"),
    ("(match '(1 2) ((x ___) x))", "(1 2)"),
    ("(match #(1 2 3) (#(a b ...) (list a b)))", "(1 (2 3))"),
    ("(match #(1 2 3) (#(a b) (list a b)) (#(a b c) c))", "3"),
    ("(match 5 ((? number? x) x))", "5"),
    ("(match 5 ((? number? (? odd?) x) x))", "5"),
    ("(match 5 ((and x (? number?) (not 4)) x))", "5"),
    ("(match 5 ((or 4 5) 'yes))", "yes"),
    ("(match '(1 . 2) ((= car x) x))", "1"),
    ("(match '(1 2) ((a (get! g)) (g)))", "2"),
    (
        "(let ((l (list 1 2))) (match l ((a (set! s)) (s 9) l)))",
        "(1 9)",
    ),
    (
        "(let ((l (list 1 2))) (match l (((set! s) . b) (s 9) l)))",
        "(9 2)",
    ),
    (
        "(match 5 (x (=> next) (if (odd? x) (next) 'even)) (_ 'odd))",
        "odd",
    ),
    (
        "(match '(a 1 \"x\" #:k #\\c #t) (('a 1 \"x\" #:k #\\c #t) 'ok))",
        "ok",
    ),
    ("(match '() (() 'empty))", "empty"),
    ("(match '(1) (() 'empty) ((_ . rest) rest))", "()"),
    ("(match '(a b (c d (e))) ((_ *** 'e) 'found) (_ 'no))", "no"),
    (
        "(match '(a (b (c 5))) ((names *** (? number? n)) (list names n)) (_ 'no))",
        "((a b c) 5)",
    ),
    ("((match-lambda ((a b) (list b a)) (x x)) '(1 2))", "(2 1)"),
    ("((match-lambda* ((a b) (list b a)) (x x)) 1 2)", "(2 1)"),
    ("(match-let (((a b) '(1 2)) (c 3)) (list a b c))", "(1 2 3)"),
    (
        "(match-let* (((a b) '(1 2)) (c a)) (list a b c))",
        "(1 2 1)",
    ),
    (
        "(match-let loop (((a . b) '(1 2 3)) (n 0)) (if (null? b) (list a n) (loop b (+ n 1))))",
        "(3 2)",
    ),
    (
        "(match-letrec ((f (lambda (x) (if (= x 0) 'done (f (- x 1)))))) (f 3))",
        "done",
    ),
    (
        "(match '(1 2) ((a 'b) 1) ((a b) (define c 5) (list a b c)))",
        "(1 2 5)",
    ),
    ("(match '(a . b) ((x . y) (list y x)))", "(b a)"),
    ("(match '(1 2 3) ((x y . z) z))", "(3)"),
    (
        "(match '(\"k\" . 5) (((? string? s) . n) (list s n)))",
        "(\"k\" 5)",
    ),
    ("(match '(1 2 3) (((? number? x) ...) x))", "(1 2 3)"),
    ("(match '(1 a 3) (((? number? x) ...) x) (_ 'no))", "no"),
    ("(match 1.0 (1 'one) (1.0 'real))", "real"),
    ("(match 'else (else 2))", "2"),
    (
        "(match '(3 3) ((x (? (lambda (y) (= x y)))) 'eq) (_ 'no))",
        "eq",
    ),
    (
        "(match '(3 4) ((x (? (lambda (y) (= x y)))) 'eq) (_ 'no))",
        "no",
    ),
    (
        "(match '(1 (2 3) (4 5)) ((a (b c) ...) (list a b c)))",
        "(1 (2 4) (3 5))",
    ),
    ("(match '#(a #(b)) (#(x #(y)) (list x y)))", "(a b)"),
    ("(match '(quote a) (''a 1) (_ 2))", "1"),
    (
        "(match '(1 2 3 4 5) ((a b rest ... last) (list a b rest last)))",
        "(1 2 (3 4) 5)",
    ),
    ("(match 3 ((not 3) 'a) (_ 'b))", "b"),
    ("(match 5 ((and) 'any))", "any"),
    ("(match 5 ((or) 'any) (_ 'none))", "none"),
    ("(match '(a b) ((or ('a x) (x 'b)) x))", "b"),
    ("(let ((x 5)) (match 6 (x x)))", "6"),
    ("(match '(1 2) ((list a) (cons list a)))", "(1 . 2)"),
    // With procedures of the file, everywhere.
    (
        "(define (big? x) (> x 2)) (match '(1 5 7) ((a (? big? b) ...) (list a b)) (_ 'no))",
        "(1 (5 7))",
    ),
    (
        "(define (big? x) (> x 2)) (match '(1 5 1) ((a (? big? b) ...) (list a b)) (_ 'no))",
        "no",
    ),
    (
        "(define (big? x) (> x 2)) (match '(5 6 1 2) (((? big? b) ... x y) (list b x y)) (_ 'no))",
        "((5 6) 1 2)",
    ),
    (
        "(define (big? x) (> x 2)) (match #(1 5) (#(a (? big? b)) (list a b)) (_ 'no))",
        "(1 5)",
    ),
    (
        "(define (big? x) (> x 2)) (match '(1 5) ((or ((? big? a) b) (b (? big? a))) (list a b)))",
        "(5 1)",
    ),
    (
        "(define (big? x) (> x 2)) (match 1 ((not (? big?)) 'small) (_ 'big))",
        "small",
    ),
    (
        "(define (double x) (* 2 x)) (match '(3 4) ((a (= double b)) (list a b)))",
        "(3 8)",
    ),
    (
        "(define (big? x) (> x 2)) (match '() (((? big? x) ..1) x) (_ 'none))",
        "none",
    ),
    (
        "(define (big? x) (> x 2)) (match '(3 3) (((? big? x) x) 'same) (_ 'no))",
        "same",
    ),
    (
        "(define (f . l) (match l ((a) 1) ((a b) 2) (_ 'many))) (list (f 1) (f 1 2) (f))",
        "(1 2 many)",
    ),
    (
        "(define t (make-record-type 'p '(x y))) (define mk (record-constructor t)) (list (match (mk 1 2) (($ t a b) (list a b))) (match (mk 1 2) (($ t a) a)) (match 5 (($ t a b) a) (_ 'no)))",
        "((1 2) 1 no)",
    ),
    (
        "(catch 'match-error (lambda () (match 5 (4 1))) list)",
        "(match-error \"match\" \"no matching pattern\" 5)",
    ),
    (
        "(catch 'match-error (lambda () (match-let (((a b) '(1))) a)) list)",
        "(match-error \"match\" \"no matching pattern\" (1))",
    ),
    // In macros.
    (
        "(define-syntax-rule (second-of l) (match l ((_ x . _) x))) (let ((x '(1 2 3))) (second-of x))",
        "2",
    ),
    (
        "(define-syntax-rule (if-pair e p then else) (match e (p then) (_ else))) (if-pair '(1 2) (a b) (list b a) 'no)",
        "(2 1)",
    ),
];

#[test]
fn patterns_match_as_in_guile() {
    let mut wrong = Vec::new();
    for (text, expected) in VALUES {
        let text = format!("(use-modules (ice-9 match))\n{text}");
        match value(&text) {
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

/// Texts with the error that they give.
const ERRORS: &[(&str, &str)] = &[
    (
        "(list\n (match '(1 2) ((a) 1)))",
        "text:3:1: error: match: no matching pattern for (1 2)",
    ),
    (
        "(match 1)",
        "text:2:0: error: `match` needs a value and clauses",
    ),
    (
        "(match 1 (a))",
        "text:2:9: error: a clause of `match` must be",
    ),
    (
        "(match 1 ((a ... b ...) 1))",
        "text:2:19: error: one list of a pattern",
    ),
    (
        "(match 1 ((a ... . b) 1))",
        "text:2:19: error: no dotted tail",
    ),
    ("(match 1 ((?) 1))", "text:2:10: error: `?` in a pattern"),
    ("(match (car 5) (a 1))", "text:2:7: error: car"),
];

#[test]
fn wrong_uses_say_where() {
    let mut wrong = Vec::new();
    for (text, expected) in ERRORS {
        match value(&format!("(use-modules (ice-9 match))\n{text}")) {
            Ok(got) => wrong.push(format!("{text}\n  gives {got}")),
            Err(errors) => {
                let lines: Vec<String> = errors.iter().map(Diagnostic::one_line).collect();
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

/// A pattern as somebody may write it; `LEAF` stands before each leaf.
fn any_pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("_".to_owned()),
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("c".to_owned()),
        Just("1".to_owned()),
        Just("'x".to_owned()),
        Just("\"s\"".to_owned()),
        Just("()".to_owned()),
        Just("`(1 ,d . e)".to_owned()),
    ]
    .prop_map(|leaf| format!("(LEAF {leaf})"));
    leaf.prop_recursive(3, 12, 3, |inner| {
        let some = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some.clone()
                .prop_map(|items| format!("({})", items.join(" "))),
            // A longer tail would read as more items.
            (some.clone(), prop::sample::select(vec!["_", "a", "d"]))
                .prop_map(|(items, tail)| format!("({} . {tail})", items.join(" "))),
            (some.clone(), some.clone()).prop_map(|(items, after)| {
                format!("({} ... {})", items.join(" "), after.join(" "))
            }),
            some.clone()
                .prop_map(|items| format!("({} ...)", items.join(" "))),
            inner.clone().prop_map(|item| format!("({item} ..1)")),
            some.clone()
                .prop_map(|items| format!("#({})", items.join(" "))),
            some.clone()
                .prop_map(|items| format!("(and {})", items.join(" "))),
            some.prop_map(|items| format!("(or {})", items.join(" "))),
            inner.prop_map(|item| format!("(not {item})")),
        ]
    })
}

fn any_value() -> impl Strategy<Value = String> {
    let leaf =
        prop::sample::select(vec!["1", "2", "x", "y", "\"s\"", "()"]).prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 4, |inner| {
        let some = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            some.clone()
                .prop_map(|items| format!("({})", items.join(" "))),
            (some.clone(), inner).prop_map(|(items, tail)| {
                if items.is_empty() {
                    tail
                } else {
                    format!("({} . {tail})", items.join(" "))
                }
            }),
            some.prop_map(|items| format!("#({})", items.join(" "))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// A pattern that Rust matches gives what the same one gives whose leaves
    /// call a procedure of the file.
    #[test]
    fn both_ways_of_matching_agree(pattern in any_pattern(), value in any_value()) {
        // Variables that no clause binds are those of the file.
        let program = |pattern: &str| format!(
            "(use-modules (ice-9 match))\n(define (yes x) #t) (define a 'a) (define b 'b) (define c 'c) (define d 'd) (define e 'e)\n(match '{value} ({pattern} (list 'yes a b c)) (_ 'no))"
        );
        let in_rust = program(&pattern.replace("LEAF", "and"));
        let in_core = program(&pattern.replace("LEAF", "? yes"));
        let results = [in_rust, in_core].map(|text| {
            super::super::super::evaluate::value(&text).map_err(|errors| errors[0].message.clone())
        });
        prop_assert_eq!(&results[0], &results[1]);
    }
}
