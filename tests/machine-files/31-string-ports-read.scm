(define config "((host \"one\") (slots 4)) ((host \"two\") (slots 2))")
(define (read-all p) (let ((x (read p))) (if (eof-object? x) '() (cons x (read-all p)))))
(map (lambda (c) (apply (lambda (h s) (build-machine (name (cadr h)) (parallel-builds (cadr s)) (user "u") (host-key "k") (systems '("x86_64-linux")))) c)) (call-with-input-string config read-all))
