;;; (ice-9 ftw): walks through directories.

(define-module (ice-9 ftw)
  #:export
  (file-system-fold file-system-tree ftw nftw scandir))

(define (scandir name . options)
  (let ((names (%directory-entries name))
        (select? (if (pair? options) (car options) (const #t)))
        (less (if (and (pair? options) (pair? (cdr options)))
                  (cadr options)
                  string<?)))
    (and names
         (sort (filter select? names) less))))

(define (%children name)
  (filter (lambda (child) (not (member child '("." ".."))))
          (or (%directory-entries name) '())))

(define (%flag status)
  (if (eq? (stat:type status) 'directory) 'directory 'regular))

(define (ftw name f . options)
  (let loop ((name name))
    (let ((status (stat name #f)))
      (if (not status)
          (f name #f 'invalid-stat)
          (and (f name status (%flag status))
               (or (not (eq? (stat:type status) 'directory))
                   (and-map (lambda (child)
                              (loop (in-vicinity name child)))
                            (%children name))))))))

(define (nftw name f . options)
  (let loop ((name name) (level 0))
    (let* ((status (lstat name #f))
           (base (- (string-length name) (string-length (basename name)))))
      (if (not status)
          (f name #f 'invalid-stat base level)
          (and (f name
                  status
                  (if (eq? (stat:type status) 'symlink)
                      'symlink
                      (%flag status))
                  base
                  level)
               (or (not (eq? (stat:type status) 'directory))
                   (and-map (lambda (child)
                              (loop (in-vicinity name child) (+ level 1)))
                            (%children name))))))))

(define (file-system-fold enter? leaf down up skip error init name . options)
  (let ((look (if (pair? options) (car options) lstat)))
    (let loop ((name name) (result init))
      (let ((status (false-if-exception (look name))))
        (cond ((not status)
               (error name #f 2 result))
              ((not (eq? (stat:type status) 'directory))
               (leaf name status result))
              ((not (enter? name status result))
               (skip name status result))
              (else
               (let walk ((children (sort (%children name) string<?))
                          (result (down name status result)))
                 (if (null? children)
                     (up name status result)
                     (walk (cdr children)
                           (loop (in-vicinity name (car children))
                                 result))))))))))

(define (file-system-tree name . options)
  (let* ((enter? (if (pair? options) (car options) (lambda (name status) #t)))
         (look (if (and (pair? options) (pair? (cdr options)))
                   (cadr options)
                   lstat)))
    (let loop ((name name))
      (let ((status (false-if-exception (look name))))
        (and status
             (if (and (eq? (stat:type status) 'directory)
                      (enter? name status))
                 (cons* (basename name)
                        status
                        (filter identity
                                (%map1 (lambda (child)
                                         (loop (in-vicinity name child)))
                                       (sort (%children name) string<?))))
                 (list (basename name) status)))))))
