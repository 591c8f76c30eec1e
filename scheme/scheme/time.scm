;;; (scheme time), of R7RS.

(define-module (scheme time)
  #:export
  (current-second jiffies-per-second)
  #:interface
  (current-jiffy))

(define (current-second)
  (exact->inexact (current-time)))

(define (jiffies-per-second)
  1000000000)
