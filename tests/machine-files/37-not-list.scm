(build-machine (name "a") (user "u") (host-key "k") (systems '("x86_64-linux")))
