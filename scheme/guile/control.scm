;;; Control: continuations, exceptions, dynamic state.  Part of (guile).
;;;
;;; An error of a procedure in Rust unwinds the interpreter's stack up to the
;;; innermost `%native-handle'; the dynamic state, which is ours, stays that of
;;; the place that failed until a handler is found.

(define (%rewind state)
  (let ((step (%rewind-step state)))
    (if step
        (begin
          ((%wind-thunk step))
          (%wind-done! step)
          (%rewind state)))))

(define (call-with-current-continuation f)
  (let ((state (%state)))
    (%native-call/cc
     (lambda (k)
       (f (lambda results
            (%rewind state)
            (k (%apply values (%rest<-list results)))))))))

(define (call/cc f)
  (call-with-current-continuation f))

(define (call-with-values producer consumer)
  (%apply consumer (%rest<-list (%values->list (producer)))))

(define (dynamic-wind before thunk after)
  (let ((state (%state)))
    (before)
    (%push-wind! before after)
    (let ((result (thunk)))
      (%set-state! state)
      (after)
      result)))

;; UNWIND: #f, or for which exceptions the stack is unwound first.
(define (%with-handler handler unwind thunk)
  (let* ((state (%state))
         (result
          (%native-handle
           (lambda (error)
             (let ((thrown (%thrown error state)))
               (if thrown
                   (if unwind
                       (begin
                         (%rewind state)
                         (handler (%thrown-exception thrown)))
                       (begin
                         (%outer-handlers! state)
                         (handler (%thrown-exception thrown))
                         (%non-continuable)))
                   (%native-raise error))))
           (lambda ()
             (%push-handler! handler unwind)
             (thunk)))))
    (%set-state! state)
    result))

(define (with-exception-handler handler thunk . options)
  (%with-handler handler (%unwind-option handler options) thunk))

(define (raise-exception exception . options)
  (if (%continuable-option options)
      (%raise-continuable exception)
      (%raise exception)))

(define (%raise-continuable exception)
  (let* ((state (%state))
         (handler (%next-handler exception)))
    (if handler
        (let ((result (handler exception)))
          (%set-state! state)
          result)
        (%raise exception))))

(define (catch key thunk handler . before)
  (%check-catch key handler before)
  (%with-handler
   (lambda (exception)
     (%apply handler
             (%rest<-list
              (cons (exception-kind exception) (exception-args exception)))))
   key
   (if (if (pair? before) (car before) #f)
       (lambda () (with-throw-handler key thunk (car before)))
       thunk)))

(define (with-throw-handler key thunk handler)
  (%check-throw-handler key)
  (let ((running (make-fluid #f)))
    (%with-handler
     (lambda (exception)
       (if (fluid-ref running)
           #f
           (if (or (eq? key #t) (eq? key (exception-kind exception)))
               (with-fluid* running #t
                 (lambda ()
                   (%apply handler
                           (%rest<-list
                            (cons (exception-kind exception)
                                  (exception-args exception))))))))
       (%raise exception))
     #f
     thunk)))

(define (%false-if-exception thunk)
  (%with-handler (lambda (exception) #f) #t thunk))

(define (with-fluids* fluids values thunk)
  (let ((state (%state)))
    (%bind-fluids! fluids values)
    (let ((result (thunk)))
      (%set-state! state)
      result)))

(define (with-fluid* fluid value thunk)
  (with-fluids* (list fluid) (list value) thunk))

(define (make-parameter value . converter)
  (if (null? converter)
      (%make-parameter value)
      (let* ((convert (car converter))
             (fluid (make-fluid (convert value))))
        (%register-parameter!
         (lambda new
           (let ((old (fluid-ref fluid)))
             (if (pair? new)
                 (fluid-set! fluid (convert (car new))))
             old))
         fluid
         convert))))

(define (%parameterize parameters values thunk)
  (with-fluids* (%map1 %parameter-fluid parameters)
                (%convert-all parameters values)
                thunk))

(define (%convert-all parameters values)
  (if (null? parameters)
      '()
      (let* ((convert (%parameter-converter (car parameters)))
             (value (if convert (convert (car values)) (car values))))
        (cons value (%convert-all (cdr parameters) (cdr values))))))

(define (make-promise thunk)
  (%make-promise #f thunk))

;; In the words of boot-9, without a place.
(define (print-exception port frame key arguments)
  (display (%exception-text key arguments) port)
  (newline port))

(define (force promise)
  (let ((now (%promise-value promise)))
    (if (pair? now)
        (car now)
        (%promise-set! promise (now)))))

(define (exception-accessor type get)
  (lambda (exception)
    (get (%exception-component type exception))))

;; Prompts.  The vector of a prompt in force holds where its body returns to,
;; which the use of a partial continuation changes for as long as it runs, and
;; the handler.
(define (call-with-prompt tag thunk handler)
  ((call-with-current-continuation
    (lambda (return)
      (let* ((prompt (vector return handler))
             (result
              (with-fluid* (%prompts)
                  (cons (cons tag prompt) (fluid-ref (%prompts)))
                thunk)))
        ((vector-ref prompt 0) (lambda () result)))))))

(define (abort-to-prompt tag . values)
  (let ((found (assq tag (fluid-ref (%prompts)))))
    (if found
        (call-with-current-continuation
         (lambda (k)
           (let ((prompt (cdr found)))
             ((vector-ref prompt 0)
              (lambda ()
                (%apply (vector-ref prompt 1)
                        (%rest<-list
                         (cons (%partial prompt k) values))))))))
        (%no-prompt tag))))

(define (%partial prompt k)
  (lambda results
    ((call-with-current-continuation
      (lambda (return)
        (let ((outer (vector-ref prompt 0)))
          (vector-set! prompt 0
                       (lambda (thunk)
                         (vector-set! prompt 0 outer)
                         (return thunk)))
          (%apply k (%rest<-list results))))))))

(define-syntax-rule (delay expression)
  (%make-promise #f (lambda () expression)))

(define-syntax false-if-exception
  (syntax-rules ()
    ((_ expression)
     (%false-if-exception (lambda () expression)))
    ((_ expression #:warning template argument ...)
     (%false-if-exception (lambda () expression)))))

(define-syntax parameterize
  (syntax-rules ()
    ((_ ((parameter value) ...) body ...)
     (%parameterize (list parameter ...)
                    (list value ...)
                    (lambda () body ...)))))

(define-syntax with-fluids
  (syntax-rules ()
    ((_ ((fluid value) ...) body ...)
     (with-fluids* (list fluid ...)
                   (list value ...)
                   (lambda () body ...)))))

;; For `guard': CHOOSE gives for an exception a thunk, which runs once the
;; stack is unwound, or #f.
(define (%guard choose thunk)
  ((call-with-current-continuation
    (lambda (k)
      (let ((result
             (%with-handler
              (lambda (exception)
                (let ((chosen (choose exception)))
                  (if chosen
                      (k chosen)
                      (%raise-again exception))))
              #f
              thunk)))
        (lambda () result))))))

