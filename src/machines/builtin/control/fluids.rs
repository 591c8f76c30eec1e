//! Fluids, parameters, promises, several values.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

use super::super::Table;
use super::super::arguments::Arguments;
use super::super::ports;
use super::state::{Bound, with_state};
use crate::machines::engine::{
    self, Answer, Fault, Value, View, boolean, foreign, from_list, identical, integer, procedure,
    raise, text, unspecified, view, with_foreign,
};

pub const TABLE: Table = &[
    ("make-fluid", make_fluid),
    ("make-thread-local-fluid", make_fluid),
    ("make-unbound-fluid", make_unbound_fluid),
    ("fluid?", is_fluid),
    ("fluid-ref", fluid_ref),
    ("fluid-set!", fluid_set),
    ("fluid-unset!", fluid_unset),
    ("fluid-bound?", is_fluid_bound),
    ("%bind-fluids!", bind_fluids),
    ("%make-parameter", make_parameter),
    ("%register-parameter!", register_parameter),
    ("%parameter-fluid", parameter_fluid),
    ("%parameter-converter", parameter_converter),
    ("parameter?", is_parameter),
    ("%make-promise", make_promise),
    ("%promise-value", promise_value),
    ("%promise-set!", promise_set),
    ("promise?", is_promise),
    ("values", values_of),
    ("%values->list", values_to_list),
    ("%first", first),
    ("%prompts", prompts),
    ("%make-thread", make_thread),
    ("%thread-set!", thread_set),
    ("%thread-value", thread_value),
    ("thread?", is_thread),
    ("make-mutex", make_mutex),
    ("mutex?", is_mutex),
    ("make-prompt-tag", make_prompt_tag),
    ("default-prompt-tag", default_prompt_tag),
    ("%no-prompt", no_prompt),
];

/// A variable whose value belongs to the dynamic state; without a value in
/// there it has one of its own.
struct Fluid {
    value: RefCell<Option<Value>>,
}

/// A parameter: its fluid, and the procedure that converts its values.
struct Parameter {
    procedure: Value,
    fluid: Value,
    converter: Value,
}

