;;; SRFI-17: `set!' of what an accessor gives.

(define-module (srfi srfi-17)
  #:export ((%setter . setter) getter-with-setter))

(define (getter-with-setter getter setter)
  (make-procedure-with-setter getter setter))
