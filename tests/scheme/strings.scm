(list (string-append) (string-append "a") (string-append "a" "b" "c") (string-append "" "x"))
=> ("" "a" "abc" "x")

(list (string-length "") (string-length "abc") (string-length "λ→"))
=> (0 3 2)

(list (substring "hello" 1 3) (substring "hello" 2) (substring "abc" 3) (substring "abc" 0 0))
=> ("el" "llo" "" "")

(list (string-ref "abc" 1) (string #\a #\b) (make-string 3 #\x) (string) (make-string 0 #\a))
=> (#\b "ab" "xxx" "" "")

(list (string? "a") (string? 'a) (string-null? "") (string-null? "a") (string=? "a" "a") (string=? "a" "A"))
=> (#t #f #t #f #t #f)

(list (string<? "a" "b") (string<? "b" "a") (string<? "a" "ab") (string>? "b" "a") (string<=? "a" "a") (string>=? "a" "b"))
=> (#t #f #t #t #t #f)

(list (string-ci=? "aB" "Ab") (string-ci<? "A" "b") (string=? "a" "a" "a") (string<? "a" "b" "c"))
=> (#t #t #t #t)

(list (string-upcase "abcß") (string-downcase "ABC") (string-capitalize "hello world") (string-titlecase "ab cd"))
=> ("ABCß" "abc" "Hello World" "Ab Cd")

(list (string-join '("a" "b" "c")) (string-join '("a" "b") ",") (string-join '() ",") (string-join '("a") ", "))
=> ("a b c" "a,b" "" "a")

(list (string-join '("a" "b") "/" 'prefix) (string-join '("a" "b") ";" 'suffix) (string-join '("a" "b") "+" 'infix) (string-join '() "/" 'prefix))
=> ("/a/b" "a;b;" "a+b" "")

(string-join '() "," 'strict-infix)
!> misc-error: In procedure string-join: strict-infix grammar requires non-empty list

(list (string-split "a,b,c" #\,) (string-split "" #\,) (string-split ",a," #\,) (string-split "abc" #\,))
=> (("a" "b" "c") ("") ("" "a" "") ("abc"))

(list (string-split "a b\tc" char-whitespace?) (string-split "a1b2c" char-numeric?) (string-split "a.b-c" (char-set #\. #\-)))
=> (("a" "b" "c") ("a" "b" "c") ("a" "b" "c"))

(list (string-index "hello" #\l) (string-index "hello" #\z) (string-index "a1" char-numeric?) (string-rindex "hello" #\l) (string-index "hello" #\l 3))
=> (2 #f 1 3 3)

(list (string-contains "hello" "ll") (string-contains "hello" "z") (string-contains "aXbX" "X" 2) (string-contains "" "") (string-contains-ci "HELLO" "ell"))
=> (2 #f 3 0 1)

(list (string-prefix? "he" "hello") (string-prefix? "x" "hello") (string-suffix? "lo" "hello") (string-prefix? "" "a") (string-prefix-ci? "HE" "hello"))
=> (#t #f #t #t #t)

(list (string-prefix-length "abcd" "abxy") (string-suffix-length "xab" "yab"))
=> (2 2)

(list (string-trim "  a ") (string-trim-right " a  ") (string-trim-both "  a b  ") (string-trim "xxa" #\x) (string-trim-both "\n a\t\n"))
=> ("a " " a" "a b" "a" "a")

(list (string-trim-both "--a--" #\-) (string-trim "12ab" char-numeric?) (string-trim-right "a.." (char-set #\.)))
=> ("a" "ab" "a")

(list (string-pad "12" 5) (string-pad "12345" 3) (string-pad "7" 3 #\0) (string-pad-right "ab" 4) (string-pad-right "abcd" 2) (string-pad-right "a" 3 #\.))
=> ("   12" "345" "007" "ab  " "ab" "a..")

(list (string-tokenize "a b  c") (string-tokenize "a-b c1" char-set:letter) (string-tokenize ""))
=> (("a" "b" "c") ("a" "b" "c") ())

(list (string->list "abc") (list->string '(#\a #\b)) (string->list "abcd" 1 3) (string->list ""))
=> ((#\a #\b #\c) "ab" (#\b #\c) ())

(list (string->symbol "abc") (symbol->string 'abc) (string->number "42") (number->string 42))
=> (abc "abc" 42 "42")

(list (string-reverse "abc") (string-concatenate '("a" "b")) (string-concatenate '()) (string-append/shared "a" "b"))
=> ("cba" "ab" "" "ab")

(list (string-take "hello" 2) (string-drop "hello" 2) (string-take-right "hello" 2) (string-drop-right "hello" 2))
=> ("he" "llo" "lo" "hel")

(list (string-count "banana" #\a) (string-count "a1b2" char-numeric?) (string-skip "  a" #\space) (string-skip-right "a  " #\space))
=> (3 2 2 0)

(list (string-filter char-alphabetic? "a1b2") (string-delete char-numeric? "a1b2") (string-delete #\a "banana") (string-filter #\a "banana"))
=> ("ab" "ab" "bnn" "aaa")

(list (string-map char-upcase "abc") (string-fold cons '() "abc") (string-fold-right cons '() "abc"))
=> ("ABC" (#\c #\b #\a) (#\a #\b #\c))

(let ((out '())) (string-for-each (lambda (c) (set! out (cons c out))) "abc") out)
=> (#\c #\b #\a)

(let ((out '())) (string-for-each-index (lambda (i) (set! out (cons i out))) "abc") out)
=> (2 1 0)

(list (string-any char-numeric? "ab1") (string-every char-numeric? "12") (string-any #\b "abc") (string-every char-alphabetic? ""))
=> (#t #t #t #t)

(list (string-replace "hello" "XY" 1 3) (string-replace "abc" "" 1 2) (string-copy "abc" 1) (string-copy "abc" 0 2))
=> ("hXYlo" "ac" "bc" "ab")

(list (string-unfold null? car cdr '(#\a #\b)) (string-tabulate (lambda (i) (integer->char (+ 97 i))) 3))
=> ("ab" "abc")

(let ((s (make-string 3 #\a))) (string-set! s 1 #\X) s)
=> "aXa"

(let* ((s (string-copy "abc")) (t s)) (string-set! s 0 #\z) (list s t (eq? s t)))
=> ("zbc" "zbc" #t)

(let ((s (string-append "ab" "c"))) (string-set! s 0 #\Z) s)
=> "Zbc"

(string-set! "abc" 0 #\x)
=> #<unspecified>

(let ((s (string-copy "hello"))) (string-fill! s #\x) s)
=> "xxxxx"

(let ((s (string-copy "hello"))) (substring-fill! s 1 3 #\-) s)
=> "h--lo"

(let ((s (string-copy "abc"))) (string-upcase! s) s)
=> "ABC"

(let ((s (string-copy "abc"))) (string-reverse! s) s)
=> "cba"

(let ((s (string-copy "abcdef"))) (string-copy! s 1 "XY") s)
=> "aXYdef"

(let ((s (number->string 12))) (string-set! s 0 #\9) s)
=> "92"

(let ((s (symbol->string 'abc))) (string-set! s 0 #\x) s)
!> misc-error: string is read-only: "abc"

(let ((s (list->string '(#\a)))) (string-set! s 0 #\b) s)
=> "b"

(let ((s (string-copy "abc")) (t "abc")) (equal? s t))
=> #t

(list (string=? "abc" "xabcx" 0 3 1 4) (string= "abc" "xabcx" 0 3 1 4) (string-compare "a" "b" (lambda (i) 'lt) (lambda (i) 'eq) (lambda (i) 'gt)))
=> (#f #t lt)

(list (string-hash "a" 100) (= (string-hash "abc") (string-hash "abc")))
=> (94 #t)

(string-append "a" 5)
!> wrong-type-arg: In procedure string-append: Wrong type (expecting string): 5

(string-append "a" 'b)
!> wrong-type-arg: In procedure string-append: Wrong type (expecting string): b

(string-append "a" #f)
!> wrong-type-arg: In procedure string-append: Wrong type (expecting string): #f

(string-length 5)
!> wrong-type-arg: In procedure string-length: Wrong type argument in position 1 (expecting string): 5

(string-length 'abc)
!> wrong-type-arg: In procedure string-length: Wrong type argument in position 1 (expecting string): abc

(substring "abc" 2 1)
!> out-of-range: Value out of range 2 to< 3: 1

(substring "abc" 4)
!> out-of-range: Value out of range 0 to< 3: 4

(substring "abc" -1)
!> out-of-range: Value out of range 0 to< 3: -1

(substring 'abc 1)
!> wrong-type-arg: In procedure substring: Wrong type argument in position 1 (expecting string): abc

(string-ref "abc" 3)
!> out-of-range: Value out of range 0 to< 2: 3

(string-ref "abc" -1)
!> out-of-range: Value out of range 0 to< 2: -1

(string-upcase 5)
!> wrong-type-arg: In procedure string-upcase: Wrong type argument in position 1 (expecting string): 5

(string-join "abc" ",")
!> wrong-type-arg: In procedure string-join: Wrong type argument in position 1: "abc"

(string-join '("a" 5) ",")
!> wrong-type-arg: In procedure string-append: Wrong type (expecting string): 5

(string-split 5 #\,)
!> wrong-type-arg: In procedure string-split: Wrong type argument in position 1 (expecting string): 5

(string-split "a,b" ",")
!> wrong-type-arg: In procedure string-split: Wrong type argument in position 2: ","

(string=? "a" 'a)
!> wrong-type-arg: In procedure string=: Wrong type argument in position 2 (expecting string): a

(string->symbol 5)
!> wrong-type-arg: In procedure string->symbol: Wrong type argument in position 1 (expecting string): 5

(symbol->string "a")
!> wrong-type-arg: In procedure symbol->string: Wrong type argument in position 1 (expecting symbol): "a"

(string->list 'a)
!> wrong-type-arg: In procedure string->list: Wrong type argument in position 1 (expecting string): a

(list->string '(1 2))
!> wrong-type-arg: In procedure string: Wrong type (expecting character): 1

(list->string '("a"))
!> wrong-type-arg: In procedure string: Wrong type (expecting character): "a"

(string #\a "b")
!> wrong-type-arg: In procedure string: Wrong type (expecting character): "b"

(make-string -1 #\a)
!> out-of-range: Value out of range 0 to< 18446744073709551615: -1

(string-index "abc" "b")
!> wrong-type-arg: In procedure string-index: Wrong type argument in position 2: "b"

(string-prefix? 'a "abc")
!> wrong-type-arg: In procedure string-prefix?: Wrong type argument in position 1 (expecting string): a

(string-pad 5 3)
!> wrong-type-arg: In procedure string-pad: Wrong type argument in position 1 (expecting string): 5

(string-concatenate '("a" b))
!> wrong-type-arg: In procedure string-append: Wrong type (expecting string): b

(string->number "12abc")
=> #f

(list (string->number "12" 10) (object->string '(a "b" #\c)) (object->string "a" display))
=> (12 "(a \"b\" #\\c)" "a")

(use-modules (srfi srfi-13))
(list (string-concatenate-reverse '("c" "b" "a")) (string-index-right "abcabc" #\b) (xsubstring "abc" 0 5))
=> ("abc" 4 "abcab")

(use-modules (srfi srfi-13))
(list (string-titlecase "hello wORLD") (string-contains "abcd" "cd") (string-suffix-ci? "LO" "hello"))
=> ("Hello World" 2 #t)

(use-modules (srfi srfi-13))
(list (string<> "a" "b") (string< "a" "b") (string= "a" "a") (string> "a" "b"))
=> (#t #t #t #f)

(use-modules (ice-9 string-fun))
(list (string-replace-substring "a.b.c" "." "--") (string-replace-substring "aaa" "a" "") (string-replace-substring "abc" "x" "y"))
=> ("a--b--c" "" "abc")

(define (host n) (string-append "node" (number->string n) ".example.org"))
(map host (iota 3 1))
=> ("node1.example.org" "node2.example.org" "node3.example.org")

(string-join (map (lambda (p) (string-append (car p) "=" (cdr p))) '(("a" . "1") ("b" . "2"))) "&")
=> "a=1&b=2"

(apply string-append (map (lambda (s) (string-append s "-linux")) '("x86_64" "i686")))
=> "x86_64-linuxi686-linux"

(let loop ((i 0) (s "")) (if (= i 5) s (loop (+ i 1) (string-append s (number->string i)))))
=> "01234"

(string-length (apply string-append (map (lambda (x) "abc") (iota 10000))))
=> 30000

(list "tab\there" "nl\n" "quote\"" "bs\\" "bell\a" "nul\x00" "esc\x1b" "del\x7f")
=> ("tab\there" "nl\n" "quote\"" "bs\\" "bell\a" "nul\x00" "esc\x1b" "del\x7f")

(list "é" "→" "\u00a0" "\u200b" "\ufeff" "\U01f980")
=> ("é" "→" "\xa0" "\u200b" "\ufeff" "🦀")

(list (string<? "Z" "a") (string<? "é" "f") (string<? "" "a"))
=> (#t #f #t)

(list (string-any (lambda (c) (and (char=? c #\b) 'found)) "abc") (string-every (lambda (c) (char->integer c)) "ab"))
=> (found 98)

(string->list "λ→")
=> (#\λ #\→)

(eq? "" "")
=> #f

(equal? "abc" "abc")
=> #t

(list (string-capitalize "o'neil mc-donald") (string-downcase "ÄÖ") (string-upcase "é"))
=> ("O'Neil Mc-Donald" "äö" "É")

(list (char-upcase #\ß) (string-upcase "straße"))
=> (#\ß "STRAßE")

(substring/shared "abc" 1)
=> "bc"

(let ((s (substring "abcdef" 1 4))) (string-set! s 0 #\X) s)
=> "Xcd"

(string-index "a:b" #\: 0 1)
=> #f

(list (basename "/a/b.scm") (basename "/a/b.scm" ".scm") (dirname "/a/b.scm") (dirname "b") (dirname "/") (basename "a/"))
=> ("b.scm" "b" "/a" "." "/" "a/")

(list (absolute-file-name? "/a") (absolute-file-name? "a") (file-name-separator? #\/) file-name-separator-string)
=> (#t #f #t "/")

(string-normalize-nfc "é")
=> "é"

(list (string->char-set "abc") (char-set-contains? char-set:digit #\5) (char-set->list (char-set #\b #\a)))
=> (#<charset {#\a..#\c}> #t (#\a #\b))

(char-set-size (char-set-union (char-set #\a) (char-set #\b #\a)))
=> 2

(string-tokenize "a:b:c" (char-set-complement (char-set #\:)))
=> ("a" "b" "c")

(list (string-contains "abc" "bc" 1 3) (string-contains "abc" "bc" 2))
=> (1 #f)
