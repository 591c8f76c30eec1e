;;; (scheme eval), of R7RS.

(define-module (scheme eval)
  #:interface
  (environment eval))
