;;; (scheme base): R7RS, as far as it is supported here.

(define-module (scheme base)
  #:use-module ((srfi srfi-1) #:select (map for-each) #:prefix s:)
  #:use-module (ice-9 exceptions)
  #:use-module (srfi srfi-9)
  #:use-module ((srfi srfi-1) #:select (map for-each))
  #:export
  (map for-each error error-object? error-object-message
   error-object-irritants read-error? file-error? (%raise . raise)
   square string-map string-for-each vector-map vector-for-each
   boolean=? symbol=? exact inexact string->vector vector->string
   vector-append vector->list call-with-port features floor/ truncate/)
  #:interface
  (* + - ... / < <= = => > >= _ abs and append apply assoc assq assv
   begin binary-port? boolean? bytevector bytevector-append
   bytevector-copy bytevector-copy! bytevector-length bytevector-u8-ref
   bytevector-u8-set! bytevector? caar cadr
   call-with-current-continuation call-with-values call/cc car case cdar
   cddr cdr ceiling char->integer char-ready? char<=? char<? char=?
   char>=? char>? char? close-input-port close-output-port close-port
   complex? cond cond-expand cons current-error-port current-input-port
   current-output-port define define-record-type define-syntax
   define-values denominator do dynamic-wind else eof-object eof-object?
   eq? equal? eqv? even? exact-integer-sqrt exact-integer? exact? expt
   floor floor-quotient floor-remainder flush-output-port gcd
   get-output-bytevector get-output-string guard if include include-ci
   inexact? input-port-open? input-port? integer->char integer? lambda
   lcm length let let* let*-values let-syntax let-values letrec letrec*
   letrec-syntax list list->string list->vector list-copy list-ref
   list-set! list-tail list? make-bytevector make-list make-parameter
   make-string make-vector max member memq memv min modulo negative?
   newline not null? number->string number? numerator odd?
   open-input-bytevector open-input-string open-output-bytevector
   open-output-string or output-port-open? output-port? pair?
   parameterize peek-char peek-u8 port? positive? procedure? quasiquote
   quote quotient raise-continuable rational? rationalize
   read-bytevector read-bytevector! read-char read-line read-string
   read-u8 real? remainder reverse round set! set-car! set-cdr! string
   string->list string->number string->symbol string->utf8 string-append
   string-copy string-copy! string-fill! string-length string-ref
   string-set! string<=? string<? string=? string>=? string>? string?
   substring symbol->string symbol? syntax-error syntax-rules
   textual-port? truncate truncate-quotient truncate-remainder u8-ready?
   unless unquote unquote-splicing utf8->string values vector
   vector-copy vector-copy! vector-fill! vector-length vector-ref
   vector-set! vector? when with-exception-handler write-bytevector
   write-char write-string write-u8 zero?))

(define (string-for-each f s . more)
  (apply s:for-each f (string->list s) (s:map string->list more)))

(define (vector-map f v . more)
  (list->vector (apply s:map f (%vector->list v) (s:map %vector->list more))))

(define (vector-for-each f v . more)
  (apply s:for-each f (%vector->list v) (s:map %vector->list more)))

(define (boolean=? a b . more)
  (and (eq? a b) (or (null? more) (apply boolean=? b more))))

(define (symbol=? a b . more)
  (and (eq? a b) (or (null? more) (apply symbol=? b more))))

(define (exact x)
  (inexact->exact x))

(define (inexact x)
  (exact->inexact x))

(define (%vector->list v)
  (vector->list v))

(define (vector->list v . range)
  (let* ((start (if (pair? range) (car range) 0))
         (end (if (and (pair? range) (pair? (cdr range)))
                  (cadr range)
                  (vector-length v))))
    (let loop ((i (- end 1)) (out '()))
      (if (< i start)
          out
          (loop (- i 1) (cons (vector-ref v i) out))))))

(define (error message . irritants)
  (%raise (make-exception (make-exception-with-message message)
                          (make-exception-with-irritants irritants))))

(define (error-object? x)
  (and (exception-with-message? x) (exception-with-irritants? x)))

(define (error-object-message x)
  (and (exception-with-message? x) (exception-message x)))

(define (error-object-irritants x)
  (and (exception-with-irritants? x) (exception-irritants x)))

(define (read-error? x)
  (lexical-error? x))

(define (file-error? x)
  #f)

(define (square x)
  (* x x))

(define (string-map f s . more)
  (list->string
   (apply s:map f (string->list s) (s:map string->list more))))

(define (string->vector s . range)
  (list->vector (apply string->list s range)))

(define (vector->string v . range)
  (list->string (apply vector->list v range)))

(define (vector-append . vectors)
  (list->vector (apply append (s:map %vector->list vectors))))

(define (call-with-port port f)
  (call-with-values (lambda () (f port))
    (lambda results
      (close-port port)
      (apply values results))))

(define (floor/ n d)
  (values (floor-quotient n d) (floor-remainder n d)))

(define (truncate/ n d)
  (values (quotient n d) (remainder n d)))

(define (features)
  '(guile guile-3 guile-3.0 r5rs r6rs r7rs exact-closed ieee-float
    full-unicode ratios))

(define (bytevector . bytes)
  (u8-list->bytevector bytes))

(define (bytevector-append . all)
  (u8-list->bytevector (apply append (s:map bytevector->u8-list all))))
