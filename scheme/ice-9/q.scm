;;; (ice-9 q): queues.  A queue is a list with its last pair: (LIST . LAST).

(define-module (ice-9 q)
  #:export (sync-q! make-q q? q-empty? q-empty-check q-front q-rear q-remove!
            q-push! enq! q-pop! deq! q-length))

(define (make-q)
  (cons '() #f))

(define (sync-q! q)
  (set-cdr! q (if (pair? (car q)) (last-pair (car q)) #f))
  q)

(define (q? x)
  (and (pair? x)
       (list? (car x))
       (if (pair? (car x))
           (eq? (cdr x) (last-pair (car x)))
           (not (cdr x)))))

(define (q-empty? q)
  (null? (car q)))

(define (q-empty-check q)
  (if (q-empty? q)
      (throw 'q-empty q)))

(define (q-front q)
  (q-empty-check q)
  (car (car q)))

(define (q-rear q)
  (q-empty-check q)
  (car (cdr q)))

(define (q-remove! q x)
  (set-car! q (delq! x (car q)))
  (sync-q! q))

(define (q-push! q x)
  (let ((pair (cons x (car q))))
    (set-car! q pair)
    (if (not (cdr q))
        (set-cdr! q pair))
    q))

(define (enq! q x)
  (let ((pair (list x)))
    (if (null? (car q))
        (set-car! q pair)
        (set-cdr! (cdr q) pair))
    (set-cdr! q pair)
    q))

(define (q-pop! q)
  (q-empty-check q)
  (let ((pair (car q)))
    (set-car! q (cdr pair))
    (if (null? (cdr pair))
        (set-cdr! q #f))
    (car pair)))

(define (deq! q)
  (q-pop! q))

(define (q-length q)
  (length (car q)))
