;;; SRFI-31, rec.

(define-module (srfi srfi-31)
  #:export (rec))

(define-syntax rec
  (syntax-rules ()
    ((_ (name . parameters) body ...)
     (letrec ((name (lambda parameters body ...))) name))
    ((_ name value)
     (letrec ((name value)) name))))
