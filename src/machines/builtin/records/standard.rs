//! Guile's own types of exceptions.

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::ManuallyDrop;

use super::{new_record, new_type, type_in};
use crate::machines::engine::{Value, unspecified};

/// Name, parent, own fields.
type Row = (&'static str, &'static str, &'static [&'static str]);

/// The types of boot-9 and (ice-9 exceptions) (measured, Guile 3.0.11).
const TYPES: &[Row] = &[
    ("&exception", "", &[]),
    ("&compound-exception", "", &["components"]),
    ("&error", "&exception", &[]),
    ("&programming-error", "&error", &[]),
    ("&non-continuable", "&programming-error", &[]),
    ("&assertion-failure", "&programming-error", &[]),
    ("&implementation-restriction", "&programming-error", &[]),
    ("&lexical", "&programming-error", &[]),
    ("&syntax", "&programming-error", &["form", "subform"]),
    ("&undefined-variable", "&programming-error", &[]),
    ("&message", "&exception", &["message"]),
    ("&irritants", "&exception", &["irritants"]),
    ("&origin", "&exception", &["origin"]),
    ("&warning", "&exception", &[]),
    ("&external-error", "&error", &[]),
    ("&quit-exception", "&exception", &["code"]),
    (
        "&exception-with-kind-and-args",
        "&exception",
        &["kind", "args"],
    ),
    // (gnu services herd)
    ("&shepherd-error", "&error", &[]),
    ("&service-not-found-error", "&shepherd-error", &["service"]),
    (
        "&action-not-found-error",
        "&shepherd-error",
        &["service", "action"],
    ),
    (
        "&action-exception-error",
        "&shepherd-error",
        &["service", "action", "key", "args"],
    ),
    ("&unknown-shepherd-error", "&shepherd-error", &["sexp"]),
    (
        "<live-service>",
        "",
        &["provision", "requirement", "transient?", "running"],
    ),
    // (rnrs hashtables)
    ("<hashtable>", "", &["table", "kind"]),
    // (guix platform)
    ("&platform-not-found-error", "&error", &["target-or-system"]),
    (
        "<platform>",
        "",
        &[
            "target",
            "system",
            "linux-architecture",
            "rust-target",
            "glibc-dynamic-linker",
        ],
    ),
];

thread_local! {
    static MADE: RefCell<ManuallyDrop<HashMap<&'static str, Value>>> = RefCell::default();
}

pub(super) fn reset() {
    MADE.with_borrow_mut(|made| made.clear());
}

/// The type of this name; made when it is first asked for.
pub fn standard_type(name: &str) -> Option<Value> {
    if let Some(made) = MADE.with_borrow(|made| made.get(name).cloned()) {
        return Some(made);
    }
    let (name, parent, fields) = TYPES.iter().find(|(known, ..)| *known == name)?;
    let parent = standard_type(parent);
    let fields = fields.iter().map(|field| (*field).into()).collect();
    let exception = name.starts_with('&') && *name != "&compound-exception";
    let made = new_type(name, fields, parent, exception).ok()?;
    MADE.with_borrow_mut(|all| all.insert(name, made.clone()));
    Some(made)
}

/// An exception of a standard type.
pub fn standard(name: &str, fields: Vec<Value>) -> Value {
    standard_type(name)
        .and_then(|of| type_in(&of))
        .and_then(|of| new_record(of, fields).ok())
        .unwrap_or_else(unspecified)
}
