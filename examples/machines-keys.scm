;; Host keys that lie beside this file, one for each machine.
;;
;; machines: node-0.example.org node-1.example.org node-2.example.org
;; warnings: 0

(use-modules (ice-9 textual-ports))

(define here (dirname (current-filename)))

(define (host-key-of node)
  (string-trim-right
   (call-with-input-file (in-vicinity here (string-append "keys/" node ".pub"))
     get-string-all)))

(map (lambda (number)
       (let ((node (string-append "node-" (number->string number))))
         (build-machine
           (name (string-append node ".example.org"))
           (systems '("x86_64-linux"))
           (user "offload")
           (private-key "/etc/guix/ssh/id_ed25519")
           (host-key (host-key-of node)))))
     (iota 3))
