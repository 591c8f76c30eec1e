
;;; Lists, vectors and tables: what takes procedures.

(define (reverse! l . tail)
  (%reverse-in-place l (if (null? tail) '() (car tail))))

(define (acons key value l)
  (cons (cons key value) l))

;; Linear updates use the pairs that are there: who goes on with the old list
;; sees what Guile leaves of it.
(define (filter! f l)
  (%check-procedure "filter" 1 f)
  (%check-list "filter" 2 l)
  (%keep! f l))

(define (%keep! f l)
  (cond ((null? l) '())
        ((f (car l))
         (let loop ((last l) (rest (cdr l)))
           (cond ((null? rest) (set-cdr! last '()))
                 ((f (car rest))
                  (set-cdr! last rest)
                  (loop rest (cdr rest)))
                 (else (loop last (cdr rest)))))
         l)
        (else (%keep! f (cdr l)))))

(define (%remove1 same x l)
  (let loop ((l l) (out '()))
    (cond ((null? l) (reverse out))
          ((same x (car l)) (append-reverse out (cdr l)))
          (else (loop (cdr l) (cons (car l) out))))))

(define (delete! x l)
  (%keep! (lambda (y) (not (equal? x y))) l))

(define (delq! x l)
  (%keep! (lambda (y) (not (eq? x y))) l))

(define (delv! x l)
  (%keep! (lambda (y) (not (eqv? x y))) l))

(define (delete1! x l)
  (%remove1 equal? x l))

(define (delq1! x l)
  (%remove1 eq? x l))

(define (delv1! x l)
  (%remove1 eqv? x l))

(define (%alist-set! assoc key value l)
  (let ((entry (assoc key l)))
    (if (pair? entry)
        (begin (set-cdr! entry value) l)
        (acons key value l))))

(define (assq-set! l key value)
  (%alist-set! sloppy-assq key value l))

(define (assv-set! l key value)
  (%alist-set! sloppy-assv key value l))

(define (assoc-set! l key value)
  (%alist-set! sloppy-assoc key value l))

(define (%alist-remove! assoc key l)
  (let ((entry (assoc key l)))
    (if (pair? entry)
        (%remove1 eq? entry l)
        l)))

(define (assq-remove! l key)
  (%alist-remove! sloppy-assq key l))

(define (assv-remove! l key)
  (%alist-remove! sloppy-assv key l))

(define (assoc-remove! l key)
  (%alist-remove! sloppy-assoc key l))

(define (and-map f l)
  (let loop ((l l) (value #t))
    (if (null? l)
        value
        (let ((value (f (car l))))
          (and value (loop (cdr l) value))))))

(define (or-map f l)
  (let loop ((l l))
    (and (pair? l)
         (or (f (car l)) (loop (cdr l))))))

(define (%merge a b less)
  (let loop ((a a) (b b) (out '()))
    (cond ((null? a) (append-reverse out b))
          ((null? b) (append-reverse out a))
          ((less (car b) (car a)) (loop a (cdr b) (cons (car b) out)))
          (else (loop (cdr a) b (cons (car a) out))))))

(define (%sort-list l n less)
  (if (< n 2)
      (list-head l n)
      (let ((half (quotient n 2)))
        (%merge (%sort-list l half less)
                (%sort-list (list-tail l half) (- n half) less)
                less))))

(define (sort l less)
  (cond ((vector? l)
         (list->vector (sort (vector->list l) less)))
        ((list? l)
         (%sort-list l (length l) less))
        (else (%wrong-type "sort" 1 l))))

(define (stable-sort l less)
  (if (or (vector? l) (list? l))
      (sort l less)
      (%wrong-type "stable-sort" 1 l)))

(define (sort-list l less)
  (if (list? l)
      (sort l less)
      (%wrong-type "sort-list" 1 l)))

;; The sorted items go into the places of the unsorted ones.
(define (%sort-in-place! l less)
  (if (vector? l)
      (let loop ((sorted (sort (vector->list l) less)) (i 0))
        (if (pair? sorted)
            (begin (vector-set! l i (car sorted))
                   (loop (cdr sorted) (+ i 1)))
            l))
      (if (list? l)
          (%sort-pairs! l (length l) less)
          (scm-error 'wrong-type-arg "sort!"
                     "Wrong type argument in position ~A: ~S"
                     (list 1 l) (list l)))))

;; Sorts the first pairs of a list.  Which pair comes first is as in Guile,
;; that is as in the merge sort of R. A. O'Keefe: two items swap places, longer
;; runs are linked anew.
(define (%sort-pairs! l n less)
  (if (> n 2)
      (let* ((half (quotient n 2))
             (rest (list-tail l half))
             (first (%sort-pairs! l half less)))
        (merge! first (%sort-pairs! rest (- n half) less) less))
      (begin
        (if (= n 2)
            (let ((a (car l)) (second (cdr l)))
              (set-cdr! second '())
              (if (less (car second) a)
                  (begin
                    (set-car! l (car second))
                    (set-car! second a)))))
        (if (= n 1)
            (set-cdr! l '()))
        l)))

(define (sort! l less)
  (%sort-in-place! l less))

(define (stable-sort! l less)
  (%sort-in-place! l less))

(define (sort-list! l less)
  (%sort-in-place! l less))

(define (merge a b less)
  (if (and (pair? a) (pair? b))
      (%merge a b less)
      (if (null? a) b a)))

(define (merge! a b less)
  (let ((head (list #f)))
    (let loop ((last head) (a a) (b b))
      (cond ((null? a) (set-cdr! last b))
            ((null? b) (set-cdr! last a))
            ((less (car b) (car a))
             (set-cdr! last b)
             (loop b a (cdr b)))
            (else
             (set-cdr! last a)
             (loop a (cdr a) b))))
    (cdr head)))

(define (sorted? l less)
  (let ((l (if (vector? l) (vector->list l) l)))
    (or (null? l)
        (let loop ((last (car l)) (l (cdr l)))
          (or (null? l)
              (and (not (less (car l) last))
                   (loop (car l) (cdr l))))))))

(define (%handles-for-each f handles)
  (if (pair? handles)
      (begin (f (car (car handles)) (cdr (car handles)))
             (%handles-for-each f (cdr handles)))))

(define (hash-for-each f table)
  (%check-procedure "hash-for-each" 1 f)
  (%handles-for-each f (%table-handles table "hash-for-each" 2)))

(define (hash-for-each-handle f table)
  (%check-procedure "hash-for-each-handle" 1 f)
  (%for-each1 f (%table-handles table "hash-for-each-handle" 2)))

(define (hash-fold f value table)
  (%check-procedure "hash-fold" 1 f)
  (let loop ((handles (%table-handles table "hash-fold" 3)) (value value))
    (if (pair? handles)
        (loop (cdr handles)
              (f (car (car handles)) (cdr (car handles)) value))
        value)))

(define (hash-map->list f table)
  (%check-procedure "hash-map->list" 1 f)
  (let loop ((handles (%table-handles table "hash-map->list" 2)) (out '()))
    (if (pair? handles)
        (loop (cdr handles)
              (cons (f (car (car handles)) (cdr (car handles))) out))
        out)))

(define (hash-count f table)
  (%check-procedure "hash-count" 1 f)
  (hash-fold (lambda (key value count)
               (if (f key value) (+ count 1) count))
             0
             table))

(define (hashx-get-handle hash assoc table key)
  (assoc key (%table-handles table "hashx-get-handle" 3)))

(define (hashx-ref hash assoc table key . default)
  (let ((handle (hashx-get-handle hash assoc table key)))
    (cond ((pair? handle) (cdr handle))
          ((null? default) #f)
          (else (car default)))))

(define (hashx-create-handle! hash assoc table key value)
  (or (hashx-get-handle hash assoc table key)
      (hash-create-handle! table key value)))

(define (hashx-set! hash assoc table key value)
  (set-cdr! (hashx-create-handle! hash assoc table key value) value)
  value)

(define (hashx-remove! hash assoc table key)
  (let ((handle (hashx-get-handle hash assoc table key)))
    (and handle
         (hash-remove! table (car handle)))))

;; Quotient and remainder as two values.
(define (floor/ a b)
  (values (floor-quotient a b) (floor-remainder a b)))

(define (ceiling/ a b)
  (values (ceiling-quotient a b) (ceiling-remainder a b)))

(define (truncate/ a b)
  (values (truncate-quotient a b) (truncate-remainder a b)))

(define (round/ a b)
  (values (round-quotient a b) (round-remainder a b)))

(define (euclidean/ a b)
  (values (euclidean-quotient a b) (euclidean-remainder a b)))

(define (centered/ a b)
  (values (centered-quotient a b) (centered-remainder a b)))

(define (exact-integer-sqrt n)
  (let ((root (%integer-sqrt n)))
    (values root (- n (* root root)))))
