(define (show . xs) (string-join (map (lambda (x) (format #f "~s" x)) xs) " "))
(list (build-machine (name (show 1/3 .5 1e21 1e-7 123456789012345678901234567890 (expt 2 100) (sqrt 16) (sqrt 2) (exact->inexact 1/3) (/ 6 4) (round 2.5) (round 7/2) -0.0 (atan 1 1) (exp 0) (inexact->exact (floor 2.7)) #xff #e1.5 #i3/4))
 (user (show (quotient -7 2) (modulo -7 2) (remainder -7 2) (gcd 12 18) (lcm 4 6) (number->string 255 16) (string->number "1e3") (string->number "abc") (max 1 2.0) (min 1 2) (abs -5) (exact->inexact 100) (truncate -2.5) (number->string 3.0)))
 (host-key "k") (systems '("x86_64-linux")) (speed (* 1.0 3/2)) (overload-threshold 9/10)))
