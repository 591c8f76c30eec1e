//! Unbound names that are only the consequence of something else: fields
//! outside a machine, files for another program under the same name.

use crate::machines::diagnostic::Diagnostic;
use crate::machines::record::Field;

/// Names that stand in files for `guix deploy` or `guix system`, and in no
/// machine file.
const NAMES: [&str; 7] = [
    "machine-ssh-configuration",
    "managed-host-environment-type",
    "digital-ocean-configuration",
    "digital-ocean-environment-type",
    "hetzner-configuration",
    "hetzner-environment-type",
    "operating-system",
];

/// Leaves out warnings about unbound names that are those of fields, where
/// something is wrong with the file's structure: they stand outside their
/// machine, or were meant to be a clause.
pub fn drop_lost_fields(diagnostics: &mut Vec<Diagnostic>) {
    let is_structural = |diagnostic: &Diagnostic| {
        diagnostic.is_error()
            && matches!(
                &*diagnostic.code,
                "machines::read" | "machines::syntax" | "machines::invalid-field"
            )
    };
    if !diagnostics.iter().any(is_structural) {
        return;
    }
    diagnostics.retain(|diagnostic| diagnostic.is_error() || !is_lost_field(diagnostic));
}

/// Tells whether it is about an unbound name that is a field's.
pub fn is_lost_field(diagnostic: &Diagnostic) -> bool {
    let name = diagnostic.message.strip_prefix("unbound variable `");
    let name = name.and_then(|name| name.strip_suffix('`'));
    name.and_then(Field::named).is_some()
}

/// Says so where the unbound names show that the file is for `guix deploy`;
/// which they are matters no more then.
pub fn recognise_deploy_file(diagnostics: &mut Vec<Diagnostic>) {
    let names = |diagnostic: &Diagnostic| {
        diagnostic.code == "machines::unbound-variable"
            && NAMES
                .iter()
                .any(|name| diagnostic.message.contains(&format!("`{name}`")))
    };
    if !diagnostics.iter().any(names) {
        return;
    }
    let mut first = true;
    diagnostics.retain_mut(|one| {
        if one.code != "machines::unbound-variable" {
            return true;
        }
        let keep = one.is_error() && first;
        if keep {
            first = false;
            one.help = Some(
                "this looks like a file for `guix deploy` or `guix system`: a machine file gives \
                 a list of (build-machine …) forms"
                    .into(),
            );
        }
        keep
    });
}
