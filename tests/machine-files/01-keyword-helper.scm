(use-modules (ice-9 match) (srfi srfi-1) (srfi srfi-26))
(define %key "/root/.ssh/offload")
(define* (node host #:key (port 22) (slots 2) (arch '("x86_64-linux")) (speed 1.) #:allow-other-keys #:rest rest)
  (build-machine
    (name host) (port port) (systems arch) (user "build")
    (host-key (string-append "ssh-ed25519 AAAAC3Nza" (number->string (length rest)) " " host))
    (private-key %key) (parallel-builds slots) (speed speed)))
(append-map
 (match-lambda
   ((pre from to . rest)
    (map (lambda (n) (apply node (format #f "~a~2,'0d.example.org" pre n) rest))
         (iota (1+ (- to from)) from)))
   ((? string? host) (list (node host))))
 `(("x" 1 3 #:slots 8 #:speed ,(/ 5 2))
   "lonely"
   ("arm" 9 11 #:arch ("aarch64-linux" "armhf-linux") #:colour red)))
