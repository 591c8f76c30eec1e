(define str "k1=v1;k2=v2;;k3")
(define pairs (map (lambda (kv) (let ((i (string-index kv #\=))) (if i (cons (substring kv 0 i) (substring kv (1+ i))) (cons kv #f)))) (delete "" (string-split str #\;))))
(list (build-machine (name (object->string pairs)) (user (string-map char-upcase (assoc-ref pairs "k1"))) (host-key (list->string (reverse (string->list "abc")))) (features (string-tokenize "a b  c" char-set:letter)) (systems (list (string-concatenate '("x86_64" "-" "linux"))))))
