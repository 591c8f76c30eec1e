(define x 1)
(set! x 2)
x
=> 2

(define x 1)
(define (f) x)
(set! x 5)
(f)
=> 5

(set! undefined-name 1)
!> unbound-variable: Unbound variable: undefined-name

(define x 1)
(define x 2)
x
=> 2

(define (f) 1)
(define (f) 2)
(f)
=> 2

(define (g) (f))
(define (f) 7)
(g)
=> 7

(define (counter) (let ((n 0)) (lambda () (set! n (+ n 1)) n)))
(define a (counter))
(define b (counter))
(a) (a)
(list (a) (b))
=> (3 1)

(let ((x 1)) (set! x (+ x 1)) x)
=> 2

(let ((x 1)) (let ((f (lambda () x))) (set! x 2) (f)))
=> 2

(define (f x) (set! x (* x 2)) x)
(f 4)
=> 8

(define lst '())
(for-each (lambda (x) (set! lst (cons x lst))) '(1 2 3))
lst
=> (3 2 1)

(let ((x 1) (y 2)) (let ((t x)) (set! x y) (set! y t)) (list x y))
=> (2 1)

(list (let ((x 1)) (set! x 2)))
=> (#<unspecified>)

(define x 1)
(list (set! x 3))
=> (#<unspecified>)

(define (car x) 'mine)
(car '(1))
=> mine

(define (list . args) (cons 'l args))
(list 1 2)
=> (l 1 2)

(define old+ +)
(define (+ . args) (apply old+ 100 args))
(+ 1 2)
=> 103

(define name "n")
(define system "s")
(list name system)
=> ("n" "s")

(set! car cdr)
(car '(1 2))
=> (2)

(set! car cdr)
(cadr '(1 2 3))
=> 2

(define map 5)
(+ map 1)
=> 6

(let ((list vector)) (list 1 2))
=> #(1 2)

(let ((+ *)) (+ 3 4))
=> 12

(define if-value (if #f #f))
(list if-value)
=> (#<unspecified>)

(define define-me 1)
(define (redefine!) (set! define-me 2))
(redefine!)
define-me
=> 2

(let loop ((i 0)) (if (< i 3) (begin (set! i (+ i 1)) (loop i)) i))
=> 3

(define-values (a b . c) (values 1 2 3 4))
(list a b c)
=> (1 2 (3 4))

(define-values (a b) (values 1 2))
(set! a b)
(list a b)
=> (2 2)

(define-values all (list 1 2))
all
=> ((1 2))

(define x)
x
=> #<unspecified>

(define)
!> syntax-error: source expression failed to match any pattern

(define 5 6)
!> syntax-error: source expression failed to match any pattern

(set! x)
!> syntax-error: set!: bad set!

(set! 5 6)
!> syntax-error: set!: bad set!

(define x 1 2)
!> syntax-error: source expression failed to match any pattern

(begin (define a 1) (define b (+ a 1)))
(list a b)
=> (1 2)

(if #t (define z 1))
z
!> syntax-error: definition in expression context, where definitions are not allowed,

(let () (define x 1) (set! x 2) (define y x) (list x y))
=> (2 2)

(define (f) (define x 1) x)
(f)
=> 1

(define ((adder n) x) (+ n x))
((adder 1) 2)
!> syntax-error: source expression failed to match any pattern

(define-public pub 5)
pub
=> 5

(define-once o 1)
(define-once o 2)
o
=> 1

(define x 10)
(define (show) (let ((x 20)) (get-x)))
(define (get-x) x)
(show)
=> 10

(define v (vector 1 2))
(set! (vector-ref v 0) 9)
v
!> wrong-type-arg: In procedure setter: Wrong type argument in position 1: #<procedure vector-ref (_ _)>

(define pair (cons 1 2))
(define (get) pair)
(set-car! (get) 'x)
pair
=> (x . 2)
