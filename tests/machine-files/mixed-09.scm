(define (f #!optional (x 1)) x)
(list (build-machine (name "a") (user "u") (host-key "k") (systems (list "x86_64-linux"))))
