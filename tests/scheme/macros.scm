(define-syntax swap! (syntax-rules () ((_ a b) (let ((tmp a)) (set! a b) (set! b tmp)))))
(define tmp 1)
(define other 2)
(swap! tmp other)
(list tmp other)
=> (2 1)

(define-syntax my-or (syntax-rules () ((_) #f) ((_ e) e) ((_ e r ...) (let ((t e)) (if t t (my-or r ...))))))
(let ((t 5)) (my-or #f t))
=> 5

(define-syntax my-let (syntax-rules () ((_ ((n v) ...) body ...) ((lambda (n ...) body ...) v ...))))
(my-let ((a 1) (b 2)) (+ a b))
=> 3

(define-syntax my-let* (syntax-rules () ((_ () body ...) (let () body ...)) ((_ ((n v) rest ...) body ...) (let ((n v)) (my-let* (rest ...) body ...)))))
(my-let* ((a 1) (b (+ a 1))) (list a b))
=> (1 2)

(define-syntax-rule (inc! x) (set! x (+ x 1)))
(define n 1)
(inc! n)
n
=> 2

(define-syntax-rule (my-if c t e) (cond (c t) (else e)))
(let ((else #f)) (my-if #f 1 2))
=> 2

(define-syntax for (syntax-rules (in) ((_ x in lst body ...) (map (lambda (x) body ...) lst))))
(for y in '(1 2 3) (* y y))
=> (1 4 9)

(define-syntax for (syntax-rules (in) ((_ x in lst body ...) (map (lambda (x) body ...) lst))))
(for y of '(1 2 3) y)
!> syntax-error: source expression failed to match any pattern

(define-syntax flat (syntax-rules () ((_ (a b ...) ...) '(a ... (b ...) ...))))
(flat (1 2 3) (4) (5 6))
=> (1 4 5 (2 3) () (6))

(define-syntax nested (syntax-rules () ((_ ((a b ...) ...) ...) '((a ... ...) ((b ... ...) ...)))))
(nested ((1 2 3) (4 5)) ((6)))
=> ((1 4 6) ((2 3 5) ()))

(define-syntax cross (syntax-rules () ((_ (a ...) b) '((a b) ...))))
(cross (1 2) x)
=> ((1 x) (2 x))

(define-syntax tail (syntax-rules () ((_ a ... z) '(z a ...))))
(tail 1 2 3)
=> (3 1 2)

(define-syntax tail2 (syntax-rules () ((_ (a ... y z)) '(y z (a ...)))))
(list (tail2 (1 2 3 4)) (tail2 (1 2)))
=> ((3 4 (1 2)) (1 2 ()))

(define-syntax dotted (syntax-rules () ((_ a . b) '(a b))))
(list (dotted 1 2 3) (dotted 1) (dotted 1 . 2))
=> ((1 (2 3)) (1 ()) (1 2))

(define-syntax dot-tail (syntax-rules () ((_ a ... . r) '((a ...) r))))
(dot-tail 1 2 . 3)
=> ((1 2) 3)

(define-syntax vec (syntax-rules () ((_ #(a b ...)) '(a (b ...)))))
(vec #(1 2 3))
=> (1 (2 3))

(define-syntax mkvec (syntax-rules () ((_ a ...) #(a ... end))))
(mkvec 1 2)
=> #(1 2 end)

(define-syntax lit (syntax-rules () ((_ 1) 'one) ((_ "s") 'string) ((_ #t) 'true) ((_ x) 'other)))
(list (lit 1) (lit "s") (lit #t) (lit 5))
=> (one string true other)

(define-syntax under (syntax-rules () ((_ _ x) 'x)))
(under ignored kept)
=> kept

(define-syntax esc (syntax-rules () ((_ a) '(a (... ...)))))
(esc 1)
=> (1 ...)

(define-syntax be-like-begin (syntax-rules () ((_ name) (define-syntax name (syntax-rules () ((_ e (... ...)) (begin e (... ...))))))))
(be-like-begin seq)
(seq 1 2 3)
=> 3

(define-syntax my-ell (syntax-rules ::: () ((_ a :::) (list a ::: '...))))
(my-ell 1 2)
=> (1 2 ...)

(define-syntax def-getter (syntax-rules () ((_ name val) (define (name) val))))
(def-getter five 5)
(five)
=> 5

(define-syntax def2 (syntax-rules () ((_ a b v) (begin (define a v) (define b v)))))
(def2 x y 7)
(list x y)
=> (7 7)

(define-syntax hidden (syntax-rules () ((_ v) (begin (define secret v) secret))))
(list (let () (hidden 5)))
=> (5)

(define-syntax hidden (syntax-rules () ((_ get v) (begin (define secret v) (define (get) secret)))))
(hidden g1 1)
(hidden g2 2)
(list (g1) (g2))
=> (1 2)

(define x 'global)
(define-syntax get-x (syntax-rules () ((_) x)))
(let ((x 'local)) (get-x))
=> global

(define-syntax kw (syntax-rules () ((_ f v) (f #:key v))))
(define* (g #:key key) key)
(kw g 3)
=> 3

(define-syntax my-cond (syntax-rules (else) ((_ (else e)) e) ((_ (c e) r ...) (if c e (my-cond r ...)))))
(my-cond (#f 1) (else 2))
=> 2

(define-syntax count-args (syntax-rules () ((_) 0) ((_ x . r) (+ 1 (count-args . r)))))
(count-args a b c)
=> 3

(define-syntax while2 (syntax-rules () ((_ c b ...) (let lp () (when c b ... (lp))))))
(let ((i 0)) (while2 (< i 3) (set! i (+ i 1))) i)
=> 3

(let loop ((i 0)) (define-syntax next (syntax-rules () ((_) (loop (+ i 1))))) (if (< i 5) (next) i))
=> 5

(define-syntax aif (lambda (stx) (syntax-case stx () ((_ c t e) (with-syntax ((it (datum->syntax stx 'it))) #'(let ((it c)) (if it t e)))))))
(aif (assq 'a '((a . 1))) (cdr it) 'no)
=> 1

(define-syntax plus1 (lambda (x) (syntax-case x () ((_ e) #'(+ e 1)))))
(plus1 5)
=> 6

(define-syntax swap2 (lambda (x) (syntax-case x () ((_ a b) #'(let ((t a)) (set! a b) (set! b t))))))
(let ((p 1) (q 2)) (swap2 p q) (list p q))
=> (2 1)

(define-syntax id-check (lambda (x) (syntax-case x () ((_ n) (identifier? #'n) #''identifier) ((_ n) #''other))))
(list (id-check a) (id-check 5))
=> (identifier other)

(define-syntax const-time (lambda (x) (syntax-case x () ((_) (datum->syntax x (+ 1 2))))))
(const-time)
=> 3

(define-syntax five (identifier-syntax 5))
(+ five 1)
=> 6

(define-syntax foo (lambda (x) (syntax-case x () ((_ a b ...) #`(list #,(length #'(b ...)) a)))))
(foo 1 2 3)
=> (2 1)

(define-macro (my-unless c . body) `(if ,c #f (begin ,@body)))
(my-unless #f 1 2)
=> 2

(define-macro (twice e) (list 'begin e e))
(define n 0)
(twice (set! n (+ n 1)))
n
=> 2

(define-macro (capture e) `(let ((it 5)) ,e))
(capture (* it 2))
=> 10

(define-macro my-inc (lambda (x) `(+ ,x 1)))
(my-inc 4)
=> 5

(define-macro (with-gensym e) (let ((g (gensym))) `(let ((,g ,e)) (* ,g ,g))))
(with-gensym 4)
=> 16

(defmacro old (a b) `(list ,b ,a))
(old 1 2)
=> (2 1)

(define-syntax loop-until (syntax-rules () ((_ (v init step) test res) (let lp ((v init)) (if test res (lp step))))))
(loop-until (i 0 (+ i 1)) (= i 4) (list i))
=> (4)

(define-syntax m (syntax-rules () ((_ a) 'one) ((_ a b) 'two)))
(m 1 2 3)
!> syntax-error: source expression failed to match any pattern

(define-syntax m (syntax-rules () ((_ (a b)) 'pair)))
(m 5)
!> syntax-error: source expression failed to match any pattern

(define-syntax bad (syntax-rules () ((_ a) (a ...))))
(bad 1)
!> syntax-error: syntax: extra ellipsis

(define-syntax m 5)
=> #<unspecified>

(swap! 1 2)
(define-syntax swap! (syntax-rules () ((_ a b) (list b a))))
!> unbound-variable: Unbound variable: swap!

(define-syntax m (syntax-rules () ((_) 1)))
(list m)
!> syntax-error: source expression failed to match any pattern

(define-syntax m (syntax-rules () ((_) 1)))
(set! m 5)
!> syntax-error: set!: not a variable transformer

(define-syntax m (syntax-rules () ((_) 1)))
(define m 5)
m
=> 5

(define (f) (m 1))
(define-syntax m (syntax-rules () ((_ x) (* x 2))))
(f)
!> wrong-type-arg: Wrong type to apply: #<syntax-transformer m>

(define-syntax my-list-of (syntax-rules () ((_ e for x in l) (map (lambda (x) e) l)) ((_ e for x in l if p) (map (lambda (x) e) (filter (lambda (x) p) l)))))
(my-list-of (* x x) for x in '(1 2 3 4) if (even? x))
=> (4 16)

(define-syntax my-begin (syntax-rules () ((_ e ...) ((lambda () e ...)))))
(my-begin 1 2)
=> 2

(define-syntax opt (syntax-rules () ((_ a (b c ...) ... d) '(a (b ...) ((c ...) ...) d))))
(opt 1 (2 3) (4) 5)
=> (1 (2 4) ((3) ()) 5)

(define-syntax quoted (syntax-rules () ((_ x) '(x "x" #\x y))))
(quoted 1)
=> (1 "x" #\x y)

(define-syntax quasi (syntax-rules () ((_ x) `(x ,x ,@(list x)))))
(let ((v 1)) (quasi v))
=> (v 1 1)

(define-syntax ten (syntax-rules () ((_) 10)))
(define-syntax twenty (syntax-rules () ((_) (* 2 (ten)))))
(twenty)
=> 20

(let-syntax ((a (syntax-rules () ((_) 1)))) (let-syntax ((b (syntax-rules () ((_) (a))))) (b)))
=> 1

(let ((if list)) (define-syntax m (syntax-rules () ((_ a b c) (if a b c)))) (m 1 2 3))
=> (1 2 3)

(define-syntax m (syntax-rules () ((_ a b c) (if a b c))))
(let ((if list)) (m #t 2 3))
=> 2

(define-syntax machine-names (syntax-rules () ((_ (n opt ...) ...) (list (string-append n ".local") ...))))
(machine-names ("a" 1) ("b" 2 3))
=> ("a.local" "b.local")

(define-syntax parameterized (syntax-rules () ((_ p v e) (parameterize ((p v)) e))))
(define p (make-parameter 1))
(parameterized p 2 (p))
=> 2

(define-syntax-parameter it (lambda (x) (syntax-violation 'it "out of context" x)))
=> #<unspecified>

(use-modules (srfi srfi-39))
(define p (make-parameter 0))
(parameterize ((p 1)) (p))
=> 1

(syntax-rules () ((_) 1))
=> #<procedure ADDRESS (a)>

(define-syntax rev (syntax-rules () ((_ () acc) 'acc) ((_ (x . r) (a ...)) (rev r (x a ...)))))
(rev (1 2 3) ())
=> (3 2 1)

(define-syntax let-it (syntax-rules () ((_ name e body) (let ((name e)) body))))
(let-it it 5 (+ it 1))
=> 6

(define-syntax gen (syntax-rules () ((_ (name arg ...) ...) (list (cons 'name (lambda (arg ...) (list arg ...))) ...))))
(map car (gen (f a b) (g c)))
=> (f g)

(define-syntax nil! (syntax-rules () ((_ x ...) (begin (set! x '()) ...))))
(define a 1)
(define b 2)
(nil! a b)
(list a b)
=> (() ())

(define-syntax my-let-values (syntax-rules () ((_ (((v ...) e)) body) (call-with-values (lambda () e) (lambda (v ...) body)))))
(my-let-values (((a b) (values 1 2))) (+ a b))
=> 3

(define-syntax str (syntax-rules () ((_ s ...) (string-append s ...))))
(str "a" "b")
=> "ab"

(define-syntax nest (syntax-rules () ((_ (a (b ...)) ...) '((a b ...) ...))))
(nest (1 (2 3)) (4 ()))
=> ((1 2 3) (4))

(define-syntax ck (syntax-rules () ((_ a ... b c) '((a ...) b c))))
(list (ck 1 2) (ck 1 2 3))
=> ((() 1 2) ((1) 2 3))

(define-syntax m (syntax-rules () ((_ (u n ...) ...) '(((u n) ...) ...))))
(m (a 1 2) (b 3 4))
=> (((a 1) (b 2)) ((a 3) (b 4)))

(define-syntax m (syntax-rules () ((_ u (n ...) ...) '(((u n) ...) ...))))
(m a (1 2) (3 4 5))
=> (((a 1) (a 2)) ((a 3) (a 4) (a 5)))

(define-syntax m (syntax-rules () ((_ (u n ...) ...) '((u (u n) ...) ...))))
(m (a 1 2) (b 3 4))
=> ((a (a 1) (b 2)) (b (a 3) (b 4)))

(define-syntax m (syntax-rules () ((_ (u n ...) ...) '((u n) ... ...))))
(m (a 1 2) (b 3 4))
=> ((a 1) (b 2) (a 3) (b 4))

(define-syntax m (syntax-rules () ((_ (u (n x ...) ...) ...) '(u ... (n x ... ...) ... (x ... ...) ...))))
(m (a (1 2 3) (4 5)) (b (6)))
!> syntax-error: syntax: missing ellipsis

(define-syntax m (syntax-rules () ((_ u ...) '(u ... ...))))
(m 1 2)
!> syntax-error: syntax: extra ellipsis

(define-syntax note! (syntax-rules () ((_ x) (set! notes (cons x notes)))))
(define notes '())
(note! 1)
(note! 2)
notes
=> (2 1)

(define notes '())
(define-syntax-rule (define-noted id value) (begin (define id value) (set! notes (cons id notes))))
(define-noted a 1)
(define-noted b 2)
(let () (define-noted c 3) c)
notes
=> (3 2 1)

(define-syntax-rule (replace!) (set! car cdr))
(replace!)
(car '(1 2))
=> (2)
