(catch #t (lambda () (car '())) (lambda (key . args) key))
=> wrong-type-arg

(catch #t (lambda () (error "text" 1 "two" 'three)) (lambda args args))
=> (misc-error #f "~A ~S ~S ~S" ("text" 1 "two" three) #f)

(catch 'my-key (lambda () (throw 'my-key 1 2)) (lambda (key . args) (list key args)))
=> (my-key (1 2))

(catch 'other (lambda () (throw 'my-key 1)) (lambda args 'no))
!> my-key: 1

(catch #t (lambda () 5) (lambda args 'no))
=> 5

(catch #t (lambda () (catch 'a (lambda () (throw 'b 1)) (lambda args 'inner))) (lambda args (cons 'outer args)))
=> (outer b 1)

(catch 'a (lambda () (catch 'b (lambda () (throw 'a 1)) (lambda args 'inner))) (lambda args 'outer))
=> outer

(catch 'a (lambda () (catch 'a (lambda () (throw 'a 1)) (lambda (k . args) (throw 'a 2)))) list)
=> (a 2)

(catch #t (lambda () (undefined-name)) (lambda args args))
=> (unbound-variable #f "Unbound variable: ~S" (undefined-name) #f)

(catch #t (lambda () undefined-name) (lambda (key . args) key))
=> unbound-variable

(catch #t (lambda () (vector-ref #(1) 5)) (lambda args args))
=> (out-of-range "vector-ref" "Argument 2 out of range: ~S" (5) (5))

(catch #t (lambda () (+ 1 "a")) (lambda args args))
=> (wrong-type-arg "+" "Wrong type argument in position ~A: ~S" (2 "a") ("a"))

(catch #t (lambda () (string-append "a" 5)) (lambda args args))
=> (wrong-type-arg "string-append" "Wrong type (expecting ~A): ~S" ("string" 5) (5))

(catch #t (lambda () ("notproc" 1)) (lambda args args))
=> (wrong-type-arg #f "Wrong type to apply: ~S" ("notproc") ("notproc"))

(catch #t (lambda () (/ 1 0)) (lambda args args))
=> (numerical-overflow "divide" "Numerical overflow" #f #f)

(catch #t (lambda () ((lambda (x) x))) (lambda (key . args) key))
=> wrong-number-of-args

(catch #t (lambda () (string->symbol 5)) (lambda args args))
=> (wrong-type-arg "string->symbol" "Wrong type argument in position ~A (expecting ~A): ~S" (1 "string" 5) (5))

(catch #t (lambda () (open-input-file "/nonexistent")) (lambda (key . args) (list key (system-error-errno (cons key args)))))
=> (system-error 2)

(catch 'system-error (lambda () (open-input-file "/nonexistent/x")) (lambda args (list (car args) (cadr args) (caddr args) (cadddr args) (car (last-pair args)))))
=> (system-error "open-file" "~A: ~S" ("No such file or directory" "/nonexistent/x") (2))

(catch #t (lambda () (exit 3)) (lambda args args))
=> (quit 3)

(catch #t (lambda () (error 'my-proc "something ~a" 1)) (lambda args args))
=> (misc-error #f "~A ~S ~S" (my-proc "something ~a" 1) #f)

(catch #t (lambda () (error "msg")) (lambda (key subr fmt args data) (list key subr fmt args data)))
=> (misc-error #f "~A" ("msg") #f)

(catch #t (lambda () (scm-error 'misc-error "proc" "hello ~A" '(1) #f)) (lambda args args))
=> (misc-error "proc" "hello ~A" (1) #f)

(catch 'wrong-type-arg (lambda () (length 5)) (lambda (key subr msg args . rest) (list subr msg args)))
=> ("length" "Wrong type argument in position ~A: ~S" (1 5))

(throw 'my-key 1 2)
!> my-key: 1 2

(throw 'my-key)
!> my-key: 

(throw 'my-key "proc" "message ~a ~s" '("x" "y") #f)
!> my-key: In procedure proc: message x "y"

(error "text")
!> misc-error: text

(error "text:" 1 "two" 'three '(4))
!> misc-error: text: 1 "two" three (4)

(error 'proc "text" 1)
!> misc-error: proc "text" 1

(error 5)
!> misc-error: 5

(error)
!> misc-error: #f "?" #f #f

(throw)
!> wrong-number-of-args: Wrong number of arguments to #<procedure throw (key . args)>

(throw "string")
!> wrong-type-arg: In procedure throw: Wrong type argument in position 1: string

(false-if-exception (car '()))
=> #f

(list (false-if-exception 5) (false-if-exception (error "x")))
=> (5 #f)

(false-if-exception (exit 1))
=> #f

(with-exception-handler (lambda (e) 42) (lambda () (+ 1 (raise-exception 'oops #:continuable? #t))))
=> 43

(with-exception-handler (lambda (e) (list 'caught e)) (lambda () (raise-exception 'oops)) #:unwind? #t)
=> (caught oops)

(with-exception-handler (lambda (e) 'handled) (lambda () (error "x")) #:unwind? #t #:unwind-for-type 'misc-error)
=> handled

(with-exception-handler (lambda (e) 'handled) (lambda () (throw 'other)) #:unwind? #t #:unwind-for-type 'misc-error)
!> other: 

(with-exception-handler (lambda (e) 'ignored) (lambda () (raise-exception 'oops)))
!> %exception: #<&non-continuable>

(with-exception-handler (lambda (e) 'ignored) (lambda () (error "x")))
!> %exception: #<&non-continuable>

(call/cc (lambda (k) (with-exception-handler (lambda (e) (k (list 'escaped e))) (lambda () (raise-exception 'boom)))))
=> (escaped boom)

(with-exception-handler (lambda (e) (exception-kind e)) (lambda () (throw 'foo 1 2)) #:unwind? #t)
=> foo

(with-exception-handler (lambda (e) (exception-args e)) (lambda () (throw 'foo 1 2)) #:unwind? #t)
=> (1 2)

(use-modules (ice-9 exceptions))
(with-exception-handler (lambda (e) (list (exception? e) (exception-message e) (exception-irritants e))) (lambda () (error "msg" 1 2)) #:unwind? #t)
=> (#t "~A ~S ~S" ("msg" 1 2))

(use-modules (ice-9 exceptions))
(guard (e ((error? e) (exception-message e))) (error "boom" 1))
=> "~A ~S"

(use-modules (ice-9 exceptions))
(guard (e ((exception-with-message? e) (exception-message e))) (raise-exception (make-exception-with-message "hi")))
=> "hi"

(use-modules (ice-9 exceptions))
(guard (e ((exception-with-origin? e) (exception-origin e))) (car 5))
=> "car"

(use-modules (ice-9 exceptions))
(guard (e ((programming-error? e) 'programming) ((error? e) 'error)) (car 5))
=> programming

(use-modules (srfi srfi-34))
(guard (e ((symbol? e) (list 'sym e))) (raise 'oops))
=> (sym oops)

(use-modules (srfi srfi-34))
(guard (e ((string? e) 'str) (else (list 'else e))) (raise 5))
=> (else 5)

(use-modules (srfi srfi-34))
(guard (e (#f 'never)) (raise 'uncaught))
!> %exception: uncaught

(use-modules (srfi srfi-34))
(guard (e ((assq 'a e) => cdr) ((assq 'b e))) (raise (list (cons 'a 42))))
=> 42

(use-modules (srfi srfi-34))
(guard (e ((assq 'a e) => cdr) ((assq 'b e))) (raise (list (cons 'b 23))))
=> (b . 23)

(use-modules (srfi srfi-34))
(guard (e (#t (list 'outer e))) (guard (e ((number? e) 'num)) (raise 'sym)))
=> (outer sym)

(use-modules (srfi srfi-34))
(guard (e (#t 'caught)) (car '()))
=> caught

(use-modules (srfi srfi-34))
(guard (e (#t 'caught)) (throw 'x 1))
=> caught

(use-modules (srfi srfi-34))
(guard (e (#t (list 'reraised e))) (guard (e2 ((string? e2) 'no)) (raise 'x)))
=> (reraised x)

(use-modules (srfi srfi-34))
(with-exception-handler (lambda (e) 10) (lambda () (+ 1 (raise-continuable 'x))))
!> %exception: #<&non-continuable>

(use-modules (srfi srfi-34))
(let ((out '())) (guard (e (#t (set! out (cons 'handler out)))) (dynamic-wind (lambda () (set! out (cons 'in out))) (lambda () (raise 'x)) (lambda () (set! out (cons 'out out))))) (reverse out))
=> (in out handler)

(use-modules (srfi srfi-34))
(raise 'oops)
!> %exception: oops

(use-modules (srfi srfi-34))
(raise (list 1 "two"))
!> %exception: (1 "two")

(use-modules (srfi srfi-34))
(guard (e) (raise 'x))
!> syntax-error: source expression failed to match any pattern

(raise 'oops)
!> wrong-type-arg: Wrong type (expecting exact integer): oops

(guard (e (#t 1)) (raise 'x))
!> unbound-variable: Unbound variable: guard

(catch #t (lambda () (raise-exception 'obj)) (lambda args args))
=> (%exception obj)

(use-modules (srfi srfi-34))
(catch #t (lambda () (raise '(a b))) (lambda args args))
=> (%exception (a b))

(use-modules (srfi srfi-34))
(catch '%exception (lambda () (raise 5)) (lambda (key obj) obj))
=> 5

(with-throw-handler #t (lambda () 5) (lambda args 'x))
=> 5

(let ((seen #f)) (catch 'k (lambda () (with-throw-handler 'k (lambda () (throw 'k 1)) (lambda args (set! seen args)))) (lambda args (list 'caught seen))))
=> (caught (k 1))

(catch #t (lambda () (throw 'x)) (lambda args 'handled) (lambda args 'pre))
=> handled

(let ((log '())) (catch 'k (lambda () (throw 'k)) (lambda args (set! log (cons 'post log))) (lambda args (set! log (cons 'pre log)))) log)
=> (post pre)

(let loop ((i 0)) (if (< i 1000) (begin (catch 'x (lambda () (throw 'x)) (lambda args #f)) (loop (+ i 1))) i))
=> 1000

(catch 'a (lambda () (map (lambda (x) (if (= x 2) (throw 'a x) x)) '(1 2 3))) (lambda (k x) (list 'stopped x)))
=> (stopped 2)

(catch #t (lambda () (string->number "a" 99)) (lambda args (car args)))
=> 10

(catch #t (lambda () (list-tail '(1) 5)) (lambda args (car args)))
=> wrong-type-arg

(catch #t (lambda () (hash-ref 5 1)) (lambda args (car args)))
=> wrong-type-arg

(catch #t (lambda () (symbol->string 5)) (lambda args (cadr args)))
=> "symbol->string"

(catch #t (lambda () (assert #f)) (lambda args (car args)))
=> unbound-variable

(use-modules (rnrs base))
(catch #t (lambda () (assert #f)) (lambda args (car args)))
=> %exception

(use-modules (rnrs base))
(assert (= 1 1))
=> #t

(use-modules (rnrs exceptions) (rnrs conditions))
(guard (e ((message-condition? e) (condition-message e))) (raise (make-message-condition "m")))
=> "m"

(use-modules (rnrs base) (rnrs exceptions) (rnrs conditions))
(guard (e (#t (list (error? e) (condition-message e) (condition-irritants e) (condition-who e)))) (assertion-violation 'who "bad" 1 2))
=> (#f "bad" (1 2) who)

(use-modules (scheme base))
(guard (e ((error-object? e) (list (error-object-message e) (error-object-irritants e)))) (error "msg" 1 2))
=> ("msg" (1 2))

(use-modules (scheme base))
(guard (e ((string? e) e)) (raise "s"))
=> "s"

(use-modules (scheme base))
(with-exception-handler (lambda (e) 5) (lambda () (+ 1 (raise-continuable 'c))))
=> 6

(use-modules (scheme base))
(guard (e ((file-error? e) 'file)) (open-input-file "/nonexistent"))
!> system-error: In procedure open-file: No such file or directory: "/nonexistent"

(define (safe thunk default) (catch #t thunk (lambda _ default)))
(list (safe (lambda () (car '())) 'd) (safe (lambda () 1) 'd))
=> (d 1)

(define (try-file f) (catch 'system-error (lambda () (call-with-input-file f read)) (lambda (key . args) (strerror (system-error-errno (cons key args))))))
(try-file "/nonexistent")
=> "No such file or directory"

(system-error-errno '(system-error "open-file" "~A: ~S" ("No such file" "x") (2)))
=> 2

(print-exception (current-output-port) #f 'misc-error (list #f "hello ~a" '(1) #f))
=> #<unspecified>

(with-output-to-string (lambda () (print-exception (current-output-port) #f 'misc-error (list #f "hello ~a" '(1) #f))))
=> "hello 1\n"

(let ((e (catch 'misc-error (lambda () (error "a" 1)) list))) e)
=> (misc-error #f "~A ~S" ("a" 1) #f)

(catch 'syntax-error (lambda () (eval '(if) (current-module))) (lambda args (car args)))
=> syntax-error

(catch 'syntax-error (lambda () (eval '(let ((x)) x) (current-module))) (lambda args (list (car args) (caddr args))))
=> (syntax-error "bad let")
