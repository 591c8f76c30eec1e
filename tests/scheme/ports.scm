(call-with-output-string (lambda (p) (display "a" p) (write "b" p) (newline p) (write-char #\c p)))
=> "a\"b\"\nc"

(with-output-to-string (lambda () (display '(1 "x" #\y)) (write '(1 "x" #\y))))
=> "(1 x y)(1 \"x\" #\\y)"

(call-with-input-string "hello (1 2)" (lambda (p) (list (read p) (read p) (eof-object? (read p)))))
=> (hello (1 2) #t)

(with-input-from-string "a b" (lambda () (list (read) (read))))
=> (a b)

(call-with-input-string "abc" (lambda (p) (list (read-char p) (peek-char p) (read-char p) (read-char p) (eof-object? (read-char p)))))
=> (#\a #\b #\b #\c #t)

(use-modules (ice-9 rdelim))
(call-with-input-string "one\ntwo\n" (lambda (p) (list (read-line p) (read-line p) (eof-object? (read-line p)))))
=> ("one" "two" #t)

(use-modules (ice-9 rdelim))
(call-with-input-string "one\ntwo" (lambda (p) (list (read-line p 'concat) (read-line p 'split))))
=> ("one\n" ("two" . #<eof>))

(use-modules (ice-9 rdelim))
(call-with-input-string "a:b:c" (lambda (p) (list (read-delimited ":" p) (read-delimited ":" p) (read-delimited ":" p))))
=> ("a" "b" "c")

(use-modules (ice-9 rdelim))
(call-with-input-string "all\nof it" read-string)
=> "all\nof it"

(use-modules (ice-9 rdelim))
(call-with-input-string "a\n\nb\n" (lambda (p) (let loop ((l (read-line p)) (acc '())) (if (eof-object? l) (reverse acc) (loop (read-line p) (cons l acc))))))
=> ("a" "" "b")

(use-modules (ice-9 textual-ports))
(call-with-input-string "abc\ndef" (lambda (p) (list (get-line p) (get-string-all p))))
=> ("abc" "def")

(use-modules (ice-9 textual-ports))
(call-with-input-string "abcdef" (lambda (p) (list (get-string-n p 2) (get-char p) (lookahead-char p) (get-string-all p) (eof-object? (get-string-n p 1)))))
=> ("ab" #\c #\d "def" #t)

(use-modules (ice-9 textual-ports))
(call-with-output-string (lambda (p) (put-string p "abc") (put-char p #\d) (put-string p "xyz" 1 1)))
=> "abcdy"

(use-modules (ice-9 textual-ports))
(call-with-input-string "" get-string-all)
=> ""

(call-with-output-file "f" (lambda (p) (display "hello\n" p) (write '(a "b") p)))
(call-with-input-file "f" (lambda (p) (list (read p) (read p))))
=> (hello (a "b"))

(with-output-to-file "f" (lambda () (display "x y")))
(with-input-from-file "f" read)
=> x

(use-modules (ice-9 textual-ports))
(call-with-output-file "key.pub" (lambda (p) (display "ssh-ed25519 AAAA root@host\n" p)))
(call-with-input-file "key.pub" get-string-all)
=> "ssh-ed25519 AAAA root@host\n"

(use-modules (ice-9 rdelim))
(call-with-output-file "key.pub" (lambda (p) (display "ssh-ed25519 AAAA root@host\n" p)))
(call-with-input-file "key.pub" read-line)
=> "ssh-ed25519 AAAA root@host"

(use-modules (ice-9 rdelim))
(call-with-output-file "f" (lambda (p) (display "a\nb\n" p)))
(with-input-from-file "f" (lambda () (let* ((a (read-line)) (b (read-line))) (list a b))))
=> ("a" "b")

(call-with-output-file "f" (lambda (p) (display "λ→" p)))
(call-with-input-file "f" (lambda (p) (list (read-char p) (read-char p))))
=> (#\λ #\→)

(define p (open-input-string "x"))
(list (port? p) (input-port? p) (output-port? p) (port? 5))
=> (#t #t #f #f)

(define p (open-output-string))
(display "abc" p)
(get-output-string p)
=> "abc"

(let ((p (open-input-string "abc"))) (read-char p) (unread-char #\z p) (list (read-char p) (read-char p)))
=> (#\z #\b)

(let ((p (open-input-string "abc"))) (unread-string "xy" p) (read-char p))
=> #\x

(let ((p (open-input-string "a\nb"))) (read-char p) (read-char p) (list (port-line p) (port-column p)))
=> (1 0)

(let ((p (open-input-string "x"))) (close-port p) (port-closed? p))
=> #t

(let ((p (open-input-string "x"))) (close-port p) (read-char p))
!> wrong-type-arg: In procedure read-char: Wrong type argument in position 1 (expecting open input port): #<closed: string ADDRESS>

(list (eof-object? (read-char (open-input-string ""))) (eof-object? 5) (read-char (open-input-string "")))
=> (#t #f #<eof>)

(open-input-file "/nonexistent")
!> system-error: In procedure open-file: No such file or directory: "/nonexistent"

(call-with-input-file "/nonexistent/key" read)
!> system-error: In procedure open-file: No such file or directory: "/nonexistent/key"

(with-input-from-file "missing" read)
!> system-error: In procedure open-file: No such file or directory: "missing"

(open-output-file "/nonexistent/dir/file")
!> system-error: In procedure open-file: No such file or directory: "/nonexistent/dir/file"

(read-line (open-input-string "x"))
!> unbound-variable: Unbound variable: read-line

(call-with-input-string "x" 5)
!> wrong-type-arg: Wrong type to apply: 5

(display "x" 5)
!> wrong-type-arg: In procedure display: Wrong type argument in position 2: 5

(call-with-output-file "f" (lambda (p) (display 1 p)))
(let ((p (open-file "f" "a"))) (display 2 p) (close-port p))
(call-with-input-file "f" read)
=> 12

(let ((p (open-file "f" "w"))) (display "abc" p) (close p))
(let* ((p (open-file "f" "r")) (x (read p))) (close-input-port p) x)
=> abc

(open-file "f" "zz")
!> out-of-range: In procedure open-file: Value out of range: "zz"

(list (file-exists? "/") (file-exists? "/nonexistent") (file-exists? "f"))
=> (#t #f #f)

(call-with-output-file "f" (lambda (p) (display "x" p)))
(delete-file "f")
(file-exists? "f")
=> #f

(mkdir "d")
(call-with-output-file "d/b.pub" (const #f))
(call-with-output-file "d/a.pub" (const #f))
(use-modules (ice-9 ftw))
(list (scandir "d") (scandir "d" (lambda (f) (string-suffix? "a.pub" f))))
=> (("." ".." "a.pub" "b.pub") ("a.pub"))

(use-modules (ice-9 ftw))
(scandir "/nonexistent")
=> #f

(mkdir "d")
(let* ((dir (opendir "d")) (names (let loop ((e (readdir dir)) (acc '())) (if (eof-object? e) acc (loop (readdir dir) (cons e acc)))))) (closedir dir) (sort names string<?))
=> ("." "..")

(opendir "/nonexistent")
!> system-error: In procedure opendir: No such file or directory

(mkdir "d")
(list (file-is-directory? "d") (eq? 'directory (stat:type (stat "d"))) (access? "d" R_OK))
=> (#t #t #t)

(stat "/nonexistent")
!> system-error: In procedure stat: No such file or directory: "/nonexistent"

(call-with-output-file "f" (lambda (p) (display "12345" p)))
(stat:size (stat "f"))
=> 5

(mkdir "d")
(symlink "d" "l")
(list (readlink "l") (file-exists? "l"))
=> ("d" #t)

(rename-file "a" "b")
!> system-error: In procedure rename-file: No such file or directory

(copy-file "a" "b")
!> system-error: In procedure copy-file: No such file or directory: "b"

(with-error-to-string (lambda () (display "e" (current-error-port))))
=> "e"

(begin (force-output) (flush-all-ports) 'ok)
=> ok

(let ((s (with-output-to-string (lambda () (newline) (display 1.5) (write-line '(a "b")))))) s)
!> unbound-variable: Unbound variable: write-line

(call-with-output-string (lambda (p) (write-line "x" p) (write 'a p)))
!> unbound-variable: Unbound variable: write-line

(call-with-output-string (lambda (p) (display "a" p) (display #\b p) (display 'c p) (display 1 p) (display '("x" #\y) p)))
=> "abc1(x y)"

(use-modules (ice-9 pretty-print))
(call-with-output-string (lambda (p) (pretty-print '(a b) p)))
=> "(a b)\n"

(primitive-load "missing.scm")
!> system-error: In procedure open-file: No such file or directory: "missing.scm"

(call-with-output-file "lib.scm" (lambda (p) (write '(define from-lib 5) p) (write '(* from-lib 2) p)))
(list (primitive-load "lib.scm") from-lib)
=> (10 5)

(call-with-output-file "lib.scm" (lambda (p) (write '(define-syntax-rule (m x) (list x x)) p)))
(primitive-load "lib.scm")
(m 1)
=> (1 1)

(call-with-output-file "lib.scm" (lambda (p) (write '(list 1 2) p)))
(load (string-append (getcwd) "/lib.scm"))
=> (1 2)

(begin (call-with-output-file "inc.scm" (lambda (p) (write '(define inc 3) p))) (include "inc.scm"))
!> system-error: In procedure open-file: No such file or directory: "./inc.scm"

(include "missing.scm")
!> system-error: In procedure open-file: No such file or directory: "./missing.scm"

(call-with-output-file "lib.scm" (lambda (p) (display "(list 1" p)))
(primitive-load "lib.scm")
!> read-error: unexpected end of input while searching for: )

(call-with-output-file "lib.scm" (lambda (p) (write '(error "in lib" 1) p)))
(primitive-load "lib.scm")
!> misc-error: in lib 1

(basename (current-filename))
=> "text"

(string? (getcwd))
=> #t

(use-modules (ice-9 popen) (ice-9 rdelim))
(let* ((p (open-input-pipe "echo hello")) (l (read-line p))) (list l (close-pipe p)))
=> ("hello" 0)

(use-modules (ice-9 popen) (ice-9 textual-ports))
(let* ((p (open-pipe* OPEN_READ "printf" "a\\nb")) (s (get-string-all p))) (close-pipe p) s)
=> "a\nb"

(use-modules (ice-9 popen))
(let ((p (open-input-pipe "exit 3"))) (status:exit-val (close-pipe p)))
=> 3

(use-modules (ice-9 binary-ports) (rnrs bytevectors))
(call-with-output-file "f" (lambda (p) (display "ab" p)))
(call-with-input-file "f" get-bytevector-all)
=> #vu8(97 98)

(read (open-input-string "#;1 2"))
=> 2

(read (open-input-string ")"))
!> read-error: unexpected ")"

(list (char-ready? (open-input-string "a")) (eof-object? (peek-char (open-input-string ""))))
=> (#t #t)

(port-filename (open-input-string ""))
=> #f

(call-with-output-file "name" (lambda (p) #f))
(let ((p (open-input-file "name"))) (port-filename p))
=> "name"

(the-eof)
!> unbound-variable: Unbound variable: the-eof

(list (eof-object? the-eof-object))
=> (#t)

(use-modules (ice-9 binary-ports))
(eof-object)
=> #<eof>

(use-modules (ice-9 textual-ports))
(call-with-input-file "key.pub" get-string-all)
=> "ssh-ed25519 AAAA root@host\n"

(use-modules (ice-9 rdelim))
(call-with-input-file "key.pub" read-line)
=> "ssh-ed25519 AAAA root@host"

(use-modules (ice-9 rdelim))
(string-trim-right (call-with-input-file "key.pub" read-string))
=> "ssh-ed25519 AAAA root@host"

(use-modules (ice-9 rdelim))
(call-with-input-file "lines" (lambda (p) (let loop ((l (read-line p)) (acc '())) (if (eof-object? l) (reverse acc) (loop (read-line p) (cons l acc))))))
=> ("one" "two" "" "four")

(use-modules (ice-9 rdelim))
(with-input-from-file "lines" (lambda () (let* ((a (read-line)) (b (read-line))) (list a b))))
=> ("one" "two")

(use-modules (ice-9 rdelim))
(let* ((p (open-input-file "lines")) (l (read-line p))) (close-port p) (list l (port-closed? p)))
=> ("one" #t)

(call-with-input-file "unicode" (lambda (p) (let* ((a (read-char p)) (b (read-char p))) (list a b (read-char p) (eof-object? (read-char p))))))
=> (#\λ #\→ #\newline #t)

(call-with-input-file "hosts.scm" read)
=> (("a" 1) ("b" 2))

(map car (call-with-input-file "hosts.scm" read))
=> ("a" "b")

(with-input-from-file "hosts.scm" read)
=> (("a" 1) ("b" 2))

(primitive-load "hosts.scm")
!> wrong-type-arg: Wrong type to apply: "a"

(list (primitive-load "lib.scm") from-lib)
=> (10 5)

(primitive-load "macro.scm")
(twice 1)
=> (1 1)

(load "lib.scm")
!> misc-error: In procedure primitive-load-path: Unable to find file "./lib.scm" in load path

(load (string-append (getcwd) "/lib.scm"))
from-lib
=> 5

(include "lib.scm")
from-lib
=> 5

(define x (begin (primitive-load "lib.scm") from-lib))
x
=> 5

(primitive-load "broken.scm")
!> read-error: unexpected end of input while searching for: )

(catch #t (lambda () (primitive-load "broken.scm")) (lambda (key . args) (list key from-broken)))
=> (read-error 1)

(catch #t (lambda () (primitive-load "error.scm")) (lambda (key . args) (list key before)))
=> (misc-error 1)

(primitive-load "error.scm")
!> misc-error: in the file 1

(use-modules (ice-9 ftw))
(scandir "keys")
=> ("." ".." "a.pub" "b.pub")

(use-modules (ice-9 ftw))
(scandir "keys" (lambda (f) (string-suffix? "b.pub" f)))
=> ("b.pub")

(use-modules (ice-9 ftw) (ice-9 textual-ports))
(map (lambda (f) (string-take (call-with-input-file (string-append "keys/" f) get-string-all) 16)) (scandir "keys" (lambda (f) (string-suffix? ".pub" f))))
=> ("ssh-ed25519 BBBB" "ssh-ed25519 CCCC")

(let* ((dir (opendir "keys")) (names (let loop ((e (readdir dir)) (acc '())) (if (eof-object? e) acc (loop (readdir dir) (cons e acc)))))) (closedir dir) (sort names string<?))
=> ("." ".." "a.pub" "b.pub")

(list (file-exists? "key.pub") (file-exists? "keys") (file-is-directory? "keys") (file-exists? "nope"))
=> (#t #t #t #f)

(let ((s (stat "key.pub"))) (list (stat:size s) (stat:type s) (stat:type (stat "keys"))))
=> (27 regular directory)

(list (access? "key.pub" R_OK) (access? "nope" R_OK))
=> (#t #f)

(let ((s (stat "nope" #f))) s)
=> #f

(opendir "key.pub")
!> system-error: In procedure opendir: Not a directory

(call-with-input-file "keys" read)
!> system-error: In procedure fport_read: Is a directory

(basename (canonicalize-path "keys/../key.pub"))
=> "key.pub"

(port-filename (open-input-file "key.pub"))
=> "key.pub"

(let ((p (open-input-file "lines"))) (read-char p) (list (port-line p) (port-column p) (input-port? p)))
=> (0 1 #t)

(use-modules (ice-9 rdelim))
(let ((p (open-file "lines" "r"))) (read-line p) (list (port-line p) (read-line p)))
=> (1 "two")

(use-modules (ice-9 popen) (ice-9 textual-ports))
(let* ((p (open-input-pipe "cat key.pub")) (s (get-string-all p))) (list s (status:exit-val (close-pipe p))))
=> ("ssh-ed25519 AAAA root@host\n" 0)

(use-modules (ice-9 binary-ports))
(call-with-input-file "unicode" get-bytevector-all)
=> #vu8(206 187 226 134 146 10)

(use-modules (ice-9 ftw))
(let ((names '())) (ftw "keys" (lambda (name stat flag) (set! names (cons (list (basename name) flag) names)) #t)) (sort names (lambda (a b) (string<? (car a) (car b)))))
=> (("a.pub" regular) ("b.pub" regular) ("keys" directory))

(use-modules (ice-9 ftw))
(file-system-fold (lambda (f s r) #t) (lambda (f s r) (+ r 1)) (lambda (d s r) r) (lambda (d s r) r) (lambda (d s r) r) (lambda (f s e r) r) 0 "keys")
=> 2

(use-modules (ice-9 textual-ports))
(define (key-of name) (and (file-exists? name) (string-trim-both (call-with-input-file name get-string-all))))
(list (key-of "key.pub") (key-of "nope"))
=> ("ssh-ed25519 AAAA root@host" #f)

(define (slurp f) (call-with-input-file f (@ (ice-9 textual-ports) get-string-all)))
(string-split (slurp "lines") #\newline)
=> ("one" "two" "" "four")
