
;;; Vectors and the rest of the core that takes procedures.

(define (vector-fill! v x . range)
  (let ((start (if (pair? range) (car range) 0))
        (end (if (and (pair? range) (pair? (cdr range)))
                 (cadr range)
                 (vector-length v))))
    (let loop ((i start))
      (if (< i end)
          (begin
            (vector-set! v i x)
            (loop (+ i 1)))))))

(define (rationalize x error)
  (let ((low (- x error)) (high (+ x error)))
    (cond ((and (exact? low) (exact? high))
           (%simplest-between low high))
          (else
           (exact->inexact
            (%simplest-between (inexact->exact low) (inexact->exact high)))))))

(define (%simplest-between low high)
  (cond ((> low high) (%simplest-between high low))
        ((positive? low) (%simplest-positive low high))
        ((negative? high) (- (%simplest-positive (- high) (- low))))
        (else 0)))

(define (%simplest-positive low high)
  (let ((whole (floor low)))
    (cond ((= whole low) whole)
          ((< whole (floor high)) (+ whole 1))
          (else
           (+ whole
              (/ 1 (%simplest-positive (/ 1 (- high whole))
                                       (/ 1 (- low whole)))))))))

(define (array-for-each f v . rest)
  (let loop ((i 0))
    (if (< i (vector-length v))
        (begin
          (apply f (vector-ref v i)
                 (%map1 (lambda (other) (vector-ref other i)) rest))
          (loop (+ i 1))))))

(define (array-map! target f . vectors)
  (let loop ((i 0))
    (if (< i (vector-length target))
        (begin
          (vector-set! target i
                       (apply f (%map1 (lambda (v) (vector-ref v i)) vectors)))
          (loop (+ i 1))))))

(define (thunk? x)
  (procedure? x))

(define (symbol-prefix-proc prefix)
  (lambda (symbol)
    (symbol-append prefix symbol)))

(define (copy-tree x)
  (cond ((pair? x)
         (let loop ((x x) (out '()))
           (if (pair? x)
               (loop (cdr x) (cons (copy-tree (car x)) out))
               (append-reverse out (copy-tree x)))))
        ((vector? x)
         (list->vector (%map1 copy-tree (vector->list x))))
        (else x)))

(define (inf) +inf.0)

(define (nan) +nan.0)

(define (real-part x) x)

(define (imag-part x) (* 0 x))

(define (make-object-property)
  (let ((table (make-hash-table)))
    (lambda (object . value)
      (if (null? value)
          (hashq-ref table object)
          (hashq-set! table object (car value))))))

(define (make-hook . arity)
  (list '%hook))

(define (add-hook! hook f . append?)
  (if (and (pair? append?) (car append?))
      (append! hook (list f))
      (set-cdr! hook (cons f (cdr hook)))))

(define (remove-hook! hook f)
  (set-cdr! hook (delq f (cdr hook))))

(define (reset-hook! hook)
  (set-cdr! hook '()))

(define (hook->list hook)
  (cdr hook))

(define (hook-empty? hook)
  (null? (cdr hook)))

(define (run-hook hook . arguments)
  (%for-each1 (lambda (f) (apply f arguments)) (cdr hook)))

(define (provided? feature)
  (and (memq feature '(srfi-0 srfi-1 srfi-2 srfi-6 srfi-9 srfi-13 srfi-14
                       posix regex net-db threads))
       #t))

(define (string-concatenate-reverse/shared strings . options)
  (apply string-concatenate-reverse strings options))

(define (string-xcopy! target at s from . to+range)
  (string-copy! target at (apply xsubstring s from to+range)))

(define (char-set-adjoin! set . chars)
  (apply char-set-adjoin set chars))

(define (char-set-delete! set . chars)
  (apply char-set-delete set chars))

(define (char-set-union! set . sets)
  (apply char-set-union set sets))

(define (char-set-intersection! set . sets)
  (apply char-set-intersection set sets))

(define (char-set-difference! set . sets)
  (apply char-set-difference set sets))

(define (char-set-complement! set)
  (char-set-complement set))

(define (char-set-xor . sets)
  (if (null? sets)
      (char-set)
      (let loop ((all (car sets)) (sets (cdr sets)))
        (if (null? sets)
            all
            (loop (char-set-union (char-set-difference all (car sets))
                                  (char-set-difference (car sets) all))
                  (cdr sets))))))

(define (with-continuation-barrier thunk)
  (thunk))

(define (weak-key-hash-table? x) #f)

(define (weak-value-hash-table? x) #f)

(define (doubly-weak-hash-table? x) #f)

(define (gc) (if #f #f))
