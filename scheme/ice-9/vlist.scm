;;; (ice-9 vlist): lists and tables that are never changed.  Here both are a
;;; list in a record; a table is one of pairs, the newest first.

(define-module (ice-9 vlist)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export
  (vlist? vlist-cons vlist-head vlist-tail vlist-null? vlist-null
   list->vlist vlist-ref vlist-drop vlist-take vlist-length vlist-fold
   vlist-fold-right vlist-map vlist-unfold vlist-unfold-right vlist-append
   vlist-reverse vlist-filter vlist-delete vlist->list vlist-for-each
   block-growth-factor
   vhash? vhash-cons vhash-consq vhash-consv vhash-assoc vhash-assq
   vhash-assv vhash-delete vhash-delq vhash-delv vhash-fold
   vhash-fold-right vhash-fold* vhash-foldq* vhash-foldv* alist->vhash))

(define-record-type vlist
  (%make-vlist items table?)
  vlist?
  (items %items)
  (table? %table?))

(define vlist-null
  (%make-vlist '() #f))

(define block-growth-factor
  (make-fluid 2))

(define (%vlist items)
  (%make-vlist items #f))

(define (vlist-null? v)
  (null? (%items v)))

(define (vlist-cons x v)
  (%vlist (cons x (%items v))))

(define (vlist-head v)
  (car (%items v)))

(define (vlist-tail v)
  (%make-vlist (cdr (%items v)) (%table? v)))

(define (list->vlist l)
  (%vlist (list-copy l)))

(define (vlist->list v)
  (list-copy (%items v)))

(define (vlist-ref v n)
  (list-ref (%items v) n))

(define (vlist-drop v n)
  (%make-vlist (list-tail (%items v) n) (%table? v)))

(define (vlist-take v n)
  (%vlist (list-head (%items v) n)))

(define (vlist-length v)
  (length (%items v)))

(define (vlist-fold f value v)
  (fold f value (%items v)))

(define (vlist-fold-right f value v)
  (fold-right f value (%items v)))

(define (vlist-map f v)
  (%vlist (map f (%items v))))

(define (vlist-for-each f v)
  (for-each f (%items v)))

(define (vlist-reverse v)
  (%vlist (reverse (%items v))))

(define (vlist-append . all)
  (%vlist (apply append (map %items all))))

(define (vlist-filter f v)
  (%vlist (filter f (%items v))))

(define* (vlist-delete x v #:optional (same equal?))
  (%vlist (delete x (%items v) same)))

(define* (vlist-unfold stop? item next seed
                       #:optional (tail (lambda (seed) vlist-null)))
  (%vlist (unfold stop? item next seed (lambda (seed) (%items (tail seed))))))

(define* (vlist-unfold-right stop? item next seed #:optional (tail vlist-null))
  (%vlist (unfold-right stop? item next seed (%items tail))))

(define (vhash? x)
  (and (vlist? x) (%table? x)))

(define* (vhash-cons key value table #:optional hash)
  (%make-vlist (cons (cons key value) (%items table)) #t))

(define (vhash-consq key value table)
  (vhash-cons key value table))

(define (vhash-consv key value table)
  (vhash-cons key value table))

(define* (vhash-assoc key table #:optional (same equal?) hash)
  (if (eq? same equal?)
      (assoc key (%items table))
      (find (lambda (entry) (same key (car entry))) (%items table))))

(define (vhash-assq key table)
  (assq key (%items table)))

(define (vhash-assv key table)
  (assv key (%items table)))

(define* (vhash-delete key table #:optional (same equal?) hash)
  (let ((items (%items table)))
    (if (any (lambda (entry) (same key (car entry))) items)
        (%make-vlist (remove (lambda (entry) (same key (car entry))) items)
                     #t)
        table)))

(define (vhash-delq key table)
  (vhash-delete key table eq?))

(define (vhash-delv key table)
  (vhash-delete key table eqv?))

(define (vhash-fold f value table)
  (fold (lambda (entry value) (f (car entry) (cdr entry) value))
        value
        (%items table)))

(define (vhash-fold-right f value table)
  (fold-right (lambda (entry value) (f (car entry) (cdr entry) value))
              value
              (%items table)))

(define* (vhash-fold* f value key table #:optional (same equal?) hash)
  (fold (lambda (entry value)
          (if (same key (car entry))
              (f (cdr entry) value)
              value))
        value
        (%items table)))

(define (vhash-foldq* f value key table)
  (vhash-fold* f value key table eq?))

(define (vhash-foldv* f value key table)
  (vhash-fold* f value key table eqv?))

(define* (alist->vhash alist #:optional hash)
  (%make-vlist (map (lambda (entry) (cons (car entry) (cdr entry))) alist)
               #t))
