;;; SRFI-11, let-values.

(define-module (srfi srfi-11)
  #:export (let-values let*-values))
