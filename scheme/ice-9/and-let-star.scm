;;; (ice-9 and-let-star)

(define-module (ice-9 and-let-star)
  #:use-module (srfi srfi-2)
  #:export (and-let*))
