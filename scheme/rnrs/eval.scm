;;; (rnrs eval), of R6RS, as far as it is supported here.

(define-module (rnrs eval)
  #:interface
  (environment eval))
