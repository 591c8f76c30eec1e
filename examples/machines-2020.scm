;; A machine file since August 2020: several systems a machine.
;;
;; machines: eightysix.example.org armeight.example.org
;; warnings: 0

(list (build-machine
        (name "eightysix.example.org")
        (systems (list "x86_64-linux" "i686-linux"))
        (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpHxIDf/76CK+XmzeN0G3de0NtZCHS7OxePQ0jfeeu9 root@eightysix")
        (user "bob")
        (speed 2.))

      (build-machine
        (name "armeight.example.org")
        (systems (list "aarch64-linux"))
        (host-key "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLdo+WwCFDFbJ4odyfai2OBhat1Twa7MeHYQKaA1Q5oeJUGuGpgPiZOsIj2ZmgtryJdez1JsbdtdJaSoK7c1qsU= root@armeight")
        (user "alice")
        ;; The hook runs as the daemon's user.
        (private-key "/root/.ssh/identity-for-guix")))
