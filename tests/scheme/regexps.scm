(use-modules (ice-9 regex))
(match:substring (string-match "[0-9]+" "abc123def"))
=> "123"

(use-modules (ice-9 regex))
(string-match "x" "abc")
=> #f

(use-modules (ice-9 regex))
(let ((m (string-match "([a-z]+)([0-9]+)" "--node12--"))) (list (match:substring m) (match:substring m 1) (match:substring m 2) (match:prefix m) (match:suffix m) (match:start m) (match:end m) (match:start m 2) (match:count m)))
=> ("node12" "node" "12" "--" "--" 2 8 6 3)

(use-modules (ice-9 regex))
(regexp-substitute #f (string-match "b" "abc") 'pre "X" 'post)
=> "aXc"

(use-modules (ice-9 regex))
(regexp-substitute/global #f "[0-9]" "a1b2" 'pre "#" 'post)
=> "a#b#"

(use-modules (ice-9 regex))
(regexp-substitute/global #f "([a-z])([0-9])" "a1 b2" 'pre 2 1 'post)
=> "1a 2b"

(use-modules (ice-9 regex))
(regexp-substitute/global #f "o" "foo" 'pre (lambda (m) (string-upcase (match:substring m))) 'post)
=> "fOO"

(use-modules (ice-9 regex))
(map match:substring (list-matches "[a-z]+" "ab 12 cd"))
=> ("ab" "cd")

(use-modules (ice-9 regex))
(fold-matches "[0-9]" "a1b2" '() (lambda (m acc) (cons (match:substring m) acc)))
=> ("2" "1")

(use-modules (ice-9 regex))
(regexp-quote "a.b*c")
=> "a\\.b\\*c"

(define rx (make-regexp "^[a-z]+$"))
(list (regexp? rx) (if (regexp-exec rx "abc") #t #f) (regexp-exec rx "ab1"))
=> (#t #t #f)

(define rx (make-regexp "ABC" regexp/icase))
(if (regexp-exec rx "xabcx") 'yes 'no)
=> yes

(make-regexp "[")
!> regular-expression-syntax: "make-regexp" "Invalid regular expression" #f ("[")

(use-modules (ice-9 regex))
(string-match "(" "abc")
!> regular-expression-syntax: "make-regexp" "Unmatched ( or \\(" #f ("(")

(use-modules (ice-9 regex))
(match:substring (string-match "a|b" "xb"))
=> "b"

(use-modules (ice-9 regex))
(let ((m (string-match "(a)|(b)" "b"))) (list (match:substring m 1) (match:substring m 2)))
=> (#f "b")

(use-modules (ice-9 regex))
(match:substring (string-match "^(.*)-([^-]+)$" "x86_64-unknown-linux") 2)
=> "linux"

(use-modules (ice-9 regex))
(match:substring (string-match "a{2,3}" "caaaab"))
=> "aaa"

(use-modules (ice-9 regex))
(list (regexp-match? (string-match "a" "a")) (match:string (string-match "b" "abc")))
=> (#t "abc")

(use-modules (ice-9 regex))
(match:substring (string-match "a" "a") 5)
!> out-of-range: In procedure vector-ref: Argument 2 out of range: 6

(use-modules (ice-9 regex))
(match:substring #f)
!> wrong-type-arg: In procedure vector-ref: Wrong type argument in position 1 (expecting vector): #f

(string-match "a" "a")
!> unbound-variable: Unbound variable: string-match

(use-modules (ice-9 regex))
(match:start (string-match "b" "ababab" 2))
=> 3

(use-modules (ice-9 regex))
(match:substring (string-match "λ+" "aλλb"))
=> "λλ"

(use-modules (ice-9 regex))
(let ((m (string-match "\\.([a-z]+)$" "file.scm"))) (and m (match:substring m 1)))
=> "scm"

(use-modules (ice-9 regex))
(map match:substring (list-matches "[[:alpha:]]+" "ab1 cd"))
=> ("ab" "cd")

(use-modules (ice-9 regex))
(match:substring (string-match "[[:space:]]+x?" "a  xb"))
=> "  x"

(use-modules (ice-9 regex))
(filter (lambda (s) (string-match "^node[0-9]+$" s)) '("node1" "nodeX" "node22"))
=> ("node1" "node22")
