;;; SRFI-41: streams.  A stream is a promise of '() or of a pair, whose car is
;;; a promise and whose cdr is a stream.

(define-module (srfi srfi-41)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export
  (stream-null stream-cons stream? stream-null? stream-pair? stream-car
   stream-cdr stream-lambda define-stream list->stream stream stream->list
   stream-append stream-concat stream-constant stream-drop stream-drop-while
   stream-filter stream-fold stream-for-each stream-from stream-iterate
   stream-length stream-let stream-map stream-range stream-ref
   stream-reverse stream-scan stream-take stream-take-while stream-unfold
   stream-zip port->stream)
  #:interface (stream-match stream-of stream-unfolds))

(define-record-type <stream>
  (%make-stream promise)
  stream?
  (promise %promise))

(define-syntax-rule (%stream-lazy expression)
  (%make-stream (delay (%forced expression))))

(define (%forced x)
  (if (stream? x)
      (force (%promise x))
      (scm-error 'wrong-type-arg "stream-promise"
                 "Wrong type argument in position ~A: ~S"
                 (list 1 x) (list x))))

(define stream-null
  (%make-stream (delay '())))

(define-syntax-rule (stream-cons item rest)
  (%make-stream (%pair-promise (delay item) (%stream-lazy rest))))

(define (%pair-promise item rest)
  (let ((pair (cons item rest)))
    (delay pair)))

(define (stream-null? x)
  (and (stream? x) (null? (%forced x))))

(define (stream-pair? x)
  (and (stream? x) (pair? (%forced x))))

(define (%stream-pair who s)
  (if (not (stream? s))
      (throw 'wrong-type-arg who "non-stream" (list s) (list s)))
  (let ((pair (%forced s)))
    (if (null? pair)
        (throw 'wrong-type-arg who "null stream" (list s) (list s)))
    pair))

(define (stream-car s)
  (force (car (%stream-pair 'stream-car s))))

(define (stream-cdr s)
  (cdr (%stream-pair 'stream-cdr s)))

(define-syntax-rule (stream-lambda parameters body ...)
  (lambda parameters (%stream-lazy (let () body ...))))

(define-syntax-rule (define-stream (name . parameters) body ...)
  (define name (stream-lambda parameters body ...)))

(define-syntax-rule (stream-let tag ((name value) ...) body ...)
  ((letrec ((tag (stream-lambda (name ...) body ...))) tag) value ...))

(define-syntax stream
  (syntax-rules ()
    ((_) stream-null)
    ((_ item more ...) (stream-cons item (stream more ...)))))

(define (list->stream l)
  (if (null? l)
      stream-null
      (stream-cons (car l) (list->stream (cdr l)))))

(define* (port->stream #:optional (port (current-input-port)))
  (%stream-lazy
   (let ((c (read-char port)))
     (if (eof-object? c)
         stream-null
         (stream-cons c (port->stream port))))))

(define (stream->list first . more)
  (if (null? more)
      (%stream->list #f first)
      (%stream->list first (car more))))

(define (%stream->list count s)
  (let loop ((count count) (s s) (out '()))
    (if (or (eqv? count 0) (stream-null? s))
        (reverse out)
        (loop (and count (- count 1))
              (stream-cdr s)
              (cons (stream-car s) out)))))

(define (stream-append . all)
  (cond ((null? all) stream-null)
        ((null? (cdr all)) (car all))
        (else
         (%stream-lazy
          (if (stream-null? (car all))
              (apply stream-append (cdr all))
              (stream-cons (stream-car (car all))
                           (apply stream-append
                                  (stream-cdr (car all))
                                  (cdr all))))))))

(define (stream-concat all)
  (%stream-lazy
   (cond ((stream-null? all) stream-null)
         ((stream-null? (stream-car all)) (stream-concat (stream-cdr all)))
         (else
          (let ((first (stream-car all)))
            (stream-cons (stream-car first)
                         (stream-concat
                          (stream-cons (stream-cdr first)
                                       (stream-cdr all)))))))))

(define (stream-constant . items)
  (if (null? items)
      stream-null
      (let loop ((rest items))
        (%stream-lazy
         (if (null? rest)
             (loop items)
             (stream-cons (car rest) (loop (cdr rest))))))))

(define (stream-drop n s)
  (%stream-lazy
   (if (or (<= n 0) (stream-null? s))
       s
       (stream-drop (- n 1) (stream-cdr s)))))

(define (stream-drop-while f s)
  (%stream-lazy
   (if (and (stream-pair? s) (f (stream-car s)))
       (stream-drop-while f (stream-cdr s))
       s)))

(define (stream-filter f s)
  (%stream-lazy
   (cond ((stream-null? s) stream-null)
         ((f (stream-car s))
          (stream-cons (stream-car s) (stream-filter f (stream-cdr s))))
         (else (stream-filter f (stream-cdr s))))))

(define (stream-fold f value s)
  (if (stream-null? s)
      value
      (stream-fold f (f value (stream-car s)) (stream-cdr s))))

(define (stream-for-each f . all)
  (if (every stream-pair? all)
      (begin
        (apply f (map stream-car all))
        (apply stream-for-each f (map stream-cdr all)))))

(define* (stream-from first #:optional (step 1))
  (%stream-lazy (stream-cons first (stream-from (+ first step) step))))

(define (stream-iterate f x)
  (%stream-lazy (stream-cons x (stream-iterate f (f x)))))

(define (stream-length s)
  (stream-fold (lambda (n x) (+ n 1)) 0 s))

(define (stream-map f . all)
  (%stream-lazy
   (if (every stream-pair? all)
       (stream-cons (apply f (map stream-car all))
                    (apply stream-map f (map stream-cdr all)))
       stream-null)))

(define* (stream-range first past #:optional step)
  (let* ((step (or step (if (< first past) 1 -1)))
         (before? (if (< 0 step) < >)))
    (let loop ((first first))
      (%stream-lazy
       (if (before? first past)
           (stream-cons first (loop (+ first step)))
           stream-null)))))

(define (stream-ref s n)
  (if (= n 0)
      (stream-car s)
      (stream-ref (stream-cdr s) (- n 1))))

(define (stream-reverse s)
  (%stream-lazy
   (let loop ((s s) (out stream-null))
     (if (stream-null? s)
         out
         (let ((item (stream-car s)))
           (loop (stream-cdr s) (stream-cons item out)))))))

(define (stream-scan f base s)
  (%stream-lazy
   (if (stream-null? s)
       (stream base)
       (stream-cons base
                    (stream-scan f (f base (stream-car s)) (stream-cdr s))))))

(define (stream-take n s)
  (%stream-lazy
   (if (or (<= n 0) (stream-null? s))
       stream-null
       (stream-cons (stream-car s) (stream-take (- n 1) (stream-cdr s))))))

(define (stream-take-while f s)
  (%stream-lazy
   (if (and (stream-pair? s) (f (stream-car s)))
       (stream-cons (stream-car s) (stream-take-while f (stream-cdr s)))
       stream-null)))

(define (stream-unfold item more? next seed)
  (%stream-lazy
   (if (more? seed)
       (stream-cons (item seed) (stream-unfold item more? next (next seed)))
       stream-null)))

(define (stream-zip . all)
  (apply stream-map list all))
