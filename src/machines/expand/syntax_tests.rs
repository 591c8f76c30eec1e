//! Forms with the values that Guile 3.0.11 gives them.

use crate::machines::evaluate::value;

pub fn check(cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let got = match value(text) {
            Ok(value) => value,
            Err(diagnostics) => diagnostics
                .iter()
                .map(|diagnostic| diagnostic.message.clone())
                .collect::<Vec<_>>()
                .join("; "),
        };
        if got != *expected {
            wrong.push(format!("{text}\n  gives {got}\n  not   {expected}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn patterns_and_templates() {
    check(&[
        (
            "(define-syntax foo (syntax-rules () ((_ (a b ...) ...) '((b ... a) ...)))) (foo (1 2 3) (4))",
            "((2 3 1) (4))",
        ),
        (
            "(define-syntax-rule (f a b ... . c) '(a (b ...) c)) (list (f 1) (f 1 2 3) (f 1 2 . 3))",
            "((1 () ()) (1 (2 3) ()) (1 (2) 3))",
        ),
        ("(define-syntax-rule (f x) \"doc\" x) (f 1)", "1"),
        (
            "(define-syntax f (syntax-rules (a) ((_ a) 1) ((_ b) 2))) (list (f a) (f c) (let ((a 1)) (f a)))",
            "(1 2 2)",
        ),
        (
            "(define-syntax f (syntax-rules () ((_ a ... b c) '(c b a ...)))) (f 1 2 3 4)",
            "(4 3 1 2)",
        ),
        (
            "(define-syntax f (syntax-rules () ((_ #(a b ...)) '(a #(b ... a))))) (f #(1 2 3))",
            "(1 #(2 3 1))",
        ),
        (
            "(define-syntax f (syntax-rules () ((_ (a ...) ...) '(a ... ...)))) (f (1 2) (3) ())",
            "(1 2 3)",
        ),
        (
            "(define-syntax f (syntax-rules ::: () ((_ a :::) '(a ::: ...)))) (f 1 2)",
            "(1 2 ...)",
        ),
        (
            "(define-syntax f (syntax-rules () ((_ a) '(a (... ...))))) (f 1)",
            "(1 ...)",
        ),
        (
            "(define-syntax f (syntax-rules () ((_ \"s\" 1 #\\a) 'yes) ((_ . r) 'no))) (list (f \"s\" 1 #\\a) (f 1) (f))",
            "(yes no no)",
        ),
        (
            "(define-syntax f (syntax-rules () ((_ x) 'x))) (f (a . (b . c)))",
            "(a b . c)",
        ),
        (
            "(define-syntax my-let (syntax-rules () ((_ ((n v) ...) . body) ((lambda (n ...) . body) v ...)))) (my-let ((a 1) (b 2)) (define c 3) (list a b c))",
            "(1 2 3)",
        ),
        (
            "(define-syntax f (syntax-rules () ((_ x ...) (let ((y 1)) '(x ... y))))) (f a b)",
            "(a b y)",
        ),
        (
            "(define-syntax f (syntax-rules () ((_ (k v ...) ...) '((k . (v ...)) ...)))) (f (a 1 2) (b))",
            "((a 1 2) (b))",
        ),
        (
            "(define-syntax-rule (f x) `(x ,x ,@(list x))) (let ((y 1)) (f y))",
            "(y 1 1)",
        ),
    ]);
}

#[test]
fn hygiene() {
    check(&[
        (
            "(define-syntax-rule (swap! a b) (let ((tmp a)) (set! a b) (set! b tmp))) (let ((tmp 1) (other 2)) (swap! tmp other) (list tmp other))",
            "(2 1)",
        ),
        (
            "(define-syntax my-or (syntax-rules () ((_) #f) ((_ e) e) ((_ e r ...) (let ((t e)) (if t t (my-or r ...)))))) (let ((t 5)) (my-or #f t))",
            "5",
        ),
        (
            "(let ((x 1)) (let-syntax ((m (syntax-rules () ((_) x)))) (let ((x 2)) (m))))",
            "1",
        ),
        (
            "(define-syntax m (syntax-rules () ((_ x) (list x 1)))) (let ((list vector)) (m 2))",
            "(2 1)",
        ),
        (
            "(define-syntax-rule (m x) (if x 'yes 'no)) (let ((if list)) (m #f))",
            "no",
        ),
        (
            "(define x 1) (define-syntax-rule (m) x) (define (f x) (m)) (f 2)",
            "1",
        ),
        ("(define-syntax-rule (m) later) (define later 3) (m)", "3"),
        (
            "(define-syntax-rule (def n v) (define n v)) (def a 5) a",
            "5",
        ),
        (
            "(define-syntax-rule (def n) (begin (define tmp 7) (define (n) tmp))) (def f) (define tmp 1) (f)",
            "7",
        ),
        (
            "(define-syntax-rule (def n) (begin (define (n) (helper)) (define (helper) 7))) (def f) (f)",
            "7",
        ),
        (
            "(define-syntax while2 (syntax-rules () ((_ c b ...) (let lp () (when c b ... (lp)))))) (let ((i 0) (lp 'mine)) (while2 (< i 3) (set! i (+ i 1))) (list i lp))",
            "(3 mine)",
        ),
        (
            "(define-syntax c (syntax-rules (else =>) ((_ else) 'e) ((_ => x) 'a) ((_ x) 'o))) (list (c else) (c => 1) (c 2))",
            "(e a o)",
        ),
        (
            "(define-syntax-rule (my-cond x) (cond (x => (lambda (v) (list v))) (else 'no))) (list (my-cond 1) (my-cond #f))",
            "((1) no)",
        ),
        (
            "(define-syntax-rule (f x) (case x ((a) 1) (else 2))) (list (f 'a) (f 'b))",
            "(1 2)",
        ),
    ]);
}

#[test]
fn macros_in_macros_and_bodies() {
    check(&[
        (
            "(define-syntax-rule (mk-adder name n) (define-syntax-rule (name x) (+ x n))) (mk-adder add5 5) (add5 1)",
            "6",
        ),
        (
            "(define-syntax def-lister (syntax-rules () ((_ name) (define-syntax name (syntax-rules () ((_ x (... ...)) (list 'name x (... ...)))))))) (def-lister foo) (foo 1 2)",
            "(foo 1 2)",
        ),
        (
            "(define-syntax m (syntax-rules () ((_ a) (let-syntax ((n (syntax-rules () ((_ b) (+ a b))))) (n 1))))) (m 2)",
            "3",
        ),
        (
            "(let loop ((i 0)) (define-syntax-rule (inc x) (+ x 1)) (if (< i 3) (loop (inc i)) i))",
            "3",
        ),
        (
            "(define (f) (define-syntax-rule (m x) (list x x)) (m 1)) (f)",
            "(1 1)",
        ),
        (
            "(define (f) (define a 1) (define-syntax-rule (d n) (define n (+ a 1))) (d b) (list a b)) (f)",
            "(1 2)",
        ),
        (
            "(let-syntax ((foo (syntax-rules () ((_ x) (define x 1))))) (foo y)) y",
            "1",
        ),
        (
            "(letrec-syntax ((ev? (syntax-rules () ((_) #t) ((_ x . r) (od? . r)))) (od? (syntax-rules () ((_) #f) ((_ x . r) (ev? . r))))) (list (ev? 1 2) (ev? 1)))",
            "(#t #f)",
        ),
        (
            "(define-syntax five (identifier-syntax 5)) (+ five five)",
            "10",
        ),
        (
            "(define-syntax-rule (when x y) (list 'mine x y)) (when 1 2)",
            "(mine 1 2)",
        ),
        (
            "(define-syntax foo (syntax-rules () ((_) 1))) (define (foo) 2) (foo)",
            "2",
        ),
        (
            "(let ((m 1)) (define-syntax m (syntax-rules () ((_) 2))) (m))",
            "2",
        ),
        (
            "(define-syntax-rule (ten) 10) (let ((ten (lambda () 11))) (ten))",
            "11",
        ),
        (
            "(define-syntax-rule (f a) (lambda (x) (+ a x))) (let ((x 10)) ((f x) 1))",
            "11",
        ),
    ]);
}

#[test]
fn optional_and_keyword_parameters() {
    check(&[
        (
            "(define* (f a #:optional b #:key c) (list a b c)) (list (f 1 #:c 3) (f #:c 2) (f 1 2 #:c 1 #:c 2))",
            "((1 #f 3) (#:c 2 #f) (1 2 2))",
        ),
        (
            "(define* (f a #:optional (b 5) #:key (c (+ b 1)) #:rest r) (list a b c r)) (list (f 1 2 3) (f 1 #:c 3) (f 1 2 3 #:c 4) (f 1 2 #:c 4 5))",
            "((1 2 3 (3)) (1 5 3 (#:c 3)) (1 2 4 (3 #:c 4)) (1 2 4 (#:c 4 5)))",
        ),
        (
            "(define* (f #:key c #:allow-other-keys) (list c)) (list (f #:d 1 #:c 2) (f #:d))",
            "((2) (#f))",
        ),
        (
            "(define* (f #:key (c 1 #:cc) d) (list c d)) (f #:cc 1 #:d 2)",
            "(1 2)",
        ),
        (
            "(define* (f a #:optional (b a) . r) (list a b r)) (list (f 1) (f 1 2 3))",
            "((1 1 ()) (1 2 (3)))",
        ),
        (
            "(define g (lambda* (#:key (x 1)) x)) (list (g) (g #:x 2))",
            "(1 2)",
        ),
        (
            "(define* (f #:key (a 1) (b (* a 2))) (set! a 10) (list a b)) (f)",
            "(10 2)",
        ),
        (
            "(define f (case-lambda ((a) 1) ((a b) 2) ((a . r) (list a r)))) (list (f 1) (f 1 2) (f 1 2 3))",
            "(1 2 (1 (2 3)))",
        ),
        (
            "(define f (case-lambda* ((a #:optional b) (list 'x a b)) ((a b c #:key d) (list 'y d)))) (list (f 1) (f 1 2) (f 1 2 3 #:d 4))",
            "((x 1 #f) (x 1 2) (y 4))",
        ),
        ("(define f (case-lambda (args args))) (f 1 2)", "(1 2)"),
    ]);
}

#[test]
fn bodies() {
    check(&[
        (
            "(define (f) 1 (define a 2) (display \"\") (define (b) (+ a 1)) (b)) (f)",
            "3",
        ),
        (
            "(define (f) (begin (define a 2) (define b 3)) (+ a b)) (f)",
            "5",
        ),
        ("(begin (define a 1) (define b (+ a 1))) b", "2"),
        (
            "(define (f) (g)) (define-syntax-rule (def n) (define (n) 8)) (def g) (f)",
            "8",
        ),
        (
            "(define (f) (fold + 0 '(1 2))) (use-modules (srfi srfi-1)) (f)",
            "3",
        ),
        ("(begin (use-modules (srfi srfi-1)) (fold + 0 '(1 2)))", "3"),
        ("(begin) 1", "1"),
        ("(let ((i 0)) (while (< i 5) (set! i (+ i 1))) i)", "5"),
        ("(while #f 1)", "#f"),
    ]);
}

#[test]
fn evaluation_of_data() {
    check(&[
        ("(eval '(+ 1 2) (current-module))", "3"),
        ("(define x 5) (eval 'x (current-module))", "5"),
        ("(eval '(define y 7) (current-module)) y", "7"),
        (
            "(eval '(define (f a) (* a 2)) (interaction-environment)) (f 4)",
            "8",
        ),
        (
            "(define (f) (eval '(+ z 1) (current-module))) (define z 1) (f)",
            "2",
        ),
        (
            "(map (lambda (form) (eval form (current-module))) '((+ 1 2) (list 1 2) \"s\"))",
            "(3 (1 2) \"s\")",
        ),
        ("(eval (list '+ 1 2) (current-module))", "3"),
        ("(eval (list car ''(1 2)) (current-module))", "1"),
        (
            "(eval `(let ((x ,(+ 1 1))) (list x 'y \"z\" #\\a 1.5 #t)) (current-module))",
            "(2 y \"z\" #\\a 1.5 #t)",
        ),
        (
            "((eval '(lambda (x) (list x x)) (current-module)) 3)",
            "(3 3)",
        ),
        (
            "(eval '(begin (define-syntax-rule (m a) (list a a)) (m 1)) (current-module))",
            "(1 1)",
        ),
        (
            "(eval '(define-syntax-rule (m a) (list a a)) (current-module)) (m 2)",
            "(2 2)",
        ),
        (
            "(eval '(begin (use-modules (srfi srfi-1)) (fold + 0 '(1 2))) (current-module))",
            "3",
        ),
        (
            "(let loop ((i 0)) (if (< i 3) (begin (eval `(define v ,i) (current-module)) (loop (+ i 1))) (eval 'v (current-module))))",
            "2",
        ),
        (
            "(eval '(eval '(+ 1 1) (current-module)) (current-module))",
            "2",
        ),
    ]);
}

#[test]
fn imports() {
    check(&[
        (
            "(use-modules ((srfi srfi-1) #:select ((fold . f) any) #:prefix p:)) (p:f + 0 '(1 2))",
            "3",
        ),
        (
            "(use-modules ((srfi srfi-1) :select (any) :renamer (symbol-prefix-proc 'x))) (procedure? xany)",
            "#t",
        ),
        (
            "(use-modules ((srfi srfi-1) #:renamer (lambda (s) (symbol-append 'q s)))) (qfold + 0 '(1 2))",
            "3",
        ),
        (
            "(import (only (srfi srfi-1) fold any) (prefix (srfi srfi-1) a-)) (list (fold + 0 '(1)) (a-fold + 0 '(2)))",
            "(1 2)",
        ),
        (
            "(import (rename (srfi srfi-1) (fold f) (any a))) (f + 0 '(1 2))",
            "3",
        ),
        ("(import (srfi :1)) (fold + 0 '(1 2))", "3"),
        (
            "(import (except (srfi srfi-1) fold)) (procedure? any)",
            "#t",
        ),
        ("(define fold 1) (use-modules (srfi srfi-1)) fold", "1"),
        ("(use-modules (srfi srfi-1)) (define (fold) 1) (fold)", "1"),
        ("((@ (srfi srfi-1) fold) + 0 '(1 2))", "3"),
        (
            "(let () (use-modules (srfi srfi-1)) (fold + 0 '(1 2)))",
            "3",
        ),
        (
            "(define-syntax-rule (m) (@ (srfi srfi-1) fold)) ((m) + 0 '(1 2))",
            "3",
        ),
        (
            "(cond-expand ((or foo (and guile (not r9))) 1 2) (else 3))",
            "2",
        ),
        (
            "(cond-expand (guile-3 (define x 1) (define y 2)) (else (define x 3))) (list x y)",
            "(1 2)",
        ),
        ("(eval-when (expand load eval) (define x 1)) x", "1"),
        (
            "(define-module (a b) #:export (x)) (define x 1) (define-module (c d) #:use-module (a b)) (+ x 1)",
            "2",
        ),
        (
            "(define-module (a b)) (define-public x 1) (define y 2) (define-module (c d)) (use-modules ((a b) #:prefix p:)) (list p:x (@@ (a b) y))",
            "(1 2)",
        ),
    ]);
}

#[test]
fn modules_as_values() {
    check(&[
        ("(list (defined? 'car) (defined? 'no-such-name))", "(#t #f)"),
        (
            "(define before (defined? 'x)) (define x 1) (list before (defined? 'x))",
            "(#f #t)",
        ),
        ("(define x 5) (module-ref (current-module) 'x)", "5"),
        (
            "((module-ref (resolve-module '(srfi srfi-1)) 'fold) + 0 '(1 2))",
            "3",
        ),
        (
            "(eval '(fold + 0 '(1 2)) (resolve-module '(srfi srfi-1)))",
            "3",
        ),
        ("(module-ref (current-module) 'nothing 7)", "7"),
        ("(module-define! (current-module) 'y (list 1 2)) y", "(1 2)"),
        (
            "(module-use! (current-module) (resolve-interface '(srfi srfi-1))) (fold + 0 '(1 2))",
            "3",
        ),
        ("(module? (current-module))", "#t"),
        ("(primitive-eval '(list 1 2))", "(1 2)"),
        ("(eval-string \"(define q 1) (+ q 1)\")", "2"),
        ("(add-to-load-path \"/tmp\") (car %load-path)", "\"/tmp\""),
    ]);
}

#[test]
fn clauses_are_bodies() {
    check(&[
        ("(when #t (define z 3) z)", "3"),
        ("(unless #f (define z 4) (+ z 1))", "5"),
        ("(cond (#f 1) (#t (define z 3) z))", "3"),
        ("(case 1 ((1) (define q 5) q))", "5"),
        ("(case 2 ((1) 1) (else (define q 6) q))", "6"),
        (
            "(cond ((values 1 2) (lambda (a b) (= a 1)) => list) (else 'no))",
            "(1 2)",
        ),
        ("(define f (case-lambda)) (procedure? f)", "#t"),
        ("(define-once o 1) (define-once o 2) o", "1"),
        (
            "(let ((l '(2 3))) (let ((r `(1 ,@l))) (list r (eq? (cdr r) l))))",
            "((1 2 3) #t)",
        ),
        (
            "(define (f) (set! later 5) later) (define later 1) (f)",
            "5",
        ),
        (
            "(let ((order '())) (define (note x) (set! order (cons x order)) x) ((begin (note 'op) list) (note 1) (note 2)) (reverse order))",
            "(op 1 2)",
        ),
    ]);
}
