//! Procedural macros, with the values that Guile 3.0.11 gives.

use super::syntax_tests::check;

#[test]
fn syntax_case() {
    check(&[
        (
            "(define-syntax foo (lambda (x) (syntax-case x () ((_ a b) #'(list b a))))) (foo 1 2)",
            "(2 1)",
        ),
        (
            "(define-syntax my-or (lambda (x) (syntax-case x () ((_) #'#f) ((_ e) #'e) ((_ e r ...) #'(let ((t e)) (if t t (my-or r ...))))))) (let ((t 5)) (my-or #f t))",
            "5",
        ),
        (
            "(define-syntax f (lambda (x) (syntax-case x () ((_ n) (identifier? #'n) #''name) ((_ n) #''other)))) (list (f a) (f 1))",
            "(name other)",
        ),
        (
            "(define-syntax f (lambda (x) (syntax-case x () ((_ n) (number? (syntax->datum #'n)) #'(+ n 1))))) (f 2)",
            "3",
        ),
        (
            "(define-syntax my-if (lambda (x) (syntax-case x () ((k body) (with-syntax ((it (datum->syntax #'k 'it))) #'(let ((it 5)) body)))))) (my-if (+ it 1))",
            "6",
        ),
        (
            "(define-syntax swap! (lambda (x) (syntax-case x () ((_ a b) (with-syntax (((tmp) (generate-temporaries '(1)))) #'(let ((tmp a)) (set! a b) (set! b tmp))))))) (let ((x 1) (y 2)) (swap! x y) (list x y))",
            "(2 1)",
        ),
        (
            "(define-syntax f (lambda (x) (syntax-case x () ((_ a ...) #`(list #,(length #'(a ...)) #,@(reverse #'(a ...))))))) (f 1 2 3)",
            "(3 3 2 1)",
        ),
        (
            "(define-syntax five (lambda (x) (syntax-case x () (id (identifier? #'id) #'5)))) (+ five 1)",
            "6",
        ),
        (
            "(define-syntax c (lambda (x) (syntax-case x (else) ((_ else) #''e) ((_ a) #''o)))) (list (c else) (c 1))",
            "(e o)",
        ),
        (
            "(define-syntax def (lambda (x) (syntax-case x () ((_ name) (let ((s (symbol-append 'get- (syntax->datum #'name)))) (with-syntax ((getter (datum->syntax #'name s))) #'(define (getter) 'name))))))) (def foo) (get-foo)",
            "foo",
        ),
        (
            "(define (helper l) (map (lambda (x) (list 'quote x)) l)) (define-syntax q (lambda (x) (syntax-case x () ((_ a ...) (datum->syntax x (cons 'list (helper (syntax->datum #'(a ...))))))))) (q a b)",
            "(a b)",
        ),
        (
            "(define-syntax m (lambda (x) (syntax-case x () ((_ (a b) ...) #'(list (cons a b) ...))))) (m (1 2) (3 4))",
            "((1 . 2) (3 . 4))",
        ),
        (
            "(define (f) (define-syntax m (lambda (x) (syntax-case x () ((_ a) #'(list a a))))) (m 1)) (f)",
            "(1 1)",
        ),
        (
            "(define-syntax-parameter it (lambda (x) #''none)) (define-syntax-rule (with v e) (syntax-parameterize ((it (identifier-syntax v))) e)) (with 3 (+ it 1))",
            "4",
        ),
        (
            "(define-syntax while2 (lambda (x) (syntax-case x () ((k c b ...) (with-syntax ((brk (datum->syntax #'k 'brk))) #'(call/cc (lambda (brk) (let lp () (when c b ... (lp)))))))))) (let ((i 0)) (while2 #t (set! i (+ i 1)) (if (= i 4) (brk i))))",
            "4",
        ),
    ]);
}

#[test]
fn define_macro() {
    check(&[
        (
            "(define-macro (twice x) `(begin ,x ,x)) (define n 0) (twice (set! n (+ n 1))) n",
            "2",
        ),
        (
            "(define-macro (my-list . xs) (cons 'list xs)) (my-list 1 2)",
            "(1 2)",
        ),
        (
            "(define-macro my-const (lambda (x) (* x 2))) (my-const 4)",
            "8",
        ),
        (
            "(define (double x) (list '+ x x)) (define-macro (d x) (double x)) (d 4)",
            "8",
        ),
        (
            "(define-macro (def name v) `(define ,name ,v)) (def a 3) a",
            "3",
        ),
        (
            "(define (f x) (define-macro (inc y) `(+ ,y 1)) (inc x)) (f 1)",
            "2",
        ),
        ("(defmacro m (a . b) `(list ,a ',b)) (m 1 x y)", "(1 (x y))"),
    ]);
}
