(let ((h (make-hash-table))) (hash-set! h 'a 1) (list (hash-ref h 'a) (hash-ref h 'b) (hash-ref h 'b 'none)))
=> (1 #f none)

(let ((h (make-hash-table))) (hash-set! h "k" 1) (hash-set! h "k" 2) (list (hash-ref h "k") (hash-count (const #t) h)))
=> (2 1)

(let ((h (make-hash-table 10))) (hash-set! h '(1 2) 'x) (hash-ref h (list 1 2)))
=> x

(let ((h (make-hash-table))) (hashq-set! h 'a 1) (list (hashq-ref h 'a) (hashq-ref h 'z 0)))
=> (1 0)

(let ((h (make-hash-table))) (hashv-set! h 1.5 'x) (hashv-ref h 1.5))
=> x

(let ((h (make-hash-table))) (hashq-set! h (string #\a) 1) (hashq-ref h (string #\a)))
=> #f

(let ((h (make-hash-table))) (hash-set! h 'a 1) (hash-remove! h 'a) (hash-ref h 'a))
=> #f

(let ((h (make-hash-table))) (hash-set! h 'a 1) (hash-clear! h) (hash-count (const #t) h))
=> 0

(let ((h (make-hash-table))) (for-each (lambda (k v) (hash-set! h k v)) '(a b c) '(1 2 3)) (sort (hash-map->list cons h) (lambda (x y) (< (cdr x) (cdr y)))))
=> ((a . 1) (b . 2) (c . 3))

(let ((h (make-hash-table))) (hash-set! h 'a 1) (hash-set! h 'b 2) (hash-fold (lambda (k v acc) (+ v acc)) 0 h))
=> 3

(let ((h (make-hash-table)) (sum 0)) (hash-set! h 'a 1) (hash-set! h 'b 2) (hash-for-each (lambda (k v) (set! sum (+ sum v))) h) sum)
=> 3

(let ((h (make-hash-table))) (hash-set! h 'a 1) (list (hash-get-handle h 'a) (hash-get-handle h 'b)))
=> ((a . 1) #f)

(let ((h (make-hash-table))) (hash-create-handle! h 'a 5) (hash-ref h 'a))
=> 5

(let ((h (make-hash-table))) (set-cdr! (hash-create-handle! h 'a 0) 9) (hash-ref h 'a))
=> 9

(list (hash-table? (make-hash-table)) (hash-table? '()) (hash-table? 5))
=> (#t #f #f)

(hash-ref '() 'a)
!> wrong-type-arg: In procedure scm_hash_fn_get_handle: Wrong type argument in position 1 (expecting hash-table): ()

(hash-set! 5 'a 1)
!> wrong-type-arg: In procedure scm_hash_fn_create_handle_x: Wrong type argument in position 1 (expecting hash-table): 5

(hash-ref (make-hash-table))
!> wrong-number-of-args: Wrong number of arguments to #<procedure hash-ref (_ _ #:optional _)>

(let ((h (make-hash-table))) (hash-set! h 'x 'y))
=> y

(let ((h (make-hash-table))) (hash-for-each-handle (lambda (p) p) h) 'ok)
=> ok

(let ((h (make-hash-table))) (hash-set! h 1 'int) (list (hash-ref h 1) (hash-ref h 1.0)))
=> (int #f)

(let ((h (make-hash-table))) (let loop ((i 0)) (when (< i 1000) (hashv-set! h i (* i i)) (loop (+ i 1)))) (list (hashv-ref h 999) (hash-count (lambda (k v) (even? k)) h)))
=> (998001 500)

(let ((h (alist->hash-table '((a . 1))))) (hash-ref h 'a))
!> unbound-variable: Unbound variable: alist->hash-table

(use-modules (ice-9 hash-table))
(let ((h (alist->hash-table '((a . 1) (b . 2))))) (list (hash-ref h 'a) (hash-ref h 'b)))
=> (1 2)

(use-modules (ice-9 hash-table))
(hashq-ref (alist->hashq-table '((a . 1))) 'a)
=> 1

(use-modules (srfi srfi-69))
(let ((h (make-hash-table))) (hash-table-set! h 'a 1) (list (hash-table-ref h 'a (lambda () 'no)) (hash-table-ref/default h 'b 0) (hash-table-size h) (hash-table-exists? h 'a)))
=> (1 0 1 #t)

(use-modules (srfi srfi-69))
(let ((h (alist->hash-table '((a . 1))))) (hash-table-update! h 'a 1+) (hash-table-update!/default h 'b 1+ 10) (sort (hash-table->alist h) (lambda (x y) (< (cdr x) (cdr y)))))
=> ((a . 2) (b . 11))

(use-modules (srfi srfi-69))
(let ((h (make-hash-table))) (hash-table-set! h "x" 1) (list (hash-table-keys h) (hash-table-values h) (hash-table? h)))
=> (("x") (1) #t)

(use-modules (srfi srfi-69))
(let ((h (make-hash-table)) (n 0)) (hash-table-set! h 'a 5) (hash-table-walk h (lambda (k v) (set! n (+ n v)))) (hash-table-delete! h 'a) (list n (hash-table-size h)))
=> (5 0)

(use-modules (srfi srfi-69))
(hash-table-ref (make-hash-table) 'missing)
!> misc-error: Key not in table missing #<srfi-69:hash-table real-table: #<hash-table ADDRESS 0/31> associator: #<procedure assoc (_ _)> size: 0 weakness: #f equivalence-function: #<procedure equal? (#:optional _ _ . _)> hash-function: #<procedure hash (_ _)>>

(use-modules (srfi srfi-69))
(hash-table-fold (alist->hash-table '((a . 1) (b . 2))) (lambda (k v acc) (+ v acc)) 0)
=> 3

(let ((h (make-weak-key-hash-table))) (hashq-set! h 'a 1) (hashq-ref h 'a))
=> 1

(let ((a (hash 'a 100))) (and (>= a 0) (< a 100)))
=> #t

(list (= (hash "abc" 1000) (hash "abc" 1000)) (= (hashq 'a 10) (hashq 'a 10)))
=> (#t #t)
