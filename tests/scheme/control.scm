(list (if #t 1 2) (if #f 1 2) (if 'a 1))
=> (1 2 1)

(list (if #f #f))
=> (#<unspecified>)

(list (and) (and 1) (and 1 2) (and 1 #f 2) (or) (or 1) (or #f 2) (or #f #f))
=> (#t 1 2 #f #f 1 2 #f)

(list (when #t 1 2) (unless #f 3 4))
=> (2 4)

(list (when #f 1) (unless #t 1))
=> (#<unspecified> #<unspecified>)

(cond ((assv 'b '((a 1) (b 2))) => cadr) (else 'no))
=> 2

(cond (#f 1) ('() 2))
=> 2

(list (cond (5)) (cond (#f 1)) (cond (else 1 2)))
=> (5 #<unspecified> 2)

(cond ((values 1 2) (lambda (a b) (= a 1)) => list) (else 'no))
=> (1 2)

(list (case 3 ((1 2) 'low) ((3 4) 'mid) (else 'high)) (case 'x ((x) 1) (else 2)) (case 9 ((1) 1)))
=> (mid 1 #<unspecified>)

(list (case 9 ((1) 1) (else => (lambda (x) (* x 2)))) (case 1 ((1) => 1+) (else 0)))
=> (18 2)

(list (case "a" (("a") 1) (else 2)) (case 1.5 ((1.5) 'yes) (else 'no)) (case #\a ((#\a) 'char) (else 'no)) (case '() ((()) 'nil) (else 'no)))
=> (2 yes char nil)

(case (* 2 3) ((2 3 5 7) 'prime) ((1 4 6 8 9) 'composite))
=> composite

(let ((x 0)) (while (< x 5) (set! x (+ x 1))) x)
=> 5

(let ((x 0)) (while #t (set! x (+ x 1)) (if (= x 3) (break))) x)
=> 3

(let ((x 0) (odds '())) (while (< x 6) (set! x (+ x 1)) (if (even? x) (continue)) (set! odds (cons x odds))) odds)
=> (5 3 1)

(list (while #f 1) (while #t (break)) (while #t (break 5)))
=> (#f #t 5)

(begin 1 2 3)
=> 3

(let loop ((i 0)) (if (= i 1000000) i (loop (+ i 1))))
=> 1000000

(define (count n) (cond ((= n 0) 'done) (else (count (- n 1)))))
(count 200000)
=> done

(define (ev? n) (if (= n 0) #t (od? (- n 1))))
(define (od? n) (if (= n 0) #f (ev? (- n 1))))
(ev? 100001)
=> #f

(define (deep n) (if (= n 0) 0 (+ 1 (deep (- n 1)))))
(deep 20000)
=> 20000

(define (f n) (and #t (or #f (when #t (unless #f (case 1 ((1) (cond (#t (begin (let () (if (= n 0) 'end (f (- n 1))))))))))))))
(f 100000)
=> end

(define (loop n) (apply (lambda (m) (if (= m 0) 'end (loop (- m 1)))) (list n)))
(loop 100000)
=> end

(list (call/cc (lambda (k) (+ 1 (k 42)))) (call-with-current-continuation (lambda (k) 5)))
=> (42 5)

(+ 1 (call/cc (lambda (k) (for-each (lambda (x) (if (negative? x) (k x))) '(1 -2 3)) 0)))
=> -1

(call-with-values (lambda () (call/cc (lambda (k) (k 1 2)))) list)
=> (1 2)

(let ((k #f) (n 0)) (call/cc (lambda (c) (set! k c))) (set! n (+ n 1)) (if (< n 3) (k 'again)) n)
=> 3

(let* ((r '()) (k #f)) (set! r (cons (call/cc (lambda (c) (set! k c) 0)) r)) (if (< (length r) 3) (k (length r))) r)
=> (2 1 0)

(define (generate lst) (define return #f) (define (gen) (call/cc (lambda (r) (set! return r) (for-each (lambda (x) (call/cc (lambda (next) (set! gen (lambda () (next #f))) (return x)))) lst) (return 'done)))) (lambda () (gen)))
(define g (generate '(1 2)))
(let* ((a (g)) ) a)
=> 1

(call-with-escape-continuation (lambda (k) (k 1) 2))
!> unbound-variable: Unbound variable: call-with-escape-continuation

(let/ec k (k 1))
!> unbound-variable: Unbound variable: let/ec

(use-modules (ice-9 control))
(list (let/ec k (+ 1 (k 5))) (let/ec k 7) (call/ec (lambda (k) (k 1))))
=> (5 7 1)

(use-modules (ice-9 control))
(define (find-first pred lst) (let/ec return (for-each (lambda (x) (if (pred x) (return x))) lst) #f))
(list (find-first even? '(1 2 3)) (find-first even? '(1 3)))
=> (2 #f)

(use-modules (ice-9 control))
(% (+ 1 (abort 5)) (lambda (k x) (list 'aborted x (k 10))))
=> (aborted 5 11)

(call-with-prompt 'tag (lambda () (+ 1 (abort-to-prompt 'tag 2))) (lambda (k v) (k (* v 10))))
=> 21

(call-with-prompt 'p (lambda () 5) (lambda (k) 'never))
=> 5

(let ((out '())) (dynamic-wind (lambda () (set! out (cons 'in out))) (lambda () (set! out (cons 'body out)) 'result) (lambda () (set! out (cons 'out out)))) (reverse out))
=> (in body out)

(let ((out '())) (call/cc (lambda (k) (dynamic-wind (lambda () (set! out (cons 'in out))) (lambda () (k 1)) (lambda () (set! out (cons 'out out)))))) (reverse out))
=> (in out)

(let ((out '())) (catch 'x (lambda () (dynamic-wind (lambda () #f) (lambda () (throw 'x)) (lambda () (set! out (cons 'cleanup out))))) (lambda args (set! out (cons 'caught out)))) (reverse out))
=> (cleanup caught)

(let ((path '()) (c #f)) (let ((add (lambda (s) (set! path (cons s path))))) (dynamic-wind (lambda () (add 'connect)) (lambda () (add (call/cc (lambda (c0) (set! c c0) 'talk1)))) (lambda () (add 'disconnect))) (if (< (length path) 4) (c 'talk2) (reverse path))))
=> (connect talk1 disconnect connect talk2 disconnect)

(let ((out '())) (dynamic-wind (lambda () (set! out (cons 1 out))) (lambda () (dynamic-wind (lambda () (set! out (cons 2 out))) (lambda () (set! out (cons 3 out))) (lambda () (set! out (cons 4 out))))) (lambda () (set! out (cons 5 out)))) (reverse out))
=> (1 2 3 4 5)

(call-with-values (lambda () (dynamic-wind (const #f) (lambda () (values 1 2)) (const #f))) list)
=> (1 2)

(values 1 2)
=> 1

(+ 1 (values 2 3))
=> 3

(list (values 1 2) 3)
=> (1 3)

(begin (values 1 2) 3)
=> 3

(call-with-values (lambda () (values)) list)
=> ()

(let ((x (values 1 2))) x)
=> 1

(define x (values 1 2))
x
=> 1

(list ((const 5) 1 2) ((negate even?) 1) ((compose 1+ abs) -5) (identity 'x))
=> (5 #t 6 x)

(list (map (compose car cdr) '((1 2))) ((compose) 1))
!> wrong-number-of-args: Wrong number of arguments to #<procedure compose (proc . rest)>

(list (and=> 5 1+) (and=> #f 1+))
=> (6 #f)

(let ((order '())) (define (note x) (set! order (cons x order)) x) (list (note 1) (note 2) (note 3)) (reverse order))
=> (1 2 3)

(let ((order '())) (define (note x) (set! order (cons x order)) x) ((begin (note 'op) list) (note 1) (note 2)) (reverse order))
=> (op 1 2)

(let ((order '())) (define (note x) (set! order (cons x order)) x) (let ((a (note 1)) (b (note 2))) (reverse order)))
=> (1 2)

(let ((order '())) (define (note x) (set! order (cons x order)) x) (string-append (note "a") (note "b")) (reverse order))
=> ("a" "b")

(let ((order '())) (map (lambda (x) (set! order (cons x order))) '(1 2 3)) (reverse order))
=> (1 2 3)

(let ((order '())) (define (note x) (set! order (cons x order)) x) `(,(note 1) ,(note 2)) (reverse order))
=> (1 2)

("a" 1)
!> wrong-type-arg: Wrong type to apply: "a"

(5)
!> wrong-type-arg: Wrong type to apply: 5

((lambda (x) x))
!> wrong-number-of-args: Wrong number of arguments to #<procedure ADDRESS (a)>

((lambda (x) x) 1 2)
!> wrong-number-of-args: Wrong number of arguments to #<procedure ADDRESS (a)>

(define (f a b) a)
(f 1)
!> wrong-number-of-args: Wrong number of arguments to #<procedure f (a b)>

(car)
!> wrong-number-of-args: Wrong number of arguments to #<procedure car (_)>

(car '(1) '(2))
!> wrong-number-of-args: Wrong number of arguments to #<procedure car (_)>

('a 1)
!> wrong-type-arg: Wrong type to apply: a

(undefined-procedure 1 2)
!> unbound-variable: Unbound variable: undefined-procedure

(undefined-procedure (car '()))
!> unbound-variable: Unbound variable: undefined-procedure

((car (list car)) '(1))
=> 1

(if)
!> syntax-error: source expression failed to match any pattern

(if 1)
!> syntax-error: source expression failed to match any pattern

(if 1 2 3 4)
!> syntax-error: source expression failed to match any pattern

(cond)
!> syntax-error: source expression failed to match any pattern

(cond ())
!> syntax-error: cond: invalid clause

(case)
!> syntax-error: source expression failed to match any pattern

(case 1 (1 2))
!> syntax-error: case: invalid clause

(else 1)
!> syntax-error: else: bad use of 'else' syntactic keyword

(=> 1)
!> syntax-error: =>: bad use of '=>' syntactic keyword

(cond (else))
!> syntax-error: cond: invalid clause

(let ((f (lambda args (length args)))) (apply f (iota 1000)))
=> 1000

(force (delay (+ 1 1)))
=> 2

(let ((n 0)) (define p (delay (begin (set! n (+ n 1)) n))) (force p) (force p) n)
=> 1

(let loop ((i 0) (j 10)) (if (< i j) (loop (+ i 1) (- j 1)) (list i j)))
=> (5 5)

(let ((a 1)) (cond ((= a 1) => (lambda (x) (list x))) (else 2)))
=> (#t)

(list (procedure-name car) (procedure? car))
=> (car #t)

(define (my-proc x) x)
(list my-proc (procedure-name my-proc))
=> (#<procedure my-proc (a)> my-proc)

(use-modules (ice-9 threads))
(list (exact-integer? (current-processor-count)) (>= (total-processor-count) 1))
=> (#t #t)

(eq? (if #f #f) *unspecified*)
=> #t

(cond-expand (guile 'guile) (else 'other))
=> guile

(cond-expand ((and guile (not foo)) 1) (else 2))
=> 1

(cond-expand ((library (srfi srfi-1)) 'has) (else 'no))
!> syntax-error: source expression failed to match any pattern

(cond-expand (foo 1) ((or bar srfi-1) 2) (else 3))
=> 3

(cond-expand (guile-2 'g2) (guile-3 'g3) (else 'other))
=> g2

(cond-expand (foo 1))
!> syntax-error: cond-expand: unfulfilled cond-expand

(eval '(+ 1 2) (current-module))
=> 3

(define x 5)
(eval '(* x 2) (current-module))
=> 10

(eval '(define y 7) (current-module))
y
=> 7

(eval '(begin (define a 1) (+ a 1)) (interaction-environment))
=> 2

(eval (list '+ 1 (list 'quote 2)) (current-module))
=> 3

(eval '(let ((x 1)) (define y 2) (list x y)) (current-module))
=> (1 2)

(eval 'undefined-thing (current-module))
!> unbound-variable: Unbound variable: undefined-thing

(eval-string "(+ 1 2)")
=> 3

(use-modules (ice-9 eval-string))
(eval-string "(define q 1) (+ q 1)")
=> 2

(primitive-eval '(list 1 2))
=> (1 2)

((eval '(lambda (x) (* x x)) (current-module)) 5)
=> 25

(map (lambda (f) (f 4)) (list sqrt 1+ (lambda (x) (* x x))))
=> (2 5 16)

(exit)
!> quit: 

(exit 2)
!> quit: 2

(exit #f)
!> quit: #f

(quit 3)
!> quit: 3

(primitive-exit 5)
!> exit: 5

(let loop ((n 100000) (acc '())) (if (= n 0) (length acc) (loop (- n 1) (cons n acc))))
=> 100000

(define k2 #f)
(define n 0)
(list 1 (call/cc (lambda (k) (set! k2 k) 2)))
=> (1 2)

(let ((v (call/cc (lambda (k) k)))) (if (procedure? v) (v 5) v))
=> 5

(call/cc procedure?)
=> #t

(let ((x (call/cc (lambda (k) (dynamic-wind (lambda () #f) (lambda () (k 'escaped)) (lambda () #f)))))) x)
=> escaped

(define (tree-walk tree) (call/cc (lambda (return) (let walk ((t tree)) (cond ((null? t) #f) ((pair? t) (walk (car t)) (walk (cdr t))) ((negative? t) (return t)))) 'none)))
(list (tree-walk '(1 (2 -3) 4)) (tree-walk '(1 2)))
=> (-3 none)
