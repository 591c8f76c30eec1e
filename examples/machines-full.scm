;; Every field.
;;
;; machines: build.example.org
;; warnings: 0

(list (build-machine
        (name "build.example.org")
        (port 2222)
        (systems '("x86_64-linux" "i686-linux"))
        (user "offload")
        (private-key "/etc/guix/ssh/id_ed25519")
        (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpHxIDf/76CK+XmzeN0G3de0NtZCHS7OxePQ0jfeeu9 root@build")
        (compression "none")
        (compression-level 3)
        (daemon-socket "unix:///var/guix/daemon-socket/socket")
        (overload-threshold 0.8)
        (parallel-builds 4)
        (speed 2.5)
        (features '("kvm" "big-parallel"))))
