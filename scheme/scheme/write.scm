;;; (scheme write), of R7RS.

(define-module (scheme write)
  #:export
  ((write . write-simple) (write . write-shared))
  #:interface
  (display write))
