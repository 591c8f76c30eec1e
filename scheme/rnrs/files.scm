;;; (rnrs files), of R6RS, as far as it is supported here.

(define-module (rnrs files)
  #:interface
  (&i/o &i/o-file-already-exists &i/o-file-does-not-exist
   &i/o-file-is-read-only &i/o-file-protection &i/o-filename
   &i/o-invalid-position &i/o-port &i/o-read &i/o-write delete-file
   file-exists? i/o-error-filename i/o-error-port i/o-error-position
   i/o-error? i/o-file-already-exists-error?
   i/o-file-does-not-exist-error? i/o-file-is-read-only-error?
   i/o-file-protection-error? i/o-filename-error?
   i/o-invalid-position-error? i/o-port-error? i/o-read-error?
   i/o-write-error? make-i/o-error make-i/o-file-already-exists-error
   make-i/o-file-does-not-exist-error make-i/o-file-is-read-only-error
   make-i/o-file-protection-error make-i/o-filename-error
   make-i/o-invalid-position-error make-i/o-port-error
   make-i/o-read-error make-i/o-write-error))
