;;; The record of (guix scripts offload); these need Guix.

(define m (build-machine (name "m") (user "u") (host-key "k") (systems '("x86_64-linux"))))
(list (build-machine? m) (build-machine? 5) (build-machine-name m) (build-machine-port m) (build-machine-systems m) (build-machine-user m) (build-machine-host-key m))
=> (#t #f "m" 22 ("x86_64-linux") "u" "k")

(define m (build-machine (name "m") (user "u") (host-key "k") (systems '("x86_64-linux"))))
(list (build-machine-compression m) (build-machine-daemon-socket m) (build-machine-overload-threshold m) (build-machine-features m))
=> ("zlib@openssh.com,zlib" "/var/guix/daemon-socket/socket" 0.8 ())

(define m (build-machine (name "m") (user (string-append name "-u")) (host-key "k") (systems '("s"))))
(build-machine-user m)
=> "m-u"

(define (mk name port) (build-machine (name name) (port port) (user "u") (host-key "k") (systems '("s"))))
(map (lambda (m) (list (build-machine-name m) (build-machine-port m))) (map mk '("a" "b") '(1 2)))
=> (("a" 1) ("b" 2))

(let ((name "n")) (build-machine-user (build-machine (name (string-append name "!")) (user name) (host-key "k"))))
=> "n!"

(define p (build-machine (name "p") (user "u") (host-key "k") (systems '("s")) (port 5)))
(let ((c (build-machine (inherit p) (name "c")))) (list (build-machine-name c) (build-machine-port c) (build-machine-user c)))
=> ("c" 5 "u")

(define p (build-machine (name "p") (user "u") (host-key "k") (systems '("s"))))
(build-machine-name (build-machine (inherit p)))
=> "p"

(define p (build-machine (name "p") (user "u") (host-key "k") (systems '("s"))))
(build-machine-port (build-machine (inherit p) (port 1) (port 2)))
=> 2

(define order '())
(define (note x) (set! order (cons x order)) x)
(build-machine (user (note "u")) (name (note "n")) (host-key (note "k")))
(reverse order)
=> ("u" "n" "k")

(build-machine (name "m") (user "u"))
!> syntax-error: build-machine: missing field initializers (host-key)

(build-machine (name "m") (user "u") (host-key "k") (nmae "x"))
!> syntax-error: build-machine: extraneous field initializers (nmae)

(build-machine (name "m") (name "n") (user "u") (host-key "k"))
!> syntax-error: build-machine: duplicate field initializer

(build-machine (name "m" "n") (user "u") (host-key "k"))
!> syntax-error: build-machine: invalid field specifier

(build-machine name)
!> syntax-error: build-machine: invalid field specifier

(build-machine)
!> syntax-error: build-machine: missing field initializers (name user host-key)

(build-machine (foo 1))
!> syntax-error: build-machine: extraneous field initializers (foo)

(map build-machine '(1))
!> syntax-error: source expression failed to match any pattern

build-machine
!> syntax-error: source expression failed to match any pattern

(set! build-machine 5)
!> syntax-error: set!: not a variable transformer

(define (build-machine . args) args)
(build-machine 1 2)
=> (1 2)

(build-machine (inherit 5) (name "x"))
!> wrong-type-arg: In procedure struct-ref: Wrong type argument in position 1 (expecting struct): 5

(build-machine (name "m") (inherit 5))
!> syntax-error: build-machine: extraneous field initializers (inherit)

(build-machine-name 5)
!> wrong-type-arg: In procedure struct-vtable: Wrong type argument in position 1 (expecting struct): 5

(build-machine-speed (build-machine (name "m") (user "u") (host-key "k")))
!> unbound-variable: Unbound variable: build-machine-speed

(define m (build-machine (name 'm) (user 5) (host-key #f) (port "22") (systems "s")))
(list (build-machine-name m) (build-machine-user m) (build-machine-host-key m) (build-machine-port m) (build-machine-systems m))
=> (m 5 #f "22" "s")

(build-machine (name (car '())) (user "u") (host-key "k"))
!> wrong-type-arg: In procedure car: Wrong type (expecting pair): ()

(define-syntax-rule (machine n) (build-machine (name n) (user "u") (host-key "k") (systems '("s"))))
(map build-machine-name (list (machine "a") (machine "b")))
=> ("a" "b")

(define* (mk host #:key (port 22) (slots 1)) (build-machine (name host) (port port) (user "u") (host-key "k") (systems '("s")) (parallel-builds slots)))
(map build-machine-port (list (mk "a") (mk "b" #:port 2222)))
=> (22 2222)

(use-modules (ice-9 match))
(map (match-lambda ((n p) (build-machine-port (build-machine (name n) (port p) (user "u") (host-key "k"))))) '(("a" 1) ("b" 2)))
=> (1 2)

(build-machine-systems (build-machine (name "m") (user "u") (host-key "k") (system "i686-linux")))
=> ("i686-linux")

(build-machine-systems (build-machine (name "m") (user "u") (host-key "k")))
=> (#f)

(define p (build-machine (name "p") (user "u") (host-key "k") (systems '("s"))))
(build-machine-systems (build-machine (inherit p) (system "other")))
=> ("s")

(let ((m (build-machine (name "m") (user "u") (host-key "k")))) (list (location? (build-machine-location m))))
!> unbound-variable: Unbound variable: location?

(list (procedure? build-machine-name) (procedure? build-machine?) (procedure? build-requirements?))
=> (#t #t #t)

(build-machine (name "m") . 5)
!> syntax-error: source expression failed to match any pattern

(build-machine (name) (user "u") (host-key "k"))
!> syntax-error: build-machine: invalid field specifier

(build-machine "x")
!> syntax-error: build-machine: invalid field specifier

(build-machine #:name "x")
!> syntax-error: build-machine: invalid field specifier

(length (list (build-machine (name "a") (user "u") (host-key "k")) (build-machine (name "b") (user "u") (host-key "k"))))
=> 2

((@ (srfi srfi-1) append-map) (lambda (entry) (if (build-machine? entry) (list entry) entry)) (list (list) (list)))
=> ()

(let ((systems '("a"))) (build-machine-systems (build-machine (name "m") (user "u") (host-key "k") (systems (cons "b" systems)))))
=> ("b" "a")

(build-machine-user (build-machine (name "m") (host-key "k") (user (or (getenv "SURELY_NOT_SET") "fallback"))))
=> "fallback"
