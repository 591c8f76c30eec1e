;;; (gnu services herd): questions to the shepherd.

(define-module (gnu services herd)
  #:export
  (%shepherd-socket-file shepherd-error?
   service-not-found-error? service-not-found-error-service
   action-not-found-error? action-not-found-error-service
   action-not-found-error-action
   action-exception-error? action-exception-error-service
   action-exception-error-action action-exception-error-key
   action-exception-error-arguments
   unknown-shepherd-error? unknown-shepherd-error-sexp
   live-service live-service? live-service-provision
   live-service-requirement live-service-running
   live-service-transient? live-service-canonical-name
   with-shepherd-action current-service current-services eval-there
   start-service stop-service restart-service load-services
   unload-service unload-services)
  #:interface (shepherd-message-port wait-for-service))

(define %shepherd-socket-file (%make-parameter (%shepherd-socket)))

(define shepherd-error? (%standard-predicate '&shepherd-error))

(define service-not-found-error? (%standard-predicate '&service-not-found-error))
(define service-not-found-error-service (%standard-accessor '&service-not-found-error 'service 'service-not-found-error-service))

(define action-not-found-error? (%standard-predicate '&action-not-found-error))
(define action-not-found-error-service (%standard-accessor '&action-not-found-error 'service 'action-not-found-error-service))
(define action-not-found-error-action (%standard-accessor '&action-not-found-error 'action 'action-not-found-error-action))

(define action-exception-error? (%standard-predicate '&action-exception-error))
(define action-exception-error-service (%standard-accessor '&action-exception-error 'service 'action-exception-error-service))
(define action-exception-error-action (%standard-accessor '&action-exception-error 'action 'action-exception-error-action))
(define action-exception-error-key (%standard-accessor '&action-exception-error 'key 'action-exception-error-key))
(define action-exception-error-arguments (%standard-accessor '&action-exception-error 'args 'action-exception-error-arguments))

(define unknown-shepherd-error? (%standard-predicate '&unknown-shepherd-error))
(define unknown-shepherd-error-sexp (%standard-accessor '&unknown-shepherd-error 'sexp 'unknown-shepherd-error-sexp))

(define live-service (%standard-constructor '<live-service> 'live-service))
(define live-service? (%standard-record-predicate '<live-service>))
(define live-service-provision (%standard-record-accessor '<live-service> 'provision 'live-service-provision))
(define live-service-requirement (%standard-record-accessor '<live-service> 'requirement 'live-service-requirement))
(define live-service-transient? (%standard-record-accessor '<live-service> 'transient? 'live-service-transient?))
(define live-service-running (%standard-record-accessor '<live-service> 'running 'live-service-running))

(define (live-service-canonical-name service)
  (car (live-service-provision service)))

(define (%invoke service action arguments receiver)
  (let ((reply (%shepherd-ask (%shepherd-socket-file)
                              service action arguments)))
    (and reply (receiver (car reply)))))

(define-syntax-rule (with-shepherd-action service (action argument ...)
                      result body ...)
  (%invoke service action (list argument ...)
           (lambda (result) body ...)))

(define (current-service name)
  (%invoke name 'status '() (lambda (results) (%shepherd-services results))))

(define (current-services)
  (current-service 'root))

(define (eval-there expression)
  (%invoke 'root 'eval (list (object->string expression)) car))

(define (start-service name . arguments)
  (%invoke name 'start (if (pair? arguments) (car arguments) '())
           (lambda (result) result)))

(define (stop-service name)
  (%invoke name 'stop '() (lambda (result) result)))

(define (restart-service name)
  (%invoke name 'restart '() (lambda (result) result)))

(define (unload-service service)
  (%invoke 'root 'unload (list (symbol->string service)) car))

(define (unload-services services)
  (for-each unload-service services))

(define (load-services files)
  (eval-there
   (list 'register-services
         (cons 'list
               (map (lambda (file) (list 'primitive-load file)) files)))))
