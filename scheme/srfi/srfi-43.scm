;;; SRFI-43, vectors: what maps and folds gives the index first.

(define-module (srfi srfi-43)
  #:export
  (list->vector make-vector vector vector->list vector-any vector-append
   vector-binary-search vector-concatenate vector-copy vector-copy!
   vector-count vector-empty? vector-every vector-fill! vector-fold
   vector-fold-right vector-for-each vector-index vector-index-right
   vector-length vector-map vector-map! vector-ref vector-reverse!
   vector-reverse-copy reverse-list->vector reverse-vector->list vector-set!
   vector-skip vector-skip-right vector-swap! vector-unfold
   vector-unfold-right vector= vector?))

(define (vector-append . vectors)
  (vector-concatenate vectors))

(define (vector-concatenate vectors)
  (list->vector (apply append (%map1 vector->list vectors))))

(define (vector-empty? v)
  (= (vector-length v) 0))

(define (%part v range)
  (apply %vector->list v range))

(define (vector->list v . range)
  (%part v range))

(define (reverse-vector->list v . range)
  (reverse (%part v range)))

(define (reverse-list->vector l)
  (list->vector (reverse l)))

(define (vector-reverse-copy v . range)
  (list->vector (reverse (%part v range))))

(define (%store! v start l)
  (if (pair? l)
      (begin
        (vector-set! v start (car l))
        (%store! v (+ start 1) (cdr l)))))

(define (vector-reverse! v . range)
  (%store! v
           (if (pair? range) (car range) 0)
           (reverse (%part v range))))

(define (vector-swap! v i j)
  (let ((x (vector-ref v i)))
    (vector-set! v i (vector-ref v j))
    (vector-set! v j x)))

(define (vector-unfold f n . seeds)
  (let loop ((i 0) (seeds seeds) (out '()))
    (if (= i n)
        (list->vector (reverse out))
        (let ((results (%values->list (apply f i seeds))))
          (loop (+ i 1) (cdr results) (cons (car results) out))))))

(define (vector-unfold-right f n . seeds)
  (let loop ((i (- n 1)) (seeds seeds) (out '()))
    (if (< i 0)
        (list->vector out)
        (let ((results (%values->list (apply f i seeds))))
          (loop (- i 1) (cdr results) (cons (car results) out))))))

;; The items of several vectors at an index, as far as all have them.
(define (%rows vectors)
  (let ((n (apply min (%map1 vector-length vectors))))
    (%map1 (lambda (i)
             (cons i (%map1 (lambda (v) (vector-ref v i)) vectors)))
           (iota n))))

(define (vector-map f v . rest)
  (list->vector (%map1 (lambda (row) (apply f row)) (%rows (cons v rest)))))

(define (vector-map! f v . rest)
  (%store! v 0 (vector->list (apply vector-map f v rest))))

(define (vector-for-each f v . rest)
  (%for-each1 (lambda (row) (apply f row)) (%rows (cons v rest))))

(define (%fold-rows f value rows)
  (if (null? rows)
      value
      (%fold-rows f
                  (apply f (car (car rows)) value (cdr (car rows)))
                  (cdr rows))))

(define (vector-fold f value v . rest)
  (%fold-rows f value (%rows (cons v rest))))

(define (vector-fold-right f value v . rest)
  (%fold-rows f value (reverse (%rows (cons v rest)))))

(define (vector-count f v . rest)
  (length (filter (lambda (row) (apply f row)) (%rows (cons v rest)))))

(define (%first-row f rows)
  (let loop ((rows rows))
    (cond ((null? rows) #f)
          ((apply f (cdr (car rows))) (car (car rows)))
          (else (loop (cdr rows))))))

(define (vector-index f v . rest)
  (%first-row f (%rows (cons v rest))))

(define (vector-index-right f v . rest)
  (%first-row f (reverse (%rows (cons v rest)))))

(define (vector-skip f v . rest)
  (%first-row (negate f) (%rows (cons v rest))))

(define (vector-skip-right f v . rest)
  (%first-row (negate f) (reverse (%rows (cons v rest)))))

(define (vector-any f v . rest)
  (or-map (lambda (row) (apply f (cdr row))) (%rows (cons v rest))))

(define (vector-every f v . rest)
  (and-map (lambda (row) (apply f (cdr row))) (%rows (cons v rest))))

(define (vector-binary-search v key compare)
  (let loop ((low 0) (high (vector-length v)))
    (and (< low high)
         (let* ((middle (quotient (+ low high) 2))
                (order (compare (vector-ref v middle) key)))
           (cond ((= order 0) middle)
                 ((< order 0) (loop (+ middle 1) high))
                 (else (loop low middle)))))))

(define (vector= same . vectors)
  (let loop ((lists (%map1 vector->list vectors)))
    (or (null? lists)
        (null? (cdr lists))
        (and (= (length (car lists)) (length (cadr lists)))
             (and-map (lambda (pair) (same (car pair) (cdr pair)))
                      (map cons (car lists) (cadr lists)))
             (loop (cdr lists))))))
