(load "25-part.inc")
(append parts (include "25-more.inc") (primitive-load (string-append (dirname (current-filename)) "/25-last.inc")))
