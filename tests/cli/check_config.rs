//! Whole outputs of check-config.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use super::environment::Environment;

/// A host key that is one.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJPuAaGbCvYOeTzBdxLUxTuTkDhoWqYwuJTcqEQ/pOqs";

/// Where nothing is wrong but what a test does.
fn environment() -> Environment {
    let env = Environment::new();
    for name in ["signing-key.sec", "signing-key.pub"] {
        env.file(&format!("configuration/{name}"), "(key)");
    }
    let key = "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n";
    env.file("key", key);
    fs::set_permissions(env.path("key"), Permissions::from_mode(0o600)).unwrap();
    env
}

impl Environment {
    /// Writes a file, with `%%` for fields that every machine needs. Its own
    /// first line comes second.
    fn machines(&self, name: &str, text: &str) {
        let key = self.path("key").display().to_string();
        let head = format!("(define key \"{key}\") (define host \"{KEY}\")\n");
        let common = "(user \"u\") (systems '(\"x86_64-linux\")) (private-key key) (host-key host)";
        self.file(name, &(head + &text.replace("%%", common)));
    }

    /// The output of check-config on a file with this text.
    fn check(&self, text: &str) -> String {
        self.machines("m.scm", text);
        let shown = self.run("offload", &["check-config", "m.scm"]);
        shown.replace(KEY, "KEY")
    }
}

