//! The modules of control, records and patterns, with their texts.

/// A module's name and text.
macro_rules! module {
    ($name:literal, $file:literal) => {
        ($name, include_str!(concat!("../../../../scheme/", $file)))
    };
}

/// Modules by name.
pub(super) const CONTROL: &[(&str, &str)] = &[module!("(ice-9 match)", "ice-9/match.scm")];