(define (%raise-again exception)
  (let* ((state (%state))
         (handler (%next-handler exception)))
    (if handler
        (let ((result (handler exception)))
          (%set-state! state)
          result)
        (%reraise exception))))

;; Parts of `define-record-type'.
(define-syntax %define-constructor
  (syntax-rules ()
    ((_ type (name field ...))
     (define name (record-constructor type '(field ...) 'name)))))

(define-syntax %define-predicate
  (syntax-rules ()
    ((_ type #f)
     (define unused #f))
    ((_ type name)
     (define name (record-predicate type)))))

(define-syntax %define-field
  (syntax-rules ()
    ((_ type field)
     (define unused #f))
    ((_ type field accessor)
     (define accessor (record-accessor type 'field 'accessor)))
    ((_ type field accessor modifier)
     (begin
       (define accessor (record-accessor type 'field 'accessor))
       (define modifier (record-modifier type 'field 'modifier))))))

;; For `while'.
(define (%call-with-break body)
  (call-with-current-continuation
   (lambda (k)
     (body (lambda values
             (if (null? values)
                 (k #t)
                 (%apply k (%rest<-list values))))))))

(define (%call-with-continue body)
  (call-with-current-continuation
   (lambda (k)
     (body (lambda () (k #f))))))

;; Setters, for `set!' of what a procedure gives.
(define %setters (list '%setters))

(define (make-procedure-with-setter getter setter)
  (let ((f (lambda arguments (apply getter arguments))))
    (set-cdr! %setters (cons (list f getter setter) (cdr %setters)))
    f))

(define (procedure-with-setter? x)
  (pair? (assq x (cdr %setters))))

(define (setter f)
  (let ((found (assq f (cdr %setters))))
    (if found
        (caddr found)
        (scm-error 'wrong-type-arg "setter"
                   "Wrong type argument in position ~A: ~S"
                   (list 1 f) (list f)))))

(define (procedure f)
  (let ((found (assq f (cdr %setters))))
    (if found
        (cadr found)
        (scm-error 'wrong-type-arg "procedure"
                   "Wrong type argument in position ~A: ~S"
                   (list 1 f) (list f)))))

;; The same with those of SRFI-17.
(define (%setter f)
  (let ((found (assq f (%core-setters))))
    (if found
        (cdr found)
        (setter f))))

(define (%core-setters)
  (list (cons car set-car!)
        (cons cdr set-cdr!)
        (cons caar (lambda (x v) (set-car! (car x) v)))
        (cons cadr (lambda (x v) (set-car! (cdr x) v)))
        (cons cdar (lambda (x v) (set-cdr! (car x) v)))
        (cons cddr (lambda (x v) (set-cdr! (cdr x) v)))
        (cons caddr (lambda (x v) (set-car! (cddr x) v)))
        (cons cdddr (lambda (x v) (set-cdr! (cddr x) v)))
        (cons vector-ref vector-set!)
        (cons string-ref string-set!)))
