(define (make-list-of n f) (if (zero? n) '() (cons (f n) (make-list-of (1- n) f))))
(define names (make-list-of 3 (lambda (n) (string #\m (integer->char (+ 96 n))))))
(append-map (lambda (n) (list (build-machine (name n) (user "u") (host-key "k") (systems (list "x86_64-linux"))))) names)
