;;; (ice-9 popen): what is read from a process is read when it has ended.

(define-module (ice-9 popen)
  #:export
  (close-pipe open-input-output-pipe open-input-pipe open-output-pipe
   open-pipe open-pipe*))

(define (open-input-pipe line)
  (%run-for-output #f line))

(define (%check-mode mode)
  (if (not (equal? mode OPEN_READ))
      (%unsupported "a pipe to a process")))

(define (open-pipe line mode)
  (%check-mode mode)
  (%run-for-output #f line))

(define (open-pipe* mode program . arguments)
  (%check-mode mode)
  (apply %run-for-output #t program arguments))

(define (open-output-pipe line)
  (%check-mode OPEN_WRITE))

(define (open-input-output-pipe line)
  (%check-mode OPEN_BOTH))
