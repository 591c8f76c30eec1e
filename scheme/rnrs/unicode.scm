;;; (rnrs unicode), of R6RS, as far as it is supported here.

(define-module (rnrs unicode)
  #:interface
  (char-alphabetic? char-ci<=? char-ci<? char-ci=? char-ci>=? char-ci>?
   char-downcase char-foldcase char-general-category char-lower-case?
   char-numeric? char-title-case? char-titlecase char-upcase
   char-upper-case? char-whitespace? string-ci<=? string-ci<?
   string-ci=? string-ci>=? string-ci>? string-downcase string-foldcase
   string-normalize-nfc string-normalize-nfd string-normalize-nfkc
   string-normalize-nfkd string-titlecase string-upcase))

(define (char-foldcase c)
  (if (memv c '(#\x130 #\x131))
      c
      (char-downcase (char-upcase c))))

(define (string-foldcase s)
  (string-downcase (string-upcase s)))
