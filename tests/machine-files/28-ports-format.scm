(define out (call-with-output-string (lambda (p) (write 'sym p) (display " " p) (write "s\n" p) (newline p) (format p "~a ~s ~%" "x" "y"))))
(define out2 (with-output-to-string (lambda () (display '(1 "two" #\3 4.0 (5 . 6))) (write '(1 "two" #\3 4.0 (5 . 6))))))
(list (build-machine (name out) (user out2) (host-key (object->string (list (if #f #f) 'a.b (string->symbol "A b") #:k)))  (systems '("x86_64-linux"))))
