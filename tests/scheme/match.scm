(use-modules (ice-9 match))
(match '(1 2 3) ((a b c) (+ a b c)))
=> 6

(use-modules (ice-9 match))
(list (match 5 (5 'five) (_ 'other)) (match "s" ("s" 'str)) (match 'a ('b 1) ('a 2)) (match #\a (#\a 'char)) (match #t (#t 'true)))
=> (five str 2 char true)

(use-modules (ice-9 match))
(match '(1 . 2) ((a . b) (list b a)))
=> (2 1)

(use-modules (ice-9 match))
(match '(1 2 3 4) ((a b . rest) (list a b rest)))
=> (1 2 (3 4))

(use-modules (ice-9 match))
(match '((a 1) (b 2)) (((k v) ...) (list k v)))
=> ((a b) (1 2))

(use-modules (ice-9 match))
(match '(1 2 3) ((x ...) x))
=> (1 2 3)

(use-modules (ice-9 match))
(match '() ((x ...) (list 'empty x)))
=> (empty ())

(use-modules (ice-9 match))
(match '(1 2 3 4) ((a ... z) (list a z)))
=> ((1 2 3) 4)

(use-modules (ice-9 match))
(match '(1 2 3 4 5) ((a b ... y z) (list a b y z)))
=> (1 (2 3) 4 5)

(use-modules (ice-9 match))
(match '(((1 2) (3)) ((4))) ((((x ...) ...) ...) x))
=> (((1 2) (3)) ((4)))

(use-modules (ice-9 match))
(list (match 5 ((? number?) 'num)) (match "a" ((? string? s) (string-append s "!"))) (match 7 ((? number? (? odd? n)) n)))
=> (num "a!" 7)

(use-modules (ice-9 match))
(list (match 5 ((and x (? odd?)) x)) (match 5 ((or 1 5) 'one-or-five)) (match 5 ((not 6) 'not-six)) (match '(1 2) ((and (a b) l) (list a b l))))
=> (5 one-or-five not-six (1 2 (1 2)))

(use-modules (ice-9 match))
(match '(a 1) ((or ('a x) ('b x)) x))
=> 1

(use-modules (ice-9 match))
(list (match 4 ((= sqrt r) r)) (match '(1 2) ((= car x) x)))
=> (2 1)

(use-modules (ice-9 match))
(match #(1 2 3) (#(a b c) (list c b a)))
=> (3 2 1)

(use-modules (ice-9 match))
(match #(1 2 3) (#(a ...) a))
=> (1 2 3)

(use-modules (ice-9 match))
(match '(add 1 2) (('add a b) (+ a b)) (('sub a b) (- a b)))
=> 3

(use-modules (ice-9 match))
(match '(sub 5 2) (`(add ,a ,b) (+ a b)) (`(sub ,a ,b) (- a b)))
=> 3

(use-modules (ice-9 match))
(match '(1 (2 3)) (`(,a (,b ,@c)) (list a b c)))
!> syntax-error: source expression failed to match any pattern

(use-modules (ice-9 match))
(match '(1 2) ((a a) 'same) ((a b) 'different))
=> different

(use-modules (ice-9 match))
(match '(1 1) ((a a) 'same) (_ 'different))
=> same

(use-modules (ice-9 match))
(match 5 (n (=> fail) (if (odd? n) (fail) 'even)) (_ 'odd))
=> odd

(use-modules (ice-9 match))
(match 5 ((? even?) 'even))
!> match-error: "match" "no matching pattern" 5

(use-modules (ice-9 match))
(match '(1 2) ((a) a))
!> match-error: "match" "no matching pattern" (1 2)

(use-modules (ice-9 match))
(map (match-lambda ((a b) (+ a b)) (x x)) '((1 2) 5))
=> (3 5)

(use-modules (ice-9 match))
((match-lambda* ((a b) (list 'two a b)) ((a . r) (list 'more a r))) 1 2 3)
=> (more 1 (2 3))

(use-modules (ice-9 match))
(match-let (((a b) '(1 2)) ((c) '(3))) (list a b c))
=> (1 2 3)

(use-modules (ice-9 match))
(match-let* (((a b) '(1 2)) (c (+ a b))) c)
=> 3

(use-modules (ice-9 match))
(match-let loop (((a . b) '(1 2 3)) (acc 0)) (if (null? b) (+ acc a) (loop b (+ acc a))))
=> 6

(use-modules (ice-9 match))
(match-letrec ((f (lambda (n) (if (= n 0) 1 (* n (f (- n 1))))))) (f 5))
=> 120

(use-modules (ice-9 match))
(list (match '() (() 'nil)) (match #f (#f 'false)) (match '(()) ((()) 'nested)))
=> (nil false nested)

(use-modules (ice-9 match))
(match '(1 2 3 4 5 6) ((a b ___) (list a b)))
=> (1 (2 3 4 5 6))

(use-modules (ice-9 match))
(list (match '(1 2) ((a ..1) a)) (match '() ((a ..1) a) (_ 'none)))
=> ((1 2) none)

(use-modules (ice-9 match))
(match '(1 2 3) ((_ x _) x))
=> 2

(use-modules (ice-9 match))
(match '(("a" . 1) ("b" . 2)) ((("a" . x) . rest) (list x rest)))
=> (1 (("b" . 2)))

(use-modules (ice-9 match))
(match '(key #:opt 5) (('key #:opt x) x))
=> 5

(use-modules (ice-9 match))
(define (ev e) (match e ((? number? n) n) (('+ a b) (+ (ev a) (ev b))) (('* a b) (* (ev a) (ev b)))))
(ev '(+ 1 (* 2 3)))
=> 7

(use-modules (ice-9 match))
(let ((x 5)) (match 5 (,x 'same) (_ 'other)))
=> other

(use-modules (ice-9 match))
(match (list 1 2) ((a (? (lambda (x) (> x 1)) b)) (list a b)))
=> (1 2)

(use-modules (ice-9 match))
(let ((l (list 1 2))) (match l ((a (set! put!)) (put! 9))) l)
=> (1 9)

(use-modules (ice-9 match))
(let ((l (list 1 2))) (match l ((a (get! g)) (g))))
=> 2

(use-modules (ice-9 match) (srfi srfi-9))
(define-record-type point (make-point x y) point? (x point-x) (y point-y))
(match (make-point 1 2) (($ point x y) (list x y)))
=> (1 2)

(use-modules (ice-9 match))
(match "abc" ((? (lambda (s) (string-prefix? "a" s)) s) (string-length s)))
=> 3

(use-modules (ice-9 match))
(match '(("m1" "x86_64-linux" 4) ("m2" "aarch64-linux" 8)) (((name system slots) ...) (map list name slots)))
=> (("m1" 4) ("m2" 8))

(use-modules (ice-9 match))
(match '(1 (a b) (c d)) ((n (k v) ...) (list n k v)))
=> (1 (a c) (b d))

(use-modules (ice-9 match) (srfi srfi-1))
(append-map (match-lambda ((name . ports) (map (lambda (p) (list name p)) ports))) '(("a" 1 2) ("b" 3)))
=> (("a" 1) ("a" 2) ("b" 3))

(use-modules (ice-9 match))
(match 'x ((or 'a 'b) 1) ((and s (? symbol?)) (symbol->string s)))
=> "x"

(use-modules (ice-9 match))
(match '(1 2 3) ((and all (first . rest)) (list all first rest)))
=> ((1 2 3) 1 (2 3))

(use-modules (ice-9 match))
(match '(a b c) ((x y) 1) ((x y z w) 2) (_ 'default))
=> default

(use-modules (ice-9 match))
(match (values 1) (1 'one))
=> one

(use-modules (ice-9 match))
(match 1 (x (define y 2) (+ x y)))
=> 3

(use-modules (ice-9 match))
(match)
!> syntax-error: source expression failed to match any pattern

(use-modules (ice-9 match))
(match '(1 2))
!> syntax-error: source expression failed to match any pattern

(use-modules (ice-9 match))
(match '(1) ((x) 'a 'b))
=> b

(match '(1) ((x) x))
!> unbound-variable: Unbound variable: match

(use-modules (ice-9 match))
(match '(a . (b . c)) ((x y . z) (list x y z)))
=> (a b c)

(use-modules (ice-9 match))
(match '((1 . 2) (3 . 4)) (((a . b) ...) (list a b)))
=> ((1 3) (2 4))

(use-modules (ice-9 match))
(match '(begin 1 2 end) (('begin x ... 'end) x))
=> (1 2)

(use-modules (ice-9 match))
(match 5 ((and (? number?) (not (? even?)) n) n))
=> 5

(use-modules (ice-9 match))
(match '(1 "two" three) (((? number? n) (? string? s) (? symbol? y)) (list n s y)))
=> (1 "two" three)

(use-modules (ice-9 match))
(match '(host (port 22) (user "u")) ((name . (= length options)) (list name options)))
=> (host 2)

(use-modules (ice-9 match))
(list (match '(a . 5) ((x . (? number? y)) y)) (match '(a . b) ((x . 'b) x)) (match '(a . b) ((x . `b) x)) (match '(a . b) ((x . (or 'c 'b)) x)))
=> (5 a a a)

(use-modules (ice-9 match))
(list (match '(a = 5) ((x = y) (list x y))) (match '(a . 5) ((x and y) (list x y))) (match '(a and 5) ((x and y) (list x y))))
=> ((a 5) (a 5) (a (and 5)))
