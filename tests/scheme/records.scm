(use-modules (srfi srfi-9))
(define-record-type point (make-point x y) point? (x point-x set-point-x!) (y point-y))
(define p (make-point 1 2))
(set-point-x! p 10)
(list (point? p) (point? 5) (point-x p) (point-y p))
=> (#t #f 10 2)

(use-modules (srfi srfi-9))
(define-record-type <point> (make-point x y) point? (x point-x) (y point-y))
(make-point 1 "two")
=> #<<point> x: 1 y: "two">

(use-modules (srfi srfi-9))
(define-record-type point (make-point x) point? (x point-x) (y point-y set-y!))
(define p (make-point 1))
(list (point-y p) (begin (set-y! p 5) (point-y p)))
=> (#f 5)

(use-modules (srfi srfi-9))
(define-record-type <a> (make-a x) a? (x a-x))
(define-record-type <b> (make-b x) b? (x b-x))
(list (a? (make-b 1)) (b? (make-b 1)))
=> (#f #t)

(use-modules (srfi srfi-9))
(define-record-type <a> (make-a x) a? (x a-x))
(a-x 5)
!> wrong-type-arg: In procedure struct-vtable: Wrong type argument in position 1 (expecting struct): 5

(use-modules (srfi srfi-9))
(define-record-type <a> (make-a x) a? (x a-x))
(define-record-type <b> (make-b x) b? (x b-x))
(a-x (make-b 1))
!> wrong-type-arg: In procedure a-x: Wrong type argument: #<<b> x: 1>

(use-modules (srfi srfi-9))
(define-record-type <a> (make-a x) a? (x a-x))
(make-a)
!> syntax-error: make-a: Wrong number of arguments

(use-modules (srfi srfi-9))
(define-record-type <a> (make-a x) a? (x a-x))
(list (equal? (make-a 1) (make-a 1)) (equal? (make-a 1) (make-a 2)) (eq? (make-a 1) (make-a 1)))
=> (#t #f #f)

(use-modules (srfi srfi-9))
(define-record-type <h> (make-h name slots) h? (name h-name) (slots h-slots))
(map (lambda (h) (list (h-name h) (h-slots h))) (list (make-h "a" 1) (make-h "b" 2)))
=> (("a" 1) ("b" 2))

(use-modules (srfi srfi-9))
(define-record-type <a> #f a? (x a-x))
(list a?)
!> syntax-error: define-record-type: invalid constructor spec

(use-modules (srfi srfi-9))
(define-record-type <a> make-a a? (x a-x) (y a-y))
(a-y (make-a 1 2))
!> syntax-error: define-record-type: invalid constructor spec

(use-modules (srfi srfi-9))
(define-record-type <a> (make-a x z) a? (x a-x))
!> syntax-error: define-record-type: unknown field in constructor spec

(define-record-type <a> (make-a x) a? (x a-x))
!> unbound-variable: Unbound variable: define-record-type

(use-modules (srfi srfi-9))
<undefined-type>
!> unbound-variable: Unbound variable: <undefined-type>

(use-modules (srfi srfi-9))
(let () (define-record-type <a> (make-a x) a? (x a-x)) (a-x (make-a 7)))
=> 7

(use-modules (srfi srfi-9))
(define-record-type <a> (make-a x) a? (x a-x))
(list (make-a '(1 "s" #\c)))
=> (#<<a> x: (1 "s" #\c)>)

(use-modules (srfi srfi-9) (srfi srfi-9 gnu))
(define-immutable-record-type <a> (make-a x y) a? (x a-x set-a-x) (y a-y))
(let* ((a (make-a 1 2)) (b (set-a-x a 5))) (list (a-x a) (a-x b) (a-y b)))
=> (1 5 2)

(use-modules (srfi srfi-9) (srfi srfi-9 gnu))
(define-record-type <a> (make-a x) a? (x a-x))
(set-record-type-printer! <a> (lambda (r port) (display "#<A!>" port)))
(make-a 1)
=> #<A!>

(define rt (make-record-type 'thing '(a b)))
(define make (record-constructor rt))
(define t (make 1 2))
(list ((record-predicate rt) t) ((record-accessor rt 'b) t) (begin ((record-modifier rt 'a) t 9) ((record-accessor rt 'a) t)))
=> (#t 2 9)

(use-modules (srfi srfi-9))
(define-record-type <a> (make-a x) a? (x a-x))
(record-type-name (record-type-descriptor (make-a 1)))
=> <a>

(use-modules (srfi srfi-9))
(define-record-type <cell> (cell v) cell? (v get put!))
(let* ((c (cell 1)) (d c)) (put! c 2) (get d))
=> 2

(use-modules (rnrs records syntactic))
(define-record-type point (fields x (mutable y)))
(let ((p (make-point 1 2))) (point-y-set! p 5) (list (point-x p) (point-y p) (point? p)))
=> (1 5 #t)

(use-modules (ice-9 match) (srfi srfi-9))
(define-record-type <n> (n v) n? (v n-v))
(match (n 5) (($ <n> v) v))
=> 5

(use-modules (scheme base))
(define-record-type <a> (make-a x) a? (x a-x))
(a-x (make-a 3))
=> 3
