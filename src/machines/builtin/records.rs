//! Records: SRFI-9's and those that exceptions are made of.

mod exceptions;
mod standard;

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::rc::Rc;

use super::Table;
use super::arguments::Arguments;
use super::print::written as print;
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, foreign, from_list, identical, list_items, procedure,
    procedure_name, raise, symbol, unspecified, view, with_foreign,
};

pub use exceptions::{
    from_throw, has_type, is_exception, is_exception_type, kind_and_arguments, message,
};
pub use standard::standard;

pub(super) const TABLE: Table = &[
    ("make-record-type", make_record_type),
    ("record-constructor", record_constructor),
    ("record-predicate", record_predicate),
    ("record-accessor", record_accessor),
    ("record-modifier", record_modifier),
    ("record?", is_record),
    ("record-type?", is_record_type),
    ("record-type-descriptor", record_type_descriptor),
    ("record-type-name", record_type_name),
    ("record-type-fields", record_type_fields),
    ("record-type-parent", record_type_parent),
    ("%record-update", record_update),
    ("%record-field", record_field),
];

pub(super) const EXCEPTIONS: Table = exceptions::TABLE;

/// A type of records.
pub struct RecordType {
    name: Rc<str>,
    /// Inherited ones first.
    fields: Vec<Rc<str>>,
    parent: Option<Value>,
    /// It is one of exceptions.
    exception: bool,
    number: usize,
}

/// A record.
pub struct Record {
    of: Rc<RecordType>,
    fields: RefCell<Vec<Value>>,
}

/// A type as a value.
#[derive(Clone)]
struct TypeValue(Rc<RecordType>);

