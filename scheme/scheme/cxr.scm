;;; (scheme cxr), of R7RS.

(define-module (scheme cxr)
  #:interface
  (caaaar caaadr caaar caadar caaddr caadr cadaar cadadr cadar caddar
   cadddr caddr cdaaar cdaadr cdaar cdadar cdaddr cdadr cddaar cddadr
   cddar cdddar cddddr cdddr))
