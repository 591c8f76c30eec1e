;;; SRFI-39, parameters, which (guile) has too.

(define-module (srfi srfi-39)
  #:export (make-parameter parameterize)
  #:interface (current-input-port current-output-port current-error-port
               with-parameters*))
