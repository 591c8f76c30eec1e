(define from-lib 5)
(* from-lib 2)
