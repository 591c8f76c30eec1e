;;; The core of Guile, as far as it is supported here.
;;;
;;; A name that is exported but not defined here is a procedure in Rust or of
;;; the interpreter.  Definitions must be procedures; only those that a machine
;;; file reaches are compiled.

(define-module (guile)
  #:export
  (;; Evaluation and macros
   eval-string primitive-eval
   defined? module-define! module-defined? module-name module-ref module-set!
   module-use! module? resolve-interface resolve-module
   save-module-excursion set-current-module
   bound-identifier=? current-module datum->syntax eval free-identifier=?
   generate-temporaries identifier? interaction-environment
   make-variable-transformer syntax->datum syntax-source syntax-violation
   syntax?
   ;; Data, by name
   %host-type * *random-state* *unspecified* + - ->bool ->char-set / 1+ 1- <
   <= = > >= AF_INET AF_INET6 AF_UNIX AF_UNSPEC EACCES EAGAIN ECONNREFUSED
   EEXIST EINVAL EIO EISDIR ENOENT ENOTDIR EPERM EXIT_FAILURE EXIT_SUCCESS
   F_OK LC_ALL LC_CTYPE LC_MESSAGES OPEN_BOTH OPEN_READ OPEN_WRITE R_OK
   SEEK_CUR SEEK_END SEEK_SET W_OK X_OK abs absolute-file-name? access?
   acons acos add-hook! and-map and=> append append! apply array->list
   array-for-each array-length array-map! array-rank array-ref array-set!
   array? ash asin assoc assoc-ref assoc-remove! assoc-set! assq assq-ref
   assq-remove! assq-set! assv assv-ref assv-remove! assv-set! atan basename
   bit-extract boolean? caaaar caaadr caaar caadar caaddr caadr caar cadaar
   cadadr cadar caddar cadddr caddr cadr call-with-input-file
   call-with-input-string call-with-output-file call-with-output-string
   call-with-port canonicalize-path car cdaaar cdaadr cdaar cdadar cdaddr
   cdadr cdar cddaar cddadr cddar cdddar cddddr cdddr cddr cdr ceiling
   ceiling-quotient ceiling-remainder ceiling/ centered-quotient
   centered-remainder centered/ char->integer char-alphabetic? char-ci<=?
   char-ci<? char-ci=? char-ci>=? char-ci>? char-downcase
   char-general-category char-is-both? char-lower-case? char-numeric?
   char-ready? char-set char-set->list char-set->string char-set-adjoin
   char-set-adjoin! char-set-any char-set-complement char-set-complement!
   char-set-contains? char-set-copy char-set-count char-set-delete
   char-set-delete! char-set-difference char-set-difference! char-set-every
   char-set-filter char-set-fold char-set-for-each char-set-intersection
   char-set-intersection! char-set-map char-set-size char-set-union
   char-set-union! char-set-xor char-set:ascii char-set:blank
   char-set:designated char-set:digit char-set:empty char-set:full
   char-set:graphic char-set:hex-digit char-set:iso-control char-set:letter
   char-set:letter+digit char-set:lower-case char-set:printing
   char-set:punctuation char-set:symbol char-set:title-case
   char-set:upper-case char-set:whitespace char-set<= char-set= char-set?
   char-titlecase char-upcase char-upper-case? char-whitespace? char<=?
   char<? char=? char>=? char>? char? chdir chmod close close-input-port
   close-output-port close-port closedir command-line complex? compose cons
   cons* const copy-file copy-tree cos current-error-port current-input-port
   current-output-port current-time current-warning-port delete delete!
   delete-file delete1! delq delq! delq1! delv delv! delv1! denominator
   directory-stream? dirname display doubly-weak-hash-table? drain-input
   effective-version environ eof-object? eq? equal? eqv? euclidean-quotient
   euclidean-remainder euclidean/ even? exact->inexact exact-integer-sqrt
   exact-integer? exact? exp expt file-exists? file-is-directory?
   file-name-separator-string file-name-separator? file-port? fileno filter
   filter! finite? floor floor-quotient floor-remainder floor/
   flush-all-ports for-each force-output format ftell gc gcd gensym
   get-internal-real-time get-internal-run-time get-output-string getcwd
   getegid getenv geteuid getgid getgr getgrgid getgrnam gethostname
   getlogin getpid getppid getpw getpwnam getpwuid gettext gettimeofday
   getuid gmtime group:gid group:mem group:name group:passwd hash
   hash-clear! hash-count hash-create-handle! hash-fold hash-for-each
   hash-for-each-handle hash-get-handle hash-map->list hash-ref hash-remove!
   hash-set! hash-table? hashq hashq-create-handle! hashq-get-handle
   hashq-ref hashq-remove! hashq-set! hashv hashv-create-handle!
   hashv-get-handle hashv-ref hashv-remove! hashv-set! hashx-create-handle!
   hashx-get-handle hashx-ref hashx-remove! hashx-set! hook->list
   hook-empty? identity imag-part in-vicinity inexact->exact inexact? inf
   inf? input-port? integer->char integer-expt integer-length integer?
   internal-time-units-per-second iota isatty? keyword->symbol keyword?
   last-pair lcm length link list list->char-set list->string list->symbol
   list->vector list-cdr-ref list-cdr-set! list-copy list-head list-index
   list-ref list-set! list-tail list? localtime log log10 logand logbit?
   logcount logior lognot logtest logxor lstat magnitude major-version
   make-array make-doubly-weak-hash-table make-hash-table make-hook
   make-list make-object-property make-regexp make-string make-vector
   make-weak-key-hash-table make-weak-value-hash-table map map-in-order max
   member memq memv merge merge! micro-version min minor-version mkdir
   mkdtemp mkstemp mkstemp! mktime modulo modulo-expt most-negative-fixnum
   most-positive-fixnum nan nan? negate negative? newline ngettext nil? noop
   not null? number->string number? numerator object->string odd? open-file
   open-input-file open-input-string open-output-file open-output-string
   opendir or-map output-port? pair? parse-path passwd:dir passwd:gecos
   passwd:gid passwd:name passwd:passwd passwd:shell passwd:uid peek
   peek-char pk port-closed? port-column port-encoding port-filename
   port-line port-mode port? positive? primitive-load procedure?
   program-arguments provided? putenv quotient random
   random-state-from-platform random:uniform rational? rationalize read
   read-char readdir readlink real-part real? regexp-exec regexp/basic
   regexp/extended regexp/icase regexp/newline regexp/notbol regexp/noteol
   regexp? remainder remove-hook! rename-file reset-hook! reverse reverse!
   reverse-list->string rewinddir rmdir round round-quotient round-remainder
   round/ run-hook search-path seek set-car! set-cdr! set-current-error-port
   set-current-input-port set-current-output-port set-port-encoding!
   set-tm:gmtoff set-tm:hour set-tm:isdst set-tm:mday set-tm:min set-tm:mon
   set-tm:sec set-tm:wday set-tm:yday set-tm:year set-tm:zone setenv
   setlocale setvbuf simple-format sin sleep sloppy-assoc sloppy-assq
   sloppy-assv sort sort! sort-list sort-list! sorted? sqrt stable-sort
   stable-sort! stat stat:atime stat:atimensec stat:blksize stat:blocks
   stat:ctime stat:ctimensec stat:dev stat:gid stat:ino stat:mode stat:mtime
   stat:mtimensec stat:nlink stat:perms stat:rdev stat:size stat:type
   stat:uid status:exit-val status:stop-sig status:term-sig strerror
   strftime string string->char-set string->list string->number
   string->symbol string-any string-any-c-code string-append
   string-append/shared string-bytes-per-char string-capitalize
   string-capitalize! string-ci->symbol string-ci< string-ci<= string-ci<=?
   string-ci<> string-ci<? string-ci= string-ci=? string-ci> string-ci>=
   string-ci>=? string-ci>? string-compare string-compare-ci
   string-concatenate string-concatenate-reverse
   string-concatenate-reverse/shared string-concatenate/shared
   string-contains string-contains-ci string-copy string-copy! string-count
   string-delete string-downcase string-downcase! string-drop
   string-drop-right string-every string-every-c-code string-fill!
   string-filter string-fold string-fold-right string-for-each
   string-for-each-index string-hash string-hash-ci string-index
   string-index-right string-join string-length string-map string-map!
   string-normalize-nfc string-normalize-nfd string-normalize-nfkc
   string-normalize-nfkd string-null? string-pad string-pad-right
   string-prefix-ci? string-prefix-length string-prefix-length-ci
   string-prefix? string-ref string-replace string-reverse string-reverse!
   string-rindex string-set! string-skip string-skip-right string-split
   string-suffix-ci? string-suffix-length string-suffix-length-ci
   string-suffix? string-tabulate string-take string-take-right
   string-titlecase string-titlecase! string-tokenize string-trim
   string-trim-both string-trim-right string-unfold string-unfold-right
   string-upcase string-upcase! string-utf8-length string-xcopy! string<
   string<= string<=? string<> string<? string= string=? string> string>=
   string>=? string>? string? substring substring-fill! substring-move!
   substring/copy substring/read-only substring/shared symbol
   symbol->keyword symbol->string symbol-append symbol-hash symbol-interned?
   symbol-prefix-proc symbol? symlink sync system system* tan the-eof-object
   thunk? times tm:gmtoff tm:hour tm:isdst tm:mday tm:min tm:mon tm:sec
   tm:wday tm:yday tm:year tm:zone tmpnam tms:clock tms:cstime tms:cutime
   tms:stime tms:utime truncate truncate-quotient truncate-remainder
   truncate/ tzset ucs-range->char-set umask uname unread-char unread-string
   unsetenv unspecified? usleep utsname:machine utsname:nodename
   utsname:release utsname:sysname utsname:version vector vector->list
   vector-copy vector-copy! vector-fill! vector-length vector-move-left!
   vector-move-right! vector-ref vector-set! vector? version
   weak-key-hash-table? weak-value-hash-table? with-continuation-barrier
   with-error-to-file with-error-to-port with-error-to-string
   with-input-from-file with-input-from-port with-input-from-string
   with-output-to-file with-output-to-port with-output-to-string write
   write-char xsubstring zero?
   read-disable read-enable read-options read-set!
   ;; Errors
   error throw scm-error exit quit primitive-exit catch with-throw-handler
   with-exception-handler raise-exception make-exception exception?
   exception-kind exception-args simple-exceptions make-exception-type
   exception-type? exception-predicate exception-accessor
   ;; Control
   call-with-current-continuation call/cc values call-with-values
   dynamic-wind make-promise promise? force make-parameter parameter?
   make-fluid make-unbound-fluid make-thread-local-fluid fluid?
   fluid-ref fluid-set! fluid-unset! fluid-bound? with-fluids*
   with-fluid* call-with-prompt abort-to-prompt make-prompt-tag
   default-prompt-tag print-exception system-error-errno raise delay false-if-exception parameterize with-fluids
   ;; Records
   make-procedure-with-setter procedure procedure-with-setter? setter
   make-record-type record-constructor record-predicate record-accessor
   record-modifier record? record-type-descriptor record-type-name
   record-type-fields))

