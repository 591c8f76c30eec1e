;;; (scheme read), of R7RS.

(define-module (scheme read)
  #:interface
  (read))
