;;; SRFI-71: `let' for several values.

(define-module (srfi srfi-71)
  #:use-module (srfi srfi-11)
  #:export ((%let . let) (%let* . let*) (%letrec . letrec)
            uncons unlist unvector
            values->list values->vector))

(define-syntax %let
  (syntax-rules ()
    ((_ (binding ...) body ...)
     (%let-all () (binding ...) body ...))
    ((_ name (binding ...) body ...)
     (let name (binding ...) body ...))))

(define-syntax %let-all
  (syntax-rules (values)
    ((_ done () body ...)
     (let-values done body ...))
    ((_ (done ...) (((values . variables) expression) binding ...) body ...)
     (%let-all (done ... (variables expression)) (binding ...) body ...))
    ((_ (done ...) ((variable ... expression) binding ...) body ...)
     (%let-all (done ... ((variable ...) expression)) (binding ...) body ...))))

(define-syntax %let*
  (syntax-rules ()
    ((_ () body ...)
     (let () body ...))
    ((_ (binding) body ...)
     (%let (binding) body ...))
    ((_ (binding more ...) body ...)
     (%let (binding) (%let* (more ...) body ...)))))

(define-syntax %letrec
  (syntax-rules ()
    ((_ (binding ...) body ...)
     (%letrec-all (binding ...) (let () body ...)))))

(define-syntax %letrec-all
  (syntax-rules (values)
    ((_ () body)
     body)
    ((_ (((values . variables) expression) binding ...) body)
     (let ()
       (define-values variables expression)
       (%letrec-all (binding ...) body)))
    ((_ ((variable expression) ...) body)
     (letrec ((variable expression) ...) body))
    ((_ ((variable ... expression) binding ...) body)
     (let ()
       (define-values (variable ...) expression)
       (%letrec-all (binding ...) body)))))

(define (uncons pair)
  (values (car pair) (cdr pair)))

(define (unlist l)
  (apply values l))

(define (unvector v)
  (apply values (vector->list v)))

(define-syntax values->list
  (syntax-rules ()
    ((_ expression)
     (call-with-values (lambda () expression) list))))

(define-syntax values->vector
  (syntax-rules ()
    ((_ expression)
     (call-with-values (lambda () expression) vector))))
