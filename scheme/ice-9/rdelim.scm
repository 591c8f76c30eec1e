;;; (ice-9 rdelim), as far as it is supported here.

(define-module (ice-9 rdelim)
  #:export (read-line read-string))
