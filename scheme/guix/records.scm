;;; (guix records): records whose constructor takes fields by name, as
;;; `build-machine' does.  `%make-record*' and `this-record' are special forms
;;; of the expander.

(define-module (guix records)
  #:export (define-record-type* this-record
            match-record match-record-lambda))

(define-syntax define-record-type*
  (syntax-rules ()
    ((_ type syntactic constructor predicate (field get option ...) ...)
     (%define-record* type syntactic constructor predicate
       (field get option ...) ...))
    ((_ type syntactic constructor predicate this (field get option ...) ...)
     (begin
       (define-syntax this (identifier-syntax this-record))
       (%define-record* type syntactic constructor predicate
         (field get option ...) ...)))))

(define-syntax %define-record*
  (syntax-rules ()
    ((_ type syntactic constructor predicate (field get option ...) ...)
     (begin
       (define type (make-record-type 'type '(field ...)))
       (define constructor
         (record-constructor type '(field ...) 'constructor))
       (%define-predicate type predicate)
       (%define-getter type field get option ...)
       ...
       (define-syntax syntactic
         (syntax-rules ::: ()
           ((_ clause :::)
            (%make-record* syntactic type constructor
                           ((field option ...) ...)
                           clause :::))))
       (%note-getters! type (list (cons 'field get) ...))))))

(define-syntax %define-getter
  (syntax-rules (thunked delayed)
    ((_ type field get)
     (define get (record-accessor type 'field 'get)))
    ((_ type field get (thunked) . more)
     (define get (%thunked-getter (record-accessor type 'field 'get))))
    ((_ type field get (delayed) . more)
     (define get (%delayed-getter (record-accessor type 'field 'get))))
    ((_ type field get option . more)
     (%define-getter type field get . more))))

(define (%thunked-getter get)
  (lambda (record)
    ((get record) record)))

(define (%delayed-getter get)
  (lambda (record)
    (force (get record))))

;; The getters of all types, for `match-record'.
(define %getters (list '%getters))

(define (%note-getters! type getters)
  (set-cdr! %getters (cons (cons type getters) (cdr %getters))))

(define (%getter type field)
  (assq-ref (assq-ref (cdr %getters) type) field))

(define-syntax match-record
  (syntax-rules ()
    ((_ record type (field ...) body ...)
     (let ((r record))
       (%match-fields r type (field ...) () body ...)))))

(define-syntax %match-fields
  (syntax-rules ()
    ((_ record type () bindings body ...)
     (let bindings body ...))
    ((_ record type ((field variable) more ...) (binding ...) body ...)
     (%match-fields record type (more ...)
                    (binding ... (variable ((%getter type 'field) record)))
                    body ...))
    ((_ record type (field more ...) (binding ...) body ...)
     (%match-fields record type (more ...)
                    (binding ... (field ((%getter type 'field) record)))
                    body ...))))

(define-syntax-rule (match-record-lambda type fields body ...)
  (lambda (record)
    (match-record record type fields body ...)))
