;;; SRFI-35, conditions.

(define-module (srfi srfi-35)
  #:use-module (ice-9 exceptions)
  #:export
  ((make-exception-type . make-condition-type)
   (exception-type? . condition-type?)
   (exception? . condition?)
   (make-exception . make-compound-condition)
   (&exception . &condition)
   &message
   (exception-with-message? . message-condition?)
   (exception-message . condition-message)
   (&error . &serious)
   (error? . serious-condition?)
   (&external-error . &error)
   (external-error? . error?)
   make-condition condition-has-type? condition-ref extract-condition
   define-condition-type condition))

(define-syntax define-condition-type
  (syntax-rules ()
    ((_ type parent predicate (field accessor) ...)
     (begin
       (define type (make-exception-type 'type parent '(field ...)))
       (define predicate (exception-predicate type))
       (define accessor (%exception-accessor type 'field 'accessor))
       ...))))

(define-syntax condition
  (syntax-rules ()
    ((_ (type (field value) ...) ...)
     (make-exception
      (%condition type '(field ...) (list value ...))
      ...))))
