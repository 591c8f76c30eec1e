;;; (rnrs mutable-strings), of R6RS, as far as it is supported here.

(define-module (rnrs mutable-strings)
  #:interface
  (string-fill! string-set!))
