;;; (ice-9 match): the forms are of the expander.

(define-module (ice-9 match)
  #:export (match match-lambda match-lambda* match-let match-let*
            match-letrec))
