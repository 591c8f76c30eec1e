;;; (ice-9 list): association lists the other way round.

(define-module (ice-9 list)
  #:export (rassoc rassq rassv))

(define (%rassoc x l same)
  (let loop ((l l))
    (cond ((null? l) #f)
          ((same x (cdr (car l))) (car l))
          (else (loop (cdr l))))))

(define (rassoc x l . same)
  (%rassoc x l (if (pair? same) (car same) equal?)))

(define (rassq x l)
  (%rassoc x l eq?))

(define (rassv x l)
  (%rassoc x l eqv?))
