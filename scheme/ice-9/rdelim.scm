;;; (ice-9 rdelim)

(define-module (ice-9 rdelim)
  #:export
  (read-delimited read-line read-string write-line))

(define (read-delimited delimiters . options)
  (apply %read-delimited delimiters options))
