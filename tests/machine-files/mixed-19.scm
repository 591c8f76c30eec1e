(eval-when (expand load eval) (define helper-name "ev"))
(define-once once 1) (define-once once 2)
(begin (define a 1) (define b (+ a once)))
(list (build-machine (name (string-append helper-name (number->string b))) (user "u") (host-key "k") (systems (list "x86_64-linux"))))
