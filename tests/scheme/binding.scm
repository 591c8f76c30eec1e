(let ((a 1) (b 2)) (list a b))
=> (1 2)

(let () 5)
=> 5

(let* ((a 1) (b (+ a 1)) (a 5)) (list a b))
=> (5 2)

(let ((x 'outer)) (let ((x 'inner) (y x)) (list x y)))
=> (inner outer)

(letrec ((even? (lambda (n) (or (= n 0) (odd? (- n 1))))) (odd? (lambda (n) (and (> n 0) (even? (- n 1)))))) (even? 1001))
=> #f

(letrec* ((a 1) (b (+ a 1))) (list a b))
=> (1 2)

(letrec ((a (lambda () b)) (b 2)) (a))
=> 2

(let loop ((i 0) (acc '())) (if (< i 3) (loop (+ i 1) (cons i acc)) acc))
=> (2 1 0)

(let loop () 5)
=> 5

(let* () 1)
=> 1

(define (f) (define a 1) (define (g) (* a 2)) (g))
(f)
=> 2

(define (f) (display "") (define a 1) (set! a 3) (define b (+ a 1)) (list a b))
(f)
=> (3 4)

(define (f) (define (e? n) (or (= n 0) (o? (- n 1)))) (define (o? n) (and (> n 0) (e? (- n 1)))) (e? 10))
(f)
=> #t

(define (f x) (if x (begin (define y 1) y) 2))
(f #t)
!> syntax-error: definition in expression context, where definitions are not allowed,

(let ((x 1)) (define x 2) x)
=> 2

(let ((x 1)) (begin (define y 2)) (+ x y))
=> 3

(define (f) (begin (define a 1) (define b 2)) (+ a b))
(f)
=> 3

(let ((if list)) (if 1 2 3))
=> (1 2 3)

(let ((define 1) (lambda 2)) (+ define lambda))
=> 3

(let ((else #f)) (cond (else 1) (#t 2)))
=> 2

(let ((quote -)) '5)
=> -5

(define else #t)
(cond (#f 1) (else 2))
=> 2

(let ((list (lambda x (apply + x)))) (list 1 2 3))
=> 6

((lambda (a b . c) (list a b c)) 1 2 3 4)
=> (1 2 (3 4))

((lambda args args))
=> ()

((lambda (a #!optional b) (list a b)) 1)
!> read-error: unterminated `#! ... !#' comment

(lambda (x x) x)
!> syntax-error: lambda: duplicate identifier in argument list

((lambda (x) (define x 2) x) 1)
=> 2

(do ((i 0 (+ i 1)) (s '() (cons i s))) ((= i 3) s))
=> (2 1 0)

(do ((i 0 (+ i 1)) (n 5)) ((= i 2) (list i n)))
=> (2 5)

(do ((v (make-vector 3)) (i 0 (+ i 1))) ((= i 3) v) (vector-set! v i i))
=> #(0 1 2)

(do ((i 0 (1+ i))) ((= i 3)))
=> #<unspecified>

(define x 5)
(let ((x (+ x 1))) x)
=> 6

(use-modules (srfi srfi-11))
(let-values (((a b) (values 1 2)) ((c . d) (values 3 4 5))) (list a b c d))
=> (1 2 3 (4 5))

(use-modules (srfi srfi-11))
(let*-values (((a b) (values 1 2)) ((c) (values (+ a b)))) (list a b c))
=> (1 2 3)

(use-modules (srfi srfi-11))
(let-values ((all (values 1 2)) (((x)) (values '(1)))) all)
!> syntax-error: let: bad let

(use-modules (srfi srfi-11))
(let ((a 'outer)) (let-values (((a) (values 1)) ((b) (values a))) (list a b)))
=> (1 outer)

(use-modules (srfi srfi-8))
(receive (a . rest) (values 1 2 3) (list a rest))
=> (1 (2 3))

(use-modules (ice-9 receive))
(receive (q r) (floor/ 7 2) (list q r))
=> (3 1)

(use-modules (ice-9 receive))
(receive all (values) all)
=> ()

(receive (a b) (values 1 2) a)
!> unbound-variable: Unbound variable: receive

(use-modules (srfi srfi-2))
(list (and-let* ((x (assq 'a '((a . 1)))) ((pair? x))) (cdr x)) (and-let* ((x #f)) 1) (and-let* () 5))
=> (1 #f 5)

(use-modules (srfi srfi-2))
(and-let* ((x 5) ((> x 3)) (y (* x 2))) y)
=> 10

(call-with-values (lambda () (values 1 2)) cons)
=> (1 . 2)

(call-with-values (lambda () 5) list)
=> (5)

(call-with-values values list)
=> ()

(define-values (x y) (values 1 2))
(+ x y)
=> 3

(define (f) (define-values (a b) (values 1 2)) (list a b))
(f)
=> (1 2)

(define-values (h . t) (apply values '(1 2 3)))
(list h t)
=> (1 (2 3))

(define-values (a b) (values 1))
!> wrong-number-of-args: Wrong number of arguments to #<procedure ADDRESS (a b)>

(use-modules (srfi srfi-11))
(let-values (((a b) (values 1 2 3))) a)
!> wrong-number-of-args: Wrong number of arguments to #<procedure ADDRESS (a b)>

(use-modules (srfi srfi-26))
(list (map (cut + 1 <>) '(1 2)) ((cut list <> 'x <>) 1 2) ((cut list 1 <...>) 2 3) ((cute + 1 <>) 5))
=> ((2 3) (1 x 2) (1 2 3) 6)

(use-modules (srfi srfi-26))
(list ((cut <> 1 2) +) ((cut + 1 2)) (map (cut * 2 <>) '(1 2)))
=> (3 3 (2 4))

(use-modules (srfi srfi-26))
(let ((n 0)) (define f (cute list (begin (set! n (+ n 1)) n) <>)) (f 'a) (f 'b))
=> (1 b)

(let ((x 1) (x 2)) x)
!> syntax-error: let: duplicate bound variable

(let ((x)) x)
!> syntax-error: let: bad let

(let (x) x)
!> syntax-error: let: bad let

(let ((x 1)))
!> syntax-error: let: bad let

(let x)
!> syntax-error: let: bad let

(letrec ((a b) (b 1)) a)
!> misc-error: In procedure variable-ref: Unbound variable: #<variable ADDRESS value: #<undefined>>

(let* ((x 1) (y)) x)
!> syntax-error: source expression failed to match any pattern

(define (f) (define a b) (define b 1) a)
(f)
!> misc-error: In procedure variable-ref: Unbound variable: #<variable ADDRESS value: #<undefined>>

(let loop ((i 0)) (cond ((= i 10) i) (else (loop (+ i 1)))))
=> 10

(let ((f #f)) (set! f (lambda (n) (if (= n 0) 'done (f (- n 1))))) (f 100))
=> done

(define (make) (let ((a 1) (b 2)) (lambda (sel) (case sel ((a) a) ((b) b)))))
(list ((make) 'a) ((make) 'b))
=> (1 2)

(define procs (map (lambda (i) (lambda () i)) '(1 2 3)))
(map (lambda (p) (p)) procs)
=> (1 2 3)

(let loop ((i 0) (fs '())) (if (< i 3) (loop (+ i 1) (cons (lambda () i) fs)) (map (lambda (f) (f)) fs)))
=> (2 1 0)

(fluid-let ((x 1)) x)
!> unbound-variable: Unbound variable: fluid-let

(define x 1)
(define (get) x)
(list (fluid-let ((x 2)) (get)) (get))
!> unbound-variable: Unbound variable: fluid-let

(let-syntax ((foo (syntax-rules () ((_ a) (list a a))))) (foo 1))
=> (1 1)

(letrec-syntax ((ev (syntax-rules () ((_) #t) ((_ x . r) (od . r)))) (od (syntax-rules () ((_) #f) ((_ x . r) (ev . r))))) (list (ev 1 2) (ev 1)))
=> (#t #f)

(let ((x 1)) (let-syntax ((get (syntax-rules () ((_) x)))) (let ((x 2)) (get))))
=> 1

(let ((a 1)) (define b (+ a 1)) (let ((a 10)) (list a b)))
=> (10 2)

((case-lambda ((a) (list 'one a)) ((a b) (list 'two a b)) ((a . rest) (list 'many a rest))) 1 2 3)
=> (many 1 (2 3))

(define f (case-lambda (() 0) ((x) 1) ((x y) 2)))
(list (f) (f 1) (f 1 2))
=> (0 1 2)

(define f (case-lambda ((x) 1) ((x y) 2)))
(f 1 2 3)
!> wrong-number-of-args: Wrong number of arguments to #<procedure ADDRESS (a b)>

((case-lambda (args args)) 1 2)
=> (1 2)

(let ((x 5)) (define-syntax double (syntax-rules () ((_ e) (* 2 e)))) (double x))
=> 10

(define (f #:key (a 1)) a)
(f)
!> syntax-error: source expression failed to match any pattern

(define-values () (values))
'ok
=> ok

(let () (define-values (a b) (values 1 2)) (define c 3) (list a b c))
=> (1 2 3)

(let* ((x 1) (f (lambda () x)) (x 2)) (list (f) x))
=> (1 2)

(let ((p (delay (+ 1 2)))) (force p))
=> 3

(begin)
=> #<unspecified>

(let () )
!> syntax-error: let: bad let

(lambda)
!> syntax-error: lambda: bad lambda

(list ((lambda () 1 2 3)) (begin 1 2))
=> (3 2)

(let ((1 2)) 3)
!> syntax-error: let: bad let

(let loop ((x 1) (x 2)) x)
!> syntax-error: let: duplicate bound variable

(define f (lambda (a b . rest) (length rest)))
(f 1)
!> wrong-number-of-args: Wrong number of arguments to #<procedure f (a b . rest)>
