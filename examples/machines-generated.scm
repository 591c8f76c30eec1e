;; What `guix system` writes from an operating-system declaration.
;;
;; machines: build.example.org build2.example.org
;; warnings: 0
((@ (srfi srfi-1) append-map) (lambda (entry) (if (build-machine? entry) (list entry) entry)) (list (build-machine (name "build.example.org") (systems (list "x86_64-linux")) (user "offload") (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpHxIDf/76CK+XmzeN0G3de0NtZCHS7OxePQ0jfeeu9") (private-key "/etc/guix/ssh/id_ed25519")) (if #t (list (build-machine (name "build2.example.org") (systems (quote ("i586-gnu"))) (user "offload") (host-key "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEjLQpHqpYAIALpK05kHRN6NfS2c1pVUdGmFL7G29M9n") (private-key "/etc/guix/ssh/id_ed25519"))) (quote ()))))
