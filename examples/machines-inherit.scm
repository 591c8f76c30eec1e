;; Machines that take most fields from another.
;;
;; machines: big.example.org small.example.org big.example.org
;; warnings: 0

(define big
  (build-machine
    (name "big.example.org")
    (systems '("x86_64-linux"))
    (user "offload")
    (private-key "/etc/guix/ssh/id_ed25519")
    (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpHxIDf/76CK+XmzeN0G3de0NtZCHS7OxePQ0jfeeu9 root@big")
    (parallel-builds 16)
    (speed 4)))

(define small
  (build-machine
    (inherit big)
    (name "small.example.org")
    (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEjLQpHqpYAIALpK05kHRN6NfS2c1pVUdGmFL7G29M9n root@small")
    (parallel-builds 2)
    (speed 1)))

(list big
      small
      ;; A container on the same host.
      (build-machine
        (inherit big)
        (port 2222)
        (features '("kvm"))))
