(define when (strftime "%Y-%m-%d" (gmtime 0)))
(define (mk . args) (apply (lambda* (#:key name (slots 1)) (let ((n name)) (build-machine (name n) (parallel-builds slots) (user when) (host-key (basename "/a/b.pub" ".pub")) (private-key (string-append (dirname "/a/b/c") "/" (string-downcase "ID"))) (systems '("x86_64-linux"))))) args))
(list (mk #:name "q" #:slots 3) (apply mk '(#:name "r")))
