;;; (ice-9 iconv): strings as bytes in UTF-8.

(define-module (ice-9 iconv)
  #:export (bytevector->string string->bytevector))

(define (%check-encoding encoding)
  (if (not (member (string-downcase encoding) '("utf-8" "utf8")))
      (%unsupported "an encoding other than UTF-8")))

(define (bytevector->string bytes encoding . strategy)
  (%check-encoding encoding)
  (utf8->string bytes))

(define (string->bytevector s encoding . strategy)
  (%check-encoding encoding)
  (string->utf8 s))
