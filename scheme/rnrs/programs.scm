;;; (rnrs programs), of R6RS, as far as it is supported here.

(define-module (rnrs programs)
  #:interface
  (command-line exit))
