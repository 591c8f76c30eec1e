;;; SRFI-34, raise and guard.

(define-module (srfi srfi-34)
  #:use-module (ice-9 exceptions)
  #:export (guard (%raise . raise) with-exception-handler))
