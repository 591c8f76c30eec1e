;;; (scheme load), of R7RS.

(define-module (scheme load)
  #:interface
  (load))
