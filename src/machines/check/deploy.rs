//! Files for another program under the same name.

use crate::machines::diagnostic::Diagnostic;

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

/// Says so where the unbound names show that the file is for `guix deploy`.
pub fn recognise_deploy_file(diagnostics: &mut [Diagnostic]) {
    let names = |diagnostic: &Diagnostic| {
        diagnostic.code == "machines::unbound-variable"
            && NAMES
                .iter()
                .any(|name| diagnostic.message.contains(&format!("`{name}`")))
    };
    if !diagnostics.iter().any(names) {
        return;
    }
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
