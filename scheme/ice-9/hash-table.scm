;;; (ice-9 hash-table): tables out of association lists.

(define-module (ice-9 hash-table)
  #:export (alist->hash-table alist->hashq-table alist->hashv-table
            alist->hashx-table))

(define (%alist->table set! l)
  (let ((table (make-hash-table (length l))))
    (%for-each1 (lambda (entry) (set! table (car entry) (cdr entry)))
                (reverse l))
    table))

(define (alist->hash-table l . size)
  (%alist->table hash-set! l))

(define (alist->hashq-table l . size)
  (%alist->table hashq-set! l))

(define (alist->hashv-table l . size)
  (%alist->table hashv-set! l))

(define (alist->hashx-table hash assoc l . size)
  (%alist->table (lambda (table key value)
                   (hashx-set! hash assoc table key value))
                 l))
