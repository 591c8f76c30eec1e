(define (f x) (undefined-thing x))
(list (build-machine (name "a") (user (f 1)) (host-key "k") (systems '("x86_64-linux"))))
