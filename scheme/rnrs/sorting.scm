;;; (rnrs sorting), of R6RS.

(define-module (rnrs sorting)
  #:export
  (list-sort vector-sort)
  #:interface
  (vector-sort!))

(define (list-sort less l)
  (sort l less))

(define (vector-sort less v)
  (sort v less))

(define (vector-sort! less v)
  (sort! v less))
