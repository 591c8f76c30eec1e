(import (only (srfi srfi-1) first last fold) (prefix (ice-9 string-fun) sf:) (rename (srfi srfi-13) (string-index idx)))
(use-modules ((srfi srfi-1) #:select ((append-map . amap) any)) ((ice-9 match) #:prefix m:) ((rnrs base) #:hide (map)))
(amap (lambda (x) (if (any even? x) (list (build-machine (name (format #f "~a~a" (first x) (last x))) (user (sf:string-replace-substring "aXa" "X" "-")) (port (fold + 0 x)) (host-key (number->string (idx "hello" #\l))) (systems '("x86_64-linux")))) '())) '((1 2 3) (1 3) (4 5)))
