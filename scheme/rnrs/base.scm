;;; (rnrs base), of R6RS, as far as it is supported here.

(define-module (rnrs base)
  #:use-module ((srfi srfi-1) #:select (map for-each) #:prefix s:)
  #:use-module (ice-9 exceptions)
  #:export
  (error assert assertion-violation boolean=? symbol=? exact inexact
   string-for-each vector-map vector-for-each div mod div-and-mod div0
   mod0 div0-and-mod0 integer-valued? rational-valued? real-valued?)
  #:interface
  (* + - ... / < <= = => > >= _ abs acos and angle append apply asin
   atan begin boolean? caaaar caaadr caaar caadar caaddr caadr caar
   cadaar cadadr cadar caddar cadddr caddr cadr
   call-with-current-continuation call-with-values call/cc car case
   cdaaar cdaadr cdaar cdadar cdaddr cdadr cdar cddaar cddadr cddar
   cdddar cddddr cdddr cddr cdr ceiling char->integer char<=? char<?
   char=? char>=? char>? char? complex? cond cons cos define
   define-syntax denominator dynamic-wind else eq? equal? eqv? even?
   exact-integer-sqrt exact? exp expt finite? floor for-each gcd
   identifier-syntax if imag-part inexact? infinite? integer->char
   integer? lambda lcm length let let* let*-values let-syntax let-values
   letrec letrec* letrec-syntax list list->string list->vector list-ref
   list-tail list? log magnitude make-polar make-rectangular make-string
   make-vector map max min nan? negative? not null? number->string
   number? numerator odd? or pair? positive? procedure? quasiquote quote
   rational? rationalize real-part real? reverse round set! sin sqrt
   string string->list string->number string->symbol string-append
   string-copy string-length string-ref string<=? string<? string=?
   string>=? string>? string? substring symbol->string symbol?
   syntax-rules tan truncate unquote unquote-splicing values vector
   vector->list vector-fill! vector-length vector-ref vector-set!
   vector? zero?))

(define (string-for-each f s . more)
  (apply s:for-each f (string->list s) (s:map string->list more)))

(define (vector-map f v . more)
  (list->vector (apply s:map f (vector->list v) (s:map vector->list more))))

(define (vector-for-each f v . more)
  (apply s:for-each f (vector->list v) (s:map vector->list more)))

(define (boolean=? a b . more)
  (and (eq? a b) (or (null? more) (apply boolean=? b more))))

(define (symbol=? a b . more)
  (and (eq? a b) (or (null? more) (apply symbol=? b more))))

(define (exact x)
  (inexact->exact x))

(define (inexact x)
  (exact->inexact x))

(define (%violation first who message irritants)
  (%raise
   (if who
       (make-exception first
                       (make-exception-with-origin who)
                       (make-exception-with-message message)
                       (make-exception-with-irritants irritants))
       (make-exception first
                       (make-exception-with-message message)
                       (make-exception-with-irritants irritants)))))

(define (error who message . irritants)
  (%violation (make-external-error) who message irritants))

(define (assertion-violation who message . irritants)
  (%violation (make-assertion-failure) who message irritants))

(define-syntax assert
  (syntax-rules ()
    ((_ expression)
     (or expression
         (%raise (make-exception
                  (make-assertion-failure)
                  (make-exception-with-message
                   (string-append "assertion failed: "
                                  (object->string 'expression)))))))))

(define (div x y)
  (if (< y 0)
      (- (floor (/ x (- y))))
      (floor (/ x y))))

(define (mod x y)
  (- x (* y (div x y))))

(define (div-and-mod x y)
  (values (div x y) (mod x y)))

(define (mod0 x y)
  (let ((m (mod x y)))
    (if (< m (/ (abs y) 2))
        m
        (- m (abs y)))))

(define (div0 x y)
  (/ (- x (mod0 x y)) y))

(define (div0-and-mod0 x y)
  (values (div0 x y) (mod0 x y)))

(define (integer-valued? x)
  (integer? x))

(define (rational-valued? x)
  (rational? x))

(define (real-valued? x)
  (real? x))

(define (infinite? x)
  (inf? x))
