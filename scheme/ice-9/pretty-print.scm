;;; (ice-9 pretty-print): on one line, however long it is.

(define-module (ice-9 pretty-print)
  #:export (pretty-print truncated-print))

(define (pretty-print object . options)
  (let ((port (if (and (pair? options) (not (keyword? (car options))))
                  (car options)
                  (current-output-port))))
    (if (memq #:display? options)
        (display object port)
        (write object port))
    (newline port)))

(define (truncated-print object . options)
  (if (and (pair? options) (not (keyword? (car options))))
      (write object (car options))
      (write object)))