#[test]
fn machines_are_a_table() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        r#"(list (build-machine (name "a.example.org") %% (speed 2.) (features '("kvm" "big-parallel")))
      (build-machine (name "bücher.example.org") %% (port 2222) (parallel-builds 16)))"#
    ), @r"
    status 0
    --- stdout
    NAME                PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    a.example.org         22  x86_64-linux  u         1      2  kvm big-parallel
    bücher.example.org  2222  x86_64-linux  u        16      1  -

    m.scm: 2 machines, no errors, no warnings
    --- stderr
    ");
    insta::assert_snapshot!(env.check(
        r#"(define (machine n)
  (build-machine (name (string-append "bücher-日本-" n ".example.org")) %%
                 (port 2222) (parallel-builds 16)))
(list (build-machine (inherit (machine "1")) (speed 2.)
                     (systems '("x86_64-linux" "i686-linux" "aarch64-linux" "armhf-linux"))
                     (features '("kvm" "big-parallel" "benchmark" "nixos-test")))
      (machine "2"))"#
    ), @r"
    status 0
    --- stdout
    NAME                       PORT  SYSTEMS        USER  SLOTS  SPEED  FEATURES
    bücher-日本-1.example.org  2222  x86_64-linux   u        16      2  kvm
                                     i686-linux                         big-parallel
                                     aarch64-linux                      benchmark
                                     armhf-linux                        nixos-test
    bücher-日本-2.example.org  2222  x86_64-linux   u        16      1  -

    m.scm: 2 machines, no errors, no warnings
    --- stderr
    ");
    insta::assert_snapshot!(env.check("'()"), @r"
    status 0
    --- stdout
    m.scm: no machines, no errors, no warnings
    --- stderr
    ");
}

#[test]
fn errors_have_place_marker_and_help() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        r#"(list (build-machine (nmae "a") %%)
      (build-machine (name "b") %% (port 22) (port 23))
	(build-machine (name "c" "d") %%)
      (build-machine (name "é") (hostname "x") (user "u"))
      (build-machine (systems '())))"#
    ), @r#"
    status 1
    --- stdout
    m.scm:2:21: error: `nmae` is no field of build-machine [machines::unknown-field]
      (list (build-machine (nmae "a") (user "u") (systems '("x86_64-linux")) (priv…
                           ^^^^^^^^^^
      help: did you mean `name`? The fields are name, port, systems, user, private-key, host-key, compression, compression-level, daemon-socket, overload-threshold, parallel-builds, speed, features
    m.scm:3:115: error: the field `port` is given twice [machines::duplicate-field]
      …ms '("x86_64-linux")) (private-key key) (host-key host) (port 22) (port 23))
                                                                         ^^^^^^^^^
    m.scm:4:23: error: `(name "c" "d")` is no field: a field must be (FIELD VALUE) [machines::invalid-field]
              (build-machine (name "c" "d") (user "u") (systems '("x86_64-linux"))…
                             ^^^^^^^^^^^^^^
      help: for several values write (list VALUE …) or '(VALUE …)
    m.scm:5:32: error: `hostname` is no field of build-machine [machines::unknown-field]
            (build-machine (name "é") (hostname "x") (user "u"))
                                      ^^^^^^^^^^^^^^
      help: the fields are name, port, systems, user, private-key, host-key, compression, compression-level, daemon-socket, overload-threshold, parallel-builds, speed, features
    m.scm:6:6: error: this build machine lacks the fields name, user [machines::missing-field]
            (build-machine (systems '())))
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    m.scm: no machines, 5 errors, no warnings
    --- stderr
    "#);
}

#[test]
fn unbalanced_parentheses() {
    let env = environment();
    insta::assert_snapshot!(env.check("(list\n  (build-machine (name \"a\") %%)\n\n(define x 1)\n"), @r"
    status 1
    --- stdout
    m.scm:2:0: error: this `(` is never closed [machines::read]
      (list
      ^
      help: by the indentation, a `)` is missing at the end of line 3

    m.scm: no machines, 1 error, no warnings
    --- stderr
    ");
    insta::assert_snapshot!(env.check("(list\n  (build-machine (name \"a\") %%)))\n"), @r#"
    status 1
    --- stdout
    m.scm:3:102: error: unexpected `)`: nothing is open here [machines::read]
      … (user "u") (systems '("x86_64-linux")) (private-key key) (host-key host))))
                                                                                  ^

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "#);
}

#[test]
fn unbalanced_parentheses_where_the_indentation_says_nothing() {
    let env = environment();
    // All in one line, and nothing indented.
    insta::assert_snapshot!(env.check(
        "(list (build-machine (name \"a\" (user \"u\")))"
    ), @r##"
    status 1
    --- stdout
    m.scm:2:21: error: this `(` is never closed [machines::read]
      (list (build-machine (name "a" (user "u")))
                           ^
      help: by the fields, a `)` is missing before column 31 of line 2

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "##);
    insta::assert_snapshot!(env.check(
        "(list\n(build-machine\n(name \"a\")\n(systems (list \"x86_64-linux\")\n(user \"u\")))\n"
    ), @r##"
    status 1
    --- stdout
    m.scm:5:0: error: this `(` is never closed [machines::read]
      (systems (list "x86_64-linux")
      ^
      help: by the fields, a `)` is missing at the end of line 5

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "##);
    // One too many in the middle.
    insta::assert_snapshot!(env.check(
        "(list\n  (build-machine\n    (name \"a\")))\n  (build-machine\n    (name \"b\")))\n"
    ), @r##"
    status 1
    --- stdout
    m.scm:3:2: error: this build machine lacks the field user [machines::missing-field]
        (build-machine
        ^^^^^^^^^^^^^^
    m.scm:4:15: error: one `)` too many [machines::read]
          (name "a")))
                     ^
      help: the form of line 2 ends here already, but line 5 is indented as if it belonged to it; so the `)` in line 6 closes nothing
    m.scm:5:2: error: this build machine lacks the field user [machines::missing-field]
        (build-machine
        ^^^^^^^^^^^^^^

    m.scm: no machines, 3 errors, no warnings
    --- stderr
    "##);
    // A `"` that is missing turns all others over.
    insta::assert_snapshot!(env.check(
        "(list\n  (build-machine\n    (name \"a)\n    (user \"u\")))\n"
    ), @r##"
    status 1
    --- stdout
    m.scm:4:10: error: this string is never closed [machines::read]
          (name "a)
                ^
      help: by what follows, a `"` is missing in line 4; a `"` in a string is written `\"`

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "##);
    // What is only the consequence of a parenthesis is not said.
    insta::assert_snapshot!(env.check(
        "(list\n  build-machine\n    (name \"a\")\n    (user \"u\"))\n"
    ), @r##"
    status 1
    --- stdout
    m.scm:3:2: error: `build-machine` is syntax and no procedure: it can only stand first in a list [machines::syntax]
        build-machine
        ^^^^^^^^^^^^^

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "##);
}

#[test]
fn what_cannot_be_read_does_not_hide_the_rest() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        "(list \"a\\qb\" #\\foo)\n)\n(build-machine (name #<x>) (usr \"u\"))\n"
    ), @r##"
    status 1
    --- stdout
    m.scm:2:8: error: invalid escape `\q` in a string [machines::read]
      (list "a\qb" #\foo)
              ^^
      help: a backslash is written `\\`
    m.scm:2:13: error: unknown character name `#\foo` [machines::read]
      (list "a\qb" #\foo)
                   ^^^^^
    m.scm:3:0: error: unexpected `)`: nothing is open here [machines::read]
      )
      ^
    m.scm:4:21: error: unknown syntax `#<x>` [machines::read]
      (build-machine (name #<x>) (usr "u"))
                           ^^^^
      help: this is how a value is shown that cannot be read back
    m.scm:4:27: error: `usr` is no field of build-machine [machines::unknown-field]
      (build-machine (name #<x>) (usr "u"))
                                 ^^^^^^^^^
      help: did you mean `user`? The fields are name, port, systems, user, private-key, host-key, compression, compression-level, daemon-socket, overload-threshold, parallel-builds, speed, features

    m.scm: no machines, 5 errors, no warnings
    --- stderr
    "##);
}

#[test]
fn exceptions_point_at_what_failed() {
    let env = environment();
    insta::assert_snapshot!(env.check("(define (f x)\n  (car x))\n(list (f 5))\n"), @r"
    status 1
    --- stdout
    m.scm:3:2: error: car: argument 1 must be a pair, but it is 5 [machines::wrong-type]
        (car x))
        ^^^^^^^
      m.scm:4:6: called from here

    m.scm: no machines, 1 error, no warnings
    --- stderr
    ");
    insta::assert_snapshot!(env.check("(error \"no machines for\" 'host \"head\" 3)"), @r#"
    status 1
    --- stdout
    m.scm:2:0: error: no machines for host "head" 3 [machines::error]
      (error "no machines for" 'host "head" 3)
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "#);
}

#[test]
fn macros_stand_in_the_trace() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        "(define-syntax-rule (mk n)\n  (build-machine (name n) (usr \"u\")))\n\
         (define-syntax-rule (two n)\n  (list (mk n) (car n)))\n(two \"a\")\n"
    ), @r##"
    status 1
    --- stdout
    m.scm:6:0: error: `usr` is no field of build-machine [machines::unknown-field]
      (two "a")
      ^^^^^^^^^
      help: did you mean `user`? The fields are name, port, systems, user, private-key, host-key, compression, compression-level, daemon-socket, overload-threshold, parallel-builds, speed, features
      m.scm:2:0: in what the macro `mk` makes, defined here
      m.scm:4:0: in what the macro `two` makes, defined here

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "##);
    insta::assert_snapshot!(env.check(
        "(define-syntax-rule (first-of n)\n  (car n))\n\
         (define (f x)\n  (list (first-of x)))\n(f \"a\")\n(f \"b\")\n"
    ), @r##"
    status 1
    --- stdout
    m.scm:5:8: error: car: argument 1 must be a pair, but it is "a" [machines::wrong-type]
        (list (first-of x)))
              ^^^^^^^^^^^^
      m.scm:2:0: in what the macro `first-of` makes, defined here
      m.scm:6:0: called from here

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "##);
}

#[test]
fn a_field_of_many_machines_is_wrong_once() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        "(define (mk n)\n  (build-machine (name n) %% (port \"22\") (speed 'fast)))\n\
         (map mk '(\"a\" \"b\" \"c\"))\n"
    ), @r##"
    status 1
    --- stdout
    m.scm:3:105: error: `port` must be an integer, but it is "22" [machines::wrong-type]
      …86_64-linux")) (private-key key) (host-key host) (port "22") (speed 'fast)))
                                                              ^^^^
      help: write the number without quotes
    m.scm:3:118: error: `speed` must be a number, but it is `fast` [machines::wrong-type]
      …86_64-linux")) (private-key key) (host-key host) (port "22") (speed 'fast)))
                                                                           ^^^^^
      help: build machine `a` and 2 more are left out

    m.scm: no machines, 2 errors, no warnings
    --- stderr
    "##);
}

#[test]
fn values_that_are_no_list_of_machines() {
    let env = environment();
    insta::assert_snapshot!(env.check("(build-machine\n  (name \"a\")\n  %%)"), @r"
    status 1
    --- stdout
    m.scm:2:0: error: the file's last form must be a list of build machines, but it is a single build machine [machines::no-list]
      (build-machine
      ^^^^^^^^^^^^^^
      help: wrap it in a list: (list (build-machine …))

    m.scm: no machines, 1 error, no warnings
    --- stderr
    ");
    insta::assert_snapshot!(env.check("(list (build-machine (name \"a\") %%) 5 #f)"), @r#"
    status 1
    --- stdout
    m.scm:2:0: error: the file's last form must be a list of build machines, but it is a list that contains 5 [machines::no-list]
      (list (build-machine (name "a") (user "u") (systems '("x86_64-linux")) (priv…
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "#);
    insta::assert_snapshot!(env.check("(define machines (list))"), @r"
    status 1
    --- stdout
    m.scm:2:0: error: the file's last form must be a list of build machines, but it is no value [machines::no-list]
      (define machines (list))
      ^^^^^^^^^^^^^^^^^^^^^^^^
      help: end the file with (list MACHINE …)

    m.scm: no machines, 1 error, no warnings
    --- stderr
    ");
    insta::assert_snapshot!(env.check(
        "(list (machine (operating-system os) (environment managed-host-environment-type)
               (configuration (machine-ssh-configuration (host-name \"a\") (system \"x86_64-linux\")))))"
    ), @r##"
    status 1
    --- stdout
    m.scm:2:7: error: unbound variable `machine` [machines::unbound-variable]
      (list (machine (operating-system os) (environment managed-host-environment-t…
             ^^^^^^^
      help: this looks like a file for `guix deploy` or `guix system`: a machine file gives a list of (build-machine …) forms

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "##);
}

#[test]
fn wrong_fields_are_named_each_and_cost_their_machine() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        r#"(define good (build-machine (name "good") %%))
(list (build-machine (name 'a) %% (port "22") (speed "fast") (parallel-builds 1.5)
                     (features "kvm") (overload-threshold 'none) (compression #f)
                     (compression-level 11) (daemon-socket 1))
      (build-machine (inherit good) (name "../b") (systems "x86_64-linux") (user #f))
      good)"#
    ), @r#"
    status 1
    --- stdout
    NAME  PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    good    22  x86_64-linux  u         1      1  -

    m.scm:3:27: error: `name` must be a string, but it is `a` [machines::wrong-type]
      (list (build-machine (name 'a) (user "u") (systems '("x86_64-linux")) (priva…
                                 ^^
      help: this build machine is left out
    m.scm:3:110: error: `port` must be an integer, but it is "22" [machines::wrong-type]
      …te-key key) (host-key host) (port "22") (speed "fast") (parallel-builds 1.5)
                                         ^^^^
      help: write the number without quotes
    m.scm:3:123: error: `speed` must be a number, but it is "fast" [machines::wrong-type]
      …te-key key) (host-key host) (port "22") (speed "fast") (parallel-builds 1.5)
                                                      ^^^^^^
      help: this build machine is left out
    m.scm:3:148: error: `parallel-builds` must be an integer, but it is 1.5 [machines::wrong-type]
      …te-key key) (host-key host) (port "22") (speed "fast") (parallel-builds 1.5)
                                                                               ^^^
      help: this build machine is left out
    m.scm:4:31: error: `features` must be a list of strings, but it is "kvm" [machines::wrong-type]
                           (features "kvm") (overload-threshold 'none) (compressio…
                                     ^^^^^
      help: this build machine is left out
    m.scm:4:58: error: `overload-threshold` must be a number or #f, but it is `none` [machines::wrong-type]
                           (features "kvm") (overload-threshold 'none) (compressio…
                                                                ^^^^^
      help: this build machine is left out
    m.scm:4:78: error: `compression` must be a string, but it is #f [machines::wrong-type]
      …                (features "kvm") (overload-threshold 'none) (compression #f)
                                                                                ^^
      help: this build machine is left out
    m.scm:5:40: error: `compression-level` must be an integer from 0 to 9, but it is 11 [machines::out-of-range]
                           (compression-level 11) (daemon-socket 1))
                                              ^^
      help: this build machine is left out
    m.scm:5:59: error: `daemon-socket` must be a string, but it is 1 [machines::wrong-type]
                           (compression-level 11) (daemon-socket 1))
                                                                 ^
      help: this build machine is left out
    m.scm:6:42: error: `name` must be a host name or address, but it is "../b" [machines::out-of-range]
            (build-machine (inherit good) (name "../b") (systems "x86_64-linux") (…
                                                ^^^^^^
      help: build machine `../b` is left out
    m.scm:6:59: error: `systems` must be a list of strings, but it is "x86_64-linux" [machines::wrong-type]
            (build-machine (inherit good) (name "../b") (systems "x86_64-linux") (…
                                                                 ^^^^^^^^^^^^^^
      help: write (list "x86_64-linux")
    m.scm:6:81: error: `user` must be a string, but it is #f [machines::wrong-type]
      …ild-machine (inherit good) (name "../b") (systems "x86_64-linux") (user #f))
                                                                               ^^
      help: build machine `../b` is left out

    m.scm: 1 machine, 12 errors, no warnings
    --- stderr
    "#);
}

#[test]
fn warnings_about_fields() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        r#"(define base (build-machine (name "base") %%))
(list (build-machine (name "a") %% (parallel-builds 0) (speed -1) (overload-threshold 80)
                     (compression "zstd,zlib") (daemon-socket "ssh://b"))
      (build-machine (inherit base) (name "b") (systems '("amd64" "x86_64-linus" "z80-cpm" "i586-gnu"))
                     (compression "zlib@openssh,none") (ssh-options '("-x"))))"#
    ), @r#"
    status 0
    --- stdout
    NAME  PORT  SYSTEMS                              USER  SLOTS  SPEED  FEATURES
    a       22  x86_64-linux                         u         0     -1  -
    b       22  amd64 x86_64-linus z80-cpm i586-gnu  u         1      1  -

    m.scm:3:122: warning: `parallel-builds` is 0: no build ever goes there [machines::no-slot]
      … key) (host-key host) (parallel-builds 0) (speed -1) (overload-threshold 80)
                                              ^
      help: write how many builds may run there at once, 1 or more
    m.scm:3:132: warning: `speed` is -1, which is not above 0 [machines::odd-speed]
      … key) (host-key host) (parallel-builds 0) (speed -1) (overload-threshold 80)
                                                        ^^
      help: 1.0 stands for a usual machine, 2.0 for one that is twice as fast
    m.scm:3:156: warning: `overload-threshold` is 80, but a load for each processor is meant, which is seldom outside of 0 to 2 [machines::odd-threshold]
      … key) (host-key host) (parallel-builds 0) (speed -1) (overload-threshold 80)
                                                                                ^^
      help: write 0.8 for instance, or #f if the load does not matter
    m.scm:4:34: warning: SSH knows no compression "zstd" [machines::unknown-compression]
                           (compression "zstd,zlib") (daemon-socket "ssh://b"))
                                        ^^^^^^^^^^^
      help: write "none" or "zlib@openssh.com,zlib"
    m.scm:4:62: warning: this `daemon-socket` cannot be used: only unix:// and guix:// can be forwarded to [machines::daemon-socket]
                           (compression "zstd,zlib") (daemon-socket "ssh://b"))
                                                                    ^^^^^^^^^
      help: write an absolute file name, unix:///FILE or guix://HOST:PORT
    m.scm:5:58: warning: Guix knows no system type "amd64" [machines::unknown-system]
            (build-machine (inherit base) (name "b") (systems '("amd64" "x86_64-li…
                                                                ^^^^^^^
      help: did you mean "x86_64-linux"?
    m.scm:5:66: warning: Guix knows no system type "x86_64-linus" [machines::unknown-system]
      …it base) (name "b") (systems '("amd64" "x86_64-linus" "z80-cpm" "i586-gnu"))
                                              ^^^^^^^^^^^^^^
      help: did you mean "x86_64-linux"?
    m.scm:5:81: warning: Guix knows no system type "z80-cpm" [machines::unknown-system]
      …it base) (name "b") (systems '("amd64" "x86_64-linus" "z80-cpm" "i586-gnu"))
                                                             ^^^^^^^^^
      help: it knows x86_64-linux, i686-linux, aarch64-linux, armhf-linux, powerpc64le-linux, powerpc-linux, riscv64-linux, mips64el-linux, i586-gnu, x86_64-gnu
    m.scm:6:34: warning: SSH knows no compression "zlib@openssh" [machines::unknown-compression]
                           (compression "zlib@openssh,none") (ssh-options '("-x"))))
                                        ^^^^^^^^^^^^^^^^^^^
      help: did you mean "zlib@openssh.com"?
    m.scm:6:68: warning: the field `ssh-options` is ignored [machines::obsolete-field]
                           (compression "zlib@openssh,none") (ssh-options '("-x"))))
                                                                          ^^^^^^^
      help: port, user and private-key have fields of their own

    m.scm: 2 machines, no errors, 10 warnings
    --- stderr
    "#);
    insta::assert_snapshot!(env.check(
        r#"(define parent (build-machine (name "a") %%))
(list (build-machine (inherit parent) (system "i686-linux")))"#
    ), @r#"
    status 0
    --- stdout
    NAME  PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    a       22  x86_64-linux  u         1      1  -

    m.scm:3:46: warning: this `system` is ignored: the `systems` at m.scm:2:61 is ("x86_64-linux") and wins [machines::unused-system]
      (list (build-machine (inherit parent) (system "i686-linux")))
                                                    ^^^^^^^^^^^^
      help: write (systems '("i686-linux")) here instead

    m.scm: 1 machine, no errors, 1 warning
    --- stderr
    "#);
}

#[test]
fn warnings_about_machines_that_collide() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        r#"(define base (build-machine (name "b") %%))
(list (build-machine (name "a") %%)
      (build-machine (name "a") %% (port 2222))
      (build-machine (name "a") %% (parallel-builds 4))
      (build-machine (inherit base) (systems '("i686-linux")))
      (build-machine (name "b") %%))"#
    ), @r#"
    status 0
    --- stdout
    NAME  PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    a       22  x86_64-linux  u         1      1  -
    a     2222  x86_64-linux  u         1      1  -
    a       22  x86_64-linux  u         4      1  -
    b       22  i686-linux    u         1      1  -
    b       22  x86_64-linux  u         1      1  -

    m.scm:5:6: warning: build machine "a" (port 22) stands here a second time for "x86_64-linux" (first at m.scm:3:6) [machines::duplicate-machine]
            (build-machine (name "a") (user "u") (systems '("x86_64-linux")) (priv…
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: for more builds at once raise `parallel-builds` of one of them
    m.scm:5:122: warning: build machine "a" (port 22) has 4 slots here and 1 before (first at m.scm:3:6), but they are the same slots [machines::different-slots]
      …ms '("x86_64-linux")) (private-key key) (host-key host) (parallel-builds 4))
                                                                                ^
      help: give all its entries the same `parallel-builds`

    m.scm: 5 machines, no errors, 2 warnings
    --- stderr
    "#);
}

#[test]
fn warnings_about_host_keys() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        r#"(define parent (build-machine (name "a") %%))
(list (build-machine (name "old") (user "u") (port 2222) (system "i686-linux")
                     (private-key (build-machine-private-key parent)))
      (build-machine (inherit parent) (name "b") (host-key "SHA256:abc"))
      (build-machine (inherit parent) (name "c") (host-key (string-append "ssh-rsa" (substring host 11))))
      (build-machine (inherit parent) (name "d") (host-key "ssh-dss AAAAB3NzaC1kc3MAAACBAJ0="))
      (build-machine (inherit parent) (name "e") (host-key "/etc/ssh/ssh_host_ed25519_key.pub"))
      (build-machine (inherit parent) (name "f") (host-key "-----BEGIN OPENSSH PRIVATE KEY-----")))"#
    ), @r#"
    status 0
    --- stdout
    NAME  PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    old   2222  i686-linux    u         1      1  -
    b       22  x86_64-linux  u         1      1  -
    c       22  x86_64-linux  u         1      1  -
    d       22  x86_64-linux  u         1      1  -
    e       22  x86_64-linux  u         1      1  -
    f       22  x86_64-linux  u         1      1  -

    m.scm:3:6: warning: the field `system` is deprecated [machines::obsolete-field]
      (list (build-machine (name "old") (user "u") (port 2222) (system "i686-linux")
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: write (systems '("i686-linux")) instead
    m.scm:3:6: warning: build machine `old` lacks the field host-key [machines::missing-host-key]
      (list (build-machine (name "old") (user "u") (port 2222) (system "i686-linux")
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: its key must be in /etc/ssh/ssh_known_hosts or in the known_hosts of the daemon's user; better write what `ssh-keyscan -t ed25519 -p 2222 old` prints, without the name, into host-key
    m.scm:5:59: warning: this `host-key` cannot be used: it is not of the form "TYPE BASE64" as in OpenSSH's .pub files [machines::no-host-key-line]
            (build-machine (inherit parent) (name "b") (host-key "SHA256:abc"))
                                                                 ^^^^^^^^^^^^
      help: write the line of the machine's /etc/ssh/ssh_host_ed25519_key.pub here, such as "ssh-ed25519 AAAA…"
    m.scm:6:59: warning: this `host-key` cannot be used: the line says ssh-rsa, but the key itself is of another type [machines::host-key-type]
      …parent) (name "c") (host-key (string-append "ssh-rsa" (substring host 11))))
                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: copy the whole line anew from the machine's /etc/ssh/ssh_host_ed25519_key.pub
    m.scm:7:59: warning: this `host-key` cannot be used: keys of type ssh-dss are not supported [machines::unsupported-host-key]
      …e (inherit parent) (name "d") (host-key "ssh-dss AAAAB3NzaC1kc3MAAACBAJ0="))
                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: write the machine's /etc/ssh/ssh_host_ed25519_key.pub here
    m.scm:8:59: warning: this `host-key` cannot be used: it is not of the form "TYPE BASE64" as in OpenSSH's .pub files [machines::no-host-key-line]
      … (inherit parent) (name "e") (host-key "/etc/ssh/ssh_host_ed25519_key.pub"))
                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: write the line of the machine's /etc/ssh/ssh_host_ed25519_key.pub here, such as "ssh-ed25519 AAAA…"
    m.scm:9:59: warning: this `host-key` cannot be used: it is a private key; the public one is needed [machines::no-host-key-line]
      …nherit parent) (name "f") (host-key "-----BEGIN OPENSSH PRIVATE KEY-----")))
                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: write the line of the machine's /etc/ssh/ssh_host_ed25519_key.pub here, such as "ssh-ed25519 AAAA…"

    m.scm: 6 machines, no errors, 7 warnings
    --- stderr
    "#);
}

#[test]
fn warnings_about_private_keys() {
    let env = environment();
    env.file("lsh", "(private-key (rsa-pkcs1-sha1 (n #00#)))");
    env.file(
        "encrypted",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    env.file("public.pub", KEY);
    env.file(
        "open",
        "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n",
    );
    for name in ["lsh", "encrypted", "public.pub", "open"] {
        fs::set_permissions(env.path(name), Permissions::from_mode(0o644)).unwrap();
    }
    let keys = env.path("").display().to_string();
    insta::assert_snapshot!(env.check(&format!(
        r#"(define (file name) (string-append "{keys}" name))
(define parent (build-machine (name "x") %%))
(list (build-machine (inherit parent) (name "a") (private-key "/nonexistent/key"))
      (build-machine (inherit parent) (name "b") (private-key #f))
      (build-machine (inherit parent) (name "c") (private-key (file "lsh")))
      (build-machine (inherit parent) (name "d") (private-key (file "encrypted")))
      (build-machine (inherit parent) (name "e") (private-key (file "public.pub")))
      (build-machine (inherit parent) (name "f") (private-key (file "open")))
      (build-machine (inherit parent) (name "g") (private-key "/")))"#
    )), @r#"
    status 0
    --- stdout
    NAME  PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    a       22  x86_64-linux  u         1      1  -
    b       22  x86_64-linux  u         1      1  -
    c       22  x86_64-linux  u         1      1  -
    d       22  x86_64-linux  u         1      1  -
    e       22  x86_64-linux  u         1      1  -
    f       22  x86_64-linux  u         1      1  -
    g       22  x86_64-linux  u         1      1  -

    m.scm:4:62: warning: the private key /nonexistent/key cannot be used: there is no such file [machines::missing-private-key]
      …(build-machine (inherit parent) (name "a") (private-key "/nonexistent/key"))
                                                               ^^^^^^^^^^^^^^^^^^
      help: correct the machine's `private-key` field, or make a key with `ssh-keygen -t ed25519 -N '' -f FILE`
    m.scm:5:62: warning: `private-key` is #f: no login is possible [machines::no-private-key]
            (build-machine (inherit parent) (name "b") (private-key #f))
                                                                    ^^
      help: name the file of a key, such as "/etc/guix/ssh/id_ed25519"
    m.scm:6:62: warning: the private key DIR/lsh cannot be used: it is a key of lsh, which no SSH library of today reads [machines::lsh-private-key]
            (build-machine (inherit parent) (name "c") (private-key (file "lsh")))
                                                                    ^^^^^^^^^^^^
      help: make a new key with `ssh-keygen -t ed25519 -N '' -f FILE` and authorise it on the machine
    m.scm:7:62: warning: the private key DIR/encrypted cannot be used: it is encrypted with a passphrase, and nobody can be asked for it here [machines::encrypted-private-key]
      …(build-machine (inherit parent) (name "d") (private-key (file "encrypted")))
                                                               ^^^^^^^^^^^^^^^^^^
      help: take the passphrase off (`ssh-keygen -p -N '' -f DIR/encrypted`) or use a key of its own for offloading
    m.scm:8:62: warning: the private key DIR/public.pub cannot be used: it is a public key; the private one is needed [machines::unusable-private-key]
      …build-machine (inherit parent) (name "e") (private-key (file "public.pub")))
                                                              ^^^^^^^^^^^^^^^^^^^
      help: name DIR/public instead
    m.scm:9:62: warning: the private key DIR/open is open to others: its mode is 0644 [machines::exposed-private-key]
            (build-machine (inherit parent) (name "f") (private-key (file "open")))
                                                                    ^^^^^^^^^^^^^
      help: chmod 600 DIR/open
    m.scm:10:62: warning: the private key / cannot be used: it is no regular file [machines::unusable-private-key]
            (build-machine (inherit parent) (name "g") (private-key "/")))
                                                                    ^^^
      help: correct the machine's `private-key` field, or make a key with `ssh-keygen -t ed25519 -N '' -f FILE`

    m.scm: 7 machines, no errors, 7 warnings
    --- stderr
    "#);
}

#[test]
fn a_file_that_includes_itself() {
    let env = environment();
    env.file("self.scm", "(include \"self.scm\")\n");
    insta::assert_snapshot!(env.check("(include \"self.scm\")\n"), @r##"
    status 1
    --- stdout
    DIR/self.scm:1:0: error: files load each other without end [machines::syntax]
      (include "self.scm")
      ^^^^^^^^^^^^^^^^^^^^
      DIR/self.scm:1:0: the file is loaded here
      m.scm:2:0: the file is loaded here

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "##);
    env.file("load.scm", "(load \"load.scm\")\n");
    insta::assert_snapshot!(env.check("(load \"load.scm\")\n"), @r##"
    status 1
    --- stdout
    DIR/load.scm:1:0: error: files load each other without end [machines::syntax]
      (load "load.scm")
      ^^^^^^^^^^^^^^^^^
      DIR/load.scm:1:0: the file is loaded here
      m.scm:2:0: the file is loaded here

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "##);
}

#[test]
fn an_error_does_not_hide_what_comes_after_it() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        "(list (build-machine (name \"a\") (usr \"u\") (port \"22\"))\n      \
         (build-machine (name zed) (user (if #f bar \"u\")) (speed 'fast)))\n\
         (define (f) (foo))\n(define one (first (filter baz '())))\n(list (first one))\n"
    ), @r##"
    status 1
    --- stdout
    m.scm:2:32: error: `usr` is no field of build-machine [machines::unknown-field]
      (list (build-machine (name "a") (usr "u") (port "22"))
                                      ^^^^^^^^^
      help: did you mean `user`? The fields are name, port, systems, user, private-key, host-key, compression, compression-level, daemon-socket, overload-threshold, parallel-builds, speed, features
    m.scm:2:48: error: `port` must be an integer, but it is "22" [machines::wrong-type]
      (list (build-machine (name "a") (usr "u") (port "22"))
                                                      ^^^^
      help: write the number without quotes
    m.scm:3:6: error: this build machine lacks the field systems: no build matches it [machines::missing-field]
            (build-machine (name zed) (user (if #f bar "u")) (speed 'fast)))
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: for instance (systems '("x86_64-linux"))
    m.scm:3:27: error: unbound variable `zed` [machines::unbound-variable]
            (build-machine (name zed) (user (if #f bar "u")) (speed 'fast)))
                                 ^^^
    m.scm:3:45: warning: unbound variable `bar` [machines::unbound-variable]
            (build-machine (name zed) (user (if #f bar "u")) (speed 'fast)))
                                                   ^^^
      help: did you mean `car`?
    m.scm:3:62: error: `speed` must be a number, but it is `fast` [machines::wrong-type]
            (build-machine (name zed) (user (if #f bar "u")) (speed 'fast)))
                                                                    ^^^^^
    m.scm:4:13: warning: unbound variable `foo` [machines::unbound-variable]
      (define (f) (foo))
                   ^^^
    m.scm:5:13: error: unbound variable `first` [machines::unbound-variable]
      (define one (first (filter baz '())))
                   ^^^^^
      help: `first` is in (srfi srfi-1): (use-modules (srfi srfi-1))
    m.scm:5:27: warning: unbound variable `baz` [machines::unbound-variable]
      (define one (first (filter baz '())))
                                 ^^^
    m.scm:6:7: warning: unbound variable `first` [machines::unbound-variable]
      (list (first one))
             ^^^^^
      help: `first` is in (srfi srfi-1): (use-modules (srfi srfi-1))

    m.scm: no machines, 6 errors, 4 warnings
    --- stderr
    "##);
}

#[test]
fn a_signing_key_is_missed_once() {
    let env = environment();
    fs::remove_file(env.path("configuration/signing-key.sec")).unwrap();
    insta::assert_snapshot!(env.check("'()"), @r"
    status 0
    --- stdout
    m.scm:1:0: warning: there is no DIR/configuration/signing-key.sec: machines accept only what is signed [machines::no-signing-key]
      help: run `guix archive --generate-key` as root, and on each machine `guix archive --authorize` with the new signing-key.pub

    m.scm: no machines, no errors, 1 warning
    --- stderr
    ");
}

#[test]
fn a_file_that_it_reads_is_missing() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        "(list (build-machine (name \"vm\") (user \"u\") (systems '(\"i586-gnu\"))
  (host-key (call-with-input-file \"/etc/childhurd/etc/ssh/ssh_host_ed25519_key.pub\"
              (@ (ice-9 textual-ports) get-string-all)))))"
    ), @r#"
    status 0
    --- stdout
    m.scm:3:12: warning: cannot open file `/etc/childhurd/etc/ssh/ssh_host_ed25519_key.pub`: No such file or directory [machines::missing-file]
        (host-key (call-with-input-file "/etc/childhurd/etc/ssh/ssh_host_ed25519_k…
                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: until it is there, the file gives no machines at all

    m.scm: no machines, no errors, 1 warning
    --- stderr
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "JSON is long")]
fn json_is_one_object_and_nothing_else() {
    let env = environment();
    env.machines(
        "m.scm",
        r##"(display "# accept\n")
(list (build-machine (name "a") %% (port "22") (speed 2) (overload-threshold #f) (features '(kvm)))
      (build-machine (name "b") (user "u") (system "i686-linux") (speed 2.) (private-key #f)))"##,
    );
    let shown = env.run("offload", &["check-config", "--json", "m.scm"]);
    insta::assert_snapshot!(shown.replace(KEY, "KEY"), @r#"
    status 1
    --- stdout
    {
      "machines": [
        {
          "name": "a",
          "port": {
            "scheme": "\"22\""
          },
          "systems": [
            "x86_64-linux"
          ],
          "user": "u",
          "private-key": "DIR/key",
          "host-key": "KEY",
          "compression": "zlib@openssh.com,zlib",
          "compression-level": 3,
          "daemon-socket": "/var/guix/daemon-socket/socket",
          "overload-threshold": false,
          "parallel-builds": 1,
          "speed": 2,
          "features": {
            "scheme": "(kvm)"
          },
          "location": {
            "line": 3,
            "column": 6
          }
        },
        {
          "name": "b",
          "port": 22,
          "systems": [
            "i686-linux"
          ],
          "user": "u",
          "private-key": false,
          "host-key": false,
          "compression": "zlib@openssh.com,zlib",
          "compression-level": 3,
          "daemon-socket": "/var/guix/daemon-socket/socket",
          "overload-threshold": 0.8,
          "parallel-builds": 1,
          "speed": 2.0,
          "features": [],
          "location": {
            "line": 4,
            "column": 6
          }
        }
      ],
      "diagnostics": [
        {
          "severity": "error",
          "code": "machines::wrong-type",
          "message": "`port` must be an integer, but it is \"22\"",
          "file": "m.scm",
          "line": 3,
          "column": 111,
          "end_line": 3,
          "end_column": 115,
          "help": "write the number without quotes"
        },
        {
          "severity": "error",
          "code": "machines::wrong-type",
          "message": "`features` must be a list of strings, but it is (kvm)",
          "file": "m.scm",
          "line": 3,
          "column": 161,
          "end_line": 3,
          "end_column": 167,
          "help": "build machine `a` is left out"
        },
        {
          "severity": "warning",
          "code": "machines::obsolete-field",
          "message": "the field `system` is deprecated",
          "file": "m.scm",
          "line": 4,
          "column": 6,
          "end_line": 4,
          "end_column": 93,
          "help": "write (systems '(\"i686-linux\")) instead"
        },
        {
          "severity": "warning",
          "code": "machines::missing-host-key",
          "message": "build machine `b` lacks the field host-key",
          "file": "m.scm",
          "line": 4,
          "column": 6,
          "end_line": 4,
          "end_column": 93,
          "help": "its key must be in /etc/ssh/ssh_known_hosts or in the known_hosts of the daemon's user; better write what `ssh-keyscan -t ed25519 b` prints, without the name, into host-key"
        },
        {
          "severity": "warning",
          "code": "machines::no-private-key",
          "message": "`private-key` is #f: no login is possible",
          "file": "m.scm",
          "line": 4,
          "column": 89,
          "end_line": 4,
          "end_column": 91,
          "help": "name the file of a key, such as \"/etc/guix/ssh/id_ed25519\""
        }
      ]
    }
    --- stderr
    offload: m.scm: # accept
    "#);
}

#[test]
fn json_has_no_machines_where_the_file_is_broken() {
    let env = environment();
    env.machines("m.scm", "(list");
    insta::assert_snapshot!(env.run("offload", &["check-config", "--json", "m.scm"]), @r#"
    status 1
    --- stdout
    {
      "machines": [],
      "diagnostics": [
        {
          "severity": "error",
          "code": "machines::read",
          "message": "this `(` is never closed",
          "file": "m.scm",
          "line": 2,
          "column": 0,
          "end_line": 2,
          "end_column": 1,
          "help": "the file ends before it is closed"
        }
      ]
    }
    --- stderr
    "#);
}

#[test]
fn statuses() {
    let env = environment();
    let status = |arguments: &[&str]| {
        let shown = env.run("offload", arguments);
        shown.lines().next().unwrap().to_owned()
    };
    env.machines("good.scm", "(list (build-machine (name \"a\") %%))");
    env.machines(
        "odd.scm",
        "(list (build-machine (name \"a\") %% (speed 0)))",
    );
    env.machines(
        "bad.scm",
        "(list (build-machine (name \"a\") %% (speed \"x\")))",
    );
    assert_eq!(status(&["check-config", "good.scm"]), "status 0");
    assert_eq!(
        status(&["check-config", "--strict", "good.scm"]),
        "status 0"
    );
    assert_eq!(status(&["check-config", "odd.scm"]), "status 0");
    assert_eq!(status(&["check-config", "odd.scm", "--strict"]), "status 1");
    assert_eq!(status(&["check-config", "good.scm", "bad.scm"]), "status 1");
    assert_eq!(status(&["check-config", "bad.scm", "none.scm"]), "status 2");
    assert_eq!(status(&["check-config", "--json", "none.scm"]), "status 2");
    assert_eq!(status(&["offload", "check-config", "bad.scm"]), "status 1");
}

#[test]
fn several_files_and_standard_input() {
    let env = environment();
    env.machines("a.scm", "(list (build-machine (name \"a\") %%))");
    env.machines("b.scm", "(list (build-machine (name \"b\") %% (speed 0)))");
    insta::assert_snapshot!(env.run("offload", &["check-config", "a.scm", "b.scm"]), @r#"
    status 0
    --- stdout
    NAME  PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    a       22  x86_64-linux  u         1      1  -

    a.scm: 1 machine, no errors, no warnings

    NAME  PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    b       22  x86_64-linux  u         1      0  -

    b.scm:2:112: warning: `speed` is 0, which is not above 0 [machines::odd-speed]
      …") (systems '("x86_64-linux")) (private-key key) (host-key host) (speed 0)))
                                                                               ^
      help: 1.0 stands for a usual machine, 2.0 for one that is twice as fast

    b.scm: 1 machine, no errors, 1 warning
    --- stderr
    "#);
    let mut child = env
        .command("offload")
        .env("GUIX_STATE_DIRECTORY", env.path("state"))
        .env("GUIX_CONFIGURATION_DIRECTORY", env.path("configuration"))
        .args(["check-config", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"(list (car '()))")
        .unwrap();
    insta::assert_snapshot!(env.show(&child.wait_with_output().unwrap()), @r"
    status 1
    --- stdout
    -:1:6: error: car: argument 1 must be a pair, but it is () [machines::wrong-type]
      (list (car '()))
            ^^^^^^^^^

    -: no machines, 1 error, no warnings
    --- stderr
    ");
}

#[test]
fn the_default_file_is_the_hooks() {
    let env = environment();
    insta::assert_snapshot!(env.run("offload", &["check-config"]), @r#"
    status 2
    --- stdout
    --- stderr
    offload: error: no such file: "DIR/configuration/machines.scm"
    "#);
    env.machines(
        "configuration/machines.scm",
        "(list (build-machine (name \"a\") %%))",
    );
    insta::assert_snapshot!(env.run("offload", &["check-config"]), @r"
    status 0
    --- stdout
    NAME  PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    a       22  x86_64-linux  u         1      1  -

    DIR/configuration/machines.scm: 1 machine, no errors, no warnings
    --- stderr
    ");
}

#[test]
fn wrong_usage() {
    let env = environment();
    insta::assert_snapshot!(env.run("offload", &["check-config", "--jsno"]), @r"
    status 2
    --- stdout
    --- stderr
    offload: error: unexpected argument '--jsno' found (see 'offload check-config --help')
    ");
    insta::assert_snapshot!(env.run("offload", &["check-config", "/"]), @r#"
    status 2
    --- stdout
    --- stderr
    offload: error: cannot read "/": Is a directory
    "#);
    insta::assert_snapshot!(env.run("guix", &["offload", "check-config", "--help"]), @r"
    status 0
    --- stdout
    Says what machine files say, and what is wrong with them

    Usage: offload check-config [OPTIONS] [FILE]...

    Arguments:
      [FILE]...  Machine files; '-' is standard input [default: /etc/guix/machines.scm]

    Options:
          --json    Print one JSON object
          --strict  Warnings count as errors
      -h, --help    Print help

    Exit status: 0 if the files can be used, 1 if there are errors (with --strict also
    if there are warnings), 2 for wrong usage or a file that is not there.
    As root it looks as the user whom guix-daemon runs as.
    --- stderr
    ");
}

#[test]
fn what_the_file_prints_cannot_look_like_ours() {
    let env = environment();
    insta::assert_snapshot!(env.check("(display \"m.scm:1:0: error: \\x1b[31mno\\n# accept\")\n'()"), @r"
    status 0
    --- stdout
    m.scm: no machines, no errors, no warnings
    --- stderr
    offload: m.scm: m.scm:1:0: error: \u{1b}[31mno
    offload: m.scm: # accept
    ");
}

#[test]
fn codes_are_explained() {
    let env = environment();
    insta::assert_snapshot!(env.run("offload", &["explain-code", "machines::unknown-field"]), @r"
    status 0
    --- stdout
    machines::unknown-field

    A clause of `build-machine` begins with a name that is none of its fields. The
    help has the nearest field, or all of them.

    Before:

        (prot 2222)

    After:

        (port 2222)
    --- stderr
    ");
    insta::assert_snapshot!(env.run("offload", &["explain-code", "unknown-feild"]), @r#"
    status 2
    --- stdout
    --- stderr
    offload: error: there is no code "unknown-feild"; did you mean 'machines::unknown-field'?
    "#);
    let list = env.run("offload", &["explain-code"]);
    assert!(list.starts_with("status 0\n--- stdout\nmachines::syntax"));
    insta::assert_snapshot!(env.run("offload", &["explain-code", "a", "b"]), @r"
    status 2
    --- stdout
    --- stderr
    offload: error: unexpected argument 'b' found (see 'offload explain-code --help')
    ");
}

/// Root sees what the daemon's user would.
#[test]
fn as_root_it_looks_as_the_daemons_user() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let env = environment();
    fs::set_permissions(env.path("."), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(
        env.path("configuration/signing-key.sec"),
        Permissions::from_mode(0o400),
    )
    .unwrap();
    fs::create_dir_all(env.path("state/db")).unwrap();
    std::os::unix::fs::chown(env.path("state/db"), Some(54321), None).unwrap();
    insta::assert_snapshot!(env.check(
        r#"(list (build-machine (name "a") %%)
      (build-machine (name "b") %%)
      (build-machine (name "c") (user "u") (systems '("x86_64-linux")) (host-key host)))"#
    ), @r#"
    status 0
    --- stdout
    NAME  PORT  SYSTEMS       USER  SLOTS  SPEED  FEATURES
    a       22  x86_64-linux  u         1      1  -
    b       22  x86_64-linux  u         1      1  -
    c       22  x86_64-linux  u         1      1  -

    m.scm:2:84: warning: the private key DIR/key cannot be used: user 54321 may not read it: it belongs to root, mode 0600 [machines::unreadable-private-key]
      …") (user "u") (systems '("x86_64-linux")) (private-key key) (host-key host))
                                                              ^^^
      help: let user 54321 read it: `chown 54321 DIR/key && chmod 600 DIR/key`, or give that user a key of its own
    m.scm:4:6: warning: there is no `private-key`, and user 54321 has no home directory with one [machines::no-home]
            (build-machine (name "c") (user "u") (systems '("x86_64-linux")) (host…
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: add the field, such as (private-key "/etc/guix/ssh/id_ed25519"), with a file that this user may read
    m.scm:1:0: warning: user 54321 cannot read DIR/configuration/signing-key.sec: Permission denied [machines::unreadable-signing-key]
      help: chown 54321 DIR/configuration/signing-key.sec

    m.scm: 3 machines, no errors, 3 warnings
    --- stderr
    "#);
}

/// Nothing is wrong with the examples but what is missing on this host, and
/// the age that some have on purpose.
#[test]
fn the_examples_are_clean() {
    let env = environment();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "scm") {
            continue;
        }
        count += 1;
        let shown = env.run("offload", &["check-config".as_ref(), file.as_os_str()]);
        assert!(shown.starts_with("status 0"), "{shown}");
        for line in shown.lines() {
            let Some((_, code)) = line.split_once("[machines::") else {
                continue;
            };
            let expected = ["missing-private-key]", "missing-file]"].contains(&code)
                || file.to_string_lossy().contains("machines-201");
            assert!(expected, "{line}");
        }
    }
    assert!(count >= 12);
}

#[test]
fn what_a_macro_wrote_into_a_field_is_traced_to_the_macro() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        "(define-syntax-rule (machine n)\n  (build-machine (name n) (port \"22\") %%))\n\
         (list (machine \"a\"))\n"
    ), @r#"
    status 1
    --- stdout
    m.scm:4:6: error: `port` must be an integer, but it is "22" [machines::wrong-type]
      (list (machine "a"))
            ^^^^^^^^^^^^^
      help: write the number without quotes
      m.scm:2:0: in what the macro `machine` makes, defined here

    m.scm: no machines, 1 error, no warnings
    --- stderr
    "#);
}

#[test]
fn a_parent_needs_no_systems_beside_another_error() {
    let env = environment();
    insta::assert_snapshot!(env.check(
        "(define base (build-machine (name \"base\") (user \"u\")))\n\
         (list (build-machine (inherit base) (name \"a\"))\n      \
         (build-machine (name zed) (user \"u\")))\n"
    ), @r#"
    status 1
    --- stdout
    m.scm:4:6: error: this build machine lacks the field systems: no build matches it [machines::missing-field]
            (build-machine (name zed) (user "u")))
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: for instance (systems '("x86_64-linux"))
    m.scm:4:27: error: unbound variable `zed` [machines::unbound-variable]
            (build-machine (name zed) (user "u")))
                                 ^^^

    m.scm: no machines, 2 errors, no warnings
    --- stderr
    "#);
}
