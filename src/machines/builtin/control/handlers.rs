//! Handlers of exceptions, as far as Rust can do it: who handles what.
//!
//! An error of a procedure in Rust ends the interpreter's frames up to the
//! innermost one that has a handler of `scheme/guile/control.scm`; that asks
//! here whether the exception is its own. The dynamic state is still that of
//! the place that raised it, so a handler that does not unwind finds all as it
//! was, but cannot return there; Guile lets it return for continuable
//! exceptions only, and those call their handler without an error.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use super::super::Table;
use super::super::arguments::Arguments;
use super::super::records;
use super::state::{Handler, state_in, with_state};
use crate::machines::engine::{
    self, Answer, Failure, Fault, Thrown, Value, View, boolean, error_in, failure_of, fault,
    foreign, from_list, identical, integer, is_procedure, raise, symbol, text, unspecified, view,
    with_foreign,
};

pub const TABLE: Table = &[
    ("%push-handler!", push_handler),
    ("%outer-handlers!", outer_handlers),
    ("%thrown", thrown),
    ("%thrown-key", thrown_key),
    ("%thrown-arguments", thrown_arguments),
    ("%thrown-exception", thrown_exception),
    ("%next-handler", next_handler),
    ("%raise", raise_object),
    ("%exception-text", exception_text),
    ("%reraise", reraise),
    ("%non-continuable", non_continuable),
    ("%unwind-option", unwind_option),
    ("%continuable-option", continuable_option),
    ("%check-catch", check_catch),
    ("%check-throw-handler", check_throw_handler),
];

