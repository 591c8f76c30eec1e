;;; SRFI-26, cut.

(define-module (srfi srfi-26)
  #:export (cut cute))

(define-syntax cut
  (syntax-rules ()
    ((_ slot ...)
     (%cut () () slot ...))))

(define-syntax %cut
  (syntax-rules (<> <...>)
    ((_ (parameter ...) (operator argument ...))
     (lambda (parameter ...) (operator argument ...)))
    ((_ (parameter ...) (operator argument ...) <...>)
     (lambda (parameter ... . rest)
       (apply operator argument ... rest)))
    ((_ (parameter ...) (argument ...) <> slot ...)
     (%cut (parameter ... x) (argument ... x) slot ...))
    ((_ (parameter ...) (argument ...) expression slot ...)
     (%cut (parameter ...) (argument ... expression) slot ...))))

(define-syntax cute
  (syntax-rules ()
    ((_ slot ...)
     (%cute () () () slot ...))))

(define-syntax %cute
  (syntax-rules (<> <...>)
    ((_ (binding ...) (parameter ...) (operator argument ...))
     (let (binding ...)
       (lambda (parameter ...) (operator argument ...))))
    ((_ (binding ...) (parameter ...) (operator argument ...) <...>)
     (let (binding ...)
       (lambda (parameter ... . rest)
         (apply operator argument ... rest))))
    ((_ (binding ...) (parameter ...) (argument ...) <> slot ...)
     (%cute (binding ...) (parameter ... x) (argument ... x) slot ...))
    ((_ (binding ...) (parameter ...) (argument ...) expression slot ...)
     (%cute (binding ... (x expression)) (parameter ...) (argument ... x)
            slot ...))))
