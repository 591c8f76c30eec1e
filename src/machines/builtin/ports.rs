//! Ports: texts that are read, and where what a file prints goes.
//!
//! Files are decoded as UTF-8 whatever the locale, as where stock evaluates a
//! machine file. They are read whole when they are opened.

mod input;
mod output;

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use super::arguments::Arguments;
use super::control;
use super::{Constants, Table};
use crate::machines::engine::{
    Answer, Fault, Value, address, boolean, foreign, integer, raise, text, unspecified,
    with_foreign,
};

pub use input::{EndOfFile, Source, file_fault};
pub use output::{column, put};

pub const TABLES: &[Table] = &[TABLE, input::TABLE, input::FILES, output::TABLE];

/// The values that are no procedures.
pub const VALUES: Constants = &[("the-eof-object", || foreign(EndOfFile).unwrap_or_default())];

const TABLE: Table = &[
    ("port?", |values| {
        Ok(boolean(is(
            Arguments::exactly("port?", values, 1)?.value(0)?,
            |_| true,
        )))
    }),
    ("input-port?", |values| {
        Ok(boolean(is(
            Arguments::exactly("input-port?", values, 1)?.value(0)?,
            |port| port.input().is_some(),
        )))
    }),
    ("output-port?", |values| {
        Ok(boolean(is(
            Arguments::exactly("output-port?", values, 1)?.value(0)?,
            |port| port.input().is_none(),
        )))
    }),
    ("file-port?", |values| {
        Ok(boolean(is(
            Arguments::exactly("file-port?", values, 1)?.value(0)?,
            |port| port.name.is_some(),
        )))
    }),
    ("port-closed?", |values| {
        let arguments = Arguments::exactly("port-closed?", values, 1)?;
        of(&arguments, 0, |port| Ok(boolean(port.closed.get())))
    }),
    ("close-port", |values| close("close-port", values)),
    ("close", |values| close("close", values)),
    ("close-input-port", |values| {
        close("close-input-port", values)
    }),
    ("close-output-port", |values| {
        close("close-output-port", values)
    }),
    ("close-pipe", |values| {
        let arguments = Arguments::exactly("close-pipe", values, 1)?;
        let value = arguments.value(0)?;
        match with_foreign(value, |port: &Port| {
            (port.status, port.closed.replace(true))
        }) {
            Some((Some(status), _)) => Ok(integer(i64::from(status))),
            _ => Err(raise::misc_error(
                "",
                "close-pipe: port not created by (ice-9 popen)",
                Vec::new(),
            )),
        }
    }),
    ("port-filename", |values| {
        let arguments = Arguments::exactly("port-filename", values, 1)?;
        of(&arguments, 0, |port| {
            Ok(match &port.name {
                Some(name) => text(Rc::clone(name)),
                None => boolean(false),
            })
        })
    }),
    ("port-mode", |values| {
        let arguments = Arguments::exactly("port-mode", values, 1)?;
        of(&arguments, 0, |port| {
            let reads = port.input().is_some();
            Ok(text(if reads { "r" } else { "w" }))
        })
    }),
    ("port-encoding", |values| {
        let arguments = Arguments::exactly("port-encoding", values, 1)?;
        of(&arguments, 0, |_| Ok(text("UTF-8")))
    }),
    ("set-port-encoding!", |values| {
        let arguments = Arguments::exactly("set-port-encoding!", values, 2)?;
        of(&arguments, 0, |_| Ok(unspecified()))
    }),
    ("setvbuf", |values| {
        let arguments = Arguments::between("setvbuf", values, 2, 3)?;
        of(&arguments, 0, |_| Ok(unspecified()))
    }),
    ("fileno", |values| {
        let arguments = Arguments::exactly("fileno", values, 1)?;
        of(&arguments, 0, |port| {
            Ok(integer(match &port.kind {
                Kind::Input(_) => 0,
                Kind::Output(output) => i64::from(output.borrow().descriptor()),
            }))
        })
    }),
    ("isatty?", |values| {
        let arguments = Arguments::exactly("isatty?", values, 1)?;
        of(&arguments, 0, |_| Ok(boolean(false)))
    }),
    ("port-line", |values| {
        let arguments = Arguments::exactly("port-line", values, 1)?;
        of(&arguments, 0, |port| Ok(count(port.position().0)))
    }),
    ("port-column", |values| {
        let arguments = Arguments::exactly("port-column", values, 1)?;
        of(&arguments, 0, |port| Ok(count(port.position().1)))
    }),
    ("current-input-port", |values| {
        current_port("current-input-port", values, Standard::Input)
    }),
    ("current-output-port", |values| {
        current_port("current-output-port", values, Standard::Output)
    }),
    ("current-error-port", |values| {
        current_port("current-error-port", values, Standard::Error)
    }),
    ("current-warning-port", |values| {
        current_port("current-warning-port", values, Standard::Error)
    }),
    ("set-current-input-port", |values| {
        set_current("set-current-input-port", values, Standard::Input)
    }),
    ("set-current-output-port", |values| {
        set_current("set-current-output-port", values, Standard::Output)
    }),
    ("set-current-error-port", |values| {
        set_current("set-current-error-port", values, Standard::Error)
    }),
];

