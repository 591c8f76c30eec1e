use crate::machines::Diagnostic;
use crate::machines::evaluate::value;

/// Expressions with the value that Guile 3.0.11 gives them.
const VALUES: &[(&str, &str)] = &[
    // Continuations.
    ("(call/cc (lambda (k) (+ 1 (k 5))))", "5"),
    ("(+ 1 (call/cc (lambda (k) 5)))", "6"),
    ("(call/cc procedure?)", "#t"),
    ("(call-with-values (lambda () (values 1 2)) list)", "(1 2)"),
    ("(call-with-values (lambda () 1) list)", "(1)"),
    ("(call-with-values values list)", "()"),
    (
        "(call-with-values (lambda () (call/cc (lambda (k) (k 1 2)))) list)",
        "(1 2)",
    ),
    ("(apply call/cc (list (lambda (k) (apply k '(3)))))", "3"),
    (
        "(let ((n 0) (k #f)) (call/cc (lambda (c) (set! k c))) (set! n (+ n 1)) (if (< n 3) (k #f) n))",
        "3",
    ),
    (
        "(define k #f) (define n 0) (define r '()) (define (f) (set! r (cons (call/cc (lambda (c) (set! k c) 0)) r))) (f) (set! n (+ n 1)) r",
        "(0)",
    ),
    // One of several values.
    ("(list (values 1 2) 3)", "(1 3)"),
    ("(define x (values 1 2)) x", "1"),
    ("(let ((x (values 1 2))) x)", "1"),
    ("(values 1 2)", "1"),
    ("(define (f) (values 1 2)) (+ 1 (f))", "2"),
    (
        "(define (f) (values 1 2)) (call-with-values (lambda () (if #t (f) 1)) list)",
        "(1 2)",
    ),
    (
        "(catch #t (lambda () (list (values))) list)",
        "(misc-error #f \"Zero values returned to single-valued continuation\" () #f)",
    ),
    // A generator: in and out of a walk.
    (
        "(define (generate l) (define return #f) (define (next) (for-each (lambda (x) (call/cc (lambda (resume) (set! next (lambda () (resume #f))) (return x)))) l) (return 'end)) (lambda () (call/cc (lambda (r) (set! return r) (next))))) (define g (generate '(1 2 3))) (let* ((a (g)) (b (g)) (c (g)) (d (g))) (list a b c d))",
        "(1 2 3 end)",
    ),
    (
        "(let ((r '()) (k #f)) (let ((l (map (lambda (x) (call/cc (lambda (c) (if (= x 2) (set! k c)) x))) '(1 2 3)))) (if k (let ((again k)) (set! k #f) (set! r l) (again 20)) (list r l))))",
        "((1 2 3) (1 20 3))",
    ),
    // dynamic-wind.
    (
        "(define r '()) (define (note x) (set! r (cons x r))) (note (dynamic-wind (lambda () (note 'in)) (lambda () (note 'body) 'value) (lambda () (note 'out)))) (reverse r)",
        "(in body out value)",
    ),
    (
        "(define r '()) (define (note x) (set! r (cons x r))) (call/cc (lambda (k) (dynamic-wind (lambda () (note 'in1)) (lambda () (dynamic-wind (lambda () (note 'in2)) (lambda () (k #f)) (lambda () (note 'out2)))) (lambda () (note 'out1))))) (reverse r)",
        "(in1 in2 out2 out1)",
    ),
    (
        "(define r '()) (define (note x) (set! r (cons x r))) (let ((k #f) (n 0)) (dynamic-wind (lambda () (note 'in)) (lambda () (call/cc (lambda (c) (set! k c))) (note 'body)) (lambda () (note 'out))) (set! n (+ n 1)) (if (< n 3) (k #f)) (reverse r))",
        "(in body out in body out in body out)",
    ),
    (
        "(define r '()) (define (note x) (set! r (cons x r))) (catch #t (lambda () (dynamic-wind (lambda () (note 'in)) (lambda () (car 5)) (lambda () (note 'out)))) (lambda (key . rest) (note key))) (reverse r)",
        "(in out wrong-type-arg)",
    ),
    (
        "(define r '()) (define (note x) (set! r (cons x r))) (with-exception-handler (lambda (e) (note 'handler) 1) (lambda () (dynamic-wind (lambda () (note 'in)) (lambda () (note (raise-exception 'x #:continuable? #t))) (lambda () (note 'out))))) (reverse r)",
        "(in handler 1 out)",
    ),
    (
        "(call-with-values (lambda () (dynamic-wind (lambda () 1) (lambda () (values 1 2)) (lambda () 3))) list)",
        "(1 2)",
    ),
    // catch and throw.
    (
        "(catch 'foo (lambda () (throw 'foo 1 2)) list)",
        "(foo 1 2)",
    ),
    ("(catch #t (lambda () (throw 'foo 1 2)) list)", "(foo 1 2)"),
    ("(catch 'foo (lambda () 5) list)", "5"),
    (
        "(catch 'foo (lambda () (catch 'bar (lambda () (throw 'foo 1)) (lambda a 'inner))) (lambda a (cons 'outer a)))",
        "(outer foo 1)",
    ),
    (
        "(catch 'foo (lambda () (catch 'foo (lambda () (throw 'foo 1)) (lambda (k . a) (apply throw k 'again a)))) list)",
        "(foo again 1)",
    ),
    (
        "(catch #t (lambda () (catch #t (lambda () (car 1)) (lambda a (string-length 2)))) (lambda (k subr . rest) subr))",
        "\"string-length\"",
    ),
    (
        "(define r '()) (list (catch 'foo (lambda () (throw 'foo 1)) (lambda a (set! r (cons 'handler r)) 'done) (lambda a (set! r (cons 'before r)))) r)",
        "(done (handler before))",
    ),
    (
        "(define r '()) (catch #t (lambda () (with-throw-handler 'foo (lambda () (throw 'foo 1)) (lambda a (set! r (cons a r))))) (lambda a (set! r (cons 'caught r)))) r",
        "(caught (foo 1))",
    ),
    (
        "(let loop ((i 0) (n 0)) (if (= i 1000) n (loop (+ i 1) (+ n (catch 'x (lambda () (throw 'x i)) (lambda (k i) 1))))))",
        "1000",
    ),
    // with-exception-handler.
    (
        "(with-exception-handler (lambda (e) 10) (lambda () (+ 1 (raise-exception 5 #:continuable? #t))))",
        "11",
    ),
    (
        "(catch #t (lambda () (with-exception-handler (lambda (e) 10) (lambda () (+ 1 (throw 'foo 1))))) list)",
        "(%exception #<&non-continuable>)",
    ),
    (
        "(catch #t (lambda () (with-exception-handler (lambda (e) 10) (lambda () (+ 1 (raise-exception 5))))) list)",
        "(%exception #<&non-continuable>)",
    ),
    (
        "(with-exception-handler (lambda (e) (list 'got e)) (lambda () (+ 1 (raise-exception 5))) #:unwind? #t)",
        "(got 5)",
    ),
    (
        "(with-exception-handler (lambda (e) (list (exception-kind e) (exception-args e))) (lambda () (+ 1 (error \"foo\" 'a \"b\"))) #:unwind? #t)",
        "(misc-error (#f \"~A ~S ~S\" (\"foo\" a \"b\") #f))",
    ),
    (
        "(with-exception-handler (lambda (e) (exception-args e)) (lambda () (throw 'foo 1 2)) #:unwind? #t #:unwind-for-type 'foo)",
        "(1 2)",
    ),
    (
        "(catch #t (lambda () (with-exception-handler (lambda (e) 'no) (lambda () (throw 'foo 1 2)) #:unwind? #t #:unwind-for-type 'bar)) list)",
        "(foo 1 2)",
    ),
    (
        "(with-exception-handler (lambda (e) (+ e 1)) (lambda () (with-exception-handler (lambda (e) (raise-exception (* e 2) #:continuable? #t)) (lambda () (list 'a (raise-exception 5 #:continuable? #t))))))",
        "(a 11)",
    ),
    (
        "(catch #t (lambda () (with-exception-handler (lambda (e) (throw 'inner e)) (lambda () (throw 'first 1)))) (lambda (k e) (list k (exception-kind e))))",
        "(inner first)",
    ),
    (
        "(call/cc (lambda (k) (with-exception-handler (lambda (e) (k (list 'escaped (exception-kind e)))) (lambda () (+ 1 (car 5))))))",
        "(escaped wrong-type-arg)",
    ),
    (
        "(catch #t (lambda () (with-exception-handler (lambda (e) (raise-exception e)) (lambda () (throw 'foo 1)))) list)",
        "(foo 1)",
    ),
    (
        "(with-exception-handler (lambda (e) 1) (lambda () (catch 'other (lambda () (+ 1 (raise-exception 5 #:continuable? #t))) (lambda a 'no))))",
        "2",
    ),
    (
        "(catch #t (lambda () (with-exception-handler 5 (lambda () 5))) list)",
        "(wrong-type-arg \"with-exception-handler\" \"Wrong type argument in position ~a: ~a\" (1 5) (5))",
    ),
    // Shapes of the usual errors.
    (
        "(catch #t (lambda () (error 'foo \"bar\" 1)) list)",
        "(misc-error #f \"~A ~S ~S\" (foo \"bar\" 1) #f)",
    ),
    (
        "(catch #t (lambda () (scm-error 'k \"subr\" \"msg ~a\" '(1) #f)) list)",
        "(k \"subr\" \"msg ~a\" (1) #f)",
    ),
    ("(catch #t (lambda () (exit 3)) list)", "(quit 3)"),
    (
        "(catch #t (lambda () (error)) list)",
        "(misc-error #f \"?\" #f #f)",
    ),
    (
        "(catch #t (lambda () (throw \"a\")) list)",
        "(wrong-type-arg \"throw\" \"Wrong type argument in position ~a: ~a\" (1 \"a\") (\"a\"))",
    ),
    (
        "(catch #t (lambda () (nothing-of-the-kind)) (lambda (k . r) k))",
        "unbound-variable",
    ),
    (
        "(define (f x) x) (catch #t (lambda () (f)) (lambda (k . r) k))",
        "wrong-number-of-args",
    ),
    (
        "(catch #t (lambda () (\"a\" 1)) (lambda (k . r) k))",
        "wrong-type-arg",
    ),
    (
        "(catch 'system-error (lambda () (open-input-file \"/nonexistent\")) (lambda (k . r) k))",
        "system-error",
    ),
    // Exceptions as objects.
    (
        "(with-exception-handler (lambda (e) e) (lambda () (throw 'foo 'a \"b\")) #:unwind? #t)",
        "#<&compound-exception components: (#<&error> #<&irritants irritants: (a \"b\")> #<&exception-with-kind-and-args kind: foo args: (a \"b\")>)>",
    ),
    (
        "(with-exception-handler (lambda (e) e) (lambda () (exit 3)) #:unwind? #t)",
        "#<&compound-exception components: (#<&quit-exception code: 3> #<&irritants irritants: (3)> #<&exception-with-kind-and-args kind: quit args: (3)>)>",
    ),
    ("(make-exception)", "#<&compound-exception components: ()>"),
    ("(exception? 5)", "#f"),
    // Parameters, fluids, promises.
    (
        "(let ((p (make-parameter 1 1+))) (let* ((a (p)) (b (p 7)) (c (p))) (list a b c)))",
        "(2 2 8)",
    ),
    (
        "(let ((p (make-parameter 1))) (list (p) (parameter? p) (parameter? car)))",
        "(1 #t #f)",
    ),
    (
        "(define f (make-fluid 1)) (list (fluid-ref f) (with-fluid* f 2 (lambda () (fluid-ref f))) (begin (fluid-set! f 3) (fluid-ref f)) (catch #t (lambda () (with-fluid* f 9 (lambda () (throw 'x)))) (lambda a (fluid-ref f))))",
        "(1 2 3 3)",
    ),
    (
        "(define n 0) (define p (make-promise (lambda () (set! n (+ n 1)) n))) (list (promise? p) (force p) (force p) n)",
        "(#t 1 1 1)",
    ),
    (
        "(call-with-prompt 'tag (lambda () (+ 1 (abort-to-prompt 'tag 2))) (lambda (k v) (list (k (* v 10)) (k 1))))",
        "(21 2)",
    ),
    (
        "(use-modules (ice-9 control)) (list (reset (+ 1 (shift k (k (k 5))))) (reset (cons 1 (shift k (list (k 2) (k 3))))) (let/ec k (+ 1 (k 5))) (% (+ 1 (abort 5)) (lambda (k x) (list x (k 1)))))",
        "(7 ((1 . 2) (1 . 3)) 5 (5 2))",
    ),
    // guard.
    (
        "(use-modules (srfi srfi-34)) (guard (e ((symbol? e) (list 'sym e))) (raise 'a))",
        "(sym a)",
    ),
    (
        "(use-modules (srfi srfi-34)) (guard (e ((assq 'a e) => cdr) ((assq 'b e))) (raise (list (cons 'b 23))))",
        "(b . 23)",
    ),
    (
        "(use-modules (srfi srfi-34)) (guard (e ((eq? e 'x) 'outer)) (guard (e ((eq? e 'y) 'inner)) (raise 'x)))",
        "outer",
    ),
    (
        "(use-modules (srfi srfi-34)) (define r '()) (define (note x) (set! r (cons x r))) (guard (e (#t (note 'caught))) (dynamic-wind (lambda () (note 'in)) (lambda () (raise 'x)) (lambda () (note 'out)))) (reverse r)",
        "(in out caught)",
    ),
    (
        "(use-modules (srfi srfi-34)) (with-exception-handler (lambda (e) (list 'outer e)) (lambda () (guard (e (#f 1)) (list (raise-exception 'x #:continuable? #t)))))",
        "((outer x))",
    ),
    (
        "(use-modules (srfi srfi-34)) (guard (e (else (list 'again e))) (guard (e ((symbol? e) (raise (list e)))) (raise 'x)))",
        "(again (x))",
    ),
    (
        "(call-with-prompt 'tag (lambda () (+ 1 (abort-to-prompt 'tag 5 6))) (lambda (k a b) (list a b)))",
        "(5 6)",
    ),
    (
        "(use-modules (rnrs hashtables)) (let ((h (make-eq-hashtable)) (s (make-hashtable string-hash string=?))) (hashtable-set! h 'a 1) (hashtable-set! s \"k\" 2) (hashtable-update! h 'b 1+ 5) (list (hashtable-ref h 'a 0) (hashtable-ref h 'c 0) (hashtable-size h) (hashtable-ref s (string #\\k) #f) (hashtable-ref h 'b 0)))",
        "(1 0 2 2 6)",
    ),
    (
        "(use-modules (rnrs base) (rnrs exceptions) (rnrs conditions)) (guard (e ((error? e) (list (condition-message e) (condition-who e) (condition-irritants e)))) (error 'who \"msg\" 1 2))",
        "(\"msg\" who (1 2))",
    ),
    (
        "(use-modules (rnrs base) (rnrs exceptions) (rnrs conditions)) (guard (e ((assertion-violation? e) (condition-message e))) (assert (= 1 2)))",
        "\"assertion failed: (= 1 2)\"",
    ),
    (
        "(use-modules (scheme base)) (guard (e (#t (list (error-object? e) (error-object-message e) (error-object-irritants e)))) (error \"foo\" 1 2))",
        "(#t \"foo\" (1 2))",
    ),
    (
        "(use-modules (guix utils) (guix platform)) (list (%current-target-system) (parameterize ((%current-system \"a\")) (%current-system)) (nix-system->gnu-triplet \"armhf-linux\") (platform-system->target \"aarch64-linux\") (false-if-platform-not-found (lookup-platform-by-system \"foo\")) (target-64bit? \"i686-linux\") (version>? \"1.10\" \"1.9\") (string? (%current-system)))",
        "(#f \"a\" \"arm-unknown-linux-gnueabihf\" \"aarch64-linux-gnu\" #f #f #t #t)",
    ),
    // Records.
    (
        "(define t (make-record-type 'point '(x y))) (define make (record-constructor t)) (define x (record-accessor t 'x)) (define p (make 1 \"a\")) ((record-modifier t 'x) p 5) (list p (x p) ((record-predicate t) p) ((record-predicate t) 5) t)",
        "(#<point x: 5 y: \"a\"> 5 #t #f #<record-type point>)",
    ),
];

