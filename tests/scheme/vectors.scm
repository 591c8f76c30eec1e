(list #(1 2) (vector 1 2) (make-vector 2 'x) (vector) (vector-length #(1 2 3)) (vector? #(1)) (vector? '(1)))
=> (#(1 2) #(1 2) #(x x) #() 3 #t #f)

(list (vector-ref #(a b c) 1) (vector->list #(1 2 3)) (list->vector '(1 2)) (vector->list #(1 2 3) 1) (vector->list #(1 2 3) 1 2))
!> wrong-number-of-args: Wrong number of arguments to #<procedure vector->list (_)>

(let ((v (vector 1 2 3))) (vector-set! v 0 'x) v)
=> #(x 2 3)

(let* ((v (vector 1 2)) (w v)) (vector-set! v 0 9) (list w (eq? v w)))
=> (#(9 2) #t)

(let ((v (make-vector 3 0))) (vector-fill! v 7) v)
=> #(7 7 7)

(let ((v (vector 1 2 3))) (vector-copy v))
=> #(1 2 3)

(list (vector-copy #(1 2 3)) (equal? #(1 2) (vector 1 2)) (eq? #(1) #(1)))
=> (#(1 2 3) #t #f)

(let ((v (vector 1 2 3 4))) (vector-move-left! v 0 2 v 2) v)
=> #(1 2 1 2)

(let ((v (vector 3 1 2))) (sort! v <) v)
=> #(1 2 3)

(sort #(3 1 2) <)
=> #(1 2 3)

(vector-ref #(1 2) 2)
!> out-of-range: Value out of range: 2

(vector-ref #(1 2) -1)
!> out-of-range: Value out of range 0 to< 18446744073709551615: -1

(vector-ref '(1 2) 0)
!> wrong-type-arg: In procedure vector-ref: Wrong type argument in position 1: (1 2)

(vector-ref #(1 2) 'a)
!> wrong-type-arg: Wrong type (expecting exact integer): a

(vector-set! #(1 2) 0 'x)
=> #<unspecified>

(vector-length '(1))
!> wrong-type-arg: In procedure vector-length: Wrong type argument in position 1: (1)

(list->vector 5)
!> wrong-type-arg: In procedure vector: Wrong type argument in position 1: 5

(vector->list '(1))
!> wrong-type-arg: Wrong type (expecting array): (1)

(make-vector -1 0)
!> out-of-range: Value out of range 0 to< 72057594037927935: -1

(use-modules (srfi srfi-43))
(list (vector-map (lambda (i x) (+ i x)) #(1 2)) (vector-fold (lambda (i a x) (+ a x)) 0 #(1 2 3)))
=> (#(1 3) 6)

(use-modules (rnrs base))
(list (vector-map 1+ #(1 2)) (let ((out '())) (vector-for-each (lambda (x) (set! out (cons x out))) #(1 2)) out))
=> (#(2 3) (2 1))

(use-modules (scheme base))
(list (vector-map 1+ #(1 2)) (vector->string #(#\a)) (string->vector "ab") (vector-append #(1) #(2)))
=> (#(2 3) "a" #(#\a #\b) #(1 2))

(let ((v (make-vector 3))) (vector-length v))
=> 3

(vector 1 "a" #\b 'c '(d) #(e))
=> #(1 "a" #\b c (d) #(e))

`#(1 ,(+ 1 1) ,@(list 3 4))
=> #(1 2 3 4)

(let loop ((i 0) (s 0)) (if (= i 3) s (loop (+ i 1) (+ s (vector-ref #(1 2 3) i)))))
=> 6

(make-vector 3 '())
=> #(() () ())

(let ((v (make-vector 2 (list 1)))) (set-car! (vector-ref v 0) 'x) v)
=> #((x) (x))

(bytevector? #vu8(1))
!> unbound-variable: Unbound variable: bytevector?

(use-modules (rnrs bytevectors))
(list (bytevector-length #vu8(1 2)) (bytevector-u8-ref #vu8(7 8) 1) (utf8->string #vu8(104 105)) (string->utf8 "hé") (u8-list->bytevector '(1 2)) (bytevector->u8-list #vu8(1 2)))
=> (2 8 "hi" #vu8(104 195 169) #vu8(1 2) (1 2))

(use-modules (rnrs bytevectors))
(let ((b (make-bytevector 2 0))) (bytevector-u8-set! b 0 255) b)
=> #vu8(255 0)

(array->list #2((1 2) (3 4)))
=> ((1 2) (3 4))

(array-length #(1 2 3))
=> 3

(list (array? #(1)) (array-rank #(1 2)) (array-ref #(1 2) 0))
=> (#t 1 1)
