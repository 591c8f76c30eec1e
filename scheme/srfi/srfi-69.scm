;;; SRFI-69, hash tables.  They are those of the core, which know how they
;;; compare; comparisons of a file's own are not supported.

(define-module (srfi srfi-69)
  #:export
  (make-hash-table hash-table? alist->hash-table
   hash-table-equivalence-function hash-table-hash-function
   hash-table-ref hash-table-ref/default hash-table-set! hash-table-delete!
   hash-table-exists? hash-table-update! hash-table-update!/default
   hash-table-size hash-table-keys hash-table-values hash-table-walk
   hash-table-fold hash-table->alist hash-table-copy hash-table-merge!
   hash (%string-hash . string-hash) (string-hash-ci . string-ci-hash)
   hash-by-identity))

(define (%by-content? same)
  (cond ((or (eq? same equal?) (eq? same string=?) (eq? same =)) #t)
        ((or (eq? same eq?) (eq? same eqv?) (eq? same char=?)) #f)
        (else (%unsupported "a hash table with such an equivalence"))))

(define (make-hash-table . options)
  (%make-table (if (null? options) #t (%by-content? (car options)))))

(define (alist->hash-table l . options)
  (let ((table (apply make-hash-table options)))
    (%for-each1 (lambda (entry)
                  (if (not (hash-table-exists? table (car entry)))
                      (%table-set! table (car entry) (cdr entry))))
                l)
    table))

(define (hash-table-equivalence-function table)
  (if (%table-by-content? table) equal? eqv?))

(define (hash-table-hash-function table)
  hash)

(define (%string-hash s . bound)
  (apply string-hash s bound))

(define (hash x . bound)
  (%hash x (if (null? bound) 536870912 (car bound))))

(define (hash-by-identity x . bound)
  (apply hash x bound))

(define (%missing) '%missing)

(define (hash-table-ref table key . options)
  (let ((value (%table-ref table key %missing)))
    (if (eq? value %missing)
        (if (or (null? options) (not (car options)))
            (error "Key not in table and no default" key)
            ((car options)))
        (if (and (pair? options) (pair? (cdr options)))
            ((cadr options) value)
            value))))

(define (hash-table-ref/default table key default)
  (%table-ref table key default))

(define (hash-table-set! table key value)
  (%table-set! table key value)
  (if #f #f))

(define (hash-table-delete! table key)
  (%table-remove! table key)
  (if #f #f))

(define (hash-table-exists? table key)
  (not (eq? (%table-ref table key %missing) %missing)))

(define (hash-table-update! table key f . options)
  (hash-table-set! table key (f (apply hash-table-ref table key options))))

(define (hash-table-update!/default table key f default)
  (hash-table-set! table key (f (%table-ref table key default))))

(define (hash-table-size table)
  (%table-size table))

(define (%handles table)
  (%table-handles table "hash-table-fold" 1))

(define (hash-table-fold table f value)
  (let loop ((handles (%handles table)) (value value))
    (if (null? handles)
        value
        (loop (cdr handles)
              (f (car (car handles)) (cdr (car handles)) value)))))

(define (hash-table-keys table)
  (reverse (%map1 car (%handles table))))

(define (hash-table-values table)
  (reverse (%map1 cdr (%handles table))))

(define (hash-table->alist table)
  (reverse (%map1 (lambda (handle) (cons (car handle) (cdr handle)))
                  (%handles table))))

(define (hash-table-walk table f)
  (%handles-for-each f (%handles table)))

(define (hash-table-copy table)
  (hash-table-merge! (%make-table (%table-by-content? table)) table))

(define (hash-table-merge! table other)
  (hash-table-walk other
                   (lambda (key value)
                     (if (not (hash-table-exists? table key))
                         (%table-set! table key value))))
  table)