#[test]
fn control_is_as_in_guile() {
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

/// Texts with the error that they give.
const ERRORS: &[(&str, &str)] = &[
    (
        "(error \"bad thing:\" 1 \"two\")",
        "text:1:0: error: bad thing: 1 \"two\"",
    ),
    (
        "(list\n (throw 'key 1 \"a\"))",
        "text:2:1: error: exception (key 1 \"a\")",
    ),
    (
        "(define (f)\n  (car 5))\n(with-exception-handler\n  (lambda (e) (raise-exception e)) f)",
        "text:2:2: error: car",
    ),
    (
        "(catch 'other (lambda ()\n  (throw 'this 1)) list)",
        "text:2:2: error: exception (this 1)",
    ),
    (
        "(scm-error 'misc-error \"proc\" \"wrong ~A and ~S\" '(1 \"a\") #f)",
        "text:1:0: error: proc: wrong 1 and \"a\"",
    ),
    (
        "(catch #t (lambda ()\n (primitive-exit 1)) list)",
        "text:2:1: error: the file calls `primitive-exit`",
    ),
    (
        "(define (f a b) a)\n(list (f 1))",
        "text:2:6: error: wrong number of arguments to f: 1 instead of 2",
    ),
    (
        "(list (\"a\" 1))",
        "text:1:7: error: this is called, but its value is no procedure: \"a\"",
    ),
    (
        "(use-modules (srfi srfi-34) (srfi srfi-1))\n(guard (e ((any symbol? '(1)) 1))\n (map car 5))",
        "text:3:1: error: map",
    ),
    (
        "(use-modules (srfi srfi-34) (srfi srfi-35))\n(list\n (raise (condition (&message (message \"no key\")))))",
        "text:3:1: error: no key",
    ),
    (
        "(list (match '(1) ((x) x)))",
        "text:1:7: error: unbound variable `match` (`match` is in (ice-9 match): (use-modules (ice-9 match)))",
    ),
    (
        "(list\n (nothing-of-the-kind (car 5)))",
        "text:2:2: error: unbound variable `nothing-of-the-kind`",
    ),
    (
        "(abort-to-prompt 'foo)",
        "text:1:0: error: abort-to-prompt: Abort to unknown prompt",
    ),
];

#[test]
fn uncaught_exceptions_are_found_where_they_were_thrown() {
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
fn control_may_be_nested_deep() {
    for (text, expected) in [
        (
            "(define (f n) (if (= n 0) 0 (+ 1 (dynamic-wind (lambda () #f) (lambda () (f (- n 1))) (lambda () #f))))) (f 20000)",
            "20000",
        ),
        (
            "(define (f n) (if (= n 0) (throw 'end) (+ 1 (catch 'other (lambda () (f (- n 1))) list)))) (catch 'end (lambda () (f 2000)) list)",
            "(end)",
        ),
        (
            "(let loop ((i 0)) (if (= i 30000) (catch 'x (lambda () (throw 'x i)) list) (begin (catch 'x (lambda () (throw 'x i)) list) (loop (+ i 1)))))",
            "(x 30000)",
        ),
        (
            "(define p (make-parameter 0)) (define (f) (if (= (p) 2000) (p) (parameterize ((p (+ (p) 1))) (f)))) (f)",
            "2000",
        ),
        (
            "(define (f n k) (if (= n 0) (k 'out) (+ 1 (dynamic-wind (lambda () #f) (lambda () (f (- n 1) k)) (lambda () #f))))) (call/cc (lambda (k) (f 20000 k)))",
            "out",
        ),
    ] {
        assert_eq!(
            value(text).map_err(|errors| errors[0].message.clone()),
            Ok(expected.into()),
            "{text}"
        );
    }
}
