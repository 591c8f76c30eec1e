;;; Whole machine files as people write them; what the list holds is shown at
;;; the end.  These need Guix.

(define %user "offload")
(define (ssh-key name)
  (string-append "/etc/guix/keys/" name))
(define* (machine name host-key #:key (port 22) (systems '("x86_64-linux")) (slots 1) (speed 1.0))
  (build-machine
   (name name)
   (port port)
   (systems systems)
   (user %user)
   (host-key host-key)
   (private-key (ssh-key name))
   (parallel-builds slots)
   (speed speed)))
(define machines
  (list (machine "a.example.org" "ssh-ed25519 AAAA")
        (machine "b.example.org" "ssh-ed25519 BBBB" #:port 2222 #:systems '("aarch64-linux"))
        (machine "c.example.org" "ssh-ed25519 CCCC" #:slots 4 #:speed 2.5)))
(map (lambda (m) (list (build-machine-name m) (build-machine-port m) (build-machine-systems m) (build-machine-user m) (build-machine-private-key m))) machines)
=> (("a.example.org" 22 ("x86_64-linux") "offload" "/etc/guix/keys/a.example.org") ("b.example.org" 2222 ("aarch64-linux") "offload" "/etc/guix/keys/b.example.org") ("c.example.org" 22 ("x86_64-linux") "offload" "/etc/guix/keys/c.example.org"))

(use-modules (srfi srfi-1) (ice-9 match))
(define hosts
  '(("node1" 22 "x86_64-linux" "i686-linux")
    ("node2" 2222 "aarch64-linux")))
(define machines
  (append-map
   (match-lambda
     ((host port . systems)
      (map (lambda (system)
             (build-machine
              (name (string-append host ".local"))
              (port port)
              (systems (list system))
              (user "builder")
              (host-key "ssh-ed25519 AAAA")))
           systems)))
   hosts))
(map (lambda (m) (list (build-machine-name m) (build-machine-port m) (build-machine-systems m))) machines)
=> (("node1.local" 22 ("x86_64-linux")) ("node1.local" 22 ("i686-linux")) ("node2.local" 2222 ("aarch64-linux")))

(define-syntax-rule (define-machine id host options ...)
  (define id
    (build-machine
     (name host)
     (user "guix")
     (host-key "ssh-ed25519 AAAA")
     options ...)))
(define-machine fast "fast" (systems '("x86_64-linux")) (speed 4.))
(define-machine slow "slow" (systems '("riscv64-linux")) (overload-threshold #f))
(map (lambda (m) (list (build-machine-name m) (build-machine-systems m) (build-machine-overload-threshold m))) (list fast slow))
=> (("fast" ("x86_64-linux") 0.8) ("slow" ("riscv64-linux") #f))

(define base
  (build-machine
   (name "base")
   (systems '("x86_64-linux" "i686-linux"))
   (user "guix")
   (host-key "ssh-ed25519 AAAA")
   (features '("kvm"))))
(define (clone n)
  (build-machine
   (inherit base)
   (name (format #f "node~2,'0d" n))
   (port (+ 2200 n))))
(map (lambda (m) (list (build-machine-name m) (build-machine-port m) (build-machine-features m))) (map clone (iota 3 1)))
=> (("node01" 2201 ("kvm")) ("node02" 2202 ("kvm")) ("node03" 2203 ("kvm")))

(use-modules (ice-9 textual-ports))
(define (host-key-of file)
  (call-with-input-file file get-string-all))
(define m
  (build-machine
   (name "vm")
   (systems '("i586-gnu"))
   (user "offloading")
   (host-key (host-key-of "key.pub"))
   (overload-threshold 1.8)))
(list (build-machine-host-key m) (build-machine-overload-threshold m))
=> ("ssh-ed25519 AAAA root@host\n" 1.8)

(use-modules (ice-9 rdelim) (ice-9 ftw))
(define keys (scandir "keys" (lambda (file) (string-suffix? ".pub" file))))
(define machines
  (map (lambda (file)
         (build-machine
          (name (basename file ".pub"))
          (systems '("x86_64-linux"))
          (user "u")
          (host-key (call-with-input-file (string-append "keys/" file) read-line))))
       keys))
(map (lambda (m) (list (build-machine-name m) (build-machine-host-key m))) machines)
=> (("a" "ssh-ed25519 BBBB a") ("b" "ssh-ed25519 CCCC b"))

(define table (call-with-input-file "hosts.scm" read))
(define machines
  (let loop ((rows table) (n 0) (result '()))
    (if (null? rows)
        (reverse result)
        (loop (cdr rows)
              (1+ n)
              (cons (build-machine
                     (name (caar rows))
                     (port (+ 2200 n (cadar rows)))
                     (systems '("x86_64-linux"))
                     (user (or (getenv "NO_SUCH_VARIABLE") "fallback"))
                     (host-key "k"))
                    result)))))
(map (lambda (m) (list (build-machine-name m) (build-machine-port m) (build-machine-user m))) machines)
=> (("a" 2201 "fallback") ("b" 2203 "fallback"))

(let* ((user "root")
       (key "/root/.ssh/id_ed25519")
       (m (lambda (host . systems)
            (build-machine (name host) (user user) (private-key key) (systems systems) (host-key "k")))))
  (map (lambda (m) (list (build-machine-name m) (build-machine-systems m) (build-machine-private-key m)))
       (list (m "a" "x86_64-linux") (m "b" "x86_64-linux" "i686-linux"))))
=> (("a" ("x86_64-linux") "/root/.ssh/id_ed25519") ("b" ("x86_64-linux" "i686-linux") "/root/.ssh/id_ed25519"))

(define (this-system)
  (string-append (utsname:machine (uname)) "-linux"))
(define m (build-machine (name "self") (systems (list (this-system))) (user "u") (host-key "k")))
(string-suffix? "-linux" (car (build-machine-systems m)))
=> #t

(define enabled?
  (not (string=? (gethostname) "no-such-host")))
(define machines
  (if enabled?
      (list (build-machine (name "x") (systems '("s")) (user "u") (host-key "k")))
      '()))
(length machines)
=> 1

(use-modules (srfi srfi-9))
(define-record-type <host>
  (make-host name arch cores)
  host?
  (name host-name)
  (arch host-arch)
  (cores host-cores))
(define hosts (list (make-host "big" "x86_64" 64) (make-host "small" "aarch64" 4)))
(define (host->machine host)
  (build-machine
   (name (host-name host))
   (systems (list (string-append (host-arch host) "-linux")))
   (user "u")
   (host-key "k")
   (parallel-builds (max 1 (quotient (host-cores host) 8)))
   (speed (exact->inexact (/ (host-cores host) 16)))))
(map (lambda (m) (list (build-machine-name m) (build-machine-systems m))) (map host->machine hosts))
=> (("big" ("x86_64-linux")) ("small" ("aarch64-linux")))

(use-modules (srfi srfi-1) (srfi srfi-26))
(define mk
  (cut build-machine* <> "offload" <...>))
(define (build-machine* name user . systems)
  (build-machine (name name) (user user) (systems systems) (host-key "k")))
(map (lambda (m) (list (build-machine-name m) (build-machine-user m) (build-machine-systems m))) (list (mk "a" "s1") (mk "b" "s1" "s2")))
=> (("a" "offload" ("s1")) ("b" "offload" ("s1" "s2")))

(define (read-hosts)
  `((alpha (port . 22) (cores . 4))
    (beta (port . ,(+ 2000 222)) (cores . 8))))
(define (field host key default)
  (or (assq-ref (cdr host) key) default))
(map (lambda (m) (list (build-machine-name m) (build-machine-port m)))
     (map (lambda (host)
            (build-machine
             (name (symbol->string (car host)))
             (port (field host 'port 22))
             (parallel-builds (field host 'cores 1))
             (systems '("x86_64-linux"))
             (user (field host 'user "nobody"))
             (host-key "k")))
          (read-hosts)))
=> (("alpha" 22) ("beta" 2222))

(define %parallel (make-parameter 1))
(define (m name)
  (build-machine (name name) (systems '("s")) (user "u") (host-key "k") (port (%parallel))))
(map build-machine-port (append (list (m "a")) (parameterize ((%parallel 8)) (list (m "b") (m "c")))))
=> (1 8 8)

(define machines '())
(define (add! m) (set! machines (append machines (list m))))
(for-each (lambda (n) (add! (build-machine (name (number->string n)) (systems '("s")) (user "u") (host-key "k")))) (iota 3))
(when (> (length machines) 2) (add! (build-machine (name "extra") (systems '("s")) (user "u") (host-key "k"))))
(map build-machine-name machines)
=> ("0" "1" "2" "extra")

(define ht (make-hash-table))
(hash-set! ht "a" 1)
(hash-set! ht "b" 2)
(sort (hash-map->list (lambda (host port) (build-machine-port (build-machine (name host) (port port) (systems '("s")) (user "u") (host-key "k")))) ht) <)
=> (1 2)

(define (try-key file default)
  (catch 'system-error
    (lambda () (call-with-input-file file (@ (ice-9 textual-ports) get-string-all)))
    (lambda (key . args) default)))
(list (try-key "nope.pub" "default") (string-length (try-key "key.pub" "default")))
=> ("default" 27)

(use-modules (srfi srfi-34) (ice-9 rdelim))
(define (key-or file default)
  (guard (c (#t default)) (call-with-input-file file read-line)))
(list (key-or "nope.pub" 'none) (key-or "key.pub" 'none))
=> (none "ssh-ed25519 AAAA root@host")

(use-modules (ice-9 regex))
(define (expand-range text)
  (let ((m (string-match "^([a-z]+)\\[([0-9]+)-([0-9]+)\\]$" text)))
    (if m
        (let ((from (string->number (match:substring m 2))) (to (string->number (match:substring m 3))))
          (map (lambda (n) (string-append (match:substring m 1) (number->string n))) (iota (1+ (- to from)) from)))
        (list text))))
(map expand-range '("node[1-3]" "single"))
=> (("node1" "node2" "node3") ("single"))

(use-modules (ice-9 popen) (ice-9 rdelim))
(define (command->string command)
  (let* ((port (open-input-pipe command)) (line (read-line port)))
    (close-pipe port)
    line))
(command->string "echo from-a-command")
=> "from-a-command"

(use-modules (ice-9 match))
(define-syntax machines
  (syntax-rules (:port :system)
    ((_ (host :port p :system s) ...)
     (list (build-machine (name host) (port p) (systems (list s)) (user "u") (host-key "k")) ...))))
(map (match-lambda ((? build-machine? m) (list (build-machine-name m) (build-machine-port m)))) (machines ("a" :port 1 :system "s") ("b" :port 2 :system "t")))
=> (("a" 1) ("b" 2))

((@ (srfi srfi-1) append-map)
 (lambda (entry) (if (build-machine? entry) (list (build-machine-name entry)) entry))
 (list (build-machine (name "localhost") (port 10022) (systems '("i586-gnu")) (host-key "k") (user "offloading"))
       (if #f (list 'no) '())))
=> ("localhost")

(begin
  (use-modules (srfi srfi-1))
  (define names (delete-duplicates '("a" "b" "a")))
  (map (lambda (n) (build-machine-name (build-machine (name n) (user "u") (host-key "k")))) names))
=> ("a" "b")

(define-module (my machines)
  #:use-module (guix scripts offload)
  #:use-module (srfi srfi-1)
  #:export (machines))
(define machines (list (build-machine (name "in-module") (user "u") (host-key "k"))))
(map build-machine-name machines)
=> ("in-module")

(define key "ssh-ed25519 \
AAAA")
(build-machine-host-key (build-machine (name "n") (user "u") (host-key key)))
=> "ssh-ed25519 AAAA"

(primitive-load "lib.scm")
(build-machine-port (build-machine (name "n") (user "u") (host-key "k") (port from-lib)))
=> 5

(define (systems-of arch)
  (case arch
    ((x86_64 amd64) '("x86_64-linux" "i686-linux"))
    ((aarch64) '("aarch64-linux" "armhf-linux"))
    (else (list (string-append (symbol->string arch) "-linux")))))
(map systems-of '(amd64 aarch64 riscv64))
=> (("x86_64-linux" "i686-linux") ("aarch64-linux" "armhf-linux") ("riscv64-linux"))

(define (ipv6 n) (string-append "fe80::" (number->string n 16)))
(map (lambda (n) (build-machine-name (build-machine (name (ipv6 n)) (user "u") (host-key "k")))) '(10 255))
=> ("fe80::a" "fe80::ff")

(use-modules (srfi srfi-1))
(define all (map (lambda (n s) (build-machine (name n) (speed s) (systems '("s")) (user "u") (host-key "k"))) '("a" "b" "c") '(1 3 2)))
(define names (map build-machine-name all))
(list (filter (lambda (n) (member n '("a" "c"))) names) (take names 2) (last names) (fold (lambda (n acc) (string-append acc n)) "" names) (partition (lambda (n) (string<? n "b")) names))
=> (("a" "c") ("a" "b") "c" "abc" ("a"))

(define-values (fast slow) (partition* (lambda (n) (> n 5)) '(1 9 3 7)))
(list fast slow)
!> unbound-variable: Unbound variable: partition*

(define (partition* pred lst)
  (values (filter pred lst) (filter (negate pred) lst)))
(define-values (fast slow) (partition* (lambda (n) (> n 5)) '(1 9 3 7)))
(list fast slow)
=> ((9 7) (1 3))

(define domain ".example.org")
(define-macro (host name . rest)
  `(build-machine (name ,(string-append (symbol->string name) ".example.org")) (user "u") (host-key "k") ,@rest))
(map (lambda (m) (list (build-machine-name m) (build-machine-port m))) (list (host a) (host b (port 2222))))
=> (("a.example.org" 22) ("b.example.org" 2222))

(let loop ((i 0) (acc '()))
  (cond ((= i 3) (map build-machine-name (reverse acc)))
        (else (loop (+ i 1) (cons (build-machine (name (string-append "n" (number->string i))) (user "u") (host-key "k")) acc)))))
=> ("n0" "n1" "n2")

(do ((i 0 (1+ i))
     (l '() (cons (build-machine (name (number->string i)) (user "u") (host-key "k")) l)))
    ((= i 2) (map build-machine-name l)))
=> ("1" "0")

(define (only-if-key file . machines)
  (if (file-exists? file) machines '()))
(map build-machine-name (append (only-if-key "key.pub" (build-machine (name "yes") (user "u") (host-key "k"))) (only-if-key "nope" (build-machine (name "no") (user "u") (host-key "k")))))
=> ("yes")

(define office? (let ((t (localtime 0))) (< (tm:hour t) 8)))
(if office? 'night 'day)
=> night

(define x (delay (build-machine (name "lazy") (user "u") (host-key "k"))))
(build-machine-name (force x))
=> "lazy"

(define (f) (g))
(define (g) (build-machine (name "g") (user "u") (host-key (h))))
(define (h) "key")
(build-machine-host-key (f))
=> "key"

(let-syntax ((m (syntax-rules () ((_ n) (build-machine (name n) (user "u") (host-key "k"))))))
  (map build-machine-name (list (m "a") (m "b"))))
=> ("a" "b")

(map (lambda (spec)
       (let* ((parts (string-split spec #\:)) (host (car parts)) (port (if (pair? (cdr parts)) (string->number (cadr parts)) 22)))
         (list host port)))
     '("a:2222" "b"))
=> (("a" 2222) ("b" 22))

(string-join (map (lambda (s) (string-capitalize s)) (string-tokenize "x86 arm riscv")) "/")
=> "X86/Arm/Riscv"

(list (build-machine (name "m") (user "u") (host-key "k") (systems '("s")) (nmae 1)))
!> syntax-error: build-machine: extraneous field initializers (nmae)

(list (build-machine (name "m") (user (string-append "u" 5)) (host-key "k")))
!> wrong-type-arg: In procedure string-append: Wrong type (expecting string): 5

(list (build-machine (name "m") (user (undefined-function "x")) (host-key "k")))
!> unbound-variable: Unbound variable: undefined-function

(list (match '(1) ((a) a)))
!> unbound-variable: Unbound variable: match

(define (broken x) (vector-ref x 10))
(broken (vector 1 2))
!> out-of-range: In procedure vector-ref: Argument 2 out of range: 10
