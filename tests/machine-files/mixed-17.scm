(define p (open-input-string "(a 1) (b 2) garbage"))
(define (next) (let ((x (read p))) (if (or (eof-object? x) (symbol? x)) '() (cons x (next)))))
(define-syntax push! (syntax-rules () ((_ x l) (set! l (cons x l)))))
(define out '())
(for-each (lambda (e i) (push! (build-machine (name (symbol->string (car e))) (port (+ i (cadr e))) (user "u") (host-key "k") (systems (list "x86_64-linux"))) out)) (next) '(10 20))
out
