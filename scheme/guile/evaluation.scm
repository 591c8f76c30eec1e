;;; Part of (guile): what is evaluated while the file runs.

(define (%eval-texts texts)
  (%eval-string (car texts))
  (%eval-string (cdr texts)))

(define (eval form module)
  (%eval-texts (%eval-prepare form)))

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
