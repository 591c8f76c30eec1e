(list (char? #\a) (char? "a") (char->integer #\A) (integer->char 97))
=> (#t #f 65 #\a)

(list (char-upcase #\a) (char-downcase #\A) (char-titlecase #\a))
=> (#\A #\a #\A)

(list (char-alphabetic? #\a) (char-alphabetic? #\1) (char-numeric? #\1) (char-whitespace? #\space) (char-whitespace? #\a) (char-upper-case? #\A) (char-lower-case? #\a) (char-is-both? #\a))
=> (#t #f #t #t #f #t #t #t)

(list (char=? #\a #\a) (char<? #\a #\b #\c) (char-ci=? #\a #\A) (char>? #\b #\a) (char<=? #\a #\a))
=> (#t #t #t #t #t)

(list #\a #\space #\newline #\tab #\nul #\x7f #\é #\λ #\xA0 #\x200b #\x1b #\return #\backspace)
=> (#\a #\space #\newline #\tab #\nul #\delete #\é #\λ #\240 #\20013 #\esc #\return #\backspace)

(list #\( #\) #\" #\\ #\; #\' #\` #\,)
=> (#\( #\) #\" #\\ #\; #\' #\` #\,)

(map char->integer (string->list "az09"))
=> (97 122 48 57)

(char-upcase "a")
!> wrong-type-arg: In procedure char-upcase: Wrong type argument in position 1 (expecting character): "a"

(char->integer 65)
!> wrong-type-arg: In procedure char->integer: Wrong type argument in position 1 (expecting character): 65

(integer->char -1)
!> out-of-range: In procedure integer->char: Value out of range: -1

(integer->char 55296)
!> out-of-range: In procedure integer->char: Value out of range: 55296

(char=? #\a "a")
!> wrong-type-arg: In procedure char=?: Wrong type argument in position 2 (expecting character): "a"

(- (char->integer #\7) (char->integer #\0))
=> 7

(list (char-general-category #\a) (char-general-category #\1) (char-general-category #\space))
=> (Ll Nd Zs)

(list (eq? #\a #\a) (eqv? #\a #\b) (equal? #\a #\a))
=> (#t #f #t)

(list (char-set? char-set:letter) (char-set-contains? char-set:whitespace #\tab) (char-set-contains? (ucs-range->char-set 97 100) #\c))
=> (#t #t #t)

(char-set-contains? (string->char-set "xyz") #\y)
=> #t

(with-output-to-string (lambda () (display #\a) (write #\a) (write #\space)))
=> "a#\\a#\\space"

(list (char-set-fold cons '() (char-set #\a)) (char-set-size char-set:empty) (char-set= (char-set #\a) (char-set #\a)))
=> ((#\a) 0 #t)

(list (list->char-set '(#\a #\b)) (char-set-adjoin (char-set #\a) #\b))
=> (#<charset {#\a..#\b}> #<charset {#\a..#\b}>)
