(define (entry host speed) `(build-machine (name ,host) (speed ,speed) (user "u") (host-key "k") (systems '("x86_64-linux"))))
(map (lambda (e) (eval e (current-module))) (list (entry "one" 1.) (entry "two" 2)))
