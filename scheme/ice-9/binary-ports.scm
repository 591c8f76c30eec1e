;;; (ice-9 binary-ports): reading whole files as bytes.

(define-module (ice-9 binary-ports)
  #:export (get-bytevector-all get-bytevector-n get-u8 lookahead-u8
            put-u8 put-bytevector open-bytevector-input-port eof-object))

(define (put-u8 port byte)
  (put-bytevector port (u8-list->bytevector (list byte))))

(define (put-bytevector port bytes . range)
  (put-string port (utf8->string bytes)))

(define (open-bytevector-input-port bytes . transcoder)
  (open-input-string (utf8->string bytes)))
