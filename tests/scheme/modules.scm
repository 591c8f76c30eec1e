(use-modules (srfi srfi-1) (ice-9 match))
(match (fold + 0 '(1 2)) (3 'three))
=> three

(use-modules ((srfi srfi-1) #:select (fold)))
(fold + 0 '(1 2))
=> 3

(use-modules ((srfi srfi-1) #:select ((fold . my-fold))))
(my-fold + 0 '(1 2))
=> 3

(use-modules ((srfi srfi-1) #:prefix s1:))
(s1:fold + 0 '(1 2))
=> 3

(use-modules ((srfi srfi-1) #:renamer (symbol-prefix-proc 'l-)))
(l-fold + 0 '(1 2))
=> 3

(use-modules ((srfi srfi-1) #:hide (fold)))
(first '(1 2))
=> 1

(use-modules ((srfi srfi-1) #:hide (fold)))
(fold + 0 '(1))
!> unbound-variable: Unbound variable: fold

(use-modules ((srfi srfi-1) #:select (fold) #:prefix x-))
(x-fold + 0 '(1 2))
=> 3

(use-modules ((srfi srfi-1) #:select (no-such-thing)))
!> unbound-variable: In procedure resolve-interface: no binding `no-such-thing' in module (srfi srfi-1)

(use-modules (foo bar))
!> misc-error: no code for module (foo bar)

(use-modules)
=> #<unspecified>

(use-modules (srfi srfi-1) (no such module))
!> misc-error: no code for module (no such module)

(begin (use-modules (srfi srfi-1)) (fold + 0 '(1 2)))
=> 3

(begin (use-modules (srfi srfi-8)) (receive (a b) (values 1 2) b))
=> 2

((@ (srfi srfi-1) append-map) list '(1 2))
=> (1 2)

(@ (srfi srfi-1) no-such-thing)
!> unbound-variable: In procedure module-lookup: Unbound variable: no-such-thing

((@@ (srfi srfi-1) fold) + 0 '(1 2))
=> 3

(@ (no such module) x)
!> wrong-type-arg: In procedure module-variable: Wrong type argument in position 1 (expecting module): #f

(define fold* (@ (srfi srfi-1) fold))
(fold* cons '() '(1 2))
=> (2 1)

(import (srfi srfi-1))
(first '(1))
=> 1

(import (only (srfi srfi-1) first second))
(second '(1 2))
=> 2

(import (only (srfi srfi-1) first))
(second '(1 2))
!> unbound-variable: Unbound variable: second

(import (rename (srfi srfi-1) (first head)))
(head '(1))
=> 1

(import (prefix (srfi srfi-1) l:))
(l:first '(1))
=> 1

(import (except (srfi srfi-1) first))
(second '(1 2))
=> 2

(import (only (prefix (srfi srfi-1) l:) l:first))
(l:first '(1))
=> 1

(import (srfi 1))
(first '(1 2))
=> 1

(import (scheme base) (scheme write))
(list (exact 2.0) (vector-map 1+ #(1)))
=> (2 #(2))

(import (rnrs))
(list (for-all even? '(2 4)) (exists odd? '(2 3)) (fold-left + 0 '(1 2)))
=> (#t #t 3)

(use-modules (rnrs lists))
(list (remp odd? '(1 2)) (partition even? '(1 2)) (filter odd? '(1 2)))
=> ((2) (2) (1))

(use-modules (ice-9 receive) (ice-9 format) (ice-9 rdelim) (ice-9 regex) (ice-9 popen) (ice-9 ftw) (ice-9 threads) (ice-9 control) (ice-9 string-fun) (ice-9 optargs) (ice-9 textual-ports) (ice-9 pretty-print))
'all
=> all

(use-modules (srfi srfi-2) (srfi srfi-8) (srfi srfi-9) (srfi srfi-11) (srfi srfi-13) (srfi srfi-14) (srfi srfi-26) (srfi srfi-34) (srfi srfi-35) (srfi srfi-69))
'all
=> all

(define-module (my machines) #:use-module (srfi srfi-1))
(first '(1 2))
=> 1

(define-module (my machines) #:use-module ((srfi srfi-1) #:select (first)) #:export (x))
(define x 5)
(list x (first '(9)))
=> (5 9)

(define-module (my machines))
(define y 1)
(+ y 1)
=> 2

(define-module (my m) #:use-module (srfi srfi-26) #:use-module (ice-9 match))
(match (map (cut + 1 <>) '(1 2)) ((a b) (list a b)))
=> (2 3)

(define-module (my m) #:pure)
(list 1)
!> unbound-variable: Unbound variable: list

(module? (current-module))
=> #t

(list (defined? 'car) (defined? 'no-such-name))
=> (#t #f)

(define x 1)
(defined? 'x)
=> #t

(module-ref (current-module) 'car)
=> #<procedure car (_)>

(define x 5)
(module-ref (current-module) 'x)
=> 5

(module-ref (resolve-module '(srfi srfi-1)) 'fold)
=> #<procedure fold (kons knil list1) | (kons knil list1 list2) | (kons knil list1 . rest)>

(module-defined? (current-module) 'cdr)
=> #t

(let () (use-modules (srfi srfi-1)) (first '(1)))
=> 1

(define (f) (fold + 0 '(1 2)))
(use-modules (srfi srfi-1))
(f)
=> 3

(use-modules (srfi srfi-1))
(define (first x) 'mine)
(first '(1))
=> mine

(define (first x) 'mine)
(use-modules (srfi srfi-1))
(first '(1))
=> mine

(define fold 5)
(use-modules ((srfi srfi-1) #:prefix s:))
(list fold (s:fold + 0 '(1)))
=> (5 1)

(use-modules (srfi srfi-34))
(guard (e (#t e)) (raise 1))
=> 1

(set-current-module (current-module))
(list 1)
=> (1)

(export foo)
(define foo 1)
foo
=> 1

(re-export car)
(car '(1))
=> 1

(define-public z 3)
z
=> 3

(use-modules (ice-9 vlist))
(vlist->list (vlist-cons 1 vlist-null))
=> (1)

(use-modules (system foreign))
'ok
=> ok

(use-modules (guix utils))
(string? (%current-system))
=> #t

(use-modules (guix records))
'ok
=> ok

(use-modules "foo")
!> syntax-error: source expression failed to match any pattern

(use-modules (srfi srfi-1) . 5)
!> syntax-error: source expression failed to match any pattern

(add-to-load-path "/tmp")
(car %load-path)
=> "/tmp"

(use-modules ((ice-9 match) #:select (match)))
(match 1 (1 'one))
=> one

(use-modules ((ice-9 match) #:prefix m:))
(m:match 1 (1 'one))
=> one

(use-modules (ice-9 curried-definitions))
(define ((f a) b) (+ a b))
((f 1) 2)
=> 3

(resolve-interface '(no such))
!> misc-error: no code for module (no such)

(list (string? (version)) (effective-version) (string? (major-version)))
=> (#t "3.0" #t)
