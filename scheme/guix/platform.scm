;;; (guix platform): the platforms of Guix 1.5.0.

(define-module (guix platform)
  #:use-module ((srfi srfi-1) #:select (find filter-map))
  #:use-module ((ice-9 exceptions) #:select (guard))
  #:export
  (platform? platform-target platform-system platform-linux-architecture
   platform-rust-target platform-glibc-dynamic-linker
   &platform-not-found-error platform-not-found-error?
   false-if-platform-not-found platforms systems targets
   lookup-platform-by-system lookup-platform-by-target
   lookup-platform-by-target-or-system platform-system->target
   platform-target->system)
  #:interface (platform platform-modules))

(define platform? (%standard-record-predicate '<platform>))
(define platform-target (%standard-record-accessor '<platform> 'target 'platform-target))
(define platform-system (%standard-record-accessor '<platform> 'system 'platform-system))
(define platform-linux-architecture (%standard-record-accessor '<platform> 'linux-architecture 'platform-linux-architecture))
(define platform-rust-target (%standard-record-accessor '<platform> 'rust-target 'platform-rust-target))
(define platform-glibc-dynamic-linker (%standard-record-accessor '<platform> 'glibc-dynamic-linker 'platform-glibc-dynamic-linker))

(define &platform-not-found-error (%standard-type '&platform-not-found-error))
(define platform-not-found-error? (%standard-predicate '&platform-not-found-error))
(define %make-platform-not-found-error (%standard-constructor '&platform-not-found-error '%make-platform-not-found-error))

(define-syntax-rule (false-if-platform-not-found expression)
  (guard (c ((platform-not-found-error? c) #f))
    expression))

(define (platforms)
  (%platforms))

(define (systems)
  (filter-map platform-system (%platforms)))

(define (targets)
  (map platform-target (%platforms)))

(define (%lookup found name)
  (or found (%raise (%make-platform-not-found-error name))))

(define (lookup-platform-by-system system)
  (%lookup (find (lambda (platform)
                   (equal? (platform-system platform) system))
                 (%platforms))
           system))

(define (lookup-platform-by-target target)
  (%lookup (find (lambda (platform)
                   (equal? (platform-target platform) target))
                 (%platforms))
           target))

(define (lookup-platform-by-target-or-system name)
  (%lookup (find (lambda (platform)
                   (or (equal? (platform-target platform) name)
                       (equal? (platform-system platform) name)))
                 (%platforms))
           name))

(define (platform-system->target system)
  (platform-target (lookup-platform-by-system system)))

(define (platform-target->system target)
  (platform-system (lookup-platform-by-target target)))
