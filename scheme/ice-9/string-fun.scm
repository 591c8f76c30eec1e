;;; (ice-9 string-fun): what of it is still in use.

(define-module (ice-9 string-fun)
  #:export
  (string-replace-substring split-after-char split-before-char
   split-discarding-char split-after-char-last split-before-char-last
   split-discarding-char-last separate-fields-discarding-char
   sans-surrounding-whitespace sans-leading-whitespace
   sans-trailing-whitespace sans-final-newline has-trailing-newline?
   string-prefix-predicate string-prefix=?))

(define (%split s at skipped f)
  (if at
      (f (substring s 0 at) (substring s (+ at skipped)))
      (f s "")))

(define (%after at)
  (and at (+ at 1)))

(define (split-after-char c s f)
  (%split s (%after (string-index s c)) 0 f))

(define (split-before-char c s f)
  (%split s (string-index s c) 0 f))

(define (split-discarding-char c s f)
  (%split s (string-index s c) 1 f))

(define (split-after-char-last c s f)
  (%split s (or (%after (string-rindex s c)) 0) 0 f))

(define (split-before-char-last c s f)
  (%split s (or (string-rindex s c) 0) 0 f))

(define (split-discarding-char-last c s f)
  (let ((at (string-rindex s c)))
    (if at
        (%split s at 1 f)
        (f "" s))))

(define (separate-fields-discarding-char c s f)
  (apply f (string-split s c)))

(define (sans-surrounding-whitespace s)
  (string-trim-both s))

(define (sans-leading-whitespace s)
  (string-trim s))

(define (sans-trailing-whitespace s)
  (string-trim-right s))

(define (has-trailing-newline? s)
  (string-suffix? "\n" s))

(define (sans-final-newline s)
  (if (has-trailing-newline? s)
      (string-drop-right s 1)
      s))

(define (string-prefix-predicate same)
  (lambda (prefix s)
    (and (<= (string-length prefix) (string-length s))
         (same prefix (substring s 0 (string-length prefix))))))

(define (string-prefix=? prefix s)
  (string-prefix? prefix s))
