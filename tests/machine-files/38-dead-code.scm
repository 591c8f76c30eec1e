(define (never) (frobnicate (match 1 (x x))))
(if #f (never))
(define (list* . x) (apply cons* x))
(list* (build-machine (name "a") (user "u") (host-key "k") (systems '("x86_64-linux"))) '())
