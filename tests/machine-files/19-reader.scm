#!/usr/bin/guile
!#
#| block #| nested |# |#
(define λ-key '#:kw) #;(ignored (form)) #; #; a b
(define tab	(list #\a #\space #\newline #\x41 #\101 #\nul))
[list (build-machine [name "br\x41ckets\u00e9\
   joined"] (user (object->string `(,@tab #t #false ,λ-key #{a b}# |x| "q\"\\" #(1 2) #vu8(1 2)))) (host-key "k") (systems '("x86_64-linux")))]
