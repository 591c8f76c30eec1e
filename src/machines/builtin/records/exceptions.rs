//! Exceptions as objects: simple ones, compounds, and what they tell.

use std::rc::Rc;

use super::standard::{standard, standard_type};
use super::{
    Record, RecordType, belongs, field_names, new_record, new_type, record_in, type_argument,
    type_in,
};
use crate::machines::builtin::Table;
use crate::machines::builtin::arguments::Arguments;
use crate::machines::builtin::print::{displayed, written};
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, from_list, integer, list_items, procedure, raise, symbol,
    view,
};

pub const TABLE: Table = &[
    ("%standard-type", standard_type_named),
    ("make-exception-type", make_exception_type),
    ("exception-type?", exception_type),
    ("make-exception", make_exception),
    ("exception?", exception),
    ("simple-exceptions", simple_exceptions),
    ("exception-predicate", exception_predicate),
    ("%exception-component", exception_component),
    ("exception-kind", exception_kind),
    ("exception-args", exception_args),
    ("make-condition", make_condition),
    ("condition-has-type?", condition_has_type),
    ("condition-ref", condition_ref),
    ("extract-condition", extract_condition),
    ("%exception-constructor", exception_constructor),
    ("%exception-accessor", exception_accessor),
    ("%standard-constructor", standard_constructor),
    ("%standard-predicate", standard_predicate),
    ("%standard-accessor", standard_accessor),
    ("%standard-record-predicate", standard_record_predicate),
    ("%standard-record-accessor", standard_record_accessor),
    ("%condition", condition),
];

/// The components of an exception; a simple one is its own.
fn components(value: &Value) -> Option<Vec<Value>> {
    let record = record_in(value)?;
    if &*record.of.name == "&compound-exception" && !record.of.exception {
        return list_items(record.fields.borrow().first()?);
    }
    record.of.exception.then(|| vec![value.clone()])
}

/// Tells whether a value is an exception object.
pub fn is_exception(value: &Value) -> bool {
    components(value).is_some()
}

/// Tells whether a value is a type of exceptions.
pub fn is_exception_type(value: &Value) -> bool {
    type_in(value).is_some_and(|of| of.exception)
}

/// The component of this type.
fn component(value: &Value, of: &RecordType) -> Option<(Value, Rc<Record>)> {
    components(value)?
        .into_iter()
        .find_map(|item| belongs(&item, of.number).map(|record| (item, record)))
}

/// Tells whether an exception has a component of this type.
pub fn has_type(value: &Value, of: &Value) -> bool {
    type_in(of).is_some_and(|of| component(value, &of).is_some())
}

/// A field of the component of a standard type.
fn field(value: &Value, of: &str, place: usize) -> Option<Value> {
    let of = type_in(&standard_type(of)?)?;
    let (_, record) = component(value, &of)?;
    record.field(place)
}

/// Key and arguments of an exception that was thrown by key.
pub fn kind_and_arguments(value: &Value) -> Option<(Rc<str>, Vec<Value>)> {
    let kind = field(value, "&exception-with-kind-and-args", 0)?;
    let arguments = field(value, "&exception-with-kind-and-args", 1)?;
    match view(&kind) {
        View::Symbol(kind) => Some((kind.into(), list_items(&arguments)?)),
        _ => None,
    }
}

/// One or several exceptions in one.
fn compound(items: &[Value]) -> Answer {
    let mut all = Vec::new();
    for item in items {
        all.extend(
            components(item)
                .ok_or_else(|| raise::misc_error("", "not a exception ~S", vec![item.clone()]))?,
        );
    }
    match all.as_slice() {
        [one] => Ok(one.clone()),
        _ => Ok(standard("&compound-exception", vec![from_list(all)])),
    }
}

/// The exception object of a key and its arguments, of Guile's types.
pub fn from_throw(key: &str, arguments: &[Value]) -> Value {
    let first = match key {
        "quit" => standard("&quit-exception", vec![exit_code(arguments)]),
        "read-error" => standard("&lexical", Vec::new()),
        "syntax-error" => syntax_error(arguments),
        "unbound-variable" => standard("&undefined-variable", Vec::new()),
        "wrong-number-of-args"
        | "wrong-type-arg"
        | "keyword-argument-error"
        | "out-of-range"
        | "regular-expression-syntax"
        | "program-error"
        | "goops-error"
        | "null-pointer-error" => standard("&assertion-failure", Vec::new()),
        "system-error" | "host-not-found" | "getaddrinfo-error" | "no-data" | "no-recovery"
        | "try-again" => standard("&external-error", Vec::new()),
        "stack-overflow" | "numerical-overflow" | "memory-allocation-error" => {
            standard("&implementation-restriction", Vec::new())
        }
        _ => standard("&error", Vec::new()),
    };
    let mut all = vec![first];
    match arguments {
        [subr, message, irritants, ..] if key != "syntax-error" => {
            all.push(standard("&origin", vec![subr.clone()]));
            all.push(standard("&message", vec![message.clone()]));
            all.push(standard("&irritants", vec![irritants.clone()]));
        }
        [who, what, ..] if key == "syntax-error" => {
            all.push(standard("&origin", vec![who.clone()]));
            all.push(standard("&message", vec![what.clone()]));
        }
        _ => all.push(standard("&irritants", vec![from_list(arguments.to_vec())])),
    }
    all.push(standard(
        "&exception-with-kind-and-args",
        vec![symbol(key), from_list(arguments.to_vec())],
    ));
    standard("&compound-exception", vec![from_list(all)])
}