/// A port.
pub struct Port {
    kind: Kind,
    /// The file that it reads.
    name: Option<Rc<str>>,
    closed: Cell<bool>,
    /// The status of the process that it was read from.
    status: Option<i32>,
}

enum Kind {
    Input(RefCell<Source>),
    Output(RefCell<output::Sink>),
}

impl Port {
    /// A port that reads a text.
    pub fn reading(text: String, name: Option<Rc<str>>) -> Self {
        Self {
            kind: Kind::Input(RefCell::new(Source::new(text))),
            name,
            closed: Cell::new(false),
            status: None,
        }
    }

    /// A port that reads what a process said that ended with this status.
    pub fn of_process(said: String, status: i32) -> Self {
        Self {
            status: Some(status),
            ..Self::reading(said, Some("#{read pipe}#".into()))
        }
    }

    fn writing(sink: output::Sink) -> Self {
        Self {
            kind: Kind::Output(RefCell::new(sink)),
            name: None,
            closed: Cell::new(false),
            status: None,
        }
    }

    fn writing_file(sink: output::Sink, name: Rc<str>) -> Self {
        Self {
            name: Some(name),
            ..Self::writing(sink)
        }
    }

    fn input(&self) -> Option<&RefCell<Source>> {
        match &self.kind {
            Kind::Input(source) => Some(source),
            Kind::Output(_) => None,
        }
    }

    /// Line and column, both from 0.
    fn position(&self) -> (usize, usize) {
        match &self.kind {
            Kind::Input(source) => source.borrow().position(),
            Kind::Output(sink) => (0, sink.borrow().column()),
        }
    }
}

/// The three ports that are there from the start.
#[derive(Clone, Copy)]
pub enum Standard {
    /// Empty.
    Input,
    /// Ends in the log.
    Output,
    /// The same.
    Error,
}

thread_local! {
    // The fluids that hold them. Values must not be dropped when the thread
    // ends: the interpreter's own variables are gone by then.
    static CURRENT: RefCell<ManuallyDrop<[Option<Value>; 3]>> =
        const { RefCell::new(ManuallyDrop::new([None, None, None])) };
}

/// The ports from the start, for a new program.
pub fn reset() {
    CURRENT.with_borrow_mut(|current| **current = [None, None, None]);
}

/// The fluid that holds the port that is used where none is given.
fn fluid(which: Standard) -> Value {
    let known = CURRENT.with_borrow(|current| current.get(which as usize).cloned().flatten());
    known.unwrap_or_else(|| {
        let port = match which {
            Standard::Input => Port::reading(String::new(), Some("file 0".into())),
            Standard::Output => Port::writing(output::Sink::Standard(1, 0)),
            Standard::Error => Port::writing(output::Sink::Standard(2, 0)),
        };
        let fluid = control::new_fluid(foreign(port).ok()).unwrap_or_default();
        CURRENT.with_borrow_mut(|current| {
            if let Some(place) = current.get_mut(which as usize) {
                *place = Some(fluid.clone());
            }
        });
        fluid
    })
}

