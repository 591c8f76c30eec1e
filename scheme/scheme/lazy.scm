;;; (scheme lazy), of R7RS.

(define-module (scheme lazy)
  #:export
  (delay-force make-promise)
  #:interface
  (delay force promise?))

(define-syntax-rule (delay-force expression)
  (delay (force expression)))

(define (make-promise value)
  (if (promise? value)
      value
      (%make-promise #t value)))
