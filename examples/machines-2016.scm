;; A machine file of November 2016 to August 2020: one system a machine.
;;
;; machines: eightysix.example.org meeps.example.org
;; warnings: 2

(list (build-machine
        (name "eightysix.example.org")
        (system "x86_64-linux")
        (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpHxIDf/76CK+XmzeN0G3de0NtZCHS7OxePQ0jfeeu9 root@eightysix")
        (user "bob")
        (speed 2.))

      (build-machine
        (name "meeps.example.org")
        (system "mips64el-linux")
        (host-key "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLdo+WwCFDFbJ4odyfai2OBhat1Twa7MeHYQKaA1Q5oeJUGuGpgPiZOsIj2ZmgtryJdez1JsbdtdJaSoK7c1qsU= root@meeps")
        (user "alice")
        (private-key
         (string-append (getenv "HOME") "/.ssh/identity-for-guix"))))
