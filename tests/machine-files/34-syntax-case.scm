(define-syntax machine (lambda (x) (syntax-case x () ((_ h f ...) (identifier? #'h) #'(build-machine (name (symbol->string 'h)) f ... (user "u") (host-key "k"))) ((_ h f ...) #'(build-machine (name h) f ... (user "u") (host-key "k"))))))
(define-syntax with-system (lambda (x) (syntax-case x () ((k s body) (with-syntax ((sys (datum->syntax #'k 'sys))) #'(let ((sys s)) body))))))
(list (machine foo (systems '("x86_64-linux"))) (with-system "i686-linux" (machine "bar" (systems (list sys)))))
