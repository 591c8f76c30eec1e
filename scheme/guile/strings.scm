
;;; Strings: what takes procedures.  A predicate becomes the set of those
;;; characters of the string that it accepts.

(define (%accepted f l out)
  (if (null? l)
      (list->char-set out)
      (%accepted f
                 (cdr l)
                 (if (f (car l)) (cons (car l) out) out))))

(define (%matcher f s)
  (if (and (procedure? f) (string? s))
      (%accepted f (string->list s) '())
      f))

(define (%with-matcher native s options)
  (%apply native
          (%rest<-list
           (cons s
                 (if (pair? options)
                     (cons (%matcher (car options) s) (cdr options))
                     options)))))

(define (string-index s f . range)
  (%with-matcher %string-index s (cons f range)))

(define (string-rindex s f . range)
  (%with-matcher %string-rindex s (cons f range)))

(define (string-index-right s f . range)
  (%with-matcher %string-rindex s (cons f range)))

(define (string-skip s f . range)
  (%with-matcher %string-skip s (cons f range)))

(define (string-skip-right s f . range)
  (%with-matcher %string-skip-right s (cons f range)))

(define (string-count s f . range)
  (%with-matcher %string-count s (cons f range)))

(define (string-split s f)
  (%string-split s (%matcher f s)))

(define (string-trim s . options)
  (%with-matcher %string-trim s options))

(define (string-trim-right s . options)
  (%with-matcher %string-trim-right s options))

(define (string-trim-both s . options)
  (%with-matcher %string-trim-both s options))

(define (string-tokenize s . options)
  (%apply %string-tokenize (%rest<-list (cons s options))))

(define (string-filter f s . range)
  (%apply %string-filter (%rest<-list (cons* (%matcher f s) s range))))

(define (string-delete f s . range)
  (%apply %string-delete (%rest<-list (cons* (%matcher f s) s range))))

(define (%part s range)
  (%apply string->list (%rest<-list (cons s range))))

(define (string-any f s . range)
  (if (procedure? f)
      (let loop ((l (%part s range)))
        (and (pair? l)
             (if (null? (cdr l))
                 (f (car l))
                 (or (f (car l)) (loop (cdr l))))))
      (%apply %string-any (%rest<-list (cons* f s range)))))

(define (string-any-c-code f s . range)
  (apply string-any f s range))

(define (string-every f s . range)
  (if (procedure? f)
      (let loop ((l (%part s range)) (value #t))
        (if (null? l)
            value
            (if (null? (cdr l))
                (f (car l))
                (let ((value (f (car l))))
                  (and value (loop (cdr l) value))))))
      (%apply %string-every (%rest<-list (cons* f s range)))))

(define (string-every-c-code f s . range)
  (apply string-every f s range))

(define (string-map f s . range)
  (%check-procedure "string-map" 1 f)
  (list->string (%map1 f (%part s range))))

(define (string-map! f s . range)
  (let ((start (if (pair? range) (car range) 0)))
    (string-copy! s start (%apply string-map (%rest<-list (cons* f s range))))))

(define (string-for-each f s . range)
  (%check-procedure "string-for-each" 1 f)
  (%for-each1 f (%part s range)))

(define (string-for-each-index f s . range)
  (let ((start (if (pair? range) (car range) 0))
        (count (length (%part s range))))
    (%for-each1 f (iota count start))))

(define (string-fold f value s . range)
  (let loop ((l (%part s range)) (value value))
    (if (null? l)
        value
        (loop (cdr l) (f (car l) value)))))

(define (string-fold-right f value s . range)
  (let loop ((l (reverse (%part s range))) (value value))
    (if (null? l)
        value
        (loop (cdr l) (f (car l) value)))))

(define (%unfolded stop? item next seed)
  (let loop ((seed seed) (out '()))
    (if (stop? seed)
        (cons seed out)
        (loop (next seed) (cons (item seed) out)))))

(define (string-unfold stop? item next seed . options)
  (let* ((base (if (pair? options) (car options) ""))
         (final (if (and (pair? options) (pair? (cdr options)))
                    (cadr options)
                    (lambda (seed) "")))
         (all (%unfolded stop? item next seed)))
    (string-append base
                   (list->string (reverse (cdr all)))
                   (final (car all)))))

(define (string-unfold-right stop? item next seed . options)
  (let* ((base (if (pair? options) (car options) ""))
         (final (if (and (pair? options) (pair? (cdr options)))
                    (cadr options)
                    (lambda (seed) "")))
         (all (%unfolded stop? item next seed)))
    (string-append (final (car all)) (list->string (cdr all)) base)))

(define (string-tabulate f n)
  (list->string (%map1 f (iota n))))

(define (%compare fold s1 s2 lt eq gt range)
  (let* ((found (%apply %string-mismatch (%rest<-list (cons* fold s1 s2 range))))
         (at (quotient found 4))
         (how (remainder found 4)))
    (cond ((= how 0) (lt at))
          ((= how 1) (eq at))
          (else (gt at)))))

(define (string-compare s1 s2 lt eq gt . range)
  (%compare #f s1 s2 lt eq gt range))

(define (string-compare-ci s1 s2 lt eq gt . range)
  (%compare #t s1 s2 lt eq gt range))

(define (char-set-fold f value set)
  (let loop ((l (char-set->list set)) (value value))
    (if (null? l)
        value
        (loop (cdr l) (f (car l) value)))))

(define (char-set-for-each f set)
  (%for-each1 f (char-set->list set)))

(define (char-set-map f set)
  (list->char-set (%map1 f (char-set->list set))))

(define (char-set-filter f set . base)
  (let ((kept (filter f (char-set->list set))))
    (if (null? base)
        (list->char-set kept)
        (list->char-set kept (car base)))))

(define (char-set-count f set)
  (length (filter f (char-set->list set))))

(define (char-set-every f set)
  (and-map f (char-set->list set)))

(define (char-set-any f set)
  (or-map f (char-set->list set)))
