;;; (scheme inexact), of R7RS.

(define-module (scheme inexact)
  #:export
  (exact inexact)
  #:interface
  (acos asin atan cos exp finite? infinite? log nan? sin sqrt tan))

(define (exact x)
  (inexact->exact x))

(define (inexact x)
  (exact->inexact x))

(define (infinite? x)
  (inf? x))
