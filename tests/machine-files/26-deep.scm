(define (count n) (if (= n 0) 0 (+ 1 (count (- n 1)))))
(define (loop n acc) (if (= n 0) acc (loop (- n 1) (+ acc 1))))
(define big (iota 100000))
(list (build-machine (name (number->string (count 20000))) (port (loop 1000000 0)) (parallel-builds (apply + (map (lambda (x) 1) big))) (user (number->string (length (filter even? big)))) (host-key "k") (systems '("x86_64-linux"))))
