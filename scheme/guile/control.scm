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

(define (force promise)
  (let ((now (%promise-value promise)))
    (if (pair? now)
        (car now)
        (%promise-set! promise (now)))))

(define (exception-accessor type get)
  (lambda (exception)
    (get (%exception-component type exception))))

;; Prompts, as far as they only escape.
(define (call-with-prompt tag thunk handler)
  ((call-with-current-continuation
    (lambda (k)
      (let ((result
             (with-fluid* (%prompts)
                 (cons (cons tag
                             (lambda values
                               (k (lambda ()
                                    (%apply handler
                                            (%rest<-list
                                             (cons %partial-continuation
                                                   values)))))))
                       (fluid-ref (%prompts)))
               thunk)))
        (lambda () result))))))

(define (abort-to-prompt tag . values)
  (let ((prompt (assq tag (fluid-ref (%prompts)))))
    (if prompt
        (%apply (cdr prompt) (%rest<-list values))
        (%no-prompt tag))))
