;;; (rnrs control), of R6RS, as far as it is supported here.

(define-module (rnrs control)
  #:interface
  (case-lambda do unless when))
