(define-syntax-rule (ifx (cond then) ... else) (let loop ((c (list (cons cond (lambda () then)) ...))) (if (null? c) else (if (caar c) ((cdar c)) (loop (cdr c))))))
(define (kind n) (ifx ((< n 0) "neg") ((= n 0) "zero") "pos"))
(let-syntax () (define z (kind 0)) (map (lambda (n) (build-machine (name (string-append (kind n) z)) (user "u") (host-key "k") (systems (list "x86_64-linux")))) '(-1 0 1)))
