;; Two machines; the usual file.
;;
;; machines: build.example.org arm.example.org
;; warnings: 0

(list (build-machine
        (name "build.example.org")
        (systems '("x86_64-linux" "i686-linux"))
        (user "offload")
        (private-key "/etc/guix/ssh/id_ed25519")
        (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpHxIDf/76CK+XmzeN0G3de0NtZCHS7OxePQ0jfeeu9 root@build")
        (parallel-builds 4)
        (speed 2.0))

      (build-machine
        (name "arm.example.org")
        (systems '("aarch64-linux"))
        (user "offload")
        (private-key "/etc/guix/ssh/id_ed25519")
        (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEjLQpHqpYAIALpK05kHRN6NfS2c1pVUdGmFL7G29M9n root@arm")))