thread_local! {
    /// The objects that handlers have seen with the errors that brought them:
    /// one that is raised again was raised where it first was.
    static SEEN: RefCell<ManuallyDrop<Vec<(Value, Fault)>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// Older ones are forgotten.
const SEEN_MAX: usize = 16;

/// Nothing seen, for a new program.
pub fn reset() {
    SEEN.with_borrow_mut(|seen| seen.clear());
}

/// `(%push-handler! PROCEDURE UNWIND)`: a handler that unwinds for this type
/// of exceptions, #f: does not unwind.
fn push_handler(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%push-handler!", values, 2)?;
    let handler = Handler {
        procedure: arguments.value(0)?.clone(),
        unwind: match view(arguments.value(1)?) {
            View::Boolean(false) => None,
            _ => Some(arguments.value(1)?.clone()),
        },
    };
    with_state(|state| state.handlers.push(handler));
    Ok(unspecified())
}

/// `(%outer-handlers! STATE)`: the handlers of a state, all else stays.
fn outer_handlers(values: &[Value]) -> Answer {
    let state = state_in(Arguments::exactly("%outer-handlers!", values, 1)?.value(0)?)?;
    with_state(|now| now.handlers = state.handlers);
    Ok(unspecified())
}

/// `(%thrown ERROR STATE)`: what an error has thrown, if it is for the handler
/// that was pushed in this state; else #f.
fn thrown(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("%thrown", values, 2)?;
    let outside = state_in(arguments.value(1)?)?.handlers;
    let Some(error) = error_in(arguments.value(0)?) else {
        return Ok(boolean(false));
    };
    engine::pin(&error);
    let failure = failure_of(&error);
    if failure.thrown.is_none() && matches!(failure.code, "exit" | "internal" | "unsupported") {
        // A file cannot go on as if it had what is lacking here.
        return Ok(boolean(false));
    }
    let thrown = failure.exception();
    let handlers = with_state(|state| state.handlers.clone());
    let takes = handlers.links().find(|link| match &link.item.unwind {
        Some(wanted) => has_type(&thrown, wanted),
        None => true,
    });
    let mine = takes.is_some_and(|link| link.next.is(&outside));
    if !mine {
        return Ok(boolean(false));
    }
    see(object(&thrown), error);
    foreign(thrown)
}

fn see(object: Value, error: Fault) {
    SEEN.with_borrow_mut(|seen| {
        if seen.len() >= SEEN_MAX {
            seen.remove(0);
        }
        seen.push((object, error));
    });
}

/// Tells whether an exception is one of this type: #t, a kind, or a type.
fn has_type(thrown: &Thrown, wanted: &Value) -> bool {
    match view(wanted) {
        View::Boolean(true) => true,
        View::Symbol(kind) => kind == &*thrown.key,
        _ => records::has_type(&object(thrown), wanted),
    }
}

/// The exception as an object.
fn object(thrown: &Thrown) -> Value {
    thrown.object(|thrown| match (&*thrown.key, &*thrown.arguments) {
        (raise::OBJECT, [object]) => object.clone(),
        _ => records::from_throw(&thrown.key, &thrown.arguments),
    })
}

fn look<R>(
    name: &'static str,
    values: &[Value],
    look: impl FnOnce(&Thrown) -> R,
) -> Result<R, Fault> {
    let arguments = Arguments::exactly(name, values, 1)?;
    with_foreign(arguments.value(0)?, |thrown: &Rc<Thrown>| look(thrown))
        .ok_or_else(|| fault(Failure::new("internal", "this was not thrown")))
}

fn thrown_key(values: &[Value]) -> Answer {
    look("%thrown-key", values, |thrown| symbol(&thrown.key))
}

fn thrown_arguments(values: &[Value]) -> Answer {
    look("%thrown-arguments", values, |thrown| {
        from_list(thrown.arguments.clone())
    })
}

fn thrown_exception(values: &[Value]) -> Answer {
    look("%thrown-exception", values, object)
}

/// `(%next-handler EXCEPTION)`: the procedure to call for a continuable
/// exception, whose outer handlers are put in force; #f where the stack must
/// be unwound or nobody handles it.
fn next_handler(values: &[Value]) -> Answer {
    let exception = Arguments::exactly("%next-handler", values, 1)?.value(0)?;
    let thrown = of_object(exception);
    let handlers = with_state(|state| state.handlers.clone());
    let takes = handlers.links().find(|link| match &link.item.unwind {
        Some(wanted) => has_type(&thrown, wanted),
        None => true,
    });
    match takes {
        Some(link) if link.item.unwind.is_none() => {
            with_state(|state| state.handlers.clone_from(&link.next));
            Ok(link.item.procedure.clone())
        }
        _ => Ok(boolean(false)),
    }
}

/// What raising an object throws.
fn of_object(object: &Value) -> Thrown {
    match records::kind_and_arguments(object) {
        Some((key, arguments)) => Thrown::with_object(key, arguments, object.clone()),
        None => Thrown::with_object(raise::OBJECT.into(), vec![object.clone()], object.clone()),
    }
}

/// `(%raise OBJECT)`: for good.
fn raise_object(values: &[Value]) -> Answer {
    let object = Arguments::exactly("%raise", values, 1)?.value(0)?;
    // A number or a symbol is not the same one because it looks alike.
    match seen(object) {
        Some(error) if records::is_exception(object) => Err(error),
        _ => Err(fault(Failure::thrown(of_object(object)))),
    }
}

/// `(%exception-text KEY ARGUMENTS)`: what it says, in Guile's words.
fn exception_text(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("print-exception", values, 2)?;
    let thrown = Thrown::new(arguments.symbol(0)?.into(), arguments.list(1)?);
    Ok(text(thrown.guiles_words()))
}

/// `(%reraise OBJECT)`: what a handler has been given and does not want.
fn reraise(values: &[Value]) -> Answer {
    let object = Arguments::exactly("%reraise", values, 1)?.value(0)?;
    Err(seen(object).unwrap_or_else(|| fault(Failure::thrown(of_object(object)))))
}

/// The error that brought this object.
fn seen(object: &Value) -> Option<Fault> {
    SEEN.with_borrow(|seen| {
        seen.iter()
            .rev()
            .find(|(other, _)| identical(other, object))
            .map(|(_, error)| error.clone())
    })
}

/// `(%non-continuable)`: a handler has returned that cannot.
fn non_continuable(values: &[Value]) -> Answer {
    Arguments::exactly("%non-continuable", values, 0)?;
    Err(raise::raise(records::standard(
        "&non-continuable",
        Vec::new(),
    )))
}

/// The value of a keyword among the arguments.
fn option(options: &[Value], name: &str) -> Option<Value> {
    options.chunks(2).find_map(|pair| match pair {
        [keyword, value] if matches!(view(keyword), View::Keyword(k) if k == name) => {
            Some(value.clone())
        }
        _ => None,
    })
}

/// Refuses keywords that are not among these, and what is none.
fn check_options(name: &str, options: &[Value], known: &[&str]) -> Result<(), Fault> {
    for pair in options.chunks(2) {
        let Some(keyword) = pair.first() else {
            continue;
        };
        let message = match view(keyword) {
            View::Keyword(k) if !known.contains(&k) => "Unrecognized keyword",
            View::Keyword(_) if pair.len() < 2 => "Keyword argument has no value",
            View::Keyword(_) => continue,
            _ => "Invalid keyword",
        };
        return Err(raise::keyword_error(symbol(name), message, keyword.clone()));
    }
    Ok(())
}

/// `(%unwind-option HANDLER OPTIONS)`: for what `with-exception-handler` is to
/// unwind; #f: for nothing.
fn unwind_option(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("with-exception-handler", values, 2)?;
    let options = arguments.list(1)?;
    check_options(
        "with-exception-handler",
        &options,
        &["unwind?", "unwind-for-type"],
    )?;
    let handler = arguments.value(0)?;
    if !is_procedure(handler) {
        return Err(wrong_argument("with-exception-handler", 1, handler));
    }
    if option(&options, "unwind?").is_none_or(|v| matches!(view(&v), View::Boolean(false))) {
        return Ok(boolean(false));
    }
    let wanted = option(&options, "unwind-for-type").unwrap_or_else(|| boolean(true));
    match view(&wanted) {
        View::Boolean(true) | View::Symbol(_) => Ok(wanted),
        _ if records::is_exception_type(&wanted) => Ok(wanted),
        _ => {
            let values = from_list(vec![wanted]);
            Err(raise::scm_error(
                "wrong-type-arg",
                "with-exception-handler",
                "Wrong type argument for #:unwind-for-type: ~a",
                values.clone(),
                values,
            ))
        }
    }
}

/// `(%continuable-option OPTIONS)`
fn continuable_option(values: &[Value]) -> Answer {
    let options = Arguments::exactly("raise-exception", values, 1)?.list(0)?;
    check_options("raise-exception", &options, &["continuable?"])?;
    Ok(option(&options, "continuable?").unwrap_or_else(|| boolean(false)))
}

/// `(%check-catch KEY HANDLER BEFORE)`
fn check_catch(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("catch", values, 3)?;
    check_key("catch", 2, arguments.value(0)?)?;
    let handler = arguments.value(1)?;
    if !is_procedure(handler) {
        return Err(wrong_argument("catch", 3, handler));
    }
    match arguments.list(2)?.as_slice() {
        [] => Ok(unspecified()),
        [before] if is_procedure(before) || matches!(view(before), View::Boolean(false)) => {
            Ok(unspecified())
        }
        [before] => Err(wrong_argument("catch", 4, before)),
        _ => Err(raise::wrong_number_of_args(symbol("catch"))),
    }
}

/// `(%check-throw-handler KEY)`
fn check_throw_handler(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("with-throw-handler", values, 1)?;
    check_key("with-throw-handler", 1, arguments.value(0)?)?;
    Ok(unspecified())
}

fn check_key(name: &'static str, position: i64, key: &Value) -> Result<(), Fault> {
    match view(key) {
        View::Symbol(_) | View::Boolean(true) => Ok(()),
        _ => Err(wrong_argument(name, position, key)),
    }
}

/// In the words of boot-9.
pub fn wrong_argument(name: &str, position: i64, value: &Value) -> Fault {
    raise::scm_error(
        "wrong-type-arg",
        name,
        "Wrong type argument in position ~a: ~a",
        from_list(vec![integer(position), value.clone()]),
        from_list(vec![value.clone()]),
    )
}