fn syntax_error(arguments: &[Value]) -> Value {
    let part = |index: usize| {
        arguments
            .get(index)
            .cloned()
            .unwrap_or_else(|| boolean(false))
    };
    standard("&syntax", vec![part(3), part(4)])
}

fn exit_code(arguments: &[Value]) -> Value {
    match arguments.first().map(view) {
        Some(View::Integer(code)) => integer(code),
        Some(View::Boolean(false)) => integer(1),
        _ => integer(0),
    }
}

/// What an exception object tells a person; `None` if it has no message.
pub fn message(value: &Value) -> Option<String> {
    let message = field(value, "&message", 0)?;
    let mut out = String::new();
    if let Some(origin) = field(value, "&origin", 0)
        && !matches!(view(&origin), View::Boolean(false))
    {
        out.push_str(&displayed(&origin));
        out.push_str(": ");
    }
    let irritants = field(value, "&irritants", 0)
        .and_then(|irritants| list_items(&irritants))
        .unwrap_or_default();
    out.push_str(&displayed(&message));
    for irritant in irritants {
        out.push(' ');
        out.push_str(&written(&irritant));
    }
    Some(out)
}

/// `(%standard-type NAME)`
fn standard_type_named(values: &[Value]) -> Answer {
    standard_of(&Arguments::exactly("%standard-type", values, 1)?)
}

fn standard_of(arguments: &Arguments<'_>) -> Answer {
    standard_type(arguments.symbol(0)?).ok_or_else(|| arguments.wrong(0, "a standard type"))
}

/// `(%standard-constructor TYPE NAME)`
fn standard_constructor(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%standard-constructor", values, 2)?;
    exception_constructor(&[standard_of(&arguments)?, arguments.value(1)?.clone()])
}

/// `(%standard-predicate TYPE)`
fn standard_predicate(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%standard-predicate", values, 1)?;
    exception_predicate(&[standard_of(&arguments)?])
}

/// `(%standard-accessor TYPE FIELD NAME)`
fn standard_accessor(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%standard-accessor", values, 3)?;
    exception_accessor(&[
        standard_of(&arguments)?,
        arguments.value(1)?.clone(),
        arguments.value(2)?.clone(),
    ])
}

/// `(%standard-record-predicate TYPE)`
fn standard_record_predicate(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%standard-record-predicate", values, 1)?;
    super::record_predicate(&[standard_of(&arguments)?])
}

/// `(%standard-record-accessor TYPE FIELD NAME)`
fn standard_record_accessor(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%standard-record-accessor", values, 3)?;
    super::record_accessor(&[
        standard_of(&arguments)?,
        arguments.value(1)?.clone(),
        arguments.value(2)?.clone(),
    ])
}

/// `(%condition TYPE FIELDS VALUES)`
fn condition(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("condition", values, 3)?;
    let mut initial = vec![arguments.value(0)?.clone()];
    for (field, value) in arguments.list(1)?.into_iter().zip(arguments.list(2)?) {
        initial.extend([field, value]);
    }
    make_condition(&initial)
}

/// `(make-exception-type NAME PARENT FIELDS)`
fn make_exception_type(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("make-exception-type", values, 3)?;
    let name = arguments.symbol(0)?;
    let parent = arguments.value(1)?;
    if !is_exception_type(parent) {
        return Err(raise::wrong_type_saying(
            "",
            "not an exception type: ~S",
            parent,
        ));
    }
    let own = field_names(arguments.value(2)?).ok_or_else(|| arguments.wrong(2, "a list"))?;
    new_type(name, own, Some(parent.clone()), true)
}

fn exception_type(values: &[Value]) -> Answer {
    let value = Arguments::exactly("exception-type?", values, 1)?.value(0)?;
    Ok(boolean(is_exception_type(value)))
}

fn make_exception(values: &[Value]) -> Answer {
    compound(values)
}

fn exception(values: &[Value]) -> Answer {
    let value = Arguments::exactly("exception?", values, 1)?.value(0)?;
    Ok(boolean(is_exception(value)))
}

fn simple_exceptions(values: &[Value]) -> Answer {
    let value = Arguments::exactly("simple-exceptions", values, 1)?.value(0)?;
    all_components(value).map(from_list)
}

fn all_components(value: &Value) -> Result<Vec<Value>, Fault> {
    components(value)
        .ok_or_else(|| raise::misc_error("", "not a exception ~S", vec![value.clone()]))
}

