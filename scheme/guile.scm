;;; The core of Guile, as far as it is supported here.
;;;
;;; A name that is exported but not defined here is a procedure in Rust or of
;;; the interpreter.  Definitions must be procedures; only those that a machine
;;; file reaches are compiled.

(define-module (guile)
  #:export
  (;; Equality, truth
   eq? eqv? equal? not boolean? ->bool
   ;; Pairs and lists
   car cdr cons list null? pair? list? length append reverse apply
   caar cadr cdar cddr caaar caadr cadar caddr cdaar cdadr cddar cdddr
   cadddr cddddr
   set-car! set-cdr! append! reverse! list-set!
   list-ref list-tail list-head last-pair cons* list-copy make-list iota
   memq memv member assq assv assoc assq-ref assv-ref assoc-ref acons
   delete delq delv
   map map-in-order for-each filter list-index sort stable-sort
   ;; Vectors
   vector vector? vector-ref vector-set! vector-length make-vector vector->list
   list->vector
   ;; Numbers
   + - * / = < <= > >= 1+ 1- abs max min quotient remainder modulo
   number? real? rational? integer? exact-integer? exact? inexact?
   zero? positive? negative? even? odd? round floor ceiling truncate
   exact->inexact inexact->exact number->string string->number
   ;; Characters and strings
   char? char=? char-alphabetic? char-numeric? char-whitespace?
   char-upper-case? char-lower-case? char-upcase char-downcase
   char->integer integer->char
   string string? string-append string-concatenate string-length
   string-null? string-ref substring string-copy string-take string-drop
   string-take-right string-drop-right string-join string-split
   string-index string-rindex string-contains string-prefix?
   string-suffix? string=? string<? string>? string-ci=?
   string-trim string-trim-right string-trim-both string-upcase
   string-downcase string-reverse string-pad string-pad-right make-string
   string->list list->string
   ;; Symbols and keywords
   symbol? symbol->string string->symbol symbol-append keyword?
   keyword->symbol symbol->keyword
   ;; Procedures
   procedure? identity const negate compose and=> noop
   ;; Input and output
   display write newline object->string format simple-format
   open-input-file close-port close-input-port call-with-input-file
   read-char eof-object? port?
   ;; The system
   getenv gethostname getuid getpid current-time file-exists? dirname
   basename canonicalize-path primitive-load
   eval current-module interaction-environment
   ;; Macros
   bound-identifier=? datum->syntax free-identifier=? generate-temporaries
   identifier? make-variable-transformer syntax->datum syntax-source
   syntax-violation syntax?
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
   default-prompt-tag
   ;; Records
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

(define (list-index f l)
  (if (procedure? f)
      (let loop ((l l) (n 0))
        (cond ((null? l) #f)
              ((f (car l)) n)
              (else (loop (cdr l) (+ n 1)))))
      (let loop ((rest l) (n 0))
        (cond ((null? rest) #f)
              ((eq? f (car rest)) n)
              (else (loop (cdr rest) (+ n 1)))))))

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

(define (reverse! l . tail)
  (%reverse-in-place l (if (null? tail) '() (car tail))))

(define (acons key value l)
  (cons (cons key value) l))

(define (%merge a b less)
  (let loop ((a a) (b b) (out '()))
    (cond ((null? a) (append (reverse out) b))
          ((null? b) (append (reverse out) a))
          ((less (car b) (car a)) (loop a (cdr b) (cons (car b) out)))
          (else (loop (cdr a) b (cons (car a) out))))))

(define (%sort-list l n less)
  (if (< n 2)
      (list-head l n)
      (let ((half (quotient n 2)))
        (%merge (%sort-list l half less)
                (%sort-list (list-tail l half) (- n half) less)
                less))))

(define (sort l less)
  (%check-procedure "sort" 2 less)
  (if (vector? l)
      (list->vector (sort (vector->list l) less))
      (begin
        (%check-list "sort" 1 l)
        (%sort-list l (length l) less))))

(define (stable-sort l less)
  (sort l less))

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

(define (call-with-input-file name f . options)
  (%check-procedure "call-with-input-file" 2 f)
  (let* ((port (open-input-file name))
         (value (f port)))
    (close-port port)
    value))
