(use-modules (ice-9 optargs) (srfi srfi-2) (srfi srfi-26))
(define* (f a #:optional (b (* a 2)) c #:key (d (+ b 1)) e) (list a b c d e))
(list (build-machine (name (object->string (list (f 1) (f 1 5) (f 1 5 6 #:e 7) (f 1 2 3 #:d 0)))) (user (object->string (map (cut + <> 10) '(1 2)))) (host-key (object->string (and-let* ((x 5) ((> x 3)) (y (* x 2))) y))) (systems '("x86_64-linux"))))
