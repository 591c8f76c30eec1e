;;; SRFI-1, lists.

(define-module (srfi srfi-1)
  #:export
  (;; Constructors
   cons list xcons cons* make-list list-tabulate list-copy iota circular-list
   ;; Predicates
   proper-list? circular-list? dotted-list? pair? null? null-list? not-pair?
   list=
   ;; Selectors
   car cdr caar cadr cdar cddr caaar caadr cadar caddr cdaar cdadr cddar
   cdddr caaaar caaadr caadar caaddr cadaar cadadr caddar cadddr cdaaar
   cdaadr cdadar cdaddr cddaar cddadr cdddar cddddr list-ref
   first second third fourth fifth sixth seventh eighth ninth tenth
   car+cdr take drop take-right drop-right take! drop-right! split-at
   split-at! last last-pair
   ;; Miscellaneous
   length length+ concatenate reverse append append! concatenate! reverse!
   append-reverse append-reverse! zip unzip1 unzip2 unzip3 unzip4 unzip5 count
   ;; Fold, unfold, map
   fold fold-right pair-fold pair-fold-right reduce reduce-right unfold
   unfold-right map for-each append-map append-map! map! map-in-order
   pair-for-each filter-map
   ;; Filtering and partitioning
   filter partition remove filter! partition! remove!
   ;; Searching
   find find-tail take-while take-while! drop-while span span! break break!
   any every list-index member memq memv
   ;; Deletion
   delete delete! delete-duplicates delete-duplicates!
   ;; Association lists
   assoc assq assv alist-cons alist-copy alist-delete alist-delete!
   ;; Sets
   lset<= lset= lset-adjoin lset-union lset-intersection lset-difference
   lset-xor lset-diff+intersection lset-union! lset-intersection!
   lset-difference! lset-xor! lset-diff+intersection!
   set-car! set-cdr!))

(define (xcons a b)
  (cons b a))

(define (list-tabulate n f)
  (map f (iota n)))

(define (circular-list first . rest)
  (let ((all (cons first rest)))
    (set-cdr! (last-pair all) all)
    all))

(define (proper-list? x)
  (list? x))

