(use-modules (ice-9 control))
(define x (call-with-prompt 'p (lambda () (+ 1 (abort-to-prompt 'p 5))) (lambda (k v) (* v 2))))
(define y (let/ec k (dynamic-wind (lambda () #f) (lambda () (k 3)) (lambda () (set! x (+ x 1))))))
(list (build-machine (name (number->string x)) (port y) (user "u") (host-key "k") (systems (list "x86_64-linux"))))
