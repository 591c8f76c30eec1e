;;; Pairs and lists of the core.

(list (cons 1 2) (cons 1 '()) (cons 1 '(2)) (list 1 2) (cons* 1 2 '(3)) (cons* 1))
=> ((1 . 2) (1) (1 2) (1 2) (1 2 3) 1)

(list (car '(1 2)) (cdr '(1 2)) (cadr '(1 2 3)) (cddr '(1 2 3)) (caddr '(1 2 3)) (cdddr '(1 2 3 4)) (cadddr '(1 2 3 4)))
=> (1 (2) 2 (3) 3 (4) 4)

(list (caar '((1) 2)) (cdar '((1 2) 3)) (cdadr '(1 (2 3))) (caadr '(1 (2))) (cddar '((1 2 3))))
=> (1 (2) (3) 2 (3))

(list (pair? '(1)) (pair? '()) (null? '()) (null? '(1)) (list? '(1 2)) (list? '(1 . 2)) (list? '()) (list? 5))
=> (#t #f #t #f #t #f #t #f)

(let ((l (list 1 2))) (set-cdr! (cdr l) l) (list? l))
=> #f

(list (length '()) (length '(1 2 3)))
=> (0 3)

(length '(1 . 2))
!> wrong-type-arg: In procedure length: Wrong type argument in position 1: (1 . 2)

(length 5)
!> wrong-type-arg: In procedure length: Wrong type argument in position 1: 5

(let ((l (list 1 2))) (set-cdr! (cdr l) l) (length l))
!> wrong-type-arg: In procedure length: Wrong type argument in position 1: (1 2 . #-1#)

(list (append) (append '(1)) (append '(1) '(2)) (append '(1) 2) (append '() '()) (append '(1) '() '(2 3) '()))
=> (() (1) (1 2) (1 . 2) () (1 2 3))

(append '(1) '(2 . 3) '(4))
!> wrong-type-arg: In procedure append: Wrong type argument in position 2 (expecting empty list): 3

(append 1 '(2))
!> wrong-type-arg: In procedure append: Wrong type argument in position 1 (expecting empty list): 1

(list (reverse '(1 2 3)) (reverse '()) (reverse '((1 2) 3)))
=> ((3 2 1) () (3 (1 2)))

(reverse '(1 . 2))
!> wrong-type-arg: In procedure reverse: Wrong type argument in position 1: (1 . 2)

(list (list-ref '(a b c) 2) (list-tail '(a b c) 1) (list-tail '(a b c) 3) (list-head '(a b c) 2) (list-cdr-ref '(a b c) 1))
=> (c (b c) () (a b) (b c))

(list-ref '(a b) 2)
!> out-of-range: In procedure list-ref: Argument 2 out of range: 2

(list-ref '(a b) -1)
!> out-of-range: Value out of range 0 to< 18446744073709551615: -1

(list-tail '(a b) 3)
!> wrong-type-arg: In procedure list-tail: Wrong type argument in position 1 (expecting pair): ()

(list-head '(a) 2)
!> wrong-type-arg: In procedure list-head: Wrong type argument in position 1 (expecting pair): ()

(list (last-pair '(1 2 3)) (last-pair '(1 2 . 3)) (last-pair '()))
=> ((3) (2 . 3) ())

(list (memq 'c '(a b c d)) (memq 'x '(a)) (memv 1.5 '(1 1.5 2)) (member "b" '("a" "b")) (member '(1) '((1) 2)))
=> ((c d) #f (1.5 2) ("b") ((1) 2))

(list (memq 101 '(100 101)) (memv 'a '()) (member 2.0 '(1 2)))
=> ((101) #f #f)

(member 2 '(1 3 5) <)
!> wrong-number-of-args: Wrong number of arguments to #<procedure member (_ _)>

(list (assq 'b '((a 1) (b 2))) (assv 2 '((1 . a) (2 . b))) (assoc "b" '(("a" . 1) ("b" . 2))) (assq 'x '()))
=> ((b 2) (2 . b) ("b" . 2) #f)

(assoc 2.0 '((1 one) (2 two)) =)
!> wrong-number-of-args: Wrong number of arguments to #<procedure assoc (_ _)>

(assq 'a '(1 2))
!> wrong-type-arg: In procedure assq: Wrong type argument in position 2 (expecting association list): (1 2)

(assq 'a 5)
!> wrong-type-arg: In procedure assq: Wrong type argument in position 2 (expecting association list): 5

(list (assq-ref '((a . 1)) 'a) (assv-ref '((1 . x)) 1) (assoc-ref '(("k" . "v")) "k") (assoc-ref '((a . 1)) 'b))
=> (1 x "v" #f)

(let ((l (list (cons 'a 1)))) (list (assq-set! l 'a 2) l))
=> (((a . 2)) ((a . 2)))

(let ((l (list (cons 'a 1)))) (assq-set! l 'b 2))
=> ((b . 2) (a . 1))

(assoc-set! (list (cons "a" 1)) "a" 5)
=> (("a" . 5))

(list (acons 'a 1 '()) (assq-remove! (list (cons 'a 1) (cons 'b 2)) 'a) (assoc-remove! (list (cons "a" 1)) "x"))
=> (((a . 1)) ((b . 2)) (("a" . 1)))

(list (delq 'a '(a b a)) (delv 1 '(1 2 1)) (delete "a" '("a" "b")) (delq 'x '()))
=> ((b) (2) ("b") ())

(let ((l (list 1 2 3 2))) (delete! 2 l))
=> (1 3)

(list (delq1! 'a (list 'a 'b 'a)) (delete1! "a" (list "a" "b" "a")))
=> ((b a) ("b" "a"))

(list (iota 5) (iota 0) (iota 3 1) (iota 3 0 2) (iota 3 1/2) (iota 2 1.5))
=> ((0 1 2 3 4) () (1 2 3) (0 2 4) (1/2 3/2 5/2) (1.5 2.5))

(list (make-list 3 'x) (make-list 0 'x))
=> ((x x x) ())

(let ((l (list 1 2 3))) (list-set! l 1 'x) l)
=> (1 x 3)

(list-set! (list 1) 5 'x)
!> out-of-range: In procedure list-set!: Argument 2 out of range: 5

(let ((l (list 1 2 3))) (set-car! l 'a) (set-car! (cdr l) 'b) l)
=> (a b 3)

(let* ((l (list 1 2 3)) (m l)) (set-car! l 'x) (list m (eq? l m)))
=> ((x 2 3) #t)

(let* ((tail (list 3)) (a (cons* 1 tail)) (b (cons* 2 tail))) (set-car! tail 'shared) (list a b))
=> ((1 shared) (2 shared))

(let* ((l (list 1 2)) (m (append l '(3)))) (set-car! l 'x) (list l m))
=> ((x 2) (1 2 3))

(let* ((t (list 3)) (m (append '(1) t))) (set-car! t 'x) m)
=> (1 x)

(let ((l (list 1 2))) (append! l (list 3)) l)
=> (1 2 3)

(append! '() (list 1) '() (list 2))
=> (1 2)

(let* ((l (list 1 2 3)) (r (reverse! l))) (list r l))
=> ((3 2 1) (1))

(let ((l (list 3 1 2))) (sort! l <))
=> (1 2 3)

(let ((l (list 1 2 3))) (list-copy l))
=> (1 2 3)

(let* ((l (list 1 2)) (m (list-copy l))) (set-car! m 'x) (list l m (equal? l m)))
=> ((1 2) (x 2) #f)

(copy-tree '((1 2) (3 . 4)))
=> ((1 2) (3 . 4))

(let* ((l (list (list 1))) (m (copy-tree l))) (set-car! (car m) 'x) l)
=> ((1))

(list (map 1+ '(1 2 3)) (map + '(1 2) '(10 20)) (map cons '(a b) '(1 2)) (map (lambda (x) x) '()))
=> ((2 3 4) (11 22) ((a . 1) (b . 2)) ())

(map + '(1 2 3) '(10 20))
!> wrong-type-arg: In procedure map: List of wrong length: (10 20)

(map (lambda (x y z) (list z y x)) '(1 2) '(a b) '("x" "y"))
=> (("x" a 1) ("y" b 2))

(map car '((a 1) (b 2)))
=> (a b)

(map 1+ 5)
!> wrong-type-arg: In procedure map: Not a list: 5

(map car '(1))
!> wrong-type-arg: In procedure car: Wrong type (expecting pair): 1

(let ((out '())) (for-each (lambda (x) (set! out (cons x out))) '(1 2 3)) out)
=> (3 2 1)

(let ((out '())) (for-each (lambda (x y) (set! out (cons (+ x y) out))) '(1 2) '(10 20)) out)
=> (22 11)

(map-in-order (lambda (x) (* x x)) '(1 2 3))
=> (1 4 9)

(let ((n 0)) (map (lambda (x) (set! n (+ n 1)) (list x n)) '(a b c)))
=> ((a 1) (b 2) (c 3))

(append-reverse '(3 2 1) '(4 5))
!> unbound-variable: Unbound variable: append-reverse

(apply list 1 2 '(3 4))
=> (1 2 3 4)

(apply + '())
=> 0

(apply max '(3 1 2))
=> 3

(apply apply (list + (list 1 2)))
=> 3

(apply + 1)
!> wrong-type-arg: In procedure apply: Apply to non-list: 1

(apply + 1 2)
!> wrong-type-arg: In procedure apply: Apply to non-list: 2

(apply 5 '())
!> wrong-type-arg: Wrong type to apply: 5

(list (filter odd? '(1 2 3 4 5)) (filter pair? '()) (filter even? '(1 3)))
=> ((1 3 5) () ())

(let ((l (list 1 2 3 4))) (filter! even? l))
=> (2 4)

(list (list-index even? '(1 3 4)) (list-index even? '(1 3)))
!> wrong-type-arg: In procedure car: Wrong type argument in position 1 (expecting pair): #<procedure even? (_)>

(list (sort '(3 1 2) <) (sort '("b" "a") string<?) (sort '() <) (sort (list 2 1 3) >))
=> ((1 2 3) ("a" "b") () (3 2 1))

(sort '((b . 2) (a . 2) (c . 1)) (lambda (x y) (< (cdr x) (cdr y))))
=> ((c . 1) (b . 2) (a . 2))

(stable-sort '((2 . a) (1 . b) (2 . c) (1 . d)) (lambda (x y) (< (car x) (car y))))
=> ((1 . b) (1 . d) (2 . a) (2 . c))

(let* ((l (list 3 1 2)) (s (sort l <))) (list l s))
=> ((3 1 2) (1 2 3))

(list (sort-list '(3 2 1) <) (merge '(1 3 5) '(2 4) <) (sorted? '(1 2 3) <) (sorted? '(2 1) <))
=> ((1 2 3) (1 2 3 4 5) #t #f)

(sort '(1 a) <)
!> wrong-type-arg: In procedure <: Wrong type argument in position 1: a

(sort 5 <)
!> wrong-type-arg: In procedure sort: Wrong type argument in position 1: 5

(sort (vector 3 1 2) <)
=> #(1 2 3)

(list (list? (list 1 2)) (eq? '() '()) (equal? '(1 (2 #(3))) '(1 (2 #(3)))))
=> (#t #t #t)

(car '())
!> wrong-type-arg: In procedure car: Wrong type (expecting pair): ()

(cdr '())
!> wrong-type-arg: In procedure cdr: Wrong type (expecting pair): ()

(car 5)
!> wrong-type-arg: In procedure car: Wrong type (expecting pair): 5

(cadr '(1))
!> wrong-type-arg: In procedure cadr: Wrong type (expecting pair): ()

(caar '(1))
!> wrong-type-arg: In procedure caar: Wrong type (expecting pair): 1

(set-car! 5 1)
!> wrong-type-arg: In procedure set-car!: Wrong type argument in position 1 (expecting mutable pair): 5

(cons 1)
!> wrong-number-of-args: Wrong number of arguments to #<procedure cons (_ _)>

(cons 1 2 3)
!> wrong-number-of-args: Wrong number of arguments to #<procedure cons (_ _)>

(list-tail '(1 2 3) -1)
!> out-of-range: Value out of range 0 to< 18446744073709551615: -1

(let-values (((a b) (partition even? '(1 2)))) a)
!> unbound-variable: Unbound variable: let-values

(and=> (assoc-ref '((a . 1)) 'a) 1+)
=> 2

(and=> #f 1+)
=> #f

(let loop ((i 0) (acc '())) (if (= i 5) (reverse acc) (loop (+ i 1) (cons i acc))))
=> (0 1 2 3 4)

(length (let loop ((i 0) (acc '())) (if (= i 100000) acc (loop (+ i 1) (cons i acc)))))
=> 100000

(let loop ((n 20000)) (if (= n 0) 0 (+ 1 (loop (- n 1)))))
=> 20000

(length (let loop ((n 20000)) (if (= n 0) '() (cons n (loop (- n 1))))))
=> 20000

(length (map 1+ (iota 50000)))
=> 50000

(apply + (map (lambda (x) 1) (iota 10000)))
=> 10000

(length (append (iota 50000) '(1)))
=> 50001

(equal? (iota 50000) (iota 50000))
=> #t

(let ((a (list 1 2 3))) (eq? (cdr a) (cdr a)))
=> #t

(let ((a '((x . 1) (y . 2)))) (map (lambda (p) (string-append (symbol->string (car p)) "=" (number->string (cdr p)))) a))
=> ("x=1" "y=2")

(cons 'a (cons 'b 'c))
=> (a b . c)

(list 'a '(b c) "d" #\e 1.5 #t)
=> (a (b c) "d" #\e 1.5 #t)

(list (list) (list (list)) '(()))
=> (() (()) (()))

(eq? (list) (list))
=> #t

(list-index = '(1 2 3) '(3 2 1))
!> wrong-number-of-args: Wrong number of arguments to #<procedure list-index (l k)>

(list (assq 'x '((x))) (assq 'x '((x . #f))))
=> ((x) (x . #f))

(caddr '(1 2))
!> wrong-type-arg: In procedure caddr: Wrong type (expecting pair): ()

(vector-map 1+ #(1 2))
!> unbound-variable: Unbound variable: vector-map

(last '(1 2))
!> unbound-variable: Unbound variable: last

(fold + 0 '(1 2))
!> unbound-variable: Unbound variable: fold

(delete-duplicates '(1 1))
!> unbound-variable: Unbound variable: delete-duplicates

(list (list-index '(a b c) 'b) (list-index '(a b c) 'z) (list-index '(1 2) 2))
=> (1 #f 1)

(apply "x" '(1))
!> wrong-type-arg: Wrong type to apply: "x"

(define l (list 3 1 2 5 4))
(list (sort! l <) l)
=> ((1 2 3 4 5) (1 2 3 4 5))

(define l (list 3 5 2 1 4))
(list (sort! l <) l)
=> ((1 2 3 4 5) (3 4 5))

(define l (list 9 8 7))
(list (sort! l <) l)
=> ((7 8 9) (9))

(define l (list '(b 1) '(a 1) '(b 2) '(a 2) '(c 0)))
(define (less a b) (string<? (symbol->string (car a)) (symbol->string (car b))))
(list (stable-sort! l less) l)
=> (((a 1) (a 2) (b 1) (b 2) (c 0)) ((a 1) (a 2) (b 1) (b 2) (c 0)))

(define l (list 3 1 2 5 4))
(list (delete! 3 l) l (delq! 1 l) l)
=> ((1 2 5 4) (3 2 5 4) (3 2 5 4) (3 2 5 4))

(define l (list 3 1 2 5 4))
(list (filter! odd? l) l)
=> ((3 1 5) (3 1 5))

(define l (list 3 1 2 5 4))
(list (filter! even? l) l)
=> ((2 4) (3 1 2 4))

(define a (list 1 4 6))
(define b (list 2 4 7))
(list (merge! a b <) a b)
=> ((1 2 4 4 6 7) (1 2 4 4 6 7) (2 4 4 6 7))

(define v (vector 3 1 2))
(list (sort! v <) v)
=> (#(1 2 3) #(1 2 3))

(sort! 5 <)
!> wrong-type-arg: In procedure sort!: Wrong type argument in position 1: 5