(define (circular-list? x)
  (eq? (%list-end x) 'circle))

(define (dotted-list? x)
  (eq? (%list-end x) 'dotted))

(define (null-list? x)
  (if (or (pair? x) (null? x))
      (null? x)
      (%wrong-type "null-list?" 1 x)))

(define (not-pair? x)
  (not (pair? x)))

(define (list= same . lists)
  (let loop ((lists lists))
    (or (null? lists)
        (null? (cdr lists))
        (and (%list= same (car lists) (cadr lists))
             (loop (cdr lists))))))

(define (%list= same a b)
  (cond ((null? a) (null? b))
        ((null? b) #f)
        (else (and (same (car a) (car b))
                   (%list= same (cdr a) (cdr b))))))

(define (car+cdr pair)
  (values (car pair) (cdr pair)))

(define (take-right l n)
  (let loop ((lag l) (lead (drop l n)))
    (if (pair? lead)
        (loop (cdr lag) (cdr lead))
        lag)))

(define (drop-right l n)
  (let loop ((lag l) (lead (drop l n)) (out '()))
    (if (pair? lead)
        (loop (cdr lag) (cdr lead) (cons (car lag) out))
        (reverse out))))

(define (%cut! l n)
  (if (= n 0)
      '()
      (begin
        (set-cdr! (drop l (- n 1)) '())
        l)))

(define (take! l n)
  (%cut! l n))

(define (drop-right! l n)
  (%cut! l (length (drop l n))))

(define (split-at l n)
  (values (take l n) (drop l n)))

(define (split-at! l n)
  (let ((rest (drop l n)))
    (values (%cut! l n) rest)))

(define (length+ l)
  (and (not (circular-list? l))
       (length l)))

(define (concatenate! lists)
  (apply append! lists))

(define (append-reverse! head tail)
  (reverse! head tail))

(define (zip first . rest)
  (apply map list first rest))

(define (unzip1 l)
  (map first l))

(define (unzip2 l)
  (values (map first l) (map second l)))

(define (unzip3 l)
  (values (map first l) (map second l) (map third l)))

(define (unzip4 l)
  (values (map first l) (map second l) (map third l) (map fourth l)))

(define (unzip5 l)
  (values (map first l) (map second l) (map third l) (map fourth l)
          (map fifth l)))

(define (count f l . rest)
  (%check-procedure "count" 1 f)
  (let loop ((lists (cons l rest)) (n 0))
    (if (%any-end? lists)
        n
        (loop (%map1 cdr lists)
              (if (%apply f (%rest<-list (%map1 car lists)))
                  (+ n 1)
                  n)))))

(define (%any-end? lists)
  (and (pair? lists)
       (or (not (pair? (car lists)))
           (%any-end? (cdr lists)))))

;; Unlike those of (guile) they stop with the shortest list, which may be the
;; only one that ends.
(define (map f l . rest)
  (%check-procedure "map" 1 f)
  (if (null? rest)
      (begin
        (%check-list "map" 2 l)
        (%map1 f l))
      (let loop ((lists (cons l rest)) (out '()))
        (if (%any-end? lists)
            (reverse out)
            (loop (%map1 cdr lists)
                  (cons (%apply f (%rest<-list (%map1 car lists))) out))))))

(define (for-each f l . rest)
  (%check-procedure "for-each" 1 f)
  (if (null? rest)
      (begin
        (%check-list "for-each" 2 l)
        (%for-each1 f l))
      (let loop ((lists (cons l rest)))
        (if (not (%any-end? lists))
            (begin
              (%apply f (%rest<-list (%map1 car lists)))
              (loop (%map1 cdr lists)))))))

(define (map-in-order f l . rest)
  (apply map f l rest))

(define (map! f l . rest)
  (apply map f l rest))

(define (fold f value l . rest)
  (%check-procedure "fold" 1 f)
  (if (null? rest)
      (begin
        (%check-list "fold" 3 l)
        (%fold1 f value l))
      (let loop ((lists (cons l rest)) (value value))
        (if (%any-end? lists)
            value
            (loop (%map1 cdr lists)
                  (%apply f (%rest<-list
                             (append (%map1 car lists) (list value)))))))))

(define (%fold1 f value l)
  (if (null? l)
      value
      (%fold1 f (f (car l) value) (cdr l))))

(define (fold-right f value l . rest)
  (%check-procedure "fold-right" 1 f)
  (if (null? rest)
      (begin
        (%check-list "fold-right" 3 l)
        (%fold1 f value (reverse l)))
      (let loop ((rows (reverse (apply map list l rest))) (value value))
        (if (null? rows)
            value
            (loop (cdr rows)
                  (%apply f (%rest<-list (append (car rows) (list value)))))))))

(define (pair-fold f value l . rest)
  (let loop ((lists (cons l rest)) (value value))
    (if (%any-end? lists)
        value
        (let ((tails (%map1 cdr lists)))
          (loop tails
                (%apply f (%rest<-list (append lists (list value)))))))))

(define (%tails lists)
  (let loop ((lists lists) (out '()))
    (if (%any-end? lists)
        out
        (loop (%map1 cdr lists) (cons lists out)))))

(define (pair-fold-right f value l . rest)
  (%fold1 (lambda (lists value)
            (%apply f (%rest<-list (append lists (list value)))))
          value
          (%tails (cons l rest))))

(define (pair-for-each f l . rest)
  (%for-each1 (lambda (lists) (%apply f (%rest<-list lists)))
              (reverse (%tails (cons l rest)))))

(define (reduce f default l)
  (%check-procedure "reduce" 1 f)
  (if (not (or (null? l) (pair? l)))
      (%not-a-pair l))
  (if (null? l)
      default
      (%fold1 f (car l) (cdr l))))

(define (reduce-right f default l)
  (%check-procedure "reduce-right" 1 f)
  (%check-list "reduce-right" 3 l)
  (if (null? l)
      default
      (let ((l (reverse l)))
        (%fold1 f (car l) (cdr l)))))

(define (unfold stop? f next seed . tail)
  (let loop ((seed seed) (out '()))
    (if (stop? seed)
        (append-reverse out (if (null? tail) '() ((car tail) seed)))
        (loop (next seed) (cons (f seed) out)))))

(define (unfold-right stop? f next seed . tail)
  (let loop ((seed seed) (out (if (null? tail) '() (car tail))))
    (if (stop? seed)
        out
        (loop (next seed) (cons (f seed) out)))))

(define (append-map f l . rest)
  (concatenate (apply map f l rest)))

(define (append-map! f l . rest)
  (concatenate (apply map f l rest)))

(define (filter-map f l . rest)
  (%check-procedure "filter-map" 1 f)
  (let loop ((values (apply map f l rest)) (out '()))
    (cond ((null? values) (reverse out))
          ((car values) (loop (cdr values) (cons (car values) out)))
          (else (loop (cdr values) out)))))

(define (%partition f l)
  (let loop ((l l) (in '()) (out '()))
    (cond ((null? l) (cons (reverse in) (reverse out)))
          ((f (car l)) (loop (cdr l) (cons (car l) in) out))
          (else (loop (cdr l) in (cons (car l) out))))))

(define (partition f l)
  (%check-procedure "partition" 1 f)
  (%check-list "partition" 2 l)
  (let ((both (%partition f l)))
    (values (car both) (cdr both))))

(define (partition! f l)
  (let ((both (%partition-pairs f l)))
    (values (%chain! (car both)) (%chain! (cdr both)))))

(define (%partition-pairs f l)
  (let loop ((l l) (in '()) (out '()))
    (cond ((null? l) (cons in out))
          ((f (car l)) (loop (cdr l) (cons l in) out))
          (else (loop (cdr l) in (cons l out))))))

;; Pairs, the last first, as a list.
(define (%chain! pairs)
  (let loop ((pairs pairs) (rest '()))
    (if (null? pairs)
        rest
        (begin
          (set-cdr! (car pairs) rest)
          (loop (cdr pairs) (car pairs))))))

(define (remove f l)
  (%check-procedure "remove" 1 f)
  (%check-list "remove" 2 l)
  (cdr (%partition f l)))

(define (remove! f l)
  (%keep! (lambda (x) (not (f x))) l))

(define (find f l)
  (let ((tail (%find-tail "find" f l)))
    (and tail (car tail))))

(define (find-tail f l)
  (%find-tail "find-tail" f l))

(define (%find-tail name f l)
  (%check-procedure name 1 f)
  (let loop ((rest l))
    (if (pair? rest)
        (if (f (car rest))
            rest
            (loop (cdr rest)))
        (and (not (null? rest))
             (%not-a-pair rest)))))

(define (any f l . rest)
  (%check-procedure "any" 1 f)
  (if (null? rest)
      (let loop ((l l))
        (and (pair? l)
             (if (null? (cdr l))
                 (f (car l))
                 (or (f (car l)) (loop (cdr l))))))
      (let loop ((lists (cons l rest)))
        (and (not (%any-end? lists))
             (or (%apply f (%rest<-list (%map1 car lists)))
                 (loop (%map1 cdr lists)))))))

(define (every f l . rest)
  (%check-procedure "every" 1 f)
  (if (null? rest)
      (let loop ((l l))
        (or (not (pair? l))
            (if (null? (cdr l))
                (f (car l))
                (and (f (car l)) (loop (cdr l))))))
      (let loop ((lists (cons l rest)) (value #t))
        (if (%any-end? lists)
            value
            (let ((value (%apply f (%rest<-list (%map1 car lists)))))
              (and value (loop (%map1 cdr lists) value)))))))

(define (list-index f l . rest)
  (%check-procedure "list-index" 1 f)
  (let loop ((lists (cons l rest)) (n 0))
    (cond ((%any-end? lists) #f)
          ((%apply f (%rest<-list (%map1 car lists))) n)
          (else (loop (%map1 cdr lists) (+ n 1))))))

(define (take-while f l)
  (%check-procedure "take-while" 1 f)
  (let loop ((l l) (out '()))
    (if (and (pair? l) (f (car l)))
        (loop (cdr l) (cons (car l) out))
        (reverse out))))

(define (take-while! f l)
  (call-with-values (lambda () (span! f l))
    (lambda (taken rest) taken)))

(define (drop-while f l)
  (%check-procedure "drop-while" 1 f)
  (let loop ((l l))
    (if (and (pair? l) (f (car l)))
        (loop (cdr l))
        l)))

(define (span f l)
  (let loop ((l l) (out '()))
    (if (and (pair? l) (f (car l)))
        (loop (cdr l) (cons (car l) out))
        (values (reverse out) l))))

(define (span! f l)
  (let loop ((rest l) (n 0))
    (if (and (pair? rest) (f (car rest)))
        (loop (cdr rest) (+ n 1))
        (split-at! l n))))

(define (break f l)
  (span (lambda (x) (not (f x))) l))

(define (break! f l)
  (span! (lambda (x) (not (f x))) l))

;; What is compared comes first, as SRFI-1 wants it.
(define (%memp same x l)
  (let loop ((l l))
    (cond ((null? l) #f)
          ((same x (car l)) l)
          (else (loop (cdr l))))))

(define (member x l . same)
  (if (null? same)
      (%member x l)
      (%memp (car same) x l)))

(define (assoc x l . same)
  (if (null? same)
      (%assoc x l)
      (let loop ((l l))
        (cond ((null? l) #f)
              (((car same) x (car (car l))) (car l))
              (else (loop (cdr l)))))))

(define (delete x l . same)
  (if (null? same)
      (%delete x l)
      (remove (lambda (y) ((car same) x y)) l)))

(define (delete! x l . same)
  (let ((same (if (null? same) equal? (car same))))
    (%keep! (lambda (y) (not (same x y))) l)))

(define (delete-duplicates l . same)
  (if (null? same)
      (%delete-duplicates l)
      (let loop ((l l) (out '()))
        (cond ((null? l) (reverse out))
              ((any (lambda (kept) ((car same) kept (car l))) out)
               (loop (cdr l) out))
              (else (loop (cdr l) (cons (car l) out)))))))

(define (delete-duplicates! l . same)
  (apply delete-duplicates l same))

(define (alist-cons key value l)
  (cons (cons key value) l))

(define (alist-copy l)
  (%map1 (lambda (entry)
           (if (pair? entry)
               (cons (car entry) (cdr entry))
               entry))
         l))

(define (alist-delete key l . same)
  (let ((same (if (null? same) equal? (car same))))
    (remove (lambda (entry) (same key (car entry))) l)))

(define (alist-delete! key l . same)
  (apply alist-delete key l same))

(define (%lset<= same a b)
  (every (lambda (x) (%memp same x b)) a))

(define (lset<= same . lists)
  (let loop ((lists lists))
    (or (null? lists)
        (null? (cdr lists))
        (and (%lset<= same (car lists) (cadr lists))
             (loop (cdr lists))))))

(define (lset= same . lists)
  (let loop ((lists lists))
    (or (null? lists)
        (null? (cdr lists))
        (and (%lset<= same (car lists) (cadr lists))
             (every (lambda (x) (any (lambda (y) (same y x)) (car lists)))
                    (cadr lists))
             (loop (cdr lists))))))

(define (lset-adjoin same l . items)
  (%fold1 (lambda (item l)
            (if (any (lambda (y) (same y item)) l)
                l
                (cons item l)))
          l
          items))

(define (lset-union same . lists)
  (reduce (lambda (l out)
            (cond ((null? l) out)
                  ((null? out) l)
                  ((eq? l out) out)
                  (else (%fold1 (lambda (item out)
                                  (if (any (lambda (y) (same y item)) out)
                                      out
                                      (cons item out)))
                                out
                                l))))
          '()
          lists))

(define (lset-intersection same l . lists)
  (filter (lambda (x) (every (lambda (other) (%memp same x other)) lists))
          l))

(define (lset-difference same l . lists)
  (filter (lambda (x)
            (every (lambda (other) (not (%memp same x other))) lists))
          l))

(define (lset-xor same . lists)
  (reduce (lambda (b a)
            (append (lset-difference same b a)
                    (lset-difference same a b)))
          '()
          lists))

(define (lset-diff+intersection same l . lists)
  (let ((both (%partition
               (lambda (x)
                 (not (any (lambda (other) (%memp same x other)) lists)))
               l)))
    (values (car both) (cdr both))))

(define (lset-union! same . lists)
  (apply lset-union same lists))

(define (lset-intersection! same l . lists)
  (apply lset-intersection same l lists))

(define (lset-difference! same l . lists)
  (apply lset-difference same l lists))

(define (lset-xor! same . lists)
  (apply lset-xor same lists))

(define (lset-diff+intersection! same l . lists)
  (apply lset-diff+intersection same l lists))
