;; One file for several head machines: what depends on the host.
;;
;; machines: common.example.org
;; warnings: 0

#| The name of this machine decides.
   Comments of all kinds: #| nested |# |#

(use-modules (srfi srfi-1))

(define common
  (build-machine
    (name "common.example.org")
    (systems '("x86_64-linux"))
    (user "offload")
    (private-key "/etc/guix/ssh/id_ed25519")
    (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpHxIDf/76CK+XmzeN0G3de0NtZCHS7OxePQ0jfeeu9 root@common")))

(define by-host
  `(("a-host-of-nobody"
     ,common
     ,(build-machine
        (inherit common)
        (name "second.example.org")))
    (else ,common)))

(define (machines-for host)
  (cond ((assoc host by-host) => cdr)
        (else (assq-ref by-host 'else))))

(let ((machines (machines-for (gethostname))))
  (when (null? machines)
    (error "no machines for" (gethostname)))
  (remove (lambda (machine)
            (string=? (build-machine-name machine) (gethostname)))
          #;(reverse machines)
          machines))
