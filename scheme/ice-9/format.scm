;;; (ice-9 format): the core's `format` is this one already.

(define-module (ice-9 format)
  #:export
  (format))
