(define m (build-machine (name "a") (user "u") (host-key "k") (systems (list "x86_64-linux"))))
(define (tweak m . kvs) (let loop ((m m) (kvs kvs)) (if (null? kvs) m (loop (case (car kvs) ((#:name) (build-machine (inherit m) (name (cadr kvs)))) ((#:port) (build-machine (inherit m) (port (cadr kvs)))) (else m)) (cddr kvs)))))
(list m (tweak m #:name "b" #:port 99) (build-machine (inherit m) (name (string-append (build-machine-name m) "2")) (features (append '("x") (build-machine-features m)))))
