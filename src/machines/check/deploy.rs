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
    diagnostics.retain(|diagnostic| {
        let name = diagnostic
            .message
            .strip_prefix("unbound variable `")
            .and_then(|name| name.strip_suffix('`'));
        diagnostic.is_error() || name.and_then(Field::named).is_none()
    });
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
    diagnostics.retain(|one| one.is_error() || one.code != "machines::unbound-variable");
    let unbound =
        |one: &&mut Diagnostic| one.code == "machines::unbound-variable" && one.is_error();
    if let Some(first) = diagnostics.iter_mut().find(unbound) {
        first.help = Some(
            "this looks like a file for `guix deploy` or `guix system`: a machine file gives a \
             list of (build-machine …) forms"
                .into(),
        );
    }
}
