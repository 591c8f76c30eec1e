;;; Modules that few machine files import.

(use-modules (srfi srfi-71))
(let ((a b (values 1 2)) (c 3) ((values d . e) (values 4 5 6))) (list a b c d e))
=> (1 2 3 4 (5 6))

(use-modules (srfi srfi-71))
(let* ((a b (values 1 2)) (c (+ a b))) (list a b c))
=> (1 2 3)

(use-modules (srfi srfi-71))
(list (let loop ((i 0)) (if (< i 3) (loop (+ i 1)) i)) (let () 5) (let* () 6) (let ((x 1)) (define y 2) (+ x y)))
=> (3 5 6 3)

(use-modules (srfi srfi-71))
(letrec ((even? (lambda (n) (or (= n 0) (odd? (- n 1))))) (odd? (lambda (n) (and (> n 0) (even? (- n 1)))))) (even? 10))
=> #t

(use-modules (srfi srfi-71))
(let ((x 1)) (let ((x y (values (+ x 1) x))) (list x y)))
=> (2 1)

(use-modules (srfi srfi-71))
(list (values->list (values 1 2)) (let ((a b (uncons '(1 2)))) (list a b)) (let ((a b (unlist '(1 2)))) b))
=> ((1 2) (1 (2)) 2)

(use-modules (ice-9 curried-definitions))
(define (((f a) b . c) #:key d) (list a b c d))
(define* (((g a) #:key (b 2)) c) (list a b c))
(define (plain x) x)
(define v 5)
(list (((f 1) 2 3) #:d) ((((lambda () g)) 1) #:b 3) (plain v))
!> syntax-error: lambda: invalid argument list

(use-modules (ice-9 curried-definitions))
(define ((f a) b) (+ a b))
(define* ((g a) #:key (b 2)) (list a b))
(list ((f 1) 2) ((g 1)) ((g 1) #:b 5) (map (f 10) '(1 2)))
=> (3 (1 2) (1 5) (11 12))

(use-modules (ice-9 vlist))
(define v (list->vlist '(1 2 3)))
(list (vlist->list (vlist-cons 0 v)) (vlist-head v) (vlist->list (vlist-tail v)) (vlist-length v) (vlist-null? vlist-null) (vlist-ref v 1) (vlist? v) (vhash? v))
=> ((0 1 2 3) 1 (2 3) 3 #t 2 #t #f)

(use-modules (ice-9 vlist))
(define v (list->vlist '(1 2 3 4)))
(list (vlist-fold + 0 v) (vlist-fold-right cons '() v) (vlist->list (vlist-map 1+ v)) (vlist->list (vlist-filter even? v)) (vlist->list (vlist-reverse v)) (vlist->list (vlist-append v v)) (vlist->list (vlist-take v 2)) (vlist->list (vlist-drop v 2)) (vlist->list (vlist-delete 3 v)))
=> (10 (1 2 3 4) (2 3 4 5) (2 4) (4 3 2 1) (1 2 3 4 1 2 3 4) (1 2) (3 4) (1 2 4))

(use-modules (ice-9 vlist))
(define h (vhash-consq 'c 3 (vhash-cons "a" 1 (vhash-cons "b" 2 vlist-null))))
(list (vhash-assoc "a" h) (vhash-assq 'c h) (vhash-assoc "z" h) (vhash? h) (vlist-length h))
=> (("a" . 1) (c . 3) #f #t 3)

(use-modules (ice-9 vlist))
(define h (alist->vhash '((a . 1) (b . 2) (a . 3)) hashq))
(list (vhash-assq 'a h) (vhash-fold (lambda (k v all) (cons (list k v) all)) '() h) (vhash-fold-right (lambda (k v all) (cons (list k v) all)) '() h) (vhash-foldq* cons '() 'a h) (vhash-assq 'a (vhash-delq 'a h)))
=> ((a . 1) ((a 3) (b 2) (a 1)) ((a 1) (b 2) (a 3)) (3 1) #f)

(use-modules (srfi srfi-41))
(define-stream (from n) (stream-cons n (from (+ n 1))))
(list (stream->list 3 (from 5)) (stream->list (stream-take 2 (stream-filter even? (from 1)))) (stream-ref (from 1) 10))
=> ((5 6 7) (2 4) 11)

(use-modules (srfi srfi-41))
(define s (stream 1 2 (+ 1 2)))
(list (stream? s) (stream-pair? s) (stream-null? stream-null) (stream-car s) (stream->list (stream-map * s (stream-from 10))) (stream-fold + 0 s) (stream-length s) (stream->list (stream-append s s)) (stream->list (stream-reverse s)))
=> (#t #t #t 1 (10 22 36) 6 3 (1 2 3 1 2 3) (3 2 1))

(use-modules (srfi srfi-41))
(list (stream->list (stream-range 0 5 2)) (stream->list 4 (stream-constant 1 2)) (stream->list 3 (stream-iterate 1+ 1)) (stream->list (list->stream '(a b))) (stream->list (stream-take-while odd? (stream 1 3 4 5))) (stream->list (stream-drop 1 (stream 1 2))) (stream->list (stream-zip (stream 1 2) (stream 'a 'b))) (stream->list (stream-scan + 0 (stream 1 2 3))))
=> ((0 2 4) (1 2 1 2) (1 2 3) (a b) (1 3) (2) ((1 a) (2 b)) (0 1 3 6))

(use-modules (srfi srfi-41))
(define count 0)
(define s (stream-cons (begin (set! count (+ count 1)) 1) stream-null))
(list count (stream-car s) (stream-car s) count)
=> (0 1 1 1)

(use-modules (ice-9 q))
(define q (make-q))
(enq! q 1)
(enq! q 2)
(q-push! q 0)
(list (q-length q) (q-front q) (q-rear q) (deq! q) (q-pop! q) (deq! q) (q-empty? q) (q? q))
=> (3 0 2 0 1 2 #t #t)

(use-modules (ice-9 q))
(catch 'q-empty (lambda () (deq! (make-q))) (lambda (key . args) key))
=> q-empty

(define v (vector 1 2))
(define f (make-procedure-with-setter (lambda () (vector-ref v 0)) (lambda (x) (vector-set! v 0 x))))
(set! (f) 9)
(list (f) v (procedure-with-setter? f) (procedure-with-setter? car))
=> (9 #(9 2) #t #f)

(catch #t (lambda () (set! (car (list 1)) 2)) (lambda (key . args) key))
=> wrong-type-arg

(use-modules (srfi srfi-17))
(define v (vector 1 2))
(define l (list 1 2 3))
(set! (vector-ref v 1) 'b)
(set! (car l) 'a)
(set! (cadr l) 'b)
(set! (cddr l) '(c))
(list v l)
=> (#(1 b) (a b c))

(use-modules (srfi srfi-17))
(define table (make-hash-table))
(define get (getter-with-setter (lambda (k) (hash-ref table k 0)) (lambda (k v) (hash-set! table k v))))
(set! (get 'a) 5)
(set! (get 'a) (+ (get 'a) 1))
(list (get 'a) (get 'b))
=> (6 0)

(use-modules (srfi srfi-19))
(define d (make-date 123456789 5 4 3 9 2 2024 3600))
(map (lambda (c) (date->string d (string #\~ c))) (string->list "~aAbBcdDefhHIjklmMnNprsStTUVwWxXyYzZ12345"))
=> ("~" "Fri" "Friday" "Feb" "February" "Fri Feb 09 03:04:05+0100 2024" "09" "02/09/24" " 9" "5.123456789" "Feb" "03" "03" "040" " 3" " 3" "02" "04" "\n" "123456789" "AM" "03:04:05 AM" "1707444245" "05" "\t" "03:04:05" "05" "06" "5" "05" "02/09/24" "03:04:05" "24" "2024" "+0100" "+0100" "2024-02-09" "03:04:05+0100" "03:04:05" "2024-02-09T03:04:05+0100" "2024-02-09T03:04:05")

(use-modules (srfi srfi-19))
(define d (make-date 5000000 59 59 23 1 1 2021 -19800))
(map (lambda (c) (date->string d (string #\~ c))) (string->list "~aAbBcdDefhHIjklmMnNprsStTUVwWxXyYzZ12345"))
=> ("~" "Fri" "Friday" "Jan" "January" "Fri Jan 01 23:59:59-0530 2021" "01" "01/01/21" " 1" "59.005" "Jan" "23" "11" "001" "23" "11" "01" "59" "\n" "005000000" "PM" "11:59:59 PM" "1609565399" "59" "\t" "23:59:59" "00" "53" "5" "00" "01/01/21" "23:59:59" "21" "2021" "-0530" "-0530" "2021-01-01" "23:59:59-0530" "23:59:59" "2021-01-01T23:59:59-0530" "2021-01-01T23:59:59")

(use-modules (srfi srfi-19))
(define d (make-date 0 0 0 0 31 12 2023 0))
(map (lambda (c) (date->string d (string #\~ c))) (string->list "cfjIlprUVW"))
=> ("Sun Dec 31 00:00:00Z 2023" "0.0" "365" "00" " 0" "AM" "00:00:00 AM" "52" "52" "52")

(use-modules (srfi srfi-19))
(define d (make-date 0 0 7 3 5 1 2023 0))
(list (date->string d "at ~-d.~-m. ~_d ~_H ~~") (date->string d))
=> ("at 05.1. 05  3 ~" "Thu Jan 05 03:07:00Z 2023")

(use-modules (srfi srfi-19))
(date->string (make-date 0 0 7 3 5 1 2023 0) "~q")
!> misc-error: In procedure date-printer: TIME-ERROR type bad-date-format-string: "~q"

(use-modules (srfi srfi-19))
(define ds (list (make-date 123456789 5 4 3 9 2 2024 3600) (make-date 0 0 0 12 31 12 2023 0)))
(map (lambda (d) (list (date-week-day d) (date-year-day d) (date-week-number d 0) (date-week-number d 1) (date->julian-day d) (date->modified-julian-day d) (date->time-utc d))) ds)
=> ((5 40 4 5 212574204245123456789/86400000000000 5214161045123456789/86400000000000 #<time type: time-utc nanosecond: 123456789 second: 1707444245>) (0 365 52 51 2460310 120619/2 #<time type: time-utc nanosecond: 0 second: 1704024000>))

(use-modules (srfi srfi-19))
(list (time-utc->date (make-time time-utc 0 1700000000) 0) (time-utc->date (make-time time-utc 0 -1) 3600) (make-time time-utc 1500000000 1) time-utc time-duration)
=> (#<date nanosecond: 0 second: 20 minute: 13 hour: 22 day: 14 month: 11 year: 2023 zone-offset: 0> #<date nanosecond: 0 second: 59 minute: 59 hour: 0 day: 1 month: 1 year: 1970 zone-offset: 3600> #<time type: time-utc nanosecond: 500000000 second: 2> time-utc time-duration)

(use-modules (srfi srfi-19))
(list (time-difference (make-time time-utc 5 10) (make-time time-utc 6 3)) (add-duration (make-time time-utc 5 10) (make-time time-duration 999999999 3)) (subtract-duration (make-time time-utc 5 10) (make-time time-duration 6 3)) (time<? (make-time time-utc 5 10) (make-time time-utc 6 10)) (time=? (make-time time-utc 5 10) (make-time time-utc 5 10)) (time>=? (make-time time-utc 5 10) (make-time time-utc 6 10)))
=> (#<time type: time-duration nanosecond: 999999999 second: 6> #<time type: time-utc nanosecond: 4 second: 14> #<time type: time-utc nanosecond: 999999999 second: 6> #t #t #f)

(use-modules (srfi srfi-19))
(list (string->date "2024-03-05" "~Y-~m-~d") (string->date "2024-03-05 10:11:12+0100" "~Y-~m-~d ~H:~M:~S~z") (string->date "05 Mar 2024" "~d ~b ~Y") (string->date "5 March 2024 Z" "~d ~B ~Y ~z"))
=> (#<date nanosecond: 0 second: 0 minute: 0 hour: 0 day: 5 month: 3 year: 2024 zone-offset: 0> #<date nanosecond: 0 second: 12 minute: 11 hour: 10 day: 5 month: 3 year: 2024 zone-offset: 3600> #<date nanosecond: 0 second: 0 minute: 0 hour: 0 day: 5 month: 3 year: 2024 zone-offset: 0> #<date nanosecond: 0 second: 0 minute: 0 hour: 0 day: 5 month: 3 year: 2024 zone-offset: 0>)

(use-modules (srfi srfi-19))
(string->date "bad" "~Y")
!> misc-error: In procedure string->date: TIME-ERROR type bad-date-format-string: "~Y"

(use-modules (srfi srfi-19))
(list (date? (current-date)) (date-zone-offset (current-date 7200)) (time-type (current-time)) (< 1700000000 (time-second (current-time))) (time? (current-time time-tai)))
=> (#t 7200 time-utc #t #t)

(use-modules (srfi srfi-19))
(list (julian-day->date 2460310 0) (time-utc->time-tai (make-time time-utc 0 1700000000)) (time-tai->date (make-time time-tai 0 1700000037) 0))
=> (#<date nanosecond: 0 second: 0 minute: 0 hour: 12 day: 31 month: 12 year: 2023 zone-offset: 0> #<time type: time-tai nanosecond: 0 second: 1700000037> #<date nanosecond: 0 second: 20 minute: 13 hour: 22 day: 14 month: 11 year: 2023 zone-offset: 0>)

(use-modules (srfi srfi-19))
(time<? (make-time time-tai 0 5) (make-time time-utc 0 0))
!> misc-error: In procedure time<?: TIME-ERROR type incompatible-time-types: (#<time type: time-tai nanosecond: 0 second: 5> . #<time type: time-utc nanosecond: 0 second: 0>)

(use-modules (guix records))
(define-record-type* <host> host make-host host? this-host (name host-name) (addr host-addr (default #f)) (tags host-tags (default (list (host-name this-host))) (thunked)) (slow host-slow (default (* 2 3)) (delayed)) (n host-n (sanitize (lambda (x) (* x 2))) (default 1)) (loc host-loc (innate) (default 'here)))
(define h (host (name "a") (tags (list "x" (host-name this-host) name)) (n 4) (loc 'there)))
(define h2 (host (inherit h) (name "b")))
(map (lambda (h) (map (lambda (f) (f h)) (list host-name host-addr host-tags host-slow host-n host-loc host?))) (list h h2 (host (name "q"))))
=> (("a" #f ("x" "a" "a") 6 8 there #t) ("b" #f ("x" "b" "a") 6 8 here #t) ("q" #f ("q") 6 2 here #t))

(use-modules (guix records))
(define-record-type* <host> host make-host host? (name host-name) (label host-label (default "l")) (full host-full (thunked) (default (string-append (host-name this-record) "!"))))
(list (host-full (host (name "x"))) (host-full (host (label "y") (name label))) (host-label (make-host "a" "b" (lambda (h) 1))) (host-full (make-host "a" "b" (lambda (h) 1))))
=> ("x!" "y!" "b" 1)

(use-modules (guix records))
(define-record-type* <host> host make-host host? (name host-name) (cores host-cores (default 2)) (tags host-tags (thunked) (default '(t))))
(define h (host (name "n")))
(list (match-record h <host> (name cores tags) (list name cores tags)) (map (match-record-lambda <host> (name (cores c)) (list name c)) (list h)))
=> (("n" 2 (t)) (("n" 2)))

(use-modules (guix records))
(define-record-type* <host> host make-host host? (name host-name))
(host (nam "x"))
!> syntax-error: host: extraneous field initializers (nam)

(use-modules (guix records))
(define-record-type* <host> host make-host host? (name host-name))
(host)
!> syntax-error: host: missing field initializers (name)

(use-modules (guix records))
(define-record-type* <host> host make-host host? (name host-name))
(host (inherit 5))
!> wrong-type-arg: In procedure struct-ref: Wrong type argument in position 1 (expecting struct): 5

(use-modules (guix records))
(define-record-type* <host> host make-host host? (name host-name))
(define name "outer")
(list (host-name (host (name name))) (host-name (let ((name "inner")) (host (name (string-append name "!"))))))
=> ("outer" "inner!")

(use-modules (scheme base))
(list (bytevector 1 2) (bytevector-append (bytevector 1) (bytevector 2 3)))
=> (#vu8(1 2) #vu8(1 2 3))

(use-modules (scheme inexact))
(map infinite? (list 1 +inf.0 -inf.0 +nan.0))
=> (#f #t #t #f)

(use-modules (rnrs sorting))
(define v (vector 3 1 2))
(vector-sort! < v)
(list v (vector-sort > v))
=> (#(1 2 3) #(3 2 1))

(use-modules (rnrs unicode))
(list (string-foldcase "Straße ΣΑΣ ς ı ſ µ") (map char-foldcase (string->list "Aßς İıſµ")))
=> ("straße σασ σ i s μ" (#\a #\ß #\σ #\space #\İ #\ı #\s #\μ))

(map build-requirements? (list 1 (build-machine (name "n") (user "u") (host-key "k"))))
=> (#f #f)