/// `(exception-predicate TYPE)`
fn exception_predicate(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("exception-predicate", values, 1)?;
    let of = type_argument(&arguments, 0)?;
    let number = of.number;
    Ok(procedure(&format!("{}?", of.name), move |values| {
        let value = Arguments::exactly("exception-predicate", values, 1)?.value(0)?;
        let found = super::numbered(number).is_some_and(|of| component(value, &of).is_some());
        Ok(boolean(found))
    }))
}

/// `(%exception-component TYPE EXCEPTION)`: the component of this type.
fn exception_component(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("exception-accessor", values, 2)?;
    let of = type_argument(&arguments, 0)?;
    let value = arguments.value(1)?;
    component(value, &of)
        .map(|(item, _)| item)
        .ok_or_else(|| lacks_type(value, of.number))
}

fn lacks_type(value: &Value, number: usize) -> Fault {
    let of = super::type_value(number).unwrap_or_else(|| boolean(false));
    raise::misc_error(
        "",
        "object is not an exception of the right type ~S ~S",
        vec![value.clone(), of],
    )
}

fn exception_kind(values: &[Value]) -> Answer {
    let value = Arguments::exactly("exception-kind", values, 1)?.value(0)?;
    Ok(match kind_and_arguments(value) {
        Some((kind, _)) => symbol(&kind),
        None => symbol(raise::OBJECT),
    })
}

fn exception_args(values: &[Value]) -> Answer {
    let value = Arguments::exactly("exception-args", values, 1)?.value(0)?;
    Ok(match kind_and_arguments(value) {
        Some((_, arguments)) => from_list(arguments),
        None => from_list(vec![value.clone()]),
    })
}

fn condition_type(name: &str, value: &Value) -> Result<Rc<RecordType>, Fault> {
    type_in(value)
        .filter(|of| of.exception)
        .ok_or_else(|| raise::wrong_type_saying(name, "Not a condition type: ~S", value))
}

/// `(make-condition TYPE FIELD VALUE …)`
fn make_condition(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("make-condition", values, 1)?;
    let of = condition_type("make-condition", arguments.value(0)?)?;
    let mut fields: Vec<Option<Value>> = vec![None; of.fields.len()];
    for pair in values.get(1..).unwrap_or_default().chunks(2) {
        let [name, value] = pair else {
            let tail = from_list(pair.to_vec());
            return Err(raise::wrong_type_saying(
                "make-condition",
                "Bad initializer list tail: ~S",
                &tail,
            ));
        };
        let place = match view(name) {
            View::Symbol(name) => of.index(name),
            _ => None,
        };
        let field = place.and_then(|place| fields.get_mut(place));
        match field {
            None => return Err(says("unknown field", name.clone())),
            Some(Some(_)) => return Err(says("duplicate initializer", name.clone())),
            Some(field) => *field = Some(value.clone()),
        }
    }
    let fields = fields
        .into_iter()
        .zip(&of.fields)
        .map(|(value, name)| value.ok_or_else(|| says("field not specified", symbol(name))))
        .collect::<Result<Vec<Value>, Fault>>()?;
    new_record(of, fields)
}

fn says(message: &str, about: Value) -> Fault {
    raise::misc_error("", &format!("{message} ~S"), vec![about])
}

fn condition_has_type(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("condition-has-type?", values, 2)?;
    let of = condition_type("condition-has-type?", arguments.value(1)?)?;
    let value = arguments.value(0)?;
    all_components(value)?;
    Ok(boolean(component(value, &of).is_some()))
}

/// `(condition-ref CONDITION FIELD)`
fn condition_ref(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("condition-ref", values, 2)?;
    let name = arguments.symbol(1)?;
    for item in all_components(arguments.value(0)?)? {
        if let Some(record) = record_in(&item)
            && let Some(place) = record.of.index(name)
            && let Some(field) = record.fields.borrow().get(place)
        {
            return Ok(field.clone());
        }
    }
    Err(says("invalid field name", symbol(name)))
}

fn extract_condition(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("extract-condition", values, 2)?;
    let of = condition_type("extract-condition", arguments.value(1)?)?;
    let value = arguments.value(0)?;
    all_components(value)?;
    Ok(component(value, &of).map_or_else(|| boolean(false), |(item, _)| item))
}

/// `(%exception-constructor TYPE NAME)`
fn exception_constructor(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("record-constructor", values, 2)?;
    let of = type_argument(&arguments, 0)?;
    let places = (0..of.fields.len()).collect();
    Ok(super::constructor(arguments.symbol(1)?, &of, places))
}

/// `(%exception-accessor TYPE FIELD NAME)`: an accessor that finds the
/// component.
fn exception_accessor(values: &[Value]) -> Answer {
    let (name, number, place) = super::access("exception-accessor", values)?;
    let called = name.clone();
    Ok(procedure(&name, move |values| {
        let [value] = values else {
            return Err(raise::wrong_number_of_args(symbol(&called)));
        };
        let of = super::numbered(number).ok_or_else(|| super::no_field(&called))?;
        let (_, record) = component(value, &of).ok_or_else(|| lacks_type(value, number))?;
        record.field(place).ok_or_else(|| super::no_field(&called))
    }))
}
