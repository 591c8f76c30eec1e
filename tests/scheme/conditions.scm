(use-modules (srfi srfi-34) (srfi srfi-35))
(guard (c ((message-condition? c) (condition-message c))) (raise (condition (&message (message "hello")))))
=> "hello"

(use-modules (srfi srfi-34) (srfi srfi-35))
(define-condition-type &my &error my? (code my-code))
(guard (c ((my? c) (my-code c))) (raise (condition (&my (code 42)))))
=> 42

(use-modules (srfi srfi-34) (srfi srfi-35))
(define-condition-type &my &error my? (code my-code))
(guard (c ((my? c) (list (my-code c) (message-condition? c) (condition-message c) (error? c) (serious-condition? c)))) (raise (condition (&my (code 1)) (&message (message "m")))))
=> (1 #t "m" #t #t)

(use-modules (srfi srfi-34) (srfi srfi-35))
(raise (condition (&message (message "top"))))
!> %exception: #<&message message: "top">

(use-modules (srfi srfi-35))
(define c (condition (&message (message "x"))))
(list (condition? c) (condition? 5) (condition-has-type? c &message) (condition-has-type? c &error) (condition-ref c 'message))
=> (#t #f #t #f "x")

(use-modules (srfi srfi-35))
(define c (make-condition &message 'message "made"))
(condition-message c)
=> "made"

(use-modules (srfi srfi-35))
(define c (make-compound-condition (condition (&message (message "a"))) (condition (&error))))
(list (condition-message c) (error? c) (message-condition? (extract-condition c &message)))
=> ("a" #t #t)

(use-modules (srfi srfi-35))
(condition (&message))
!> misc-error: field not specified message

(use-modules (srfi srfi-35))
(condition-type? &message)
=> #t

(use-modules (srfi srfi-35))
(define-condition-type &a &condition a? (x a-x))
(define-condition-type &b &a b? (y b-y))
(define c (condition (&b (x 1) (y 2))))
(list (a? c) (b? c) (a-x c) (b-y c))
=> (#t #t 1 2)

(use-modules (srfi srfi-35))
(define-condition-type &a &condition a? (x a-x))
(a-x 5)
!> misc-error: object is not an exception of the right type 5 #<record-type &a>

(use-modules (srfi srfi-34) (srfi srfi-35))
(guard (c ((error? c) 'error) (else 'other)) (raise (condition (&error))))
=> error

(use-modules (srfi srfi-34) (srfi srfi-35))
(guard (c ((message-condition? c) (condition-message c))) (error "via error" 1))
=> "~A ~S"

(use-modules (srfi srfi-34) (srfi srfi-35))
(guard (c ((error? c) 'error)) (car '()))
!> wrong-type-arg: In procedure car: Wrong type argument in position 1 (expecting pair): ()

(use-modules (ice-9 exceptions))
(define-exception-type &boom &error make-boom boom? (size boom-size))
(guard (e ((boom? e) (boom-size e))) (raise-exception (make-boom 7)))
=> 7

(use-modules (ice-9 exceptions))
(define e (make-exception (make-error) (make-exception-with-message "m") (make-exception-with-irritants '(1))))
(list (error? e) (exception-message e) (exception-irritants e) (exception? e))
=> (#t "m" (1) #t)

(use-modules (ice-9 exceptions))
(raise-exception (make-exception-with-message "uncaught"))
!> %exception: #<&message message: "uncaught">

(use-modules (ice-9 exceptions))
(list (exception-with-message? 5) (error? 'x) (warning? (make-warning)) (external-error? (make-external-error)))
=> (#f #f #t #t)

(use-modules (rnrs conditions) (rnrs exceptions))
(define-condition-type &trouble &error make-trouble trouble? (level trouble-level))
(guard (e ((trouble? e) (trouble-level e))) (raise (make-trouble 3)))
=> 3

(use-modules (rnrs conditions))
(let ((c (condition (make-error) (make-message-condition "m") (make-irritants-condition '(1 2))))) (list (condition-message c) (condition-irritants c) (length (simple-conditions c))))
=> ("m" (1 2) 3)

(exception? 5)
=> #f

(list (make-exception 1))
!> misc-error: not a exception 1