;; The interpreter's own takes a list of its own kind.
(define (apply f . arguments)
  (%apply f (%rest<-arguments arguments)))

(define (%map1 f l)
  (let loop ((l l) (out '()))
    (if (null? l)
        (reverse out)
        (loop (cdr l) (cons (f (car l)) out)))))

(define (%any-null? lists)
  (and (pair? lists)
       (or (null? (car lists))
           (%any-null? (cdr lists)))))

(define (map f l . rest)
  (%check-procedure "map" 1 f)
  (%check-list "map" 2 l)
  (if (null? rest)
      (%map1 f l)
      (begin
        (%check-lengths "map" l rest)
        (%map-n f (cons l rest)))))

(define (%map-n f lists)
  (let loop ((lists lists) (out '()))
    (if (%any-null? lists)
        (reverse out)
        (loop (%map1 cdr lists)
              (cons (%apply f (%rest<-list (%map1 car lists))) out)))))

(define (%for-each1 f l)
  (if (pair? l)
      (begin (f (car l))
             (%for-each1 f (cdr l)))))

(define (%for-each-n f lists)
  (if (not (%any-null? lists))
      (begin (%apply f (%rest<-list (%map1 car lists)))
             (%for-each-n f (%map1 cdr lists)))))

(define (map-in-order f . lists)
  (apply map f lists))

(define (for-each f l . rest)
  (%check-procedure "for-each" 1 f)
  (%check-list "for-each" 2 l)
  (if (null? rest)
      (%for-each1 f l)
      (begin
        (%check-lengths "for-each" l rest)
        (%for-each-n f (cons l rest)))))

(define (filter f l)
  (%check-procedure "filter" 1 f)
  (%check-list "filter" 2 l)
  (let loop ((l l) (out '()))
    (cond ((null? l) (reverse out))
          ((f (car l)) (loop (cdr l) (cons (car l) out)))
          (else (loop (cdr l) out)))))

;; That of SRFI-1 takes a predicate first.
(define (list-index l x)
  (let loop ((rest l) (n 0))
    (cond ((null? rest) #f)
          ((eq? x (car rest)) n)
          (else (loop (cdr rest) (+ n 1))))))

(define (member x l . same)
  (if (null? same)
      (%member x l)
      (let loop ((l l))
        (cond ((null? l) #f)
              (((car same) x (car l)) l)
              (else (loop (cdr l)))))))

(define (assoc x l . same)
  (if (null? same)
      (%assoc x l)
      (let loop ((l l))
        (cond ((null? l) #f)
              (((car same) x (car (car l))) (car l))
              (else (loop (cdr l)))))))

(define (identity x) x)

(define (const x)
  (lambda args x))

(define (negate f)
  (lambda args (not (apply f args))))

(define (compose f . rest)
  (if (null? rest)
      f
      (let ((g (apply compose rest)))
        (lambda args (f (apply g args))))))

(define (and=> value f)
  (and value (f value)))
