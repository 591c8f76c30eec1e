(define-syntax-rule (twice x) (list x x))
