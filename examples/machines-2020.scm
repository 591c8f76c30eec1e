;; A machine file since August 2020: several systems a machine.
;;
;; machines: eightysix.example.org armeight.example.org
;; warnings: 0

(list (build-machine
        (name "eightysix.example.org")
        (systems (list "x86_64-linux" "i686-linux"))
        (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA root@eightysix")
        (user "bob")
        (speed 2.))

      (build-machine
        (name "armeight.example.org")
        (systems (list "aarch64-linux"))
        (host-key "ssh-rsa AAAAB3NzaC1yc2E root@armeight")
        (user "alice")
        ;; The hook runs as the daemon's user.
        (private-key "/root/.ssh/identity-for-guix")))
