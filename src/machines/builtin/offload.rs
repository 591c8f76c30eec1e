//! What (guix scripts offload) provides: build machines.

use std::rc::Rc;

use super::Table;
use super::arguments::Arguments;
use crate::machines::core::{Constant, FieldSource, RecordForm};
use crate::machines::datum::{Datum, Kind, Number};
use crate::machines::engine::{
    self, Answer, Failure, Fault, Value, View, boolean, constant, fault, foreign, integer,
    list_items, real, text, view, with_foreign,
};
use crate::machines::raw::Plain;
use crate::machines::record::Field;
use crate::machines::source::Span;

/// `build-machine-NAME` and its kin.
macro_rules! accessor {
    ($name:literal, $field:ident) => {
        ($name, |values: &[Value]| -> Answer {
            access($name, values, Field::$field)
        })
    };
}

pub(super) const TABLE: Table = &[
    ("%make-machine", make_machine),
    ("build-machine?", is_build_machine),
    accessor!("build-machine-name", Name),
    accessor!("build-machine-port", Port),
    accessor!("build-machine-systems", Systems),
    accessor!("build-machine-user", User),
    accessor!("build-machine-private-key", PrivateKey),
    accessor!("build-machine-host-key", HostKey),
    accessor!("build-machine-compression", Compression),
    accessor!("build-machine-daemon-socket", DaemonSocket),
    accessor!("build-machine-overload-threshold", OverloadThreshold),
    accessor!("build-machine-features", Features),
];

/// A build machine while the file is evaluated: the fields that are written.
#[derive(Clone)]
pub struct Machine {
    /// The form that made it.
    pub span: Span,
    /// Its fields; of one name the last one counts.
    pub fields: Rc<Vec<MachineField>>,
}

/// A field that is written.
#[derive(Clone)]
pub struct MachineField {
    /// Which one.
    pub field: Field,
    /// Where its value stands.
    pub span: Span,
    value: FieldValue,
}

#[derive(Clone)]
enum FieldValue {
    Constant(u32),
    Value(Value),
}

impl MachineField {
    /// Its value without anything of the interpreter.
    pub fn plain(&self) -> Plain {
        match &self.value {
            FieldValue::Value(value) => plain(value, 0),
            FieldValue::Constant(number) => {
                match engine::program().constants.get(*number as usize) {
                    Some(Constant::Datum(datum)) => plain_datum(datum, 0),
                    _ => Plain::Other("#<unspecified>".into()),
                }
            }
        }
    }

    fn value(&self) -> Answer {
        match &self.value {
            FieldValue::Value(value) => Ok(value.clone()),
            FieldValue::Constant(number) => {
                match engine::program().constants.get(*number as usize) {
                    Some(value) => constant(value).map_err(fault),
                    None => Ok(engine::unspecified()),
                }
            }
        }
    }
}

/// `(%make-machine FORM ARGUMENT …)`
fn make_machine(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("build-machine", values, 1)?;
    let program = engine::program();
    let form = program
        .records
        .get(arguments.index(0)?)
        .ok_or_else(|| fault(Failure::new("internal", "an unknown build-machine form")))?;
    machine_of(form, values.get(1..).unwrap_or_default()).and_then(foreign)
}

/// The machine that a form with constants only makes.
pub fn literal_machine(form: &RecordForm) -> Option<Machine> {
    machine_of(form, &[]).ok()
}

/// What is constant of a form that was not evaluated, but for values that
/// could not be understood.
pub fn literal_part(form: &RecordForm, is_right: impl Fn(Span) -> bool) -> Machine {
    let fields = form.fields.iter().filter_map(|field| match field.value {
        FieldSource::Constant(number) if is_right(field.span) => Some(MachineField {
            field: field.field,
            span: field.span,
            value: FieldValue::Constant(number),
        }),
        _ => None,
    });
    Machine {
        span: form.span,
        fields: Rc::new(fields.collect()),
    }
}

fn machine_of(form: &RecordForm, arguments: &[Value]) -> Result<Machine, Fault> {
    let argument = |index: u32| {
        arguments.get(index as usize).ok_or_else(|| {
            fault(Failure::new(
                "internal",
                "a build-machine form lacks a value",
            ))
        })
    };
    let mut fields = match form.inherit {
        Some((index, span)) => inherited(argument(index)?, span)?,
        None => Vec::new(),
    };
    for field in &form.fields {
        let value = match field.value {
            FieldSource::Constant(number) => FieldValue::Constant(number),
            FieldSource::Argument(index) => FieldValue::Value(argument(index)?.clone()),
        };
        fields.retain(|other: &MachineField| other.field != field.field);
        fields.push(MachineField {
            field: field.field,
            span: field.span,
            value,
        });
    }
    Ok(Machine {
        span: form.span,
        fields: Rc::new(fields),
    })
}

