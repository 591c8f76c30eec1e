;;; (rnrs mutable-pairs), of R6RS, as far as it is supported here.

(define-module (rnrs mutable-pairs)
  #:interface
  (set-car! set-cdr!))
