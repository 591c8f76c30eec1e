;;; (rnrs hashtables), of R6RS: Guile's tables with the kind of equality that
;;; they are for.  Tables with procedures of their own compare with `equal?'.

(define-module (rnrs hashtables)
  #:export
  (make-eq-hashtable make-eqv-hashtable make-hashtable hashtable?
   hashtable-ref hashtable-set! hashtable-delete! hashtable-contains?
   hashtable-size hashtable-keys hashtable-entries hashtable-update!
   hashtable-clear! hashtable-copy hashtable-mutable?)
  #:interface
  (equal-hash hashtable-equivalence-function hashtable-hash-function
   string-ci-hash string-hash symbol-hash))

(define %make-hashtable (%standard-constructor '<hashtable> '%make-hashtable))
(define hashtable? (%standard-record-predicate '<hashtable>))
(define %table (%standard-record-accessor '<hashtable> 'table 'hashtable-table))
(define %kind (%standard-record-accessor '<hashtable> 'kind 'hashtable-kind))

(define (make-eq-hashtable . size)
  (%make-hashtable (make-hash-table) 'eq))

(define (make-eqv-hashtable . size)
  (%make-hashtable (make-hash-table) 'eqv))

(define (make-hashtable hash equal . size)
  (%make-hashtable (make-hash-table)
                   (cond ((eq? equal eq?) 'eq)
                         ((eq? equal eqv?) 'eqv)
                         (else 'equal))))

(define (hashtable-ref h key default)
  (case (%kind h)
    ((eq) (hashq-ref (%table h) key default))
    ((eqv) (hashv-ref (%table h) key default))
    (else (hash-ref (%table h) key default))))

(define (hashtable-set! h key value)
  (case (%kind h)
    ((eq) (hashq-set! (%table h) key value))
    ((eqv) (hashv-set! (%table h) key value))
    (else (hash-set! (%table h) key value)))
  (if #f #f))

(define (hashtable-delete! h key)
  (case (%kind h)
    ((eq) (hashq-remove! (%table h) key))
    ((eqv) (hashv-remove! (%table h) key))
    (else (hash-remove! (%table h) key)))
  (if #f #f))

(define (hashtable-contains? h key)
  (let ((none (list #f)))
    (not (eq? none (hashtable-ref h key none)))))

(define (hashtable-size h)
  (hash-count (lambda (key value) #t) (%table h)))

(define (hashtable-keys h)
  (list->vector (hash-map->list (lambda (key value) key) (%table h))))

(define (hashtable-entries h)
  (let ((all (hash-map->list cons (%table h))))
    (values (list->vector (map car all))
            (list->vector (map cdr all)))))

(define (hashtable-update! h key f default)
  (hashtable-set! h key (f (hashtable-ref h key default))))

(define (hashtable-clear! h . size)
  (hash-clear! (%table h)))

(define (hashtable-copy h . mutable)
  (let ((copy (%make-hashtable (make-hash-table) (%kind h))))
    (hash-for-each (lambda (key value) (hashtable-set! copy key value))
                   (%table h))
    copy))

(define (hashtable-mutable? h)
  #t)
