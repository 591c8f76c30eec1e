;; A table of hosts, taken apart by patterns.
;;
;; machines: big.example.org old.example.org arm.example.org
;; warnings: 0

(use-modules (ice-9 match)
             (srfi srfi-1))

(define hosts
  '(("big" x86_64 (slots . 8) (speed . 3.5) (features "kvm" "big-parallel")
     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpHxIDf/76CK+XmzeN0G3de0NtZCHS7OxePQ0jfeeu9")
    ("old" i686
     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEjLQpHqpYAIALpK05kHRN6NfS2c1pVUdGmFL7G29M9n")
    ("arm" aarch64 (port . 2222)
     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnUrOZFWgjs9jCYzn2dt8kQK0GdT4ykySJkbl7mrWwA")
    ("retired" x86_64 off
     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDqQ5qdrbwquP0TJUMsRBWkclAEZP5//XoAGjhKwfQav")))

(define (systems-of cpu)
  (match cpu
    ('x86_64 '("x86_64-linux" "i686-linux"))
    ((or 'i686 'aarch64) (list (string-append (symbol->string cpu) "-linux")))))

(define (option options name default)
  (or (assq-ref options name) default))

(filter-map
 (match-lambda
   ((_ _ 'off . _) #f)
   ((host cpu options ... key)
    (build-machine
      (name (string-append host ".example.org"))
      (port (option options 'port 22))
      (systems (systems-of cpu))
      (user "offload")
      (private-key "/etc/guix/ssh/id_ed25519")
      (host-key key)
      (parallel-builds (option options 'slots 1))
      (speed (option options 'speed 1.0))
      (features (option options 'features '())))))
 hosts)
