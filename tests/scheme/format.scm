(format #f "~a ~s" "x" "x")
=> "x \"x\""

(format #f "plain")
=> "plain"

(format #f "~a~%~a~~" 1 2)
=> "1\n2~"

(format #f "~d ~b ~o ~x" 10 10 10 255)
=> "10 1010 12 ff"

(list (format #f "~5d|" 42) (format #f "~5,'0d" 42) (format #f "~,,',:d" 1234567) (format #f "~:d" 1234567) (format #f "~@d" 5) (format #f "~2,'0d" 7))
=> ("   42|" "00042" "1,234,567" "1,234,567" "+5" "07")

(list (format #f "~10a|" "abc") (format #f "~10@a|" "abc") (format #f "~3a|" "abcdef") (format #f "~10,,,'*a|" "ab"))
=> ("abc       |" "       abc|" "abcdef|" "ab********|")

(list (format #f "~10s|" "abc") (format #f "~s" #\a) (format #f "~a" #\a) (format #f "~s" 'sym))
=> ("\"abc\"     |" "#\\a" "a" "sym")

(list (format #f "~{~a ~}" '(1 2 3)) (format #f "~{~a~^, ~}" '(1 2 3)) (format #f "~{~a=~a ~}" '(a 1 b 2)))
=> ("1 2 3 " "1, 2, 3" "a=1 b=2 ")

(list (format #f "~:{~a:~a ~}" '((a 1) (b 2))) (format #f "~@{~a~^-~}" 1 2 3))
=> ("a:1 b:2 " "1-2-3")

(list (format #f "~:[no~;yes~]" #f) (format #f "~:[no~;yes~]" 1) (format #f "~[zero~;one~:;many~]" 0) (format #f "~[zero~;one~:;many~]" 7) (format #f "~@[val ~a~]" 5) (format #f "~@[val ~a~]" #f))
=> ("no" "yes" "zero" "many" "val 5" "")

(list (format #f "~c" #\a) (format #f "~:c" #\a) (format #f "~@c" #\a) (format #f "~c" #\space))
=> ("a" "a" "#\\a" " ")

(list (format #f "~f" 3.14159) (format #f "~,2f" 3.14159) (format #f "~8,2f|" 3.14159) (format #f "~,1f" 2) (format #f "~f" 10))
=> ("3.14159" "3.14" "    3.14|" "2.0" "10.0")

(list (format #f "~e" 12345.678) (format #f "~,3e" 12345.678) (format #f "~g" 3.5))
=> ("1.2345678E+4" "1.235E+4" "3.5    ")

(list (format #f "~,2f" 0.005) (format #f "~,0f" 2.5) (format #f "~,3f" -1.23456) (format #f "~6,1f" 99.95))
=> ("0.01" "3." "-1.235" " 100.0")

(list (format #f "~$" 12.5) (format #f "~$" 3))
=> ("12.50" "3.00")

(list (format #f "~r" 42) (format #f "~:r" 3) (format #f "~@r" 1994) (format #f "~2r" 10) (format #f "~16r" 255))
=> ("forty-two" "third" "MCMXCIV" "1010" "ff")

(list (format #f "~p" 1) (format #f "~p" 2) (format #f "~d item~:p" 3) (format #f "~d famil~:@p" 1))
=> ("" "s" "3 items" "1 family")

(list (format #f "~(HELLO~)" ) (format #f "~:(hello world~)") (format #f "~@(hello World~)") (format #f "~:@(hello~)"))
=> ("hello" "HELLO WORLD" "HELLO WORLD" "HELLO")

(list (format #f "a~10tb") (format #f "ab~4,4tc") (format #f "~4|x") (format #f "a~3_b"))
=> ("a         b" "ab  c" "\f\f\f\fx" "a   b")

(format #f "~?" "~a-~a" '(1 2))
=> "1-2"

(format #f "~@?" "~a-~a" 1 2)
=> "1-2"

(list (format #f "~*~a" 1 2) (format #f "~a~:*~a" 1) (format #f "~2@*~a" 1 2 3))
=> ("2" "11" "3")

(format #f "line ~
            continued")
=> "line continued"

(format #f "~a" '(1 "two" #\3))
=> "(1 two 3)"

(format #f "~s" '(1 "two" #\3))
=> "(1 \"two\" #\\3)"

(format #f "~y" '(1 2))
=> "(1 2)\n"

(format #f "~a ~a" 1)
!> misc-error: error in format

(format #f "~a" 1 2)
=> "1"

(format #f "~q" 1)
=> "SLIB Common LISP format version 3.0\n  (C) copyright 1992-1994 by Dirk Lutzebaeck\n  please send bug reports to `lutzeb@cs.tu-berlin.de'\n"

(format "no port ~a" 1)
!> misc-error: format: expected a string for format string 1

(format 'x "a")
!> misc-error: format: bad destination `x'

(with-output-to-string (lambda () (format #t "~a-~a" 1 2)))
=> "1-2"

(call-with-output-string (lambda (port) (format port "~a!" "hi")))
=> "hi!"

(format #f "~a" (if #f #f))
=> "#<unspecified>"

(list (format #f "~a" 1.0) (format #f "~a" 1/2) (format #f "~a" #t) (format #f "~a" '()) (format #f "~a" 'x) (format #f "~a" #:k))
=> ("1.0" "1/2" "#t" "()" "x" "#:k")

(list (format #f "~d" 1.5) (format #f "~d" "x"))
!> misc-error: error in format

(list (format #f "~vd" 5 42) (format #f "~v,vd" 6 #\0 42) (format #f "~#d" 5))
!> wrong-type-arg: In procedure integer->char: Wrong type argument in position 1 (expecting small integer): #\0

(simple-format #f "~a ~s ~A ~S ~%~~" "x" "x" 1 #\a)
=> "x \"x\" 1 #\\a \n~"

(simple-format #f "~d" 1)
!> misc-error: In procedure simple-format: FORMAT: Unsupported format option ~d - use (ice-9 format) instead

(simple-format #f "~a")
!> misc-error: In procedure simple-format: FORMAT: Missing argument for ~a

(format #f "node~2,'0d.example.org" 3)
=> "node03.example.org"

(map (lambda (i) (format #f "build~d" i)) '(1 2 3))
=> ("build1" "build2" "build3")

(format #f "~a:~a" "host" 22)
=> "host:22"

(string-length (format #f "~100a" "x"))
=> 100

(format #f "~{~{~a~}~^;~}" '((1 2) (3)))
=> "12;3"

(format #f "~a~a" "" '())
=> "()"

(format #f "~:@{~a~a ~}" '(1 2) '(3 4))
=> "12 34 "

(format #f "~!")
=> ""

(format #f "~&x~&y")
=> "x\ny"

(format #f "~3%")
=> "\n\n\n"

(format #f "~i")
!> misc-error: error in format

(format #f "~{~a~:}" '())
=> ""

(format #f "~2{~a ~}" '(1 2 3))
=> "1 2 "

(format #f "~a~^ more" 1)
=> "1"

(format #f "~;")
!> misc-error: error in format

(format #f "~[a~;b~]" 5)
=> ""

(format #f "~b ~o" -5 -8)
=> "-101 -10"

(format #f "~x" "ff")
!> misc-error: error in format

(use-modules (ice-9 format))
(format #f "~,2f ~5,'0d" 1.005 -3)
=> "1.01 000-3"

(format #f "~8,3f|~8,3f" 1 2.5)
=> "   1.000|   2.500"
