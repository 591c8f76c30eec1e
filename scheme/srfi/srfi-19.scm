;;; SRFI-19: times and dates.  The clock and the zone are those of the core,
;;; which notes that the file asked for them.

(define-module (srfi srfi-19)
  #:use-module (srfi srfi-9)
  #:export
  (time-utc time-tai time-monotonic time-duration time-process time-thread
   make-time time? time-type time-nanosecond time-second
   set-time-type! set-time-nanosecond! set-time-second! copy-time
   (%current-time . current-time) time-resolution
   time=? time<? time<=? time>? time>=?
   time-difference add-duration subtract-duration
   (time-difference . time-difference!) (add-duration . add-duration!)
   (subtract-duration . subtract-duration!)
   make-date date? date-nanosecond date-second date-minute date-hour date-day
   date-month date-year date-zone-offset date-year-day date-week-day
   date-week-number current-date date->string string->date
   date->time-utc date->time-tai date->time-monotonic
   time-utc->date time-tai->date time-monotonic->date
   time-utc->time-tai time-tai->time-utc time-utc->time-monotonic
   time-monotonic->time-utc time-tai->time-monotonic
   time-monotonic->time-tai
   date->julian-day date->modified-julian-day
   time-utc->julian-day time-utc->modified-julian-day
   julian-day->date julian-day->time-utc
   modified-julian-day->date modified-julian-day->time-utc
   current-julian-day current-modified-julian-day))

