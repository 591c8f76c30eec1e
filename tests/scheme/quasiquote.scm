`(1 ,(+ 1 1) ,@(list 3 4) 5)
=> (1 2 3 4 5)

`(1 ,@(list 2 3) . 4)
=> (1 2 3 . 4)

`(1 . ,(+ 1 1))
=> (1 . 2)

`(1 ,@'(2 3))
=> (1 2 3)

`(1 ,@'())
=> (1)

`(,@'(1 2) ,@'(3))
=> (1 2 3)

`,@(list 1)
=> (unquote-splicing (list 1))

`,(+ 1 2)
=> 3

`x
=> x

`#(1 ,(+ 1 1) ,@(list 3 4))
=> #(1 2 3 4)

`(a `(b ,(c ,(+ 1 2))))
=> (a (quasiquote (b (unquote (c 3)))))

(let ((x 5)) `(a `(b ,',x)))
=> (a (quasiquote (b (unquote (quote 5)))))

(let ((x '(1 2))) `(a `(b ,(c ,@x))))
=> (a (quasiquote (b (unquote (c 1 2)))))

`(a `(b ,@(c ,@(list 1 2))))
=> (a (quasiquote (b (unquote-splicing (c 1 2)))))

`(1 ```,,@,,@(list (+ 1 2)) 4)
=> (1 (quasiquote (quasiquote (quasiquote (unquote (unquote-splicing (unquote 3)))))) 4)

(let ((name 'foo)) `((unquote name) . bar))
=> (foo . bar)

`(a . (unquote (+ 1 2)))
=> (a . 3)

`(unquote-splicing (list 1))
=> (unquote-splicing (list 1))

`((a . ,(+ 1 1)) (b . ,(list 2)))
=> ((a . 2) (b 2))

`(x ,@(map 1+ '(1 2)) ,(car '(z)))
=> (x 2 3 z)

(let ((l '(2 3))) (let ((r `(1 ,@l))) (list r (eq? (cdr r) l))))
=> ((1 2 3) #t)

`("s" #\a 1.5 #t #:k)
=> ("s" #\a 1.5 #t #:k)

`(1 ,@2)
=> (1 . 2)

`(1 ,@2 3)
!> wrong-type-arg: In procedure append: Wrong type argument in position 1 (expecting empty list): 2

`(1 ,@'(2 . 3))
=> (1 2 . 3)

(quasiquote (a (unquote (+ 1 2)) (unquote-splicing (list 4 5))))
=> (a 3 4 5)

`(define (f x) ,(list '+ 'x 1))
=> (define (f x) (+ x 1))

(eval `(+ 1 ,(* 2 3)) (current-module))
=> 7

`(,(string-append "a" "b") ,'c)
=> ("ab" c)

`((,@(list 1 2)) ,@(list 3))
=> ((1 2) 3)

`(quote ,(+ 1 2))
=> (quote 3)

`'(,(+ 1 2))
=> (quote (3))

`(a ,@(list) b)
=> (a b)

(unquote x)
!> syntax-error: unquote: expression not valid outside of quasiquote

,x
!> syntax-error: unquote: expression not valid outside of quasiquote

`(1 . ,@(list 2))
=> (1 unquote-splicing (list 2))

(let ((systems '("x86_64-linux" "i686-linux"))) `(systems . ,systems))
=> (systems "x86_64-linux" "i686-linux")

`(((,(+ 1 1))))
=> (((2)))

`#(a #(b ,(+ 1 2)))
=> #(a #(b 3))

`(a . #(,(+ 1 2)))
=> (a . #(3))
