//! What emitted text calls.

use super::Table;
use super::arguments::Arguments;
use crate::machines::core::Signature;
use crate::machines::engine::{
    self, Answer, End, Failure, Fault, Value, View, boolean, fault, is_procedure, is_unset, raise,
    unspecified, view,
};

pub const TABLE: Table = &[
    ("%at", at),
    ("%site", site),
    ("%check", check),
    ("%choose", choose),
    ("%lambda-args", lambda_args),
    ("%unset?", |values| {
        Ok(boolean(values.first().is_some_and(is_unset)))
    }),
    ("%check-lengths", check_lengths),
    ("%check-list", check_list),
    ("%not-a-pair", |values| {
        let value = Arguments::exactly("%not-a-pair", values, 1)?.value(0)?;
        Err(raise::wrong_type_of("car", 1, "pair", value))
    }),
    ("%check-procedure", check_procedure),
    ("%wrong-type", wrong_type),
    ("%unsupported", |values| {
        let what = Arguments::exactly("%unsupported", values, 1)?.text(0)?;
        Err(super::unsupported(&what))
    }),
    ("%unbound", unbound),
    ("procedure?", procedure),
];

/// `(%at SITE)`: the top-level form at this place begins.
fn at(values: &[Value]) -> Answer {
    let site = Arguments::exactly("%at", values, 1)?.index(0)?;
    engine::begin(engine::program().sites.get(site).copied());
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
            code: "unbound-variable",
            message: if reference.unbound {
                format!("unbound variable `{}`", reference.name)
            } else {
                format!("`{}` is used before its definition", reference.name)
            },
            ..raise::unbound(&reference.name)
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
        let name = &*arguments.text(0)?;
        let message = match name {
            "fold" => "Wrong type argument: ~S",
            _ => "Not a list: ~S",
        };
        return Err(raise::wrong_type_saying(name, message, value));
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

/// `(%choose CASES ARGUMENTS PROCEDURE …)`: the first procedure that takes so
/// many arguments.
fn choose(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("case-lambda", values, 2)?;
    let program = engine::program();
    let counts = program.cases.get(arguments.index(0)?);
    let count = engine::argument_list(arguments.value(1)?).len();
    counts
        .into_iter()
        .flatten()
        .zip(values.iter().skip(2))
        .find(|((least, most), _)| *least <= count && most.is_none_or(|most| count <= most))
        .map(|(_, procedure)| procedure.clone())
        .ok_or_else(|| match values.get(2) {
            Some(procedure) => raise::wrong_number_of_args(procedure.clone()),
            None => raise::wrong_number_of_args(engine::symbol("case-lambda")),
        })
}

/// `(%lambda-args SIGNATURE ARGUMENTS)`: what the parameters stand for, with
/// the mark of a variable without value where a default is needed.
fn lambda_args(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("lambda*", values, 2)?;
    let program = engine::program();
    let Some(signature) = program.signatures.get(arguments.index(0)?) else {
        return Err(fault(Failure::new("internal", "an unknown signature")));
    };
    let given = engine::argument_list(arguments.value(1)?);
    let wrong_number = || {
        raise::scm_error(
            "wrong-number-of-args",
            "eval",
            "Wrong number of arguments",
            engine::from_list(Vec::new()),
            boolean(false),
        )
    };
    let Some((required, mut others)) = given.split_at_checked(signature.required) else {
        return Err(wrong_number());
    };
    let mut out = required.to_vec();
    let has_keywords = !signature.keywords.is_empty() || signature.allow_others;
    for _ in 0..signature.optional {
        match others.split_first() {
            Some((first, rest)) if !(has_keywords && is_keyword(first)) => {
                out.push(first.clone());
                others = rest;
            }
            _ => out.push(engine::unset()),
        }
    }
    if signature.rest {
        out.push(engine::from_list(others.to_vec()));
    }
    if has_keywords {
        keyword_values(signature, others, &mut out)?;
    } else if !signature.rest && !others.is_empty() {
        return Err(wrong_number());
    }
    Ok(engine::to_rest(out))
}

fn is_keyword(value: &Value) -> bool {
    matches!(view(value), View::Keyword(_))
}

fn keyword_values(
    signature: &Signature,
    mut others: &[Value],
    out: &mut Vec<Value>,
) -> Result<(), Fault> {
    let wrong =
        |what: &str, value: &Value| raise::keyword_error(engine::text("eval"), what, value.clone());
    let mut found = vec![engine::unset(); signature.keywords.len()];
    loop {
        others = match others {
            [] => break,
            [word, rest @ ..] if is_keyword(word) => {
                let number = match view(word) {
                    View::Keyword(name) => {
                        signature.keywords.iter().position(|known| **known == *name)
                    }
                    _ => None,
                };
                match (rest, number.and_then(|number| found.get_mut(number))) {
                    ([value, rest @ ..], Some(slot)) => {
                        *slot = value.clone();
                        rest
                    }
                    ([_, rest @ ..], None) if signature.allow_others => rest,
                    ([], None) if signature.allow_others => rest,
                    ([], _) => return Err(wrong("Keyword argument has no value", word)),
                    ([..], None) => return Err(wrong("Unrecognized keyword", word)),
                }
            }
            [_, rest @ ..] if signature.rest => rest,
            [other, ..] => return Err(wrong("Invalid keyword", other)),
        };
    }
    out.append(&mut found);
    Ok(())
}