thread_local! {
    /// All types; procedures know theirs by number.
    static TYPES: RefCell<ManuallyDrop<Vec<Value>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
    /// Accessors with the numbers of their type and field.
    static ACCESSORS: RefCell<ManuallyDrop<Vec<(Value, usize, usize)>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// No types, for a new program.
pub fn reset() {
    TYPES.with_borrow_mut(|types| types.clear());
    ACCESSORS.with_borrow_mut(|all| all.clear());
    standard::reset();
}

fn new_type(name: &str, own: Vec<Rc<str>>, parent: Option<Value>, exception: bool) -> Answer {
    let mut fields = Vec::new();
    if let Some(parent) = parent.as_ref().and_then(type_in) {
        fields.extend(parent.fields.iter().cloned());
    }
    fields.extend(own);
    let number = TYPES.with_borrow(|types| types.len());
    let value = foreign(TypeValue(Rc::new(RecordType {
        name: name.into(),
        fields,
        parent,
        exception,
        number,
    })))?;
    TYPES.with_borrow_mut(|types| types.push(value.clone()));
    Ok(value)
}

/// The type that a value is.
pub fn type_in(value: &Value) -> Option<Rc<RecordType>> {
    with_foreign(value, |of: &TypeValue| Rc::clone(&of.0))
}

fn type_value(number: usize) -> Option<Value> {
    TYPES.with_borrow(|types| types.get(number).cloned())
}

fn numbered(number: usize) -> Option<Rc<RecordType>> {
    TYPES.with_borrow(|types| types.get(number).and_then(type_in))
}

/// The record that a value is.
pub fn record_in(value: &Value) -> Option<Rc<Record>> {
    with_foreign(value, |record: &Rc<Record>| Rc::clone(record))
}

fn new_record(of: Rc<RecordType>, fields: Vec<Value>) -> Answer {
    foreign(Rc::new(Record {
        of,
        fields: RefCell::new(fields),
    }))
}

impl Record {
    fn field(&self, place: usize) -> Option<Value> {
        self.fields.borrow().get(place).cloned()
    }
}

impl RecordType {
    fn index(&self, field: &str) -> Option<usize> {
        // A later one of the same name hides the inherited one.
        self.fields.iter().rposition(|name| &**name == field)
    }

    /// It is this type or one made from it.
    fn is_a(self: &Rc<Self>, other: &RecordType) -> bool {
        let mut of = Some(Rc::clone(self));
        while let Some(now) = of {
            if now.number == other.number {
                return true;
            }
            of = now.parent.as_ref().and_then(type_in);
        }
        false
    }
}

fn type_argument(arguments: &Arguments<'_>, index: usize) -> Result<Rc<RecordType>, Fault> {
    let value = arguments.value(index)?;
    type_in(value).ok_or_else(|| arguments.wrong(index, "a record type"))
}

/// The names of fields, each a symbol or `(mutable NAME)`, `(immutable NAME)`.
fn field_names(value: &Value) -> Option<Vec<Rc<str>>> {
    list_items(value)?
        .iter()
        .map(|item| match view(item) {
            View::Symbol(name) => Some(name.into()),
            _ => match view(list_items(item)?.get(1)?) {
                View::Symbol(name) => Some(name.into()),
                _ => None,
            },
        })
        .collect()
}

/// `(make-record-type NAME FIELDS [PRINTER] #:parent …)`
fn make_record_type(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("make-record-type", values, 2)?;
    let name = match view(arguments.value(0)?) {
        View::Symbol(name) => name.to_owned(),
        View::Text(name) => name.to_string(),
        _ => return Err(arguments.wrong(0, "a symbol")),
    };
    let own = field_names(arguments.value(1)?).ok_or_else(|| arguments.wrong(1, "a list"))?;
    let mut parent = None;
    for pair in values.windows(2) {
        if let [option, value] = pair
            && let View::Keyword("parent") = view(option)
            && type_in(value).is_some()
        {
            parent = Some(value.clone());
        }
    }
    let exception = parent
        .as_ref()
        .and_then(type_in)
        .is_some_and(|parent| parent.exception);
    new_type(&name, own, parent, exception)
}

/// `(record-constructor TYPE [FIELDS [NAME]])`
fn record_constructor(values: &[Value]) -> Answer {
    let arguments = Arguments::between("record-constructor", values, 1, 3)?;
    let of = type_argument(&arguments, 0)?;
    let places = match arguments.optional(1) {
        None => (0..of.fields.len()).collect(),
        Some(names) => {
            let names = field_names(names).ok_or_else(|| arguments.wrong(1, "a list"))?;
            names
                .iter()
                .map(|name| of.index(name).ok_or_else(|| no_field(name)))
                .collect::<Result<Vec<usize>, Fault>>()?
        }
    };
    let name = match arguments.optional(2).map(view) {
        Some(View::Symbol(name)) => name.to_owned(),
        _ => format!("make-{}", of.name.trim_matches(['<', '>'])),
    };
    Ok(constructor(&name, &of, places))
}

fn no_field(name: &str) -> Fault {
    raise::misc_error("", "~A ~S", vec![symbol("no-such-field"), symbol(name)])
}

fn constructor(name: &str, of: &RecordType, places: Vec<usize>) -> Value {
    let (number, size) = (of.number, of.fields.len());
    let called = name.to_owned();
    procedure(name, move |values| {
        if values.len() != places.len() {
            return Err(raise::wrong_number_of_args(symbol(&called)));
        }
        let mut fields = vec![boolean(false); size];
        for (place, value) in places.iter().zip(values) {
            if let Some(field) = fields.get_mut(*place) {
                *field = value.clone();
            }
        }
        let of = numbered(number).ok_or_else(|| no_field(&called))?;
        new_record(of, fields)
    })
}

/// `(record-predicate TYPE)`
fn record_predicate(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("record-predicate", values, 1)?;
    let of = type_argument(&arguments, 0)?;
    let number = of.number;
    let name = format!("{}?", of.name.trim_matches(['<', '>']));
    Ok(procedure(&name, move |values| {
        let arguments = Arguments::exactly("record-predicate", values, 1)?;
        Ok(boolean(belongs(arguments.value(0)?, number).is_some()))
    }))
}

/// The record that a value is, if it is one of this type.
fn belongs(value: &Value, number: usize) -> Option<Rc<Record>> {
    let record = record_in(value)?;
    let of = numbered(number)?;
    record.of.is_a(&of).then_some(record)
}

/// `(record-accessor TYPE FIELD [NAME])`
fn record_accessor(values: &[Value]) -> Answer {
    let (name, number, place) = access("record-accessor", values)?;
    let called = name.clone();
    let accessor = procedure(&name, move |values| {
        let [value] = values else {
            return Err(raise::wrong_number_of_args(symbol(&called)));
        };
        let record = belongs(value, number).ok_or_else(|| wrong_record(&called, value))?;
        Ok(record.field(place).unwrap_or_else(unspecified))
    });
    ACCESSORS.with_borrow_mut(|all| all.push((accessor.clone(), number, place)));
    Ok(accessor)
}

/// `(record-modifier TYPE FIELD [NAME])`
fn record_modifier(values: &[Value]) -> Answer {
    let (name, number, place) = access("record-modifier", values)?;
    let called = name.clone();
    Ok(procedure(&name, move |values| {
        let [value, new] = values else {
            return Err(raise::wrong_number_of_args(symbol(&called)));
        };
        let record = belongs(value, number).ok_or_else(|| wrong_record(&called, value))?;
        if let Some(field) = record.fields.borrow_mut().get_mut(place) {
            *field = new.clone();
        }
        Ok(unspecified())
    }))
}

/// What an accessor or modifier needs to know: its name, type, place.
fn access(caller: &'static str, values: &[Value]) -> Result<(String, usize, usize), Fault> {
    let arguments = Arguments::between(caller, values, 2, 3)?;
    let of = type_argument(&arguments, 0)?;
    let field = arguments.symbol(1)?;
    let place = of.index(field).ok_or_else(|| no_field(field))?;
    let name = match arguments.optional(2).map(view) {
        Some(View::Symbol(name)) => name.to_owned(),
        _ => format!("{}-{field}", of.name.trim_matches(['<', '>'])),
    };
    Ok((name, of.number, place))
}

fn wrong_record(name: &str, value: &Value) -> Fault {
    let values = from_list(vec![value.clone()]);
    raise::throw(
        "wrong-type-arg",
        vec![
            symbol(name),
            crate::machines::engine::text("Wrong type argument: ~S"),
            values.clone(),
            values,
        ],
    )
}

fn is_record(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("record?", values, 1)?;
    Ok(boolean(record_in(arguments.value(0)?).is_some()))
}

fn is_record_type(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("record-type?", values, 1)?;
    Ok(boolean(type_in(arguments.value(0)?).is_some()))
}

fn record_type_descriptor(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("record-type-descriptor", values, 1)?;
    let record = record_in(arguments.value(0)?).ok_or_else(|| arguments.wrong(0, "a record"))?;
    type_value(record.of.number).ok_or_else(|| arguments.wrong(0, "a record"))
}

fn record_type_name(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("record-type-name", values, 1)?;
    Ok(symbol(&type_argument(&arguments, 0)?.name))
}

fn record_type_fields(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("record-type-fields", values, 1)?;
    let of = type_argument(&arguments, 0)?;
    Ok(from_list(
        of.fields.iter().map(|name| symbol(name)).collect(),
    ))
}

fn record_type_parent(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("record-type-parent", values, 1)?;
    let of = type_argument(&arguments, 0)?;
    Ok(of.parent.clone().unwrap_or_else(|| boolean(false)))
}

/// `(%record-update RECORD ACCESSOR VALUE)`: the same but for this field.
fn record_update(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("set-field", values, 3)?;
    let (value, accessor) = (arguments.value(0)?, arguments.value(1)?);
    let known = ACCESSORS.with_borrow(|all| {
        all.iter()
            .find(|(other, ..)| identical(other, accessor))
            .map(|(_, number, place)| (*number, *place))
    });
    let (number, place) = known.ok_or_else(|| arguments.wrong(1, "an accessor"))?;
    let record = belongs(value, number)
        .ok_or_else(|| wrong_record(procedure_name(accessor).unwrap_or("set-field"), value))?;
    let mut fields = record.fields.borrow().clone();
    if let Some(old) = fields.get_mut(place) {
        *old = arguments.value(2)?.clone();
    }
    new_record(Rc::clone(&record.of), fields)
}

/// `(%record-field RECORD TYPE FIELD)`
fn record_field(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("struct-ref", values, 3)?;
    let of = type_argument(&arguments, 1)?;
    let value = arguments.value(0)?;
    let place = of.index(arguments.symbol(2)?);
    belongs(value, of.number)
        .zip(place)
        .and_then(|(record, place)| record.field(place))
        .ok_or_else(|| raise::wrong_type_of("struct-ref", 1, "struct", value))
}

/// The fields of two records of one type, for `equal?`.
pub fn fields_of_both(a: &Value, b: &Value) -> Option<(Vec<Value>, Vec<Value>)> {
    let (a, b) = (record_in(a)?, record_in(b)?);
    (a.of.number == b.of.number).then(|| (a.fields.borrow().clone(), b.fields.borrow().clone()))
}

/// The fields of a record of this very type.
pub fn fields_of(value: &Value, of: &Value) -> Option<Vec<Value>> {
    let (record, of) = (record_in(value)?, type_in(of)?);
    (record.of.number == of.number).then(|| record.fields.borrow().clone())
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Records in records are written so deep.
const DEPTH_MAX: usize = 30;

/// A record or a type as Guile writes it; `None` for what is neither.
pub fn written(value: &Value) -> Option<String> {
    if let Some(of) = type_in(value) {
        return Some(format!("#<record-type {}>", of.name));
    }
    let record = record_in(value)?;
    if DEPTH.get() > DEPTH_MAX {
        return Some("…".into());
    }
    DEPTH.set(DEPTH.get().saturating_add(1));
    let fields = record.fields.borrow().clone();
    let mut out = format!("#<{}", record.of.name);
    for (name, value) in record.of.fields.iter().zip(&fields) {
        out.push(' ');
        out.push_str(name);
        out.push_str(": ");
        out.push_str(&print(value));
    }
    out.push('>');
    DEPTH.set(DEPTH.get().saturating_sub(1));
    Some(out)
}
