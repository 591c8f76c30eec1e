;;; SRFI-8, receive.

(define-module (srfi srfi-8)
  #:export (receive))