/// The fluid of a procedure that is a parameter, such as
/// `current-output-port`.
pub fn fluid_of(procedure: &Value) -> Option<Value> {
    Some(fluid(match super::name_of(procedure)? {
        "current-input-port" => Standard::Input,
        "current-output-port" => Standard::Output,
        "current-error-port" | "current-warning-port" => Standard::Error,
        _ => return None,
    }))
}

/// The port that is used where none is given.
pub fn current(which: Standard) -> Value {
    control::value_of(&fluid(which)).unwrap_or_default()
}

fn replace(which: Standard, port: &Value) {
    control::assign(&fluid(which), Some(port.clone()));
}

fn current_port(name: &'static str, values: &[Value], which: Standard) -> Answer {
    let arguments = Arguments::between(name, values, 0, 1)?;
    if let Some(port) = arguments.optional(0) {
        let before = current(which);
        replace(which, port);
        return Ok(before);
    }
    Ok(current(which))
}

fn set_current(name: &'static str, values: &[Value], which: Standard) -> Answer {
    let port = Arguments::exactly(name, values, 1)?.value(0)?;
    let reads = matches!(which, Standard::Input);
    if !is(port, |port| port.input().is_some() == reads) {
        let message = if reads {
            "expected an input port ~S"
        } else {
            "expected an output port ~S"
        };
        return Err(raise::misc_error("", message, vec![port.clone()]));
    }
    let before = current(which);
    replace(which, port);
    Ok(before)
}

fn count(n: usize) -> Value {
    integer(i64::try_from(n).unwrap_or(i64::MAX))
}

/// Tells whether a value is a port of some kind.
fn is(value: &Value, test: impl FnOnce(&Port) -> bool) -> bool {
    with_foreign(value, test).unwrap_or(false)
}

fn of(arguments: &Arguments<'_>, index: usize, look: impl FnOnce(&Port) -> Answer) -> Answer {
    with_foreign(arguments.value(index)?, look)
        .unwrap_or_else(|| Err(arguments.wrong(index, "port")))
}

fn close(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    of(&arguments, 0, |port| {
        Ok(boolean(!port.closed.replace(true)))
    })
}

/// A port as `write` gives it.
pub fn written(value: &Value) -> Option<String> {
    if with_foreign(value, |_: &EndOfFile| ()).is_some() {
        return Some("#<eof>".into());
    }
    let here = address(value).unwrap_or_default();
    with_foreign(value, |port: &Port| {
        let direction = match &port.kind {
            _ if port.closed.get() => "closed",
            Kind::Input(_) => "input",
            Kind::Output(_) => "output",
        };
        let name = match (&port.name, &port.kind) {
            (Some(name), _) => name.to_string(),
            (None, Kind::Output(sink)) if sink.borrow().descriptor() > 0 => {
                format!("file {}", sink.borrow().descriptor())
            }
            (None, _) => format!("file {here:x}"),
        };
        format!("#<{direction}: {name}>")
    })
}

/// Writes to one of the child's descriptors, which end in the log.
fn emit(descriptor: i32, content: &str) -> Result<(), Fault> {
    let written = if descriptor == 2 {
        let mut stream = std::io::stderr().lock();
        stream
            .write_all(content.as_bytes())
            .and_then(|()| stream.flush())
    } else {
        let mut stream = std::io::stdout().lock();
        stream
            .write_all(content.as_bytes())
            .and_then(|()| stream.flush())
    };
    written.map_err(|error| {
        raise::system_error("fport_write", error.raw_os_error().unwrap_or(5), Vec::new())
    })
}
