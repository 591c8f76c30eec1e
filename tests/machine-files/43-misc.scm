(use-modules (srfi srfi-1) (srfi srfi-43) (ice-9 vlist) (ice-9 pretty-print) (ice-9 common-list))
(list (build-machine (name "x") (user "u") (host-key "k") (systems '("x86_64-linux"))))
