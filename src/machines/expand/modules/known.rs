//! Names that Guile and Guix have and this may not, so that a message can say
//! so.

/// A module a line, with what it exports; (guile): what is there without an
/// import (asked of Guile 3.0.11 and Guix 1.5.0 with `module-map`).
const KNOWN: &str = include_str!("known.txt");

/// Where a name is looked for first: the module that people mean.
const PREFERRED: &[&str] = &[
    "(guile)",
    "(srfi srfi-1)",
    "(ice-9 match)",
    "(ice-9 receive)",
    "(ice-9 rdelim)",
    "(ice-9 textual-ports)",
    "(ice-9 popen)",
    "(ice-9 ftw)",
    "(ice-9 threads)",
    "(ice-9 regex)",
    "(ice-9 control)",
    "(ice-9 format)",
    "(ice-9 pretty-print)",
    "(ice-9 string-fun)",
    "(ice-9 optargs)",
    "(ice-9 binary-ports)",
    "(ice-9 hash-table)",
    "(srfi srfi-2)",
    "(srfi srfi-8)",
    "(srfi srfi-9)",
    "(srfi srfi-11)",
    "(srfi srfi-13)",
    "(srfi srfi-26)",
    "(srfi srfi-34)",
    "(srfi srfi-35)",
    "(ice-9 exceptions)",
    "(srfi srfi-43)",
    "(srfi srfi-69)",
    "(guix scripts offload)",
    "(guix utils)",
    "(guix platform)",
    "(gnu services herd)",
    "(rnrs base)",
    "(scheme base)",
];

/// Families of modules that nobody needs one by one.
const FAMILIES: &[&str] = &[
    "(gnu packages ",
    "(language ",
    "(oop goops",
    "(scripts ",
    "(statprof)",
    "(sxml ",
    "(system ",
    "(texinfo",
];

/// The module that has a name in Guile.
pub fn known_module_of(name: &str) -> Option<&'static str> {
    PREFERRED
        .iter()
        .copied()
        .find(|module| is_known_export(module, name))
        .or_else(|| {
            modules()
                .find(|(_, names)| names.split(' ').any(|known| known == name))
                .map(|(module, _)| module)
        })
        .map(|module| match module {
            // The core has all of it, through its own imports (measured).
            "(ice-9 ports)" | "(ice-9 deprecated)" | "(srfi srfi-4)" => "(guile)",
            module => module,
        })
}

/// Tells whether Guile or Guix has this module.
pub(super) fn is_known_module(name: &str) -> bool {
    FAMILIES.iter().any(|family| name.starts_with(family))
        || modules().any(|(module, _)| module == name)
}

/// Tells whether a module has this name in Guile.
pub(super) fn is_known_export(module: &str, name: &str) -> bool {
    modules()
        .find(|(known, _)| *known == module)
        .is_some_and(|(_, names)| names.split(' ').any(|known| known == name))
}

fn modules() -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.lines().filter_map(|line| {
        let end = line.find(')')?.saturating_add(1);
        Some(line.split_at(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_people_look_for_them() {
        for (name, module) in [
            ("fold", "(srfi srfi-1)"),
            ("car", "(guile)"),
            ("match", "(ice-9 match)"),
            ("read-line", "(ice-9 rdelim)"),
            ("get-string-all", "(ice-9 textual-ports)"),
            ("let-values", "(srfi srfi-11)"),
            ("%current-system", "(guix utils)"),
            ("build-machine", "(guix scripts offload)"),
        ] {
            assert_eq!(known_module_of(name), Some(module));
        }
        assert_eq!(known_module_of("no-such-thing"), None);
        assert!(is_known_module("(guix gexp)"));
        assert!(is_known_module("(gnu packages emacs)"));
        assert!(!is_known_module("(foo bar)"));
    }
}
