(define p (delay (+ 1 2)))
(list (promise? p) (force p) (force p))
=> (#t 3 3)

(force 5)
!> wrong-type-arg: In procedure force: Wrong type argument in position 1: 5

(define n 0)
(define p (delay (begin (set! n (+ n 1)) n)))
(list (force p) (force p) n)
=> (1 1 1)

(define p (make-promise (lambda () 5)))
(force p)
=> 5

(define p (delay (if (> count x) count (begin (set! count (+ count 1)) (force p)))))
(define x 5)
(define count 0)
(list (force p) (begin (set! x 10) (force p)))
=> (6 6)

(define s (let next ((n 1)) (cons n (delay (next (+ n 1))))))
(car (force (cdr (force (cdr s)))))
=> 3

(promise? 5)
=> #f

(force (delay (error "in promise")))
!> misc-error: in promise

(define n 0)
(define p (delay (begin (set! n (+ n 1)) (if (= n 1) (error "first")) n)))
(list (false-if-exception (force p)) (force p))
=> (#f 2)

(use-modules (srfi srfi-45))
(define (loop n) (if (= n 0) (delay 'end) (lazy (loop (- n 1)))))
(force (loop 10000))
=> end

(use-modules (srfi srfi-41))
(stream-car (stream-cdr (stream-cons 1 (stream-cons 2 stream-null))))
=> 2

(use-modules (scheme lazy))
(force (make-promise 5))
=> 5

(delay 1 2)
!> syntax-error: source expression failed to match any pattern

(call-with-values (lambda () (force (delay 1))) list)
=> (1)
