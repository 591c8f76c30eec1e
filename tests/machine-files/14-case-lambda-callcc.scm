(define mk (case-lambda ((h) (mk h 22)) ((h p) (mk h p "u")) ((h p u . more) (build-machine (name h) (port p) (user u) (features more) (host-key "k") (systems '("x86_64-linux"))))))
(define first-good (call/cc (lambda (return) (for-each (lambda (x) (if (string-prefix? "b" x) (return x))) '("a" "b1" "b2")) #f)))
(define gen (let ((k #f) (n 0)) (lambda () (call-with-current-continuation (lambda (ret) (if k (k ret) (let loop () (set! n (+ n 1)) (call/cc (lambda (c) (set! k (lambda (r) (set! ret r) (c #f))) (ret n))) (loop))))))))
(list (mk "one") (mk first-good 23) (mk "three" (+ (gen) (gen) (gen)) "x" "f1" "f2"))
