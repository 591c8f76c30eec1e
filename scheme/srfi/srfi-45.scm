;;; SRFI-45, lazy.

(define-module (srfi srfi-45)
  #:export (delay lazy force eager promise?))

(define-syntax-rule (lazy expression)
  (delay (force expression)))

(define (eager value)
  (%make-promise #t value))
