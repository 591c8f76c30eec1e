(use-modules (ice-9 format))
(list (build-machine (name (format #f "~3d|~3,'0d|~:d|~b|~o|~x|~,2f|~e|~g|~a|~s|~10a|~10@a|~c|~%|~~|~p|~[zero~;one~:;many~]|~{~a-~a~^;~}|~?|~*~a|~r|~:r|~@r" 5 7 1234567 5 8 255 3.14159 1234.5 0.5 "a" "b" "c" "d" #\x 2 1 '(1 2 3 4) "~a" '(9) 'skip 'kept 3 3 14)) (user "u") (host-key "k") (systems (list "x86_64-linux"))))
