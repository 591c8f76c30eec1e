(define-module (my machines) #:use-module (guix scripts offload) #:use-module (srfi srfi-1) #:export (all))
(define-public all (map (lambda (n) (build-machine (name n) (user "u") (host-key "k") (systems '("x86_64-linux")))) (list "x" "y")))
(reverse all)
