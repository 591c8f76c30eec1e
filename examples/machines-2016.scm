;; A machine file of November 2016 to August 2020: one system a machine.
;;
;; machines: eightysix.example.org meeps.example.org
;; warnings: 2

(list (build-machine
        (name "eightysix.example.org")
        (system "x86_64-linux")
        (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA root@eightysix")
        (user "bob")
        (speed 2.))

      (build-machine
        (name "meeps.example.org")
        (system "mips64el-linux")
        (host-key "ssh-rsa AAAAB3NzaC1yc2E root@meeps")
        (user "alice")
        (private-key
         (string-append (getenv "HOME") "/.ssh/identity-for-guix"))))
