//! Exceptions: Guile's keys and arguments, and what they say to a person.
//!
//! Steel carries only text with an error, so what was thrown waits in the
//! engine's table of failures. The words of the messages and the order of the
//! arguments are Guile's (measured, 3.0.11), because files may look at them.

mod words;

use std::cell::OnceCell;
use std::rc::Rc;

use nix::errno::Errno;

use super::value::{boolean, from_list, integer, symbol, text, view};
use super::{Failure, Fault, Value, View, fault, list_items};
use crate::machines::builtin::print::{displayed, written};
use crate::machines::builtin::records;
use words::plainer;

pub use words::formatted;

/// What was thrown.
#[derive(Clone, Debug)]
pub struct Thrown {
    /// The key; `%exception` for an object.
    pub key: Rc<str>,
    /// What the handler of `catch` gets after the key.
    pub arguments: Vec<Value>,
    /// The same as an object, once somebody has asked for it.
    object: OnceCell<Value>,
}

/// The key under which an object is thrown.
pub const OBJECT: &str = "%exception";

/// Throws a key with arguments.
pub fn throw(key: &str, arguments: Vec<Value>) -> Fault {
    fault(Failure::thrown(Thrown::new(key.into(), arguments)))
}

/// Raises an object.
pub fn raise(object: Value) -> Fault {
    throw(OBJECT, vec![object])
}

/// Throws in the usual shape: procedure, message, its arguments, the rest.
///
/// An empty procedure stands for `#f`, as everywhere here.
pub fn scm_error(key: &str, subr: &str, message: &str, arguments: Value, rest: Value) -> Fault {
    throw(key, vec![name(subr), text(message), arguments, rest])
}

/// An argument of a wrong type.
pub fn wrong_type_arg(subr: &str, position: usize, value: &Value) -> Fault {
    scm_error(
        "wrong-type-arg",
        subr,
        "Wrong type argument in position ~A: ~S",
        from_list(vec![count(position), value.clone()]),
        from_list(vec![value.clone()]),
    )
}

/// An argument of a wrong type, where a certain one is expected.
pub fn wrong_type_at(subr: &str, position: usize, expected: &str, value: &Value) -> Fault {
    scm_error(
        "wrong-type-arg",
        subr,
        "Wrong type argument in position ~A (expecting ~A): ~S",
        from_list(vec![count(position), text(expected), value.clone()]),
        from_list(vec![value.clone()]),
    )
}

/// The same in the words of Guile's instructions, such as `car`: position and
/// type stand in the message itself.
pub fn wrong_type_of(subr: &str, position: usize, expected: &str, value: &Value) -> Fault {
    let message = format!("Wrong type argument in position {position} (expecting {expected}): ~S");
    let values = from_list(vec![value.clone()]);
    scm_error("wrong-type-arg", subr, &message, values.clone(), values)
}

/// A value of a wrong type, at no position.
pub fn wrong_type_expecting(subr: &str, expected: &str, value: &Value) -> Fault {
    scm_error(
        "wrong-type-arg",
        subr,
        "Wrong type (expecting ~A): ~S",
        from_list(vec![text(expected), value.clone()]),
        from_list(vec![value.clone()]),
    )
}

/// A wrong type with a message of its own, such as `Not a list: ~S`.
pub fn wrong_type_saying(subr: &str, message: &str, value: &Value) -> Fault {
    let values = from_list(vec![value.clone()]);
    scm_error("wrong-type-arg", subr, message, values, boolean(false))
}

/// A call of what is no procedure.
pub fn wrong_type_to_apply(value: &Value) -> Fault {
    let values = from_list(vec![value.clone()]);
    scm_error(
        "wrong-type-arg",
        "",
        "Wrong type to apply: ~S",
        values.clone(),
        values,
    )
}

/// A value out of range.
pub fn out_of_range(subr: &str, value: &Value) -> Fault {
    let values = from_list(vec![value.clone()]);
    scm_error(
        "out-of-range",
        subr,
        "Value out of range: ~S",
        values.clone(),
        values,
    )
}

/// An argument out of range.
pub fn out_of_range_at(subr: &str, position: usize, value: &Value) -> Fault {
    scm_error(
        "out-of-range",
        subr,
        "Argument ~A out of range: ~S",
        from_list(vec![count(position), value.clone()]),
        from_list(vec![value.clone()]),
    )
}

/// The same in the words of Guile's instructions, such as `vector-ref`.
pub fn out_of_range_of(subr: &str, position: usize, value: &Value) -> Fault {
    let message = format!("Argument {position} out of range: ~S");
    let values = from_list(vec![value.clone()]);
    scm_error("out-of-range", subr, &message, values.clone(), values)
}

