;;; (ice-9 textual-ports)

(define-module (ice-9 textual-ports)
  #:export
  (eof-object get-char get-line get-string-all get-string-n lookahead-char
   put-char put-string unget-char unget-string))

(define (unget-char port c)
  (unread-char c port))

(define (unget-string port s)
  (unread-string s port))
