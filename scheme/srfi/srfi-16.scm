;;; SRFI-16, case-lambda, which (guile) has too.

(define-module (srfi srfi-16)
  #:export (case-lambda))
