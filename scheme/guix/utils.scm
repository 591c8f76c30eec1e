;;; (guix utils), as far as systems and versions go.

(define-module (guix utils)
  #:export
  (%current-system %current-target-system target-mingw? target-linux?
   target-hurd? target-hurd64? target-hurd32? target-x86-64?
   target-x86-32? target-x86? target-x32? target-arm32? target-aarch64?
   target-arm? target-ppc32? target-ppc64le? target-powerpc?
   target-riscv64? target-mips64el? target-loongarch64? target-avr?
   target-64bit? target-little-endian? system-hurd? system-hurd64?
   host-hurd? host-hurd64? host-x86-64? nix-system->gnu-triplet
   gnu-triplet->nix-system version-compare version>? version>=?
   version-prefix version-major version-major+minor
   version-major+minor+point version-prefix? file-extension
   file-sans-extension compressed-file? tarball-sans-extension
   package-name->name+version string-replace-substring cache-directory
   config-directory cc-for-target cxx-for-target ld-for-target)
  #:interface
  (%guix-source-root-directory &error-location &fix-hint <location>
   ar-for-target arguments-from-environment-variable as-for-target
   call-with-compressed-output-port call-with-decompressed-port
   call-with-temporary-directory canonical-newline-port
   compressed-output-port condition-fix-hint current-source-directory
   decompressed-port default-keyword-arguments delete-expression
   downstream-package-name edit-expression ensure-keyword-arguments
   error-location error-location? filtered-port
   find-definition-insertion-location find-definition-location fix-hint?
   go-to-location guile-version>? insert-expression location
   location->source-properties location-column location-file
   location-line location? pkg-config-for-target pretty-print-table
   readlink* source-properties->location string-closest string-distance
   strip-for-target strip-keyword-arguments substitute-keyword-arguments
   version-unique-prefix with-atomic-file-output
   with-environment-variables))

(define %current-system (%make-parameter (%system)))

