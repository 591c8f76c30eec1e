(define before 1)
(error "in the file" 1)