/// A value that is not between two bounds.
pub fn out_of_bounds(low: i64, high: i64, value: &Value) -> Fault {
    scm_error(
        "out-of-range",
        "",
        "Value out of range ~S to< ~S: ~S",
        from_list(vec![integer(low), integer(high), value.clone()]),
        from_list(vec![value.clone()]),
    )
}

/// Any other error, with Guile's directives in the message.
pub fn misc_error(subr: &str, message: &str, arguments: Vec<Value>) -> Fault {
    let arguments = from_list(arguments);
    scm_error("misc-error", subr, message, arguments, boolean(false))
}

/// An error of the system about something, such as a file's name.
pub fn system_error(subr: &str, errno: i32, about: Vec<Value>) -> Fault {
    fault(system_failure(subr, errno, about))
}

/// The same as a failure.
pub fn system_failure(subr: &str, errno: i32, about: Vec<Value>) -> Failure {
    let mut arguments = vec![text(Errno::from_raw(errno).desc())];
    arguments.extend(about);
    let message = vec!["~A"; arguments.len().min(1)].join("")
        + &": ~S".repeat(arguments.len().saturating_sub(1));
    let rest = from_list(vec![integer(i64::from(errno))]);
    Failure::thrown(Thrown::new(
        "system-error".into(),
        vec![name(subr), text(message), from_list(arguments), rest],
    ))
}

/// A division by exact zero and its kin.
pub fn numerical_overflow(subr: &str) -> Fault {
    scm_error(
        "numerical-overflow",
        subr,
        "Numerical overflow",
        boolean(false),
        boolean(false),
    )
}

/// A call with too few or too many arguments.
pub fn wrong_number_of_args(procedure: Value) -> Fault {
    scm_error(
        "wrong-number-of-args",
        "",
        "Wrong number of arguments to ~A",
        from_list(vec![procedure]),
        boolean(false),
    )
}

/// A keyword that a procedure does not know, or that is none; the message is
/// `Unrecognized keyword`, `Invalid keyword` or `Keyword argument has no
/// value`.
pub fn keyword_error(procedure: Value, message: &str, culprit: Value) -> Fault {
    throw(
        "keyword-argument-error",
        vec![
            procedure,
            text(message),
            from_list(Vec::new()),
            from_list(vec![culprit]),
        ],
    )
}

/// A variable that nothing binds.
pub fn unbound_variable(variable: &str) -> Fault {
    fault(unbound(variable))
}

/// The same as a failure.
pub fn unbound(variable: &str) -> Failure {
    Failure::thrown(Thrown::new(
        "unbound-variable".into(),
        vec![
            boolean(false),
            text("Unbound variable: ~S"),
            from_list(vec![symbol(variable)]),
            boolean(false),
        ],
    ))
}

fn name(subr: &str) -> Value {
    if subr.is_empty() {
        boolean(false)
    } else {
        text(subr)
    }
}

fn count(position: usize) -> Value {
    integer(i64::try_from(position).unwrap_or(i64::MAX))
}

impl Thrown {
    /// A key with arguments.
    pub fn new(key: Rc<str>, arguments: Vec<Value>) -> Self {
        Self {
            key,
            arguments,
            object: OnceCell::new(),
        }
    }

    /// The same, of an object that is there already.
    pub fn with_object(key: Rc<str>, arguments: Vec<Value>, object: Value) -> Self {
        Self {
            key,
            arguments,
            object: OnceCell::from(object),
        }
    }

    /// The object; made when it is first asked for.
    pub fn object(&self, make: impl FnOnce(&Self) -> Value) -> Value {
        self.object.get_or_init(|| make(self)).clone()
    }

    /// The exception of a failure that was not thrown by key.
    pub(super) fn of(failure: &Failure) -> Self {
        let key = match failure.code {
            "wrong-type" => "wrong-type-arg",
            "wrong-number-of-arguments" => "wrong-number-of-args",
            "unbound-variable" => "unbound-variable",
            "out-of-range" => "out-of-range",
            "numerical-overflow" => "numerical-overflow",
            "system-error" | "missing-file" => "system-error",
            "exit" => "quit",
            _ => "misc-error",
        };
        let mut rest = boolean(false);
        if failure.code == "missing-file" {
            rest = from_list(vec![integer(i64::from(enoent()))]);
        }
        let arguments = vec![
            boolean(false),
            text("~A"),
            from_list(vec![text(failure.message.clone())]),
            rest,
        ];
        Self::new(
            key.into(),
            if key == "quit" { Vec::new() } else { arguments },
        )
    }

