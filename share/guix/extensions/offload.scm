;;; The way in for daemons whose guix-daemon is a script made by 'guix pull':
;;; that script sets GUIX to its own guix, but leaves GUIX_EXTENSIONS_PATH
;;; alone.  Guix prefers an extension to its own command of the same name.
;;;
;;; Guix wants the file at .../guix/extensions/offload.scm, and the directory
;;; that holds it in the daemon's environment:
;;;
;;;   GUIX_EXTENSIONS_PATH=/usr/local/share/offload/guix/extensions

(define-module (guix extensions offload)
  #:export (guix-offload))

;; Where the program is installed; change it here if it is elsewhere.
(define %program
  "/usr/local/libexec/offload/offload")

(define (guix-offload . arguments)
  "Become the offload program, with ARGUMENTS: the daemon waits for this
process and has given it the descriptors of the dialogue."
  (catch 'system-error
    (lambda ()
      (apply execl %program "offload" arguments))
    (lambda failure
      (format (current-error-port)
              "guix offload: error: cannot execute '~a': ~a~%"
              %program (strerror (system-error-errno failure)))
      (primitive-exit 126))))
