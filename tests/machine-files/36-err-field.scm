(list (build-machine (name "a") (user "u") (hostkey "k") (systems '("x86_64-linux"))))
