;;; Notations.

(list 12 +12 -12 012)
=> (12 12 -12 12)

(list #x1F #xff #XFF #b101 #o17 #d10)
=> (31 255 255 5 15 10)

(list #e1.5 #i1/2 #e1e3 #i10 #e-0.25)
=> (3/2 0.5 1000 10.0 -1/4)

(list #e#x10 #x#e10 #i#xff #x#iff)
=> (16 16 255.0 255.0)

(list 3/6 -4/2 0/5 10/4)
=> (1/2 -2 0 5/2)

(list #x1/F #b1/10)
=> (1/15 1/2)

(list 1e3 1E3 1.5e2 1e-3 -2.5e+2 .5e1)
=> (1000.0 1000.0 150.0 0.001 -250.0 5.0)

(list .5 2. -.5 +.5 -0.0 0.0)
=> (0.5 2.0 -0.5 0.5 -0.0 0.0)

(list 1s2 1f2 1d2 1l2)
=> (100.0 100.0 100.0 100.0)

(list +inf.0 -inf.0 +nan.0)
=> (+inf.0 -inf.0 +nan.0)

123456789012345678901234567890
=> 123456789012345678901234567890

-99999999999999999999
=> -99999999999999999999

#xffffffffffffffffffff
=> 1208925819614629174706175

(list 1# 12## 1#.#)
=> (10.0 1200.0 10.0)

(list 1/3 -1/3)
=> (1/3 -1/3)

123456789012345678901234567890/10
=> 12345678901234567890123456789

(list (string->number "1/0") (string->number "abc") (string->number "") (string->number "-") (string->number "+5"))
=> (#f #f #f #f 5)

(list (string->number "ff" 16) (string->number "#xff") (string->number "#xff" 10) (string->number "101" 2) (string->number "12" 2))
=> (255 255 255 5 #f)

(list (string->number "1e3") (string->number ".5") (string->number "1.") (string->number ".") (string->number " 1") (string->number "1 "))
=> (1000.0 0.5 1.0 #f #f #f)

(list (string->number "1_000") (string->number "0x10") (string->number "1,5"))
=> (#f #f #f)

(map number->string '(1 -1 1.5 1/2 1e21 123456789012345678901))
=> ("1" "-1" "1.5" "1/2" "1.0e21" "123456789012345678901")

(list (number->string 255 16) (number->string -255 2) (number->string 8 8) (number->string 35 36))
=> ("ff" "-11111111" "10" "z")

;;; How reals are written.

(list 1.0 100.0 123456.0 1234567.0 12345678.0 123456789.0)
=> (1.0 100.0 123456.0 1234567.0 12345678.0 123456789.0)

(list 1e6 1e7 1e20 1e21 1e22 1e100)
=> (1000000.0 1.0e7 1.0e20 1.0e21 1.0e22 1.0e100)

(list 0.1 0.01 0.001 0.0001 0.00012 1e-5 1e-7)
=> (0.1 0.01 0.001 1.0e-4 1.2e-4 1.0e-5 1.0e-7)

(list 1.5 1.25 3.14159 2.718281828459045)
=> (1.5 1.25 3.14159 2.718281828459045)

(list 100000000000000000000.0 123456789012345680000.0 12345678901.5)
=> (1.0e20 1.2345678901234568e20 12345678901.5)

(list (/ 1.0 3) (/ 2.0 3) (sqrt 2) (* 1.1 1.1))
=> (0.3333333333333333 0.6666666666666666 1.4142135623730951 1.2100000000000002)

(list (+ 0.1 0.2) (* 100 1.1) 1e23 5e-324 1.7976931348623157e308)
=> (0.30000000000000004 110.00000000000001 1.0e23 5.0e-324 1.7976931348623157e308)

;;; Arithmetic.

(list (+) (*) (+ 1) (* 2) (- 1) (/ 2) (/ 0.5))
=> (0 1 1 2 -1 1/2 2.0)

(list (+ 1 2 3) (- 10 1 2) (* 2 3 4) (/ 24 2 3))
=> (6 7 24 4)

(list (/ 6 3) (/ 6 4) (/ -6 4) (/ 6 4.0) (/ 1 3.0))
=> (2 3/2 -3/2 1.5 0.3333333333333333)

(list (+ 1/2 1/3) (- 1/2 1/2) (* 2/3 3/2) (/ 1/2 1/4))
=> (5/6 0 1 2)

(list (+ 1/2 0.5) (* 2 0.5) (+ 1 1.0) (- 1.0 1))
=> (1.0 1.0 2.0 0.0)

(list (* 99999999999 99999999999) (+ 9223372036854775807 1) (- -9223372036854775808 1) (* 4611686018427387904 2))
=> (9999999999800000000001 9223372036854775808 -9223372036854775809 9223372036854775808)

(- (expt 2 64) (expt 2 64))
=> 0

(list (expt 2 10) (expt 2 100) (expt 2 -2) (expt 2.0 3) (expt 1/2 3) (expt 4 1/2) (expt 0 0) (expt 2 0.5))
=> (1024 1267650600228229401496703205376 1/4 8.0 1/8 2.0 1 1.4142135623730951)

(list (exact->inexact 1/3) (inexact->exact 0.5) (inexact->exact 2.0) (inexact->exact 0.1))
=> (0.3333333333333333 1/2 2 3602879701896397/36028797018963968)

(list (exact? 1) (exact? 1.0) (exact? 1/2) (inexact? 1.0) (inexact? 1))
=> (#t #f #t #t #f)

(list (quotient 7 2) (quotient -7 2) (remainder 7 2) (remainder -7 2) (modulo -7 2) (modulo 7 -2))
=> (3 -3 1 -1 1 -1)

(list (quotient 7.0 2) (modulo 7.5 2) (modulo 7.0 2))
!> wrong-type-arg: In procedure modulo: Wrong type argument in position 1: 7.5

(list (floor-quotient -7 2) (floor-remainder -7 2) (truncate-quotient -7 2) (truncate-remainder -7 2))
=> (-4 1 -3 -1)

(list (euclidean-quotient -7 2) (euclidean-remainder -7 2) (round-quotient 7 2) (ceiling-quotient 7 2))
=> (-4 1 4 4)

(call-with-values (lambda () (floor/ 7 -2)) list)
=> (-4 -1)

(call-with-values (lambda () (truncate/ 7 -2)) list)
=> (-3 1)

(list (gcd) (gcd 12 18) (gcd -4 6) (lcm 4 6) (lcm) (gcd 0 5))
=> (0 6 2 12 1 5)

(list (abs -5) (abs 5) (abs -1/2) (abs -2.5) (magnitude -3))
=> (5 5 1/2 2.5 3)

(list (min 1 2 3) (max 1 2 3) (max 1 2.5) (max 3 2.5) (min 1 2.5) (max 1/2 1/3))
=> (1 3 2.5 3.0 1.0 1/2)

(list (floor 2.5) (ceiling 2.5) (round 2.5) (round 3.5) (round -2.5) (truncate -2.5))
=> (2.0 3.0 2.0 4.0 -2.0 -2.0)

(list (floor 5/2) (ceiling 5/2) (round 5/2) (round 7/2) (truncate -5/2) (floor -5/2))
=> (2 3 2 4 -2 -3)

(list (round 7) (floor 7) (exact (round 2.6)) (inexact->exact (floor 2.9)))
!> unbound-variable: Unbound variable: exact

(list (numerator 6/4) (denominator 6/4) (denominator 3) (numerator 0.5) (denominator 0.5))
=> (3 2 1 1.0 2.0)

(list (sqrt 16) (sqrt 2.25) (sqrt 1/4) (sqrt 15) (exact->inexact (sqrt 3)))
=> (4 1.5 1/2 3.872983346207417 1.7320508075688772)

(call-with-values (lambda () (exact-integer-sqrt 17)) list)
=> (4 1)

(list (exp 0) (log 1) (sin 0) (cos 0) (atan 0) (atan 1 1))
=> (1.0 0.0 0 1 0 0.7853981633974483)

(list (exp 1) (log 100) (log 8 2) (log10 1000) (atan 1))
!> wrong-number-of-args: Wrong number of arguments to #<procedure log (_)>

(list (number? 1) (number? 'a) (integer? 1) (integer? 1.0) (integer? 1.5) (rational? 1/2) (rational? 1.5) (real? 1.5) (complex? 1))
=> (#t #f #t #t #f #t #t #t #t)

(list (rational? +inf.0) (integer? +inf.0) (real? +nan.0) (nan? +nan.0) (inf? -inf.0) (finite? 1.0))
=> (#f #f #t #t #t #t)

(list (exact-integer? 5) (exact-integer? 5.0) (exact-integer? 1/2))
=> (#t #f #f)

(list (zero? 0) (zero? 0.0) (zero? -0.0) (positive? 1) (negative? -1/2) (positive? 0))
=> (#t #t #t #t #t #f)

(list (even? 0) (odd? 1) (even? -2) (odd? 3.0))
=> (#t #t #t #t)

(list (= 1 1.0) (= 1 1 1) (= 1 1 2) (= 1) (=))
=> (#t #t #f #t #t)

(list (< 1 2 3) (< 1 3 2) (<= 1 1 2) (> 3 2 1) (>= 3 3 2) (< 1/3 0.5))
=> (#t #f #t #t #t #t)

(list (= 1/2 0.5) (eqv? 1 1.0) (equal? 1 1.0) (eqv? 1.0 1.0) (eqv? 0.0 -0.0) (= 0.0 -0.0) (eqv? 100000000000000000000 100000000000000000000))
=> (#t #f #f #t #f #t #t)

(list (1+ 5) (1- 5) (1+ 1/2) (1- 0.5))
=> (6 4 3/2 -0.5)

(list (logand 12 10) (logior 12 10) (logxor 12 10) (lognot 5) (ash 1 10) (ash 1024 -3) (ash -5 -1))
=> (8 14 6 -6 1024 128 -3)

(list (logtest 4 6) (logbit? 2 4) (logcount 7) (integer-length 255) (integer-length 256) (bit-extract 255 4 6))
=> (#t #t 3 8 9 3)

(list (exact-integer-sqrt 16))
=> (4)

(list (number->string 3.0) (number->string 1e10) (number->string 10 2))
=> ("3.0" "1.0e10" "1010")

(apply + (iota 100))
=> 4950

(let loop ((n 20) (acc 1)) (if (= n 0) acc (loop (- n 1) (* acc n))))
=> 2432902008176640000

(let loop ((n 50) (acc 1)) (if (= n 0) acc (loop (- n 1) (* acc n))))
=> 30414093201713378043612608166064768844377641568960512000000000000

(list (truncate 1.7) (exact (truncate 1.7)) (inexact 1/4) (exact 0.25))
!> unbound-variable: Unbound variable: exact

(inexact->exact 1e18)
=> 1000000000000000000

(list (exact->inexact 100) (exact->inexact 12345678901234567890))
=> (100.0 12345678901234567000.0)

(list (/ 0 5) (/ 0.0 5) (/ 1 0.0) (/ -1 0.0) (- 0.0))
=> (0 0.0 +inf.0 -inf.0 -0.0)

(/ 1 0)
!> numerical-overflow: "divide" "Numerical overflow" #f #f

(/ 1.5 0)
!> numerical-overflow: "divide" "Numerical overflow" #f #f

(quotient 1 0)
!> numerical-overflow: "truncate-quotient" "Numerical overflow" #f #f

(modulo 10 0)
!> numerical-overflow: "floor-remainder" "Numerical overflow" #f #f

(+ 1 "2")
!> wrong-type-arg: In procedure +: Wrong type argument in position 2: "2"

(+ 'a 1)
!> wrong-type-arg: In procedure +: Wrong type argument in position 1: a

(- "1")
!> wrong-type-arg: In procedure -: Wrong type argument in position 1: "1"

(* 2 #t)
!> wrong-type-arg: In procedure *: Wrong type argument in position 2: #t

(< 1 'a)
!> wrong-type-arg: In procedure <: Wrong type argument in position 2: a

(sqrt 'x)
!> wrong-type-arg: In procedure sqrt: Wrong type argument in position 1: x

(even? 1.5)
!> wrong-type-arg: In procedure even?: Wrong type argument in position 1: 1.5

(max 1 "a")
!> wrong-type-arg: In procedure max: Wrong type argument in position 2: "a"

(exact +inf.0)
!> unbound-variable: Unbound variable: exact

(inexact->exact +nan.0)
!> out-of-range: In procedure inexact->exact: Argument 1 out of range: +nan.0

(number->string 'a)
!> wrong-type-arg: In procedure number->string: Wrong type argument in position 1: a

(string->number 5)
!> wrong-type-arg: In procedure string->number: Wrong type argument in position 1 (expecting string): 5

(exact->inexact "1")
!> wrong-type-arg: In procedure exact->inexact: Wrong type argument in position 1: "1"

(abs "x")
!> wrong-type-arg: In procedure abs: Wrong type argument in position 1: "x"

(expt 'a 2)
!> wrong-type-arg: In procedure *: Wrong type argument in position 1: a

(zero? "0")
!> wrong-type-arg: In procedure zero?: Wrong type argument in position 1: "0"

(list (random 1) (< (random 10) 10) (exact? (random 5)) (inexact? (random 1.0)))
=> (0 #t #t #t)

(random 0)
!> out-of-range: In procedure random: Argument 1 out of range: 0

(list (sqrt -4))
=> (0.0+2.0i)

(list (integer->char 955) (char->integer #\λ))
=> (#\λ 955)

(list (exact (floor 3.7)) (exact->inexact 7/8) (round 0.5) (round 1.5))
!> unbound-variable: Unbound variable: exact

(let ((x 10)) (list (* x 1.5) (/ x 4) (exact->inexact (/ x 4))))
=> (15.0 5/2 2.5)

(list (* 1.0 0) (+ 0 0.0) (* 0 1.5))
=> (0.0 0.0 0.0)

(list 1e400 -1e400 1e-400)
!> out-of-range: In procedure string->number: Value out of range: 400

(list (string->number "+inf.0") (string->number "nan") (string->number "1e") (string->number "--1"))
=> (+inf.0 #f #f #f)

(list (number->string 1/3 2) (string->number "1/3" 8))
=> ("1/11" 1/3)

(list (rationalize 3/10 1/10) (rationalize .3 1/10))
=> (1/3 0.3333333333333333)

(use-modules (rnrs base))
(list (exact 2.0) (inexact 1/4) (exact (round 2.6)) (exact (floor 3.7)))
=> (2 0.25 3 3)

(list (modulo 7.0 2) (quotient 7.0 2) (remainder 7.0 -2))
=> (1.0 3.0 1.0)

(list (log10 1000) (exp 0) (atan 1) (log 1))
=> (3.0 1.0 0.7853981633974483 0.0)

(list (lcm 4 6 10) (gcd 12 18 8) (exact->inexact 22/7))
=> (60 2 3.142857142857143)

(list (integer? "1") (number? "1") (exact-integer? 1.0))
=> (#f #f #f)

(list 1e21 -1e-10 123.456 -0.001)
=> (1.0e21 -1.0e-10 123.456 -0.001)

(define (percent n total) (inexact->exact (round (* 100 (/ n total)))))
(percent 2 3)
=> 67

(number->string 3.14159 10)
=> "3.14159"

(list (exact->inexact 2/3) (* 1.5 2) (/ 9 3.0) (- 5 5.0))
=> (0.6666666666666666 3.0 3.0 0.0)

(list 1.0e-3 12345.678 0.000001 1234567890123456789.0)
=> (0.001 12345.678 1.0e-6 1234567890123456800.0)
