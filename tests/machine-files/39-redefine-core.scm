(define (list . x) (append x x))
(define name "outer-name") (define (system x) (string-append x "-linux"))
(list (build-machine (user name) (name "in") (host-key name) (systems (cons (system "x86_64") '()))))
