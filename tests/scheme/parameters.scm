(define p (make-parameter 1))
(list (p) (parameterize ((p 2)) (p)) (p))
=> (1 2 1)

(define p (make-parameter 5 (lambda (x) (* x 2))))
(list (p) (parameterize ((p 3)) (p)))
=> (10 6)

(define p (make-parameter 1))
(define (get) (p))
(list (parameterize ((p 2)) (get)) (get))
=> (2 1)

(define p (make-parameter 1))
(p 5)
(p)
=> 5

(define p (make-parameter 1))
(define q (make-parameter 2))
(parameterize ((p (q)) (q (p))) (list (p) (q)))
=> (2 1)

(define p (make-parameter 1))
(parameterize ((p 2)) (parameterize ((p 3)) (p)))
=> 3

(define p (make-parameter 1))
(catch 'x (lambda () (parameterize ((p 2)) (throw 'x))) (lambda args (p)))
=> 1

(define p (make-parameter 1))
(call/cc (lambda (k) (parameterize ((p 2)) (k (p)))))
=> 2

(parameterize ((5 1)) 2)
!> wrong-type-arg: In procedure parameterize: Not a parameter: 5

(list (parameter? (make-parameter 1)) (parameter? car))
=> (#t #f)

(define f (make-fluid 1))
(list (fluid-ref f) (with-fluids ((f 2)) (fluid-ref f)) (fluid-ref f))
=> (1 2 1)

(define f (make-fluid))
(fluid-set! f 5)
(fluid-ref f)
=> 5

(define f (make-fluid 1))
(with-fluid* f 9 (lambda () (fluid-ref f)))
=> 9

(define f (make-unbound-fluid))
(fluid-ref f)
!> misc-error: In procedure fluid-ref: unbound fluid: #<fluid ADDRESS>

(parameterize () 5)
=> 5

(parameterize ((current-output-port (open-output-string))) (display "x") 'quiet)
=> quiet

(define p (make-parameter 1))
(parameterize ((p 2)) (define x (p)) (+ x 1))
=> 3

(define x 1)
(define (show) x)
(let ((old x)) (dynamic-wind (lambda () (set! x 2)) (lambda () (show)) (lambda () (set! x old))))
=> 2

(list (fluid? (make-fluid)) (fluid? 5))
=> (#t #f)

(define p (make-parameter '()))
(define (walk n) (if (= n 0) (p) (parameterize ((p (cons n (p)))) (walk (- n 1)))))
(walk 3)
=> (1 2 3)
