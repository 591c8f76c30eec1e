;;; (ice-9 curried-definitions): definitions of procedures that give procedures.

(define-module (ice-9 curried-definitions)
  #:export ((%define . define) (%define* . define*)
            (%define-public . define-public)
            (%define*-public . define*-public)))

(define-syntax %define
  (syntax-rules ()
    ((_ ((name . inner) . parameters) body ...)
     (%define (name . inner) (lambda parameters body ...)))
    ((_ . definition)
     (define . definition))))

(define-syntax %define*
  (syntax-rules ()
    ((_ ((name . inner) . parameters) body ...)
     (%define* (name . inner) (lambda* parameters body ...)))
    ((_ . definition)
     (define* . definition))))

(define-syntax %define-public
  (syntax-rules ()
    ((_ ((name . inner) . parameters) body ...)
     (%define-public (name . inner) (lambda parameters body ...)))
    ((_ . definition)
     (define-public . definition))))

(define-syntax %define*-public
  (syntax-rules ()
    ((_ ((name . inner) . parameters) body ...)
     (%define*-public (name . inner) (lambda* parameters body ...)))
    ((_ . definition)
     (define*-public . definition))))
