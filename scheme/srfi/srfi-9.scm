;;; SRFI-9, records.

(define-module (srfi srfi-9)
  #:export (define-record-type))

(define-syntax define-record-type
  (syntax-rules ()
    ((_ type constructor predicate (field . procedures) ...)
     (begin
       (define type (make-record-type 'type '(field ...)))
       (%define-constructor type constructor)
       (%define-predicate type predicate)
       (%define-field type field . procedures)
       ...))))
