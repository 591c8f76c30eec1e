;;; (ice-9 regex): uses of regular expressions.

(define-module (ice-9 regex)
  #:export
  (fold-matches list-matches match:count match:end match:prefix match:start
   match:string match:substring match:suffix regexp-match? regexp-quote
   regexp-substitute regexp-substitute/global string-match))

(define (string-match pattern s . start)
  (apply regexp-exec (make-regexp pattern regexp/extended) s start))

(define (%regexp pattern)
  (if (regexp? pattern) pattern (make-regexp pattern regexp/extended)))

(define (list-matches pattern s . flags)
  (apply %list-matches (%regexp pattern) s flags))

(define (fold-matches pattern s value f . flags)
  (let loop ((matches (apply list-matches pattern s flags)) (value value))
    (if (null? matches)
        value
        (loop (cdr matches) (f (car matches) value)))))

(define (%to-port port parts)
  (if port
      (%for-each1 (lambda (part) (display part port)) parts)
      (string-concatenate parts)))

(define (regexp-substitute port match . items)
  (%to-port port
            (%map1 (lambda (item)
                     (cond ((string? item) item)
                           ((integer? item)
                            (or (match:substring match item) ""))
                           ((eq? item 'pre) (match:prefix match))
                           ((eq? item 'post) (match:suffix match))
                           (else (%wrong-item item))))
                   items)))

(define (%wrong-item item)
  (error 'wrong-type-arg item))

(define (regexp-substitute/global port pattern s . items)
  (let ((matches (list-matches pattern s)))
    (if (memq 'post items)
        (%to-port port (%replaced matches s 0 items))
        (%to-port port
                  (if (null? matches)
                      (list s)
                      (%pieces (car matches) '() s 0 items))))))

;; What stands before the first match, then what replaces it, then the same of
;; the rest in the place of `post'.
(define (%replaced matches s start items)
  (if (null? matches)
      (list (substring s start))
      (%pieces (car matches) (cdr matches) s start items)))

(define (%pieces match others s start items)
  (let loop ((rest items) (out '()))
    (cond ((null? rest) (reverse out))
          ((eq? (car rest) 'post)
           (loop (cdr rest)
                 (append-reverse
                  (%replaced others s (match:end match) items)
                  out)))
          (else
           (loop (cdr rest)
                 (cons (%piece (car rest) match s start) out))))))

(define (%piece item match s start)
  (cond ((string? item) item)
        ((integer? item) (or (match:substring match item) ""))
        ((procedure? item) (item match))
        ((eq? item 'pre) (substring s start (match:start match)))
        (else (%wrong-item item))))
