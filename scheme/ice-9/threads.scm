;;; (ice-9 threads): there is one thread, so what would run beside it runs
;;; before it goes on.

(define-module (ice-9 threads)
  #:use-module ((srfi srfi-1) #:select (map for-each) #:prefix s:)
  #:export (call-with-new-thread join-thread thread? thread-exited?
            make-mutex make-recursive-mutex mutex? lock-mutex try-mutex
            unlock-mutex make-thread begin-thread parallel letpar
            with-mutex monitor par-map par-for-each n-par-map
            n-par-for-each n-for-each-par-map yield)
  #:interface (current-processor-count total-processor-count
               %thread-handler all-threads broadcast-condition-variable
               cancel-thread condition-variable? current-thread
               make-condition-variable mutex-level mutex-locked?
               mutex-owner signal-condition-variable
               wait-condition-variable))

(define (call-with-new-thread thunk . handler)
  (let ((thread (%make-thread)))
    (%thread-set! thread (thunk))
    thread))

(define (join-thread thread . timeout)
  (%thread-value thread))

(define (thread-exited? thread)
  #t)

(define (make-recursive-mutex . flags)
  (make-mutex))

(define (lock-mutex mutex . timeout)
  #t)

(define (try-mutex mutex)
  #t)

(define (unlock-mutex mutex . rest)
  #t)

(define (yield)
  #t)

(define (make-thread procedure . arguments)
  (call-with-new-thread (lambda () (apply procedure arguments))))

(define-syntax-rule (begin-thread body ...)
  (call-with-new-thread (lambda () body ...)))

(define-syntax-rule (parallel expression ...)
  (values expression ...))

(define-syntax-rule (letpar ((name value) ...) body ...)
  (let ((name value) ...) body ...))

(define-syntax-rule (with-mutex mutex body ...)
  (begin mutex (let () body ...)))

(define-syntax-rule (monitor body ...)
  (let () body ...))

(define (par-map procedure . lists)
  (apply s:map procedure lists))

(define (par-for-each procedure . lists)
  (apply s:for-each procedure lists))

(define (n-par-map n procedure . lists)
  (apply s:map procedure lists))

(define (n-par-for-each n procedure . lists)
  (apply s:for-each procedure lists))

(define (n-for-each-par-map n serial parallel . lists)
  (s:for-each serial (apply s:map parallel lists)))
