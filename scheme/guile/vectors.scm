
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
