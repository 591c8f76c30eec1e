//! What emitted text calls.

use super::Table;
use super::arguments::Arguments;
use crate::machines::engine::{
    self, Answer, End, Failure, Fault, Value, boolean, fault, is_procedure, is_unset, raise,
    unspecified,
};

pub const TABLE: Table = &[
    ("%at", at),
    ("%site", site),
    ("%check", check),
    ("%check-lengths", check_lengths),
    ("%check-list", check_list),
    ("%check-procedure", check_procedure),
    ("%wrong-type", wrong_type),
    ("%unbound", unbound),
    ("procedure?", procedure),
];

/// `(%at FORM)`: this top-level form begins.
fn at(values: &[Value]) -> Answer {
    let form = Arguments::exactly("%at", values, 1)?.index(0)?;
    engine::enter(engine::program().forms.get(form).map(|form| form.span));
    Ok(unspecified())
}

/// `(%site SITE PROCEDURE)`: the file calls this procedure of the library
/// here. Stands in the place of the operator, which Steel evaluates last.
fn site(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%site", values, 2)?;
    let site = arguments.index(0)?;
    engine::enter(engine::program().sites.get(site).copied());
    arguments.value(1).cloned()
}

/// `(%check VALUE REFERENCE)`: the value of a variable that may have none.
fn check(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%check", values, 2)?;
    let value = arguments.value(0)?;
    if is_unset(value) {
        return Err(unbound_fault(arguments.index(1)?));
    }
    Ok(value.clone())
}

/// `(%unbound REFERENCE)`: a name that nothing binds is reached.
fn unbound(values: &[Value]) -> Answer {
    let reference = Arguments::exactly("%unbound", values, 1)?.index(0)?;
    Err(unbound_fault(reference))
}

fn unbound_fault(reference: usize) -> Fault {
    let program = engine::program();
    let failure = match program.references.get(reference) {
        Some(reference) => Failure {
            span: Some(reference.span),
            ..Failure::new(
                "unbound-variable",
                if reference.unbound {
                    format!("unbound variable `{}`", reference.name)
                } else {
                    format!("`{}` is used before its definition", reference.name)
                },
            )
        },
        None => Failure::new("unbound-variable", "unbound variable"),
    };
    fault(failure)
}

/// `(%check-list NAME POSITION VALUE)`
fn check_list(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%check-list", values, 3)?;
    let value = arguments.value(2)?;
    if !matches!(engine::walk(value, |_| ()), End::Proper) {
        return Err(raise::wrong_type_saying(
            &arguments.text(0)?,
            "Not a list: ~S",
            value,
        ));
    }
    Ok(unspecified())
}

/// `(%check-lengths NAME LIST LISTS)`: the lists are equally long.
fn check_lengths(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%check-lengths", values, 3)?;
    let name = &*arguments.text(0)?;
    let length = arguments.list(1)?.len();
    for list in arguments.list(2)? {
        match engine::list_items(&list) {
            Some(items) if items.len() == length => {}
            Some(_) => {
                return Err(raise::wrong_type_saying(
                    name,
                    "List of wrong length: ~S",
                    &list,
                ));
            }
            None => return Err(raise::wrong_type_saying(name, "Not a list: ~S", &list)),
        }
    }
    Ok(unspecified())
}

/// `(%check-procedure NAME POSITION VALUE)`
fn check_procedure(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%check-procedure", values, 3)?;
    let value = arguments.value(2)?;
    if !is_procedure(value) {
        return wrong_type(values);
    }
    Ok(unspecified())
}

/// `(%wrong-type NAME POSITION VALUE)`
fn wrong_type(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%wrong-type", values, 3)?;
    Err(raise::wrong_type_arg(
        &arguments.text(0)?,
        arguments.index(1)?,
        arguments.value(2)?,
    ))
}

fn procedure(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("procedure?", values, 1)?;
    Ok(boolean(is_procedure(arguments.value(0)?)))
}
