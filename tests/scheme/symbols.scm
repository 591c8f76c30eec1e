(list (symbol? 'a) (symbol? "a") (symbol->string 'abc) (string->symbol "x y") (symbol-append 'a 'b))
=> (#t #f "abc" #{x y}# ab)

(list (eq? 'a 'a) (eq? (string->symbol "a") 'a) (eq? 'a 'b))
=> (#t #t #f)

(list (symbol? #:a) (keyword? #:a) (keyword->symbol #:abc) (symbol->keyword 'x) (eq? #:a #:a))
=> (#f #t abc #:x #t)

(list (keyword? 'a) (symbol->keyword (string->symbol "a b")))
=> (#f #:#{a b}#)

(symbol? (gensym))
=> #t

(eq? (gensym) (gensym))
=> #f

(string-prefix? "foo" (symbol->string (gensym "foo")))
=> #t

(list (symbol<? 'a 'b) (string<? (symbol->string 'a) "b"))
!> unbound-variable: Unbound variable: symbol<?

(sort '(b c a) (lambda (x y) (string<? (symbol->string x) (symbol->string y))))
=> (a b c)

(symbol->string 5)
!> wrong-type-arg: In procedure symbol->string: Wrong type argument in position 1 (expecting symbol): 5

(symbol-append 'a "b")
!> wrong-type-arg: In procedure symbol->string: Wrong type argument in position 1 (expecting symbol): "b"

(keyword->symbol 'a)
!> wrong-type-arg: In procedure keyword->symbol: Wrong type argument in position 1 (expecting keyword): a

(list (symbol-interned? 'a) (symbol-interned? (make-symbol "a")))
=> (#t #f)

(map symbol->string '(x86_64-linux i686-linux))
=> ("x86_64-linux" "i686-linux")

(list (string->symbol "Hello") (symbol->string 'Hello))
=> (Hello "Hello")

(list 'a.b 'a->b 'a? 'set-x! '*x* '%y '+ '-> '<=)
=> (a.b a->b a? set-x! *x* %y + -> <=)

(list->symbol '(#\a #\b))
=> ab

(string-ci->symbol "ABC")
=> ABC

(list (object->string 'a) (object->string (string->symbol "a b")))
=> ("a" "#{a b}#")

(assq 'x86_64-linux '((x86_64-linux . 1)))
=> (x86_64-linux . 1)

(case 'b ((a) 1) ((b) 2))
=> 2
