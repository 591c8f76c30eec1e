;; The virtual machine of Guix System's hurd-vm-service-type.  Until it has run
;; for the first time there is no key: then there is a warning and no machine.
;;
;; machines:
;; warnings: 1

(list (build-machine
        (name "localhost")
        (port 10022)
        (systems '("i586-gnu"))
        (host-key (call-with-input-file
                      "/etc/childhurd/etc/ssh/ssh_host_ed25519_key.pub"
                    (@ (ice-9 textual-ports) get-string-all)))
        (user "offloading")
        ;; The load of a single processor that is always busy.
        (overload-threshold 1.8)
        (private-key "/etc/guix/offload/ssh/childhurd")))
