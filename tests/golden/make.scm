;; Makes the items of which tests/golden/ holds the bytes; see README.md.
;; Run on a Guix machine with a static busybox: guix repl make.scm -- DIRECTORY
(use-modules (guix) (guix derivations) (guix store) (guix base16)
             (gcrypt hash) (ice-9 match)
             (rnrs bytevectors) (srfi srfi-1))

(define directory (last (command-line)))
(define (record name text)
  (call-with-output-file (string-append directory "/" name)
    (lambda (port) (display text port))))

(define store (open-connection))
(set-build-options store #:offload? #f #:use-substitutes? #f)

(define busybox-directory
  (begin
    (system "mkdir -p /tmp/golden-busybox && cp -u /usr/bin/busybox /tmp/golden-busybox/")
    (add-to-store store "golden-busybox" #t "sha256" "/tmp/golden-busybox")))
(define busybox (string-append busybox-directory "/busybox"))

;; A text item with a reference, and the items it refers to.
(define text (add-text-to-store store "golden-text" "hello world\n" '()))
(define text-reference
  (add-text-to-store store "golden-reference" (string-append "see " text "\n")
                     (list text)))

;; A tree of everything an archive can hold.
(define script "
set -e
B=BUSYBOX
$B mkdir $out; cd $out
printf 'plain\\n' > plain; printf '#!/bin/sh\\n' > program; $B chmod 755 program
$B chmod 600 plain
printf '' > empty; printf '' > empty-program; $B chmod 700 empty-program
printf 12345678 > eight; printf 123456789 > nine
$B mkdir -p empty-directory nested/1/2/3/4/5 modes; $B chmod 700 modes
for mode in 400 444 555 644 664 744 755 655; do printf $mode > modes/$mode; $B chmod $mode modes/$mode; done
$B ln -s plain link; $B ln -s /nowhere/at/all dangling; $B ln -s . here; $B ln -s \"$($B printf 'odd\\n\\377')\" odd-link
$B mkdir names; cd names
for name in a B _ - -x a.b a-b ab 'a b' .hidden ... '\"quoted\"' 'back\\slash' '*' '~' 0; do : > \"$name\"; done
: > \"$($B printf 'new\\nline')\"; : > \"$($B printf '\\377\\376')\"; : > \"$($B printf '\\303\\251')\"
: > \"$($B printf '%255s' | $B tr ' ' n)\"
cd ..
i=0; while [ $i -lt 2500 ]; do printf '%07d\\n' $i; i=$((i+1)); done > twenty-thousand-bytes
printf '%s\\n' $out > self; printf '%s\\n' TEXT > reference
")
(define (replace string what with)
  (match (string-contains string what)
    (#f string)
    (at (string-append (substring string 0 at) with
                       (replace (substring string (+ at (string-length what)))
                                what with)))))
(define builder
  (add-text-to-store store "golden-builder"
                     (replace (replace script "BUSYBOX" busybox) "TEXT" text)
                     (list busybox-directory text)))
(define tree
  (derivation store "golden-tree" busybox `("sh" ,builder)
              #:sources (list busybox-directory builder text)
              #:env-vars `(("quotes" . "\"double\" 'single' back\\slash")
                           ("lines" . "one\ntwo\r\n\tthree\n")
                           ("letters" . "caf\xe9 \x3bb")
                           ("empty" . "")
                           ("preferLocalBuild" . "1"))
              #:system "x86_64-linux"))

;; Several outputs, an input derivation, arguments that need escapes.
(define several
  (derivation store "golden-several" busybox
              `("sh" "-c" "echo \"$1\" > $out; echo lib > $lib; echo debug > $debug"
                "" "tab\tnewline\nquote\"backslash\\")
              #:inputs (list (derivation-input tree))
              #:sources (list busybox-directory)
              #:outputs '("out" "lib" "debug")
              #:system "x86_64-linux"))

;; Fixed outputs, flat and recursive.
(define (fixed name algorithm recursive? hash)
  (derivation store name busybox '("sh" "-c" "echo hello world > $out")
              #:sources (list busybox-directory)
              #:hash hash #:hash-algo algorithm #:recursive? recursive?
              #:system "x86_64-linux"))
(define flat
  (fixed "golden-flat" 'sha256 #f
         (base16-string->bytevector
          "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447")))
(define recursive
  (fixed "golden-recursive" 'sha256 #t
         (base16-string->bytevector
          "34ca3ac63094d1d5751f741101692a78f95eedf10744b088129fc324dfd0f603")))
(define flat-sha1
  (fixed "golden-flat-sha1" 'sha1 #f
         (bytevector-hash (string->utf8 "hello world\n") (hash-algorithm sha1))))

(build-derivations store (list tree))

(for-each (match-lambda
            ((name drv)
             (copy-file (derivation-file-name drv)
                        (string-append directory "/" name ".drv"))
             (chmod (string-append directory "/" name ".drv") #o644)))
          `(("tree" ,tree) ("several" ,several) ("flat" ,flat)
            ("recursive" ,recursive) ("flat-sha1" ,flat-sha1)))

(define output (derivation->output-path tree))
(record "paths"
        (string-append
         (string-join
          `(,(string-append "tree " output)
            ,(string-append "tree.drv " (derivation-file-name tree))
            ,(string-append "several.drv " (derivation-file-name several))
            ,(string-append "flat.drv " (derivation-file-name flat))
            ,(string-append "flat " (derivation->output-path flat))
            ,(string-append "recursive.drv " (derivation-file-name recursive))
            ,(string-append "recursive " (derivation->output-path recursive))
            ,(string-append "flat-sha1.drv " (derivation-file-name flat-sha1))
            ,(string-append "flat-sha1 " (derivation->output-path flat-sha1))
            ,(string-append "text " text)
            ,(string-append "text-reference " text-reference))
          "\n")
         "\n"))
(let ((info (query-path-info store output)))
  (record "tree.info"
          (string-append (bytevector->base16-string (path-info-hash info)) " "
                         (number->string (path-info-nar-size info)) "\n")))
(for-each (match-lambda
            ((name . items)
             (call-with-output-file (string-append directory "/" name)
               (lambda (port)
                 (export-paths store items port)))))
          `(("texts.bundle" ,text ,text-reference)))
(display output) (newline)
