;;; (srfi srfi-9 gnu): records whose fields are changed in a copy.

(define-module (srfi srfi-9 gnu)
  #:export (define-immutable-record-type set-field set-fields
            set-record-type-printer!))

(define-syntax define-immutable-record-type
  (syntax-rules ()
    ((_ type constructor predicate (field . procedures) ...)
     (begin
       (define type (make-record-type 'type '(field ...)))
       (%define-constructor type constructor)
       (%define-predicate type predicate)
       (%define-copying type field . procedures)
       ...))))

(define-syntax %define-copying
  (syntax-rules ()
    ((_ type field)
     (define unused #f))
    ((_ type field accessor)
     (define accessor (record-accessor type 'field 'accessor)))
    ((_ type field accessor updater)
     (begin
       (define accessor (record-accessor type 'field 'accessor))
       (define (updater record value)
         (%record-update record accessor value))))))

(define-syntax set-field
  (syntax-rules ()
    ((_ record (accessor) value)
     (%record-update record accessor value))
    ((_ record (accessor more ...) value)
     (let ((r record))
       (%record-update r accessor
                       (set-field (accessor r) (more ...) value))))))

(define-syntax set-fields
  (syntax-rules ()
    ((_ record)
     record)
    ((_ record ((accessor ...) value) change ...)
     (set-fields (set-field record (accessor ...) value) change ...))))

;; Records are printed in Rust, which cannot call PRINTER.
(define (set-record-type-printer! type printer)
  (if #f #f))
