;;; (ice-9 optargs): optional arguments out of lists.

(define-module (ice-9 optargs)
  #:export (lambda* define* define*-public let-optional let-optional*
            let-keywords let-keywords*)
  #:interface (defmacro* defmacro*-public))

(define-syntax-rule (let-optional* rest (binding ...) body ...)
  (apply (lambda* (#:optional binding ...) body ...) rest))

(define-syntax-rule (let-optional rest (binding ...) body ...)
  (apply (lambda* (#:optional binding ...) body ...) rest))

(define-syntax let-keywords*
  (syntax-rules ()
    ((_ rest #f (binding ...) body ...)
     (apply (lambda* (#:key binding ...) body ...) rest))
    ((_ rest others (binding ...) body ...)
     (apply (lambda* (#:key binding ... #:allow-other-keys) body ...)
            rest))))

(define-syntax-rule (let-keywords rest others (binding ...) body ...)
  (let-keywords* rest others (binding ...) body ...))
