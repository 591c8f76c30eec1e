(define from-broken 1)
(list 1
