;;; SRFI-2, and-let*.

(define-module (srfi srfi-2)
  #:export (and-let*))

(define-syntax and-let*
  (syntax-rules ()
    ((_ ())
     #t)
    ((_ () body ...)
     (let () body ...))
    ((_ ((name value)))
     (let ((name value)) name))
    ((_ ((name value) clause ...) body ...)
     (let ((name value))
       (if name (and-let* (clause ...) body ...) #f)))
    ((_ ((test)))
     test)
    ((_ ((test) clause ...) body ...)
     (if test (and-let* (clause ...) body ...) #f))
    ((_ (name))
     name)
    ((_ (name clause ...) body ...)
     (if name (and-let* (clause ...) body ...) #f))))
