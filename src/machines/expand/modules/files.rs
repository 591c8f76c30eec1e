//! The modules of control, records and patterns, and of data, with their
//! texts.

/// A module's name and text.
macro_rules! module {
    ($name:literal, $file:literal) => {
        ($name, include_str!(concat!("../../../../scheme/", $file)))
    };
}

/// Modules by name.
pub(super) const CONTROL: &[(&str, &str)] = &[
    module!("(gnu services herd)", "gnu/services/herd.scm"),
    module!("(guix platform)", "guix/platform.scm"),
    module!("(guix records)", "guix/records.scm"),
    module!("(guix utils)", "guix/utils.scm"),
    module!("(ice-9 and-let-star)", "ice-9/and-let-star.scm"),
    module!("(ice-9 control)", "ice-9/control.scm"),
    module!(
        "(ice-9 curried-definitions)",
        "ice-9/curried-definitions.scm"
    ),
    module!("(ice-9 exceptions)", "ice-9/exceptions.scm"),
    module!("(ice-9 match)", "ice-9/match.scm"),
    module!("(ice-9 optargs)", "ice-9/optargs.scm"),
    module!("(ice-9 receive)", "ice-9/receive.scm"),
    module!("(ice-9 threads)", "ice-9/threads.scm"),
    module!("(rnrs base)", "rnrs/base.scm"),
    module!("(rnrs conditions)", "rnrs/conditions.scm"),
    module!("(rnrs control)", "rnrs/control.scm"),
    module!("(rnrs eval)", "rnrs/eval.scm"),
    module!("(rnrs exceptions)", "rnrs/exceptions.scm"),
    module!("(rnrs files)", "rnrs/files.scm"),
    module!("(rnrs hashtables)", "rnrs/hashtables.scm"),
    module!("(rnrs io ports)", "rnrs/io/ports.scm"),
    module!("(rnrs io simple)", "rnrs/io/simple.scm"),
    module!("(rnrs lists)", "rnrs/lists.scm"),
    module!("(rnrs mutable-pairs)", "rnrs/mutable-pairs.scm"),
    module!("(rnrs mutable-strings)", "rnrs/mutable-strings.scm"),
    module!("(rnrs programs)", "rnrs/programs.scm"),
    module!("(rnrs sorting)", "rnrs/sorting.scm"),
    module!("(rnrs unicode)", "rnrs/unicode.scm"),
    module!("(rnrs)", "rnrs.scm"),
    module!("(scheme base)", "scheme/base.scm"),
    module!("(scheme case-lambda)", "scheme/case-lambda.scm"),
    module!("(scheme char)", "scheme/char.scm"),
    module!("(scheme complex)", "scheme/complex.scm"),
    module!("(scheme cxr)", "scheme/cxr.scm"),
    module!("(scheme eval)", "scheme/eval.scm"),
    module!("(scheme file)", "scheme/file.scm"),
    module!("(scheme inexact)", "scheme/inexact.scm"),
    module!("(scheme lazy)", "scheme/lazy.scm"),
    module!("(scheme load)", "scheme/load.scm"),
    module!("(scheme process-context)", "scheme/process-context.scm"),
    module!("(scheme r5rs)", "scheme/r5rs.scm"),
    module!("(scheme read)", "scheme/read.scm"),
    module!("(scheme time)", "scheme/time.scm"),
    module!("(scheme write)", "scheme/write.scm"),
    module!("(srfi srfi-11)", "srfi/srfi-11.scm"),
    module!("(srfi srfi-16)", "srfi/srfi-16.scm"),
    module!("(srfi srfi-17)", "srfi/srfi-17.scm"),
    module!("(srfi srfi-2)", "srfi/srfi-2.scm"),
    module!("(srfi srfi-26)", "srfi/srfi-26.scm"),
    module!("(srfi srfi-31)", "srfi/srfi-31.scm"),
    module!("(srfi srfi-34)", "srfi/srfi-34.scm"),
    module!("(srfi srfi-35)", "srfi/srfi-35.scm"),
    module!("(srfi srfi-39)", "srfi/srfi-39.scm"),
    module!("(srfi srfi-41)", "srfi/srfi-41.scm"),
    module!("(srfi srfi-45)", "srfi/srfi-45.scm"),
    module!("(srfi srfi-71)", "srfi/srfi-71.scm"),
    module!("(srfi srfi-8)", "srfi/srfi-8.scm"),
    module!("(srfi srfi-9 gnu)", "srfi/srfi-9/gnu.scm"),
    module!("(srfi srfi-9)", "srfi/srfi-9.scm"),
];

/// Modules of data by name.
pub(super) const DATA: &[(&str, &str)] = &[
    module!("(ice-9 binary-ports)", "ice-9/binary-ports.scm"),
    module!("(ice-9 format)", "ice-9/format.scm"),
    module!("(ice-9 ftw)", "ice-9/ftw.scm"),
    module!("(ice-9 hash-table)", "ice-9/hash-table.scm"),
    module!("(ice-9 iconv)", "ice-9/iconv.scm"),
    module!("(ice-9 list)", "ice-9/list.scm"),
    module!("(ice-9 popen)", "ice-9/popen.scm"),
    module!("(ice-9 pretty-print)", "ice-9/pretty-print.scm"),
    module!("(ice-9 q)", "ice-9/q.scm"),
    module!("(ice-9 regex)", "ice-9/regex.scm"),
    module!("(ice-9 string-fun)", "ice-9/string-fun.scm"),
    module!("(ice-9 vlist)", "ice-9/vlist.scm"),
    module!("(rnrs bytevectors)", "rnrs/bytevectors.scm"),
    module!("(srfi srfi-13)", "srfi/srfi-13.scm"),
    module!("(srfi srfi-14)", "srfi/srfi-14.scm"),
    module!("(srfi srfi-19)", "srfi/srfi-19.scm"),
    module!("(srfi srfi-43)", "srfi/srfi-43.scm"),
    module!("(srfi srfi-69)", "srfi/srfi-69.scm"),
];
