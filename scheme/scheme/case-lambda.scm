;;; (scheme case-lambda), of R7RS.

(define-module (scheme case-lambda)
  #:interface
  (case-lambda))
