(define-macro (machine host . fields) `(build-machine (name ,(symbol->string host)) (user "u") (host-key "k") (systems '("i686-linux")) ,@fields))
(list (machine foo) (machine bar (port 23) (speed 3.)))
