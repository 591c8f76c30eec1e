(define* (mk name #:key (n 1) (sys (list "x86_64-linux")) . rest) (build-machine (name name) (parallel-builds n) (user (object->string rest)) (host-key "k") (systems sys)))
(list (mk "a" #:n 3) (mk "b" #:sys '("i686-linux")))
