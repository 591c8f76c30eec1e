;;; (scheme complex), of R7RS.

(define-module (scheme complex)
  #:interface
  (angle imag-part magnitude make-polar make-rectangular real-part))
