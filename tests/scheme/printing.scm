(list 1 -2 1.5 "s" #\c 'sym #t #f '() #:k (if #f #f))
=> (1 -2 1.5 "s" #\c sym #t #f () #:k #<unspecified>)

'("a\nb" "tab\t" "q\"" "b\\")
=> ("a\nb" "tab\t" "q\"" "b\\")

'(#\a #\space #\newline #\( #\λ)
=> (#\a #\space #\newline #\( #\λ)

'(a . b)
=> (a . b)

'(a b . c)
=> (a b . c)

'((a . 1) (b . (2 3)))
=> ((a . 1) (b 2 3))

'#(1 #(2))
=> #(1 #(2))

'(quote a)
=> (quote a)

''a
=> (quote a)

'`(a ,b ,@c)
=> (quasiquote (a (unquote b) (unquote-splicing c)))

'#'x
=> (syntax x)

'(quote a b)
=> (quote a b)

(list 'quote)
=> (quote)

(list 'a (list 'quote 'b))
=> (a (quote b))

car
=> #<procedure car (_)>

(list car cdr list cons)
=> (#<procedure car (_)> #<procedure cdr (_)> #<procedure list _> #<procedure cons (_ _)>)

(define (my-proc a b) a)
my-proc
=> #<procedure my-proc (a b)>

(let ((f (lambda (x) x))) f)
=> #<procedure f (a)>

(define f (lambda (x #:optional y) x))
!> syntax-error: lambda: invalid argument list

(define* (g a #:key b) a)
g
=> #<procedure g args>

(define (h . args) args)
h
=> #<procedure h rest>

(list map for-each apply)
=> (#<procedure map (f l) | (f l1 l2) | (f l1 . rest)> #<procedure for-each (f l) | (f l1 l2) | (f l1 . rest)> #<procedure apply (fun args) | (fun arg1 . args)>)

(make-hash-table)
=> #<hash-table ADDRESS 0/31>

(current-output-port)
=> #<output: file 1>

(delay 1)
=> #<promise #<procedure ADDRESS ()>>

(make-parameter 1)
=> #<<parameter> ADDRESS proc: #<procedure ADDRESS at ice-9/boot-9.scm:1324:5 () | (x)>>

(let ((l (list 1 2))) (set-cdr! (cdr l) l) l)
=> (1 2 . #-1#)

(let ((l (list 1))) (set-car! l l) l)
=> (#0#)

(let ((x (list 1))) (list x x))
=> ((1) (1))

(with-output-to-string (lambda () (display '("a" #\b c 1.5))))
=> "(a b c 1.5)"

(with-output-to-string (lambda () (write '("a" #\b c 1.5))))
=> "(\"a\" #\\b c 1.5)"

(object->string '("a" #\b))
=> "(\"a\" #\\b)"

(object->string '("a" #\b) display)
=> "(a b)"

(with-output-to-string (lambda () (display "a\nb") (display #\c)))
=> "a\nbc"

(list "é" "\x01" "\x7f" "\u200e" "→" "日本")
=> ("é" "\x01" "\x7f" "\u200e" "→" "日本")

(list (string #\nul) (string #\escape) (string #\x85) (string #\xa0) (string #\xad))
=> ("\x00" "\x1b" "\x85" "\xa0" "\xad")

(list #\x0 #\x1 #\x7f #\x85 #\xa0 #\xad #\x300 #\xe000 #\xfeff)
=> (#\nul #\soh #\delete #\205 #\240 #\255 #\◌̀ #\160000 #\177377)

(list (string->symbol "with space") (string->symbol "") (string->symbol "é") (string->symbol "A"))
=> (#{with space}# #{}# é A)

(list 'a.b '|x| 'x:y '->a (string->symbol "#foo"))
=> (a.b |x| x:y ->a #{#foo}#)

(list #t #f #nil '())
=> (#t #f #nil ())

(list +inf.0 -inf.0 +nan.0)
=> (+inf.0 -inf.0 +nan.0)

(list 1/2 -3/4 100000000000000000000)
=> (1/2 -3/4 100000000000000000000)

(list (list) (vector) (string) (list (list)))
=> (() #() "" (()))

*unspecified*
=> #<unspecified>

(list (values))
!> misc-error: Zero values returned to single-valued continuation

(list #vu8(1 2) #vu8())
=> (#vu8(1 2) #vu8())

(list (string-copy "mutable") (make-string 2 #\space))
=> ("mutable" "  ")

(cons 1 (delay 2))
=> (1 . #<promise #<procedure ADDRESS ()>>)

(cons (cons 1 2) (cons 3 4))
=> ((1 . 2) 3 . 4)

'(1 . (2 . (3 . 4)))
=> (1 2 3 . 4)

(list 'unquote 'x)
=> (unquote x)

'(unquote x y)
=> (unquote x y)

(list 'quasiquote 'x)
=> (quasiquote x)

'(a . (quote b))
=> (a quote b)

'(a . (quote b c))
=> (a quote b c)

'(1 . 'x)
=> (1 quote x)

(make-fluid)
=> #<fluid ADDRESS>

(use-modules (srfi srfi-1))
fold
=> #<procedure fold (kons knil list1) | (kons knil list1 list2) | (kons knil list1 . rest)>

(use-modules (srfi srfi-9))
(define-record-type <my> (my a) my? (a my-a))
(list my my? my-a)
=> (#<procedure %my-procedure (a)> #<procedure %my?-procedure (a)> #<procedure %my-a-procedure (a)>)

(use-modules (srfi srfi-9))
(define-record-type <my> (my a) my? (a my-a))
<my>
=> #<record-type <my>>

(make-regexp "a")
=> #<regexp ADDRESS>

(let-syntax ((m (syntax-rules () ((_) 1)))) 'x)
=> x

(list (string->symbol "a\\b") (string->symbol "a,b") (string->symbol "@a") (string->symbol "a@b"))
=> (a\b a,b @a a@b)

(list 1e10 1.23e-5 123456789.123 0.1 100.0 1e100 -0.75)
=> (1.0e10 1.23e-5 123456789.123 0.1 100.0 1.0e100 -0.75)

(list 'λ (string->symbol "日本"))
=> (λ 日本)

(list #:a (symbol->keyword (string->symbol "a b")))
=> (#:a #:#{a b}#)

(use-modules (ice-9 format))
(format #f "~s ~a" '(a "b" #\c) '(a "b" #\c))
=> "(a \"b\" #\\c) (a b c)"

(map (lambda (x) (object->string x)) (list 'a "b" #\c 1 1.5 '(d)))
=> ("a" "\"b\"" "#\\c" "1" "1.5" "(d)")

(char-set #\a)
=> #<charset {#\a}>

(make-array 0 2 2)
=> #2((0 0) (0 0))

(string->char-set "abc")
=> #<charset {#\a..#\c}>
