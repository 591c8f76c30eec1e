(list (eq? 'a 'a) (eq? '() '()) (eq? #t #t) (eq? "a" "a") (eq? 1 1) (eq? 1.5 1.5) (eq? #\a #\a))
=> (#t #t #t #f #t #f #t)

(list (eqv? 1.5 1.5) (eqv? 1 1.0) (eqv? "a" "a") (eqv? '(1) '(1)) (eqv? 1/2 1/2) (eqv? 100000000000000000000 100000000000000000000))
=> (#t #f #f #f #t #t)

(list (equal? "a" "a") (equal? '(1 (2)) '(1 (2))) (equal? #(1 "a") #(1 "a")) (equal? 1 1.0) (equal? 'a "a") (equal? #vu8(1) #vu8(1)))
=> (#t #t #t #f #f #t)

(let ((x (list 1))) (list (eq? x x) (eq? (list 1) (list 1)) (equal? (list 1) (list 1))))
=> (#t #f #t)

(let ((f (lambda (x) x))) (list (eq? f f) (equal? f f) (eq? car car)))
=> (#t #t #t)

(list (not #f) (not '()) (not 0) (not "") (not #nil))
=> (#t #f #f #f #t)

(list (if '() 1 2) (if 0 1 2) (if "" 1 2) (if #nil 1 2))
=> (1 1 1 2)

(list (boolean? #f) (boolean? '()) (boolean? 0) (boolean? #nil))
=> (#t #f #f #t)

(list (eq? #f '()) (eq? #nil #f) (eqv? #nil '()) (equal? #nil #f) (null? #nil))
=> (#f #f #f #f #t)

(list (equal? (string->symbol "a") 'a) (equal? #\a "a") (eqv? +nan.0 +nan.0) (= +nan.0 +nan.0) (equal? +nan.0 +nan.0))
=> (#t #f #t #f #t)

(list (eqv? 0.0 -0.0) (equal? 0.0 -0.0) (eqv? 0 -0))
=> (#f #f #t)

(let ((a (string-copy "x")) (b (string-copy "x"))) (list (eq? a b) (eqv? a b) (equal? a b)))
=> (#f #f #t)

(equal? (make-list 20000 'x) (make-list 20000 'x))
=> #t

(let loop ((i 0) (a '()) (b '())) (if (= i 20000) (equal? a b) (loop (+ i 1) (list a) (list b))))
=> #t

(list (procedure? car) (procedure? (lambda () 1)) (procedure? 'car) (procedure? "x"))
=> (#t #t #f #f)

(list (eq? "" "") (eq? (if #f #f) (if #f #f)) (unspecified? (if #f #f)))
=> (#f #t #t)

(list (eq? 1000000 1000000) (memq 2 '(1 2 3)) (memv 1.0 '(1 1.0)))
=> (#t (2 3) (1.0))

(list (equal? '(a . b) '(a . b)) (equal? '(a b) '(a . b)) (equal? '() #f))
=> (#t #f #f)

(list (equal? 1) (equal? 1 1 1) (eq? 'a) (eqv?))
=> (#t #t #t #t)

(equal? (make-hash-table) (make-hash-table))
=> #f

(let ((h (make-hash-table))) (equal? h h))
=> #t
