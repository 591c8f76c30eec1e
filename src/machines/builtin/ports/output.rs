//! Writing to ports.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::rc::Rc;

use super::super::Table;
use super::super::arguments::Arguments;
use super::super::print::{displayed, written};
use super::super::system::name_of;
use super::{Port, Standard, current, emit, file_fault};
use crate::machines::dependency;
use crate::machines::engine::{
    Answer, Fault, Value, foreign, raise, text, unspecified, with_foreign,
};

pub const TABLE: Table = &[
    ("display", |values| print("display", values, displayed)),
    ("write", |values| print("write", values, written)),
    ("write-line", |values| {
        print("write-line", values, |value| displayed(value) + "\n")
    }),
    ("write-char", write_char),
    ("newline", newline),
    ("put-string", put_string),
    ("put-char", |values| {
        let arguments = Arguments::exactly("put-char", values, 2)?;
        let c = arguments.character(1)?;
        put(arguments.value(0)?, &c.to_string(), || {
            arguments.wrong(0, "open output port")
        })
    }),
    ("write-string", write_string),
    ("force-output", |values| flush("force-output", values)),
    ("flush-output-port", |values| {
        flush("flush-output-port", values)
    }),
    ("flush-all-ports", |_| Ok(unspecified())),
    ("open-output-string", |values| {
        Arguments::exactly("open-output-string", values, 0)?;
        foreign(Port::writing(Sink::Text(String::new())))
    }),
    ("get-output-string", get_output_string),
    ("open-output-file", |values| {
        let arguments = Arguments::at_least("open-output-file", values, 1)?;
        open(&arguments, false)
    }),
];

/// Where what is written goes.
pub enum Sink {
    /// Into a string.
    Text(String),
    /// To a descriptor; the column there.
    Standard(i32, usize),
    /// To a file; the column there.
    File(File, usize),
}

impl Sink {
    /// The descriptor, 0 for none.
    pub fn descriptor(&self) -> i32 {
        match self {
            Self::Text(_) | Self::File(..) => 0,
            Self::Standard(descriptor, _) => *descriptor,
        }
    }

    /// How far the last line goes.
    pub fn column(&self) -> usize {
        match self {
            Self::Text(content) => last_line(content),
            Self::Standard(_, column) | Self::File(_, column) => *column,
        }
    }

    fn put(&mut self, content: &str) -> Result<(), Fault> {
        match self {
            Self::Text(all) => {
                all.push_str(content);
                Ok(())
            }
            Self::Standard(descriptor, column) => {
                *column = moved(*column, content);
                emit(*descriptor, content)
            }
            Self::File(file, column) => {
                *column = moved(*column, content);
                file.write_all(content.as_bytes()).map_err(|error| {
                    let number = error.raw_os_error().unwrap_or(5);
                    raise::system_error("fport_write", number, Vec::new())
                })
            }
        }
    }
}

/// The column after a text that began at this one.
fn moved(column: usize, content: &str) -> usize {
    if content.contains('\n') {
        last_line(content)
    } else {
        column.saturating_add(last_line(content))
    }
}

fn last_line(content: &str) -> usize {
    content
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
}

/// Writes to a port.
pub fn put(port: &Value, content: &str, wrong: impl FnOnce() -> Fault) -> Answer {
    let done = with_foreign(port, |port: &Port| match &port.kind {
        super::Kind::Output(sink) if !port.closed.get() => Some(sink.borrow_mut().put(content)),
        _ => None,
    });
    match done.flatten() {
        Some(done) => done.map(|()| unspecified()),
        None => Err(wrong()),
    }
}

/// How far the last line that was written to a port goes.
pub fn column(port: &Value) -> usize {
    with_foreign(port, |port: &Port| port.position().1).unwrap_or_default()
}

/// Writes to the port that an optional argument is, or the current one.
fn put_at(arguments: &Arguments<'_>, index: usize, content: &str) -> Answer {
    let port = match arguments.optional(index) {
        Some(port) => port.clone(),
        None => current(Standard::Output),
    };
    put(&port, content, || arguments.wrong_plain(index))
}

fn print(name: &'static str, values: &[Value], print: fn(&Value) -> String) -> Answer {
    let arguments = Arguments::between(name, values, 1, 2)?;
    put_at(&arguments, 1, &print(arguments.value(0)?))
}

fn write_char(values: &[Value]) -> Answer {
    let arguments = Arguments::between("write-char", values, 1, 2)?;
    let c = arguments.character(0)?;
    put_at(&arguments, 1, &c.to_string())
}

fn newline(values: &[Value]) -> Answer {
    let arguments = Arguments::between("newline", values, 0, 1)?;
    put_at(&arguments, 0, "\n")
}

/// `(put-string PORT STRING START COUNT)`
fn put_string(values: &[Value]) -> Answer {
    let arguments = Arguments::between("put-string", values, 2, 4)?;
    let all = arguments.text(1)?;
    let start = match arguments.optional(2) {
        Some(_) => arguments.index(2)?,
        None => 0,
    };
    let count = match arguments.optional(3) {
        Some(_) => arguments.index(3)?,
        None => usize::MAX,
    };
    let part: String = all.chars().skip(start).take(count).collect();
    put(arguments.value(0)?, &part, || {
        arguments.wrong(0, "open output port")
    })
}

/// `(write-string STRING PORT START END)`
fn write_string(values: &[Value]) -> Answer {
    let arguments = Arguments::between("write-string", values, 1, 4)?;
    let chars: Vec<char> = arguments.text(0)?.chars().collect();
    let (start, end) = arguments.range(2, chars.len())?;
    let part: String = chars.get(start..end).unwrap_or_default().iter().collect();
    put_at(&arguments, 1, &part)
}

fn flush(name: &'static str, values: &[Value]) -> Answer {
    Arguments::between(name, values, 0, 1)?;
    Ok(unspecified())
}

fn get_output_string(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("get-output-string", values, 1)?;
    let content = with_foreign(arguments.value(0)?, |port: &Port| match &port.kind {
        super::Kind::Output(sink) => match &*sink.borrow() {
            Sink::Text(content) => Some(content.clone()),
            Sink::Standard(..) | Sink::File(..) => None,
        },
        super::Kind::Input(_) => None,
    });
    content
        .flatten()
        .map(text)
        .ok_or_else(|| arguments.wrong(0, "open output string port"))
}

/// Opens a file for writing: at its end, or made empty.
pub(super) fn open(arguments: &Arguments<'_>, append: bool) -> Answer {
    let name = name_of(arguments, 0)?;
    dependency::note_uncacheable("a change of files");
    let mut options = OpenOptions::new();
    options.create(true);
    let options = if append {
        options.append(true)
    } else {
        options.write(true).truncate(true)
    };
    let file = options
        .open(&*name)
        .map_err(|error| file_fault("open-file", &name, &error))?;
    foreign(Port::writing_file(Sink::File(file, 0), Rc::clone(&name)))
}
