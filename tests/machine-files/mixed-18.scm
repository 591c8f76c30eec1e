(use-modules (srfi srfi-19))
(list (build-machine (name "a") (user "u") (host-key "k") (systems (list "x86_64-linux"))))
