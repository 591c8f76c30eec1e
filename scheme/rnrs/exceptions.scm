;;; (rnrs exceptions), of R6RS.

(define-module (rnrs exceptions)
  #:use-module (ice-9 exceptions)
  #:export
  (guard (%raise . raise) raise-continuable with-exception-handler))
