(define* (f a #:optional b) (list a b))
(list (f 1) (f 1 2))
=> ((1 #f) (1 2))

(define* (f a #:optional (b 5) (c (* b 2))) (list a b c))
(list (f 1) (f 1 2) (f 1 2 3))
=> ((1 5 10) (1 2 4) (1 2 3))

(define* (f #:key a (b 2)) (list a b))
(list (f) (f #:a 1) (f #:b 5 #:a 6))
=> ((#f 2) (1 2) (6 5))

(define* (f x #:key (y x) (z (+ y 1))) (list x y z))
(list (f 1) (f 1 #:z 5) (f 1 #:y 10))
=> ((1 1 2) (1 1 5) (1 10 11))

(define* (f #:key ((#:name n) 'default)) n)
(list (f) (f #:name 'given))
!> syntax-error: lambda*: invalid keyword argument list

(define* (f #:key (a 1) #:allow-other-keys) a)
(f #:b 2 #:a 3)
=> 3

(define* (f #:optional a #:key b) (list a b))
(list (f) (f 1) (f 1 #:b 2) (f #:b 2))
=> ((#f #f) (1 #f) (1 2) (#f 2))

(define* (f a #:rest r) (list a r))
(list (f 1) (f 1 2 3))
=> ((1 ()) (1 (2 3)))

(define* (f a #:optional b . r) (list a b r))
(list (f 1) (f 1 2) (f 1 2 3 4))
=> ((1 #f ()) (1 2 ()) (1 2 (3 4)))

(define* (f #:key a #:rest r) (list a r))
(list (f #:a 1) (f))
=> ((1 (#:a 1)) (#f ()))

(define* (f #:key a) a)
(f #:b 1)
!> keyword-argument-error: In procedure eval: Unrecognized keyword

(define* (f #:key a) a)
(f 1)
!> keyword-argument-error: In procedure eval: Invalid keyword

(define* (f #:key a) a)
(f #:a)
!> keyword-argument-error: In procedure eval: Keyword argument has no value

(define* (f #:key a) a)
(f #:a 1 #:a 2)
=> 2

(define* (f x #:key a) (list x a))
(f #:a 1)
!> keyword-argument-error: In procedure eval: Invalid keyword

(define* (f x #:key a) (list x a))
(f)
!> wrong-number-of-args: In procedure eval: Wrong number of arguments

(define* (f x #:optional y) x)
(f 1 2 3)
!> wrong-number-of-args: In procedure eval: Wrong number of arguments

((lambda* (a #:optional (b 2)) (+ a b)) 1)
=> 3

((lambda* (#:key (host "h") (port 22)) (list host port)) #:port 2222)
=> ("h" 2222)

(define machine (lambda* (name #:key (port 22) (user "root")) (list name port user)))
(map (lambda (n) (machine n #:user "me")) '("a" "b"))
=> (("a" 22 "me") ("b" 22 "me"))

(define* (f #:optional (a (begin (set! calls (+ calls 1)) calls))) a)
(define calls 0)
(list (f) (f 10) (f) calls)
=> (1 10 2 2)

(define* (f #:key (a 'one)) a)
(apply f '(#:a two))
=> two

(define* (f . args) args)
(f 1 #:a 2)
=> (1 #:a 2)

(define* (f #:optional a) (if a 'given 'absent))
(list (f) (f #f) (f 1))
=> (absent absent given)

(define f (case-lambda* ((a #:optional b) (list a b)) ((a b c) (list a b c))))
(list (f 1) (f 1 2) (f 1 2 3))
=> ((1 #f) (1 2) (1 2 3))

(define* (make #:key (n 1) (m n)) (list n m))
(list (make) (make #:n 3) (make #:m 4))
=> ((1 1) (3 3) (1 4))

(list (f #:key 1))
!> unbound-variable: Unbound variable: f

(define (plain . args) args)
(plain #:a 1)
=> (#:a 1)

(use-modules (ice-9 optargs))
(define* (f #:optional (a 1)) a)
(f)
=> 1

(use-modules (ice-9 optargs))
(let-optional '(1 2) (a b (c 3)) (list a b c))
!> syntax-error: source expression failed to match any pattern

(use-modules (ice-9 optargs))
(let-keywords '(#:a 1) #f ((a 5) (b 6)) (list a b))
=> (1 6)

(define* (f a b #:optional c #:key d #:rest e) (list a b c d e))
(f 1 2 3 #:d 4)
=> (1 2 3 4 (#:d 4))

(define* (f #:key a b) (list a b))
(f #:a 1 2 #:b 3)
!> keyword-argument-error: In procedure eval: Invalid keyword

(define* (f (a 1)) a)
!> syntax-error: lambda*: invalid argument list

(define* (f #:optional (a)) a)
(f)
!> syntax-error: lambda*: invalid optional argument list

(lambda* (#:key a #:optional b) a)
!> syntax-error: lambda*: invalid keyword argument list

(define* (host name #:key (systems '("x86_64-linux")) (speed 1.0) #:allow-other-keys #:rest all) (list name systems speed all))
(host "h" #:speed 2.0 #:x 1)
=> ("h" ("x86_64-linux") 2.0 (#:speed 2.0 #:x 1))

(let ((f (lambda* (x #:optional (y x)) (list x y)))) (f 'a))
=> (a a)