(define %current-target-system (%make-parameter #f))

(define (%target name)
  (if (pair? name)
      (car name)
      (or (%current-target-system) (%current-system))))

(define (%any-prefix? prefixes name)
  (and (pair? prefixes)
       (or (string-prefix? (car prefixes) name)
           (%any-prefix? (cdr prefixes) name))))

(define (target-mingw? . name)
  (let ((t (%target name)))
    (string-suffix? "-mingw32" t)))

(define (target-linux? . name)
  (let ((t (%target name)))
    (->bool (string-contains t "linux"))))

(define (target-hurd? . name)
  (let ((t (%target name)))
    (and (string-suffix? "-gnu" t) (not (string-contains t "linux")))))

(define (target-hurd64? . name)
  (let ((t (%target name)))
    (and (target-hurd? t) (string-prefix? "x86_64-" t))))

(define (target-hurd32? . name)
  (let ((t (%target name)))
    (and (target-hurd? t) (not (string-prefix? "x86_64-" t)))))

(define (target-x86-64? . name)
  (let ((t (%target name)))
    (string-prefix? "x86_64-" t)))

(define (target-x86-32? . name)
  (let ((t (%target name)))
    (%any-prefix? '("i386-" "i486-" "i586-" "i686-") t)))

(define (target-x86? . name)
  (let ((t (%target name)))
    (or (target-x86-32? t) (target-x86-64? t))))

(define (target-x32? . name)
  (let ((t (%target name)))
    (and (target-x86-64? t) (string-suffix? "gnux32" t))))

(define (target-arm32? . name)
  (let ((t (%target name)))
    (string-prefix? "arm" t)))

(define (target-aarch64? . name)
  (let ((t (%target name)))
    (string-prefix? "aarch64-" t)))

(define (target-arm? . name)
  (let ((t (%target name)))
    (or (target-arm32? t) (target-aarch64? t))))

(define (target-ppc32? . name)
  (let ((t (%target name)))
    (string-prefix? "powerpc-" t)))

(define (target-ppc64le? . name)
  (let ((t (%target name)))
    (string-prefix? "powerpc64le-" t)))

(define (target-powerpc? . name)
  (let ((t (%target name)))
    (string-prefix? "powerpc" t)))

(define (target-riscv64? . name)
  (let ((t (%target name)))
    (string-prefix? "riscv64" t)))

(define (target-mips64el? . name)
  (let ((t (%target name)))
    (string-prefix? "mips64el-" t)))

(define (target-loongarch64? . name)
  (let ((t (%target name)))
    (string-prefix? "loongarch64-" t)))

(define (target-avr? . name)
  (let ((t (%target name)))
    (string=? t "avr")))

(define (target-64bit? . name)
  (let ((t (%target name)))
    (%any-prefix? '("x86_64" "aarch64" "mips64" "powerpc64" "riscv64"
                   "loongarch64")
                 t)))

(define (target-little-endian? . name)
  (let ((t (%target name)))
    (not (target-ppc32? t))))

(define (system-hurd?)
  (target-hurd? (%current-system)))

(define (system-hurd64?)
  (target-hurd64? (%current-system)))

(define (host-hurd?)
  #f)

(define (host-hurd64?)
  #f)

(define (host-x86-64?)
  (string-prefix? "x86_64-" (%system)))

(define (nix-system->gnu-triplet . arguments)
  (let* ((system (if (pair? arguments) (car arguments) (%current-system)))
         (vendor (if (and (pair? arguments) (pair? (cdr arguments)))
                     (cadr arguments)
                     "unknown"))
         (dash (string-index system #\-))
         (cpu (substring system 0 dash))
         (kernel (substring system (+ dash 1))))
    (cond ((string=? system "armhf-linux")
           (string-append "arm-" vendor "-linux-gnueabihf"))
          ((string=? kernel "linux")
           (string-append cpu "-" vendor "-linux-gnu"))
          (else
           (string-append cpu "-" vendor "-" kernel)))))

(define (gnu-triplet->nix-system triplet)
  (let* ((parts (string-split triplet #\-))
         (cpu (car parts))
         (rest (cdr parts))
         (kernel (cond ((member "linux" rest) "linux")
                       ((or (null? rest) (null? (cdr rest)))
                        (string-join rest "-"))
                       (else (string-join (cdr rest) "-")))))
    (string-append
     (cond ((and (string-prefix? "arm" cpu) (string=? kernel "linux"))
            "armhf")
           ((and (= (string-length cpu) 4)
                 (string-prefix? "i" cpu)
                 (string-suffix? "86" cpu))
            "i686")
           (else cpu))
     "-" kernel)))

(define (version-compare a b)
  (let ((n (%compare-versions a b)))
    (cond ((< n 0) '<)
          ((> n 0) '>)
          (else '=))))

(define (version>? a b)
  (eq? (version-compare a b) '>))

(define (version>=? a b)
  (not (eq? (version-compare a b) '<)))

(define (version-prefix version count)
  (let ((parts (string-split version #\.)))
    (string-join (if (< (length parts) count)
                     parts
                     (list-head parts count))
                 ".")))

(define (version-major version)
  (version-prefix version 1))

(define (version-major+minor version)
  (version-prefix version 2))

(define (version-major+minor+point version)
  (version-prefix version 3))

(define (version-prefix? a b)
  (let loop ((a (string-split a #\.)) (b (string-split b #\.)))
    (or (null? a)
        (and (pair? b)
             (string=? (car a) (car b))
             (loop (cdr a) (cdr b))))))

(define (file-extension file)
  (let ((dot (string-rindex file #\.)))
    (and dot (substring file (+ dot 1)))))

(define (file-sans-extension file)
  (let ((dot (string-rindex file #\.)))
    (if dot (substring file 0 dot) file)))

(define (compressed-file? file)
  (->bool (member (file-extension file)
                  '("gz" "bz2" "xz" "lz" "lzma" "tgz" "tbz2" "zip"))))

(define (tarball-sans-extension file)
  (let ((end (or (string-contains file ".tar") (string-contains file ".tgz"))))
    (if end (substring file 0 end) (file-sans-extension file))))

(define (package-name->name+version spec . delimiter)
  (let ((at (string-rindex spec
                           (if (pair? delimiter) (car delimiter) #\@))))
    (if at
        (values (substring spec 0 at) (substring spec (+ at 1)))
        (values spec #f))))

(define (string-replace-substring text from to)
  (let ((at (and (not (string-null? from)) (string-contains text from))))
    (if at
        (string-append
         (substring text 0 at)
         to
         (string-replace-substring
          (substring text (+ at (string-length from)))
          from to))
        text)))

(define (%xdg variable fallback)
  (string-append
   (or (getenv variable)
       (string-append (or (getenv "HOME") "") fallback))
   "/guix"))

(define (cache-directory . options)
  (%xdg "XDG_CACHE_HOME" "/.cache"))

(define (config-directory . options)
  (%xdg "XDG_CONFIG_HOME" "/.config"))

(define (%tool name target)
  (let ((target (if (pair? target) (car target) (%current-target-system))))
    (if target
        (string-append target "-" name)
        name)))

(define (cc-for-target . target)
  (%tool "gcc" target))

(define (cxx-for-target . target)
  (%tool "g++" target))

(define (ld-for-target . target)
  (%tool "ld" target))
