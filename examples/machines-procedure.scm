;; Machines that differ in little: made by a procedure from a list.
;;
;; machines: node-0.example.org node-1.example.org node-2.example.org
;; warnings: 0

(define key "/etc/guix/ssh/id_ed25519")

(define (node number host-key)
  (build-machine
    (name (string-append "node-" (number->string number) ".example.org"))
    (systems (if (even? number)
                 '("x86_64-linux" "i686-linux")
                 '("aarch64-linux")))
    (user "offload")
    (private-key key)
    (host-key (string-append "ssh-ed25519 " host-key))
    (parallel-builds (* 2 (+ number 1)))))

(map node
     (iota 3)
     '("AAAAC3NzaC1lZDI1NTE5AAAAIHpHxIDf/76CK+XmzeN0G3de0NtZCHS7OxePQ0jfeeu9"
       "AAAAC3NzaC1lZDI1NTE5AAAAIEjLQpHqpYAIALpK05kHRN6NfS2c1pVUdGmFL7G29M9n"
       "AAAAC3NzaC1lZDI1NTE5AAAAIJnUrOZFWgjs9jCYzn2dt8kQK0GdT4ykySJkbl7mrWwA"))
