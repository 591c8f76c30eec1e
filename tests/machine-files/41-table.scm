(define-syntax machines
  (syntax-rules (on =>)
    ((_ u key (host => sys ...) ...)
     (list (build-machine (name host) (user u) (systems '(sys ...)) (host-key key)) ...))))
(machines "offload" "ssh-ed25519 AAAA k"
  ("a.example" => "x86_64-linux" "i686-linux")
  ("b.example" => "aarch64-linux"))