    /// What it says to a person.
    pub(super) fn failure(&self) -> Failure {
        let mut failure = match &*self.key {
            "quit" => Failure {
                help: Some("a machine file ends with its list of machines".into()),
                ..Failure::new("exit", "the file calls `exit`")
            },
            "wrong-type-arg" => Failure::new("wrong-type", self.message()),
            "wrong-number-of-args" => Failure::new("wrong-number-of-arguments", self.message()),
            "keyword-argument-error" => Failure::new("keyword-argument", self.keyword_message()),
            "unbound-variable" => Failure::new("unbound-variable", self.message()),
            "out-of-range" => Failure::new("out-of-range", self.message()),
            "misc-error" => Failure::new("error", self.message()),
            "system-error" => self.system_failure(),
            "numerical-overflow" => Failure::new("numerical-overflow", self.message()),
            _ => Failure::new("exception", self.message()),
        };
        failure.thrown = Some(Rc::new(self.clone()));
        failure
    }

    /// `Unrecognized keyword: #:hots`
    fn keyword_message(&self) -> String {
        if let [_, message, _, culprits, ..] = &*self.arguments
            && let View::Text(message) = view(message)
            && let Some(culprits) = list_items(culprits)
            && let Some(culprit) = culprits.first()
        {
            return format!("{}: {}", &*message, written(culprit));
        }
        self.message()
    }

    fn system_failure(&self) -> Failure {
        if self.errno() != Some(i64::from(enoent())) {
            return Failure::new("system-error", self.message());
        }
        Failure {
            help: Some("until it is there, the file gives no machines at all".into()),
            ..Failure::new("missing-file", self.message())
        }
    }

    /// The number of a `system-error`.
    pub fn errno(&self) -> Option<i64> {
        let rest = list_items(self.arguments.get(3)?)?;
        match view(rest.first()?) {
            View::Integer(errno) if &*self.key == "system-error" => Some(errno),
            _ => None,
        }
    }

    /// What Guile prints about it, but for the place.
    pub fn guiles_words(&self) -> String {
        if let [subr, message, arguments, _, ..] = &*self.arguments
            && let View::Text(message) = view(message)
        {
            let arguments = list_items(arguments).unwrap_or_default();
            let message = formatted(&message, &arguments);
            return match view(subr) {
                View::Boolean(false) => message,
                _ => format!("In procedure {}: {message}", displayed(subr)),
            };
        }
        let arguments = from_list(self.arguments.clone());
        match (&*self.key, &*self.arguments) {
            (OBJECT, [object]) => format!(
                "ERROR:\n  {}",
                records::message(object).unwrap_or_else(|| written(object))
            ),
            (key, _) => format!("Throw to key `{key}' with args `{}'.", written(&arguments)),
        }
    }

    /// One line. Arguments of the usual shape give procedure and message,
    /// others stand there as they are.
    fn message(&self) -> String {
        if let [subr, message, arguments, _, ..] = &*self.arguments
            && let View::Text(message) = view(message)
            && let Some(arguments) = list_items(arguments)
        {
            let message = match &*self.key {
                "misc-error" => formatted(&message, &arguments),
                _ => {
                    plainer(&message, &arguments).unwrap_or_else(|| formatted(&message, &arguments))
                }
            };
            if let (View::Text(subr), [reason, about]) = (view(subr), &*arguments)
                && &*subr == "open-file"
            {
                return format!(
                    "cannot open file `{}`: {}",
                    displayed(about),
                    displayed(reason)
                );
            }
            return match view(subr) {
                View::Boolean(false) => message,
                _ => format!("{}: {message}", displayed(subr)),
            };
        }
        match (&*self.key, &*self.arguments) {
            ("numerical-overflow", [subr, ..]) => {
                format!("{}: division by zero", displayed(subr))
            }
            ("match-error", [_, _, value]) => {
                format!("match: no matching pattern for {}", written(value))
            }
            (OBJECT, [object]) => {
                records::message(object).unwrap_or_else(|| format!("exception {}", written(object)))
            }
            (key, arguments) => {
                let mut parts = vec![key.to_owned()];
                parts.extend(arguments.iter().map(written));
                format!("exception ({})", parts.join(" "))
            }
        }
    }
}

/// `ENOENT`, the one that means no machines to stock.
fn enoent() -> i32 {
    Errno::ENOENT as i32
}
