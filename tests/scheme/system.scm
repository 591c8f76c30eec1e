(setenv "FOO" "bar")
(list (getenv "FOO") (getenv "SURELY_NOT_SET"))
=> ("bar" #f)

(getenv 5)
!> wrong-type-arg: Wrong type (expecting string): 5

(begin (unsetenv "FOO") (getenv "FOO"))
=> #f

(begin (putenv "XY=1") (getenv "XY"))
=> "1"

(string-append (getenv "SURELY_NOT_SET") "/x")
!> wrong-type-arg: In procedure string-append: Wrong type (expecting string): #f

(list (string? (gethostname)) (vector? (uname)) (utsname:sysname (uname)))
=> (#t #t "Linux")

(list (integer? (getuid)) (integer? (getpid)) (integer? (getgid)))
=> (#t #t #t)

(let ((pw (getpw 0))) (list (passwd:name pw) (passwd:uid pw) (passwd:dir pw)))
=> ("root" 0 "/root")

(passwd:uid (getpwnam "root"))
=> 0

(getpwnam "no-such-user-here")
!> misc-error: In procedure getpw: entry not found

(getpw "no-such-user-here")
!> misc-error: In procedure getpw: entry not found

(group:name (getgrgid 0))
=> "root"

(list (integer? (current-time)) (pair? (gettimeofday)) (> (current-time) 1600000000))
=> (#t #t #t)

(strftime "%Y-%m-%d %H:%M:%S" (gmtime 0))
=> "1970-01-01 00:00:00"

(let ((t (gmtime 86400))) (list (tm:year t) (tm:mon t) (tm:mday t) (tm:hour t)))
=> (70 0 2 0)

(list (integer? (tm:hour (localtime (current-time)))))
=> (#t)

(strftime "%A %j %%" (gmtime 0))
=> "Thursday 001 %"

(system* "true")
=> 0

(status:exit-val (system* "false"))
=> 1

(status:exit-val (system "exit 4"))
=> 4

(zero? (system "true"))
=> #t

(status:exit-val (system* "/nonexistent-program"))
=> 127

(canonicalize-path "/tmp/..")
=> "/"

(canonicalize-path "/nonexistent")
!> system-error: In procedure canonicalize-path: No such file or directory: "/nonexistent"

(list (dirname "/a/b/c") (dirname "/a") (dirname "a/b") (dirname "") (basename "/a/b/c.scm" ".scm") (basename "/"))
=> ("/a/b" "/" "a" "." "c" "/")

(list (string? (getcwd)) (list? (command-line)) (list? (program-arguments)))
=> (#t #t #t)

(begin (chdir "/") (getcwd))
=> "/"

(chdir "/nonexistent")
!> system-error: In procedure chdir: No such file or directory

(list (string? %host-type) (string-suffix? "linux-gnu" %host-type))
=> (#t #t)

(list (strerror 2) (strerror 13))
=> ("No such file or directory" "Permission denied")

(list ENOENT EACCES (access? "/" R_OK) (access? "/nonexistent" F_OK))
=> (2 13 #t #f)

(integer? (getppid))
=> #t

(sleep 0)
=> 0

(usleep 1)
=> 0

(list (string? (tmpnam)))
=> (#t)

(let ((p (mkstemp! (string-copy "tmp-XXXXXX")))) (port? p))
=> #t

(isatty? (open-input-string ""))
=> #f

(list (list? (environ)) (string? (car (environ))))
=> (#t #t)

(umask)
=> 18

(list (exact-integer? (get-internal-real-time)) (exact? internal-time-units-per-second))
=> (#t #t)

(list (integer? (random 100)) (random-state? *random-state*))
!> unbound-variable: Unbound variable: random-state?

(list (string-null? (or (getenv "EMPTY") "")) (begin (setenv "EMPTY" "") (getenv "EMPTY")))
=> (#t "")

(use-modules (ice-9 threads))
(positive? (current-processor-count))
=> #t

(inet-pton AF_INET "127.0.0.1")
=> 2130706433

(raise 5.5)
!> wrong-type-arg: Wrong type (expecting exact integer): 5.5

(raise "x")
!> wrong-type-arg: Wrong type (expecting exact integer): "x"

(utsname:machine 5)
!> wrong-type-arg: In procedure vector-ref: Wrong type argument in position 1 (expecting vector): 5

(passwd:dir (getpwuid 0))
=> "/root"

(list (string? (utsname:machine (uname))) (string=? (utsname:nodename (uname)) (gethostname)))
=> (#t #t)

(use-modules (srfi srfi-19))
(date->string (time-utc->date (make-time time-utc 0 0) 0) "~Y-~m-~d")
=> "1970-01-01"
