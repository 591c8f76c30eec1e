;;; (rnrs lists), of R6RS.

(define-module (rnrs lists)
  #:use-module (srfi srfi-1)
  #:export
  ((every . for-all) (any . exists) fold-left (remove . remp)
   (delete . remove) (delv . remv) (delq . remq) memp assp)
  #:interface
  (assoc assq assv cons* filter find fold-right member memq memv partition))

(define (fold-left f value l . more)
  (if (null? more)
      (let loop ((value value) (l l))
        (if (null? l)
            value
            (loop (f value (car l)) (cdr l))))
      (let loop ((value value) (lists (cons l more)))
        (if (null? (car lists))
            value
            (loop (apply f value (map car lists)) (map cdr lists))))))

(define (memp f l)
  (find-tail f l))

(define (assp f l)
  (find (lambda (pair) (f (car pair))) l))
