;;; Part of (guile): what is evaluated while the file runs.

(define (%eval-texts texts)
  (%eval-string (car texts))
  (%eval-string (cdr texts)))

(define (eval form module)
  (%eval-texts (%eval-prepare form module)))

(define (%load-rest loading value)
  (let ((texts (%load-next loading)))
    (if texts
        (%load-rest loading (%eval-texts texts))
        value)))

(define (%load name directory)
  (%load-rest (%load-open name directory) (if #f #f)))

(define (primitive-load name)
  (%load name #f))

(define-syntax-rule (read-set! option value)
  (%read-set! 'option value))

(define (module-ref module name . default)
  (if (or (null? default) (module-defined? module name))
      (eval name module)
      (car default)))

(define (module-define! module name value)
  (%eval-texts (%module-define name value)))

(define (module-set! module name value)
  (%eval-texts (%module-define name value)))

(define (save-module-excursion thunk)
  (thunk))

(define (module-defined? module name)
  (%module-defined? module name))

(define (defined? name . module)
  (module-defined? (if (null? module) (current-module) (car module)) name))

(define (module-use! module interface)
  (%module-use! module interface))

(define (primitive-eval form)
  (eval form (current-module)))

(define (eval-string text . options)
  (let ((port (open-input-string text)))
    (let loop ((value (if #f #f)))
      (let ((form (read port)))
        (if (eof-object? form)
            value
            (loop (eval form (current-module))))))))
