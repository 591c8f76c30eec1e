;;; (ice-9 control): continuations that only escape, and prompts.

(define-module (ice-9 control)
  #:export (call/ec let/ec
            (call/ec . call-with-escape-continuation)
            (let/ec . let-escape-continuation)
            call-with-prompt abort-to-prompt make-prompt-tag
            default-prompt-tag % abort reset shift reset* shift*)
  #:interface (suspendable-continuation?))

(define (call/ec receiver)
  (call-with-current-continuation receiver))

(define-syntax-rule (let/ec k body ...)
  (call/ec (lambda (k) body ...)))

(define-syntax %
  (syntax-rules ()
    ((_ expression)
     (call-with-prompt (default-prompt-tag)
                       (lambda () expression)
                       %default-handler))
    ((_ expression handler)
     (call-with-prompt (default-prompt-tag) (lambda () expression) handler))
    ((_ tag expression handler)
     (call-with-prompt tag (lambda () expression) handler))))

(define (%default-handler k procedure)
  (call-with-prompt (default-prompt-tag)
                    (lambda () (procedure k))
                    %default-handler))

(define (abort . values)
  (apply abort-to-prompt (default-prompt-tag) values))

(define (reset* thunk)
  (call-with-prompt (default-prompt-tag) thunk
    (lambda (k receiver)
      (reset*
       (lambda ()
         (receiver (lambda values
                     (reset* (lambda () (apply k values))))))))))

(define (shift* receiver)
  (abort-to-prompt (default-prompt-tag) receiver))

(define-syntax-rule (reset body ...)
  (reset* (lambda () body ...)))

(define-syntax-rule (shift k body ...)
  (shift* (lambda (k) body ...)))
