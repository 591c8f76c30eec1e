;;; (rnrs hashtables), of R6RS, as far as it is supported here.

(define-module (rnrs hashtables)
  #:interface
  (equal-hash hashtable-clear! hashtable-contains? hashtable-copy
   hashtable-delete! hashtable-entries hashtable-equivalence-function
   hashtable-hash-function hashtable-keys hashtable-mutable?
   hashtable-ref hashtable-set! hashtable-size hashtable-update!
   hashtable? make-eq-hashtable make-eqv-hashtable make-hashtable
   string-ci-hash string-hash symbol-hash))
