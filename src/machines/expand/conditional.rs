//! `cond-expand`: forms by what is there.

use super::scope::base_name;
use super::{Expanded, malformed};
use crate::machines::datum::Datum;

/// What Guile 3.0.11 says that it has (`%cond-expand-features`, measured).
pub const FEATURES: &[&str] = &[
    "guile",
    "guile-2",
    "guile-2.2",
    "guile-3",
    "guile-3.0",
    "r5rs",
    "r6rs",
    "r7rs",
    "exact-closed",
    "ieee-float",
    "full-unicode",
    "ratios",
    "srfi-0",
    "srfi-4",
    "srfi-6",
    "srfi-13",
    "srfi-14",
    "srfi-16",
    "srfi-23",
    "srfi-30",
    "srfi-39",
    "srfi-46",
    "srfi-55",
    "srfi-61",
    "srfi-62",
    "srfi-87",
    "srfi-105",
    "srfi-244",
];

/// The forms of the first clause whose requirement is met.
pub(super) fn chosen<'d>(datum: &Datum, clauses: &'d [Datum]) -> Expanded<&'d [Datum]> {
    for clause in clauses {
        let Some((requirement, forms)) = clause.list().and_then(<[Datum]>::split_first) else {
            return Err(malformed(
                clause.span,
                "a clause of `cond-expand` must be (REQUIREMENT FORM …)",
            ));
        };
        if is_met(requirement)? {
            return Ok(forms);
        }
    }
    Err(malformed(
        datum.span,
        "no clause of this `cond-expand` applies here",
    ))
}

fn is_met(requirement: &Datum) -> Expanded<bool> {
    let bad = || malformed(requirement.span, "this is no requirement");
    if let Some(name) = requirement.symbol() {
        let name = base_name(name);
        return Ok(name == "else" || FEATURES.contains(&name));
    }
    let (head, rest) = requirement
        .list()
        .and_then(<[Datum]>::split_first)
        .ok_or_else(bad)?;
    match head.symbol().map(|name| base_name(name)) {
        Some("and") => {
            for part in rest {
                if !is_met(part)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Some("or") => {
            for part in rest {
                if is_met(part)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Some("not") => match rest {
            [part] => Ok(!is_met(part)?),
            _ => Err(bad()),
        },
        _ => Err(bad()),
    }
}
