;;; What the reader makes of the text.

'(a . (b . (c . ())))
=> (a b c)

'(f . (1 2))
=> (f 1 2)

'[a (b) [c]]
=> (a (b) (c))

'(a b . c)
=> (a b . c)

'(quote a)
=> (quote a)

''a
=> (quote a)

'(quasiquote (a (unquote b) (unquote-splicing c)))
=> (quasiquote (a (unquote b) (unquote-splicing c)))

'`(a ,b ,@c)
=> (quasiquote (a (unquote b) (unquote-splicing c)))

'(a . 'b)
=> (a quote b)

'(a . `b)
=> (a quasiquote b)

'(1 . (quote b))
=> (1 quote b)

'#(1 #(2) "x")
=> #(1 #(2) "x")

#(1 2 (a b))
=> #(1 2 (a b))

#vu8(1 2 255)
=> #vu8(1 2 255)

(list #t #f #true #false)
=> (#t #f #t #f)

#nil
=> #nil

(list (null? #nil) (if #nil 1 2) (eq? #nil '()) (eq? #nil #f))
=> (#t 2 #f #f)

'(a . #nil)
=> (a)

(list #:key '#:other (keyword? #:key))
=> (#:key #:other #t)

'(:a a: a:b)
=> (:a a: a:b)

(keyword? ':a)
=> #f

(read-set! keywords 'prefix)
(list :a (keyword? ':b))
=> (#:a #t)

(read-set! keywords 'postfix)
(list a: (keyword? 'b:))
=> (#:a #t)

(read-set! keywords 'prefix)
(list (symbol? 'a:) (keyword? ':a))
=> (#t #t)

(quote #:x)
=> #:x

'(1 ; one
  2)
=> (1 2)

'(1 #;2 3)
=> (1 3)

'(1 #;(a (b) "c)") 3)
=> (1 3)

'(1 #; #; 2 3 4)
=> (1 4)

'(a #;b)
=> (a)

'(a . #;b c)
=> (a . c)

'(a #| b #| c |# d |# e)
=> (a e)

'(a #| ) " |# b)
=> (a b)

#!shebang
!#
'done
=> done

'(a #!
block ( "
!# b)
=> (a b)

"a\tb\nc"
=> "a\tb\nc"

(string-length "a\\b\"c")
=> 5

"\x41;"
=> "A;"

"\x41\x42"
=> "AB"

"\u03bb\U01f980"
=> "λ🦀"

"\a\b\f\v\r\0"
=> "\a\b\f\v\r\x00"

"a\
   b"
=> "a   b"

"a
b"
=> "a\nb"

"\|\("
=> "|("

(string-length "	")
=> 1

"→é"
=> "→é"

(list #\a #\space #\newline #\nul #\tab #\delete #\alarm)
=> (#\a #\space #\newline #\nul #\tab #\delete #\alarm)

(list #\x41 #\101 #\λ #\x3bb)
=> (#\A #\A #\λ #\λ)

(list #\( #\) #\; #\" #\#)
=> (#\( #\) #\; #\" #\#)

(map char->integer (list #\null #\altmode #\backspace #\return #\rubout #\linefeed #\page #\esc #\escape #\vtab #\nl #\sp))
!> read-error: unknown character name altmode

(list #\x #\X #\1)
=> (#\x #\X #\1)

(list #\SPACE #\Newline)
=> (#\space #\newline)

'(#\a#\b)
!> read-error: unknown character name a#\b

(list #\a'b)
!> read-error: unknown character name a'b

(list 'a'b)
=> (a'b)

(list 1'b)
!> unbound-variable: Unbound variable: #{1'b}#

'(a"b"c)
=> (a "b" c)

'("a"b)
=> ("a" b)

'(1(2)3)
=> (1 (2) 3)

'(a(b)c)
=> (a (b) c)

'#{a b}#
=> #{a b}#

(symbol->string '#{a b}#)
=> "a b"

'(#{}# #{1}# #{a.b}# #{.}#)
=> (#{}# #{1}# a.b #{.}#)

(list '#{a\x20;b}#)
=> (#{a b}#)

'|a
=> |a

'(|a b|)
=> (|a b|)

(map symbol->string '(|a b|))
=> ("|a" "b|")

(read-enable 'r7rs-symbols)
(symbol->string '|a b|)
=> "a b"

'(-> ->x a.b %y 1+ -1+ ... .. + - +a -a a@b $x & * / <=? !x ^ ~a _)
=> (-> ->x a.b %y #{1+}# -1+ ... .. + - +a -a a@b $x & * / <=? !x ^ ~a _)

'(A a Ab)
=> (A a Ab)

(eq? 'abc 'ABC)
=> #f

#!fold-case
(list 'ABC (eq? 'abc 'ABC) #\A "ABC")
=> (abc #t #\A "ABC")

#!fold-case
(define x 'ABC)
#!no-fold-case
(list x 'ABC)
=> (abc ABC)

#!r6rs
(list "a" 'b)
=> ("a" b)

#!curly-infix
{1 + 2 + 3}
=> 6

#!curly-infix
(let ((x 5)) {{x * 2} - 1})
=> 9

#!curly-infix
'({} {a} {a b} {a + b + c} {a + b * c})
=> (() a (a b) (+ a b c) ($nfx$ a + b * c))

#!curly-infix
'f{a + b}
!> unbound-variable: Unbound variable: a

#!curly-infix
'f(x)
!> unbound-variable: Unbound variable: x

'{a}
=> #{\x7b;a\x7d;}#

'#'a
=> (syntax a)

'#`(a #,b #,@c)
=> (quasisyntax (a (unsyntax b) (unsyntax-splicing c)))

(quote #'x)
=> (syntax x)

#2((1 2) (3 4))
=> #2((1 2) (3 4))

(array-ref #2((1 2) (3 4)) 1 0)
=> 3

(array-dimensions #2((1 2 3) (4 5 6)))
=> (2 3)

#*10110
=> #*10110

#u8(1 2 3)
=> #u8(1 2 3)

#f64(1.0 2.5)
=> #f64(1.0 2.5)

'#!default
!> read-error: unterminated `#! ... !#' comment

#!eof
!> read-error: unterminated `#! ... !#' comment

(eof-object? #!eof)
!> read-error: unterminated `#! ... !#' comment

(unspecified? #!unspecified)
!> read-error: unterminated `#! ... !#' comment

#!unspecified
!> read-error: unterminated `#! ... !#' comment

'(1 .5)
=> (1 0.5)

'(a .b)
=> (a .b)

'(a. b)
=> (a. b)

'(a ... b)
=> (a ... b)

(cdr '(a . b))
=> b

(car '((a)))
=> (a)

'(a . ( . (b)))
=> (a b)

'()
=> ()

()
!> syntax-error: unexpected syntax

(list)
=> ()

(a (b)
!> read-error: unexpected end of input while searching for: )

(list 1 2
!> read-error: unexpected end of input while searching for: )

(list (list 1 2)
!> read-error: unexpected end of input while searching for: )

)
!> read-error: unexpected ")"

'(a b))
!> read-error: unexpected ")"

'(a ]
!> read-error: mismatched close paren: ]

'[a )
!> read-error: mismatched close paren: )

"abc
!> read-error: unexpected end of input while reading string

'(a "b)
!> read-error: unexpected end of input while reading string

#| abc
!> read-error: unterminated `#| ... |#' comment

'(a . )
!> read-error: unexpected ")"

'(a . b c)
!> read-error: missing close paren: c

'( . )
!> read-error: unexpected ")"

'(. a)
=> a

"\q"
!> read-error: invalid character in escape sequence: #\q

"\xg1"
!> read-error: invalid character in escape sequence: #\g

"\u12"
!> read-error: invalid character in escape sequence: #\"

#\foo
!> read-error: unknown character name foo

#\x110000
!> out-of-range: In procedure integer->char: Argument 1 out of range: 1114112

#<x>
!> read-error: Unknown # object: "#<"

#<procedure car>
!> read-error: Unknown # object: "#<"

#z
!> read-error: Unknown # object: "#z"

'(1 2 . #;3)
!> read-error: unexpected ")"

'
!> read-error: unexpected end of input while reading quoted expression

'(a ')
!> read-error: unexpected ")"

#;
!> read-error: unexpected end of input while reading #; comment

(list 1 #;)
!> read-error: unexpected ")"

(list #,x)
!> syntax-error: unsyntax: Invalid expression

(list 'a #!eof 'b)
!> read-error: unterminated `#! ... !#' comment

(list 1 #!unknown-thing 2)
!> read-error: unterminated `#! ... !#' comment

'#(1 . 2)
!> wrong-type-arg: In procedure map: Not a list: (1 . 2)

#vu8(1 256)
!> out-of-range: In procedure bytevector-u8-set!: Value out of range: 256

#vu8(a)
!> wrong-type-arg: In procedure bytevector-u8-set!: Wrong type argument in position 3: a

(call-with-input-string "(a . b) c" (lambda (p) (let* ((x (read p)) (y (read p)) (z (read p))) (list x y (eof-object? z)))))
=> ((a . b) c #t)

(call-with-input-string "" (lambda (p) (eof-object? (read p))))
=> #t

(call-with-input-string ";x\n" (lambda (p) (eof-object? (read p))))
=> #t

(with-input-from-string "'a" read)
=> (quote a)

(with-input-from-string "#;a b" read)
=> b

(with-input-from-string "(a b" read)
!> read-error: unexpected end of input while searching for: )

(catch 'read-error (lambda () (with-input-from-string ")" read)) (lambda (key . args) key))
=> read-error

(with-input-from-string "#:k" read)
=> #:k

(with-input-from-string "`(a ,@b)" read)
=> (quasiquote (a (unquote-splicing b)))

(with-input-from-string "\"a\\nb\"" read)
=> "a\nb"

;;; A form feed is white space.
'(a b)
=> (a b)

;;; So are tabs.
'(	a	b	)
=> (a b)

(eq? 'a'a)
=> #t

(quote . (a))
=> a

'(lambda (x) . ((+ x 1)))
=> (lambda (x) (+ x 1))

(+ . (1 2))
=> 3

((lambda args args) . (1 2 3))
=> (1 2 3)

(length '(a . #nil))
=> 1

(equal? '#nil '())
=> #f

(list 'quote 'a)
=> (quote a)

'(quote a b)
=> (quote a b)

'(quote)
=> (quote)

'(quote . a)
=> (quote . a)

''()
=> (quote ())

'(unquote a)
=> (unquote a)

'(1 . (unquote a))
=> (1 unquote a)

'(a unquote b)
=> (a unquote b)

(write-string "x" (open-output-string))
'x
!> unbound-variable: Unbound variable: write-string

'#t
=> #t

'"s"
=> "s"

'1
=> 1

'#\a
=> #\a

(symbol->string 'sym.with/odd*chars!)
=> "sym.with/odd*chars!"

(list 'é 'λ '→)
=> (é λ →)

(symbol? 'λ)
=> #t

(list 'a;comment
      'b)
=> (a b)

(list"a""b")
=> ("a" "b")

(list '(a)'(b))
=> ((a) (b))

(string->symbol "A B")
=> #{A B}#

(list (string->symbol "") (string->symbol "1") (string->symbol "a;b") (string->symbol "#a") (string->symbol "a#"))
=> (#{}# #{1}# #{a;b}# #{#a}# #{a#}#)

(list (string->symbol "(") (string->symbol "'a") (string->symbol "a'") (string->symbol "|a|") (string->symbol "a.b") (string->symbol "."))
=> (#{\x28;}# #{'a}# a' |a| a.b #{.}#)

(list (string->symbol ",a") (string->symbol "`a") (string->symbol "a,b") (string->symbol "a`b") (string->symbol ":a") (string->symbol "a:"))
=> (#{,a}# #{`a}# a,b a`b :a a:)

(list (string->symbol "a\nb") (string->symbol "a\tb") (string->symbol "{") (string->symbol "a}") (string->symbol "[a]"))
=> (#{a\xa;b}# #{a\x9;b}# #{\x7b;}# #{a\x7d;}# #{\x5b;a\x5d;}#)

(list (string->symbol "+1") (string->symbol "-") (string->symbol "+a") (string->symbol "1a") (string->symbol "1e2") (string->symbol "+i") (string->symbol "1/2") (string->symbol "..."))
=> (#{+1}# - +a #{1a}# #{1e2}# #{+i}# #{1/2}# ...)

(list (string->symbol "é") (string->symbol "a\\b") (string->symbol "a\"b"))
=> (é a\b #{a"b}#)
