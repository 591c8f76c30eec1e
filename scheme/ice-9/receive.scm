;;; (ice-9 receive)

(define-module (ice-9 receive)
  #:export (receive))
