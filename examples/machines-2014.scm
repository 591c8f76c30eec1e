;; A machine file of 2014 to November 2016, when offloading used lsh.  There
;; was no host-key; ssh-options was never documented.
;;
;; machines: eightysix.example.org meeps.example.org
;; warnings: 5

(list (build-machine
        (name "eightysix.example.org")
        (system "x86_64-linux")
        (user "bob")
        (speed 2.))    ; incredibly fast!

      (build-machine
        (name "meeps.example.org")
        (system "mips64el-linux")
        (user "alice")
        (ssh-options '("-x"))
        (private-key
         (string-append (getenv "HOME") "/.lsh/identity-for-guix"))))
