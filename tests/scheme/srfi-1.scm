(use-modules (srfi srfi-1))
(list (first '(1 2 3)) (second '(1 2 3)) (third '(1 2 3)) (last '(1 2 3)) (fifth '(1 2 3 4 5)) (tenth (iota 10)))
=> (1 2 3 3 5 9)

(use-modules (srfi srfi-1))
(list (fold cons '() '(1 2 3)) (fold + 0 '(1 2 3)) (fold cons* '() '(a b) '(1 2)) (fold (lambda (x acc) (+ (* acc 10) x)) 0 '(1 2 3)))
=> ((3 2 1) 6 (b 2 a 1) 123)

(use-modules (srfi srfi-1))
(list (fold-right cons '() '(1 2 3)) (fold-right list 'z '(1 2)) (fold-right (lambda (a b acc) (cons (+ a b) acc)) '() '(1 2) '(10 20)))
=> ((1 2 3) (1 (2 z)) (11 22))

(use-modules (srfi srfi-1))
(list (reduce + 0 '(1 2 3)) (reduce + 0 '()) (reduce max 0 '(3)) (reduce - 0 '(1 2 3)) (reduce-right - 0 '(1 2 3)) (reduce list 'x '(1 2 3)))
=> (6 0 3 2 2 (3 (2 1)))

(use-modules (srfi srfi-1))
(list (fold + 0 '(1 2 3) '(10 20)))
=> (33)

(use-modules (srfi srfi-1))
(list (append-map list '(1 2 3)) (append-map (lambda (x) (list x x)) '(1 2)) (append-map list '(1 2) '(a b)) (append-map list '()))
=> ((1 2 3) (1 1 2 2) (1 a 2 b) ())

(use-modules (srfi srfi-1))
(filter-map (lambda (x) (and (even? x) (* x x))) '(1 2 3 4))
=> (4 16)

(use-modules (srfi srfi-1))
(filter-map (lambda (x y) (and (= x y) x)) '(1 2 3) '(1 5 3))
=> (1 3)

(use-modules (srfi srfi-1))
(list (any even? '(1 2)) (any even? '()) (any (lambda (x) (and (even? x) (* 10 x))) '(1 2 4)) (any = '(1 2) '(3 2)) (any < '(1) '(0 5)))
=> (#t #f 20 #t #f)

(use-modules (srfi srfi-1))
(list (every even? '(2 4)) (every even? '()) (every (lambda (x) (and (even? x) (* 10 x))) '(2 4)) (every = '(1 2) '(1 2 3)) (every even? '(1 2)))
=> (#t #t 40 #t #f)

(use-modules (srfi srfi-1))
(list (find even? '(1 2 4)) (find even? '(1)) (find-tail even? '(1 2 3)) (find-tail even? '()))
=> (2 #f (2 3) #f)

(use-modules (srfi srfi-1))
(list (list-index even? '(1 2)) (list-index = '(1 2) '(3 2)) (list-index even? '()))
=> (1 1 #f)

(use-modules (srfi srfi-1))
(list (take '(1 2 3) 2) (drop '(1 2 3) 2) (take-right '(1 2 3) 2) (drop-right '(1 2 3) 1) (take '(1) 0) (drop '() 0))
=> ((1 2) (3) (2 3) (1 2) () ())

(use-modules (srfi srfi-1))
(list (take '(1 2 . 3) 2) (drop '(1 2 . 3) 2) (take-right '(1 2 . 3) 1) (drop-right '(1 2 . 3) 1))
=> ((1 2) 3 (2 . 3) (1))

(use-modules (srfi srfi-1))
(take '(1 2) 3)
!> wrong-type-arg: In procedure list-head: Wrong type argument in position 1 (expecting pair): ()

(use-modules (srfi srfi-1))
(drop '(1 2) 3)
!> wrong-type-arg: In procedure list-tail: Wrong type argument in position 1 (expecting pair): ()

(use-modules (srfi srfi-1))
(list (take-while even? '(2 4 5 6)) (drop-while even? '(2 4 5 6)) (take-while even? '()))
=> ((2 4) (5 6) ())

(use-modules (srfi srfi-1))
(call-with-values (lambda () (span even? '(2 4 5 6))) list)
=> ((2 4) (5 6))

(use-modules (srfi srfi-1))
(call-with-values (lambda () (break even? '(1 3 4 5))) list)
=> ((1 3) (4 5))

(use-modules (srfi srfi-1))
(call-with-values (lambda () (split-at '(1 2 3) 1)) list)
=> ((1) (2 3))

(use-modules (srfi srfi-1))
(call-with-values (lambda () (partition even? '(1 2 3 4))) list)
=> ((2 4) (1 3))

(use-modules (srfi srfi-1))
(list (remove odd? '(1 2 3)) (filter odd? '(1 2 3)) (delete 1 '(1 2 1)) (delete 3 '(1 2 3 4) <))
=> ((2) (1 3) (2) (1 2 3))

(use-modules (srfi srfi-1))
(list (delete-duplicates '(1 2 1 3 2)) (delete-duplicates '("a" "b" "a")) (delete-duplicates '(1 2 3 4) (lambda (a b) (= (modulo a 2) (modulo b 2)))))
=> ((1 2 3) ("a" "b") (1 2))

(use-modules (srfi srfi-1))
(list (alist-cons 'a 1 '()) (alist-delete 'a '((a . 1) (b . 2) (a . 3))) (alist-copy '((a . 1))))
=> (((a . 1)) ((b . 2)) ((a . 1)))

(use-modules (srfi srfi-1))
(list (concatenate '((1) (2 3) ())) (append-reverse '(2 1) '(3)))
=> ((1 2 3) (1 2 3))

(use-modules (srfi srfi-1))
(list (unfold (lambda (x) (> x 5)) (lambda (x) (* x x)) 1+ 1) (unfold-right zero? (lambda (x) (* x x)) 1- 5) (unfold null? car cdr '(1 2) (lambda (x) '(end))))
=> ((1 4 9 16 25) (1 4 9 16 25) (1 2 end))

(use-modules (srfi srfi-1))
(list (list-tabulate 4 (lambda (i) (* i i))) (make-list 2 'a) (cons* 1 2 '(3)) (xcons 1 2) (iota 3 1))
=> ((0 1 4 9) (a a) (1 2 3) (2 . 1) (1 2 3))

(use-modules (srfi srfi-1))
(list (zip '(1 2) '(a b)) (zip '(1 2 3)) (zip '(1 2 3) '(a)))
=> (((1 a) (2 b)) ((1) (2) (3)) ((1 a)))

(use-modules (srfi srfi-1))
(list (call-with-values (lambda () (unzip2 '((1 a) (2 b)))) list) (unzip1 '((1 a) (2 b))))
=> (((1 2) (a b)) (1 2))

(use-modules (srfi srfi-1))
(list (count even? '(1 2 4)) (count < '(1 5) '(2 3)))
=> (2 1)

(use-modules (srfi srfi-1))
(list (map + '(1 2 3) '(10 20)) (map + '(1) '()) (map (lambda (a b c) (list a b c)) '(1 2) '(3 4 5) '(6)))
=> ((11 22) () ((1 3 6)))

(use-modules (srfi srfi-1))
(map cons '(1 2 3) (circular-list 'a 'b))
=> ((1 . a) (2 . b) (3 . a))

(use-modules (srfi srfi-1))
(let ((out '())) (for-each (lambda (a b) (set! out (cons (list a b) out))) '(1 2 3) '(x y)) out)
=> ((2 y) (1 x))

(use-modules (srfi srfi-1))
(let ((l '())) (pair-for-each (lambda (p) (set! l (cons p l))) '(1 2)) l)
=> ((2) (1 2))

(use-modules (srfi srfi-1))
(list (lset-union eq? '(a b) '(b c)) (lset-intersection eq? '(a b c) '(b c d)) (lset-difference eqv? '(1 2 3) '(2)) (lset-adjoin eq? '(a b) 'b 'c) (lset-xor eq? '(a b) '(b c)))
=> ((c a b) (b c) (1 3) (c a b) (c a))

(use-modules (srfi srfi-1))
(list (lset<= eq? '(a) '(a b)) (lset= eq? '(a b) '(b a)) (lset<= eq?) (lset= equal? '("a") '("b")))
=> (#t #t #t #f)

(use-modules (srfi srfi-1))
(list (proper-list? '(1)) (proper-list? '(1 . 2)) (dotted-list? '(1 . 2)) (circular-list? (circular-list 1)) (null-list? '()) (not-pair? 1))
=> (#t #f #t #t #t #t)

(use-modules (srfi srfi-1))
(list (length+ '(1 2)) (length+ (circular-list 1 2)))
=> (2 #f)

(use-modules (srfi srfi-1))
(call-with-values (lambda () (car+cdr '(1 . 2))) list)
=> (1 2)

(use-modules (srfi srfi-1))
(list (list= = '(1 2) '(1 2)) (list= eq? '(a) '(a b)) (list= eq?))
=> (#t #f #t)

(use-modules (srfi srfi-1))
(list (last-pair '(1 2)) (last '(1)) (append-map! list (list 1 2)) (filter! odd? (list 1 2 3)) (remove! odd? (list 1 2 3)) (reverse! (list 1 2)))
=> ((2) 1 (1 2) (1 3) (2) (2 1))

(use-modules (srfi srfi-1))
(list (delete! 1 (list 1 2)) (take! (list 1 2 3) 2) (drop-right! (list 1 2 3) 1) (append-reverse! (list 2 1) (list 3)))
=> ((2) (1 2) (1 2) (1 2 3))

(use-modules (srfi srfi-1))
(list (assoc 2.0 '((2 . a)) =) (member 2.0 '(1 2) =))
=> ((2 . a) (2))

(use-modules (srfi srfi-1))
(last '())
!> wrong-type-arg: In procedure car: Wrong type argument in position 1 (expecting pair): ()

(use-modules (srfi srfi-1))
(first '())
!> wrong-type-arg: In procedure car: Wrong type (expecting pair): ()

(use-modules (srfi srfi-1))
(third '(1 2))
!> wrong-type-arg: In procedure caddr: Wrong type (expecting pair): ()

(use-modules (srfi srfi-1))
(fold + 0 5)
!> wrong-type-arg: In procedure fold: Wrong type argument: 5

(use-modules (srfi srfi-1))
(reduce + 0 'a)
!> wrong-type-arg: In procedure car: Wrong type argument in position 1 (expecting pair): a

(use-modules (srfi srfi-1))
(any even? '(a))
!> wrong-type-arg: In procedure even?: Wrong type argument in position 1: a

(use-modules (srfi srfi-1))
(find even? 'x)
!> wrong-type-arg: In procedure car: Wrong type argument in position 1 (expecting pair): x

(use-modules (srfi srfi-1))
(append-map 1+ '(1 2))
!> wrong-type-arg: In procedure append: Wrong type argument in position 1 (expecting empty list): 2

(use-modules (srfi srfi-1))
(let ((groups (fold (lambda (x acc) (let ((k (modulo x 3))) (assv-set! acc k (cons x (or (assv-ref acc k) '()))))) '() (iota 7)))) (sort groups (lambda (a b) (< (car a) (car b)))))
=> ((0 6 3 0) (1 4 1) (2 5 2))

(use-modules (srfi srfi-1))
(define (range a b) (iota (- b a) a))
(append-map (lambda (x) (map (lambda (y) (cons x y)) (range 0 2))) (range 0 2))
=> ((0 . 0) (0 . 1) (1 . 0) (1 . 1))

(use-modules (srfi srfi-1))
(fold (lambda (name acc) (alist-cons name (string-length name) acc)) '() '("ab" "c"))
=> (("c" . 1) ("ab" . 2))

(use-modules (srfi srfi-1))
(length (fold cons '() (iota 100000)))
=> 100000

(use-modules (srfi srfi-1))
(length (fold-right cons '() (iota 20000)))
=> 20000

(use-modules (srfi srfi-1))
(any (lambda (p) (and (eq? (car p) 'b) p)) '((a . 1) (b . 2)))
=> (b . 2)

(use-modules (srfi srfi-1))
(every + '(1) '(2) '(3))
=> 6

(use-modules ((srfi srfi-1) #:select (fold (first . head))))
(head (fold cons '() '(1 2)))
=> 2

(use-modules ((srfi srfi-1) #:select (fold)))
(first '(1))
!> unbound-variable: Unbound variable: first

(use-modules ((srfi srfi-1) #:prefix l:))
(l:first '(1 2))
=> 1

(use-modules (srfi srfi-1))
(map (lambda (x) (list-index (lambda (y) (eq? x y)) '(a b c))) '(c a z))
=> (2 0 #f)

(use-modules (srfi srfi-1))
(list (pair-fold cons '() '(1 2 3)) (pair-fold-right cons '() '(1 2)))
=> (((3) (2 3) (1 2 3)) ((1 2) (2)))

(use-modules (srfi srfi-1))
(list (delete-duplicates! (list 1 1 2)) (sort (lset-union = '(3 1) '(2 1)) <))
=> ((1 2) (1 2 3))

(use-modules (srfi srfi-1))
(append-map (lambda (x y) (list x y)) '(1 2 3) '(a b))
=> (1 a 2 b)

(use-modules (srfi srfi-1))
(define l (list 3 1 2 5 4))
(list (remove! odd? l) l)
=> ((2 4) (3 1 2 4))

(use-modules (srfi srfi-1))
(define l (list 3 1 2 5 4))
(list (take! l 2) l)
=> ((3 1) (3 1))

(use-modules (srfi srfi-1))
(define l (list 3 1 2 5 4))
(list (drop-right! l 2) l)
=> ((3 1 2) (3 1 2))

(use-modules (srfi srfi-1))
(define l (list 3 1 2 5 4))
(call-with-values (lambda () (partition! odd? l)) (lambda (a b) (list a b l)))
=> ((3 1 5) (2 4) (3 1 5))

(use-modules (srfi srfi-1))
(define l (list 3 1 2 5 4))
(call-with-values (lambda () (span! odd? l)) (lambda (a b) (list a b l)))
=> ((3 1) (2 5 4) (3 1))

(use-modules (srfi srfi-1))
(define l (list 3 1 2 5 4))
(call-with-values (lambda () (break! even? l)) (lambda (a b) (list a b l)))
=> ((3 1) (2 5 4) (3 1))

(use-modules (srfi srfi-1))
(define l (list 3 1 2 5 4))
(list (append-reverse! l (list 9)) l)
=> ((4 5 2 1 3 9) (3 9))

(use-modules (srfi srfi-1))
(define l (list 3 1 2 5 4))
(list (delete! 2 l) l (delete! 3 l <) l)
=> ((3 1) (3 1) (3 1) (3 1))

(use-modules (srfi srfi-1))
(list (take! (list 1 2) 0) (take-while! odd? (list 1 3 4)) (drop-right! (list 1) 1))
=> (() (1 3) ())
