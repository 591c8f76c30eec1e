;;; (rnrs bytevectors): bytes, and strings as bytes.

(define-module (rnrs bytevectors)
  #:export (bytevector? make-bytevector bytevector-length bytevector-u8-ref
            bytevector-u8-set! bytevector-s8-ref bytevector=?
            bytevector-fill! bytevector-copy bytevector-copy!
            bytevector->u8-list u8-list->bytevector string->utf8
            utf8->string))
