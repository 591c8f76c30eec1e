
;;; Ports: what takes procedures.

(define (call-with-input-file name f . options)
  (%check-procedure "call-with-input-file" 2 f)
  (%with-input-port f (open-input-file name)))

(define (%with-input-port f port)
  (let ((value (f port)))
    (close-port port)
    value))

(define (call-with-port port f)
  (%with-input-port f port))

(define (call-with-input-string s f)
  (f (open-input-string s)))

(define (call-with-output-string f)
  (let ((port (open-output-string)))
    (f port)
    (get-output-string port)))

(define (%with-port parameter port thunk)
  (%parameterize (list parameter) (list port) thunk))

(define (with-input-from-port port thunk)
  (%with-port current-input-port port thunk))

(define (with-output-to-port port thunk)
  (%with-port current-output-port port thunk))

(define (with-error-to-port port thunk)
  (%with-port current-error-port port thunk))

(define (with-input-from-file name thunk . options)
  (%with-input-port (lambda (port) (with-input-from-port port thunk))
                    (open-input-file name)))

(define (with-input-from-string s thunk)
  (with-input-from-port (open-input-string s) thunk))

(define (%output-to-string parameter thunk)
  (let ((port (open-output-string)))
    (%with-port parameter port thunk)
    (get-output-string port)))

(define (with-output-to-string thunk)
  (%output-to-string current-output-port thunk))

(define (with-error-to-string thunk)
  (%output-to-string current-error-port thunk))

(define (object->string object . print)
  (if (null? print)
      (%written object)
      (call-with-output-string
       (lambda (port) ((car print) object port)))))

(define (pk . objects)
  (let ((port (current-error-port)))
    (newline port)
    (display ";;; " port)
    (write objects port)
    (newline port)
    (if (pair? objects)
        (car (last-pair objects))
        '())))

(define (peek . objects)
  (apply pk objects))

(define (call-with-output-file name f . options)
  (let* ((port (open-output-file name))
         (value (f port)))
    (close-port port)
    value))

(define (with-output-to-file name thunk . options)
  (call-with-output-file name
    (lambda (port) (with-output-to-port port thunk))))

(define (with-error-to-file name thunk . options)
  (call-with-output-file name
    (lambda (port) (with-error-to-port port thunk))))

(define (mkstemp! template . mode)
  (open-output-file (%make-temporary-name! template)))

(define (mkstemp template . mode)
  (mkstemp! (string-copy template)))
