;;; (ice-9 textual-ports), as far as it is supported here.

(define-module (ice-9 textual-ports)
  #:export (get-string-all get-line eof-object))
