;;; (ice-9 exceptions): the types of exceptions, and `guard'.  Other modules
;;; take the same things from here under other names.

(define-module (ice-9 exceptions)
  #:export
  (raise-exception with-exception-handler exception? exception-kind
   exception-args exception-type? exception-predicate exception-accessor
   make-exception make-exception-type simple-exceptions
   define-exception-type raise-continuable guard
   &exception &error make-error error?
   &programming-error make-programming-error programming-error?
   &assertion-failure make-assertion-failure assertion-failure?
   &non-continuable make-non-continuable-error non-continuable-error?
   &implementation-restriction make-implementation-restriction-error
   implementation-restriction-error?
   &lexical make-lexical-error lexical-error?
   &syntax make-syntax-error syntax-error? syntax-error-form
   syntax-error-subform
   &undefined-variable make-undefined-variable-error
   undefined-variable-error?
   &external-error make-external-error external-error?
   &quit-exception make-quit-exception quit-exception?
   &warning make-warning warning?
   &message make-exception-with-message exception-with-message?
   exception-message
   &irritants make-exception-with-irritants exception-with-irritants?
   exception-irritants
   &origin make-exception-with-origin exception-with-origin?
   exception-origin))

(define raise-continuable
  (lambda (exception) (%raise-continuable exception)))

(define-syntax guard
  (syntax-rules ()
    ((_ (exception clause more ...) body rest ...)
     (%guard (lambda (exception) (%guard-clauses clause more ...))
             (lambda () body rest ...)))))

(define-syntax %guard-clauses
  (syntax-rules (else =>)
    ((_) #f)
    ((_ (else value ...))
     (lambda () value ...))
    ((_ (test => receiver) clause ...)
     (let ((t test))
       (if t
           (lambda () (receiver t))
           (%guard-clauses clause ...))))
    ((_ (test) clause ...)
     (let ((t test))
       (if t
           (lambda () t)
           (%guard-clauses clause ...))))
    ((_ (test value ...) clause ...)
     (if test
         (lambda () value ...)
         (%guard-clauses clause ...)))))

(define-syntax define-exception-type
  (syntax-rules ()
    ((_ type parent constructor predicate (field accessor) ...)
     (begin
       (define type (make-exception-type 'type parent '(field ...)))
       (define constructor (%exception-constructor type 'constructor))
       (define predicate (exception-predicate type))
       (define accessor (%exception-accessor type 'field 'accessor))
       ...))))

(define &exception (%standard-type '&exception))

(define &error (%standard-type '&error))
(define make-error (%standard-constructor '&error 'make-error))
(define error? (%standard-predicate '&error))

(define &programming-error (%standard-type '&programming-error))
(define make-programming-error (%standard-constructor '&programming-error 'make-programming-error))
(define programming-error? (%standard-predicate '&programming-error))

(define &assertion-failure (%standard-type '&assertion-failure))
(define make-assertion-failure (%standard-constructor '&assertion-failure 'make-assertion-failure))
(define assertion-failure? (%standard-predicate '&assertion-failure))

(define &non-continuable (%standard-type '&non-continuable))
(define make-non-continuable-error (%standard-constructor '&non-continuable 'make-non-continuable-error))
(define non-continuable-error? (%standard-predicate '&non-continuable))

(define &implementation-restriction (%standard-type '&implementation-restriction))
(define make-implementation-restriction-error (%standard-constructor '&implementation-restriction 'make-implementation-restriction-error))
(define implementation-restriction-error? (%standard-predicate '&implementation-restriction))

(define &lexical (%standard-type '&lexical))
(define make-lexical-error (%standard-constructor '&lexical 'make-lexical-error))
(define lexical-error? (%standard-predicate '&lexical))

(define &syntax (%standard-type '&syntax))
(define make-syntax-error (%standard-constructor '&syntax 'make-syntax-error))
(define syntax-error? (%standard-predicate '&syntax))
(define syntax-error-form (%standard-accessor '&syntax 'form 'syntax-error-form))
(define syntax-error-subform (%standard-accessor '&syntax 'subform 'syntax-error-subform))

(define &undefined-variable (%standard-type '&undefined-variable))
(define make-undefined-variable-error (%standard-constructor '&undefined-variable 'make-undefined-variable-error))
(define undefined-variable-error? (%standard-predicate '&undefined-variable))

(define &external-error (%standard-type '&external-error))
(define make-external-error (%standard-constructor '&external-error 'make-external-error))
(define external-error? (%standard-predicate '&external-error))

(define &quit-exception (%standard-type '&quit-exception))
(define make-quit-exception (%standard-constructor '&quit-exception 'make-quit-exception))
(define quit-exception? (%standard-predicate '&quit-exception))

(define &warning (%standard-type '&warning))
(define make-warning (%standard-constructor '&warning 'make-warning))
(define warning? (%standard-predicate '&warning))

(define &message (%standard-type '&message))
(define make-exception-with-message (%standard-constructor '&message 'make-exception-with-message))
(define exception-with-message? (%standard-predicate '&message))
(define exception-message (%standard-accessor '&message 'message 'exception-message))

(define &irritants (%standard-type '&irritants))
(define make-exception-with-irritants (%standard-constructor '&irritants 'make-exception-with-irritants))
(define exception-with-irritants? (%standard-predicate '&irritants))
(define exception-irritants (%standard-accessor '&irritants 'irritants 'exception-irritants))

(define &origin (%standard-type '&origin))
(define make-exception-with-origin (%standard-constructor '&origin 'make-exception-with-origin))
(define exception-with-origin? (%standard-predicate '&origin))
(define exception-origin (%standard-accessor '&origin 'origin 'exception-origin))
