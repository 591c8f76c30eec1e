;; -*- coding: utf-8 -*-
(define größe 3) (define π 3.14159)
(list (build-machine (name "büro→1") (parallel-builds größe) (speed π) (user "ü") (host-key "k\
    continued") (systems '("x86_64-linux"))))
