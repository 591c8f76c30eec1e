;;; SRFI-1, lists, as far as it is supported here.

(define-module (srfi srfi-1)
  #:export
  (cons list map map-in-order for-each append reverse length filter delete
   member assoc list-index list-copy iota make-list cons* last-pair
   first second third fourth fifth sixth seventh eighth ninth tenth
   take drop last concatenate alist-cons list-tabulate
   fold fold-right reduce append-map filter-map any every find find-tail
   remove delete-duplicates take-while drop-while count))

(define (alist-cons key value l)
  (cons (cons key value) l))

(define (list-tabulate n f)
  (map f (iota n)))

(define (fold f value l . rest)
  (%check-procedure "fold" 1 f)
  (%check-list "fold" 3 l)
  (if (null? rest)
      (let loop ((l l) (value value))
        (if (null? l)
            value
            (loop (cdr l) (f (car l) value))))
      (let loop ((lists (cons l rest)) (value value))
        (if (%any-null? lists)
            value
            (loop (%map1 cdr lists)
                  (apply f (append (%map1 car lists) (list value))))))))

(define (fold-right f value l)
  (%check-procedure "fold-right" 1 f)
  (%check-list "fold-right" 3 l)
  (fold f value (reverse l)))

(define (reduce f default l)
  (%check-procedure "reduce" 1 f)
  (%check-list "reduce" 3 l)
  (if (null? l)
      default
      (fold f (car l) (cdr l))))

(define (append-map f l . rest)
  (%check-procedure "append-map" 1 f)
  (%check-list "append-map" 2 l)
  (concatenate (apply map f l rest)))

(define (filter-map f l . rest)
  (filter identity (apply map f l rest)))

(define (any f l . rest)
  (%check-procedure "any" 1 f)
  (%check-list "any" 2 l)
  (if (null? rest)
      (let loop ((l l))
        (and (pair? l)
             (or (f (car l)) (loop (cdr l)))))
      (let loop ((lists (cons l rest)))
        (and (not (%any-null? lists))
             (or (apply f (%map1 car lists)) (loop (%map1 cdr lists)))))))

(define (every f l . rest)
  (%check-procedure "every" 1 f)
  (%check-list "every" 2 l)
  (let loop ((lists (cons l rest)) (value #t))
    (if (%any-null? lists)
        value
        (let ((value (apply f (%map1 car lists))))
          (and value (loop (%map1 cdr lists) value))))))

(define (find f l)
  (let ((tail (find-tail f l)))
    (and tail (car tail))))

(define (find-tail f l)
  (%check-procedure "find" 1 f)
  (%check-list "find" 2 l)
  (let loop ((l l))
    (and (pair? l)
         (if (f (car l)) l (loop (cdr l))))))

(define (remove f l)
  (filter (negate f) l))

(define (delete-duplicates l . same)
  (if (null? same)
      (%delete-duplicates l)
      (let loop ((l l) (out '()))
        (cond ((null? l) (reverse out))
              ((any (lambda (kept) ((car same) kept (car l))) out)
               (loop (cdr l) out))
              (else (loop (cdr l) (cons (car l) out)))))))

(define (take-while f l)
  (let loop ((l l) (out '()))
    (if (and (pair? l) (f (car l)))
        (loop (cdr l) (cons (car l) out))
        (reverse out))))

(define (drop-while f l)
  (if (and (pair? l) (f (car l)))
      (drop-while f (cdr l))
      l))

(define (count f l)
  (length (filter f l)))