(define time-utc 'time-utc)
(define time-tai 'time-tai)
(define time-monotonic 'time-monotonic)
(define time-duration 'time-duration)
(define time-process 'time-process)
(define time-thread 'time-thread)

(define-record-type time
  (%make-time type nanosecond second)
  time?
  (type time-type set-time-type!)
  (nanosecond time-nanosecond set-time-nanosecond!)
  (second time-second set-time-second!))

(define-record-type date
  (make-date nanosecond second minute hour day month year zone-offset)
  date?
  (nanosecond date-nanosecond)
  (second date-second)
  (minute date-minute)
  (hour date-hour)
  (day date-day)
  (month date-month)
  (year date-year)
  (zone-offset date-zone-offset))

(define (%time-error who kind value)
  (scm-error 'misc-error who "TIME-ERROR type ~A: ~S" (list kind value) #f))

(define (make-time type nanosecond second)
  (%time<-nanoseconds type (+ nanosecond (* second 1000000000))))

(define (%time<-nanoseconds type n)
  (let* ((nanosecond (remainder n 1000000000)))
    (%make-time type nanosecond (quotient n 1000000000))))

(define (%nanoseconds time)
  (+ (time-nanosecond time) (* 1000000000 (time-second time))))

(define (copy-time time)
  (%make-time (time-type time) (time-nanosecond time) (time-second time)))

;; How far TAI is ahead of UTC since these seconds; before, it is not known
;; here.
(define (%leap-seconds utc)
  (let loop ((l '((1483228800 . 37) (1435708800 . 36) (1341100800 . 35)
                  (1230768000 . 34) (1136073600 . 33) (915148800 . 32))))
    (cond ((null? l) (%unsupported "TAI before 1999"))
          ((>= utc (caar l)) (cdar l))
          (else (loop (cdr l))))))

(define* (%current-time #:optional (type 'time-utc))
  (let* ((now (gettimeofday))
         (utc (%make-time 'time-utc (* 1000 (cdr now)) (car now))))
    (case type
      ((time-utc) utc)
      ((time-tai) (time-utc->time-tai utc))
      ((time-monotonic) (time-utc->time-monotonic utc))
      (else (%unsupported "this kind of time")))))

(define* (time-resolution #:optional (type 'time-utc))
  1000)

(define (%compare-times who compare a b)
  (if (not (eq? (time-type a) (time-type b)))
      (%time-error who 'incompatible-time-types (cons a b)))
  (compare (%nanoseconds a) (%nanoseconds b)))

(define (time=? a b) (%compare-times 'time=? = a b))
(define (time<? a b) (%compare-times 'time<? < a b))
(define (time<=? a b) (%compare-times 'time<=? <= a b))
(define (time>? a b) (%compare-times 'time>? > a b))
(define (time>=? a b) (%compare-times 'time>=? >= a b))

(define (time-difference a b)
  (if (not (eq? (time-type a) (time-type b)))
      (%time-error 'time-difference 'incompatible-time-types (cons a b)))
  (%time<-nanoseconds 'time-duration (- (%nanoseconds a) (%nanoseconds b))))

(define (%check-duration who duration)
  (if (not (eq? (time-type duration) 'time-duration))
      (%time-error who 'not-duration duration)))

(define (add-duration time duration)
  (%check-duration 'add-duration duration)
  (%time<-nanoseconds (time-type time)
                      (+ (%nanoseconds time) (%nanoseconds duration))))

(define (subtract-duration time duration)
  (%check-duration 'subtract-duration duration)
  (%time<-nanoseconds (time-type time)
                      (- (%nanoseconds time) (%nanoseconds duration))))

(define (%check-type who type time)
  (if (not (eq? (time-type time) type))
      (%time-error who 'incompatible-time-types time)))

(define (%shifted time type by)
  (%make-time type (time-nanosecond time) (+ (time-second time) by)))

(define (time-utc->time-tai time)
  (%check-type 'time-utc->time-tai 'time-utc time)
  (%shifted time 'time-tai (%leap-seconds (time-second time))))

(define (time-tai->time-utc time)
  (%check-type 'time-tai->time-utc 'time-tai time)
  (%shifted time 'time-utc (- (%leap-seconds (- (time-second time) 37)))))

(define (time-utc->time-monotonic time)
  (%check-type 'time-utc->time-monotonic 'time-utc time)
  (%shifted time 'time-monotonic (%leap-seconds (time-second time))))

(define (time-monotonic->time-utc time)
  (%check-type 'time-monotonic->time-utc 'time-monotonic time)
  (%shifted time 'time-utc (- (%leap-seconds (- (time-second time) 37)))))

(define (time-tai->time-monotonic time)
  (%check-type 'time-tai->time-monotonic 'time-tai time)
  (%shifted time 'time-monotonic 0))

(define (time-monotonic->time-tai time)
  (%check-type 'time-monotonic->time-tai 'time-monotonic time)
  (%shifted time 'time-tai 0))

;; Days since 1970-01-01, counted from March on: the leap day comes last.
(define (%days year month day)
  (let* ((y (if (< month 3) (- year 1) year))
         (m (modulo (- month 3) 12)))
    (+ (* 365 y) (floor-quotient y 4) (- (floor-quotient y 100))
       (floor-quotient y 400) (quotient (+ (* 153 m) 2) 5) day -719469)))

(define (%local-offset seconds)
  (- (tm:gmtoff (localtime seconds))))

(define* (time-utc->date time #:optional offset)
  (%check-type 'time-utc->date 'time-utc time)
  (let* ((seconds (time-second time))
         (offset (or offset (%local-offset seconds)))
         (tm (gmtime (+ seconds offset))))
    (make-date (time-nanosecond time) (tm:sec tm) (tm:min tm) (tm:hour tm)
               (tm:mday tm) (+ 1 (tm:mon tm)) (+ 1900 (tm:year tm)) offset)))

(define* (time-tai->date time #:optional offset)
  (time-utc->date (time-tai->time-utc time) offset))

(define* (time-monotonic->date time #:optional offset)
  (time-utc->date (time-monotonic->time-utc time) offset))

(define (date->time-utc date)
  (%make-time 'time-utc
              (date-nanosecond date)
              (- (+ (* 86400 (%days (date-year date) (date-month date)
                                    (date-day date)))
                    (* 3600 (date-hour date))
                    (* 60 (date-minute date))
                    (date-second date))
                 (date-zone-offset date))))

(define (date->time-tai date)
  (time-utc->time-tai (date->time-utc date)))

(define (date->time-monotonic date)
  (time-utc->time-monotonic (date->time-utc date)))

(define* (current-date #:optional offset)
  (time-utc->date (%current-time) offset))

(define (date-year-day date)
  (+ 1 (- (%days (date-year date) (date-month date) (date-day date))
          (%days (date-year date) 1 1))))

(define (%week-day year month day)
  (modulo (+ 4 (%days year month day)) 7))

(define (date-week-day date)
  (%week-day (date-year date) (date-month date) (date-day date)))

(define (%days-before-week date first)
  (modulo (- first (%week-day (date-year date) 1 1)) 7))

(define (date-week-number date first)
  (floor-quotient (- (date-year-day date) 1 (%days-before-week date first)) 7))

(define (%week-of-year date first)
  (+ (date-week-number date first)
     (if (> (%days-before-week date first) 0) 1 0)))

;; The week that its Thursday is in.
(define (%iso-week date)
  (let* ((today (%days (date-year date) (date-month date) (date-day date)))
         (thursday (- (+ today 3) (modulo (+ today 3) 7)))
         (year (+ (date-year date)
                  (cond ((< thursday (%days (date-year date) 1 1)) -1)
                        ((>= thursday (%days (+ 1 (date-year date)) 1 1)) 1)
                        (else 0)))))
    (+ 1 (quotient (- thursday (%days year 1 1)) 7))))

(define (time-utc->julian-day time)
  (+ 4881175/2 (/ (%nanoseconds time) 86400000000000)))

(define (time-utc->modified-julian-day time)
  (- (time-utc->julian-day time) 4800001/2))

(define (date->julian-day date)
  (time-utc->julian-day (date->time-utc date)))

(define (date->modified-julian-day date)
  (time-utc->modified-julian-day (date->time-utc date)))

(define (julian-day->time-utc day)
  (let ((n (truncate (* 86400000000000
                        (- (inexact->exact day) 4881175/2)))))
    (%make-time 'time-utc
                (modulo n 1000000000)
                (floor-quotient n 1000000000))))

(define* (julian-day->date day #:optional offset)
  (time-utc->date (julian-day->time-utc day) offset))

(define (modified-julian-day->time-utc day)
  (julian-day->time-utc (+ day 4800001/2)))

(define* (modified-julian-day->date day #:optional offset)
  (julian-day->date (+ day 4800001/2) offset))

(define (current-julian-day)
  (time-utc->julian-day (%current-time)))

(define (current-modified-julian-day)
  (time-utc->modified-julian-day (%current-time)))

(define (%day-names)
  '("Sunday" "Monday" "Tuesday" "Wednesday" "Thursday" "Friday" "Saturday"))

(define (%month-names)
  '("January" "February" "March" "April" "May" "June" "July" "August"
    "September" "October" "November" "December"))

(define (%padded n width char)
  (let ((s (number->string n)))
    (if (and char (< (string-length s) width))
        (string-pad s width char)
        s)))

(define (%zone offset)
  (if (= offset 0)
      "Z"
      (let ((minutes (quotient (abs offset) 60)))
        (string-append (if (< offset 0) "-" "+")
                       (%padded (quotient minutes 60) 2 #\0)
                       (%padded (remainder minutes 60) 2 #\0)))))

(define (%fraction date)
  (let ((digits (string-trim-right (%padded (date-nanosecond date) 9 #\0)
                                   #\0)))
    (string-append (number->string (date-second date))
                   "."
                   (if (string-null? digits) "0" digits))))

(define* (date->string date #:optional (format "~c"))
  (let loop ((l (string->list format)) (out '()))
    (cond ((null? l)
           (string-concatenate (reverse out)))
          ((not (char=? (car l) #\~))
           (loop (cdr l) (cons (string (car l)) out)))
          ((null? (cdr l))
           (%bad-format format))
          ((and (memv (cadr l) '(#\- #\_)) (pair? (cddr l)))
           (loop (cdddr l)
                 (cons (%date-part date (caddr l) format
                                   (if (char=? (cadr l) #\_) #\space #f))
                       out)))
          (else
           (loop (cddr l)
                 (cons (%date-part date (cadr l) format #\0) out))))))

(define (%bad-format format)
  (%time-error 'date-printer 'bad-date-format-string format))

(define (%date-part date c format pad)
  (define (two n) (%padded n 2 pad))
  (define (again format) (date->string date format))
  (define (half hour) (if (> hour 12) (- hour 12) hour))
  (case c
    ((#\~) "~")
    ((#\a) (string-take (list-ref (%day-names) (date-week-day date)) 3))
    ((#\A) (list-ref (%day-names) (date-week-day date)))
    ((#\b #\h)
     (string-take (list-ref (%month-names) (- (date-month date) 1)) 3))
    ((#\B) (list-ref (%month-names) (- (date-month date) 1)))
    ((#\c) (again "~a ~b ~d ~H:~M:~S~z ~Y"))
    ((#\d) (%padded (date-day date) 2 #\0))
    ((#\D #\x) (again "~m/~d/~y"))
    ((#\e) (%padded (date-day date) 2 #\space))
    ((#\f) (%fraction date))
    ((#\H) (two (date-hour date)))
    ((#\I) (two (half (date-hour date))))
    ((#\j) (%padded (date-year-day date) 3 pad))
    ((#\k) (%padded (date-hour date) 2 #\space))
    ((#\l) (%padded (half (date-hour date)) 2 #\space))
    ((#\m) (two (date-month date)))
    ((#\M) (two (date-minute date)))
    ((#\n) "\n")
    ((#\N) (%padded (date-nanosecond date) 9 pad))
    ((#\p) (if (< (date-hour date) 12) "AM" "PM"))
    ((#\r) (again "~I:~M:~S ~p"))
    ((#\s) (number->string (time-second (date->time-utc date))))
    ((#\S) (two (date-second date)))
    ((#\t) "\t")
    ((#\T #\X #\3) (again "~H:~M:~S"))
    ((#\U) (two (%week-of-year date 0)))
    ((#\V) (two (%iso-week date)))
    ((#\w) (number->string (date-week-day date)))
    ((#\W) (two (%week-of-year date 1)))
    ((#\y) (two (modulo (date-year date) 100)))
    ((#\Y) (number->string (date-year date)))
    ((#\z #\Z) (%zone (date-zone-offset date)))
    ((#\1) (again "~Y-~m-~d"))
    ((#\2) (again "~H:~M:~S~z"))
    ((#\4) (again "~Y-~m-~dT~H:~M:~S~z"))
    ((#\5) (again "~Y-~m-~dT~H:~M:~S"))
    (else (%bad-format format))))

;; Reads what a template says: PARTS has what was found by then.
(define (string->date text template)
  (let loop ((l (string->list template)) (s (string->list text)) (parts '()))
    (cond ((null? l)
           (%date-of-parts parts template))
          ((not (char=? (car l) #\~))
           (if (and (pair? s) (char=? (car s) (car l)))
               (loop (cdr l) (cdr s) parts)
               (%bad-template template)))
          ((null? (cdr l))
           (%bad-template template))
          (else
           (let* ((c (cadr l))
                  (s (%skip-to c s template))
                  (read (%read-part c s template)))
             (loop (cddr l)
                   (cdr read)
                   (if (car read) (cons (cons c (car read)) parts) parts)))))))

(define (%bad-template template)
  (%time-error 'string->date 'bad-date-format-string template))

(define (%skip-to c s template)
  (let ((wanted? (case c
                   ((#\a #\A #\b #\B #\h) char-alphabetic?)
                   ((#\d #\H #\k #\m #\M #\S #\y #\Y #\N) char-numeric?)
                   (else (lambda (c) #t)))))
    (let loop ((s s))
      (cond ((null? s) (%bad-template template))
            ((wanted? (car s)) s)
            (else (loop (cdr s)))))))

(define (%read-part c s template)
  (case c
    ((#\~)
     (if (char=? (car s) #\~)
         (cons #f (cdr s))
         (%bad-template template)))
    ((#\a) (cons #f (cdr (%read-name s (%abbreviated (%day-names)) template))))
    ((#\A) (cons #f (cdr (%read-name s (%day-names) template))))
    ((#\b #\h) (%read-name s (%abbreviated (%month-names)) template))
    ((#\B) (%read-name s (%month-names) template))
    ((#\d #\e #\H #\k #\m #\M #\S #\y) (%read-number s 2))
    ((#\Y) (%read-number s 4))
    ((#\N) (%read-number s 9))
    ((#\z) (%read-zone s template))
    (else (%bad-template template))))

(define (%abbreviated names)
  (map (lambda (name) (string-take name 3)) names))

;; The number of the name, from 1.
(define (%read-name s names template)
  (let loop ((rest s) (letters '()))
    (if (and (pair? rest) (char-alphabetic? (car rest)))
        (loop (cdr rest) (cons (car rest) letters))
        (let ((name (list->string (reverse letters))))
          (let find ((names names) (n 1))
            (cond ((null? names) (%bad-template template))
                  ((string-ci=? (car names) name) (cons n rest))
                  (else (find (cdr names) (+ n 1)))))))))

(define (%read-number s most)
  (let loop ((s (if (char=? (car s) #\space) (cdr s) s)) (most most) (n #f))
    (if (and (pair? s) (> most 0) (char-numeric? (car s)))
        (loop (cdr s)
              (- most 1)
              (+ (* 10 (or n 0)) (- (char->integer (car s)) 48)))
        (if n
            (cons n s)
            (%time-error 'string->date 'bad-date-template-string
                         "Non-numeric characters in integer read.")))))

(define (%read-zone s template)
  (if (memv (car s) '(#\Z #\z))
      (cons 0 (cdr s))
      (let* ((sign (case (car s)
                     ((#\+) 1)
                     ((#\-) -1)
                     (else (%bad-template template))))
             (hours (%read-number (cdr s) 2))
             (rest (if (and (pair? (cdr hours)) (char=? (cadr hours) #\:))
                       (cddr hours)
                       (cdr hours)))
             (minutes (if (and (pair? rest) (char-numeric? (car rest)))
                          (%read-number rest 2)
                          (cons 0 rest))))
        (cons (* sign (+ (* 3600 (car hours)) (* 60 (car minutes))))
              (cdr minutes)))))

(define (%date-of-parts parts template)
  (define (part default . names)
    (let loop ((names names))
      (if (null? names)
          default
          (let ((found (assv (car names) parts)))
            (if found (cdr found) (loop (cdr names)))))))
  (let ((year (part (and (assv #\y parts) (%full-year (part 0 #\y))) #\Y))
        (month (part #f #\m #\b #\h #\B))
        (day (part #f #\d #\e)))
    (if (not (and year month day))
        (%bad-template template))
    (let ((made (make-date (part 0 #\N) (part 0 #\S) (part 0 #\M)
                           (part 0 #\H #\k) day month year 0)))
      (make-date (part 0 #\N) (part 0 #\S) (part 0 #\M)
                 (part 0 #\H #\k) day month year
                 (part (%local-offset (time-second (date->time-utc made)))
                       #\z)))))

;; The year within fifty of this one.
(define (%full-year n)
  (let* ((now (date-year (current-date)))
         (year (+ n (* 100 (quotient now 100)))))
    (cond ((> n 99) n)
          ((<= (- year now) -50) (+ year 100))
          ((> (- year now) 50) (- year 100))
          (else year))))