fn inherited(parent: &Value, span: Span) -> Result<Vec<MachineField>, Fault> {
    with_foreign(parent, |parent: &Machine| parent.fields.to_vec()).ok_or_else(|| {
        fault(Failure {
            span: Some(span),
            ..Failure::new(
                "wrong-type",
                format!(
                    "`inherit` needs a build machine, but this is {}",
                    super::print::written(parent)
                ),
            )
        })
    })
}

fn is_build_machine(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("build-machine?", values, 1)?;
    Ok(boolean(machine(arguments.value(0)?).is_some()))
}

/// The build machine that a value is.
pub fn machine(value: &Value) -> Option<Machine> {
    with_foreign(value, Machine::clone)
}

/// A value of a type in Rust as `write` gives it.
pub fn written(value: &Value) -> String {
    match machine(value) {
        Some(machine) => {
            let name = machine
                .fields
                .iter()
                .find(|field| field.field == Field::Name);
            match name.map(MachineField::plain) {
                Some(Plain::Text(name)) => format!("#<build-machine {name}>"),
                _ => "#<build-machine>".into(),
            }
        }
        None => super::records::written(value)
            .or_else(|| super::control::written(value))
            .unwrap_or_else(|| "#<object>".into()),
    }
}

fn access(name: &'static str, values: &[Value], field: Field) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    let machine =
        machine(arguments.value(0)?).ok_or_else(|| arguments.wrong(0, "a build machine"))?;
    let find = |wanted| machine.fields.iter().find(|other| other.field == wanted);
    if field == Field::Systems {
        // Stock's accessor: the obsolete field where `systems` is missing.
        if let Some(systems) = find(Field::Systems) {
            let systems = systems.value()?;
            if !matches!(view(&systems), View::Boolean(false)) {
                return Ok(systems);
            }
        }
        let system = find(Field::System).map_or_else(|| Ok(boolean(false)), MachineField::value)?;
        return Ok(engine::from_list(vec![system]));
    }
    match find(field) {
        Some(found) => found.value(),
        None => Ok(default_value(field)),
    }
}

/// The defaults of Guix 1.5.0 (guix/scripts/offload.scm).
fn default_value(field: Field) -> Value {
    match field {
        Field::Port => integer(22),
        // HOME needs no `dependency::note`: the cache's key has it.
        Field::PrivateKey => match std::env::var("HOME") {
            Ok(home) => text(format!("{home}/.ssh/id_rsa")),
            Err(_) => boolean(false),
        },
        Field::Compression => text("zlib@openssh.com,zlib"),
        Field::DaemonSocket => text("/var/guix/daemon-socket/socket"),
        Field::OverloadThreshold => real(0.8),
        Field::Features => engine::from_list(Vec::new()),
        _ => boolean(false),
    }
}

/// Lists in fields are lists of strings; what is deeper is shown only.
const DEPTH_MAX: usize = 4;
/// Nor can more than this be meant.
const ITEMS_MAX: usize = 10_000;

/// A value without anything of the interpreter.
fn plain(value: &Value, depth: usize) -> Plain {
    match view(value) {
        View::Boolean(b) => Plain::Boolean(b),
        View::Integer(n) => Plain::Integer(n),
        View::Real(x) => Plain::Real(x),
        View::Number(number) => Plain::Real(number.to_real()),
        View::Text(text) => Plain::Text(text.to_string()),
        View::Empty | View::Pair if depth < DEPTH_MAX => match list_items(value) {
            Some(items) if items.len() <= ITEMS_MAX => Plain::List(
                items
                    .iter()
                    .map(|item| plain(item, depth.saturating_add(1)))
                    .collect(),
            ),
            _ => Plain::Other(super::print::written(value)),
        },
        _ => Plain::Other(super::print::written(value)),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a field that wants a ratio takes it as a real"
)]
fn plain_datum(datum: &Datum, depth: usize) -> Plain {
    match &datum.kind {
        Kind::Boolean(b) => Plain::Boolean(*b),
        Kind::Number(Number::Integer(n)) => Plain::Integer(*n),
        Kind::Number(Number::Real(x)) => Plain::Real(*x),
        Kind::Number(Number::Ratio(n, d)) => Plain::Real(*n as f64 / *d as f64),
        Kind::Text(text) => Plain::Text(text.to_string()),
        Kind::List(items) if depth < DEPTH_MAX && items.len() <= ITEMS_MAX => Plain::List(
            items
                .iter()
                .map(|item| plain_datum(item, depth.saturating_add(1)))
                .collect(),
        ),
        _ => Plain::Other(datum.written()),
    }
}
