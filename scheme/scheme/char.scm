;;; (scheme char), of R7RS.

(define-module (scheme char)
  #:export
  (digit-value)
  #:interface
  (char-alphabetic? char-ci<=? char-ci<? char-ci=? char-ci>=? char-ci>?
   char-downcase char-foldcase char-lower-case? char-numeric?
   char-upcase char-upper-case? char-whitespace? string-ci<=?
   string-ci<? string-ci=? string-ci>=? string-ci>? string-downcase
   string-foldcase string-upcase))

(define (digit-value c)
  (and (char-numeric? c)
       (let ((n (- (char->integer c) 48)))
         (and (< -1 n 10) n))))

(define (char-foldcase c)
  (if (memv c '(#\x130 #\x131))
      c
      (char-downcase (char-upcase c))))

(define (string-foldcase s)
  (string-downcase (string-upcase s)))
