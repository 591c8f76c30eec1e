(list (build-machine (name "m") (user (string-append name "-u")) (host-key (string-upcase user)) (systems (list (string-append "x86_64" "-linux"))) (private-key (in-vicinity "/keys" name)))
      (let ((name "outer") (port 99)) (build-machine (name name) (port port) (user name) (host-key "k") (systems '("x86_64-linux")))))