thread_local! {
    // Values must not be dropped when the thread ends: the interpreter's own
    // variables are gone by then.
    static PARAMETERS: RefCell<ManuallyDrop<Vec<Parameter>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
    /// The fluid with the prompts in force, innermost first; the usual tag.
    static PROMPTS: RefCell<ManuallyDrop<Option<[Value; 2]>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// No parameters, for a new program.
pub fn reset() {
    PARAMETERS.with_borrow_mut(|all| all.clear());
    PROMPTS.with_borrow_mut(|prompts| **prompts = None);
}

/// A new fluid with a value of its own.
pub fn new_fluid(value: Option<Value>) -> Answer {
    foreign(Fluid {
        value: RefCell::new(value),
    })
}

fn make_fluid(values: &[Value]) -> Answer {
    let arguments = Arguments::between("make-fluid", values, 0, 1)?;
    let value = arguments.optional(0).cloned();
    new_fluid(Some(value.unwrap_or_else(|| boolean(false))))
}

fn make_unbound_fluid(values: &[Value]) -> Answer {
    Arguments::exactly("make-unbound-fluid", values, 0)?;
    new_fluid(None)
}

fn is_fluid(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("fluid?", values, 1)?;
    Ok(boolean(fluid_in(arguments.value(0)?)))
}

fn fluid_in(value: &Value) -> bool {
    with_foreign(value, |_: &Fluid| ()).is_some()
}

fn check_fluid(name: &'static str, value: &Value) -> Result<(), Fault> {
    if fluid_in(value) {
        return Ok(());
    }
    Err(raise::wrong_type_at(name, 1, "fluid", value))
}

/// The value of a fluid now.
pub fn value_of(fluid: &Value) -> Option<Value> {
    let fluids = with_state(|state| state.fluids.clone());
    let bound = fluids
        .links()
        .find(|link| identical(&link.item.fluid, fluid));
    match bound {
        Some(link) => Some(link.item.value.borrow().clone()).filter(|v| !engine::is_unset(v)),
        None => with_foreign(fluid, |fluid: &Fluid| fluid.value.borrow().clone()).flatten(),
    }
}

/// Gives a fluid another value, where it has its present one.
pub fn assign(fluid: &Value, value: Option<Value>) {
    let fluids = with_state(|state| state.fluids.clone());
    let bound = fluids
        .links()
        .find(|link| identical(&link.item.fluid, fluid));
    match bound {
        Some(link) => {
            link.item.value.replace(value.unwrap_or_else(engine::unset));
        }
        None => {
            with_foreign(fluid, |fluid: &Fluid| fluid.value.replace(value));
        }
    }
}

fn fluid_ref(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("fluid-ref", values, 1)?;
    let fluid = arguments.value(0)?;
    check_fluid("fluid-ref", fluid)?;
    value_of(fluid)
        .ok_or_else(|| raise::misc_error("fluid-ref", "unbound fluid: ~S", vec![fluid.clone()]))
}

fn fluid_set(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("fluid-set!", values, 2)?;
    let fluid = arguments.value(0)?;
    check_fluid("fluid-set!", fluid)?;
    assign(fluid, Some(arguments.value(1)?.clone()));
    Ok(unspecified())
}

fn fluid_unset(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("fluid-unset!", values, 1)?;
    let fluid = arguments.value(0)?;
    check_fluid("fluid-unset!", fluid)?;
    assign(fluid, None);
    Ok(unspecified())
}

fn is_fluid_bound(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("fluid-bound?", values, 1)?;
    let fluid = arguments.value(0)?;
    check_fluid("fluid-bound?", fluid)?;
    Ok(boolean(value_of(fluid).is_some()))
}

/// `(%bind-fluids! FLUIDS VALUES)`: in the state in force.
fn bind_fluids(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%bind-fluids!", values, 2)?;
    let fluids = arguments.list(0)?;
    let values = arguments.list(1)?;
    for fluid in &fluids {
        check_fluid("with-fluids*", fluid)?;
    }
    if fluids.len() != values.len() {
        return Err(raise::misc_error(
            "with-fluids*",
            "~A fluids, ~A values",
            vec![count(fluids.len()), count(values.len())],
        ));
    }
    with_state(|state| {
        for (fluid, value) in fluids.into_iter().zip(values) {
            let bound = Bound {
                fluid,
                value: RefCell::new(value),
            };
            state.fluids.push(bound);
        }
    });
    Ok(unspecified())
}

fn count(n: usize) -> Value {
    integer(i64::try_from(n).unwrap_or(i64::MAX))
}

/// `(%make-parameter VALUE)`: a parameter that takes values as they are.
fn make_parameter(values: &[Value]) -> Answer {
    let value = Arguments::exactly("make-parameter", values, 1)?.value(0)?;
    let fluid = new_fluid(Some(value.clone()))?;
    let number = PARAMETERS.with_borrow(|all| all.len());
    let parameter = procedure("parameter", move |values| {
        let fluid = PARAMETERS.with_borrow(|all| all.get(number).map(|found| found.fluid.clone()));
        call_parameter(fluid, values)
    });
    remember(parameter.clone(), fluid, boolean(false));
    Ok(parameter)
}

fn call_parameter(fluid: Option<Value>, values: &[Value]) -> Answer {
    let arguments = Arguments::between("parameter", values, 0, 1)?;
    let fluid = fluid.unwrap_or_else(unspecified);
    let value = value_of(&fluid).unwrap_or_else(unspecified);
    if let Some(new) = arguments.optional(0) {
        assign(&fluid, Some(new.clone()));
    }
    Ok(value)
}

fn remember(procedure: Value, fluid: Value, converter: Value) {
    PARAMETERS.with_borrow_mut(|all| {
        all.push(Parameter {
            procedure,
            fluid,
            converter,
        });
    });
}

/// `(%register-parameter! PROCEDURE FLUID CONVERTER)`: the procedure.
fn register_parameter(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%register-parameter!", values, 3)?;
    let procedure = arguments.value(0)?.clone();
    remember(
        procedure.clone(),
        arguments.value(1)?.clone(),
        arguments.value(2)?.clone(),
    );
    Ok(procedure)
}

fn with_parameter<R>(value: &Value, look: impl FnOnce(&Parameter) -> R) -> Option<R> {
    PARAMETERS.with_borrow(|all| {
        all.iter()
            .find(|parameter| identical(&parameter.procedure, value))
            .map(look)
    })
}

/// `(%parameter-fluid PARAMETER)`
fn parameter_fluid(values: &[Value]) -> Answer {
    let value = Arguments::exactly("%parameter-fluid", values, 1)?.value(0)?;
    with_parameter(value, |parameter| parameter.fluid.clone())
        .or_else(|| ports::fluid_of(value))
        .ok_or_else(|| raise::wrong_type_saying("parameterize", "Not a parameter: ~S", value))
}

/// `(%parameter-converter PARAMETER)`: #f if it has none.
fn parameter_converter(values: &[Value]) -> Answer {
    let value = Arguments::exactly("%parameter-converter", values, 1)?.value(0)?;
    Ok(
        with_parameter(value, |parameter| parameter.converter.clone())
            .unwrap_or_else(|| boolean(false)),
    )
}

fn is_parameter(values: &[Value]) -> Answer {
    let value = Arguments::exactly("parameter?", values, 1)?.value(0)?;
    let is_ours = with_parameter(value, |_| ()).is_some();
    Ok(boolean(is_ours || ports::fluid_of(value).is_some()))
}

/// A promise: what computes it, or its value.
struct Promise {
    done: Cell<bool>,
    value: RefCell<Value>,
}

/// `(%make-promise DONE VALUE)`
fn make_promise(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%make-promise", values, 2)?;
    foreign(Promise {
        done: Cell::new(matches!(view(arguments.value(0)?), View::Boolean(true))),
        value: RefCell::new(arguments.value(1)?.clone()),
    })
}

/// `(%promise-value PROMISE)`: a list of its value, or what computes it.
fn promise_value(values: &[Value]) -> Answer {
    let value = Arguments::exactly("force", values, 1)?.value(0)?;
    with_foreign(value, |promise: &Promise| {
        let value = promise.value.borrow().clone();
        if promise.done.get() {
            from_list(vec![value])
        } else {
            value
        }
    })
    .ok_or_else(|| raise::wrong_type_arg("force", 1, value))
}

/// `(%promise-set! PROMISE VALUE)`: the value that it has now; the first one
/// stays.
fn promise_set(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%promise-set!", values, 2)?;
    let promise = arguments.value(0)?;
    let new = arguments.value(1)?.clone();
    with_foreign(promise, |promise: &Promise| {
        if !promise.done.replace(true) {
            promise.value.replace(new);
        }
        promise.value.borrow().clone()
    })
    .ok_or_else(|| raise::wrong_type_arg("force", 1, promise))
}

fn is_promise(values: &[Value]) -> Answer {
    let value = Arguments::exactly("promise?", values, 1)?.value(0)?;
    Ok(boolean(with_foreign(value, |_: &Promise| ()).is_some()))
}

/// No value, or more than one.
struct Several(Vec<Value>);

/// `(values VALUE …)`
fn values_of(values: &[Value]) -> Answer {
    match values {
        [value] => Ok(value.clone()),
        values => foreign(Several(values.to_vec())),
    }
}

/// `(%values->list VALUE)`
fn values_to_list(values: &[Value]) -> Answer {
    let value = Arguments::exactly("%values->list", values, 1)?.value(0)?;
    Ok(from_list(
        several(value).unwrap_or_else(|| vec![value.clone()]),
    ))
}

/// `(%first VALUE)`: the first of several values, where one is wanted.
fn first(values: &[Value]) -> Answer {
    let value = Arguments::exactly("%first", values, 1)?.value(0)?;
    single(value)
}

/// The first of several values.
pub fn single(value: &Value) -> Answer {
    match several(value) {
        None => Ok(value.clone()),
        Some(all) => all.into_iter().next().ok_or_else(|| {
            raise::misc_error(
                "",
                "Zero values returned to single-valued continuation",
                Vec::new(),
            )
        }),
    }
}

/// The values, if there are not just one.
pub fn several(value: &Value) -> Option<Vec<Value>> {
    with_foreign(value, |several: &Several| several.0.clone())
}

/// How such a value is written.
pub fn written(value: &Value) -> Option<String> {
    if fluid_in(value) {
        return Some("#<fluid>".into());
    }
    if with_foreign(value, |_: &Promise| ()).is_some() {
        return Some("#<promise>".into());
    }
    several(value).map(|all| {
        let all: Vec<String> = all.iter().map(super::super::print::written).collect();
        format!("#<values {}>", all.join(" "))
    })
}

fn prompt_values() -> Result<[Value; 2], Fault> {
    if let Some(values) = PROMPTS.with_borrow(|prompts| Option::clone(prompts)) {
        return Ok(values);
    }
    let values = [
        new_fluid(Some(from_list(Vec::new())))?,
        from_list(vec![text("prompt")]),
    ];
    PROMPTS.with_borrow_mut(|prompts| **prompts = Some(values.clone()));
    Ok(values)
}

/// `(%prompts)`: the fluid with the prompts in force.
fn prompts(_: &[Value]) -> Answer {
    prompt_values().map(|[fluid, _]| fluid)
}

fn default_prompt_tag(values: &[Value]) -> Answer {
    Arguments::exactly("default-prompt-tag", values, 0)?;
    prompt_values().map(|[_, tag]| tag)
}

fn make_prompt_tag(values: &[Value]) -> Answer {
    let arguments = Arguments::between("make-prompt-tag", values, 0, 1)?;
    let stem = arguments.optional(0).cloned();
    engine::cons(
        stem.unwrap_or_else(|| text("prompt")),
        from_list(Vec::new()),
    )
}

fn no_prompt(values: &[Value]) -> Answer {
    let tag = Arguments::exactly("abort-to-prompt", values, 1)?.value(0)?;
    Err(raise::misc_error(
        "abort-to-prompt",
        "Abort to unknown prompt",
        vec![tag.clone()],
    ))
}

/// A thread, which has run already: its value.
struct Thread(RefCell<Value>);

fn make_thread(_: &[Value]) -> Answer {
    foreign(Thread(RefCell::new(unspecified())))
}

/// `(%thread-set! THREAD VALUE)`
fn thread_set(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%thread-set!", values, 2)?;
    let value = arguments.value(1)?.clone();
    with_foreign(arguments.value(0)?, |thread: &Thread| {
        thread.0.replace(value)
    });
    Ok(unspecified())
}

/// `(%thread-value THREAD)`
fn thread_value(values: &[Value]) -> Answer {
    let value = Arguments::exactly("join-thread", values, 1)?.value(0)?;
    with_foreign(value, |thread: &Thread| thread.0.borrow().clone())
        .ok_or_else(|| raise::wrong_type_at("join-thread", 1, "thread", value))
}

fn is_thread(values: &[Value]) -> Answer {
    let value = Arguments::exactly("thread?", values, 1)?.value(0)?;
    Ok(boolean(with_foreign(value, |_: &Thread| ()).is_some()))
}

/// A mutex, which nobody else wants.
struct Mutex;

fn make_mutex(_: &[Value]) -> Answer {
    foreign(Mutex)
}

fn is_mutex(values: &[Value]) -> Answer {
    let value = Arguments::exactly("mutex?", values, 1)?.value(0)?;
    Ok(boolean(with_foreign(value, |_: &Mutex| ()).is_some()))
}
